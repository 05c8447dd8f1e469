//! A lock for the audio path: who finds it taken is told so, and never made to wait.

use std::{
    cell::UnsafeCell,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

/// A value that one thread at a time may use.
pub(crate) struct TryLock<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is touched only between winning `taken` and giving it back.
unsafe impl<T: Send> Sync for TryLock<T> {}

impl<T> fmt::Debug for TryLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryLock").finish_non_exhaustive()
    }
}

impl<T> TryLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            taken: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Calls `work` with the value; `None` if another thread has it. Wait-free if `work` is.
    #[inline]
    pub(crate) fn try_with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.taken.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: `taken` was false and is ours until the store below.
        let result = work(unsafe { &mut *self.value.get() });
        self.taken.store(false, Ordering::Release);
        Some(result)
    }

    /// Calls `work` as soon as no other thread has the value. Not for the audio path.
    pub(crate) fn with<R>(&self, mut work: impl FnMut(&mut T) -> R) -> R {
        loop {
            match self.try_with(&mut work) {
                Some(result) => return result,
                None => std::thread::yield_now(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_it_taken_is_told_and_it_is_given_back() {
        let lock = TryLock::new(1);
        let inside = lock.try_with(|value| {
            *value += 1;
            lock.try_with(|_| ())
        });
        assert_eq!(inside, Some(None));
        assert_eq!(lock.try_with(|value| *value), Some(2));
    }

    #[test]
    fn threads_have_the_value_one_at_a_time() {
        let lock = TryLock::new(0_u64);
        let count = || (0..100_000).for_each(|_| lock.with(|value| *value += 1));
        std::thread::scope(|scope| {
            scope.spawn(count);
            count();
        });
        assert_eq!(lock.with(|value| *value), 200_000);
    }
}
