//! What the producer and the readers of a ring share.

use std::alloc::{self, Layout};

use super::{
    barrier::Barrier,
    block::{Block, stride},
    hazard::{Claim, Hazard, SPAN},
    position::{BlockNumber, Position, oldest, slot_of},
    signal::Asymmetric,
    watched::Watched,
};
use crate::{
    pool::{ALIGNMENT, Provision, Slab},
    sync::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};

/// The size of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Blocks that stay readable, at least 2.
    pub blocks: usize,
    /// Samples in a block, all channels together.
    pub block_samples: usize,
    /// Readers that may be joined at the same time; 1 to 64.
    pub readers: usize,
    /// Blocks that may be kept beyond their read at the same time, by all readers together, each in
    /// a [`PinnedBlock`](super::PinnedBlock); at most 1024. Each costs the memory of a block.
    pub pins: usize,
}

/// A value alone on its pair of cache lines (the prefetcher of x86 fetches lines in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Padded<T>(pub(super) T);

/// A place for one reader: what others must know of it.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Desk {
    pub(super) taken: AtomicBool,
    pub(super) claim: Claim,
}

impl Desk {
    fn new() -> Self {
        Self {
            taken: AtomicBool::new(false),
            claim: Claim::new(),
        }
    }
}

/// After how many blocks the producer looks which ones it may write again.
///
/// NB: few, so that the blocks it goes on with are still in the cache; not one, so that the look at
/// every desk is shared by several publications. The model checker takes the shortest cycle.
pub(super) const CYCLE: usize = if cfg!(loom) { 1 } else { 8 };

/// Everything that both sides touch. Written by the producer: `slots`, `head`, `tail`,
/// `source_frames`, and blocks that are not on the ring; by readers: `desks` and `pins`.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) blocks: Box<[Block]>,
    /// The memory of their samples.
    _slab: Slab,
    /// For each position modulo their number, the block that holds it.
    slots: Box<[AtomicU32]>,
    /// Slots less one; there are more slots than `capacity`, for what `tail` is late.
    mask: u64,
    /// Blocks that stay readable.
    pub(super) capacity: u64,
    pub(super) block_samples: usize,
    /// Position of the next block to be published.
    pub(super) head: Padded<AtomicU64>,
    /// Blocks before this position are not on the ring any more: who finds its block there came too
    /// late. At least `head - capacity - CYCLE`, at most `head - 1`.
    pub(super) tail: Padded<AtomicU64>,
    /// Source frames published.
    pub(super) source_frames: AtomicU64,
    pub(super) closed: AtomicBool,
    pub(super) barrier: Barrier,
    pub(super) published: Padded<Watched>,
    /// Notified when a reader moves on, for producers that are allowed to wait (files).
    pub(super) consumed: Padded<Asymmetric>,
    pub(super) desks: Box<[Desk]>,
    /// Hazards of blocks that are kept beyond their read.
    pub(super) pins: Box<[Hazard]>,
}

impl Shared {
    pub(super) fn new(shape: Shape, provision: Provision) -> Self {
        let capacity = shape.blocks.max(2);
        let readers = shape.readers.clamp(1, 64);
        let pins = shape.pins.min(1024);
        let barrier = Barrier::prepare();
        let slots = (capacity + CYCLE).next_power_of_two();
        let blocks = blocks_needed(capacity, readers, pins);
        let slab = slab(blocks, shape.block_samples, provision);
        Self {
            blocks: (0..blocks)
                .map(|number| Block::new(&slab, number, shape.block_samples))
                .collect(),
            _slab: slab,
            slots: (0..slots).map(|_| AtomicU32::new(0)).collect(),
            mask: slots as u64 - 1,
            capacity: capacity as u64,
            block_samples: shape.block_samples,
            head: Padded(AtomicU64::new(0)),
            tail: Padded(AtomicU64::new(0)),
            source_frames: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            barrier,
            published: Padded(Watched::new(barrier)),
            consumed: Padded(Asymmetric::new(barrier)),
            desks: (0..readers).map(|_| Desk::new()).collect(),
            pins: (0..pins).map(|_| Hazard::new()).collect(),
        }
    }

    /// The slot that says which block holds `position`.
    #[inline(always)]
    pub(super) fn slot(&self, position: Position) -> Option<&AtomicU32> {
        self.slots.get(slot_of(position, self.mask))
    }

    /// The number of the block at `position`, for the producer.
    #[inline(always)]
    pub(super) fn block_at(&self, position: Position) -> Option<BlockNumber> {
        self.slot(position).map(|slot| slot.load(Ordering::Relaxed))
    }

    #[inline(always)]
    pub(super) fn block(&self, number: BlockNumber) -> Option<&Block> {
        self.blocks.get(number as usize)
    }

    /// Position of the first block that a reader is not done with; `head` if nobody reads.
    pub(super) fn slowest(&self, head: Position) -> Position {
        let taken = |desk: &&Desk| desk.taken.load(Ordering::Acquire);
        let cursors = self.desks.iter().filter(taken);
        cursors
            .map(|desk| desk.claim.cursor())
            .fold(head, Position::min)
    }

    /// Blocks that fit before the slowest reader is overrun; the whole ring if nobody reads.
    pub(super) fn slack(&self) -> u64 {
        let head = self.head.0.load(Ordering::Acquire);
        let slowest = self.slowest(head).max(oldest(head, self.capacity));
        slowest + self.capacity - head
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.published.0.rouse();
        self.consumed.0.notify();
    }

    pub(super) fn is_readable(&self, position: Position) -> bool {
        self.head.0.load(Ordering::Acquire) > position || self.closed.load(Ordering::Acquire)
    }
}

/// The memory of so many blocks. Like every allocation, it ends the process where there is none.
fn slab(blocks: usize, samples: usize, provision: Provision) -> Slab {
    let bytes = blocks.saturating_mul(stride(samples));
    Slab::new(bytes, provision).unwrap_or_else(|| {
        let layout = Layout::from_size_align(bytes, ALIGNMENT);
        alloc::handle_alloc_error(layout.unwrap_or(Layout::new::<Block>()))
    })
}

/// Blocks of a ring of `capacity`, so that the producer always has one to write.
///
/// When the producer looks, every block is either on the ring (at most `capacity`), claimed (at most
/// `SPAN` by each reader), pinned, or free. So at least `CYCLE` are free, and that is how many it writes
/// before it looks again.
pub(super) const fn blocks_needed(capacity: usize, readers: usize, pins: usize) -> usize {
    capacity + CYCLE + readers * SPAN as usize + pins
}
