//! A PortAudio callback around another one that notes when it is called.

use std::ffi::{c_int, c_ulong, c_void};

use crate::time::monotonic_ns;

type Callback = unsafe extern "C" fn(
    input: *const c_void,
    output: *mut c_void,
    frames: c_ulong,
    time: *const c_void,
    status: c_ulong,
    user: *mut c_void,
) -> c_int;

/// What [`voicestand_note_callback`] works with.
#[derive(Debug)]
#[repr(C)]
pub struct CallbackTimes {
    /// The callback that is measured, and what it is given.
    callback: Callback,
    user: *mut c_void,
    /// `CLOCK_MONOTONIC` nanoseconds of each call, the first `capacity` of them.
    times: *mut u64,
    capacity: u64,
    /// How many calls there were.
    calls: u64,
}

/// A `PaStreamCallback` whose user data is a [`CallbackTimes`].
///
/// # Safety
///
/// `user` points to one that lives as long as the stream, with room for `capacity` times.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn voicestand_note_callback(
    input: *const c_void,
    output: *mut c_void,
    frames: c_ulong,
    time: *const c_void,
    status: c_ulong,
    user: *mut c_void,
) -> c_int {
    // SAFETY: the caller promises that it lives, and PortAudio calls from one thread.
    let Some(noted) = (unsafe { user.cast::<CallbackTimes>().as_mut() }) else {
        return 0;
    };
    if noted.calls < noted.capacity {
        // SAFETY: the caller promises room for `capacity` times.
        unsafe { noted.times.add(noted.calls as usize).write(monotonic_ns()) };
    }
    noted.calls += 1;
    // SAFETY: what PortAudio would have given it, and its own user data.
    unsafe { (noted.callback)(input, output, frames, time, status, noted.user) }
}
