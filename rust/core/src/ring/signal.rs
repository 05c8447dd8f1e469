//! Wake-ups by event: a futex with a count of sleepers, so that a notification nobody waits for
//! costs one fence and one load, and never a system call.
//!
//! Who knows when it will be notified may [doze](Signal::doze) until then: it is not counted, so that
//! the notifier does not pay for the wake-up either.

use std::time::Duration;

use super::barrier::Barrier;
use crate::{
    clock::monotonic_ns,
    sync::{AtomicU32, Ordering, fence},
};

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The condition holds.
    Ready,
    /// The deadline passed and the condition does not hold.
    TimedOut,
    /// A Unix signal arrived; the caller may look at it and wait again.
    Interrupted,
}

/// A place to sleep until a condition over other atomics holds.
///
/// The notifier changes the condition and then calls [`notify`](Self::notify); the sleeper checks
/// the condition between announcing itself and sleeping. Both put a sequentially consistent fence
/// between their write and their read, so at least one of them sees the other.
#[derive(Debug)]
pub struct Signal {
    epoch: AtomicU32,
    sleepers: AtomicU32,
    #[cfg(loom)]
    kernel: model::Kernel,
}

impl Default for Signal {
    fn default() -> Self {
        Self::new()
    }
}

impl Signal {
    /// A signal nobody waits for.
    #[must_use]
    pub fn new() -> Self {
        Self {
            epoch: AtomicU32::new(0),
            sleepers: AtomicU32::new(0),
            #[cfg(loom)]
            kernel: model::Kernel::default(),
        }
    }

    /// Wakes every sleeper, to be called after the condition was changed. Never blocks.
    #[inline]
    pub fn notify(&self) {
        fence(Ordering::SeqCst);
        self.wake_sleepers();
    }

    /// The same, behind a fence of the caller's.
    #[inline(always)]
    pub(super) fn wake_sleepers(&self) {
        if self.sleepers.load(Ordering::SeqCst) != 0 {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        self.epoch.fetch_add(1, Ordering::Release);
        self.wake_all();
    }

    /// Wakes who sleeps and who dozes: always a system call.
    pub(super) fn rouse(&self) {
        self.wake();
    }

    /// Sleeps until `until_ns` of `CLOCK_MONOTONIC`, or [`rouse`](Self::rouse) is called after `ready`
    /// was false. A notification goes unnoticed.
    pub(super) fn doze(&self, until_ns: u64, ready: impl FnOnce() -> bool) {
        // Acquire: a rouser's epoch comes with what made it rouse; an older one lets it wake us.
        let epoch = self.epoch.load(Ordering::Acquire);
        if !ready() {
            // Whatever ends it, the caller looks again.
            let _ = self.sleep(epoch, Some(until_ns));
        }
    }

    /// Sleeps until `ready` says so, the `timeout` is over (`None`: no limit) or a signal comes.
    pub fn wait(&self, timeout: Option<Duration>, ready: impl FnMut() -> bool) -> Wake {
        self.wait_behind(|| fence(Ordering::SeqCst), timeout, ready)
    }

    /// Waits with `barrier` between announcing itself and the look at the condition.
    fn wait_behind(
        &self,
        barrier: impl Fn(),
        timeout: Option<Duration>,
        mut ready: impl FnMut() -> bool,
    ) -> Wake {
        let deadline = timeout.map(|limit| {
            let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
            monotonic_ns().saturating_add(limit)
        });
        loop {
            if ready() {
                return Wake::Ready;
            }
            let epoch = self.epoch.load(Ordering::Acquire);
            self.sleepers.fetch_add(1, Ordering::Relaxed);
            barrier();
            let outcome = if ready() {
                Some(Wake::Ready)
            } else {
                match deadline {
                    Some(end) if end <= monotonic_ns() => Some(Wake::TimedOut),
                    end => self.sleep(epoch, end),
                }
            };
            self.sleepers.fetch_sub(1, Ordering::Relaxed);
            if let Some(wake) = outcome {
                return wake;
            }
        }
    }
}

/// A [`Signal`] for notifiers that are in a hurry and sleepers that are not: notifying costs two loads,
/// and waiting one system call more.
#[derive(Debug)]
pub(super) struct Asymmetric {
    signal: Signal,
    barrier: Barrier,
}

impl Asymmetric {
    pub(super) fn new(barrier: Barrier) -> Self {
        Self {
            signal: Signal::new(),
            barrier,
        }
    }

