//! `voicestand._native`: conversion between Python and [`voicestand_core`], nothing else.

mod cpu;

use pyo3::prelude::*;

/// The native half of VoiceStand.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    cpu::register(module)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
