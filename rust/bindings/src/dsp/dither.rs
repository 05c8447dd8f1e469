//! `voicestand_core::dsp::kernels::Dither` for Python.

use pyo3::prelude::*;
use voicestand_core::dsp::kernels;

/// Triangular dither of one least significant bit, reproducible by its seed.
#[pyclass(module = "voicestand._native")]
#[derive(Debug)]
pub struct Dither(pub(super) kernels::Dither);

#[pymethods]
impl Dither {
    #[new]
    #[pyo3(signature = (seed=0))]
    fn new(seed: u64) -> Self {
        Self(kernels::Dither::new(seed))
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Dither>()
}
