//! Claim: each stage of conditioning costs less than its peer, and the whole chain of a channel less
//! than 1 % of a core.
//!
//! Peers, in the same run: `sonora-aec3` (WebRTC's echo canceller), `nnnoiseless` (RNNoise, which
//! works at 48 kHz), `ebur128`; the high-pass and the gain are measured alone. Input: noise in
//! syllables and its echo, mono f32, in frames of 10 ms; the high-pass at 48 kHz, the rest at 16 kHz.
//! Unit: microseconds for 10 ms, means of turns of a second that the sides take in alternation.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a bench may end with a panic"
)]

mod record;

use std::{hint::black_box, sync::Arc, time::Instant};

use ebur128::{EbuR128, Mode};
use nnnoiseless::DenoiseState;
use sonora_aec3::{block::Block, block_processor::BlockProcessor, config::EchoCanceller3Config};
use voicestand_core::dsp::{
    EchoCanceller, FRAME, Frame, GainControl, HighPass, LoudnessMeter, NoiseSuppressor,
    SPEECH_RATE, SpeechChain, Switches,
};

const TURNS: usize = 40;
const FRAMES_A_TURN: usize = 100;
/// Samples of 10 ms at 48 kHz.
const WIDE: usize = 480;
/// Samples in a block of `sonora-aec3`: 4 ms.
const BLOCK: usize = 64;
/// Microseconds in 1 % of 10 ms.
const MOST: f64 = 100.0;

/// A near end with the echo of a far end, and steady noise.
struct Scene {
    far: Vec<f32>,
    near: Vec<f32>,
}

fn noise(samples: usize, seed: u32) -> impl Iterator<Item = f32> {
    let mut state = seed;
    (0..samples).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    })
}

fn scene(samples: usize) -> Scene {
    let far: Vec<f32> = noise(samples, 1)
        .enumerate()
        .map(|(n, x)| 0.3 * x * (n as f32 / 1_500.0).sin().max(0.0))
        .collect();
    let near = noise(samples, 2)
        .enumerate()
        .map(|(n, x)| 0.01 * x + 0.4 * if n < 800 { 0.0 } else { far[n - 800] })
        .collect();
    Scene { far, near }
}

/// A stage: what it does with the frame of this number.
type Side<'a> = (&'a str, Box<dyn FnMut(usize) + 'a>);

