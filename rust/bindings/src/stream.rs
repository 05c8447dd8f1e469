//! The native device callback, as two addresses that PortAudio is given.

use std::ffi::c_void;
use std::sync::{
    Arc,
    atomic::{AtomicPtr, Ordering},
};

use pyo3::prelude::*;
use voicestand_core::capture::{Input, Stream, stream_callback};

/// What PortAudio needs to call the core without Python: a callback and its user data.
///
/// `release` must come after the stream was closed. A handle that is dropped without it leaks its
/// few bytes on purpose: PortAudio may still be calling.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct DeviceStream {
    stream: AtomicPtr<Stream>,
}

impl DeviceStream {
    pub(crate) fn new(input: Arc<Input>, sample_rate: u32) -> Self {
        let stream = Box::into_raw(Box::new(Stream { input, sample_rate }));
        Self {
            stream: AtomicPtr::new(stream),
        }
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
        self.stream.load(Ordering::Acquire) as usize
    }

    /// Frees the user data. Only after the PortAudio stream was closed.
    fn release(&self) {
        let stream = self.stream.swap(std::ptr::null_mut(), Ordering::AcqRel);
        if !stream.is_null() {
            // SAFETY: the pointer came from `Box::into_raw` and the swap hands it out once.
            drop(unsafe { Box::from_raw(stream) });
        }
    }
}
