//! `voicestand_core::dsp::LogMel` for Python.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use voicestand_core::dsp::LogMel as CoreLogMel;

use super::{chosen, convert};

/// Whisper's features; see `voicestand_core::dsp::LogMel`.
#[pyclass(module = "voicestand._native")]
#[derive(Debug)]
pub struct LogMel(CoreLogMel);

#[pymethods]
impl LogMel {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self(CoreLogMel::new(chosen()?)))
    }

    /// Features, float32 (80, n // 160), of speech, float32 (n,).
    ///
    /// Power in each band, at least 1e-10; log10 of it, no more than 8 below the largest; plus 4,
    /// divided by 4. Windows are centred, and the speech is reflected at both ends.
    #[pyo3(signature = (samples, out=None))]
    fn process<'py>(
        &mut self,
        py: Python<'py>,
        samples: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let shape = |shape: &[usize]| match shape {
            &[length] => Ok(vec![CoreLogMel::BANDS, CoreLogMel::frames(length)]),
            _ => Err(PyValueError::new_err(format!(
                "samples: shape {shape:?} where one dimension is wanted"
            ))),
        };
        convert::<f32, f32>(py, samples, out, shape, |_, from, to| {
            self.0.process(from, to)
        })
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<LogMel>()
}
