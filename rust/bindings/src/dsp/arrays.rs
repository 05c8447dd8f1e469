//! NumPy arrays as the slices that kernels work on, checked in a few nanoseconds.

use std::slice::{from_raw_parts, from_raw_parts_mut};

use numpy::npyffi::{NPY_ARRAY_ALIGNED, NPY_ARRAY_C_CONTIGUOUS, NPY_ARRAY_WRITEABLE};
use numpy::{
    Element, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// An array of `T`, C-contiguous and aligned, that a call holds a reference to.
pub(crate) struct Samples<'a, 'py, T: Element> {
    array: &'a Bound<'py, PyArrayDyn<T>>,
    name: &'static str,
}

impl<'a, 'py, T: Element> Samples<'a, 'py, T> {
    /// `value` as an array of `T`. Raises `TypeError` for another type or dtype, `ValueError` where its
    /// elements do not lie one after the other.
    pub(crate) fn of(value: &'a Bound<'py, PyAny>, name: &'static str) -> PyResult<Self> {
        let Ok(array) = value.cast::<PyArrayDyn<T>>() else {
            return Err(refused::<T>(value, name));
        };
        let this = Self { array, name };
        if this.flags() & (NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED)
            != NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED
        {
            return Err(PyValueError::new_err(format!(
                "{name}: must be C-contiguous and aligned; numpy.ascontiguousarray makes it so"
            )));
        }
        Ok(this)
    }

    fn flags(&self) -> i32 {
        // SAFETY: the array lives as long as the reference to it.
        unsafe { (*self.array.as_array_ptr()).fields.flags }
    }

    pub(crate) fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    pub(crate) fn length(&self) -> usize {
        self.array.len()
    }

    pub(crate) fn get(&self) -> &'a [T] {
        if self.length() == 0 {
            return &[];
        }
        // SAFETY: contiguous, aligned and of this type, as was checked; kept alive by the caller's
        // reference. As with NumPy's own functions no other thread may write to it meanwhile.
        unsafe { from_raw_parts(self.array.data(), self.length()) }
    }

    /// The elements to write to. Raises `ValueError` if the array is read-only or shares memory with one
    /// of `inputs`.
    pub(crate) fn get_mut(&self, inputs: &[(usize, usize)]) -> PyResult<&'a mut [T]> {
        if self.flags() & NPY_ARRAY_WRITEABLE == 0 {
            let text = format!("{}: is read-only, and would be written to", self.name);
            return Err(PyValueError::new_err(text));
        }
        if self.length() == 0 {
            return Ok(&mut []);
        }
        self.apart_from(inputs)?;
        // SAFETY: as for `get`, and no other slice of this call overlaps it, as was checked.
        Ok(unsafe { from_raw_parts_mut(self.array.data(), self.length()) })
    }

    /// Raises `ValueError` if the array shares memory with one of `inputs`.
    pub(crate) fn apart_from(&self, inputs: &[(usize, usize)]) -> PyResult<()> {
        let (start, end) = self.range();
        if inputs.iter().any(|&(from, to)| from < end && start < to) {
            let text = format!("{}: shares memory with an input", self.name);
            return Err(PyValueError::new_err(text));
        }
        Ok(())
    }

    /// First address and the one behind the last; empty for an empty array.
    pub(crate) fn range(&self) -> (usize, usize) {
        let start = self.array.data() as usize;
        (start, start + self.length() * size_of::<T>())
    }
}

#[cold]
fn refused<T: Element>(value: &Bound<'_, PyAny>, name: &str) -> PyErr {
    let wanted = T::get_dtype(value.py());
    let found = match value.cast::<PyUntypedArray>() {
        Ok(array) => array.dtype().to_string(),
        Err(_) => value.get_type().to_string(),
    };
    PyTypeError::new_err(format!(
        "{name}: a NumPy array of {} is wanted, not {found}",
        wanted
            .typeobj()
            .name()
            .map_or_else(|_| wanted.to_string(), |n| n.to_string())
    ))
}

/// Raises `ValueError` unless `ok`.
pub(crate) fn demand(ok: bool, text: impl FnOnce() -> String) -> PyResult<()> {
    if ok {
        Ok(())
    } else {
        Err(PyValueError::new_err(text()))
    }
}
