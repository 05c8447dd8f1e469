//! Which process something was made in.
//!
//! A fork copies memory but not threads: in the child an engine has no DSP thread, a lock that
//! another thread held stays locked, and whoever waits, waits forever. So what has a thread, or is
//! waited for, remembers where it was made, and refuses elsewhere.

use std::sync::{
    Once,
    atomic::{AtomicU32, Ordering},
};

/// Forks between the first process and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);
static WATCH: Once = Once::new();

extern "C" fn in_the_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The process that something was made in. Asking whether this is it costs one load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home(u32);

impl Home {
    /// This process.
    #[must_use]
    pub fn here() -> Self {
        WATCH.call_once(|| {
            // SAFETY: the handler does nothing but add to an atomic.
            unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
        });
        Self(FORKS.load(Ordering::Relaxed))
    }

    /// Whether this is still that process, and not a child forked from it.
    #[must_use]
    pub fn is_here(self) -> bool {
        self.0 == FORKS.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_child_is_another_process() {
        let home = Home::here();
        assert!(home.is_here());
        // SAFETY: the child does nothing but load an atomic and leave.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let status = i32::from(home.is_here());
            // SAFETY: leaves at once, running nothing of this process's cleaning up.
            unsafe { libc::_exit(status) };
        }
        let mut status = -1;
        // SAFETY: the status is written to a live integer.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0);
        assert!(home.is_here());
    }
}
