//! What the producer and the readers of a ring share.

use super::{
    block::Block,
    position::{MOST_PINS, Position, oldest},
    signal::Signal,
};
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// The size of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Blocks that stay readable; rounded up to a power of two, at least 2.
    pub blocks: usize,
    /// Samples in a block, all channels together.
    pub block_samples: usize,
    /// Readers that may be joined at the same time; at most 64.
    pub readers: usize,
}

/// A value alone on its pair of cache lines (the prefetcher of x86 fetches lines in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Padded<T>(pub(super) T);

/// A place for one reader: what others may know of it.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Desk {
    pub(super) taken: AtomicBool,
    /// Position the reader will read next.
    pub(super) cursor: AtomicU64,
    /// Source frames that the reader has been given since it joined.
    pub(super) delivered: AtomicU64,
    /// Source frames that the reader has missed since it joined.
    pub(super) lost: AtomicU64,
}

impl Desk {
    fn new() -> Self {
        Self {
            taken: AtomicBool::new(false),
            cursor: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) blocks: Box<[Block]>,
    /// For each position modulo the capacity, the index of the block that holds it.
    pub(super) slots: Box<[AtomicU32]>,
    pub(super) mask: u64,
    pub(super) block_samples: usize,
    /// Position of the next block to be published.
    pub(super) head: Padded<AtomicU64>,
    /// Source frames published; written by the producer only.
    pub(super) source_frames: AtomicU64,
    pub(super) closed: AtomicBool,
    pub(super) published: Padded<Signal>,
    /// Notified when a reader moves on, for producers that are allowed to wait (files).
    pub(super) consumed: Padded<Signal>,
    pub(super) desks: Box<[Desk]>,
}

impl Shared {
    pub(super) fn new(shape: Shape) -> Self {
        let slots = shape.blocks.max(2).next_power_of_two();
        let readers = shape.readers.clamp(1, (MOST_PINS as usize) / 4);
        Self {
            blocks: (0..slots + 1 + spares(readers))
                .map(|_| Block::new(shape.block_samples))
                .collect(),
            slots: (0..slots).map(|_| AtomicU32::new(0)).collect(),
            mask: slots as u64 - 1,
            block_samples: shape.block_samples,
            head: Padded(AtomicU64::new(0)),
            source_frames: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            published: Padded(Signal::new()),
            consumed: Padded(Signal::new()),
            desks: (0..readers).map(|_| Desk::new()).collect(),
        }
    }

    /// Blocks that fit before the slowest reader is overrun; the whole ring if nobody reads.
    pub(super) fn slack(&self) -> u64 {
        let head = self.head.0.load(Ordering::Acquire);
        let slowest = self
            .desks
            .iter()
            .filter(|desk| desk.taken.load(Ordering::Acquire))
            .map(|desk| desk.cursor.load(Ordering::Acquire))
            .min()
            .unwrap_or(head);
        slowest.max(oldest(head, self.mask)) + self.mask + 1 - head
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.published.0.notify();
        self.consumed.0.notify();
    }

    pub(super) fn is_readable(&self, position: Position) -> bool {
        self.head.0.load(Ordering::Acquire) > position || self.closed.load(Ordering::Acquire)
    }
}

/// Blocks needed besides the slots and the one being written.
///
/// A reader has at most one block pinned. While the producer looks for a free block it may meet a
/// reader twice: pinned here, and, having let go, pinned at a block whose slot it read just before
/// that block was replaced. So two blocks a reader always leave one that is free.
pub(super) const fn spares(readers: usize) -> usize {
    2 * readers
}
