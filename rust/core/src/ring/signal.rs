//! Wake-ups by event: a futex with a count of sleepers, so that a notification nobody waits for
//! costs one fence and one load, and never a system call.

use std::time::{Duration, Instant};

use super::barrier;
use crate::sync::{AtomicU32, Ordering, fence};

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

    /// The same, where the condition was changed by [`store_then_look`], which is a fence already.
    #[inline]
    pub(super) fn notify_after_store_then_look(&self) {
        self.wake_sleepers();
    }

    #[inline(always)]
    fn wake_sleepers(&self) {
        if self.sleepers.load(Ordering::SeqCst) != 0 {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        self.epoch.fetch_add(1, Ordering::Release);
        self.wake_all();
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
        let deadline = timeout.and_then(|limit| Instant::now().checked_add(limit));
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
                match deadline.map(|end| end.saturating_duration_since(Instant::now())) {
                    Some(Duration::ZERO) => Some(Wake::TimedOut),
                    left => self.sleep(epoch, left),
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
pub(super) struct Asymmetric(Signal);

impl Asymmetric {
    pub(super) fn new() -> Self {
        barrier::prepare();
        Self(Signal::new())
    }

    /// As [`Signal::notify`].
    #[inline]
    pub(super) fn notify(&self) {
        barrier::light();
        self.0.wake_sleepers();
    }

    /// As [`Signal::wait`].
    pub(super) fn wait(&self, timeout: Option<Duration>, ready: impl FnMut() -> bool) -> Wake {
        self.0.wait_behind(barrier::heavy, timeout, ready)
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

    /// Sleeps while the epoch is still `epoch`; `None` means: look again.
    fn sleep(&self, epoch: u32, limit: Option<Duration>) -> Option<Wake> {
        let limit = limit.map(|left| libc::timespec {
            tv_sec: libc::time_t::try_from(left.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: libc::c_long::from(left.subsec_nanos().cast_signed()),
        });
        let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: word and timespec outlive the call; FUTEX_WAIT only reads them.
        let status = unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.epoch.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                epoch,
                limit,
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

    fn sleep(&self, epoch: u32, _limit: Option<Duration>) -> Option<Wake> {
        self.kernel
            .sleep(|| self.epoch.load(Ordering::Acquire) == epoch);
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
