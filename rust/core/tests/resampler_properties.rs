//! What the resampler promises: exact length, exact place, clean pass band, no aliases.
#![cfg(not(loom))]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::f64::consts::TAU;

use proptest::prelude::*;
use voicestand_core::dsp::Resampler;

/// Resamples all of `input` to 16 kHz in blocks of `block`.
fn resample(input: &[f32], from: u32, block: usize) -> Vec<f32> {
    all(Resampler::new(from, 16_000).unwrap(), input, block)
}

fn all(mut resampler: Resampler, input: &[f32], block: usize) -> Vec<f32> {
    let mut place = vec![0.0; resampler.most_output(block)];
    let mut output = Vec::new();
    for part in input.chunks(block) {
        let count = resampler.process(part, &mut place);
        output.extend_from_slice(&place[..count]);
    }
    let count = resampler.finish(&mut place);
    output.extend_from_slice(&place[..count]);
    output
}

fn tone(frequency: f64, rate: u32, samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|n| (TAU * frequency * n as f64 / f64::from(rate)).sin() as f32)
        .collect()
}

fn decibels(power: f64) -> f64 {
    10.0 * power.max(1e-30).log10()
}

/// Power of `found - expected` in the steady middle, dB below a full-scale sine.
fn error_db(found: &[f32], expected: &[f32]) -> f64 {
    let middle = found.len() / 4..found.len() * 3 / 4;
    let length = middle.len() as f64;
    let power: f64 = middle
        .map(|n| f64::from(found[n] - expected[n]).powi(2))
        .sum::<f64>()
        / length;
    decibels(power * 2.0)
}

const RATES: [u32; 11] = [
    8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000, 44_099,
];

#[test]
fn a_tone_in_the_pass_band_comes_out_in_place_and_clean() {
    for rate in RATES {
        for frequency in [100.0, 1_000.0, 0.9 * f64::from(rate.min(16_000)) / 2.0] {
            let found = resample(&tone(frequency, rate, rate as usize), rate, 480);
            let expected = tone(frequency, 16_000, found.len());
            let error = error_db(&found, &expected);
            assert!(
                error < -90.0,
                "{frequency} Hz from {rate} Hz: error {error:.1} dB"
            );
        }
    }
}

#[test]
fn a_tone_beyond_the_speech_band_leaves_no_alias() {
    for rate in [32_000_u32, 44_100, 48_000, 96_000, 44_099] {
        let beyond = [20_000.0, 24_000.0, 33_000.0, 36_500.0, 39_000.0, 40_500.0];
        let beyond = beyond.into_iter().filter(|f| 2.0 * f < f64::from(rate));
        for frequency in [8_000.0, 9_000.0, 12_000.0, 15_500.0]
            .into_iter()
            .chain(beyond)
        {
            let found = resample(&tone(frequency, rate, rate as usize), rate, 512);
            let alias = error_db(&found, &vec![0.0; found.len()]);
            assert!(
                alias < -100.0,
                "{frequency} Hz from {rate} Hz: alias {alias:.1} dB"
            );
        }
    }
}

#[test]
fn a_ratio_that_can_be_trimmed_is_as_clean() {
    for rate in [8_000_u32, 16_000, 44_100, 48_000] {
        let make = || Resampler::adjustable(rate, 16_000).unwrap();
        for frequency in [1_000.0, 3_500.0] {
            let found = all(make(), &tone(frequency, rate, rate as usize), 480);
            let error = error_db(&found, &tone(frequency, 16_000, found.len()));
            assert!(
                error < -100.0,
                "{frequency} Hz from {rate} Hz: {error:.1} dB"
            );
        }
        if rate > 16_000 {
            let found = all(make(), &tone(8_000.0, rate, rate as usize), 480);
            let alias = error_db(&found, &vec![0.0; found.len()]);
            assert!(alias < -100.0, "from {rate} Hz: alias {alias:.1} dB");
        }
    }
}

#[test]
fn a_trim_moves_the_outputs_exactly_and_leaves_no_click() {
    // The trim changes with every block; each output is compared with the tone at the place where
    // the resampler says that it lies: a click, or a place that is wrong by a thousandth of a
    // sample, would show.
    for rate in [16_000_u32, 44_100, 48_000] {
        let mut resampler = Resampler::adjustable(rate, 16_000).unwrap();
        let input = tone(1_000.0, rate, rate as usize);
        let mut place = [0.0];
        let mut blocks = input.chunks(160).enumerate();
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        let mut pending: &[f32] = &[];
        loop {
            let position = resampler.position();
            if resampler.process(pending, &mut place) == 1 {
                found.push(place[0]);
                expected.push((TAU * 1_000.0 * position / f64::from(rate)).sin() as f32);
                pending = &[];
                continue;
            }
            let Some((number, block)) = blocks.next() else {
                break;
            };
            assert!(resampler.set_trim(5e-3 * (number as f64 * 0.7).sin()));
            pending = block;
        }
        let error = error_db(&found, &expected);
        assert!(error < -100.0, "from {rate} Hz: {error:.1} dB");
        assert!((15_700..16_300).contains(&found.len()));
    }
}

#[test]
fn a_fixed_ratio_cannot_be_trimmed_and_says_so() {
    assert!(!Resampler::new(48_000, 16_000).unwrap().set_trim(1e-4));
}

#[test]
fn the_delay_is_far_below_twenty_milliseconds() {
    for rate in RATES {
        for resampler in [
            Resampler::new(rate, 16_000),
            Resampler::adjustable(rate, 16_000),
        ] {
            let delay = resampler.unwrap().delay() as f64 / f64::from(rate);
            assert!(delay < 0.0095, "{rate} Hz: {:.2} ms", 1e3 * delay);
        }
    }
}

proptest! {
    #[test]
    fn a_constant_trim_changes_the_length_by_just_that(
        rate in prop::sample::select(&RATES[..]),
        samples in 20_000_usize..60_000,
        trim in -5e-3_f64..5e-3,
        block in 1_usize..2_000,
    ) {
        let mut resampler = Resampler::adjustable(rate, 16_000).unwrap();
        resampler.set_trim(trim);
        let found = all(resampler, &vec![0.5; samples], block).len() as f64;
        let expected = samples as f64 * 16_000.0 / f64::from(rate) / (1.0 + trim);
        prop_assert!((found - expected).abs() <= 1.0, "{} for {}", found, expected);
    }

    #[test]
    fn the_length_is_that_of_the_input_on_the_other_clock(
        rate in prop_oneof![prop::sample::select(&RATES[..]), 1_000_u32..200_000],
        samples in 0_usize..5_000,
        block in 1_usize..700,
    ) {
        let found = resample(&vec![0.5; samples], rate, block);
        prop_assert_eq!(found.len() as u64, (samples as u64 * 16_000).div_ceil(u64::from(rate)));
    }

    #[test]
    fn the_way_the_input_is_cut_changes_nothing(
        rate in prop::sample::select(&RATES[..]),
        seed in any::<u32>(),
        block in 1_usize..700,
    ) {
        let noise: Vec<f32> = (0..3_000_u32)
            .map(|n| ((n.wrapping_mul(seed | 1) >> 8) as f32 / 8_388_608.0) - 1.0)
            .collect();
        prop_assert_eq!(resample(&noise, rate, block), resample(&noise, rate, 3_000));
    }
}
