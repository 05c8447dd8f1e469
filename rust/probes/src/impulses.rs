//! The process callback of a JACK client that plays impulses and notes when its cycles began.

use std::ffi::{c_int, c_void};

use crate::time::monotonic_ns;

/// A call of the client. Times are `CLOCK_MONOTONIC` nanoseconds.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Call {
    /// The server's count of frames at the beginning of the cycle; wraps.
    count: u32,
    /// The place of the impulse that was played, or -1.
    impulse: i32,
    /// When the server had woken for the cycle; less than the duration of a frame too late.
    begun_ns: u64,
    /// When its samples were written.
    done_ns: u64,
}

/// What [`voicestand_play_impulses`] works with; the functions are libjack's.
#[derive(Debug)]
#[repr(C)]
pub struct Impulses {
    client: *mut c_void,
    port: *mut c_void,
    port_buffer: unsafe extern "C" fn(*mut c_void, u32) -> *mut c_void,
    last_frame_time: unsafe extern "C" fn(*const c_void) -> u32,
    frames_since_cycle_start: unsafe extern "C" fn(*const c_void) -> u32,
    /// Hz.
    sample_rate: u32,
    /// Frames from one impulse to the next.
    every: u32,
    /// Frames until the next impulse.
    left: u32,
    /// How many impulses were played. The n-th is (64 + n mod 64) / 128 high, so that it is told from
    /// others.
    impulses: u32,
    /// The first `capacity` calls.
    calls: *mut Call,
    capacity: u64,
    count: u64,
}

/// A `JackProcessCallback` whose argument is an [`Impulses`].
///
/// # Safety
///
/// `user` points to one that lives as long as the client is active, with room for `capacity`
/// calls; client, port and functions are an open client's. A cycle has at most one impulse.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn voicestand_play_impulses(count: u32, user: *mut c_void) -> c_int {
    // SAFETY: the caller promises that it lives, and JACK calls from one thread.
    let Some(playing) = (unsafe { user.cast::<Impulses>().as_mut() }) else {
        return 0;
    };
    if playing.count == playing.capacity {
        return 0;
    }
    // SAFETY: the caller promises an open client's functions and port.
    let buffer = unsafe { (playing.port_buffer)(playing.port, count) }.cast::<f32>();
    if buffer.is_null() {
        return 0;
    }
    let (counted, begun_ns) = cycle(playing);
    // SAFETY: JACK's buffers hold as many frames as the period has.
    let samples = unsafe { std::slice::from_raw_parts_mut(buffer, count as usize) };
    samples.fill(0.0);
    let place = playing.left;
    let mut impulse = -1;
    if let Some(sample) = samples.get_mut(place as usize) {
        *sample = (64 + playing.impulses % 64) as f32 / 128.0;
        playing.impulses += 1;
        playing.left += playing.every;
        impulse = place as i32;
    }
    playing.left -= count;
    let call = Call {
        count: counted,
        impulse,
        begun_ns,
        done_ns: monotonic_ns(),
    };
    // SAFETY: the caller promises room for `capacity` calls, of which `count` were written.
    unsafe { playing.calls.add(playing.count as usize).write(call) };
    playing.count += 1;
    0
}

/// The server's count of frames, and when it had begun the cycle.
fn cycle(playing: &Impulses) -> (u32, u64) {
    loop {
        // SAFETY: the caller of the callback promises an open client's functions.
        let (before, since, now_ns, after) = unsafe {
            (
                (playing.last_frame_time)(playing.client),
                (playing.frames_since_cycle_start)(playing.client),
                monotonic_ns(),
                (playing.last_frame_time)(playing.client),
            )
        };
        // Otherwise another cycle has begun meanwhile.
        if before == after {
            let since_ns = u64::from(since) * 1_000_000_000 / u64::from(playing.sample_rate);
            return (before, now_ns - since_ns);
        }
    }
}
