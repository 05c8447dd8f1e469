//! One block of the ring: its stamp and its samples.

use std::ptr::NonNull;

use crate::{
    pool::{ALIGNMENT, Slab},
    sync::UnsafeCell,
};

/// What a producer says about the frames of one block.
///
/// NB: the two indices are not neighbours. A reader whose producer has only just written them would
/// fetch both at once, and wait until the processor has put them together from two stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Stamp {
    /// Index of the first frame on this ring's clock. Set by the ring when the block is published.
    pub frame: u64,
    /// When the first frame was converted, in nanoseconds of `CLOCK_MONOTONIC`.
    pub adc_ns: u64,
    /// Source frames published before this block. Set by the ring, too.
    pub source_frame: u64,
    /// When the producer handed the block over, in nanoseconds of `CLOCK_MONOTONIC`; 0: not said.
    pub published_ns: u64,
    /// Frames in the block.
    pub frames: u32,
    /// Frames at the source (the capture ring) that this block stands for. A capture block stands
    /// for itself; a resampled one for the frames it was made of.
    pub source_frames: u32,
    /// What the source said about it: see [`flags`].
    pub flags: u32,
}

/// Bits of [`Stamp::flags`].
pub mod flags {
    /// The audio server lost input before this block (`paInputOverflow`).
    pub const OVERFLOW: u32 = 1;
    /// The samples are silence put in the place of frames that were lost in this process.
    pub const GAP: u32 = 2;
    /// Samples that were not numbers, or infinite, were replaced by zero.
    pub const SANITIZED: u32 = 4;
}

/// The samples of one block: its part of the ring's [`Slab`], which outlives it.
#[derive(Debug)]
pub(super) struct Samples {
    first: NonNull<f32>,
    used: usize,
}

// SAFETY: samples are the only way to their part of the slab, and f32 may go to any thread.
unsafe impl Send for Samples {}

impl Samples {
    #[inline(always)]
    pub(super) fn as_slice(&self) -> &[f32] {
        // SAFETY: `used` f32 from `first` on are within the slab, zeroed before anybody had them.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.used) }
    }

    #[inline(always)]
    pub(super) fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as above, borrowed mutably with `self`, and no other block's.
        unsafe { std::slice::from_raw_parts_mut(self.first.as_ptr(), self.used) }
    }
}

/// Bytes of the slab that a block of so many samples takes: whole cache lines, which also aligns it
/// for every vector width.
pub(super) const fn stride(samples: usize) -> usize {
    samples.next_multiple_of(ALIGNMENT / size_of::<f32>()) * size_of::<f32>()
}

/// A block. Who may touch it is decided by [hazards](super::hazard) and the ring's tail.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Block {
    pub(super) stamp: UnsafeCell<Stamp>,
    pub(super) samples: UnsafeCell<Samples>,
}

impl Block {
    /// The block of that number, of `samples` samples, in a slab of at least `number + 1` strides.
    pub(super) fn new(slab: &Slab, number: usize, samples: usize) -> Self {
        let first = match samples {
            0 => NonNull::dangling(),
            _ => slab.at(number * stride(samples)).cast(),
        };
        Self {
            stamp: UnsafeCell::new(Stamp::default()),
            samples: UnsafeCell::new(Samples {
                first,
                used: samples,
            }),
        }
    }
}

// SAFETY: stamp and samples are written only by the one producer, and only while the block's position
// is none of the ring's and nobody claims or pins it; they are read only under a claim or a pin.
unsafe impl Sync for Block {}
