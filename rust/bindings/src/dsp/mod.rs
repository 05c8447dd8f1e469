//! `voicestand_core::dsp::kernels` for Python: `voicestand.dsp`.

mod amplitude;
mod arrays;
mod biquads;
mod conversion;
mod dither;
mod fir;
mod interleaving;
mod level;
mod log_mel;
mod window;

use numpy::{Element, PyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use voicestand_core::dsp::kernels::Kernels;

pub(crate) use arrays::Samples;
use arrays::demand;

/// From so many elements on the GIL is released: it costs as much as a few thousand of them.
const LONG: usize = 1 << 15;

fn chosen() -> PyResult<Kernels> {
    Kernels::chosen().map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Runs `work` on `length` elements, without the GIL if that is worth it.
fn run<R: Send>(py: Python<'_>, length: usize, work: impl FnOnce() -> R + Send) -> R {
    if length < LONG {
        work()
    } else {
        py.detach(work)
    }
}

/// Where the result goes.
enum Target<'a> {
    /// Over the samples.
    Same(&'a mut [f32]),
    /// Into another array.
    Other(&'a mut [f32]),
}

/// `out` where it is given and other memory than `samples`. Raises `ValueError` if it shares memory with
/// one of `inputs`.
///
/// Out of line it costs a tenth of a call.
#[inline(always)]
fn target_of<'a>(
    samples: &Samples<'a, '_, f32>,
    out: Option<&'a Bound<'_, PyAny>>,
    inputs: &[(usize, usize)],
) -> PyResult<Target<'a>> {
    let Some(out) = out else {
        return samples.get_mut(inputs).map(Target::Same);
    };
    let out = Samples::of(out, "out")?;
    demand(out.shape() == samples.shape(), || {
        format!(
            "out: shape {:?} for samples of {:?}",
            out.shape(),
            samples.shape()
        )
    })?;
    if out.range() == samples.range() {
        return out.get_mut(inputs).map(Target::Same);
    }
    out.apart_from(inputs)?;
    out.get_mut(&[samples.range()]).map(Target::Other)
}

/// `samples`, or `out` holding a copy of them, to be worked on in place.
#[inline(always)]
fn target<'a>(
    samples: &Samples<'a, '_, f32>,
    out: Option<&'a Bound<'_, PyAny>>,
) -> PyResult<&'a mut [f32]> {
    match target_of(samples, out, &[])? {
        Target::Same(to) => Ok(to),
        Target::Other(to) => {
            to.copy_from_slice(samples.get());
            Ok(to)
        }
    }
}

/// `out`, or a new array of `shape`.
fn place<'py, T: Element>(
    py: Python<'py>,
    out: Option<&Bound<'py, PyAny>>,
    shape: &[usize],
) -> Bound<'py, PyAny> {
    match out {
        Some(out) => out.clone(),
        None => PyArrayDyn::<T>::zeros(py, shape, false).into_any(),
    }
}

/// From an array of one type to one of another of `shape`.
fn convert<'py, A: Element + Sync, B: Element + Send>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    shape: impl FnOnce(&[usize]) -> PyResult<Vec<usize>>,
    work: impl FnOnce(Kernels, &[A], &mut [B]) + Send,
) -> PyResult<Bound<'py, PyAny>> {
    let kernels = chosen()?;
    let samples = Samples::<A>::of(samples, "samples")?;
    let shape = shape(samples.shape())?;
    let place = place::<B>(py, out, &shape);
    {
        let to = Samples::<B>::of(&place, "out")?;
        demand(to.shape() == shape, || {
            format!("out: shape {:?} where {shape:?} is wanted", to.shape())
        })?;
        let (from, to) = (samples.get(), to.get_mut(&[samples.range()])?);
        run(py, from.len(), || work(kernels, from, to));
    }
    Ok(place)
}

/// The instruction set in use: ``scalar``, ``avx2`` or ``avx512``.
///
/// Chosen once: the best of the CPU, or what the environment variable ``VOICESTAND_SIMD`` names. Raises
/// ``ValueError`` if that does not exist or the CPU does not have it, as every function of
/// ``voicestand.dsp`` does then.
#[pyfunction]
fn instruction_set() -> PyResult<&'static str> {
    Ok(chosen()?.instruction_set().name())
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    amplitude::register(module)?;
    biquads::register(module)?;
    conversion::register(module)?;
    dither::register(module)?;
    fir::register(module)?;
    interleaving::register(module)?;
    level::register(module)?;
    log_mel::register(module)?;
    window::register(module)?;
    module.add_function(wrap_pyfunction!(instruction_set, module)?)
}
