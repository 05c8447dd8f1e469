//! The chain behind the resampler: its clock, its switches, and what it takes away.
#![cfg(not(loom))]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use proptest::prelude::*;
use voicestand_core::dsp::{Conditioning, SpeechChain, Switches};

const BLOCK: usize = 480;

fn chain(channels: usize) -> (SpeechChain, Vec<Arc<Switches>>) {
    let switches: Vec<Arc<Switches>> = (0..channels).map(|_| Arc::default()).collect();
    let chain = SpeechChain::new(switches.iter().map(Arc::clone), BLOCK);
    (chain, switches)
}

/// What the DSP thread does with a block: past the chain if it is idle, else through it.
fn play(chain: &mut SpeechChain, blocks: &[&[f32]], output: &mut [Vec<f32>]) {
    if chain.is_idle(blocks.len() > 1) {
        for (index, (block, output)) in blocks.iter().zip(output).enumerate() {
            let mut block = block.to_vec();
            chain.pass(index, &mut block);
            output.extend(block);
        }
        return;
    }
    for (index, block) in blocks.iter().enumerate() {
        chain.feed(index, block);
    }
    chain.work(None);
    take(chain, output);
}

fn take(chain: &mut SpeechChain, output: &mut [Vec<f32>]) {
    let ready = chain.ready();
    for (index, output) in output.iter_mut().enumerate() {
        let mut block = vec![0.0; ready];
        chain.take(index, &mut block);
        output.extend(block);
    }
}

fn tone(samples: usize, frequency: f32) -> Vec<f32> {
    (0..samples)
        .map(|n| 0.25 * (n as f32 * frequency * std::f32::consts::TAU / 16_000.0).sin())
        .collect()
}

/// White noise within ±`size`, always the same.
fn noise(samples: usize, size: f32, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..samples)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 * size - size
        })
        .collect()
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is switched when, and however the audio is cut: as much comes out as went in, the
    /// channels stay together, and where nothing is on, sample n is sample n.
    #[test]
    fn sample_n_of_the_output_is_sample_n_of_the_input(
        steps in prop::collection::vec((1_usize..=BLOCK, 0_u8..8, 0_u8..8), 1..120),
    ) {
        let (mut chain, switches) = chain(2);
        let total: usize = steps.iter().map(|(length, ..)| length).sum();
        let tail = 2_400;
        let input = noise(total + tail, 0.1, 7);
        // Indices as samples: the second channel is never processed, only delayed.
        let count: Vec<f32> = (0..total + tail).map(|n| n as f32).collect();
        let mut output = [Vec::new(), Vec::new()];
        let mut at = 0;
        for (length, first, second) in steps {
            switches[0].update(|wanted| {
                wanted.echo_cancellation = first & 1 != 0;
                wanted.noise_suppression = first & 2 != 0;
                wanted.automatic_gain = first & 4 != 0;
            });
            // Of the second channel it is the echo canceller's switch that must change nothing.
            switches[1].update(|wanted| wanted.echo_cancellation = second & 1 != 0);
            let part = at..at + length;
            play(&mut chain, &[&input[part.clone()], &count[part]], &mut output);
            prop_assert_eq!(output[0].len(), output[1].len());
            prop_assert!(output[0].len() <= at + length);
            prop_assert!(at + length - output[0].len() < 3 * 160 + 1);
            at += length;
        }
        for switch in &switches {
            switch.update(|wanted| *wanted = Conditioning::default());
        }
        for part in (at..at + tail).step_by(BLOCK).map(|from| from..(from + BLOCK).min(at + tail)) {
            play(&mut chain, &[&input[part.clone()], &count[part]], &mut output);
        }
        prop_assert!(chain.is_idle(true), "all off and all out after 150 ms");
        prop_assert_eq!(&output[1], &count);
        prop_assert_eq!(&output[0][total + 1_600..], &input[total + 1_600..]);
    }

    #[test]
    fn the_end_brings_out_all_that_went_in(
        length in 1_usize..3_000,
        echo: bool, noise_off: bool,
    ) {
        let (mut chain, switches) = chain(2);
        switches[0].update(|wanted| {
            wanted.echo_cancellation = echo;
            wanted.noise_suppression = !noise_off;
        });
        let count: Vec<f32> = (0..length).map(|n| n as f32).collect();
        let mut output = [Vec::new(), Vec::new()];
        for block in count.chunks(BLOCK) {
            play(&mut chain, &[block, block], &mut output);
        }
        chain.finish(None);
        take(&mut chain, &mut output);
        prop_assert_eq!(&output[1], &count);
        prop_assert_eq!(output[0].len(), length);
    }
}

#[test]
fn no_switch_is_heard_as_a_click() {
    let (mut chain, switches) = chain(2);
    let near = tone(64_000, 300.0);
    let far = noise(64_000, 0.05, 3);
    let mut output = [Vec::new(), Vec::new()];
    for (number, (near, far)) in near.chunks(160).zip(far.chunks(160)).enumerate() {
        if number % 10 == 0 {
            let bits = number / 10;
            switches[0].update(|wanted| {
                wanted.echo_cancellation = bits & 1 != 0;
                wanted.noise_suppression = bits & 2 != 0;
                wanted.automatic_gain = bits & 4 != 0;
            });
        }
        play(&mut chain, &[near, far], &mut output);
    }
    // Between two samples the tone itself rises by 0.03 at most.
    let steepest = |wave: &[f32]| {
        wave.windows(2)
            .map(|w| (w[1] - w[0]).abs())
            .fold(0.0, f32::max)
    };
    assert!(steepest(&output[0]) < 1.3 * steepest(&near));
}

