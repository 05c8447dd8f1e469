//! The producer's stock of blocks: which it may write, and how it gets them back.

use std::ops::Range;

use super::{
    hazard::Hazard,
    position::{BlockNumber, Position, oldest},
    shared::{CYCLE, Shared},
};
use crate::sync::{Ordering, fence};

/// The blocks that are not on the ring, in the producer's hands.
#[derive(Debug)]
pub(super) struct Stock {
    /// Blocks that may be written; the one that was read last is on top, and still in the cache.
    free: Vec<BlockNumber>,
    /// Blocks off the ring that were somebody's when the producer last looked.
    held: Vec<Held>,
    /// The producer's own copy of `Shared::tail`.
    tail: Position,
    /// Blocks that may be taken before the next look.
    before_look: usize,
    /// For each block, the number of the look in which a pin named it.
    pinned: Box<[u64]>,
    looks: u64,
}

/// A block that is off the ring, and still looked at.
#[derive(Debug)]
struct Held {
    block: BlockNumber,
    /// Where it was on the ring.
    position: Position,
    claimed: bool,
}

impl Stock {
    /// Every block there is.
    pub(super) fn new(blocks: usize) -> Self {
        Self {
            free: (0..blocks as BlockNumber).rev().collect(),
            held: Vec::with_capacity(blocks),
            tail: 0,
            before_look: CYCLE,
            pinned: vec![0; blocks].into(),
            looks: 0,
        }
    }

    /// A block to write, when the next position to publish is `head`.
    #[inline]
    pub(super) fn take(&mut self, shared: &Shared, head: Position) -> BlockNumber {
        if self.before_look == 0 {
            self.look(shared, head);
        }
        self.before_look -= 1;
        debug_assert!(!self.free.is_empty(), "`blocks_needed` is wrong");
        // There is always one. A number that is no block would publish nothing.
        self.free.pop().unwrap_or(BlockNumber::MAX)
    }

    /// Takes back what every reader is done with, and what has been on the ring for long enough.
    ///
    /// Bounded: it looks at every desk and pin, takes two cycles of blocks off the ring, and compares
    /// each block that is held with each reader that is overrun.
    #[cold]
    #[inline(never)]
    fn look(&mut self, shared: &Shared, head: Position) {
        self.before_look = CYCLE;
        // Between "the head is there" and "who reads?": see `Reader::join`.
        shared.barrier.light();
        // The newest block stays: who joins learns from it where the stream stands.
        let done = shared.slowest(head).min(head - 1);
        // Two cycles: one keeps up with the producer, one catches up with a reader that leaps ahead.
        let tail = done
            .max(oldest(head, shared.capacity))
            .clamp(self.tail, self.tail + 2 * CYCLE as u64);
        shared.tail.0.store(tail, Ordering::Relaxed);
        let off = self.tail..tail;
        self.tail = tail;
        if tail <= done && self.held.is_empty() && shared.pins.is_empty() {
            // Nobody claims what all readers are done with.
            self.free
                .extend(off.filter_map(|position| shared.block_at(position)));
        } else {
            self.look_around(shared, off, done);
        }
    }

    /// Frees the blocks of the positions `off` and those that were held before, and holds what is pinned
    /// and what is claimed; `done` is the first position that some reader is not done with.
    fn look_around(&mut self, shared: &Shared, off: Range<Position>, done: Position) {
        // Between "off the ring" and "does somebody claim it?": see `hazard`.
        fence(Ordering::SeqCst);
        let tail = off.end;
        self.held.extend(off.filter_map(|position| {
            let block = shared.block_at(position)?;
            Some(Held {
                block,
                position,
                claimed: false,
            })
        }));
        // Claims first, pins after them: blocks wander in that direction.
        self.look_at_claims(shared, tail, done);
        self.looks += 1;
        for block in shared.pins.iter().filter_map(Hazard::named) {
            if let Some(look) = self.pinned.get_mut(block as usize) {
                *look = self.looks;
            }
        }
        let Self {
            free,
            held,
            pinned,
            looks,
            ..
        } = self;
        held.retain(|held| {
            let keep = held.claimed || pinned.get(held.block as usize) == Some(looks);
            if !keep {
                free.push(held.block);
            }
            keep
        });
    }

    /// Finds out which of the blocks that are held are claimed: only readers that are behind `tail` can
    /// claim them, and nobody what is before `done`.
    fn look_at_claims(&mut self, shared: &Shared, tail: Position, done: Position) {
        self.held.iter_mut().for_each(|held| held.claimed = false);
        if tail <= done {
            return;
        }
        let claims = shared.desks.iter().map(|desk| desk.claim.positions());
        for positions in claims.filter(|positions| positions.start < tail) {
            for held in &mut self.held {
                held.claimed |= positions.contains(&held.position);
            }
        }
    }
}
