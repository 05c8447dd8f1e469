//! Where audio leaves: a ring that is written at leisure and played by a native device callback.

mod output;
mod player;
mod portaudio;

pub use output::{Output, OutputCounts};
pub use player::{Player, PlayerSpec, Written};
pub use portaudio::{OutputStream, playback_callback};
