//! Reading 16 kHz speech from Python, in windows.

use std::sync::{Mutex, MutexGuard};

use numpy::ndarray::ArrayView2;
use numpy::{PyArray2, ToPyArray};
use pyo3::exceptions::{PyRuntimeError, PyTimeoutError};
use pyo3::prelude::*;
use voicestand_core::engine::{Window as Outcome, WindowReader};
use voicestand_core::process::Home;

use crate::exclusive::reading_alone;
use crate::fork::refuse_elsewhere;
use crate::time::{Deadline, seconds};

/// A window of speech.
#[pyclass(frozen, get_all, module = "voicestand._native")]
#[derive(Debug)]
pub struct SpeechWindow {
    /// float32 (channels, window length); behind `frames` there is silence.
    samples: Py<PyArray2<f32>>,
    /// Frames of audio in the window; fewer than its length only in the last one.
    frames: usize,
    /// Index of the first frame on the speech clock (16 kHz).
    first_frame: u64,
    /// When the end of the window was converted, in seconds of `time.monotonic()`.
    end_adc_time: f64,
    /// 1: the audio server lost audio before it; 2: silence in the place of lost frames; 4: samples
    /// that were no numbers were replaced.
    flags: u32,
}

/// One reader of an engine's speech, with books of its own.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct SpeechReader {
    reader: Mutex<WindowReader>,
    home: Home,
}

impl SpeechReader {
    pub(crate) fn new(reader: WindowReader) -> Self {
        Self {
            reader: Mutex::new(reader),
            home: Home::here(),
        }
    }

    fn alone(&self) -> PyResult<MutexGuard<'_, WindowReader>> {
        refuse_elsewhere(self.home, "reader")?;
        reading_alone(&self.reader)
    }
}

#[pymethods]
impl SpeechReader {
    /// The next window; `None` when the audio has ended. Waits by event, with the GIL released.
    ///
    /// Raises `TimeoutError` after `timeout` seconds; what has come by then is kept.
    #[pyo3(signature = (timeout=None))]
    fn read(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<SpeechWindow>> {
        let deadline = Deadline::after(timeout)?;
        let mut reader = self.alone()?;
        loop {
            let reader = &mut *reader;
            match py.detach(|| reader.read(deadline.left())) {
                Outcome::Ready => return window(py, reader).map(Some),
                Outcome::Closed => return Ok(None),
                Outcome::Interrupted => py.check_signals()?,
                Outcome::TimedOut => {
                    return Err(PyTimeoutError::new_err(
                        "no speech window in the time given",
                    ));
                }
            }
        }
    }

    /// Source frames that were delivered to this reader.
    #[getter]
    fn delivered(&self) -> PyResult<u64> {
        Ok(self.alone()?.books().delivered)
    }

    /// Source frames that were overwritten before this reader came for them.
    #[getter]
    fn lost(&self) -> PyResult<u64> {
        Ok(self.alone()?.books().lost)
    }
}

fn window(py: Python<'_>, reader: &WindowReader) -> PyResult<SpeechWindow> {
    let shape = (reader.channels(), reader.length());
    let view = ArrayView2::from_shape(shape, reader.samples())
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    Ok(SpeechWindow {
        samples: view.to_pyarray(py).unbind(),
        frames: reader.frames(),
        first_frame: reader.first_frame(),
        end_adc_time: seconds(reader.end_adc_ns()),
        flags: reader.flags(),
    })
}
