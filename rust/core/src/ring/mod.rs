//! The broadcast ring: one producer, many independent readers, blocks read in place.
//!
//! ```text
//!           slots (by position mod their number)            blocks
//! producer ─► [ 7 │ 2 │ 9 │ 4 ] ── numbers ──►  0 … n  {stamp, samples}
//!               ▲   ▲       ▲                   ▲
//!            tail  reader  head             pinned block
//! ```
//!
//! # Why blocks and hazards
//!
//! Memory that the producer overwrites while a reader looks at it is undefined behaviour, even if
//! the reader checks a sequence number afterwards. So samples are never overwritten in place. The
//! ring holds the *numbers* of blocks. A reader [claims](hazard) the next eight positions before it
//! looks; the producer writes only blocks that are off the ring and that nobody claims. A block that is
//! still claimed when its turn on the ring is over is put aside and taken up later.
//!
//! As many blocks more than the ring holds as can be claimed and kept, and eight for the producer to
//! work with: then there is always one to write, and the producer never waits.
//!
//! # What it costs
//!
//! - Publishing: the copy, and every eighth time a look at every desk and pin for blocks to write again.
//!   Once a reader has ever slept, one locked instruction, which decides whether one must be woken; a
//!   system call where one must. A reader that knows when the next block comes may [doze](Reader::doze)
//!   until then, and be no cost to the producer.
//! - Reading: the copy, or no copy, and every eighth time one locked instruction.
//! - Blocks that every reader is done with are written again first, the newest of them before all
//!   others. So audio that is read promptly stays in the first-level cache, however many seconds the
//!   ring could hold. A ring of samples, by contrast, walks through all its memory.
//!
//! # What it promises
//!
//! - The producer never waits, allocates or fails. Its steps are bounded by the ring's shape, and the
//!   readers' part of them is one look per reader in eight publications.
//! - Every reader sees every block in order, or is told exactly how many frames it lost.
//! - `captured = delivered + lost + waiting` for every reader at every moment.
//! - Readers may join and leave at any time, and lose nothing by joining.
//! - A block may be kept for as long as somebody likes ([`PinnedBlock`]); how many at once is part of
//!   the ring's shape, and who wants one more is told so.
//!
//! # Proofs
//!
//! `tests/ring_loom.rs` runs these very types through every interleaving that loom finds within its
//! bounds; `tests/ring_properties.rs` compares them with a list; `tests/ring_soak.rs` lets threads race
//! with checksummed frames; `tests/ring_miri.rs` is small enough for an interpreter that checks every
//! access. `make loom`, `make miri` and `make soak` run them.
//!
//! # Examples
//!
//! A slow reader is told what it lost:
//!
//! ```
//! use voicestand_core::ring::{Read, Shape, Stamp, ring};
//!
//! let (mut producer, ring) = ring(Shape { blocks: 4, block_samples: 2, readers: 2, pins: 0 });
//! let mut reader = ring.reader().expect("a desk is free");
//! for n in 0..6 {
//!     producer.publish(|samples| {
//!         samples.fill(n as f32);
//!         Some(Stamp { frames: 2, source_frames: 2, ..Stamp::default() })
//!     });
//! }
//! let Read::Block(block) = reader.read() else { panic!("six blocks were written") };
//! assert_eq!(block.lost_before(), 4); // two blocks of two frames did not fit
//! assert!(block.with_samples(|samples| samples == [2.0, 2.0]));
//! ```
//!
//! A block is kept while the ring goes on:
//!
//! ```
//! use voicestand_core::ring::{ReadPinned, Shape, Stamp, ring};
//!
//! let (mut producer, ring) = ring(Shape { blocks: 4, block_samples: 2, readers: 1, pins: 1 });
//! let mut reader = ring.reader().expect("a desk is free");
//! let mut publish = |sample: f32| {
//!     producer.publish(|samples| {
//!         samples.fill(sample);
//!         Some(Stamp { frames: 2, source_frames: 2, ..Stamp::default() })
//!     });
//! };
//! publish(0.25);
//! let ReadPinned::Block(kept) = reader.read_pinned() else { panic!("a block was written") };
//! (0..100).for_each(|_| publish(0.5));
//! assert!(matches!(reader.read_pinned(), ReadPinned::NoPinLeft));
//! assert!(kept.with_samples(|samples| samples == [0.25, 0.25]));
//! ```

mod barrier;
mod block;
mod hazard;
mod pinned;
mod position;
mod producer;
mod reader;
mod shared;
mod signal;
mod stock;
mod watched;

use std::time::Duration;

pub use block::{Stamp, flags};
pub use pinned::{PinnedBlock, ReadPinned};
pub use producer::Producer;
pub use reader::{BlockRef, Books, Read, Reader};
pub use shared::Shape;
pub use signal::{Signal, Wake};

use crate::{
    pool::Provision,
    sync::{Arc, Ordering},
};
use shared::Shared;

/// Makes a ring. All its memory is allocated and provided here: a producer in a device callback
/// faults no page.
#[must_use]
pub fn ring(shape: Shape) -> (Producer, Ring) {
    with_memory(shape, Provision::AtOnce)
}

/// Makes a ring whose pages the kernel provides when they are first written. For a producer that may
/// be late by a page fault: as long as readers keep up, the same few blocks are written again and
/// again, and the rest of the ring takes no memory.
#[must_use]
pub fn ring_on_demand(shape: Shape) -> (Producer, Ring) {
    with_memory(shape, Provision::OnDemand)
}

fn with_memory(shape: Shape, provision: Provision) -> (Producer, Ring) {
    let shared = Arc::new(Shared::new(shape, provision));
    (Producer::new(Arc::clone(&shared)), Ring { shared })
}

/// A handle to a ring, from which readers join.
#[derive(Clone, Debug)]
pub struct Ring {
    shared: Arc<Shared>,
}

impl Ring {
    /// A new reader, which sees what is published from now on; `None` if every desk is taken.
    #[must_use]
    pub fn reader(&self) -> Option<Reader> {
        Reader::join(Arc::clone(&self.shared))
    }

    /// Source frames published so far.
    #[must_use]
    pub fn source_frames(&self) -> u64 {
        self.shared.source_frames.load(Ordering::Relaxed)
    }

    /// Blocks that stay readable.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.shared.capacity
    }

    /// Blocks that are kept beyond their read at this moment, or about to be.
    #[must_use]
    pub fn pinned(&self) -> usize {
        self.shared.pins.iter().filter(|pin| !pin.is_free()).count()
    }

    /// Blocks that may be kept beyond their read at the same time.
    #[must_use]
    pub fn pins(&self) -> usize {
        self.shared.pins.len()
    }

    /// Blocks that can be published before the slowest reader is overrun.
    #[must_use]
    pub fn slack(&self) -> u64 {
        self.shared.slack()
    }

    /// Sleeps until at least `blocks` can be published without an overrun, or the ring is closed.
    ///
    /// For producers that may wait, such as files; an audio callback never does.
    pub fn wait_for_slack(&self, blocks: u64, timeout: Option<Duration>) -> Wake {
        self.shared.consumed.0.wait(timeout, || {
            self.shared.slack() >= blocks || self.shared.closed.load(Ordering::Acquire)
        })
    }
}
