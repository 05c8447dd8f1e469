//! What an engine is to carry, and whether that can be.

use std::fmt;

use super::READERS;
use crate::{
    dsp::{RateError, kernels::SimdError},
    ring::Shape,
};

/// The most memory a ring may take, bytes: a guard against absurd sizes, not a target.
const LARGEST_RING: usize = 1 << 28;

/// What an engine is to carry.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Of the source, Hz.
    pub sample_rate: u32,
    /// Of the source.
    pub channels: usize,
    /// For each speech channel, the source channels that are averaged into it.
    pub roles: Vec<Vec<usize>>,
    /// Frames in a block of the capture ring; longer input is split.
    pub block_frames: usize,
    /// How long a reader may stall before it loses frames, seconds.
    pub ring_seconds: f64,
    /// Corner of the high-pass, Hz; 0 switches it off.
    pub high_pass_hz: f64,
    /// Whether the speech clock follows `CLOCK_MONOTONIC` instead of the source's own clock: for
    /// devices, so that several of them share one clock.
    pub follow_monotonic: bool,
}

/// Why an engine cannot be made.
#[derive(Clone, Debug, PartialEq)]
pub enum SpecError {
    /// The sample rate cannot be converted to 16 kHz.
    Rate(RateError),
    /// A number of channels, a role, a block or a ring size out of range; the text says which.
    Shape(String),
    /// The environment asks for an instruction set that cannot be had.
    Simd(SimdError),
    /// The system refused a thread.
    Thread(String),
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(error) => error.fmt(f),
            Self::Shape(text) => f.write_str(text),
            Self::Simd(error) => error.fmt(f),
            Self::Thread(text) => write!(f, "cannot start the DSP thread: {text}"),
        }
    }
}

impl std::error::Error for SpecError {}

impl Spec {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        let refuse = |text: String| Err(SpecError::Shape(text));
        if !(1..=256).contains(&self.channels) {
            return refuse(format!("{} channels: 1 to 256 are possible", self.channels));
        }
        if self.roles.is_empty() || self.roles.len() > 8 {
            return refuse(format!(
                "{} speech channels: 1 to 8 are possible",
                self.roles.len()
            ));
        }
        for role in &self.roles {
            if role.is_empty() || role.iter().any(|&input| input >= self.channels) {
                return refuse(format!(
                    "a speech channel of {role:?} of {} channels",
                    self.channels
                ));
            }
        }
        if !(16..=65_536).contains(&self.block_frames) {
            return refuse(format!(
                "blocks of {} frames: 16 to 65536",
                self.block_frames
            ));
        }
        if !(0.01..=600.0).contains(&self.ring_seconds) {
            return refuse(format!("a ring of {} s: 0.01 to 600 s", self.ring_seconds));
        }
        if !(0.0..=1000.0).contains(&self.high_pass_hz) {
            return refuse(format!(
                "a high-pass at {} Hz: 0 to 1000 Hz",
                self.high_pass_hz
            ));
        }
        Ok(())
    }

    /// The shape of a ring that holds `ring_seconds` in blocks of `block_samples` samples.
    pub(super) fn ring(&self, block_samples: usize) -> Result<Shape, SpecError> {
        let frames = self.ring_seconds * f64::from(self.sample_rate);
        let blocks = (frames / self.block_frames as f64).ceil().max(4.0) as usize;
        if block_samples.saturating_mul(4).saturating_mul(blocks) > LARGEST_RING {
            return Err(SpecError::Shape(format!(
                "a ring of {} s of {} channels at {} Hz would take more than {} MB",
                self.ring_seconds,
                self.channels,
                self.sample_rate,
                LARGEST_RING >> 20
            )));
        }
        Ok(Shape {
            blocks,
            block_samples,
            readers: READERS,
            pins: 0,
        })
    }
}
