//! The loudness meter against the tone cases of EBU Tech 3341 (loudness) and 3342 (loudness range).
#![cfg(not(loom))]
#![allow(missing_docs, clippy::unwrap_used)]

use voicestand_core::dsp::{Loudness, LoudnessMeter};

const RATE: u32 = 48_000;
/// The cases are in stereo, both channels alike. One channel is 3.01 dB less loud.
const ONE_OF_TWO: f32 = 3.01;

/// Tones of 1 kHz, (dBFS peak, seconds) after one another, through a meter of one channel.
fn measured(tones: &[(f32, f32)]) -> Loudness {
    let mut meter = LoudnessMeter::new(RATE).unwrap();
    let mut phase = 0_u64;
    for (level, seconds) in tones {
        let size = 10_f64.powf(f64::from(*level) / 20.0);
        let samples = (f64::from(*seconds) * f64::from(RATE)).round() as usize;
        let mut left = samples;
        while left > 0 {
            // Blocks of 10 ms and a bit: periods of the meter do not fall together with them.
            let count = left.min(487);
            let block: Vec<f32> = (0..count)
                .map(|n| {
                    let turns = (phase + n as u64) as f64 / 48.0;
                    (size * (turns * std::f64::consts::TAU).sin()) as f32
                })
                .collect();
            meter.measure(&block);
            phase += count as u64;
            left -= count;
        }
    }
    meter.reading().get()
}

fn near(value: f32, expected: f32, tolerance: f32) -> bool {
    (value + ONE_OF_TWO - expected).abs() <= tolerance
}

#[test]
fn tech_3341_cases_1_and_2_a_tone_reads_its_level_in_all_windows() {
    for level in [-23.0, -33.0] {
        let loudness = measured(&[(level, 20.0)]);
        for value in [loudness.momentary, loudness.short_term, loudness.integrated] {
            assert!(near(value, level, 0.1), "{loudness:?}");
        }
    }
}

#[test]
fn tech_3341_case_3_the_relative_gate_leaves_out_what_is_ten_lu_quieter() {
    let loudness = measured(&[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)]);
    assert!(near(loudness.integrated, -23.0, 0.1), "{loudness:?}");
}

#[test]
fn tech_3341_case_4_the_absolute_gate_leaves_out_silence() {
    let tones = [
        (-72.0, 10.0),
        (-36.0, 10.0),
        (-23.0, 60.0),
        (-36.0, 10.0),
        (-72.0, 10.0),
    ];
    let loudness = measured(&tones);
    assert!(near(loudness.integrated, -23.0, 0.1), "{loudness:?}");
}

#[test]
fn tech_3341_case_5_levels_within_the_gate_are_averaged_by_power() {
    let loudness = measured(&[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)]);
    assert!(near(loudness.integrated, -23.0, 0.1), "{loudness:?}");
}

#[test]
fn tech_3341_case_9_short_term_is_steady_where_every_three_seconds_are_alike() {
    let mut tones = Vec::new();
    for _ in 0..5 {
        tones.extend([(-20.0, 1.34), (-30.0, 1.66)]);
    }
    let loudness = measured(&tones);
    assert!(near(loudness.short_term, -23.0, 0.1), "{loudness:?}");
}

#[test]
fn tech_3341_case_12_momentary_is_steady_where_every_400_milliseconds_are_alike() {
    let mut tones = Vec::new();
    for _ in 0..25 {
        tones.extend([(-20.0, 0.18), (-30.0, 0.22)]);
    }
    let loudness = measured(&tones);
    assert!(near(loudness.momentary, -23.0, 0.1), "{loudness:?}");
}

#[test]
fn tech_3342_cases_1_to_4_read_their_range() {
    let cases: [(&[f32], f32); 4] = [
        (&[-20.0, -30.0], 10.0),
        (&[-20.0, -15.0], 5.0),
        (&[-40.0, -20.0], 20.0),
        (&[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0),
    ];
    for (levels, range) in cases {
        let tones: Vec<(f32, f32)> = levels.iter().map(|&level| (level, 20.0)).collect();
        let loudness = measured(&tones);
        assert!(
            (loudness.range - range).abs() <= 1.0,
            "{levels:?}: {loudness:?}"
        );
    }
}

#[test]
fn silence_has_no_loudness() {
    let mut meter = LoudnessMeter::new(16_000).unwrap();
    meter.measure(&[0.0; 64_000]);
    let loudness = meter.reading().get();
    assert_eq!(loudness.momentary, f32::NEG_INFINITY);
    assert_eq!(loudness.integrated, f32::NEG_INFINITY);
}

#[test]
fn the_peak_is_held_for_a_second_and_falls_by_twenty_decibels_in_1_7_seconds() {
    let mut meter = LoudnessMeter::new(16_000).unwrap();
    let reading = meter.reading();
    meter.measure(&[0.0, -0.5, 0.0]);
    for _ in 0..99 {
        meter.measure(&[0.0; 160]);
    }
    assert_eq!(reading.get().peak_hold, 0.5);
    for _ in 0..170 {
        meter.measure(&[0.0; 160]);
    }
    assert!((20.0 * (reading.get().peak_hold / 0.05).log10()).abs() < 0.3);
}
