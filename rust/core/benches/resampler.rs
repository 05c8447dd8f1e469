//! Claim: an output sample of the resampler costs less than one of `rubato`, at the fixed ratios and
//! at odd ones, and a ratio that is trimmed all the time too.
//!
//! Peers, in the same run: `rubato`'s sinc resampler with a filter as steep as ours, and, for the
//! fixed ratios and to know, its FFT resampler, which has other filters and works in blocks. Input: a second of noise, mono f32, in blocks of 10 ms, to
//! 16 kHz. Unit: nanoseconds an output sample, medians of turns that the sides take in alternation.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a bench may end with a panic"
)]

mod record;

use std::{hint::black_box, time::Instant};

use rubato::{
    Async, Fft, FixedAsync, FixedSync, Indexing, SincInterpolationParameters,
    SincInterpolationType, WindowFunction, audioadapter_buffers::direct::InterleavedSlice,
};
use voicestand_core::dsp::Resampler;

const OUTPUT: u32 = 16_000;
const TURNS: usize = 60;

fn noise(samples: usize) -> Vec<f32> {
    let mut state = 1_u32;
    (0..samples)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        })
        .collect()
}

/// A resampler that is given a second of audio a turn; returns the samples it made of it.
trait Side {
    fn turn(&mut self, audio: &[f32]) -> usize;
}

struct Ours {
    resampler: Resampler,
    block: usize,
    heard: Vec<f32>,
    /// Of an adjustable one: trimmed anew with every block.
    trim: Option<f64>,
}

impl Side for Ours {
    fn turn(&mut self, audio: &[f32]) -> usize {
        let mut made = 0;
        for block in audio.chunks(self.block) {
            if let Some(trim) = &mut self.trim {
                *trim = -*trim;
                assert!(self.resampler.set_trim(*trim), "it is adjustable");
            }
            made += self.resampler.process(block, &mut self.heard);
            black_box(&self.heard);
        }
        made
    }
}

struct Rubato {
    resampler: Box<dyn rubato::Resampler<f32>>,
    heard: Vec<f32>,
}

impl Side for Rubato {
    fn turn(&mut self, audio: &[f32]) -> usize {
        let (mut used, mut made) = (0, 0);
        while audio.len() - used >= self.resampler.input_frames_next() {
            let input = InterleavedSlice::new(&audio[used..], 1, audio.len() - used);
            let room = self.heard.len();
            let output = InterleavedSlice::new_mut(&mut self.heard, 1, room);
            let done = self.resampler.process_into_buffer(
                &input.expect("mono"),
                &mut output.expect("mono"),
                None::<&Indexing>,
            );
            let (taken, given) = done.expect("the buffers are large enough");
            used += taken;
            made += given;
            black_box(&self.heard);
        }
        made
    }
}

fn ours(rate: u32, adjustable: bool) -> Box<dyn Side> {
    let block = rate as usize / 100;
    let resampler = if adjustable {
        Resampler::adjustable(rate, OUTPUT)
    } else {
        Resampler::new(rate, OUTPUT)
    };
    let resampler = resampler.expect("a sane rate");
    Box::new(Ours {
        heard: vec![0.0; resampler.most_output(block)],
        resampler,
        block,
        trim: adjustable.then_some(1e-4),
    })
}

fn sinc(rate: u32) -> Box<dyn Side> {
    // As steep as ours at its stop band of −106 dB: 98 / (2.285 · 0.1 π) samples of the lower rate.
    let lower = f64::from(rate.min(OUTPUT)) / f64::from(rate);
    let parameters = SincInterpolationParameters {
        sinc_len: (137.0 / lower) as usize,
        f_cutoff: Some(0.95),
        oversampling_factor: 128,
        interpolation: SincInterpolationType::Cubic,
        window: WindowFunction::BlackmanHarris2,
    };
    let ratio = f64::from(OUTPUT) / f64::from(rate);
    let block = rate as usize / 100;
    let resampler = Async::<f32>::new_sinc(ratio, 1.01, &parameters, block, 1, FixedAsync::Input);
    rubato(Box::new(resampler.expect("sane parameters")))
}

fn fft(rate: u32) -> Box<dyn Side> {
    let block = rate as usize / 100;
    let resampler = Fft::<f32>::new(rate as usize, OUTPUT as usize, block, 1, FixedSync::Input);
    rubato(Box::new(resampler.expect("sane parameters")))
}

fn rubato(resampler: Box<dyn rubato::Resampler<f32>>) -> Box<dyn Side> {
    Box::new(Rubato {
        heard: vec![0.0; resampler.output_frames_max()],
        resampler,
    })
}

/// Nanoseconds an output sample, each side's in each turn.
fn measure(rate: u32, sides: &mut [Box<dyn Side>]) -> Vec<Vec<f64>> {
    let audio = noise(rate as usize);
    let mut taken = vec![Vec::with_capacity(TURNS); sides.len()];
    for turn in 0..TURNS + 2 {
        for (side, taken) in sides.iter_mut().zip(&mut taken) {
            let began = Instant::now();
            let made = side.turn(black_box(&audio));
            let nanoseconds = began.elapsed().as_nanos() as f64 / made as f64;
            if turn >= 2 {
                taken.push(nanoseconds);
            }
        }
    }
    taken
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn fixed(rate: u32) {
    let mut sides = [ours(rate, false), ours(rate, true), fft(rate), sinc(rate)];
    let taken = measure(rate, &mut sides);
    let [fixed, trimmed, fft, sinc] = [0, 1, 2, 3].map(|side| median(&taken[side]));
    println!(
        "{rate:>6} Hz: {fixed:5.1} ns, trimmed all the time {trimmed:5.1} ns; rubato FFT {fft:5.1} ns \
         (ratio {:.1}), sinc {sinc:6.1} ns (ratio {:.1}; {:.1} trimmed)",
        fft / fixed,
        sinc / fixed,
        sinc / trimmed
    );
    record::Record::new(
        &format!("resampler-rubato-{rate}"),
        "an output sample costs less than in rubato's sinc resampler",
    )
    .input(&format!("noise, mono, {rate} to 16000 Hz, blocks of 10 ms"))
    .unit("ns")
    .ours(&taken[0])
    .peer("rubato FFT", &taken[2])
    .peer("rubato sinc", &taken[3])
    .ratio("rubato sinc", 1.0)
    .write();
}

fn odd(rate: u32) {
    let taken = measure(rate, &mut [ours(rate, false), sinc(rate)]);
    let [ours, sinc] = [0, 1].map(|side| median(&taken[side]));
    println!(
        "{rate:>6} Hz: {ours:5.1} ns; rubato sinc {sinc:6.1} ns (ratio {:.1})",
        sinc / ours
    );
    record::Record::new(
        &format!("resampler-rubato-odd-{rate}"),
        "an output sample at an odd ratio costs less than in rubato's sinc resampler",
    )
    .input(&format!("noise, mono, {rate} to 16000 Hz, blocks of 10 ms"))
    .unit("ns")
    .ours(&taken[0])
    .peer("rubato sinc", &taken[1])
    .ratio("rubato sinc", 1.0)
    .write();
}

fn main() {
    println!("nanoseconds an output sample at 16 kHz, one channel, one thread:");
    for rate in [8_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000] {
        fixed(rate);
    }
    for rate in [11_025, 44_099, 47_999, 37_800] {
        odd(rate);
    }
}
