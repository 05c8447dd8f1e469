//! The conditioning of one channel: mix → sanitize → high-pass → meter → resample.

use std::sync::Arc;

use super::{HighPass, Meter, RateError, Resampler, SPEECH_RATE};
use crate::stats::{Instruments, Measure, Stopwatch};

/// Samples beyond this, 18 dB over full scale, are no audio; a filter fed with them would not
/// recover. They are clamped.
const LARGEST: f32 = 8.0;

/// One role's way from the device's interleaved frames to 16 kHz speech.
#[derive(Debug)]
pub struct Channel {
    /// Which input channels are averaged.
    inputs: Vec<usize>,
    scale: f32,
    high_pass: HighPass,
    meter: Arc<Meter>,
    resampler: Resampler,
    mono: Vec<f32>,
    watch: Stopwatch,
}

impl Channel {
    /// A channel averaging `inputs`, for blocks of at most `block_frames` frames at `sample_rate`.
    ///
    /// # Errors
    ///
    /// A sample rate that cannot be resampled.
    pub fn new(
        inputs: &[usize],
        sample_rate: u32,
        block_frames: usize,
        high_pass_hz: f64,
    ) -> Result<Self, RateError> {
        Ok(Self {
            inputs: inputs.to_vec(),
            scale: 1.0 / inputs.len().max(1) as f32,
            high_pass: HighPass::new(high_pass_hz, sample_rate),
            meter: Arc::new(Meter::new(sample_rate)),
            resampler: Resampler::new(sample_rate, SPEECH_RATE)?,
            mono: Vec::with_capacity(block_frames),
            watch: Stopwatch::default(),
        })
    }

    /// Has the time of every stage recorded in `instruments`.
    #[must_use]
    pub fn timed(mut self, instruments: &Arc<Instruments>) -> Self {
        self.watch = Stopwatch::new(Arc::clone(instruments));
        self
    }

    /// The most speech samples one block can give.
    #[must_use]
    pub fn most_output(&self, block_frames: usize) -> usize {
        self.resampler.most_output(block_frames)
    }

    /// The channel's level meter.
    #[must_use]
    pub fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.meter)
    }

    /// Conditions `frames` of `width` interleaved channels into `speech`; returns how many samples
    /// it wrote and whether some of the input were no sound numbers.
    pub fn process(&mut self, frames: &[f32], width: usize, speech: &mut [f32]) -> (usize, bool) {
        self.watch.start();
        let sanitized = self.mix(frames, width);
        self.watch.lap(Measure::Mix);
        self.high_pass.process(&mut self.mono);
        self.watch.lap(Measure::HighPass);
        self.meter.measure(&self.mono);
        self.watch.lap(Measure::Meter);
        let produced = self.resampler.process(&self.mono, speech);
        self.watch.lap(Measure::Resample);
        (produced, sanitized)
    }

    /// Puts out what is still in the resampler.
    pub fn finish(&mut self, speech: &mut [f32]) -> usize {
        self.resampler.finish(speech)
    }

    fn mix(&mut self, frames: &[f32], width: usize) -> bool {
        let mut sanitized = false;
        self.mono.clear();
        let room = self.mono.capacity();
        for frame in frames.chunks_exact(width.max(1)).take(room) {
            let sum: f32 = self
                .inputs
                .iter()
                .filter_map(|&input| frame.get(input))
                .sum();
            let sample = sum * self.scale;
            let sound = sample.is_finite() && sample.abs() <= LARGEST;
            sanitized |= !sound;
            self.mono.push(if sound {
                sample
            } else if sample.is_nan() {
                0.0
            } else {
                sample.clamp(-LARGEST, LARGEST)
            });
        }
        sanitized
    }
}
