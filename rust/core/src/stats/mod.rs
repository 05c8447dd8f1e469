//! Seeing the engine without touching it: histograms that real-time threads write, one addition a
//! value, and that anybody may read at any time.

mod histogram;
mod instruments;
mod thread;

pub use histogram::{Histogram, Snapshot};
pub use instruments::{Instruments, Measure, Stopwatch, Unit};
pub use thread::{ThreadMark, ThreadTimes};
