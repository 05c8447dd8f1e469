//! An asymmetric fence: free for the side that runs often, dear for the one that runs seldom.
//!
//! Linux's `membarrier(2)` makes every running thread of the process execute a full barrier at some
//! moment during the call. So where one side calls [`heavy`] between its write and its read, it is
//! enough that the other keeps the compiler from swapping its own: [`light`]. The pair then orders like
//! two sequentially consistent fences; two `light` ones order nothing. Where the kernel refuses (old,
//! or a sandbox), and where a tool must understand what happens, both are real fences.

#[cfg(not(any(loom, miri)))]
mod kernel {
    use std::sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering, compiler_fence, fence},
    };

    /// Set before the first pair of fences, and never changed afterwards.
    static GRANTED: AtomicBool = AtomicBool::new(false);

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: membarrier reads no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    /// Asks the kernel once for the whole process; to be called before any [`light`].
    ///
    /// NB: in a process with several threads this takes tens of milliseconds.
    pub(in crate::ring) fn prepare() {
        static ASKED: OnceLock<()> = OnceLock::new();
        ASKED.get_or_init(|| {
            let granted = membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
                && membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
            GRANTED.store(granted, Ordering::Release);
        });
    }

    /// The cheap half.
    #[inline(always)]
    pub(in crate::ring) fn light() {
        if GRANTED.load(Ordering::Relaxed) {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
    }

    /// The dear half: a system call of microseconds.
    pub(in crate::ring) fn heavy() {
        fence(Ordering::SeqCst);
        if GRANTED.load(Ordering::Relaxed) {
            // A child process inherits the registration, so this cannot fail.
            let done = membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
            debug_assert!(done, "the kernel took membarrier back");
        }
    }
}

#[cfg(any(loom, miri))]
mod kernel {
    use crate::sync::{Ordering, fence};

    pub(in crate::ring) fn prepare() {}

    pub(in crate::ring) fn light() {
        fence(Ordering::SeqCst);
    }

    pub(in crate::ring) fn heavy() {
        fence(Ordering::SeqCst);
    }
}

pub(super) use kernel::{heavy, light, prepare};
