//! `voicestand_core::jack` for Python.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::{PyConnectionError, PyValueError};
use pyo3::prelude::*;
use voicestand_core::jack::{Client, JackError, MOST_PORTS, Work};

use crate::{engine::Engine, player::Player};

/// A client of the running JACK server, for one stream.
///
/// Raises `ConnectionError` where there is no libjack or no server.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct JackClient {
    client: Mutex<Option<Client>>,
    #[pyo3(get)]
    sample_rate: u32,
    #[pyo3(get)]
    buffer_frames: u32,
}

#[pymethods]
impl JackClient {
    #[new]
    fn new(py: Python<'_>, name: &str) -> PyResult<Self> {
        let client = py.detach(|| Client::open(name)).map_err(refused)?;
        Ok(Self {
            sample_rate: client.sample_rate(),
            buffer_frames: client.buffer_frames(),
            client: Mutex::new(Some(client)),
        })
    }

    /// What comes from the client `source` goes into `engine` from now on, by JACK's own thread.
    ///
    /// Raises `ConnectionError` if there is no such client or the server refuses, `ValueError` for
    /// an engine of another sample rate or of more than 32 channels.
    fn capture(&self, py: Python<'_>, engine: &Engine, source: &str) -> PyResult<()> {
        let core = engine.core()?;
        self.check(core.spec().sample_rate, core.spec().channels)?;
        let work = Work::Capture(Arc::clone(core.input()));
        py.detach(|| self.run(work, source))
    }

    /// What `player` has goes to the client `sink` from now on, by JACK's own thread.
    ///
    /// Raises as `capture` does.
    fn play(&self, py: Python<'_>, player: &Player, sink: &str) -> PyResult<()> {
        let spec = player.core().spec();
        self.check(spec.sample_rate, spec.channels)?;
        let work = Work::Playback(Arc::clone(player.core().output()));
        py.detach(|| self.run(work, sink))
    }

    /// Whether the server lives and the first port is connected with another client.
    #[getter]
    fn active(&self) -> bool {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        client.as_ref().is_some_and(Client::is_active)
    }

    /// Leaves the server. Safe to repeat.
    fn close(&self, py: Python<'_>) {
        py.detach(|| {
            let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
            drop(client.take());
        });
    }
}

impl JackClient {
    fn check(&self, sample_rate: u32, channels: usize) -> PyResult<()> {
        if sample_rate != self.sample_rate {
            return Err(PyValueError::new_err(format!(
                "a stream of {sample_rate} Hz where the JACK server has {} Hz",
                self.sample_rate
            )));
        }
        if channels > MOST_PORTS {
            return Err(PyValueError::new_err(format!(
                "{channels} channels: at most {MOST_PORTS} to or from JACK"
            )));
        }
        Ok(())
    }

    fn run(&self, work: Work, other: &str) -> PyResult<()> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let client = client
            .as_mut()
            .ok_or_else(|| PyValueError::new_err("the JACK client is closed"))?;
        client.run(work, other).map_err(refused)
    }
}

fn refused(error: JackError) -> PyErr {
    PyConnectionError::new_err(error.to_string())
}
