//! Memory for audio, all there before the first frame: blocks of three sizes, taken and given back
//! without a lock by any thread.
//!
//! ```text
//! slab (one mapping, populated, lockable)     free lists
//! ┌─────────┬─────────┬──────┬──────┬───┬───┐   256 KiB: tag │ used │ top ─► 0 ─► 1
//! │ 256 KiB │ 256 KiB │ 16 K │ 16 K │ 1K│ 1K│    16 KiB: …
//! └─────────┴─────────┴──────┴──────┴───┴───┘     1 KiB: …
//! ```
//!
//! A real-time thread calls [`Block::take`], which never reaches the heap: an empty class is tried
//! again one size up, and then the answer is `None`, counted. Others may call
//! [`Block::take_or_allocate`]; how often that fell back to the heap is counted, too, so that a pool
//! that is too small shows.
//!
//! # Examples
//!
//! ```
//! use voicestand_core::pool::{Block, Capacity, Pool};
//!
//! let pool = Pool::new(Capacity { small: 1, medium: 0, large: 0 }).expect("a kilobyte");
//! let mut block = Block::take(&pool, 512).expect("one is free");
//! block.fill(7);
//! assert!(Block::take(&pool, 512).is_none()); // there was only one
//! drop(block);
//! assert!(Block::take(&pool, 512).is_some());
//! assert_eq!(pool.stats().classes[0].high_water, 1);
//! ```

mod block;
mod free_list;
mod slab;

use std::{fmt, ptr::NonNull};

pub use block::Block;

use crate::sync::{AtomicU64, Ordering};
use block::Home;
use free_list::{FreeList, MOST_BLOCKS};
pub(crate) use slab::{Provision, Slab};

/// Every block begins at a multiple of this: a cache line, and the widest vector.
pub const ALIGNMENT: usize = 64;

/// Bytes of a block of each class.
pub const CLASS_BYTES: [usize; 3] = [1 << 10, 16 << 10, 256 << 10];

/// How many blocks of each class a pool holds, at most 65,535.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Of 1 KiB.
    pub small: usize,
    /// Of 16 KiB.
    pub medium: usize,
    /// Of 256 KiB.
    pub large: usize,
}

impl Capacity {
    /// Bytes of all blocks together.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.blocks()
            .into_iter()
            .zip(CLASS_BYTES)
            .map(|(blocks, bytes)| blocks.saturating_mul(bytes))
            .fold(0, usize::saturating_add)
    }

    const fn blocks(self) -> [usize; 3] {
        [self.small, self.medium, self.large]
    }
}

/// Why a pool cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolError {
    /// More blocks of one class than a pool can number.
    TooManyBlocks(usize),
    /// The system has not so many bytes.
    OutOfMemory(usize),
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyBlocks(blocks) => write!(
                f,
                "a pool with {blocks} blocks of one size: at most {MOST_BLOCKS}"
            ),
            Self::OutOfMemory(bytes) => {
                write!(
                    f,
                    "a pool of {bytes} bytes: the system has not so much memory"
                )
            }
        }
    }
}

impl std::error::Error for PoolError {}

/// How a class of blocks stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassStats {
    /// Bytes of a block.
    pub bytes: usize,
    /// Blocks there are.
    pub blocks: usize,
    /// Blocks in use.
    pub used: usize,
    /// The most that were ever in use.
    pub high_water: usize,
}

/// How a pool stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// From the smallest to the largest.
    pub classes: [ClassStats; 3],
    /// Times that no block was free in any class that is large enough.
    pub misses: u64,
    /// Of those, the times that the heap gave one.
    pub fallbacks: u64,
    /// Blocks of the heap that are in use.
    pub fallbacks_in_use: u64,
    /// Whether the memory is locked.
    pub locked: bool,
}

/// The blocks. All memory is allocated, and touched, by [`Pool::new`].
#[derive(Debug)]
pub struct Pool {
    slab: Slab,
    free: [FreeList; 3],
    /// Where in the slab each class begins.
    begins: [usize; 3],
    misses: AtomicU64,
    fallbacks: AtomicU64,
    fallbacks_freed: AtomicU64,
}

impl Pool {
    /// A pool of that many blocks, all zeros.
    ///
    /// # Errors
    ///
    /// [`PoolError`] if it cannot be numbered or the system has not so much memory.
    pub fn new(capacity: Capacity) -> Result<Self, PoolError> {
        Self::provided(capacity, Provision::AtOnce)
    }

    /// The same, kept in memory as far as `RLIMIT_MEMLOCK` permits: [`PoolStats::locked`] says
    /// whether it is. Only the pool is locked, not the process.
    ///
    /// # Errors
    ///
    /// As for [`Pool::new`].
    pub fn locked(capacity: Capacity) -> Result<Self, PoolError> {
        Self::provided(capacity, Provision::Locked)
    }

    fn provided(capacity: Capacity, provision: Provision) -> Result<Self, PoolError> {
        let [small, medium, large] = capacity.blocks();
        let most = small.max(medium).max(large);
        if most > MOST_BLOCKS {
            return Err(PoolError::TooManyBlocks(most));
        }
        let [_, medium_bytes, large_bytes] = CLASS_BYTES;
        let bytes = capacity.bytes();
        // The largest come first: every block is then aligned to its own size or a page.
        let medium_begins = large * large_bytes;
        Ok(Self {
            slab: Slab::new(bytes, provision).ok_or(PoolError::OutOfMemory(bytes))?,
            free: capacity.blocks().map(FreeList::new),
            begins: [medium_begins + medium * medium_bytes, medium_begins, 0],
            misses: AtomicU64::new(0),
            fallbacks: AtomicU64::new(0),
            fallbacks_freed: AtomicU64::new(0),
        })
    }

    /// What is in use, what was, and how often it was not enough.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        let mut stats = PoolStats {
            misses: self.misses.load(Ordering::Relaxed),
            fallbacks: self.fallbacks.load(Ordering::Relaxed),
            locked: self.slab.locked(),
            ..PoolStats::default()
        };
        let freed = self.fallbacks_freed.load(Ordering::Relaxed);
        stats.fallbacks_in_use = stats.fallbacks.saturating_sub(freed);
        for ((class, free), bytes) in stats.classes.iter_mut().zip(&self.free).zip(CLASS_BYTES) {
            *class = ClassStats {
                bytes,
                blocks: free.blocks(),
                used: free.used(),
                high_water: free.high_water(),
            };
        }
        stats
    }

    /// A free block for `bytes` bytes, from the smallest class that has one.
    #[inline]
    fn find(&self, bytes: usize) -> Option<(NonNull<u8>, Home)> {
        let classes = self.free.iter().zip(self.begins).zip(CLASS_BYTES);
        for (class, ((free, begin), size)) in classes.enumerate() {
            if bytes > size {
                continue;
            }
            if let Some(number) = free.take() {
                let memory = self.slab.at(begin + usize::from(number) * size);
                let class = class as u8;
                return Some((memory, Home::Class { class, number }));
            }
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        None
    }

    #[inline]
    fn give(&self, class: u8, number: u16) {
        if let Some(free) = self.free.get(usize::from(class)) {
            free.give(number);
        }
    }

    fn fell_back(&self) {
        self.fallbacks.fetch_add(1, Ordering::Relaxed);
    }

    fn fallback_freed(&self) {
        self.fallbacks_freed.fetch_add(1, Ordering::Relaxed);
    }
}