/// Microseconds a frame, each side's in each turn; what is behind the peers goes into the record.
fn compare(name: &str, claim: &str, input: &str, mut sides: Vec<Side<'_>>, bound: Option<f64>) {
    let mut taken = vec![Vec::with_capacity(TURNS); sides.len()];
    for turn in 0..TURNS + 2 {
        for ((_, side), taken) in sides.iter_mut().zip(&mut taken) {
            let began = Instant::now();
            for number in 0..FRAMES_A_TURN {
                side(turn * FRAMES_A_TURN + number);
            }
            let microseconds = began.elapsed().as_secs_f64() * 1e6 / FRAMES_A_TURN as f64;
            if turn >= 2 {
                taken.push(microseconds);
            }
        }
    }
    let ours = median(&taken[0]);
    print!("{name:<24} {ours:6.2} µs");
    let mut record = record::Record::new(name, claim)
        .input(input)
        .unit("µs")
        .ours(&taken[0]);
    for ((peer, _), taken) in sides.iter().zip(&taken).skip(1) {
        print!(
            "; {peer} {:.2} µs (ratio {:.1})",
            median(taken),
            median(taken) / ours
        );
        record = record.peer(peer, taken).ratio(peer, 1.0);
    }
    println!();
    if let Some(most) = bound {
        record = record.value(most);
    }
    record.write();
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Frame `number` of `wave`, which comes round again after its end.
fn frame(wave: &[f32], number: usize) -> &Frame {
    let frames = wave.as_chunks::<FRAME>().0;
    &frames[number % frames.len()]
}

fn echo(scene: &Scene) {
    let mut canceller = EchoCanceller::new();
    let ours = move |number| {
        black_box(canceller.process(frame(&scene.far, number), frame(&scene.near, number)));
    };
    let config = EchoCanceller3Config::default();
    let mut aec3 = BlockProcessor::new(&config, SPEECH_RATE as usize, 1, 1);
    let (mut far, mut near) = (Block::new(1, 1), Block::new(1, 1));
    let mut at = 0;
    let peer = move |number: usize| {
        // Blocks of 4 ms: two in one frame, three in the next.
        let end = (number + 1) * FRAME;
        while at + BLOCK <= end {
            let start = at % (scene.far.len() / BLOCK * BLOCK);
            for (block, wave) in [(&mut far, &scene.far), (&mut near, &scene.near)] {
                for (to, from) in block.view_mut(0, 0).iter_mut().zip(&wave[start..]) {
                    *to = from * 32_768.0;
                }
            }
            aec3.buffer_render(&far);
            aec3.process_capture(false, false, None, &mut near);
            black_box(near.view(0, 0));
            at += BLOCK;
        }
    };
    compare(
        "conditioning-echo",
        "echo cancellation of 10 ms costs less than in sonora-aec3",
        "noise in syllables and its echo at 16 kHz",
        vec![
            ("voicestand", Box::new(ours)),
            ("sonora-aec3", Box::new(peer)),
        ],
        None,
    );
}

fn noise_suppression(scene: &Scene) {
    let mut suppressor = NoiseSuppressor::new();
    let ours = move |number| {
        black_box(suppressor.process(frame(&scene.near, number)));
    };
    let mut rnnoise = DenoiseState::new();
    let (mut wide, mut output) = ([0.0; WIDE], [0.0; WIDE]);
    let peer = move |number: usize| {
        let frames = scene.near.as_chunks::<WIDE>().0;
        let input = &frames[number % frames.len()];
        for (to, from) in wide.iter_mut().zip(input) {
            *to = from * 32_768.0;
        }
        black_box(rnnoise.process_frame(&mut output, &wide));
    };
    compare(
        "conditioning-noise",
        "noise suppression of 10 ms costs less than in nnnoiseless",
        "noise in syllables and its echo at 16 kHz; nnnoiseless at 48 kHz",
        vec![
            ("voicestand", Box::new(ours)),
            ("nnnoiseless", Box::new(peer)),
        ],
        None,
    );
}

fn loudness(scene: &Scene) {
    let mut meter = LoudnessMeter::new(SPEECH_RATE).expect("a sane rate");
    let ours = move |number| {
        meter.measure(frame(&scene.near, number));
    };
    let mode = Mode::I | Mode::S | Mode::M | Mode::LRA | Mode::HISTOGRAM;
    let mut ebur128 = EbuR128::new(1, SPEECH_RATE, mode).expect("a sane rate");
    let peer = move |number: usize| {
        let added = ebur128.add_frames_f32(frame(&scene.near, number));
        added.expect("one channel");
        if number % 10 == 9 {
            // As often as ours.
            black_box(ebur128.loudness_momentary().ok());
            black_box(ebur128.loudness_shortterm().ok());
            black_box(ebur128.loudness_global().ok());
            black_box(ebur128.loudness_range().ok());
        }
    };
    compare(
        "conditioning-loudness",
        "loudness of 10 ms, read ten times a second, costs less than in ebur128",
        "noise in syllables and its echo at 16 kHz",
        vec![("voicestand", Box::new(ours)), ("ebur128", Box::new(peer))],
        None,
    );
}

fn alone(scene: &Scene) {
    let mut high_pass = HighPass::new(80.0, 48_000);
    let ours = move |number: usize| {
        let frames = scene.near.as_chunks::<WIDE>().0;
        let mut wide = frames[number % frames.len()];
        high_pass.process(black_box(&mut wide));
    };
    compare(
        "conditioning-high-pass",
        "the high-pass of 10 ms at 48 kHz takes a ten-thousandth of a core",
        "noise in syllables at 48 kHz",
        vec![("voicestand", Box::new(ours))],
        Some(1.0),
    );
    let mut gain = GainControl::new();
    let ours = move |number: usize| {
        for &sample in frame(&scene.near, number) {
            black_box(gain.next(sample));
        }
    };
    compare(
        "conditioning-gain",
        "automatic gain of 10 ms takes a thousandth of a core",
        "noise in syllables and its echo at 16 kHz",
        vec![("voicestand", Box::new(ours))],
        Some(MOST / 10.0),
    );
}

/// Two channels, the second the far end of the first, with everything on.
fn chain(scene: &Scene) {
    let switches: [Arc<Switches>; 2] = Default::default();
    for switch in &switches {
        switch.update(|wanted| {
            wanted.echo_cancellation = true;
            wanted.noise_suppression = true;
            wanted.automatic_gain = true;
        });
    }
    let mut chain = SpeechChain::new(switches.iter().map(Arc::clone), FRAME);
    let mut output = [0.0; FRAME];
    let ours = move |number: usize| {
        chain.feed(0, frame(&scene.near, number));
        chain.feed(1, frame(&scene.far, number));
        chain.work(None);
        for channel in 0..2 {
            let ready = chain.ready().min(FRAME);
            chain.take(channel, &mut output[..ready]);
            black_box(&output);
        }
    };
    compare(
        "conditioning-chain",
        "echo, noise and gain of two channels take less than 1 % of a core",
        "noise in syllables and its echo at 16 kHz, all stages on",
        vec![("voicestand", Box::new(ours))],
        Some(MOST),
    );
}

fn main() {
    println!("microseconds for 10 ms of audio, one thread:");
    let scene = scene(10 * SPEECH_RATE as usize / FRAME * FRAME);
    alone(&scene);
    echo(&scene);
    noise_suppression(&scene);
    loudness(&scene);
    chain(&scene);
}
