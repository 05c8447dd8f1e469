//! The producer's stock of blocks: which it may write, and how it gets them back.

use super::{
    position::{BlockNumber, Position, oldest},
    shared::{CYCLE, Shared},
};
use crate::sync::{Ordering, fence};

/// The blocks that are not on the ring, in the producer's hands.
#[derive(Debug)]
pub(super) struct Stock {
    /// Blocks that may be written; the one that was read last is on top, and still in the cache.
    free: Vec<BlockNumber>,
    /// Blocks off the ring that a hazard named when the producer last looked.
    held: Vec<BlockNumber>,
    /// The producer's own copy of `Shared::tail`.
    tail: Position,
    /// Blocks that may be taken before the next look.
    before_look: usize,
    /// For each block, the number of the look in which a hazard named it.
    named: Box<[u64]>,
    looks: u64,
}

impl Stock {
    /// Every block there is.
    pub(super) fn new(blocks: usize) -> Self {
        Self {
            free: (0..blocks as BlockNumber).rev().collect(),
            held: Vec::with_capacity(blocks),
            tail: 0,
            before_look: CYCLE,
            named: vec![0; blocks].into(),
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
    /// Bounded: it looks once at every desk and pin, takes two cycles of blocks off the ring, and
    /// looks once at each block that was held before.
    #[cold]
    #[inline(never)]
    fn look(&mut self, shared: &Shared, head: Position) {
        self.before_look = CYCLE;
        self.looks += 1;
        // The newest block stays: who joins learns from it where the stream stands. Two cycles: one
        // keeps up with the producer, one catches up with a reader that leaps ahead.
        let done = shared.slowest(head).min(head - 1);
        let tail = done
            .max(oldest(head, shared.capacity))
            .clamp(self.tail, self.tail + 2 * CYCLE as u64);
        shared.tail.0.store(tail, Ordering::Relaxed);
        // Between "off the ring" and "does a hazard name it?": see `hazard`.
        fence(Ordering::SeqCst);
        let desks = shared.desks.iter().map(|desk| &desk.hazard);
        // Desks first, pins after them: blocks wander in that direction.
        for block in desks
            .chain(&shared.pins)
            .filter_map(|hazard| hazard.named())
        {
            if let Some(named) = self.named.get_mut(block as usize) {
                *named = self.looks;
            }
        }
        let named = |named: &[u64], block: BlockNumber| {
            named
                .get(block as usize)
                .is_none_or(|&look| look == self.looks)
        };
        let free = &mut self.free;
        self.held.retain(|&block| {
            let keep = named(&self.named, block);
            if !keep {
                free.push(block);
            }
            keep
        });
        for position in self.tail..tail {
            if let Some(slot) = shared.slot(position) {
                let block = slot.load(Ordering::Relaxed);
                if named(&self.named, block) {
                    self.held.push(block);
                } else {
                    self.free.push(block);
                }
            }
        }
        self.tail = tail;
    }
}
