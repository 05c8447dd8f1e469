//! Hazards: how readers say which blocks they look at.
//!
//! The idea is Maged Michael's hazard pointers (2004). A reader says what it is about to look at and
//! *then* looks whether the ring still has it; the producer takes a block off the ring and *then* looks
//! whether somebody said so. With a sequentially consistent fence between the two steps on both sides at
//! least one of them sees the other: either the reader learns that it came too late, or the producer
//! leaves the block alone. (That a reader needs such a fence at all is no weakness of this scheme: see
//! Attiya et al., *Laws of Order*, 2011.)
//!
//! Letting go is a plain store. A hazard that is seen late only keeps a block back for longer.
//!
//! # Two kinds
//!
//! - Every reader's desk has a [`Claim`]: not to one block but to the next [`SPAN`] positions, published
//!   yet or not, so that a reader pays for one fence in as many blocks. The producer needs the fence only
//!   when it takes back what a reader is not done with, which is when that reader is overrun.
//! - The ring has [`Shape::pins`](super::Shape::pins) more, each a [`Hazard`] that names one block which
//!   is kept beyond the read. A block gets it while the claim still covers it, so it is never without; the
//!   producer looks at the claims first and at the pins after that, so it cannot miss a block on its way
//!   from one to the other.

use std::ops::Range;

use super::position::{BlockNumber, Position};
use crate::sync::{AtomicU32, AtomicU64, Ordering, store_then_look};

/// Positions that a reader claims at once.
///
/// NB: each costs the ring a block for every reader. The model checker takes the fewest that are several.
pub(super) const SPAN: u64 = if cfg!(loom) { 2 } else { 8 };

/// What a reader may look at: all positions from `cursor` up to `end`.
#[derive(Debug)]
pub(super) struct Claim {
    /// Position of the first block the reader is not done with.
    cursor: AtomicU64,
    /// At most `SPAN` behind where the cursor was when it was set; 0: nothing is claimed.
    end: AtomicU64,
}

impl Claim {
    pub(super) fn new() -> Self {
        Self {
            cursor: AtomicU64::new(0),
            end: AtomicU64::new(0),
        }
    }

    /// Claims `SPAN` positions from `first` on, being done with all before it; returns their end. The
    /// caller's next `SeqCst` loads tell whether it was in time for each of them.
    pub(super) fn stake(&self, first: Position) -> Position {
        // The cursor first, the end after it: no more than `SPAN` are ever claimed.
        self.done(first);
        store_then_look!(self.end, first + SPAN);
        first + SPAN
    }

    /// Lets go of everything before `position`.
    #[inline(always)]
    pub(super) fn done(&self, position: Position) {
        // Release: what the owner read of the blocks comes before the producer's next write of them.
        self.cursor.store(position, Ordering::Release);
    }

    /// Lets go of everything.
    pub(super) fn give_up(&self) {
        // Release: as above.
        self.end.store(0, Ordering::Release);
    }

    /// Position of the first block that the owner is not done with.
    pub(super) fn cursor(&self) -> Position {
        self.cursor.load(Ordering::Acquire)
    }

    /// What the owner may look at: for the producer, which took it off the ring before a fence.
    pub(super) fn positions(&self) -> Range<Position> {
        // Acquire: the end comes with the cursor it was set behind, and the cursor with the owner's
        // reads of what is before it.
        let end = self.end.load(Ordering::Acquire);
        self.cursor()..end
    }
}

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

    /// Lets go of the block.
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

    /// Names a block that a claim of the caller still covers.
    pub(super) fn take_over(&self, block: BlockNumber) {
        debug_assert!(block < RESERVED);
        // Release: who finds this block here finds the owner before done with its own.
        self.0.store(block, Ordering::Release);
    }

    /// The block that is named, for the producer, after it looked at the claims.
    pub(super) fn named(&self) -> Option<BlockNumber> {
        // Acquire: pairs with `clear`, and with the next `take_over` after it.
        let block = self.0.load(Ordering::Acquire);
        (block < RESERVED).then_some(block)
    }

    /// Whether nobody has it.
    pub(super) fn is_free(&self) -> bool {
        self.0.load(Ordering::Relaxed) == NONE
    }
}
