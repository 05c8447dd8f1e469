//! Dot product and FIR filter.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::arrays::{Samples, demand};
use super::{chosen, convert, run};

/// The dot product of two float32 arrays of one shape.
///
/// Within 2 n * 2**-24 of the sum of the sizes of the n products.
#[pyfunction]
fn dot(py: Python<'_>, a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> PyResult<f32> {
    let kernels = chosen()?;
    let (a, b) = (Samples::of(a, "a")?, Samples::<f32>::of(b, "b")?);
    demand(a.shape() == b.shape(), || {
        format!("b: shape {:?} where {:?} is wanted", b.shape(), a.shape())
    })?;
    let (a, b) = (a.get(), b.get());
    Ok(run(py, a.len(), || kernels.dot(a, b)))
}

/// The convolution of float32 (n,) with ``taps``, float32 (k,), where they overlap completely.
///
/// float32 (n - k + 1,): what ``numpy.convolve(samples, taps, "valid")`` gives, within 2 k * 2**-24 of the
/// sum of the sizes of the products.
#[pyfunction]
#[pyo3(signature = (samples, taps, out=None))]
fn fir<'py>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    taps: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let taps = Samples::<f32>::of(taps, "taps")?;
    if let Some(out) = out {
        Samples::<f32>::of(out, "out")?.get_mut(&[taps.range()])?;
    }
    let taps = taps.get();
    let valid = |shape: &[usize]| match shape {
        &[length] if (1..=length).contains(&taps.len()) => Ok(vec![length + 1 - taps.len()]),
        _ => Err(PyValueError::new_err(format!(
            "samples: shape {shape:?} where one dimension of at least the number of taps, {}, is wanted",
            taps.len()
        ))),
    };
    convert::<f32, f32>(py, samples, out, valid, |kernels, from, to| {
        kernels.fir(from, taps, to)
    })
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(dot, module)?)?;
    module.add_function(wrap_pyfunction!(fir, module)?)
}
