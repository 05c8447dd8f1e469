//! Gain, mixing, windowing and limiting of NumPy arrays, in place or into another.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use voicestand_core::dsp::kernels::SoftLimit;

use super::arrays::{Samples, demand};
use super::{Target, chosen, run, target, target_of};

fn finite(name: &str, value: f32) -> PyResult<()> {
    demand(value.is_finite(), || {
        format!("{name}: {value} is no finite number")
    })
}

/// Multiplies ``samples`` by a gain, in place or into ``out``.
///
/// float32 of any shape. With ``end`` the gain goes linearly: sample i of n is multiplied by
/// ``start + i * (end - start) / n``. Raises ``ValueError`` for a gain that is not finite.
#[pyfunction]
#[pyo3(signature = (samples, start, end=None, *, out=None))]
fn gain(
    py: Python<'_>,
    samples: &Bound<'_, PyAny>,
    start: f32,
    end: Option<f32>,
    out: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let kernels = chosen()?;
    let end = end.unwrap_or(start);
    finite("start", start)?;
    finite("end", end)?;
    let to = target(&Samples::of(samples, "samples")?, out)?;
    run(py, to.len(), || kernels.gain(to, start, end));
    Ok(())
}

/// Adds ``weight * samples`` to ``into``; both float32 of one shape.
///
/// Raises ``ValueError`` for a weight that is not finite.
#[pyfunction]
#[pyo3(signature = (into, samples, weight=1.0))]
fn mix(
    py: Python<'_>,
    into: &Bound<'_, PyAny>,
    samples: &Bound<'_, PyAny>,
    weight: f32,
) -> PyResult<()> {
    let kernels = chosen()?;
    finite("weight", weight)?;
    let (into, samples) = (
        Samples::of(into, "into")?,
        Samples::<f32>::of(samples, "samples")?,
    );
    demand(into.shape() == samples.shape(), || {
        format!(
            "into: shape {:?} for samples of {:?}",
            into.shape(),
            samples.shape()
        )
    })?;
    let (to, from) = (into.get_mut(&[samples.range()])?, samples.get());
    run(py, to.len(), || kernels.mix(to, from, weight));
    Ok(())
}

/// Multiplies ``samples`` by ``window``, in place or into ``out``; float32 of one shape.
#[pyfunction]
#[pyo3(signature = (samples, window, *, out=None))]
fn multiply(
    py: Python<'_>,
    samples: &Bound<'_, PyAny>,
    window: &Bound<'_, PyAny>,
    out: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let kernels = chosen()?;
    let (samples, window) = (
        Samples::of(samples, "samples")?,
        Samples::<f32>::of(window, "window")?,
    );
    demand(samples.shape() == window.shape(), || {
        format!(
            "window: shape {:?} for samples of {:?}",
            window.shape(),
            samples.shape()
        )
    })?;
    match target_of(&samples, out, &[window.range()])? {
        Target::Same(to) => {
            let by = window.get();
            run(py, to.len(), || kernels.multiply(to, by));
        }
        Target::Other(to) => {
            let (from, by) = (samples.get(), window.get());
            run(py, to.len(), || kernels.multiply_into(from, by, to));
        }
    }
    Ok(())
}

/// Limits ``samples`` softly, in place or into ``out``; float32 of any shape, NaN becomes 0.
///
/// Unchanged up to ``threshold``; with k = ceiling - threshold and e = |x| - threshold, the size becomes
/// threshold + e - e**2 / (4 k), and the ceiling from e = 2 k on. Raises ``ValueError`` unless
/// 0 <= threshold < ceiling.
#[pyfunction]
#[pyo3(signature = (samples, *, threshold=0.7, ceiling=1.0, out=None))]
fn limit(
    py: Python<'_>,
    samples: &Bound<'_, PyAny>,
    threshold: f32,
    ceiling: f32,
    out: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let kernels = chosen()?;
    let Some(curve) = SoftLimit::new(threshold, ceiling) else {
        return Err(PyValueError::new_err(format!(
            "threshold {threshold}, ceiling {ceiling}: 0 <= threshold < ceiling is wanted"
        )));
    };
    let to = target(&Samples::of(samples, "samples")?, out)?;
    run(py, to.len(), || kernels.soft_limit(to, curve));
    Ok(())
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(gain, module)?)?;
    module.add_function(wrap_pyfunction!(mix, module)?)?;
    module.add_function(wrap_pyfunction!(multiply, module)?)?;
    module.add_function(wrap_pyfunction!(limit, module)?)
}
