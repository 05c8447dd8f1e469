//! Seconds as Python counts them, nanoseconds as the core does.

/// Nanoseconds of a time in seconds; 0 for what is negative or no number.
pub(crate) fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

/// Seconds of a time in nanoseconds.
pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// A time-out in seconds as a duration; `None` and what is no number mean: no limit.
pub(crate) fn limit(timeout: Option<f64>) -> Option<std::time::Duration> {
    timeout.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds.max(0.0)).ok())
}
