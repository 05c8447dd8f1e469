//! Surviving the limit of real-time computing time.
//!
//! rtkit grants real-time scheduling only to a process with `RLIMIT_RTTIME` of at most 200 ms: so
//! much a real-time thread may compute without blocking once. At the soft limit the kernel sends
//! `SIGXCPU`, which ends the process unless handled, and at the hard limit `SIGKILL`, which cannot
//! be handled. The handler here makes every registered thread an ordinary one, so that the clock
//! stops, and counts. The audio is late then, as it would have been anyway; the process lives.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

/// Real-time threads that may be registered at once: the engines of a process, and more.
const THREADS: usize = 16;

/// Microseconds. Half of what rtkit allows: the other half is for the signal to be handled in.
const SOFT_LIMIT: u64 = 100_000;

/// Microseconds: rtkit's `RTTimeUSecMax`.
const HARD_LIMIT: u64 = 200_000;

/// Kernel identifiers of the registered threads; 0: free.
static REGISTERED: [AtomicI32; THREADS] = [const { AtomicI32::new(0) }; THREADS];
static OVERRUNS: AtomicU64 = AtomicU64::new(0);
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Sets `RLIMIT_RTTIME` as rtkit demands and handles its signal from now on; may be repeated.
///
/// It holds for the whole process and, unprivileged, for the rest of its life. A smaller limit that
/// is there already stays.
///
/// # Errors
///
/// The system's: the limit cannot be set, or the handler cannot be installed.
pub fn guard() -> io::Result<()> {
    if !INSTALLED.swap(true, Ordering::SeqCst) {
        install().inspect_err(|_| INSTALLED.store(false, Ordering::SeqCst))?;
    }
    let mut present = rtlimit(None)?;
    present.rlim_cur = present.rlim_cur.min(SOFT_LIMIT);
    present.rlim_max = present.rlim_max.min(HARD_LIMIT);
    rtlimit(Some(present)).map(|_| ())
}

/// Has the thread with kernel identifier `thread` made an ordinary one at an overrun. False if it is
/// no thread of this process, or there is no room: then it must not be given real-time scheduling
/// under a limit.
pub fn register(thread: i32) -> bool {
    let known = |place: &AtomicI32| place.load(Ordering::SeqCst) == thread;
    let take = |place: &AtomicI32| {
        place
            .compare_exchange(0, thread, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    };
    for place in &REGISTERED {
        let ended = place.load(Ordering::SeqCst);
        if ended > 0 && !is_ours(ended) {
            forget(ended);
        }
    }
    is_ours(thread) && (REGISTERED.iter().any(known) || REGISTERED.iter().any(take))
}

/// Forgets `thread`, which ends or is an ordinary one again: its identifier may become another's.
pub fn forget(thread: i32) {
    for place in &REGISTERED {
        let _ = place.compare_exchange(thread, 0, Ordering::SeqCst, Ordering::SeqCst);
    }
}

/// How often the limit was reached since the process began.
#[must_use]
pub fn count() -> u64 {
    OVERRUNS.load(Ordering::Relaxed)
}

/// The limit as it was before `new`, if any, was set.
fn rtlimit(new: Option<libc::rlimit64>) -> io::Result<libc::rlimit64> {
    let mut old = libc::rlimit64 {
        rlim_cur: libc::RLIM64_INFINITY,
        rlim_max: libc::RLIM64_INFINITY,
    };
    let new = new
        .as_ref()
        .map_or(std::ptr::null(), std::ptr::from_ref::<libc::rlimit64>);
    // SAFETY: the kernel reads and writes one `rlimit64` each, which live until the call returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_prlimit64,
            0,
            libc::RLIMIT_RTTIME,
            new,
            &raw mut old,
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(old)
    }
}

fn install() -> io::Result<()> {
    // SAFETY: all bytes 0 are a valid `sigaction`: the default action, no mask, no flags.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_overrun as extern "C" fn(libc::c_int) as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: `action` is initialized, and its handler calls nothing that is unsafe in a signal.
    let result = unsafe { libc::sigaction(libc::SIGXCPU, &raw const action, std::ptr::null_mut()) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Async-signal-safe: system calls and atomics only, `errno` as it was.
extern "C" fn on_overrun(_signal: libc::c_int) {
    // SAFETY: the address of this thread's `errno` is always valid.
    let errno = unsafe { *libc::__errno_location() };
    let mut lowered = false;
    for place in &REGISTERED {
        let thread = place.swap(0, Ordering::SeqCst);
        lowered |= make_ordinary(thread);
    }
    OVERRUNS.fetch_add(1, Ordering::Relaxed);
    if lowered {
        // The kernel has moved the soft limit up by a second, beyond the hard one: without this
        // the next overrun would come without a warning.
        if let Ok(mut limit) = rtlimit(None) {
            limit.rlim_cur = SOFT_LIMIT.min(limit.rlim_max);
            let _ = rtlimit(Some(limit));
        }
    } else {
        // None of ours: another library's thread, or the limit of CPU time (the same signal).
        // What would have happened without us happens.
        // SAFETY: both calls take numbers only and are async-signal-safe.
        unsafe {
            libc::signal(libc::SIGXCPU, libc::SIG_DFL);
            libc::raise(libc::SIGXCPU);
        }
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Whether `thread` is one of this process's: identifiers of ended threads are given out again.
fn is_ours(thread: i32) -> bool {
    // SAFETY: the calls take numbers only; signal 0 is never delivered.
    thread > 0 && unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, 0) } == 0
}

fn make_ordinary(thread: i32) -> bool {
    if !is_ours(thread) {
        return false;
    }
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the kernel reads one `sched_param`, which lives until the call returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_sched_setscheduler,
            thread,
            libc::SCHED_OTHER | libc::SCHED_RESET_ON_FORK,
            &raw const parameters,
        )
    };
    result == 0
}
