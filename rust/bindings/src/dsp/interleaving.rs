//! Between frames and planes.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::arrays::Samples;
use super::convert;

fn turned(shape: &[usize]) -> PyResult<Vec<usize>> {
    match shape {
        &[first, second] => Ok(vec![second, first]),
        _ => Err(PyValueError::new_err(format!(
            "samples: shape {shape:?} where two dimensions are wanted"
        ))),
    }
}

/// Frames, float32 (frames, channels), from planes, float32 (channels, frames).
#[pyfunction]
#[pyo3(signature = (planes, out=None))]
fn interleave<'py>(
    py: Python<'py>,
    planes: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let shape = turned(Samples::<f32>::of(planes, "samples")?.shape())?;
    let channels = shape.last().copied().unwrap_or(0);
    convert::<f32, f32>(
        py,
        planes,
        out,
        |_| Ok(shape),
        |kernels, from, to| {
            kernels.interleave(from, channels, to);
        },
    )
}

/// Planes, float32 (channels, frames), from frames, float32 (frames, channels).
#[pyfunction]
#[pyo3(signature = (frames, out=None))]
fn deinterleave<'py>(
    py: Python<'py>,
    frames: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let shape = turned(Samples::<f32>::of(frames, "samples")?.shape())?;
    let channels = shape.first().copied().unwrap_or(0);
    convert::<f32, f32>(
        py,
        frames,
        out,
        |_| Ok(shape),
        |kernels, from, to| {
            kernels.deinterleave(from, channels, to);
        },
    )
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(interleave, module)?)?;
    module.add_function(wrap_pyfunction!(deinterleave, module)?)
}