    /// As [`Signal::notify`].
    #[inline]
    pub(super) fn notify(&self) {
        self.barrier.light();
        self.signal.wake_sleepers();
    }

    /// As [`Signal::wait`].
    pub(super) fn wait(&self, timeout: Option<Duration>, ready: impl FnMut() -> bool) -> Wake {
        let heavy = || self.barrier.heavy();
        self.signal.wait_behind(heavy, timeout, ready)
    }
}

#[cfg(not(loom))]
impl Signal {
    fn wake_all(&self) {
        // SAFETY: the futex word is a live, aligned u32 of this process for the whole call.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.epoch.as_ptr(),
                libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                i32::MAX,
            );
        }
    }

    /// Sleeps while the epoch is still `epoch`, and no longer than until `until_ns`; `None` means: look
    /// again.
    fn sleep(&self, epoch: u32, until_ns: Option<u64>) -> Option<Wake> {
        // 2⁶⁴ ns are 584 years: every part fits its type.
        let until = until_ns.map(|end| libc::timespec {
            tv_sec: (end / 1_000_000_000) as libc::time_t,
            tv_nsec: (end % 1_000_000_000) as libc::c_long,
        });
        let until = until.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: word and timespec outlive the call, which only reads them; it takes no second word.
        let status = unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.epoch.as_ptr(),
                // Unlike FUTEX_WAIT it takes a point in time, on the monotonic clock.
                libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
                epoch,
                until,
                std::ptr::null::<u32>(),
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        };
        let interrupted =
            status == -1 && std::io::Error::last_os_error().raw_os_error() == Some(libc::EINTR);
        interrupted.then_some(Wake::Interrupted)
    }
}

#[cfg(loom)]
impl Signal {
    fn wake_all(&self) {
        self.kernel.wake_all();
    }

    /// Without time: an end that is not the last one is over at once.
    fn sleep(&self, epoch: u32, until_ns: Option<u64>) -> Option<Wake> {
        if until_ns.is_none_or(|end| end == u64::MAX) {
            self.kernel
                .sleep(|| self.epoch.load(Ordering::Acquire) == epoch);
        }
        None
    }
}

/// The kernel's half of a futex, for the model checker: compare and sleep are one step.
#[cfg(loom)]
mod model {
    use loom::sync::{Condvar, Mutex};

    #[derive(Debug, Default)]
    pub(super) struct Kernel {
        lock: Mutex<()>,
        bed: Condvar,
    }

    impl Kernel {
        pub(super) fn wake_all(&self) {
            let guard = self.lock.lock();
            self.bed.notify_all();
            drop(guard);
        }

        pub(super) fn sleep(&self, unchanged: impl Fn() -> bool) {
            if let Ok(guard) = self.lock.lock() {
                if unchanged() {
                    drop(self.bed.wait(guard));
                }
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sync::AtomicBool;

    #[test]
    fn wait_returns_when_the_condition_becomes_true() {
        let signal = Signal::new();
        let flag = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                flag.store(true, Ordering::Release);
                signal.notify();
            });
            let wake = signal.wait(None, || flag.load(Ordering::Acquire));
            assert_eq!(wake, Wake::Ready);
        });
    }

    #[test]
    fn wait_times_out_when_nothing_happens() {
        let wake = Signal::new().wait(Some(Duration::from_millis(10)), || false);
        assert_eq!(wake, Wake::TimedOut);
    }
}
