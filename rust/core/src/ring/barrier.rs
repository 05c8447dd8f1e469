//! An asymmetric fence: free for the side that runs often, dear for the one that runs seldom.
//!
//! Linux's `membarrier(2)` makes every running thread of the process execute a full barrier at some
//! moment during the call. So where one side calls [`Barrier::heavy`] between its write and its read, it
//! is enough that the other keeps the compiler from swapping its own: [`Barrier::light`]. The pair then
//! orders like two sequentially consistent fences; two light ones order nothing. Where the kernel refuses
//! (old, or a sandbox), and where a tool must understand what happens, both are real fences.

use crate::sync::{Ordering, fence};

/// The pair of fences, and the proof that the kernel was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Barrier {
    /// Whether the kernel does the light side's part.
    granted: bool,
}

impl Barrier {
    /// Asks the kernel, once for the whole process.
    ///
    /// NB: in a process with several threads this takes tens of milliseconds.
    pub(super) fn prepare() -> Self {
        Self {
            granted: kernel::prepare(),
        }
    }

    /// The cheap half.
    #[inline(always)]
    pub(super) fn light(self) {
        if self.granted {
            kernel::compiler_fence();
        } else {
            fence(Ordering::SeqCst);
        }
    }

    /// The dear half: a system call of microseconds.
    pub(super) fn heavy(self) {
        fence(Ordering::SeqCst);
        if self.granted {
            kernel::membarrier();
        }
    }
}

#[cfg(not(any(loom, miri)))]
mod kernel {
    use std::sync::{
        OnceLock,
        atomic::{self, Ordering},
    };

    fn command(command: libc::c_int) -> bool {
        // SAFETY: membarrier reads no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    pub(super) fn prepare() -> bool {
        static GRANTED: OnceLock<bool> = OnceLock::new();
        *GRANTED.get_or_init(|| {
            command(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
                && command(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
        })
    }

    #[inline(always)]
    pub(super) fn compiler_fence() {
        atomic::compiler_fence(Ordering::SeqCst);
    }

    pub(super) fn membarrier() {
        // A child process inherits the registration, so this cannot fail.
        let done = command(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        debug_assert!(done, "the kernel took membarrier back");
    }
}

#[cfg(any(loom, miri))]
mod kernel {
    pub(super) fn prepare() -> bool {
        false
    }

    pub(super) fn compiler_fence() {}

    pub(super) fn membarrier() {}
}
