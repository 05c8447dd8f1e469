//! `voicestand_core::dsp::kernels` for Python: `voicestand.dsp`.

use numpy::{Element, PyArray1, PyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use voicestand_core::dsp::{
    LogMel as CoreLogMel,
    kernels::{self, Kernels, SoftLimit},
};

use crate::dsp_arrays::{Samples, demand};

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

/// `samples`, or `out` holding a copy of them, to be worked on in place.
fn target<'a>(
    samples: &Samples<'a, '_, f32>,
    out: Option<&'a Bound<'_, PyAny>>,
) -> PyResult<&'a mut [f32]> {
    let Some(out) = out else {
        return samples.get_mut(&[]);
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
        return out.get_mut(&[]);
    }
    let to = out.get_mut(&[samples.range()])?;
    to.copy_from_slice(samples.get());
    Ok(to)
}

fn finite(name: &str, value: f32) -> PyResult<()> {
    demand(value.is_finite(), || {
        format!("{name}: {value} is no finite number")
    })
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
/// ``ValueError`` if that does not exist or the CPU does not have it, as every function here does then.
#[pyfunction]
fn instruction_set() -> PyResult<&'static str> {
    Ok(chosen()?.instruction_set().name())
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
    let written = match out {
        Some(out) => Samples::<f32>::of(out, "out")?.range(),
        None => samples.range(),
    };
    let (start, end) = window.range();
    demand(start >= written.1 || written.0 >= end, || {
        "window: shares memory with what is written".to_owned()
    })?;
    let (to, by) = (target(&samples, out)?, window.get());
    run(py, to.len(), || kernels.multiply(to, by));
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

/// The convolution of samples, float32 (n,), with taps, float32 (k,), where they overlap: (n - k + 1,).
///
/// What ``numpy.convolve(samples, taps, 'valid')`` gives, within 2 k * 2**-24 of the sizes of the products.
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

/// Kaiser's window of shape ``beta``, 0 to 100, float32 (length,).
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

/// Triangular dither of one least significant bit, reproducible by its seed.
#[pyclass(module = "voicestand._native")]
#[derive(Debug)]
pub struct Dither(kernels::Dither);

#[pymethods]
impl Dither {
    #[new]
    #[pyo3(signature = (seed=0))]
    fn new(seed: u64) -> Self {
        Self(kernels::Dither::new(seed))
    }
}

/// A cascade of second-order sections with its state.
#[pyclass(module = "voicestand._native")]
#[derive(Debug)]
pub struct Biquads(Vec<kernels::Section>);

#[pymethods]
impl Biquads {
    #[new]
    fn new(sections: Vec<[f64; 5]>) -> PyResult<Self> {
        demand((1..=64).contains(&sections.len()), || {
            format!("{} sections: 1 to 64", sections.len())
        })?;
        let mut made = Vec::with_capacity(sections.len());
        for [b0, b1, b2, a1, a2] in sections {
            // Jury's criterion: both poles within the unit circle.
            let stable = a2.abs() < 1.0 && a1.abs() < 1.0 + a2;
            demand(stable && [b0, b1, b2].iter().all(|b| b.is_finite()), || {
                format!("section {b0}, {b1}, {b2}, {a1}, {a2}: must be finite and stable")
            })?;
            made.push(kernels::Section::new([b0, b1, b2], [a1, a2]));
        }
        Ok(Self(made))
    }

    /// Butterworth's high-pass of an even order up to 16, -3 dB at ``corner_hz``.
    #[staticmethod]
    #[pyo3(signature = (corner_hz, sample_rate, *, order=2))]
    fn high_pass(corner_hz: f64, sample_rate: u32, order: usize) -> PyResult<Self> {
        demand(
            corner_hz > 0.0 && corner_hz < f64::from(sample_rate) / 2.0,
            || format!("corner_hz {corner_hz}: between 0 and half the sample rate, {sample_rate}"),
        )?;
        demand(order.is_multiple_of(2) && (2..=16).contains(&order), || {
            format!("order {order}: 2, 4 ... 16")
        })?;
        Ok(Self(kernels::Section::butterworth_high_pass(
            corner_hz,
            order,
            sample_rate,
        )))
    }

    /// Filters float32 samples, the next block of one channel, in place or into ``out``.
    ///
    /// A sample that is no finite number counts as 0.
    #[pyo3(signature = (samples, *, out=None))]
    fn process(
        &mut self,
        py: Python<'_>,
        samples: &Bound<'_, PyAny>,
        out: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let kernels = chosen()?;
        let to = target(&Samples::of(samples, "samples")?, out)?;
        run(py, to.len(), || kernels.biquads(&mut self.0, to));
        Ok(())
    }

    /// Forgets what it heard.
    fn reset(&mut self) {
        self.0.iter_mut().for_each(kernels::Section::reset);
    }
}

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
    /// Power in each band; log10 of it, at least 1e-10 and no more than 8 below the largest; plus 4,
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

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Dither>()?;
    module.add_class::<Biquads>()?;
    module.add_class::<LogMel>()?;
    module.add_function(wrap_pyfunction!(instruction_set, module)?)?;
    module.add_function(wrap_pyfunction!(gain, module)?)?;
    module.add_function(wrap_pyfunction!(mix, module)?)?;
    module.add_function(wrap_pyfunction!(multiply, module)?)?;
    module.add_function(wrap_pyfunction!(limit, module)?)?;
    module.add_function(wrap_pyfunction!(interleave, module)?)?;
    module.add_function(wrap_pyfunction!(deinterleave, module)?)?;
    module.add_function(wrap_pyfunction!(from_int16, module)?)?;
    module.add_function(wrap_pyfunction!(from_int24, module)?)?;
    module.add_function(wrap_pyfunction!(from_int32, module)?)?;
    module.add_function(wrap_pyfunction!(to_int16, module)?)?;
    module.add_function(wrap_pyfunction!(to_int24, module)?)?;
    module.add_function(wrap_pyfunction!(to_int32, module)?)?;
    module.add_function(wrap_pyfunction!(peak, module)?)?;
    module.add_function(wrap_pyfunction!(rms, module)?)?;
    module.add_function(wrap_pyfunction!(dc, module)?)?;
    module.add_function(wrap_pyfunction!(clip_count, module)?)?;
    module.add_function(wrap_pyfunction!(dot, module)?)?;
    module.add_function(wrap_pyfunction!(fir, module)?)?;
    module.add_function(wrap_pyfunction!(hann, module)?)?;
    module.add_function(wrap_pyfunction!(hamming, module)?)?;
    module.add_function(wrap_pyfunction!(kaiser, module)?)?;
    Ok(())
}
