//! `voicestand_core::cpu` for Python: the topology, and whether real-time priority is permitted.

use pyo3::prelude::*;

/// Adds the functions of this file to `module`.
///
/// # Errors
///
/// Whatever Python raises while adding an attribute.
pub fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
