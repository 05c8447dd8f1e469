//! The function that PortAudio calls with each block from a device.

use std::ffi::{c_int, c_ulong, c_void};

use super::Input;
use crate::clock;

/// `PaStreamCallbackTimeInfo` of portaudio.h, in seconds of the stream's own clock.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TimeInfo {
    input_buffer_adc_time: f64,
    current_time: f64,
    output_buffer_dac_time: f64,
}

const PA_CONTINUE: c_int = 0;
const PA_INPUT_OVERFLOW: c_ulong = 2;

/// What the callback needs besides the audio: pass a pointer to it as PortAudio's `userData`.
#[derive(Debug)]
pub struct Stream {
    /// Where the audio goes.
    pub input: std::sync::Arc<Input>,
    /// The rate the stream was opened with, Hz.
    pub sample_rate: u32,
}

/// A `PaStreamCallback` for interleaved f32 input: copies, counts, stamps, wakes.
///
/// It neither allocates, locks, blocks nor panics. The ADC time that PortAudio states on its own
/// clock is moved to the monotonic clock by its distance from "now".
///
/// # Safety
///
/// `user` must point to a live [`Stream`] while the PortAudio stream exists, and `input`, unless
/// null, to `frames` frames of as many f32 channels as the stream's [`Input`] has.
pub unsafe extern "C" fn stream_callback(
    input: *const c_void,
    _output: *mut c_void,
    frames: c_ulong,
    time: *const TimeInfo,
    status: c_ulong,
    user: *mut c_void,
) -> c_int {
    // SAFETY: the caller promises that `user` is a live `Stream`.
    let Some(stream) = (unsafe { user.cast::<Stream>().as_ref() }) else {
        return PA_CONTINUE;
    };
    if input.is_null() {
        return PA_CONTINUE;
    }
    let samples = frames as usize * stream.input.channels();
    // SAFETY: the caller promises that many samples; PortAudio aligns its buffers for them.
    let audio = unsafe { std::slice::from_raw_parts(input.cast::<f32>(), samples) };
    let now = clock::monotonic_ns();
    // SAFETY: PortAudio passes a valid pointer, or null in a primed stream.
    let age = unsafe { time.as_ref() }.map(|time| time.current_time - time.input_buffer_adc_time);
    let duration = frames as f64 / f64::from(stream.sample_rate.max(1));
    // Some host APIs leave a time at zero: then the block was converted just before now.
    let age = age.filter(|age| (0.0..1.0).contains(age) && *age >= duration / 2.0);
    let age_ns = (age.unwrap_or(duration) * 1e9) as u64;
    let overflow = status & PA_INPUT_OVERFLOW != 0;
    stream.input.accept(
        audio,
        now.saturating_sub(age_ns),
        stream.sample_rate,
        overflow,
    );
    let instruments = stream.input.instruments();
    instruments.called_back(now, frames, stream.sample_rate);
    PA_CONTINUE
}
