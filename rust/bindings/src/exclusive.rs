//! What one thread at a time may use.

use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The value of `mutex`, if no other thread has it; else raises `RuntimeError`, which says that one is
/// `doing` something with it. Waiting for that thread here could wait forever: it may need the GIL that
/// this one holds.
pub(crate) fn alone<'a, T>(mutex: &'a Mutex<T>, doing: &str) -> PyResult<MutexGuard<'a, T>> {
    match mutex.try_lock() {
        Ok(value) => Ok(value),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(PyRuntimeError::new_err(format!(
            "another thread is {doing}: give each thread its own"
        ))),
    }
}

/// As [`alone`], for a reader.
pub(crate) fn reading_alone<T>(reader: &Mutex<T>) -> PyResult<MutexGuard<'_, T>> {
    alone(reader, "reading from this reader")
}
