//! The reading end: a cursor of its own, exact books, and blocks read in place.

use std::{fmt, time::Duration};

use super::{
    block::{Block, Stamp},
    position::{Position, is_at, oldest, slot_of},
    shared::{Desk, Shared},
    signal::Wake,
};
use crate::sync::{Arc, Ordering, spin_loop};

/// What a reader found.
#[derive(Debug)]
pub enum Read<'a> {
    /// The next block, pinned: the producer leaves it alone until it is dropped.
    Block(BlockRef<'a>),
    /// Nothing new yet.
    Empty,
    /// Nothing new, and the producer has gone.
    Closed,
}

/// Source frames of a reader since it joined: `captured = delivered + lost + waiting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Frames that were given to the reader.
    pub delivered: u64,
    /// Frames that were overwritten before the reader came for them.
    pub lost: u64,
}

/// One of several readers of a ring, each seeing every block from where it joined.
///
/// A reader that falls behind by more than the ring holds is overrun: it goes on with the oldest
/// block there is, and [`BlockRef::lost_before`] says exactly how many frames it missed.
pub struct Reader {
    shared: Arc<Shared>,
    desk: usize,
    position: Position,
    next_frame: u64,
    next_source: u64,
    books: Books,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("position", &self.position)
            .field("books", &self.books)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// Takes a free desk and joins behind the newest block; `None` if every desk is taken.
    pub(super) fn join(shared: Arc<Shared>) -> Option<Self> {
        let desk = shared.desks.iter().position(|desk| {
            desk.taken
                .compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
        })?;
        let mut reader = Self {
            shared,
            desk,
            position: 0,
            next_frame: 0,
            next_source: 0,
            books: Books::default(),
        };
        reader.skip_to_newest();
        reader.keep_books();
        Some(reader)
    }

    /// Learns where the stream stands from the newest block, which knows its frame indices.
    fn skip_to_newest(&mut self) {
        loop {
            let head = self.shared.head.0.load(Ordering::Acquire);
            let Some(newest) = head.checked_sub(1) else {
                return;
            };
            if let Some(pin) = Pin::new(&self.shared, newest) {
                let stamp = pin.stamp();
                self.position = head;
                self.next_frame = stamp.frame + u64::from(stamp.frames);
                self.next_source = stamp.source_frame + u64::from(stamp.source_frames);
                return;
            }
            spin_loop();
        }
    }

    /// The next block, if there is one. Never waits.
    #[inline]
    pub fn read(&mut self) -> Read<'_> {
        let mut margin = 0;
        loop {
            let mut head = self.shared.head.0.load(Ordering::Acquire);
            if head == self.position {
                if !self.shared.closed.load(Ordering::Acquire) {
                    return Read::Empty;
                }
                // Closed after the last publication: one more look decides.
                head = self.shared.head.0.load(Ordering::Acquire);
                if head == self.position {
                    return Read::Closed;
                }
            }
            let first = oldest(head, self.shared.mask) + margin;
            let position = self.position.max(first.min(head - 1));
            if let Some(pin) = Pin::new(&self.shared, position) {
                // The pin borrows the shared part, not the reader's books, but the borrow checker
                // sees one borrow of `self`: so the books are kept before the block is handed out.
                let stamp = pin.stamp();
                let block = pin.leak();
                let lost_frames = stamp.frame - self.next_frame;
                let lost_source = stamp.source_frame - self.next_source;
                self.position = position + 1;
                self.next_frame = stamp.frame + u64::from(stamp.frames);
                self.next_source = stamp.source_frame + u64::from(stamp.source_frames);
                self.books.lost += lost_source;
                self.books.delivered += u64::from(stamp.source_frames);
                self.keep_books();
                self.shared.consumed.0.notify();
                let pin = Pin {
                    shared: &self.shared,
                    block,
                };
                return Read::Block(BlockRef {
                    pin,
                    stamp,
                    lost_frames,
                    lost_source,
                });
            }
            // Overrun while looking: start further from the producer, twice as far each time.
            margin = (2 * margin + 1).min(self.shared.mask);
            spin_loop();
        }
    }

    /// Sleeps until there is something to read or the ring is closed.
    pub fn wait(&self, timeout: Option<Duration>) -> Wake {
        let position = self.position;
        self.shared
            .published
            .0
            .wait(timeout, || self.shared.is_readable(position))
    }

    /// Source frames delivered and lost since this reader joined.
    #[must_use]
    pub fn books(&self) -> Books {
        self.books
    }

    /// Blocks published that this reader has not read yet, those it has lost included.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.shared.head.0.load(Ordering::Acquire) - self.position
    }

    fn desk(&self) -> Option<&Desk> {
        self.shared.desks.get(self.desk)
    }

    fn keep_books(&self) {
        if let Some(desk) = self.desk() {
            desk.delivered
                .store(self.books.delivered, Ordering::Relaxed);
            desk.lost.store(self.books.lost, Ordering::Relaxed);
            desk.cursor.store(self.position, Ordering::Release);
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(desk) = self.desk() {
            desk.taken.store(false, Ordering::Release);
        }
        self.shared.consumed.0.notify();
    }
}

