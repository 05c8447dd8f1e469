//! The broadcast ring: one producer, many independent readers, blocks read in place.
//!
//! ```text
//!            slots (by position mod capacity)          blocks
//! producer ─► [ 7 │ 2 │ 9 │ 4 ] ── indices ──►  0 … n  {state, stamp, samples}
//!                   ▲       ▲
//!              reader A   reader B                 each with its own cursor and books
//! ```
//!
//! # Why blocks and pins
//!
//! Memory that the producer overwrites while a reader looks at it is undefined behaviour, even if
//! the reader checks a sequence number afterwards. So samples are never overwritten in place. The
//! ring holds the *numbers* of blocks. A reader pins the block it reads by adding one to its state
//! word, which succeeds only while the block still belongs to the position the reader wants. The
//! producer takes a block back with one compare-and-swap from "this position, no pins"; where that
//! fails because somebody looks at it, the producer puts the block aside and writes another. Both
//! decisions fall on the same atomic word, so there is no window between them.
//!
//! # What it promises
//!
//! - The producer never waits, allocates or fails; its cost does not depend on the readers.
//! - Every reader sees every block in order, or is told exactly how many frames it lost.
//! - `captured = delivered + lost + waiting` for every reader at every moment.
//! - Readers may join and leave at any time.
//!
//! # Examples
//!
//! ```
//! use voicestand_core::ring::{Read, Shape, Stamp, ring};
//!
//! let (mut producer, ring) = ring(Shape { blocks: 4, block_samples: 2, readers: 2 });
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

mod block;
mod position;
mod producer;
mod reader;
mod shared;
mod signal;

use std::time::Duration;

pub use block::{Stamp, flags};
pub use producer::Producer;
pub use reader::{BlockRef, Books, Read, Reader};
pub use shared::Shape;
pub use signal::{Signal, Wake};

use crate::sync::{Arc, Ordering};
use shared::Shared;

/// Makes a ring. All its memory is allocated here.
#[must_use]
pub fn ring(shape: Shape) -> (Producer, Ring) {
    let shared = Arc::new(Shared::new(shape));
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
        self.shared.mask + 1
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
