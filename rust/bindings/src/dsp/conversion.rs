//! Between float32 and integers of 16, 24 and 32 bits.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::convert;
use super::dither::Dither;

fn same(shape: &[usize]) -> PyResult<Vec<usize>> {
    Ok(shape.to_vec())
}

/// int16 to float32 of the same shape, 1 = full scale: divided by 2**15, exactly.
#[pyfunction]
#[pyo3(signature = (samples, out=None))]
fn from_int16<'py>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    convert::<i16, f32>(py, samples, out, same, |kernels, from, to| {
        kernels.i16_to_f32(from, to)
    })
}

/// Packed little-endian 24-bit samples, uint8 (3 n,), to float32 (n,): divided by 2**23, exactly.
#[pyfunction]
#[pyo3(signature = (samples, out=None))]
fn from_int24<'py>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let third = |shape: &[usize]| match shape {
        &[bytes] if bytes % 3 == 0 => Ok(vec![bytes / 3]),
        _ => Err(PyValueError::new_err(format!(
            "samples: shape {shape:?} where one dimension of three bytes a sample is wanted"
        ))),
    };
    convert::<u8, f32>(py, samples, out, third, |kernels, from, to| {
        kernels.i24_to_f32(from.as_chunks().0, to);
    })
}

/// int32 to float32 of the same shape: divided by 2**31, rounded to the nearest.
#[pyfunction]
#[pyo3(signature = (samples, out=None))]
fn from_int32<'py>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    convert::<i32, f32>(py, samples, out, same, |kernels, from, to| {
        kernels.i32_to_f32(from, to)
    })
}

/// float32 to int16 of the same shape: times 2**15, dithered or rounded to the nearest.
///
/// Saturates beyond full scale; NaN counts as 0. Halves are rounded down.
#[pyfunction]
#[pyo3(signature = (samples, out=None, *, dither=None))]
fn to_int16<'py>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    mut dither: Option<PyRefMut<'py, Dither>>,
) -> PyResult<Bound<'py, PyAny>> {
    let dither = dither.as_deref_mut().map(|dither| &mut dither.0);
    convert::<f32, i16>(py, samples, out, same, |kernels, from, to| {
        kernels.f32_to_i16(from, to, dither);
    })
}

/// float32 of n samples to packed little-endian 24-bit samples, uint8 (3 n,).
///
/// Times 2**23; otherwise as ``to_int16``.
#[pyfunction]
#[pyo3(signature = (samples, out=None, *, dither=None))]
fn to_int24<'py>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    mut dither: Option<PyRefMut<'py, Dither>>,
) -> PyResult<Bound<'py, PyAny>> {
    let dither = dither.as_deref_mut().map(|dither| &mut dither.0);
    let thrice = |shape: &[usize]| Ok(vec![shape.iter().product::<usize>() * 3]);
    convert::<f32, u8>(py, samples, out, thrice, |kernels, from, to| {
        kernels.f32_to_i24(from, to.as_chunks_mut().0, dither);
    })
}

/// float32 to int32 of the same shape: times 2**31, rounded, saturated; NaN gives 0.
#[pyfunction]
#[pyo3(signature = (samples, out=None))]
fn to_int32<'py>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    convert::<f32, i32>(py, samples, out, same, |kernels, from, to| {
        kernels.f32_to_i32(from, to)
    })
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(from_int16, module)?)?;
    module.add_function(wrap_pyfunction!(from_int24, module)?)?;
    module.add_function(wrap_pyfunction!(from_int32, module)?)?;
    module.add_function(wrap_pyfunction!(to_int16, module)?)?;
    module.add_function(wrap_pyfunction!(to_int24, module)?)?;
    module.add_function(wrap_pyfunction!(to_int32, module)?)
}
