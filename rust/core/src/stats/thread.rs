//! Which thread does a job, told by itself, and what CPU time the kernel has given it.

use std::{
    fs,
    sync::atomic::{AtomicI32, AtomicUsize, Ordering},
};

/// A place where a real-time thread leaves its name for others to look up.
#[derive(Debug, Default)]
pub struct ThreadMark {
    /// The thread's `pthread_self`: read from a register, so comparing it costs nothing.
    handle: AtomicUsize,
    /// The kernel's number of it; 0 while nobody came.
    id: AtomicI32,
}

/// What the kernel says about a thread: `/proc/self/task/ID/schedstat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadTimes {
    /// The kernel's number of the thread, as `top -H` shows it.
    pub id: i32,
    /// Time on a CPU, nanoseconds.
    pub cpu_ns: u64,
    /// Time it could have run and had no CPU, nanoseconds.
    pub waited_ns: u64,
}

impl ThreadMark {
    /// Says that the calling thread does the job. Only a new thread costs a system call, one that
    /// does not block.
    #[inline]
    pub fn leave(&self) {
        // SAFETY: `pthread_self` has no preconditions.
        let handle = unsafe { libc::pthread_self() } as usize;
        if self.handle.load(Ordering::Relaxed) != handle {
            // SAFETY: `gettid` has no preconditions.
            self.id.store(unsafe { libc::gettid() }, Ordering::Relaxed);
            self.handle.store(handle, Ordering::Relaxed);
        }
    }

    /// The times of the thread that came last; `None` before any came, after it has ended, and where
    /// the kernel keeps no such statistics. Not for a real-time thread: it reads a file.
    #[must_use]
    pub fn times(&self) -> Option<ThreadTimes> {
        let id = self.id.load(Ordering::Relaxed);
        let text = fs::read_to_string(format!("/proc/self/task/{id}/schedstat")).ok()?;
        let mut numbers = text
            .split_ascii_whitespace()
            .map_while(|word| word.parse().ok());
        Some(ThreadTimes {
            id,
            cpu_ns: numbers.next()?,
            waited_ns: numbers.next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_found_by_the_mark_it_left_and_its_time_grows() {
        let mark = ThreadMark::default();
        assert_eq!(mark.times(), None);
        mark.leave();
        let Some(before) = mark.times() else { return }; // a kernel without these statistics
        // SAFETY: `gettid` has no preconditions.
        assert_eq!(before.id, unsafe { libc::gettid() });
        while mark.times().is_some_and(|now| now.cpu_ns <= before.cpu_ns) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_mark_follows_the_job_to_another_thread_and_forgets_a_dead_one() {
        let mark = ThreadMark::default();
        mark.leave();
        let id = mark.id.load(Ordering::Relaxed);
        std::thread::scope(|scope| {
            scope.spawn(|| mark.leave());
        });
        assert_ne!(mark.id.load(Ordering::Relaxed), id);
        // The scope ends when the closure has, a moment before the thread itself.
        while mark.times().is_some() {
            std::thread::yield_now();
        }
    }
}
