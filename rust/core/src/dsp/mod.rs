//! Conditioning: what happens to samples between the device and speech recognition.
//!
//! Every stage is built once, at its final size, and then neither allocates nor fails.

mod channel;
mod high_pass;
pub mod kernels;
mod log_mel;
mod meter;
mod resampler;

pub use channel::Channel;
pub use high_pass::HighPass;
pub use log_mel::LogMel;
pub use meter::{Level, Meter};
pub use resampler::{MOST_TRIM, RateError, Resampler};

/// Sample rate of speech processing, Hz.
pub const SPEECH_RATE: u32 = 16_000;
