//! Hazards: words in which readers name the blocks they look at.
//!
//! The idea is Maged Michael's hazard pointers (2004) with numbers for pointers. A reader names the
//! block it is about to look at and *then* looks whether the ring still has it; the producer takes the
//! block off the ring and *then* looks whether a hazard names it. With a sequentially consistent fence
//! between the two steps on both sides at least one of them sees the other: either the reader learns
//! that it came too late, or the producer leaves the block alone. (That a reader needs such a fence at
//! all is no weakness of this scheme: see Attiya et al., *Laws of Order*, 2011.)
//!
//! Letting go is a plain store. A hazard that is seen late only keeps a block back for longer.
//!
//! # Two kinds
//!
//! - Every reader's desk has one, for the block it reads now. Naming a block there costs the reader
//!   its one locked instruction.
//! - The ring has [`Shape::pins`](super::Shape::pins) more, for blocks that are kept beyond the read.
//!   A block goes from the first kind to the second while the first still names it, so it is never
//!   unnamed in between; the producer looks at the desks first and at the pins after that, so it cannot
//!   miss a block on its way from one to the other.

use super::position::BlockNumber;
use crate::sync::{AtomicU32, Ordering, store_then_look};

/// Names no block.
const NONE: BlockNumber = BlockNumber::MAX;
/// Names no block yet, and is not free either.
const RESERVED: BlockNumber = BlockNumber::MAX - 1;

/// A word that names a block which must not be written.
#[derive(Debug)]
pub(super) struct Hazard(AtomicU32);

impl Hazard {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(NONE))
    }

    /// Names `block`. The caller's next `SeqCst` load tells whether it was in time.
    #[inline(always)]
    pub(super) fn name(&self, block: BlockNumber) {
        debug_assert!(block < RESERVED);
        store_then_look!(self.0, block);
    }

    /// Lets go of the block.
    #[inline(always)]
    pub(super) fn clear(&self) {
        // Release: what the owner read of the block comes before the producer's next write of it.
        self.0.store(NONE, Ordering::Release);
    }

    /// Makes the hazard the caller's, unless somebody has it.
    pub(super) fn reserve(&self) -> bool {
        // Acquire: with `clear`, so that owners follow one another.
        self.0
            .compare_exchange(NONE, RESERVED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Names a block that another hazard of the caller still names.
    pub(super) fn take_over(&self, block: BlockNumber) {
        debug_assert!(block < RESERVED);
        // Relaxed: the other hazard is cleared by a release store, and read before this one.
        self.0.store(block, Ordering::Relaxed);
    }

    /// The block that is named, for the producer, after its fence.
    #[inline(always)]
    pub(super) fn named(&self) -> Option<BlockNumber> {
        // Acquire: pairs with `clear`, and with the next `name` after it.
        let block = self.0.load(Ordering::Acquire);
        (block < RESERVED).then_some(block)
    }

    /// Whether nobody has it.
    pub(super) fn is_free(&self) -> bool {
        self.0.load(Ordering::Relaxed) == NONE
    }
}
