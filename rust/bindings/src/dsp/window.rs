//! Windows of Hann, Hamming and Kaiser.

use numpy::PyArray1;
use pyo3::prelude::*;
use voicestand_core::dsp::kernels;

use super::arrays::demand;

fn window_length(length: usize) -> PyResult<()> {
    demand(length <= 1 << 24, || {
        format!("length {length}: at most 16777216")
    })
}

/// Hann's window, float32 (length,); ``periodic`` for spectra, symmetric for filters.
#[pyfunction]
#[pyo3(signature = (length, *, periodic=false))]
fn hann(py: Python<'_>, length: usize, periodic: bool) -> PyResult<Bound<'_, PyArray1<f32>>> {
    window_length(length)?;
    Ok(PyArray1::from_vec(py, kernels::hann(length, periodic)))
}

/// Hamming's window, float32 (length,); ``periodic`` for spectra, symmetric for filters.
#[pyfunction]
#[pyo3(signature = (length, *, periodic=false))]
fn hamming(py: Python<'_>, length: usize, periodic: bool) -> PyResult<Bound<'_, PyArray1<f32>>> {
    window_length(length)?;
    Ok(PyArray1::from_vec(py, kernels::hamming(length, periodic)))
}

/// Kaiser's window of shape ``beta``, float32 (length,).
///
/// Raises ``ValueError`` for a ``beta`` outside 0 to 100.
#[pyfunction]
#[pyo3(signature = (length, beta, *, periodic=false))]
fn kaiser(
    py: Python<'_>,
    length: usize,
    beta: f64,
    periodic: bool,
) -> PyResult<Bound<'_, PyArray1<f32>>> {
    window_length(length)?;
    demand((0.0..=100.0).contains(&beta), || {
        format!("beta {beta}: 0 to 100")
    })?;
    Ok(PyArray1::from_vec(
        py,
        kernels::kaiser(length, periodic, beta),
    ))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(hann, module)?)?;
    module.add_function(wrap_pyfunction!(hamming, module)?)?;
    module.add_function(wrap_pyfunction!(kaiser, module)?)
}
