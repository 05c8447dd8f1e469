//! How urgently the calling thread is scheduled.

use std::io;
use std::sync::atomic::{AtomicI32, AtomicU16, Ordering};

use super::overrun;

/// What [`promote`] obtained, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    /// `SCHED_FIFO` with this priority: no ordinary thread delays this one.
    RealTime(u8),
    /// An ordinary thread with this niceness, which is negative: a larger share of a busy CPU.
    Nice(i8),
    /// Nothing: the thread is scheduled as before.
    Nothing,
}

/// The niceness asked for where real time is refused; what desktop audio servers use.
const FALLBACK_NICE: i32 = -11;

/// Asks for `SCHED_FIFO` with `priority` (1 to 99, values outside are brought inside) for the
/// calling thread, for as much of it as `RLIMIT_RTPRIO` allows, else for a negative niceness.
///
/// Threads and processes that the thread starts do not inherit it. A thread that holds real-time
/// priority must block regularly: while it runs, nothing ordinary does on its CPU. Not for use in an
/// audio callback: the call may block, and the audio server has promoted that thread itself.
pub fn promote(priority: u8) -> Granted {
    let wanted = priority.clamp(1, 99);
    let allowed = u8::try_from(limit(libc::RLIMIT_RTPRIO).min(99)).unwrap_or(99);
    if set_fifo(wanted).is_ok() {
        return Granted::RealTime(wanted);
    }
    if (1..wanted).contains(&allowed) && set_fifo(allowed).is_ok() {
        return Granted::RealTime(allowed);
    }
    // RLIMIT_NICE counts from the other end: 20 - nice.
    let floor = 20 - i32::try_from(limit(libc::RLIMIT_NICE).min(40)).unwrap_or(40);
    for nice in [FALLBACK_NICE, floor.max(FALLBACK_NICE)] {
        if nice < 0 && set_nice(nice).is_ok() {
            return i8::try_from(nice).map_or(Granted::Nothing, Granted::Nice);
        }
    }
    Granted::Nothing
}

/// A thread of ours that must keep time, as others see it: who it is and what it was granted.
///
/// Another thread may obtain more for it than it could itself, from rtkit for example.
#[derive(Debug, Default)]
pub struct Standing {
    /// Kernel identifier; 0 before it runs and after it ended.
    thread: AtomicI32,
    /// [`Granted`], encoded: the kind in the upper byte, the figure in the lower.
    granted: AtomicU16,
}

impl Standing {
    /// Called by the thread itself, before its work: asks for real-time `priority` and tells.
    pub fn enter(&self, priority: u8) {
        let code = match promote(priority) {
            Granted::RealTime(priority) => [2, priority],
            Granted::Nice(nice) => [1, nice.to_be_bytes()[0]],
            Granted::Nothing => [0, 0],
        };
        self.granted
            .store(u16::from_be_bytes(code), Ordering::Relaxed);
        // SAFETY: the call takes nothing and cannot fail.
        let thread = unsafe { libc::gettid() };
        self.thread.store(thread, Ordering::Release);
    }

    /// Called by the thread itself, when its work is done.
    pub fn leave(&self) {
        overrun::forget(self.thread.swap(0, Ordering::AcqRel));
    }

    /// The thread's kernel identifier and what it was granted when it asked; `None` while it does
    /// not work.
    #[must_use]
    pub fn get(&self) -> Option<(i32, Granted)> {
        let thread = self.thread.load(Ordering::Acquire);
        let [kind, figure] = self.granted.load(Ordering::Relaxed).to_be_bytes();
        let granted = match kind {
            2 => Granted::RealTime(figure),
            1 => Granted::Nice(i8::from_be_bytes([figure])),
            _ => Granted::Nothing,
        };
        (thread > 0).then_some((thread, granted))
    }
}

