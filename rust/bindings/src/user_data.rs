//! What a native callback of PortAudio works with, as the address that PortAudio is given.

use std::sync::{Arc, Mutex, PoisonError};

/// User data of a callback, there until `release`, which must come after the stream was closed.
///
/// Dropped without it, it leaks its few bytes on purpose: PortAudio may still be calling.
#[derive(Debug)]
pub(crate) struct UserData<T>(Mutex<Option<Arc<T>>>);

impl<T> UserData<T> {
    pub(crate) fn new(data: T) -> Self {
        Self(Mutex::new(Some(Arc::new(data))))
    }

    /// `None` after `release`.
    pub(crate) fn get(&self) -> Option<Arc<T>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// 0 after `release`.
    pub(crate) fn address(&self) -> usize {
        self.get().map_or(0, |data| Arc::as_ptr(&data) as usize)
    }

    pub(crate) fn release(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl<T> Drop for UserData<T> {
    fn drop(&mut self) {
        let data = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        std::mem::forget(data.take());
    }
}
