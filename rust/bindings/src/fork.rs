//! The answer to a child process that goes on with what it inherited.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use voicestand_core::process::Home;

/// Raises `RuntimeError` in a process forked from the one that `what` was made in.
pub(crate) fn refuse_elsewhere(home: Home, what: &str) -> PyResult<()> {
    if home.is_here() {
        return Ok(());
    }
    Err(PyRuntimeError::new_err(format!(
        "this {what} belongs to the process that this one was forked from: make a new one here"
    )))
}
