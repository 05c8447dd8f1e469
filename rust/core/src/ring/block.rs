//! One block of the ring: its stamp and its samples.

use crate::sync::UnsafeCell;

/// What a producer says about the frames of one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Index of the first frame on this ring's clock. Set by the ring when the block is published.
    pub frame: u64,
    /// Source frames published before this block. Set by the ring, too.
    pub source_frame: u64,
    /// Frames in the block.
    pub frames: u32,
    /// Frames at the source (the capture ring) that this block stands for. A capture block stands
    /// for itself; a resampled one for the frames it was made of.
    pub source_frames: u32,
    /// When the first frame was converted, in nanoseconds of `CLOCK_MONOTONIC`.
    pub adc_ns: u64,
    /// When the producer handed the block over, in nanoseconds of `CLOCK_MONOTONIC`; 0: not said.
    pub published_ns: u64,
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

/// Sixteen samples: one cache line, which also aligns them for every vector width.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Samples in whole, aligned cache lines.
#[derive(Debug)]
pub(super) struct Samples {
    lines: Box<[Line]>,
    used: usize,
}

impl Samples {
    fn new(samples: usize) -> Self {
        let lines = vec![Line([0.0; 16]); samples.div_ceil(16)].into_boxed_slice();
        Self {
            lines,
            used: samples,
        }
    }

    #[inline(always)]
    pub(super) fn as_slice(&self) -> &[f32] {
        // SAFETY: `lines` holds at least `used` contiguous, initialized f32.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.used) }
    }

    #[inline(always)]
    pub(super) fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: `lines` holds at least `used` contiguous f32, borrowed mutably with `self`.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.used) }
    }
}

/// A block. Who may touch it is decided by [hazards](super::hazard) and the ring's tail.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Block {
    pub(super) stamp: UnsafeCell<Stamp>,
    pub(super) samples: UnsafeCell<Samples>,
}

impl Block {
    pub(super) fn new(samples: usize) -> Self {
        Self {
            stamp: UnsafeCell::new(Stamp::default()),
            samples: UnsafeCell::new(Samples::new(samples)),
        }
    }
}

// SAFETY: stamp and samples are written only by the one producer, and only while the block's position
// is none of the ring's and no hazard names the block; they are read only under such a hazard.
unsafe impl Sync for Block {}
