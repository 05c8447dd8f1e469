//! Seconds as Python counts them, nanoseconds as the core does.

use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Nanoseconds of a time on the monotonic clock, in seconds: 0 up to a century. Raises `ValueError`
/// for another one, by the argument's `name`.
pub(crate) fn nanoseconds(name: &str, seconds: f64) -> PyResult<u64> {
    if (0.0..=3.2e9).contains(&seconds) {
        Ok((seconds * 1e9) as u64)
    } else {
        Err(PyValueError::new_err(format!(
            "{name} {seconds}: seconds of time.monotonic() are wanted"
        )))
    }
}

/// Seconds of a time in nanoseconds.
pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// When a wait ends, however many signals and blocks come before that.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// `timeout` seconds from now; `None`, infinity and what no clock will see mean: never.
    pub(crate) fn after(timeout: Option<f64>) -> PyResult<Self> {
        let Some(seconds) = timeout else {
            return Ok(Self(None));
        };
        if seconds.is_nan() {
            return Err(PyValueError::new_err(
                "timeout: a number of seconds is wanted",
            ));
        }
        let limit = Duration::try_from_secs_f64(seconds.max(0.0)).ok();
        Ok(Self(
            limit.and_then(|limit| Instant::now().checked_add(limit)),
        ))
    }

    /// The time that is left; `None`: no limit.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0
            .map(|end| end.saturating_duration_since(Instant::now()))
    }
}
