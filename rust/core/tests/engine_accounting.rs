//! The whole core: every frame that goes in comes out as speech or is counted as lost.
#![cfg(not(loom))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

use std::time::Duration;

use proptest::prelude::*;
use voicestand_core::engine::{Engine, Spec, Window};

fn spec(sample_rate: u32, channels: usize) -> Spec {
    Spec {
        sample_rate,
        channels,
        roles: (0..channels).map(|n| vec![n]).collect(),
        block_frames: 480,
        ring_seconds: 0.5,
        high_pass_hz: 0.0,
        follow_monotonic: false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_patient_source_loses_nothing(
        rate in prop::sample::select(&[8_000_u32, 16_000, 44_100, 48_000][..]),
        channels in 1_usize..3,
        frames in 0_usize..60_000,
        part in 1_usize..480,
        window in 1_usize..900,
    ) {
        let engine = Engine::start(spec(rate, channels)).unwrap();
        let mut reader = engine.speech_reader(window).unwrap();
        let (read, ended_at) = std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let mut frames = 0_u64;
                let mut samples = 0.0_f64;
                while reader.read(None) == Window::Ready {
                    assert_eq!(reader.first_frame(), frames);
                    frames += reader.frames() as u64;
                    samples += f64::from(reader.samples().iter().sum::<f32>());
                }
                (frames, samples)
            });
            let audio = vec![0.25_f32; frames * channels];
            for block in audio.chunks(part * channels) {
                engine.wait_for_room(None);
                engine.input().accept(block, 0, rate, false);
            }
            engine.finish();
            reading.join().unwrap()
        });
        prop_assert_eq!(read, (frames as u64 * 16_000).div_ceil(u64::from(rate)));
        let expected = 0.25 * read as f64 * channels as f64;
        prop_assert!((ended_at - expected).abs() <= 0.02 * expected + 200.0);
        let (stats, books) = (engine.stats(), reader.books());
        prop_assert_eq!(stats.captured, frames as u64);
        prop_assert_eq!(stats.lost_before_dsp + books.lost, 0);
        prop_assert_eq!(books.delivered, frames as u64);
    }

    #[test]
    fn an_impatient_source_and_a_late_reader_still_balance(
        rate in prop::sample::select(&[16_000_u32, 48_000][..]),
        blocks in 1_usize..400,
    ) {
        let engine = Engine::start(spec(rate, 1)).unwrap();
        let mut reader = engine.speech_reader(512).unwrap();
        for _ in 0..blocks {
            engine.input().accept(&[0.5; 480], 0, rate, false);
        }
        engine.finish();
        let mut frames = 0;
        while reader.read(None) == Window::Ready {
            prop_assert_eq!(reader.first_frame(), frames);
            frames += reader.frames() as u64;
        }
        let (stats, books) = (engine.stats(), reader.books());
        prop_assert_eq!(stats.captured, blocks as u64 * 480);
        prop_assert_eq!(stats.captured, books.delivered + books.lost + stats.lost_before_dsp);
        // Lost audio is silence on the speech clock: time goes on truthfully.
        prop_assert_eq!(frames, (blocks as u64 * 480 * 16_000).div_ceil(u64::from(rate)));
    }
}

#[test]
fn a_window_knows_when_its_end_was_heard() {
    let engine = Engine::start(spec(48_000, 1)).unwrap();
    let mut reader = engine.speech_reader(512).unwrap();
    let start_ns = 7_000_000_000;
    for block in 0..20_u64 {
        engine.wait_for_room(None);
        engine
            .input()
            .accept(&[0.0; 480], start_ns + block * 10_000_000, 48_000, false);
    }
    engine.finish();
    while reader.read(None) == Window::Ready {
        let end = reader.first_frame() + reader.frames() as u64;
        let expected = start_ns + end * 1_000_000_000 / 16_000;
        assert!(
            reader.end_adc_ns().abs_diff(expected) < 100_000,
            "frame {end}"
        );
    }
}

#[test]
fn samples_that_are_no_numbers_become_silence_and_are_flagged() {
    let engine = Engine::start(Spec {
        high_pass_hz: 80.0,
        ..spec(16_000, 1)
    })
    .unwrap();
    let mut reader = engine.speech_reader(480).unwrap();
    engine.input().accept(&[f32::NAN; 480], 0, 16_000, false);
    engine
        .input()
        .accept(&[f32::INFINITY; 480], 0, 16_000, false);
    engine.input().accept(&[0.0; 480], 0, 16_000, false);
    engine.finish();
    let mut flags = Vec::new();
    while reader.read(Some(Duration::from_secs(5))) == Window::Ready {
        assert!(reader.samples().iter().all(|sample| sample.is_finite()));
        flags.push(reader.flags());
    }
    assert_eq!(flags, [4, 4, 0]);
}
