//! The broadcast ring itself, for those who bring their own producer.

use std::sync::{Mutex, PoisonError};

use numpy::{PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use voicestand_core::{
    clock::monotonic_ns,
    process::Home,
    ring::{self, Producer, Shape, Stamp},
};

use crate::{fork::refuse_elsewhere, ring_reader::RingReader, samples::interleaved};

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
    /// A ring of at least `blocks` blocks of up to `block_frames` frames of `channels` samples, for up
    /// to `readers` readers, who may keep `pins` blocks at a time without a copy, all together.
    #[new]
    #[pyo3(signature = (*, blocks, block_frames, channels=1, readers=8, pins=8))]
    fn new(
        blocks: usize,
        block_frames: usize,
        channels: usize,
        readers: usize,
        pins: usize,
    ) -> PyResult<Self> {
        let samples = block_frames.saturating_mul(channels);
        if !(1..=1 << 20).contains(&blocks)
            || !(1..=1 << 20).contains(&samples)
            || !(1..=32).contains(&readers)
            || pins > 1024
            || (blocks + pins).saturating_mul(samples) > 1 << 28
        {
            return Err(PyValueError::new_err(format!(
                "a ring of {blocks} blocks of {block_frames} × {channels} samples for {readers} \
                 readers and {pins} pins: 1 to 1048576 blocks and samples a block, 2^28 samples in \
                 all, 1 to 32 readers, 0 to 1024 pins"
            )));
        }
        let (producer, ring) = ring::ring(Shape {
            blocks,
            block_samples: samples,
            readers,
            pins,
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
    ///
    /// Raises `ValueError` for more than `block_frames` frames, another shape, or after `close`.
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
            if let Some(block) = block.get_mut(..audio.len()) {
                block.copy_from_slice(audio);
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

    /// A new reader, which sees what is written from now on. Raises `RuntimeError` if there are as
    /// many as the ring was made for.
    fn reader(&self) -> PyResult<RingReader> {
        refuse_elsewhere(self.home, "ring")?;
        let reader = self.ring.reader();
        reader
            .map(|reader| RingReader::new(reader, self.channels, self.ring.pins(), self.home))
            .ok_or_else(|| PyRuntimeError::new_err("every reader's place is taken"))
    }

    /// Blocks that are kept by arrays of `RingReader.borrow` at this moment.
    #[getter]
    fn pinned(&self) -> usize {
        self.ring.pinned()
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