/// A room: a direct path after `delay` samples and a tail that falls by 60 dB in a quarter second.
fn echo_of(far: &[f32], delay: usize) -> Vec<f32> {
    let mut path = noise(1_600, 0.08, 11);
    for (n, tap) in path.iter_mut().enumerate() {
        *tap *= 10_f32.powf(-3.0 * n as f32 / 4_000.0);
    }
    path[0] = 0.4;
    (0..far.len())
        .map(|n| {
            let reach = (n + 1).saturating_sub(delay).min(path.len());
            (0..reach).map(|k| path[k] * far[n - delay - k]).sum()
        })
        .collect()
}

/// Noise in bursts, as loud as syllables and as long.
fn babble(samples: usize, seed: u32) -> Vec<f32> {
    let mut wave = noise(samples, 0.3, seed);
    for (n, sample) in wave.iter_mut().enumerate() {
        let t = n as f32 / 16_000.0 + seed as f32;
        *sample *= (t * 11.0).sin().max(0.0) * (0.6 + 0.4 * (t * 2.3).sin());
    }
    wave
}

#[test]
fn the_echo_is_twenty_decibels_down_after_two_seconds_at_any_delay() {
    for delay in [800, 1_600, 2_400] {
        let far = babble(4 * 16_000, 5);
        let echo = echo_of(&far, delay);
        let (mut chain, switches) = chain(2);
        switches[0].update(|wanted| wanted.echo_cancellation = true);
        let mut output = [Vec::new(), Vec::new()];
        for (near, far) in echo.chunks(160).zip(far.chunks(160)) {
            play(&mut chain, &[near, far], &mut output);
        }
        let from = 2 * 16_000;
        let left = power(&output[0][from..]);
        let loss = 10.0 * (power(&echo[from..output[0].len()]) / left).log10();
        assert!(loss > 20.0, "{loss} dB at a delay of {delay} samples");
    }
}

#[test]
fn who_speaks_at_the_same_time_is_heard_through_the_echo() {
    let seconds = 6;
    let far = babble(seconds * 16_000, 5);
    let echo = echo_of(&far, 1_600);
    let mut voice = tone(seconds * 16_000, 620.0);
    voice[..3 * 16_000].fill(0.0);
    let near: Vec<f32> = echo.iter().zip(&voice).map(|(a, b)| a + b).collect();
    let (mut chain, switches) = chain(2);
    switches[0].update(|wanted| wanted.echo_cancellation = true);
    let mut output = [Vec::new(), Vec::new()];
    for (near, far) in near.chunks(160).zip(far.chunks(160)) {
        play(&mut chain, &[near, far], &mut output);
    }
    let spoken = 3 * 16_000 + 1_600..output[0].len();
    let wrong = |wave: &[f32]| -> f32 {
        let errors: Vec<f32> = spoken.clone().map(|n| wave[n] - voice[n]).collect();
        10.0 * (power(&voice[spoken.clone()]) / power(&errors)).log10()
    };
    let (before, after) = (wrong(&near), wrong(&output[0]));
    assert!(after > before + 8.0, "from {before} dB to {after} dB");
}

#[test]
fn a_changed_room_is_learnt_anew() {
    let far = babble(10 * 16_000, 5);
    let mut echo = echo_of(&far, 1_600);
    let moved = echo_of(&far, 1_000);
    echo[5 * 16_000..].copy_from_slice(&moved[5 * 16_000..]);
    let (mut chain, switches) = chain(2);
    switches[0].update(|wanted| wanted.echo_cancellation = true);
    let mut output = [Vec::new(), Vec::new()];
    for (near, far) in echo.chunks(160).zip(far.chunks(160)) {
        play(&mut chain, &[near, far], &mut output);
    }
    let last = 9 * 16_000..output[0].len();
    let loss = 10.0 * (power(&echo[last.clone()]) / power(&output[0][last])).log10();
    assert!(loss > 15.0, "{loss} dB four seconds after the change");
}

#[test]
fn steady_noise_is_ten_decibels_down_and_speech_is_not() {
    let mut wave = noise(8 * 16_000, 0.08, 9);
    let hiss = wave.clone();
    let loud = 3 * 16_000..4 * 16_000;
    for (n, sample) in wave
        .iter_mut()
        .enumerate()
        .skip(loud.start)
        .take(loud.len())
    {
        let t = n as f32 / 16_000.0;
        *sample += 0.6 * (t * 2_400.0).sin() * (t * 25.0).sin().max(0.0);
    }
    let (mut chain, switches) = chain(1);
    switches[0].update(|wanted| wanted.noise_suppression = true);
    let mut output = [Vec::new()];
    for block in wave.chunks(BLOCK) {
        play(&mut chain, &[block], &mut output);
    }
    let pause = 2 * 16_000..3 * 16_000 - 1_600;
    let noise_loss = 10.0 * (power(&hiss[pause.clone()]) / power(&output[0][pause])).log10();
    assert!(noise_loss > 10.0, "{noise_loss} dB");
    let speech_loss = 10.0 * (power(&wave[loud.clone()]) / power(&output[0][loud])).log10();
    assert!(speech_loss.abs() < 1.5, "{speech_loss} dB");
}
