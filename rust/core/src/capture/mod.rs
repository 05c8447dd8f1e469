//! Where audio enters: the native device callback, files, and the books of both.

mod input;
mod portaudio;

pub use input::{Input, InputCounts};
pub use portaudio::{Stream, TimeInfo, stream_callback};
