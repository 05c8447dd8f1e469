//! The reading end: a cursor of its own, exact books, and blocks read in place.

use std::{fmt, time::Duration};

use super::{
    block::Stamp,
    pinned::{Pin, PinnedBlock, ReadPinned},
    position::{BlockNumber, Position},
    shared::{Desk, Shared},
    signal::Wake,
};
use crate::sync::{Arc, Ordering, spin_loop};

/// What a reader found.
#[derive(Debug)]
pub enum Read<'a> {
    /// The next block; the producer leaves it alone until it is dropped.
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
    /// The end of what the desk claims.
    claimed: Position,
    next_frame: u64,
    next_source: u64,
    /// Source frames when it joined.
    joined_source: u64,
    delivered: u64,
}

/// A block that the reader's desk names, entered in its books.
struct Found {
    block: BlockNumber,
    stamp: Stamp,
    lost_frames: u64,
    lost_source: u64,
}

/// Why there is no block.
enum Nothing {
    Empty,
    Closed,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("position", &self.position)
            .field("books", &self.books())
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
        // Not where the desk's last reader left it: that may be beyond what is claimed below.
        shared.desks.get(desk)?.claim.done(0);
        // Between "a reader is there, at a position of the past" and "where is the head?". The producer
        // has the light half between its head and its look at the desks: either it lets what comes
        // from here on lie for us, or we see the head it had when it looked. Without this a reader
        // could lose what was published while it joined, and see what it joined behind overwritten.
        shared.barrier.heavy();
        let mut reader = Self {
            shared,
            desk,
            position: 0,
            claimed: 0,
            next_frame: 0,
            next_source: 0,
            joined_source: 0,
            delivered: 0,
        };
        reader.skip_to_newest();
        reader.joined_source = reader.next_source;
        reader.move_on();
        Some(reader)
    }

    /// Learns where the stream stands from the newest block, which knows its frame indices.
    fn skip_to_newest(&mut self) {
        loop {
            let head = self.shared.head.0.load(Ordering::Acquire);
            let Some(newest) = head.checked_sub(1) else {
                return;
            };
            if let Some((_, stamp)) = self.claim(newest) {
                self.position = head;
                self.next_frame = stamp.frame + u64::from(stamp.frames);
                self.next_source = stamp.source_frame + u64::from(stamp.source_frames);
                return;
            }
            spin_loop();
        }
    }

    /// The next block, if there is one, to look at where it lies. Never waits.
    #[inline]
    pub fn read(&mut self) -> Read<'_> {
        match self.find() {
            Ok(found) => Read::Block(BlockRef {
                reader: self,
                found,
            }),
            Err(Nothing::Empty) => Read::Empty,
            Err(Nothing::Closed) => Read::Closed,
        }
    }

    /// The next block, if there is one, to keep where it lies. Never waits.
    pub fn read_pinned(&mut self) -> ReadPinned {
        let found = self.head().map(|_| {
            // Reserved before the read: a block that cannot be kept is not read.
            let pin = Pin::reserve(&self.shared)?;
            let found = self.find().ok()?;
            pin.take_over(found.block);
            self.move_on();
            let lost = (found.lost_frames, found.lost_source);
            Some(PinnedBlock::new(pin, found.block, found.stamp, lost))
        });
        match found {
            Ok(Some(block)) => ReadPinned::Block(block),
            Ok(None) => ReadPinned::NoPinLeft,
            Err(Nothing::Empty) => ReadPinned::Empty,
            Err(Nothing::Closed) => ReadPinned::Closed,
        }
    }

    /// The head, if there is a block before it that has not been read.
    #[inline]
    fn head(&self) -> Result<Position, Nothing> {
        let head = self.shared.head.0.load(Ordering::Acquire);
        if head != self.position {
            return Ok(head);
        }
        if !self.shared.closed.load(Ordering::Acquire) {
            return Err(Nothing::Empty);
        }
        // Closed after the last publication: one more look decides.
        let head = self.shared.head.0.load(Ordering::Acquire);
        if head == self.position {
            return Err(Nothing::Closed);
        }
        Ok(head)
    }

    /// Claims the next block and enters it in the books; the caller calls [`move_on`](Self::move_on)
    /// when nobody looks at it any more.
    #[inline]
    fn find(&mut self) -> Result<Found, Nothing> {
        let mut margin = 0;
        loop {
            let head = self.head()?;
            let kept = self.shared.capacity - margin;
            let position = if head - self.position <= kept {
                self.position
            } else {
                head - kept
            };
            if let Some((block, stamp)) = self.claim(position) {
                let lost_frames = stamp.frame - self.next_frame;
                let lost_source = stamp.source_frame - self.next_source;
                self.position = position + 1;
                self.next_frame = stamp.frame + u64::from(stamp.frames);
                self.next_source = stamp.source_frame + u64::from(stamp.source_frames);
                self.delivered += u64::from(stamp.source_frames);
                return Ok(Found {
                    block,
                    stamp,
                    lost_frames,
                    lost_source,
                });
            }
            // Overrun while looking: start further from the producer, twice as far each time.
            margin = (2 * margin + 1).min(self.shared.capacity - 1);
            spin_loop();
        }
    }

    /// The block of `position`, which was published, under a claim; `None` if it is off the ring by now.
    #[inline]
    fn claim(&mut self, position: Position) -> Option<(BlockNumber, Stamp)> {
        let shared = &*self.shared;
        if position >= self.claimed {
            self.claimed = shared.desks.get(self.desk)?.claim.stake(position);
        }
        // Acquire: pairs with the release of a newer block's number, which comes after the tail.
        let number = shared.slot(position)?.load(Ordering::Acquire);
        // SeqCst: after the claim. A load like any other on x86.
        if shared.tail.0.load(Ordering::SeqCst) > position {
            return None;
        }
        let block = shared.block(number)?;
        // SAFETY: our claim covers the block, and it was on the ring afterwards: until our cursor is
        // beyond it, the producer does not write it.
        let stamp = block.stamp.with(|stamp| unsafe { *stamp });
        Some((number, stamp))
    }

    /// Lets go of everything before `position`, and says so.
    #[inline]
    fn move_on(&self) {
        if let Some(desk) = self.desk() {
            desk.claim.done(self.position);
            self.shared.consumed.0.notify();
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

    /// Sleeps until `until_ns` of `CLOCK_MONOTONIC` unless there is something to read, or the ring is
    /// closed. Unlike [`wait`](Self::wait) it is not woken by a publication, which therefore need not
    /// make a system call: for who knows when the next block comes.
    pub fn doze(&self, until_ns: u64) {
        let position = self.position;
        let readable = || self.shared.is_readable(position);
        self.shared.published.0.doze(until_ns, readable);
    }

    /// Source frames delivered and lost since this reader joined.
    #[must_use]
    pub fn books(&self) -> Books {
        Books {
            delivered: self.delivered,
            lost: self.next_source - self.joined_source - self.delivered,
        }
    }

    /// Blocks published that this reader has not read yet, those it has lost included.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.shared.head.0.load(Ordering::Acquire) - self.position
    }

    #[inline(always)]
    fn desk(&self) -> Option<&Desk> {
        self.shared.desks.get(self.desk)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(desk) = self.desk() {
            desk.claim.give_up();
            desk.taken.store(false, Ordering::Release);
            self.shared.consumed.0.notify();
        }
    }
}

