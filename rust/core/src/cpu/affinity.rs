//! On which CPUs a thread may run.
//!
//! A cgroup change (a container being moved, a laptop's power profile) may widen or narrow an
//! affinity at any time: it is a wish, read it back where it matters.

use std::io;

use super::cpulist::{CpuSet, MAX_CPUS};

const WORD_BITS: usize = u64::BITS as usize;

/// A kernel mask: bit `n` of word `w` is CPU `64 w + n`. `cpu_set_t` ends at CPU 1023, kernels at
/// 8191.
type Mask = [u64; MAX_CPUS / WORD_BITS];

/// The CPUs on which the thread with kernel identifier `thread` may run; 0 is the calling thread, a
/// process identifier is that process's main thread.
///
/// # Errors
///
/// The system's: no such thread, or it is none of ours.
pub fn get(thread: i32) -> io::Result<CpuSet> {
    let mut mask: Mask = [0; MAX_CPUS / WORD_BITS];
    // SAFETY: the kernel writes at most the given number of bytes, which is the mask's size.
    let written = unsafe {
        libc::syscall(
            libc::SYS_sched_getaffinity,
            thread,
            size_of::<Mask>(),
            mask.as_mut_ptr(),
        )
    };
    if written < 0 {
        return Err(io::Error::last_os_error());
    }
    let bits = mask.iter().enumerate().flat_map(|(index, &word)| {
        (0..WORD_BITS)
            .filter(move |bit| word >> bit & 1 == 1)
            .map(move |bit| index * WORD_BITS + bit)
    });
    Ok(bits.collect())
}

/// Lets the thread with kernel identifier `thread`, 0 for the calling one, run on `cpus` only.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] if none of `cpus` exists and is allowed to this process's
/// cgroup, otherwise the system's. The affinity is then as before.
pub fn set(thread: i32, cpus: &CpuSet) -> io::Result<()> {
    let mut mask: Mask = [0; MAX_CPUS / WORD_BITS];
    for cpu in cpus {
        if let Some(word) = mask.get_mut(cpu / WORD_BITS) {
            *word |= 1 << (cpu % WORD_BITS);
        }
    }
    // SAFETY: the kernel reads the given number of bytes, which is the mask's size.
    let result = unsafe {
        libc::syscall(
            libc::SYS_sched_setaffinity,
            thread,
            size_of::<Mask>(),
            mask.as_ptr(),
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn in_a_thread_of_its_own(test: impl FnOnce() -> io::Result<()> + Send + 'static) {
        let joined = thread::spawn(test).join();
        assert!(matches!(joined, Ok(Ok(()))), "{joined:?}");
    }

    #[test]
    fn a_thread_stays_on_the_cpu_it_is_pinned_to() {
        in_a_thread_of_its_own(|| {
            let before = get(0)?;
            let last: CpuSet = before.iter().copied().last().into_iter().collect();
            set(0, &last)?;
            assert_eq!(get(0)?, last);
            // SAFETY: the call takes nothing.
            let running_on = unsafe { libc::sched_getcpu() };
            assert_eq!(usize::try_from(running_on).ok(), last.first().copied());
            set(0, &before)?;
            assert_eq!(get(0)?, before);
            Ok(())
        });
    }

    #[test]
    fn cpus_that_do_not_exist_are_refused_and_change_nothing() {
        in_a_thread_of_its_own(|| {
            let before = get(0)?;
            for nowhere in [CpuSet::new(), [MAX_CPUS - 1].into(), [usize::MAX].into()] {
                let error = set(0, &nowhere).err().map(|error| error.kind());
                assert_eq!(error, Some(io::ErrorKind::InvalidInput));
            }
            assert_eq!(get(0)?, before);
            Ok(())
        });
    }

    #[test]
    fn a_thread_that_does_not_exist_is_an_error() {
        assert!(get(i32::MAX).is_err());
        assert!(set(i32::MAX, &[0].into()).is_err());
    }
}
