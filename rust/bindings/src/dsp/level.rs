//! Peak, RMS, mean and clipping.

use pyo3::prelude::*;

use super::arrays::Samples;
use super::{chosen, run};

/// The largest size of a sample, float32 of any shape; NaN is left out, 0 for none.
#[pyfunction]
fn peak(py: Python<'_>, samples: &Bound<'_, PyAny>) -> PyResult<f32> {
    let (kernels, samples) = (chosen()?, Samples::of(samples, "samples")?.get());
    Ok(run(py, samples.len(), || kernels.peak(samples)))
}

/// The root of the mean square of float32 samples, summed in double precision; 0 for none.
#[pyfunction]
fn rms(py: Python<'_>, samples: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (kernels, samples) = (chosen()?, Samples::of(samples, "samples")?.get());
    let squares = run(py, samples.len(), || kernels.sum_of_squares(samples));
    Ok((squares / samples.len().max(1) as f64).sqrt())
}

/// The mean of float32 samples, summed in double precision; 0 for none.
#[pyfunction]
fn dc(py: Python<'_>, samples: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (kernels, samples) = (chosen()?, Samples::of(samples, "samples")?.get());
    let sum = run(py, samples.len(), || kernels.sum(samples));
    Ok(sum / samples.len().max(1) as f64)
}

/// How many float32 samples are at least ``threshold`` in size; NaN is not.
#[pyfunction]
#[pyo3(signature = (samples, threshold=0.999_969_5))]
fn clip_count(py: Python<'_>, samples: &Bound<'_, PyAny>, threshold: f32) -> PyResult<u64> {
    let (kernels, samples) = (chosen()?, Samples::of(samples, "samples")?.get());
    Ok(run(py, samples.len(), || {
        kernels.clip_count(samples, threshold)
    }))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(peak, module)?)?;
    module.add_function(wrap_pyfunction!(rms, module)?)?;
    module.add_function(wrap_pyfunction!(dc, module)?)?;
    module.add_function(wrap_pyfunction!(clip_count, module)?)
}
