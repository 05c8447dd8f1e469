//! Where audio enters: the native device callback, files, and the books of both.

mod format;
mod input;
mod portaudio;

pub use format::SampleFormat;
pub use input::{Input, InputCounts, Moment};
pub use portaudio::{Stream, TimeInfo, stream_callback};
