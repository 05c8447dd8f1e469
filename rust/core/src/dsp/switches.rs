//! Which stages of conditioning a channel goes through: set from anywhere, while audio runs.

use std::sync::atomic::{AtomicU8, Ordering};

use super::{EchoCanceller, NoiseSuppressor};
use crate::exchange::Exchange;

/// The stages of one channel that can be switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditioning {
    /// The high-pass, at the corner the engine was made with.
    pub high_pass: bool,
    /// Echo cancellation; the first channel only, and only where there is a far end.
    pub echo_cancellation: bool,
    /// Noise suppression.
    pub noise_suppression: bool,
    /// Automatic gain, with the limiter behind it.
    pub automatic_gain: bool,
}

impl Default for Conditioning {
    /// The high-pass alone.
    fn default() -> Self {
        Self {
            high_pass: true,
            echo_cancellation: false,
            noise_suppression: false,
            automatic_gain: false,
        }
    }
}

impl Conditioning {
    const fn bits(self) -> u8 {
        self.high_pass as u8
            | (self.echo_cancellation as u8 * ECHO)
            | (self.noise_suppression as u8 * NOISE)
            | (self.automatic_gain as u8) << 3
    }

    const fn from_bits(bits: u8) -> Self {
        Self {
            high_pass: bits & 1 != 0,
            echo_cancellation: bits & ECHO != 0,
            noise_suppression: bits & NOISE != 0,
            automatic_gain: bits & 8 != 0,
        }
    }
}

const ECHO: u8 = 1 << 1;
const NOISE: u8 = 1 << 2;

/// The switches of one channel: written by anybody, read by the DSP thread at every frame.
///
/// Who switches echo cancellation or noise suppression on for the first time also makes what does
/// it, and hands it to the DSP thread: an engine that never needs them has no memory for them.
#[derive(Debug)]
pub struct Switches {
    wanted: AtomicU8,
    /// The stages that were made.
    made: AtomicU8,
    canceller: Exchange<Box<EchoCanceller>>,
    suppressor: Exchange<Box<NoiseSuppressor>>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            wanted: AtomicU8::new(Conditioning::default().bits()),
            made: AtomicU8::new(0),
            canceller: Exchange::default(),
            suppressor: Exchange::default(),
        }
    }
}

impl Switches {
    /// What is wanted now.
    #[must_use]
    pub fn get(&self) -> Conditioning {
        Conditioning::from_bits(self.wanted.load(Ordering::Relaxed))
    }

    /// Changes what `change` changes, at once and all of it. May allocate: not for the audio path.
    pub fn update(&self, change: impl Fn(&mut Conditioning)) {
        let mut before = self.wanted.load(Ordering::Relaxed);
        loop {
            let mut wanted = Conditioning::from_bits(before);
            change(&mut wanted);
            self.make(wanted.bits());
            match self.wanted.compare_exchange_weak(
                before,
                wanted.bits(),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }

    /// Takes over what was made for echo cancellation. Wait-free, without a heap call.
    pub(super) fn take_canceller(&self, place: &mut Option<Box<EchoCanceller>>) {
        self.canceller.take(place);
    }

    /// Takes over what was made for noise suppression. Wait-free, without a heap call.
    pub(super) fn take_suppressor(&self, place: &mut Option<Box<NoiseSuppressor>>) {
        self.suppressor.take(place);
    }

    /// Makes what the stages of `wanted` need, once.
    fn make(&self, wanted: u8) {
        let missing = wanted & (ECHO | NOISE) & !self.made.fetch_or(wanted, Ordering::Relaxed);
        if missing & ECHO != 0 {
            self.canceller.offer(Some(Box::new(EchoCanceller::new())));
        }
        if missing & NOISE != 0 {
            self.suppressor
                .offer(Some(Box::new(NoiseSuppressor::new())));
        }
    }
}

/// A cross-fade between the signal without a stage (0) and with it (1), over 20 ms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Fade {
    share: f32,
    step: f32,
}

impl Fade {
    /// A fade at rest: at the end where the stage is, or is not.
    pub(super) fn resting(with_stage: bool, sample_rate: u32) -> Self {
        Self {
            share: if with_stage { 1.0 } else { 0.0 },
            step: 50.0 / sample_rate as f32,
        }
    }

    /// Whether nothing of the stage is heard.
    pub(super) fn is_without(self) -> bool {
        self.share <= 0.0
    }

    /// Whether nothing but the stage is heard.
    pub(super) fn is_with(self) -> bool {
        self.share >= 1.0
    }

    /// The next sample, one step nearer to `wanted`.
    pub(super) fn mix(&mut self, without: f32, with: f32, wanted: bool) -> f32 {
        let step = if wanted { self.step } else { -self.step };
        self.share = (self.share + step).clamp(0.0, 1.0);
        without + self.share * (with - without)
    }
}
