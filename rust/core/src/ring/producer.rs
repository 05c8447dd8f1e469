//! The writing end. Wait-free: every publication takes a bounded number of steps.

use std::fmt;

use super::{
    block::Stamp,
    position::{BlockNumber, Position},
    shared::Shared,
    stock::Stock,
};
use crate::sync::{Arc, Ordering};

/// The one writer of a ring. Never waits, allocates or enters the kernel, except to wake readers
/// that sleep.
///
/// Dropping it closes the ring: readers get what is left and then learn that there is no more.
pub struct Producer {
    shared: Arc<Shared>,
    head: Position,
    frame: u64,
    source_frame: u64,
    /// The block being written: not on the ring, and claimed by nobody.
    current: BlockNumber,
    stock: Stock,
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("head", &self.head)
            .field("frame", &self.frame)
            .finish_non_exhaustive()
    }
}

impl Producer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let mut stock = Stock::new(shared.blocks.len());
        Self {
            head: 0,
            frame: 0,
            source_frame: 0,
            current: stock.take(&shared, 0),
            stock,
            shared,
        }
    }

    /// Samples that fit in a block.
    #[must_use]
    pub fn block_samples(&self) -> usize {
        self.shared.block_samples
    }

    /// Index of the next frame on this ring's clock.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// Lets the ring's clock go on by `frames` frames that the source never gave: readers see them
    /// as missing before the next block, and not as source frames that they lost.
    pub fn skip(&mut self, frames: u64) {
        self.frame += frames;
    }

    /// Publishes one block: `fill` writes the samples and returns their stamp (its `frame` is set
    /// here), or `None` to publish nothing.
    ///
    /// A block that a reader looks at or keeps is never overwritten: the producer goes on with
    /// another. What `fill` leaves alone holds what some earlier block held there.
    #[inline]
    pub fn publish(&mut self, fill: impl FnOnce(&mut [f32]) -> Option<Stamp>) {
        let shared = &*self.shared;
        let (Some(block), Some(slot)) = (shared.block(self.current), shared.slot(self.head)) else {
            return;
        };
        // SAFETY: `current` came from the stock: it is off the ring and nobody claims it.
        let stamp = block
            .samples
            .with_mut(|samples| fill(unsafe { (*samples).as_mut_slice() }));
        let Some(stamp) = stamp else { return };
        let stamp = Stamp {
            frame: self.frame,
            source_frame: self.source_frame,
            ..stamp
        };
        // SAFETY: as above.
        block.stamp.with_mut(|place| unsafe { *place = stamp });
        // Release: a reader that finds a newer block here than it came for finds the tail beyond it.
        slot.store(self.current, Ordering::Release);

        self.head += 1;
        self.frame += u64::from(stamp.frames);
        self.source_frame += u64::from(stamp.source_frames);
        shared
            .source_frames
            .store(self.source_frame, Ordering::Relaxed);
        // A reader that sees the new head sees its slot and its block; and either it sees the new
        // head before it sleeps, or we see that it sleeps.
        let head = &shared.head.0;
        shared.published.0.store_and_notify(head, self.head);
        self.current = self.stock.take(shared, self.head);
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.shared.close();
    }
}
