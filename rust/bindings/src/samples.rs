//! Audio as Python hands it over and is handed it.

use numpy::ndarray::ArrayView2;
use numpy::{PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// The samples of an array (frames, channels), frame after frame, in place.
pub(crate) fn interleaved<'a>(samples: &'a PyReadonlyArray2<'_, f32>) -> PyResult<&'a [f32]> {
    // `as_slice` alone would also take Fortran's order, and mix up frames and channels.
    let audio = samples.is_c_contiguous().then(|| samples.as_slice());
    audio
        .and_then(Result::ok)
        .ok_or_else(|| PyValueError::new_err("samples must be C-contiguous (frames, channels)"))
}

/// The first `frames` frames of a block of a ring, as (frames, channels).
pub(crate) fn framed(
    block: &[f32],
    frames: usize,
    channels: usize,
) -> PyResult<ArrayView2<'_, f32>> {
    let used = block.get(..frames * channels).unwrap_or(block);
    ArrayView2::from_shape((frames, channels), used)
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))
}
