//! What happens to a real-time thread that computes on and on. One test, in a process of its own:
//! the limit it sets holds for the whole process.

use std::thread;
use std::time::{Duration, Instant};

use voicestand_core::cpu::overrun;
use voicestand_core::cpu::priority::{self, Granted};

fn policy_of_this_thread() -> i32 {
    // SAFETY: the call takes a number; 0 is the calling thread.
    unsafe { libc::sched_getscheduler(0) & !libc::SCHED_RESET_ON_FORK }
}

#[test]
fn a_real_time_thread_that_never_rests_is_made_an_ordinary_one_and_the_process_lives() {
    if !matches!(priority::probe(1), Granted::RealTime(_)) {
        eprintln!("skipped: no thread of this process may have real-time priority");
        return;
    }
    assert!(overrun::guard().is_ok());
    assert!(overrun::guard().is_ok(), "it may be repeated");
    let spun = |_| {
        // SAFETY: the call takes nothing.
        let thread = unsafe { libc::gettid() };
        assert!(overrun::register(thread));
        assert!(matches!(priority::promote(1), Granted::RealTime(_)));
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(10)
            && policy_of_this_thread() == libc::SCHED_FIFO
        {}
        let policy = policy_of_this_thread();
        overrun::forget(thread);
        policy
    };
    // Again and again: the kernel moves the soft limit at each signal, and the hard one kills.
    for round in 1..=3_u64 {
        let policy = thread::spawn(move || spun(round)).join();
        assert!(matches!(policy, Ok(libc::SCHED_OTHER)), "{policy:?}");
        assert_eq!(overrun::count(), round);
    }
}