/// A block as its reader sees it, in place. While it lives the producer writes elsewhere.
#[derive(Debug)]
pub struct BlockRef<'a> {
    reader: &'a Reader,
    found: Found,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stamp.fmt(f)
    }
}

impl BlockRef<'_> {
    /// What the producer said about the block.
    #[must_use]
    #[inline]
    pub fn stamp(&self) -> Stamp {
        self.found.stamp
    }

    /// Frames of this ring's clock that this reader lost directly before this block, or that the
    /// source never gave ([`Producer::skip`](super::Producer::skip)).
    #[must_use]
    pub fn lost_before(&self) -> u64 {
        self.found.lost_frames
    }

    /// Source frames that this reader lost directly before this block.
    #[must_use]
    pub fn source_lost_before(&self) -> u64 {
        self.found.lost_source
    }

    /// Calls `look` with all samples of the block (its full size; [`Stamp::frames`] says how many
    /// frames count).
    #[inline]
    pub fn with_samples<R>(&self, look: impl FnOnce(&[f32]) -> R) -> R {
        match self.reader.shared.block(self.found.block) {
            // SAFETY: the reader's claim covers the block, so the producer does not write it.
            Some(block) => block
                .samples
                .with(|samples| look(unsafe { (*samples).as_slice() })),
            None => look(&[]),
        }
    }
}

impl Drop for BlockRef<'_> {
    #[inline]
    fn drop(&mut self) {
        self.reader.move_on();
    }
}
