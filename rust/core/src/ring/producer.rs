//! The writing end. Wait-free: every publication takes a bounded number of steps.

use std::{collections::VecDeque, fmt};

use super::{
    block::Stamp,
    position::{OWNED, Position, slot_of, unpinned},
    shared::Shared,
};
use crate::sync::{Arc, Ordering, spin_loop};

/// The one writer of a ring. Never waits, allocates or enters the kernel, except to wake readers
/// that sleep.
///
/// Dropping it closes the ring: readers get what is left and then learn that there is no more.
pub struct Producer {
    shared: Arc<Shared>,
    head: Position,
    frame: u64,
    source_frame: u64,
    /// The block being written, in state `OWNED`.
    current: usize,
    /// Which block each slot holds: the producer's own copy of `Shared::slots`.
    placed: Box<[u32]>,
    /// Blocks in state `OWNED`, ready to be written.
    spare: Vec<usize>,
    /// Blocks that were pinned when their slot was needed, with their positions.
    aside: VecDeque<(usize, Position)>,
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
        let slots = shared.slots.len();
        let blocks = shared.blocks.len();
        Self {
            head: 0,
            frame: 0,
            source_frame: 0,
            // Slots start with blocks 0..slots that were never published; `slots` comes next.
            current: slots,
            placed: (0..slots as u32).collect(),
            spare: (slots + 1..blocks).rev().collect(),
            aside: VecDeque::with_capacity(blocks),
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
    /// A block that a reader has pinned is never overwritten: the producer goes on with another.
    #[inline]
    pub fn publish(&mut self, fill: impl FnOnce(&mut [f32]) -> Option<Stamp>) {
        let Some(block) = self.shared.blocks.get(self.current) else {
            return;
        };
        // SAFETY: `current` is in state OWNED, and only this producer owns blocks.
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
        // Release: whoever pins the block at this position sees what was written into it.
        block.state.store(unpinned(self.head), Ordering::Release);

        let slot = slot_of(self.head, self.shared.mask);
        let written = self.current as u32;
        if let Some(place) = self.shared.slots.get(slot) {
            place.store(written, Ordering::Relaxed);
        }
        self.frame += u64::from(stamp.frames);
        self.source_frame += u64::from(stamp.source_frames);
        self.shared
            .source_frames
            .store(self.source_frame, Ordering::Relaxed);
        // Release: a reader that sees the new head sees its slot.
        self.shared.head.0.store(self.head + 1, Ordering::Release);
        self.shared.published.0.notify();

        let replaced = self
            .placed
            .get_mut(slot)
            .map(|old| std::mem::replace(old, written));
        self.head += 1;
        self.current = self.next_block(replaced.map_or(0, |old| old as usize));
    }

    /// A block to write next: the one just replaced, or if a reader holds it, another.
    fn next_block(&mut self, replaced: usize) -> usize {
        let slots = self.shared.mask + 1;
        match self.head.checked_sub(slots + 1) {
            // The slot's first block was never published: nobody can have pinned it.
            None => return replaced,
            Some(position) if self.reclaim(replaced, position) => return replaced,
            Some(position) => self.aside.push_back((replaced, position)),
        }
        // One look at a block put aside for each one put there keeps that list short.
        self.recover_one();
        loop {
            // Ends within one turn of the list: there are more spares than readers can pin.
            match self.spare.pop() {
                Some(block) => return block,
                None => {
                    spin_loop();
                    self.recover_one();
                }
            }
        }
    }

    /// Takes the oldest block that was put aside back if its reader has let go, else turns the list.
    fn recover_one(&mut self) {
        let Some((block, position)) = self.aside.pop_front() else {
            return;
        };
        if self.reclaim(block, position) {
            self.spare.push(block);
        } else {
            self.aside.push_back((block, position));
        }
    }

    /// Makes `block`, published at `position`, the producer's own, unless a reader has it pinned.
    fn reclaim(&self, block: usize, position: Position) -> bool {
        self.shared.blocks.get(block).is_some_and(|block| {
            // Acquire: pairs with the release of the last unpin, so that reader is done looking.
            block
                .state
                .compare_exchange(
                    unpinned(position),
                    OWNED,
                    Ordering::Acquire,
                    Ordering::Relaxed,
                )
                .is_ok()
        })
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.shared.close();
    }
}
