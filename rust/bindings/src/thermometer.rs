//! `voicestand_core::cpu::Thermometer` for Python.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use voicestand_core::cpu::Thermometer as Core;

/// The package temperature of this machine, or of a snapshot in the folder `sysroot`.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct Thermometer {
    core: Mutex<Core>,
}

#[pymethods]
impl Thermometer {
    /// Finds the sensors; without any, `read` gives `None`.
    #[new]
    #[pyo3(signature = (sysroot=None))]
    fn new(sysroot: Option<PathBuf>) -> Self {
        let root = sysroot.unwrap_or_else(|| PathBuf::from("/"));
        Self {
            core: Mutex::new(Core::new(&root)),
        }
    }

    /// °C of the hottest package; `None` where nothing plausible can be read.
    fn read(&self, py: Python<'_>) -> Option<f64> {
        py.detach(|| {
            let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
            core.read()
        })
    }

    /// °C to stay below: the lowest plausible trip point, else 100.
    #[getter]
    fn limit(&self, py: Python<'_>) -> f64 {
        py.detach(|| {
            let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
            core.limit()
        })
    }
}
