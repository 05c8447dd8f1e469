//! Reading what a source gave from Python, block by block, before any conditioning.

use std::sync::{Mutex, MutexGuard};

use numpy::{PyArray2, ToPyArray};
use pyo3::exceptions::PyTimeoutError;
use pyo3::prelude::*;
use voicestand_core::{
    clock::monotonic_ns,
    process::Home,
    ring::{BlockRef, Read, Reader, Wake},
};

use crate::{
    exclusive::reading_alone,
    fork::refuse_elsewhere,
    samples::framed,
    time::{Deadline, seconds},
};

/// A block as the source gave it.
#[pyclass(frozen, get_all, module = "voicestand._native")]
#[derive(Debug)]
pub struct CaptureBlock {
    /// float32 (frames, channels), 1 = full scale; a copy.
    samples: Py<PyArray2<f32>>,
    /// Index of the first frame on the source's clock.
    first_frame: u64,
    /// When the first frame was converted, in seconds of `time.monotonic()`.
    adc_time: f64,
    /// When the device's callback began that put it into the ring, in seconds of `time.monotonic()`.
    published_time: f64,
    /// When this reader had it in native code, before it took the GIL again.
    read_time: f64,
    /// 1: the audio server lost audio before it.
    flags: u32,
    /// Frames directly before it that this reader came too late for.
    lost: u64,
    /// Frames directly before it that the source never gave, since it was away or lost them.
    missing: u64,
}

/// One reader of what an engine's source gives, with books of its own.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct CaptureReader {
    reader: Mutex<Heard>,
    channels: usize,
    home: Home,
}

/// A reader, and what it has to tell with the next block.
#[derive(Debug)]
struct Heard {
    reader: Reader,
    lost: u64,
    missing: u64,
}

impl CaptureReader {
    pub(crate) fn new(reader: Reader, channels: usize) -> Self {
        Self {
            reader: Mutex::new(Heard {
                reader,
                lost: 0,
                missing: 0,
            }),
            channels,
            home: Home::here(),
        }
    }

    fn alone(&self) -> PyResult<MutexGuard<'_, Heard>> {
        refuse_elsewhere(self.home, "reader")?;
        reading_alone(&self.reader)
    }
}

#[pymethods]
impl CaptureReader {
    /// The next block; `None` when the audio has ended. Waits by event, with the GIL released.
    ///
    /// Raises `TimeoutError` after `timeout` seconds.
    #[pyo3(signature = (timeout=None))]
    fn read(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<CaptureBlock>> {
        let deadline = Deadline::after(timeout)?;
        let mut heard = self.alone()?;
        let mut read_ns = monotonic_ns();
        loop {
            let Heard {
                reader,
                lost,
                missing,
            } = &mut *heard;
            match reader.read() {
                Read::Block(block) => {
                    *lost += block.source_lost_before();
                    *missing += block
                        .lost_before()
                        .saturating_sub(block.source_lost_before());
                    if block.stamp().frames == 0 {
                        continue; // it says only that the clock went on
                    }
                    let before = (std::mem::take(lost), std::mem::take(missing));
                    return copied(py, &block, self.channels, before, read_ns).map(Some);
                }
                Read::Closed => return Ok(None),
                Read::Empty => {}
            }
            let shared = &*reader;
            let woken = py.detach(|| {
                let woken = shared.wait(deadline.left());
                read_ns = monotonic_ns();
                woken
            });
            match woken {
                Wake::Ready => {}
                Wake::Interrupted => py.check_signals()?,
                Wake::TimedOut => {
                    return Err(PyTimeoutError::new_err("no audio in the time given"));
                }
            }
        }
    }

    /// Frames that were delivered to this reader.
    #[getter]
    fn delivered(&self) -> PyResult<u64> {
        Ok(self.alone()?.reader.books().delivered)
    }

    /// Frames that were overwritten before this reader came for them.
    #[getter]
    fn lost(&self) -> PyResult<u64> {
        Ok(self.alone()?.reader.books().lost)
    }
}

fn copied(
    py: Python<'_>,
    block: &BlockRef<'_>,
    channels: usize,
    (lost, missing): (u64, u64),
    read_ns: u64,
) -> PyResult<CaptureBlock> {
    let stamp = block.stamp();
    let samples = block.with_samples(|samples| {
        framed(samples, stamp.frames as usize, channels).map(|view| view.to_pyarray(py).unbind())
    })?;
    Ok(CaptureBlock {
        samples,
        first_frame: stamp.frame,
        adc_time: seconds(stamp.adc_ns),
        published_time: seconds(stamp.published_ns),
        read_time: seconds(read_ns),
        flags: stamp.flags,
        lost,
        missing,
    })
}
