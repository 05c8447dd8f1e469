//! `voicestand_core::pool` for Python: blocks that NumPy looks at in place.

use std::{
    ffi::{c_int, c_void},
    ptr,
    sync::{Arc, Mutex, PoisonError},
};

use pyo3::exceptions::{PyBufferError, PyMemoryError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use voicestand_core::pool::{Block, Capacity, Pool as Core};

/// A pool of 64-byte aligned blocks of 1, 16 and 256 KiB, all of whose memory is there at once.
///
/// Taking and giving back waits for nobody, from any thread.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct Pool {
    core: Arc<Core>,
}

#[pymethods]
impl Pool {
    /// A pool of so many blocks of 1 KiB, 16 KiB and 256 KiB; with `lock` kept in memory as far as
    /// RLIMIT_MEMLOCK permits.
    #[new]
    #[pyo3(signature = (*, small=64, medium=16, large=4, lock=false))]
    fn new(small: usize, medium: usize, large: usize, lock: bool) -> PyResult<Self> {
        let capacity = Capacity {
            small,
            medium,
            large,
        };
        let core = if lock {
            Core::locked(capacity)
        } else {
            Core::new(capacity)
        };
        let core = core.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self {
            core: Arc::new(core),
        })
    }

    /// A block of `nbytes` bytes; of the heap, and counted, if the pool has none.
    fn take(&self, nbytes: usize) -> PyResult<PoolBlock> {
        let block = Block::take_or_allocate(Arc::clone(&self.core), nbytes);
        let block = block.ok_or_else(|| {
            PyMemoryError::new_err(format!(
                "a block of {nbytes} bytes: there is no memory for it"
            ))
        })?;
        Ok(PoolBlock {
            nbytes,
            fallback: block.is_fallback(),
            lease: Mutex::new(Some(Arc::new(block))),
        })
    }

    /// The classes, smallest first, and the misses, fallbacks and locking.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.core.stats();
        let mut classes = Vec::new();
        for class in stats.classes {
            let dict = PyDict::new(py);
            dict.set_item("bytes", class.bytes)?;
            dict.set_item("blocks", class.blocks)?;
            dict.set_item("used", class.used)?;
            dict.set_item("high_water", class.high_water)?;
            classes.push(dict);
        }
        let dict = PyDict::new(py);
        dict.set_item("classes", classes)?;
        dict.set_item("misses", stats.misses)?;
        dict.set_item("fallbacks", stats.fallbacks)?;
        dict.set_item("fallbacks_in_use", stats.fallbacks_in_use)?;
        dict.set_item("locked", stats.locked)?;
        Ok(dict)
    }
}

/// The memory, shared by the block and every view of it: it goes back with the last of them.
type Lease = Arc<Block<Arc<Core>>>;

/// A block of a pool, with the buffer protocol.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct PoolBlock {
    nbytes: usize,
    fallback: bool,
    /// `None` once it was released.
    lease: Mutex<Option<Lease>>,
}

impl PoolBlock {
    fn lease(&self) -> Option<Lease> {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        lease.clone()
    }
}

#[pymethods]
impl PoolBlock {
    /// Bytes in the block.
    #[getter]
    fn nbytes(&self) -> usize {
        self.nbytes
    }

    /// Whether it came from the heap, since the pool had none.
    #[getter]
    fn fallback(&self) -> bool {
        self.fallback
    }

    /// The block as an array of `dtype`, in place; what an earlier owner wrote may be in it.
    fn array<'py>(
        slf: &Bound<'py, Self>,
        dtype: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let block = slf.get();
        if block.lease().is_none() {
            return Err(released(PyValueError::new_err));
        }
        let numpy = slf.py().import("numpy")?;
        let dtype = numpy.getattr("dtype")?.call1((dtype,))?;
        let size: usize = dtype.getattr("itemsize")?.extract()?;
        if dtype.getattr("hasobject")?.extract()? {
            return Err(PyTypeError::new_err(
                "an array of Python objects cannot live in a block: choose a numeric dtype",
            ));
        }
        if size == 0 || !block.nbytes.is_multiple_of(size) {
            return Err(PyValueError::new_err(format!(
                "a block of {} bytes is no whole number of {dtype} of {size} bytes",
                block.nbytes
            )));
        }
        if block.nbytes == 0 {
            return numpy.call_method1("empty", (0, dtype));
        }
        numpy.call_method1("frombuffer", (slf, dtype))
    }

    /// Gives the block back, at once or with the last view of it. Raises `ValueError` the second
    /// time.
    fn release(&self) -> PyResult<()> {
        let lease = self
            .lease
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        lease
            .map(drop)
            .ok_or_else(|| released(PyValueError::new_err))
    }

    fn __len__(&self) -> usize {
        self.nbytes
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyResult<PyRef<'_, Self>> {
        if slf.lease().is_none() {
            return Err(released(PyValueError::new_err));
        }
        Ok(slf)
    }

    /// Gives the block back, unless that was done inside.
    #[pyo3(signature = (*_error))]
    fn __exit__(&self, _error: &Bound<'_, PyAny>) {
        let mut lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        drop(lease.take());
    }

    /// # Safety
    ///
    /// For the interpreter only: `view` must be null or a buffer to be filled in.
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("no view to fill in"));
        }
        let block = slf.get();
        let Some(lease) = block.lease() else {
            return Err(released(PyBufferError::new_err));
        };
        let (memory, bytes) = (lease.as_ptr().cast::<c_void>(), block.nbytes);
        // SAFETY: `view` is the interpreter's; the memory lives as long as the lease, which the view
        // keeps until `__releasebuffer__`.
        unsafe {
            let filled =
                ffi::PyBuffer_FillInfo(view, slf.as_ptr(), memory, bytes.cast_signed(), 0, flags);
            if filled != 0 {
                return Err(PyErr::fetch(slf.py()));
            }
            (*view).internal = Arc::into_raw(lease).cast_mut().cast();
        }
        Ok(())
    }

    /// # Safety
    ///
    /// For the interpreter only: `view` must have been filled in by `__getbuffer__`.
    unsafe fn __releasebuffer__(&self, view: *mut ffi::Py_buffer) {
        // SAFETY: the pointer came from `Arc::into_raw` above, and the interpreter releases a view once.
        unsafe {
            let lease = ptr::replace(&raw mut (*view).internal, ptr::null_mut());
            if !lease.is_null() {
                drop(Lease::from_raw(lease.cast()));
            }
        }
    }
}

fn released(error: impl FnOnce(&'static str) -> PyErr) -> PyErr {
    error("the block was released: take another one")
}