/// A block the producer may not write while this lives.
#[derive(Debug)]
struct Pin<'a> {
    shared: &'a Shared,
    block: u32,
}

impl<'a> Pin<'a> {
    /// Pins the block published at `position`; `None` if it has been replaced.
    #[inline]
    fn new(shared: &'a Shared, position: Position) -> Option<Self> {
        let slot = shared.slots.get(slot_of(position, shared.mask))?;
        let index = slot.load(Ordering::Relaxed);
        let block = shared.blocks.get(index as usize)?;
        let mut state = block.state.load(Ordering::Relaxed);
        while is_at(state, position) {
            // Acquire: pairs with the release that published the block.
            match block.state.compare_exchange_weak(
                state,
                state + 1,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    return Some(Self {
                        shared,
                        block: index,
                    });
                }
                Err(now) => state = now,
            }
        }
        None
    }

    /// Forgets to unpin; the index makes a new `Pin` of the same block.
    #[inline]
    fn leak(self) -> u32 {
        let block = self.block;
        std::mem::forget(self);
        block
    }

    #[inline]
    fn block(&self) -> Option<&'a Block> {
        self.shared.blocks.get(self.block as usize)
    }

    #[inline]
    fn stamp(&self) -> Stamp {
        self.block().map_or_else(Stamp::default, |block| {
            // SAFETY: the block is pinned, so the producer does not write it.
            block.stamp.with(|stamp| unsafe { *stamp })
        })
    }
}

impl Drop for Pin<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(block) = self.block() {
            // Release: our reads come before the producer's next write of this block.
            block.state.fetch_sub(1, Ordering::Release);
        }
    }
}

/// A block as its reader sees it, in place. While it lives the producer writes elsewhere.
#[derive(Debug)]
pub struct BlockRef<'a> {
    pin: Pin<'a>,
    stamp: Stamp,
    lost_frames: u64,
    lost_source: u64,
}

impl BlockRef<'_> {
    /// What the producer said about the block.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Frames of this ring's clock that this reader lost directly before this block, or that the
    /// source never gave ([`Producer::skip`](super::Producer::skip)).
    #[must_use]
    pub fn lost_before(&self) -> u64 {
        self.lost_frames
    }

    /// Source frames that this reader lost directly before this block.
    #[must_use]
    pub fn source_lost_before(&self) -> u64 {
        self.lost_source
    }

    /// Calls `look` with all samples of the block (its full size; [`Stamp::frames`] says how many
    /// frames count).
    #[inline]
    pub fn with_samples<R>(&self, look: impl FnOnce(&[f32]) -> R) -> R {
        match self.pin.block() {
            // SAFETY: the block is pinned, so the producer does not write it.
            Some(block) => block
                .samples
                .with(|samples| look(unsafe { (*samples).as_slice() })),
            None => look(&[]),
        }
    }
}
