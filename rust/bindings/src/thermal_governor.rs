//! `voicestand_core::cpu::Governor` for Python.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use voicestand_core::cpu::Governor;

/// How much background work the machine can cool: `full`, `batched`, `thrifty` or `single`.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct ThermalGovernor {
    core: Mutex<Governor>,
}

impl ThermalGovernor {
    fn core(&self) -> MutexGuard<'_, Governor> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl ThermalGovernor {
    /// At full load; `limit`: °C to stay below.
    #[new]
    #[pyo3(signature = (limit=100.0))]
    fn new(limit: f64) -> PyResult<Self> {
        if !limit.is_finite() {
            return Err(PyValueError::new_err(format!(
                "a limit of {limit} °C: give a number"
            )));
        }
        Ok(Self {
            core: Mutex::new(Governor::new(limit)),
        })
    }

    /// The present level.
    #[getter]
    fn level(&self) -> String {
        self.core().level().to_string()
    }

    /// Takes in a reading in °C (`None`: no reading) made at `now` (seconds, of a clock that does
    /// not go back), about once a second. The new level, or `None` if it stays. Raises `ValueError`
    /// for a time below 0 or that is none.
    fn observe(&self, now: f64, celsius: Option<f64>) -> PyResult<Option<String>> {
        let now = Duration::try_from_secs_f64(now).map_err(|_| {
            PyValueError::new_err(format!("a reading at {now} s: give seconds from 0 on"))
        })?;
        let step = self.core().observe(now, celsius);
        Ok(step.map(|step| step.to.to_string()))
    }
}
