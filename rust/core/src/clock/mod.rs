//! The monotonic clock that all latencies are measured on, and how devices relate to it.

mod cadence;
mod delay_locked_loop;
mod steering;

pub use cadence::Cadence;
pub use delay_locked_loop::DelayLockedLoop;
pub use steering::{Arrival, Reading, Steering};

/// `CLOCK_MONOTONIC` in nanoseconds; Python's `time.monotonic()` shows the same clock. Read through
/// the vDSO: no system call.
#[must_use]
pub fn monotonic_ns() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the call writes the timespec it is given and nothing else.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}
