//! The free blocks of one size: a stack of block numbers without a lock.

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// A stack whose top, a tag and the number of blocks in use share one word.
///
/// The word changes with one compare-and-swap, so the number in use is always that of the stack
/// beside it, and a high-water mark costs no second one. The tag counts the changes: a thread that
/// looked at the top, was put to sleep and finds the same top again is refused if anything happened
/// in between (the ABA problem). It wraps after 2³² changes, which no sleep between two
/// instructions outlasts by exactly a multiple.
#[derive(Debug)]
#[repr(align(128))] // A pair of cache lines of its own: threads of another size do not disturb it.
pub(super) struct FreeList {
    head: AtomicU64,
    /// The most blocks that were ever in use at the same time.
    high_water: AtomicU32,
    /// For each free block, the one below it.
    below: Box<[AtomicU32]>,
}

/// The top of an empty stack; therefore a class has at most this many blocks.
const NONE: u16 = u16::MAX;

/// The most blocks of one size.
pub(super) const MOST_BLOCKS: usize = NONE as usize;

/// The fields of the head word.
#[derive(Clone, Copy)]
struct Head {
    tag: u32,
    used: u16,
    top: u16,
}

impl Head {
    const fn unpack(word: u64) -> Self {
        Self {
            tag: (word >> 32) as u32,
            used: (word >> 16) as u16,
            top: word as u16,
        }
    }

    const fn pack(self) -> u64 {
        (self.tag as u64) << 32 | (self.used as u64) << 16 | self.top as u64
    }
}

impl FreeList {
    /// All of `blocks` blocks, at most [`MOST_BLOCKS`], free; the first ones on top.
    pub(super) fn new(blocks: usize) -> Self {
        let blocks = blocks.min(MOST_BLOCKS) as u16;
        let below = |block| match block + 1 {
            next if next < blocks => next,
            _ => NONE,
        };
        let top = if blocks == 0 { NONE } else { 0 };
        let head = Head {
            tag: 0,
            used: 0,
            top,
        };
        Self {
            head: AtomicU64::new(head.pack()),
            high_water: AtomicU32::new(0),
            below: (0..blocks)
                .map(|block| AtomicU32::new(u32::from(below(block))))
                .collect(),
        }
    }

    /// A free block, which is the caller's until it gives it back; `None` if there is none.
    /// Lock-free: it begins again only if another thread has just succeeded.
    #[inline]
    pub(super) fn take(&self) -> Option<u16> {
        // Acquire: what its last owner did with the block, and where it pushed it, come before.
        let mut word = self.head.load(Ordering::Acquire);
        loop {
            let head = Head::unpack(word);
            let below = self.below.get(usize::from(head.top))?;
            let next = Head {
                tag: head.tag.wrapping_add(1),
                used: head.used + 1,
                // May be stale, if the block was taken meanwhile: then the tag has changed, too.
                top: below.load(Ordering::Relaxed) as u16,
            };
            match self.swap(word, next, Ordering::Acquire) {
                Ok(()) => {
                    self.mark(next.used);
                    return Some(head.top);
                }
                Err(now) => word = now,
            }
        }
    }

    /// Takes `block` back, which the caller was given by [`take`](Self::take). Lock-free.
    #[inline]
    pub(super) fn give(&self, block: u16) {
        let Some(below) = self.below.get(usize::from(block)) else {
            return;
        };
        let mut word = self.head.load(Ordering::Relaxed);
        loop {
            let head = Head::unpack(word);
            below.store(u32::from(head.top), Ordering::Relaxed);
            let next = Head {
                tag: head.tag.wrapping_add(1),
                used: head.used - 1,
                top: block,
            };
            // Release: what this owner did with the block comes before the next one's take.
            match self.swap(word, next, Ordering::Release) {
                Ok(()) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Blocks in use now.
    pub(super) fn used(&self) -> usize {
        usize::from(Head::unpack(self.head.load(Ordering::Relaxed)).used)
    }

    pub(super) fn high_water(&self) -> usize {
        self.high_water.load(Ordering::Relaxed) as usize
    }

    pub(super) fn blocks(&self) -> usize {
        self.below.len()
    }

    #[inline]
    fn swap(&self, from: u64, to: Head, order: Ordering) -> Result<(), u64> {
        // A failed `take` acquires again, since it will look below another top.
        self.head
            .compare_exchange_weak(from, to.pack(), order, Ordering::Acquire)
            .map(drop)
    }

    #[inline]
    fn mark(&self, used: u16) {
        // Almost always a plain load: the mark is reached seldom and passed even less often.
        if u32::from(used) > self.high_water.load(Ordering::Relaxed) {
            self.high_water
                .fetch_max(u32::from(used), Ordering::Relaxed);
        }
    }
}
