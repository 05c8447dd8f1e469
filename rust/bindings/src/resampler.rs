//! `voicestand_core::dsp::Resampler` for Python.

use std::sync::{Mutex, MutexGuard};

use numpy::{PyArray1, ToPyArray};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use voicestand_core::dsp::{MOST_TRIM, Resampler as Core};

use crate::dsp::Samples;
use crate::exclusive::alone;

/// From so many samples on the GIL is released: what is shorter is done in some microseconds.
const LONG: usize = 1 << 13;

/// Converts one channel from one sample rate to another, block by block.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct Resampler {
    state: Mutex<State>,
    input_rate: u32,
    output_rate: u32,
    adjustable: bool,
}

#[derive(Debug)]
struct State {
    core: Core,
    /// What one call puts out, before NumPy gets its own copy of the right length.
    output: Vec<f32>,
    finished: bool,
}

impl Resampler {
    fn state(&self) -> PyResult<MutexGuard<'_, State>> {
        alone(&self.state, "using this resampler")
    }

    /// The state for more input: `ValueError` after `finish`.
    fn open(&self) -> PyResult<MutexGuard<'_, State>> {
        let state = self.state()?;
        if state.finished {
            return Err(PyValueError::new_err(
                "the resampler was finished: reset it to begin anew",
            ));
        }
        Ok(state)
    }
}

#[pymethods]
impl Resampler {
    /// A resampler from `input_rate` to `output_rate` Hz, 1,000 to 768,000; with `adjustable`, its
    /// ratio can be trimmed while it runs. Raises `ValueError` for other rates.
    #[new]
    #[pyo3(signature = (input_rate, output_rate=16_000, *, adjustable=false))]
    fn new(input_rate: u32, output_rate: u32, adjustable: bool) -> PyResult<Self> {
        let core = if adjustable {
            Core::adjustable(input_rate, output_rate)
        } else {
            Core::new(input_rate, output_rate)
        };
        let core = core.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self {
            state: Mutex::new(State {
                core,
                output: Vec::new(),
                finished: false,
            }),
            input_rate,
            output_rate,
            adjustable,
        })
    }

    /// Resamples float32 (n,), C-contiguous; returns what it completes, float32 (m,).
    #[pyo3(signature = (samples, /))]
    fn process<'py>(
        &self,
        py: Python<'py>,
        samples: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let mut state = self.open()?;
        let State { core, output, .. } = &mut *state;
        let input = line(samples, "samples")?.get();
        let most = core.most_output(input.len());
        if output.len() < most {
            output.resize(most, 0.0);
        }
        let count = if input.len() < LONG {
            core.process(input, output)
        } else {
            py.detach(|| core.process(input, output))
        };
        Ok(output.get(..count).unwrap_or_default().to_pyarray(py))
    }

    /// Resamples `samples` into the front of `out`, both float32 and C-contiguous; returns how many
    /// samples it wrote. Allocates nothing.
    #[pyo3(signature = (samples, out, /))]
    fn process_into(&self, samples: &Bound<'_, PyAny>, out: &Bound<'_, PyAny>) -> PyResult<usize> {
        let mut state = self.open()?;
        let samples = line(samples, "samples")?;
        let (input, output) = (
            samples.get(),
            line(out, "out")?.get_mut(&[samples.range()])?,
        );
        let most = state.core.most_output(input.len());
        if output.len() < most {
            return Err(PyValueError::new_err(format!(
                "out holds {} samples: make room for most_output({}), {most}",
                output.len(),
                input.len()
            )));
        }
        Ok(state.core.process(input, output))
    }

    /// The most samples that `process` may put out for `samples` samples.
    #[pyo3(signature = (samples, /))]
    fn most_output(&self, samples: usize) -> PyResult<usize> {
        Ok(self.state()?.core.most_output(samples))
    }

    /// What the end of the input completes, float32 (m,); then only `reset` is possible.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let mut state = self.open()?;
        let State { core, output, .. } = &mut *state;
        output.resize(core.most_output(0), 0.0);
        let count = core.finish(output);
        let rest = output.get(..count).unwrap_or_default().to_pyarray(py);
        state.finished = true;
        Ok(rest)
    }

    /// Forgets all input; a trim stays.
    fn reset(&self) -> PyResult<()> {
        let mut state = self.state()?;
        state.core.reset();
        state.finished = false;
        Ok(())
    }

    /// Uses `1 + trim` times as much input for each output from here on, without a click.
    ///
    /// Raises `ValueError` beyond ±0.005, or unless the resampler is adjustable.
    fn set_trim(&self, trim: f64) -> PyResult<()> {
        if !(-MOST_TRIM..=MOST_TRIM).contains(&trim) {
            return Err(PyValueError::new_err(format!(
                "a trim of {trim}: -{MOST_TRIM} to {MOST_TRIM} is possible"
            )));
        }
        if !self.state()?.core.set_trim(trim) {
            return Err(PyValueError::new_err(
                "the ratio of this resampler is fixed: make it with adjustable=True",
            ));
        }
        Ok(())
    }

    /// Where the next output lies, in input samples from the first one.
    #[getter]
    fn position(&self) -> PyResult<f64> {
        Ok(self.state()?.core.position())
    }

    /// Seconds of input that must be known beyond a point to output it.
    #[getter]
    fn delay(&self) -> PyResult<f64> {
        Ok(self.state()?.core.delay() as f64 / f64::from(self.input_rate))
    }

    /// Hz.
    #[getter]
    fn input_rate(&self) -> u32 {
        self.input_rate
    }

    /// Hz.
    #[getter]
    fn output_rate(&self) -> u32 {
        self.output_rate
    }

    fn __repr__(&self) -> String {
        let adjustable = if self.adjustable {
            ", adjustable=True"
        } else {
            ""
        };
        format!(
            "Resampler({}, {}{adjustable})",
            self.input_rate, self.output_rate
        )
    }
}

/// An array of one dimension.
fn line<'a, 'py>(
    value: &'a Bound<'py, PyAny>,
    name: &'static str,
) -> PyResult<Samples<'a, 'py, f32>> {
    let samples = Samples::of(value, name)?;
    match samples.shape() {
        [_] => Ok(samples),
        shape => Err(PyTypeError::new_err(format!(
            "{name}: one dimension is wanted, not shape {shape:?}"
        ))),
    }
}
