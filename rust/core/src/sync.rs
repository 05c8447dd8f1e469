//! The atomics, cells and threads of this crate: `std`'s, or loom's when a model is checked.
//!
//! Lock-free code imports from here only, so that the type that ships is the type that is checked.

#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    hint::spin_loop,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence},
    },
};

#[cfg(not(loom))]
pub(crate) use std::{
    hint::spin_loop,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence},
    },
};

/// Stores `value` in `word`, and lets nothing the caller does later be seen before that store: the
/// first half of every "I say so, then I look" in this crate.
///
/// The look must be a `SeqCst` load; the other side puts a `SeqCst` fence between its own store and
/// look. Then one of the two sees the other's store.
///
/// NB: one exchange, because a store and a fence take twice as long on x86 (10 and 24 ns on one
/// machine). The model checker knows sequential consistency of fences only, so it is given a fence.
macro_rules! store_then_look {
    ($word:expr, $value:expr) => {{
        #[cfg(loom)]
        {
            $word.store($value, $crate::sync::Ordering::Release);
            $crate::sync::fence($crate::sync::Ordering::SeqCst);
        }
        #[cfg(not(loom))]
        {
            $word.swap($value, $crate::sync::Ordering::SeqCst);
        }
    }};
}
pub(crate) use store_then_look;

/// `std`'s cell behind loom's interface: access by closure, so that loom can watch each one.
#[cfg(not(loom))]
#[derive(Debug, Default)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Calls `f` with a pointer that may be read while nobody writes.
    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Calls `f` with a pointer that may be written while nobody else looks.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
