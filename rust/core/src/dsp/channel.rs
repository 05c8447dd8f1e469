//! The conditioning of one channel: mix → sanitize → high-pass → meter → resample.

use std::sync::Arc;

use super::{
    HighPass, Meter, RateError, Resampler, SPEECH_RATE,
    kernels::Kernels,
    switches::{Fade, Switches},
};
use crate::stats::{Instruments, Measure, Stopwatch};

/// Samples beyond this, 18 dB over full scale, are no audio; a filter fed with them would not
/// recover. They are clamped.
const LARGEST: f32 = 8.0;

/// One role's way from the device's interleaved frames to 16 kHz speech.
#[derive(Debug)]
pub struct Channel {
    /// Which input channels are averaged.
    inputs: Vec<usize>,
    kernels: Kernels,
    switches: Arc<Switches>,
    high_pass: HighPass,
    high_pass_fade: Fade,
    /// What went into the high-pass, while it is cross-faded with what came out.
    unfiltered: Vec<f32>,
    meter: Arc<Meter>,
    resampler: Resampler,
    mono: Vec<f32>,
    watch: Stopwatch,
}

impl Channel {
    /// A channel averaging `inputs`, for blocks of at most `block_frames` frames at `sample_rate`;
    /// with `adjustable`, its speech clock can be [trimmed](Self::set_trim).
    ///
    /// # Errors
    ///
    /// A sample rate that cannot be resampled.
    pub fn new(
        inputs: &[usize],
        sample_rate: u32,
        block_frames: usize,
        high_pass_hz: f64,
        adjustable: bool,
    ) -> Result<Self, RateError> {
        let resampler = if adjustable {
            Resampler::adjustable(sample_rate, SPEECH_RATE)?
        } else {
            Resampler::new(sample_rate, SPEECH_RATE)?
        };
        Ok(Self {
            inputs: inputs.to_vec(),
            kernels: Kernels::chosen_or_scalar(),
            switches: Arc::default(),
            high_pass: HighPass::new(high_pass_hz, sample_rate),
            high_pass_fade: Fade::resting(true, sample_rate),
            unfiltered: Vec::with_capacity(block_frames),
            meter: Arc::new(Meter::new(sample_rate)),
            resampler,
            mono: vec![0.0; block_frames],
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

    /// Where the next speech sample lies, in frames from the first one given.
    #[must_use]
    pub fn position(&self) -> f64 {
        self.resampler.position()
    }

    /// Uses 1 + `trim` times as many frames for each speech sample from here on; see
    /// [`Resampler::set_trim`].
    pub fn set_trim(&mut self, trim: f64) -> bool {
        self.resampler.set_trim(trim)
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
        let kernels = self.kernels;
        let count = kernels.downmix(frames, width, &self.inputs, &mut self.mono);
        let mono = self.mono.get_mut(..count).unwrap_or_default();
        let sanitized = kernels.sanitize(mono, LARGEST);
        self.watch.lap(Measure::Mix);
        let wanted = self.switches.get().high_pass;
        if wanted && self.high_pass_fade.is_with() {
            self.high_pass.process(mono);
        } else {
            // The filter hears everything all the same: its state is true when it is switched on.
            self.unfiltered.clear();
            self.unfiltered.extend(mono.iter());
            self.high_pass.process(mono);
            for (sample, unfiltered) in mono.iter_mut().zip(&self.unfiltered) {
                *sample = self.high_pass_fade.mix(*unfiltered, *sample, wanted);
            }
        }
        self.watch.lap(Measure::HighPass);
        self.meter.measure(mono);
        self.watch.lap(Measure::Meter);
        let produced = self.resampler.process(mono, speech);
        self.watch.lap(Measure::Resample);
        (produced, sanitized)
    }

    /// What is on of the channel's conditioning.
    #[must_use]
    pub fn switches(&self) -> Arc<Switches> {
        Arc::clone(&self.switches)
    }

    /// Puts out what is still in the resampler.
    pub fn finish(&mut self, speech: &mut [f32]) -> usize {
        self.resampler.finish(speech)
    }
}
