//! Conditioning: what happens to samples between the device and speech recognition.
//!
//! Every stage is built once, at its final size, and then neither allocates nor fails.

mod channel;
mod echo_canceller;
mod gain_control;
mod gating;
mod high_pass;
mod k_weighting;
pub mod kernels;
mod log_mel;
mod loudness;
mod meter;
mod noise_suppressor;
mod resampler;
mod residual_echo;
mod speech_chain;
mod stage;
mod steadiness;
mod switches;
mod transform;

pub use channel::Channel;
pub use echo_canceller::EchoCanceller;
pub use gain_control::GainControl;
pub use high_pass::HighPass;
pub use log_mel::LogMel;
pub use loudness::{Loudness, LoudnessMeter, LoudnessReading};
pub use meter::{Level, Meter};
pub use noise_suppressor::NoiseSuppressor;
pub use resampler::{MOST_TRIM, RateError, Resampler};
pub use speech_chain::{FarEnd, SpeechChain};
pub use switches::{Conditioning, Switches};

/// Sample rate of speech processing, Hz.
pub const SPEECH_RATE: u32 = 16_000;

/// Samples in a frame of speech processing: 10 ms.
pub const FRAME: usize = 160;

/// A frame of speech.
pub type Frame = [f32; FRAME];
