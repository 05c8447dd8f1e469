//! Native functions that the benches of capture call around every side alike, by `ctypes`.
//!
//! They know nothing of voicestand-core: what is measured with them is measured from outside.

mod callback_times;
mod impulses;
mod time;
