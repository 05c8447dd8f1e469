//! The native device callback, as two addresses that PortAudio is given.

use std::ffi::c_void;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use voicestand_core::capture::{Input, SampleFormat, Stream, stream_callback};

use crate::user_data::UserData;

/// What PortAudio needs to call the core without Python: a callback and its user data.
///
/// `release` must come after the stream was closed. A handle that is dropped without it leaks its
/// few bytes on purpose: PortAudio may still be calling.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct DeviceStream {
    stream: UserData<Stream>,
}

impl DeviceStream {
    pub(crate) fn new(
        input: Arc<Input>,
        sample_rate: u32,
        channels: usize,
        sample_format: &str,
    ) -> PyResult<Self> {
        let format = match sample_format {
            "float32" => SampleFormat::F32,
            "int16" => SampleFormat::I16,
            other => {
                return Err(PyValueError::new_err(format!(
                    "sample_format {other:?}: float32 or int16"
                )));
            }
        };
        let stream = Stream::new(input, sample_rate, channels, format);
        Ok(Self {
            stream: UserData::new(stream),
        })
    }
}

#[pymethods]
impl DeviceStream {
    /// Address of the `PaStreamCallback`.
    #[getter]
    fn callback(&self) -> usize {
        stream_callback as *const c_void as usize
    }

    /// Address to pass as the callback's user data; 0 after `release`.
    #[getter]
    fn userdata(&self) -> usize {
        self.stream.address()
    }

    /// Ignores this stream's audio from now on and asks PortAudio to end it: for a stream that hangs
    /// while another one takes its place.
    fn detach(&self) {
        if let Some(stream) = self.stream.get() {
            stream.detach();
        }
    }

    /// Frees the user data. Only after the PortAudio stream was closed.
    fn release(&self) {
        self.stream.release();
    }
}
