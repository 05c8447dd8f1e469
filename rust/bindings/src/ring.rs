//! The broadcast ring itself, for those who bring their own producer.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use numpy::ndarray::ArrayView2;
use numpy::{PyArray2, PyReadonlyArray2, PyUntypedArrayMethods, ToPyArray};
use pyo3::exceptions::{PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use voicestand_core::{
    clock::monotonic_ns,
    process::Home,
    ring::{self, Producer, Read, Shape, Stamp, Wake},
};

use crate::{fork::refuse_elsewhere, samples::interleaved, time::Deadline};

/// A ring of blocks of float32 frames: one producer, many readers, nobody waits for anybody.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct Ring {
    producer: Mutex<Option<Producer>>,
    ring: ring::Ring,
    channels: usize,
    block_frames: usize,
    home: Home,
}

#[pymethods]
impl Ring {
    /// A ring of at least `blocks` blocks of up to `block_frames` frames of `channels` samples.
    #[new]
    #[pyo3(signature = (*, blocks, block_frames, channels=1, readers=8))]
    fn new(blocks: usize, block_frames: usize, channels: usize, readers: usize) -> PyResult<Self> {
        let samples = block_frames.saturating_mul(channels);
        if !(1..=1 << 20).contains(&blocks)
            || !(1..=1 << 20).contains(&samples)
            || !(1..=32).contains(&readers)
            || blocks.saturating_mul(samples) > 1 << 28
        {
            return Err(PyValueError::new_err(format!(
                "a ring of {blocks} blocks of {block_frames} × {channels} samples for {readers} \
                 readers: 1 to 1048576 blocks and samples a block, 2^28 in all, 1 to 32 readers"
            )));
        }
        let (producer, ring) = ring::ring(Shape {
            blocks,
            block_samples: samples,
            readers,
        });
        Ok(Self {
            producer: Mutex::new(Some(producer)),
            ring,
            channels,
            block_frames,
            home: Home::here(),
        })
    }

    /// Publishes `samples`, float32 (frames, channels), C-contiguous, as one block. Never waits.
    fn write(&self, samples: PyReadonlyArray2<'_, f32>) -> PyResult<()> {
        refuse_elsewhere(self.home, "ring")?;
        let shape = samples.shape();
        let (frames, channels) = (
            shape.first().copied().unwrap_or(0),
            shape.get(1).copied().unwrap_or(0),
        );
        if channels != self.channels || frames > self.block_frames {
            return Err(PyValueError::new_err(format!(
                "a block of {frames} × {channels} samples for a ring of up to {} × {}",
                self.block_frames, self.channels
            )));
        }
        let audio = interleaved(&samples)?;
        let mut producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(producer) = producer.as_mut() else {
            return Err(PyValueError::new_err("the ring is closed"));
        };
        producer.publish(|block| {
            for (to, from) in block.iter_mut().zip(audio) {
                *to = *from;
            }
            Some(Stamp {
                frames: frames as u32,
                source_frames: frames as u32,
                adc_ns: monotonic_ns(),
                ..Stamp::default()
            })
        });
        Ok(())
    }

    /// A new reader, which sees what is written from now on.
    fn reader(&self) -> PyResult<RingReader> {
        refuse_elsewhere(self.home, "ring")?;
        let reader = self.ring.reader();
        let reader = reader.map(|reader| RingReader {
            reader: Mutex::new(reader),
            channels: self.channels,
            home: self.home,
        });
        reader.ok_or_else(|| PyRuntimeError::new_err("every reader's place is taken"))
    }

    /// No more blocks: readers get what is there and then the end.
    fn close(&self) {
        if !self.home.is_here() {
            return; // a lock that another thread held would stay locked here
        }
        drop(
            self.producer
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }
}

/// One reader of a ring.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct RingReader {
    reader: Mutex<ring::Reader>,
    channels: usize,
    home: Home,
}

impl RingReader {
    /// The reader, if no other thread has it. Waiting for that thread here could wait forever: it
    /// may need the GIL that this one holds.
    fn alone(&self) -> PyResult<MutexGuard<'_, ring::Reader>> {
        refuse_elsewhere(self.home, "reader")?;
        match self.reader.try_lock() {
            Ok(reader) => Ok(reader),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(PyRuntimeError::new_err(
                "another thread is reading from this reader: give each thread its own",
            )),
        }
    }
}

/// What a reader of a ring is handed.
#[derive(IntoPyObject)]
struct Block<'py>(Bound<'py, PyArray2<f32>>, u64, u64);

#[pymethods]
impl RingReader {
    /// The next block as (samples, first frame, frames lost before it); `None` at the end.
    ///
    /// Waits by event with the GIL released; raises `TimeoutError` after `timeout` seconds.
    #[pyo3(signature = (timeout=None))]
    fn read<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Option<Block<'py>>> {
        let deadline = Deadline::after(timeout)?;
        let mut reader = self.alone()?;
        loop {
            match reader.read() {
                Read::Block(block) => {
                    let stamp = block.stamp();
                    let frames = stamp.frames as usize;
                    let array = block.with_samples(|samples| {
                        let used = samples.get(..frames * self.channels).unwrap_or(samples);
                        ArrayView2::from_shape((frames, self.channels), used)
                            .map(|view| view.to_pyarray(py))
                    });
                    let array =
                        array.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
                    return Ok(Some(Block(array, stamp.frame, block.lost_before())));
                }
                Read::Closed => return Ok(None),
                Read::Empty => {}
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
