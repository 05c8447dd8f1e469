//! Blocks that are kept beyond their read.

use super::{block::Stamp, position::BlockNumber, shared::Shared};
use crate::sync::Arc;

/// What a reader found that wanted to keep it.
#[derive(Debug)]
pub enum ReadPinned {
    /// The next block; the producer leaves it alone until it is dropped.
    Block(PinnedBlock),
    /// Nothing new yet.
    Empty,
    /// Nothing new, and the producer has gone.
    Closed,
    /// As many blocks are kept as the ring allows ([`Shape::pins`](super::Shape::pins)): drop one of
    /// them, or [read](super::Reader::read) the block where it is. It has not been read.
    NoPinLeft,
}

/// A pin that no block has yet. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Pin {
    shared: Arc<Shared>,
    index: usize,
}

impl Pin {
    /// Reserves one of the ring's pins; `None` if there is none left.
    pub(super) fn reserve(shared: &Arc<Shared>) -> Option<Self> {
        // A load first: a compare-and-swap would take the line from its owner even where it fails.
        let index = shared
            .pins
            .iter()
            .position(|pin| pin.is_free() && pin.reserve())?;
        Some(Self {
            shared: Arc::clone(shared),
            index,
        })
    }

    /// Keeps `block`, which the caller still claims.
    pub(super) fn take_over(&self, block: BlockNumber) {
        if let Some(pin) = self.shared.pins.get(self.index) {
            pin.take_over(block);
        }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        if let Some(pin) = self.shared.pins.get(self.index) {
            pin.clear();
        }
    }
}

/// A block that somebody keeps. It may outlive its reader and its producer, and be dropped by any
/// thread; the ring's memory lives as long as it does.
#[derive(Debug)]
pub struct PinnedBlock {
    pin: Pin,
    block: BlockNumber,
    stamp: Stamp,
    lost_frames: u64,
    lost_source: u64,
}

impl PinnedBlock {
    /// `pin` has taken `block` over.
    pub(super) fn new(
        pin: Pin,
        block: BlockNumber,
        stamp: Stamp,
        (lost_frames, lost_source): (u64, u64),
    ) -> Self {
        Self {
            pin,
            block,
            stamp,
            lost_frames,
            lost_source,
        }
    }

    /// What the producer said about the block.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Frames of this ring's clock that its reader lost directly before this block.
    #[must_use]
    pub fn lost_before(&self) -> u64 {
        self.lost_frames
    }

    /// Source frames that its reader lost directly before this block.
    #[must_use]
    pub fn source_lost_before(&self) -> u64 {
        self.lost_source
    }

    /// Calls `look` with all samples of the block (its full size; [`Stamp::frames`] says how many
    /// frames count). They stay where they are, as they are, until the block is dropped.
    #[inline]
    pub fn with_samples<R>(&self, look: impl FnOnce(&[f32]) -> R) -> R {
        match self.pin.shared.block(self.block) {
            // SAFETY: our pin names the block, so the producer does not write it.
            Some(block) => block
                .samples
                .with(|samples| look(unsafe { (*samples).as_slice() })),
            None => look(&[]),
        }
    }
}
