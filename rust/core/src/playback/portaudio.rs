//! The function that PortAudio calls for each block that a device is to play.

use std::{
    ffi::{c_int, c_ulong, c_void},
    sync::Arc,
};

use super::Output;
use crate::capture::TimeInfo;

const PA_CONTINUE: c_int = 0;
const PA_COMPLETE: c_int = 1;
const PA_OUTPUT_UNDERFLOW: c_ulong = 4;

/// What the callback needs: pass a pointer to it as PortAudio's `userData`.
#[derive(Debug)]
pub struct OutputStream {
    /// Where the audio comes from.
    pub output: Arc<Output>,
}

/// A `PaStreamCallback` for interleaved f32 output: copies, counts, and ends when all was played.
///
/// It neither allocates, locks, blocks nor panics.
///
/// # Safety
///
/// `user` must point to a live [`OutputStream`] while the PortAudio stream exists, and `output`,
/// unless null, to `frames` frames of as many f32 channels as its [`Output`] has.
pub unsafe extern "C" fn playback_callback(
    _input: *const c_void,
    output: *mut c_void,
    frames: c_ulong,
    _time: *const TimeInfo,
    status: c_ulong,
    user: *mut c_void,
) -> c_int {
    // SAFETY: the caller promises that `user` is a live `OutputStream`.
    let Some(stream) = (unsafe { user.cast::<OutputStream>().as_ref() }) else {
        return PA_COMPLETE;
    };
    if output.is_null() {
        return PA_CONTINUE;
    }
    let channels = stream.output.channels();
    // SAFETY: the caller promises that many samples; PortAudio aligns its buffers for them.
    let audio =
        unsafe { std::slice::from_raw_parts_mut(output.cast::<f32>(), frames as usize * channels) };
    let underflow = status & PA_OUTPUT_UNDERFLOW != 0;
    let done = stream
        .output
        .render(frames as usize, underflow, |first, samples| {
            let from = first * channels;
            if let Some(place) = audio.get_mut(from..from + samples.len()) {
                place.copy_from_slice(samples);
            }
        });
    if let Some(rest) = audio.get_mut(done * channels..) {
        rest.fill(0.0);
    }
    if stream.output.is_over() {
        PA_COMPLETE
    } else {
        PA_CONTINUE
    }
}
