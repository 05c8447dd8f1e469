//! Reading a ring from Python: as a copy, or where the block lies.

use std::sync::{Mutex, MutexGuard};

use numpy::ndarray::ArrayView2;
use numpy::{PyArray2, PyArrayMethods, ToPyArray};
use pyo3::exceptions::{PyBufferError, PyTimeoutError};
use pyo3::prelude::*;
use voicestand_core::{
    process::Home,
    ring::{self, PinnedBlock, Read, ReadPinned, Stamp, Wake},
};

use crate::{exclusive::reading_alone, fork::refuse_elsewhere, samples::framed, time::Deadline};

/// One reader of a ring.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct RingReader {
    reader: Mutex<ring::Reader>,
    channels: usize,
    /// Blocks that may be borrowed from the ring at a time.
    pins: usize,
    /// Where the producer is.
    home: Home,
}

/// What a reader of a ring is handed: samples, first frame, frames lost before it.
#[derive(IntoPyObject)]
struct Block<'py>(Bound<'py, PyArray2<f32>>, u64, u64);

/// What one look at the ring brought.
enum Look<'py> {
    Block(Block<'py>),
    Empty,
    Closed,
}

/// The owner of the memory of a borrowed array: the array's base. NumPy drops it with the last view.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
struct Borrowed {
    block: PinnedBlock,
}

impl RingReader {
    pub(crate) fn new(reader: ring::Reader, channels: usize, pins: usize, home: Home) -> Self {
        Self {
            reader: Mutex::new(reader),
            channels,
            pins,
            home,
        }
    }

    fn alone(&self) -> PyResult<MutexGuard<'_, ring::Reader>> {
        refuse_elsewhere(self.home, "reader")?;
        reading_alone(&self.reader)
    }

    /// Looks until there is something or the time is over.
    fn wait_for<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
        look: impl Fn(&mut ring::Reader) -> PyResult<Look<'py>>,
    ) -> PyResult<Option<Block<'py>>> {
        let deadline = Deadline::after(timeout)?;
        let mut reader = self.alone()?;
        loop {
            match look(&mut reader)? {
                Look::Block(block) => return Ok(Some(block)),
                Look::Closed => return Ok(None),
                Look::Empty => {}
            }
            let shared = &*reader;
            match py.detach(|| shared.wait(deadline.left())) {
                Wake::Ready => {}
                Wake::Interrupted => py.check_signals()?,
                Wake::TimedOut => {
                    return Err(PyTimeoutError::new_err("no block in the time given"));
                }
            }
        }
    }

    /// The frames of a block that count, as (frames, channels).
    fn view<'a>(&self, samples: &'a [f32], stamp: Stamp) -> PyResult<ArrayView2<'a, f32>> {
        framed(samples, stamp.frames as usize, self.channels)
    }

    /// An array of the block's own memory, which keeps the block for as long as it lives.
    fn array_over<'py>(
        &self,
        py: Python<'py>,
        block: PinnedBlock,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let owner = Bound::new(py, Borrowed { block })?;
        let block = &owner.get().block;
        block.with_samples(|samples| {
            let view = self.view(samples, block.stamp())?;
            // SAFETY: `owner`, the array's base, pins the samples: they stay in place and unwritten.
            let array = unsafe { PyArray2::borrow_from_array(&view, owner.clone().into_any()) };
            // Nobody writes them from here either: readers of a ring share its blocks. NumPy does not
            // take this back, because the base offers no writable memory.
            array.readwrite().make_nonwriteable();
            Ok(array)
        })
    }
}

#[pymethods]
impl RingReader {
    /// The next block as (samples, first frame, frames lost before it); `None` at the end.
    ///
    /// `samples` is a copy, float32 (frames, channels). Waits by event with the GIL released; raises
    /// `TimeoutError` after `timeout` seconds.
    #[pyo3(signature = (timeout=None))]
    fn read<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Option<Block<'py>>> {
        self.wait_for(py, timeout, |reader| match reader.read() {
            Read::Block(block) => {
                let stamp = block.stamp();
                let array = block.with_samples(|samples| {
                    Ok::<_, PyErr>(self.view(samples, stamp)?.to_pyarray(py))
                });
                Ok(Look::Block(Block(array?, stamp.frame, block.lost_before())))
            }
            Read::Empty => Ok(Look::Empty),
            Read::Closed => Ok(Look::Closed),
        })
    }

    /// The next block like `read`, but without a copy: `samples` is a read-only array of the ring's own
    /// memory.
    ///
    /// The ring leaves the block alone until the last array over it is gone, whatever becomes of the
    /// reader and the ring, and goes on with others. It has `pins` blocks for that: with so many
    /// borrowed already, raises `BufferError` and reads nothing.
    #[pyo3(signature = (timeout=None))]
    fn borrow<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Option<Block<'py>>> {
        self.wait_for(py, timeout, |reader| match reader.read_pinned() {
            ReadPinned::Block(block) => {
                let (first, lost) = (block.stamp().frame, block.lost_before());
                let array = self.array_over(py, block)?;
                Ok(Look::Block(Block(array, first, lost)))
            }
            ReadPinned::NoPinLeft => Err(PyBufferError::new_err(format!(
                "{} blocks are borrowed, as many as this ring has pins: drop such an array, or read() \
                 the block as a copy",
                self.pins
            ))),
            ReadPinned::Empty => Ok(Look::Empty),
            ReadPinned::Closed => Ok(Look::Closed),
        })
    }

    /// Frames delivered to this reader.
    #[getter]
    fn delivered(&self) -> PyResult<u64> {
        Ok(self.alone()?.books().delivered)
    }

    /// Frames that were overwritten before this reader came for them.
    #[getter]
    fn lost(&self) -> PyResult<u64> {
        Ok(self.alone()?.books().lost)
    }
}
