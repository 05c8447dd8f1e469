//! A [`Signal`] for a word that is stored often, by somebody who pays for wake-ups only once there is
//! a reader that ever slept.

use std::time::Duration;

use super::{
    barrier::Barrier,
    signal::{Signal, Wake},
};
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence, store_then_look};

/// Nobody has ever waited.
const NO: u32 = 0;
/// Somebody is about to; the storer may not know yet.
const SOON: u32 = 1;
/// The storer knows.
const YES: u32 = 2;

/// A signal that is given by storing a word.
///
/// A storer must either see that somebody sleeps, or its store be seen before that somebody sleeps: one
/// locked instruction, for which readers that poll have no use. So who waits for the first time says so
/// and pays for a fence on both sides ([`Barrier`]). Until then a store is a store.
#[derive(Debug)]
pub(super) struct Watched {
    signal: Signal,
    watched: AtomicU32,
    barrier: Barrier,
}

impl Watched {
    pub(super) fn new(barrier: Barrier) -> Self {
        Self {
            signal: Signal::new(),
            watched: AtomicU32::new(NO),
            barrier,
        }
    }

    /// Stores `value` in `word`, by which the condition is changed, and wakes every sleeper.
    #[inline(always)]
    pub(super) fn store_and_notify(&self, word: &AtomicU64, value: u64) {
        if self.watched.load(Ordering::Relaxed) != NO {
            store_then_look!(word, value);
            self.signal.wake_sleepers();
            return;
        }
        word.store(value, Ordering::Release);
        // Between the word and "has somebody come?": that somebody has the heavy half.
        self.barrier.light();
        if self.watched.load(Ordering::Relaxed) != NO {
            fence(Ordering::SeqCst);
            self.signal.wake_sleepers();
        }
    }

    /// As [`Signal::rouse`].
    pub(super) fn rouse(&self) {
        self.signal.rouse();
    }

    /// As [`Signal::doze`].
    pub(super) fn doze(&self, until_ns: u64, ready: impl FnOnce() -> bool) {
        self.signal.doze(until_ns, ready);
    }

    /// As [`Signal::wait`]; the first time it takes a system call more.
    pub(super) fn wait(&self, timeout: Option<Duration>, ready: impl FnMut() -> bool) -> Wake {
        // Acquire: whoever made it so is behind its barrier.
        if self.watched.load(Ordering::Acquire) != YES {
            self.watched.fetch_max(SOON, Ordering::Relaxed);
            self.barrier.heavy();
            self.watched.fetch_max(YES, Ordering::Release);
        }
        self.signal.wait(timeout, ready)
    }
}
