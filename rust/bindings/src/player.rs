//! `voicestand_core::playback` for Python.

use std::ffi::c_void;
use std::sync::Arc;

use numpy::{PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use voicestand_core::{
    playback::{OutputStream, Player as Core, PlayerSpec, playback_callback},
    ring::Wake,
};

use crate::{samples::interleaved, time::Deadline, user_data::UserData};

/// A ring that Python writes and a native device callback plays.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct Player {
    core: Core,
}

impl Player {
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }
}

#[pymethods]
impl Player {
    /// Allocates the ring. Raises `ValueError` for a number out of range.
    #[new]
    #[pyo3(signature = (*, sample_rate, channels, seconds=1.0))]
    fn new(sample_rate: u32, channels: usize, seconds: f64) -> PyResult<Self> {
        let spec = PlayerSpec {
            sample_rate,
            channels,
            seconds,
        };
        let core = Core::new(spec).ok_or_else(|| {
            PyValueError::new_err(format!(
                "playback of {channels} channels at {sample_rate} Hz with {seconds} s waiting: \
                 1 to 256 channels, 1000 to 768000 Hz, 0.01 to 60 s"
            ))
        })?;
        Ok(Self { core })
    }

    /// Appends `samples`, float32 (frames, channels), C-contiguous; returns the frames accepted.
    ///
    /// Waits for room, the GIL released, at most `timeout` seconds. Fewer frames are accepted only
    /// where the time is over or the player is closed.
    #[pyo3(signature = (samples, timeout=None))]
    fn write(
        &self,
        py: Python<'_>,
        samples: PyReadonlyArray2<'_, f32>,
        timeout: Option<f64>,
    ) -> PyResult<usize> {
        let channels = self.core.spec().channels;
        let width = samples.shape().get(1).copied().unwrap_or(0);
        if width != channels {
            return Err(PyValueError::new_err(format!(
                "frames of {width} channels for playback of {channels}"
            )));
        }
        let audio = interleaved(&samples)?;
        let deadline = Deadline::after(timeout)?;
        let mut accepted = 0;
        loop {
            let rest = audio.get(accepted * channels..).unwrap_or_default();
            let written = py.detach(|| self.core.write(rest, deadline.left()));
            accepted += written.frames;
            if written.end != Wake::Interrupted {
                return Ok(accepted);
            }
            py.check_signals()?;
        }
    }

    /// Says that silence may follow what was written so far, and waits until the device was given
    /// all of it, at most `timeout` seconds; whether it was.
    #[pyo3(signature = (timeout=None))]
    fn drain(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let deadline = Deadline::after(timeout)?;
        let wait = |step: &dyn Fn() -> Wake| -> PyResult<bool> {
            loop {
                match step() {
                    Wake::Ready => return Ok(true),
                    Wake::TimedOut => return Ok(false),
                    Wake::Interrupted => py.check_signals()?,
                }
            }
        };
        Ok(
            wait(&|| py.detach(|| self.core.end_phrase(deadline.left())))?
                && wait(&|| py.detach(|| self.core.wait_until_given(deadline.left())))?,
        )
    }

    /// The native callback, for one PortAudio output stream of this rate and these channels.
    fn device_stream(&self) -> OutputDeviceStream {
        let output = Arc::clone(self.core.output());
        OutputDeviceStream {
            stream: UserData::new(OutputStream { output }),
        }
    }

    /// `played` and `starved` (frames), `underruns`, `underflows` (times).
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = self.core.output().counts();
        let dict = PyDict::new(py);
        dict.set_item("played", counts.played)?;
        dict.set_item("starved", counts.starved)?;
        dict.set_item("underruns", counts.underruns)?;
        dict.set_item("underflows", counts.underflows)?;
        Ok(dict)
    }

    /// No more will be written: the device plays what there is and ends. Safe to repeat.
    fn close(&self) {
        self.core.close();
    }
}

/// What PortAudio needs to play without Python: as `DeviceStream`, for output.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct OutputDeviceStream {
    stream: UserData<OutputStream>,
}

#[pymethods]
impl OutputDeviceStream {
    /// Address of the `PaStreamCallback`.
    #[getter]
    fn callback(&self) -> usize {
        playback_callback as *const c_void as usize
    }

    /// Address to pass as the callback's user data; 0 after `release`.
    #[getter]
    fn userdata(&self) -> usize {
        self.stream.address()
    }

    /// Frees the user data. Only after the PortAudio stream was closed.
    fn release(&self) {
        self.stream.release();
    }
}