/// What a thread of this process would obtain from [`promote`], found by promoting one that ends at
/// once; no other thread is touched.
pub fn probe(priority: u8) -> Granted {
    std::thread::Builder::new()
        .spawn(move || promote(priority))
        .ok()
        .and_then(|thread| thread.join().ok())
        .unwrap_or(Granted::Nothing)
}

fn set_fifo(priority: u8) -> io::Result<()> {
    let parameters = libc::sched_param {
        sched_priority: i32::from(priority),
    };
    // The system call, since musl's function of this name does nothing. 0 is the calling thread.
    // SAFETY: the kernel reads one `sched_param`, which lives until the call returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_sched_setscheduler,
            0,
            libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK,
            &raw const parameters,
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn set_nice(nice: i32) -> io::Result<()> {
    // On Linux niceness is a thread's, and 0 the calling thread, whatever POSIX says.
    // SAFETY: the call takes numbers only.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// The soft limit of a resource; 0 if the system does not say.
fn limit(resource: libc::__rlimit_resource_t) -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the kernel writes one `rlimit`, which lives until the call returns.
    let result = unsafe { libc::getrlimit(resource, &raw mut limit) };
    if result < 0 { 0 } else { limit.rlim_cur }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Policy, real-time priority and niceness of the calling thread.
    fn scheduling() -> (i32, i32, i32) {
        let mut parameters = libc::sched_param { sched_priority: -1 };
        // SAFETY: the kernel writes one `sched_param`, which lives until the call returns.
        unsafe {
            libc::syscall(libc::SYS_sched_getparam, 0, &raw mut parameters);
            let policy = libc::syscall(libc::SYS_sched_getscheduler, 0);
            let policy = i32::try_from(policy).unwrap_or(-1) & !libc::SCHED_RESET_ON_FORK;
            (
                policy,
                parameters.sched_priority,
                libc::getpriority(libc::PRIO_PROCESS, 0),
            )
        }
    }

    #[test]
    fn what_is_reported_as_granted_is_what_the_kernel_does() {
        let (granted, found) = thread::spawn(|| (promote(7), scheduling()))
            .join()
            .unwrap_or((Granted::Nothing, (-1, -1, -1)));
        match granted {
            Granted::RealTime(priority) => {
                assert!((1..=7).contains(&priority));
                assert_eq!((found.0, found.1), (libc::SCHED_FIFO, i32::from(priority)));
            }
            Granted::Nice(nice) => {
                assert_eq!((found.0, found.2), (libc::SCHED_OTHER, i32::from(nice)));
            }
            Granted::Nothing => assert_eq!(found, scheduling()),
        }
    }

    #[test]
    fn threads_started_by_a_promoted_thread_are_ordinary() {
        let started = thread::spawn(|| {
            promote(7);
            thread::spawn(scheduling).join()
        });
        assert!(matches!(started.join(), Ok(Ok((libc::SCHED_OTHER, 0, _)))));
    }

    #[test]
    fn priorities_outside_the_range_are_brought_inside() {
        for (asked, highest) in [(0, 1), (255, 99)] {
            if let Granted::RealTime(priority) = probe(asked) {
                assert!((1..=highest).contains(&priority));
            }
        }
    }

    #[test]
    fn others_see_who_a_thread_is_and_what_it_was_granted_while_it_works() {
        let standing = Standing::default();
        assert_eq!(standing.get(), None);
        let seen = thread::scope(|scope| {
            let work = scope.spawn(|| {
                standing.enter(7);
                // SAFETY: the call takes nothing.
                let seen = (standing.get(), unsafe { libc::gettid() });
                standing.leave();
                seen
            });
            work.join().unwrap_or((None, 0))
        });
        assert_eq!(seen.0, Some((seen.1, probe(7))));
        assert_eq!(standing.get(), None);
    }

    #[test]
    fn probing_leaves_the_calling_thread_alone() {
        let before = scheduling();
        probe(10);
        assert_eq!(scheduling(), before);
    }
}
