//! The process callback of a JACK client that plays impulses and notes when they were.

use std::ffi::{c_int, c_void};

type CycleTimes =
    unsafe extern "C" fn(*const c_void, *mut u32, *mut u64, *mut u64, *mut f32) -> c_int;

/// An impulse that was played, in microseconds of JACK's time.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Played {
    /// The time of its frame.
    at: u64,
    /// When its cycle began, as the server says.
    cycle: u64,
    /// When the client was called in that cycle.
    called: u64,
    /// When the next cycle began; 0 until it has.
    next_cycle: u64,
}

/// What [`voicestand_play_impulses`] works with; the functions are libjack's.
#[derive(Debug)]
#[repr(C)]
pub struct Impulses {
    client: *mut c_void,
    port: *mut c_void,
    port_buffer: unsafe extern "C" fn(*mut c_void, u32) -> *mut c_void,
    cycle_times: CycleTimes,
    time: unsafe extern "C" fn() -> u64,
    /// Frames from one impulse to the next.
    every: u32,
    /// Frames until the next impulse.
    left: u32,
    /// The first `capacity` of them.
    played: *mut Played,
    capacity: u64,
    /// How many were played. The n-th is (64 + n mod 64) / 128 high, so that it is told from others.
    count: u64,
}

/// A `JackProcessCallback` whose argument is an [`Impulses`].
///
/// # Safety
///
/// `user` points to one that lives as long as the client is active, with room for `capacity`
/// impulses; client, port and functions are an open client's. A cycle has at most one impulse.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn voicestand_play_impulses(count: u32, user: *mut c_void) -> c_int {
    // SAFETY: the caller promises that it lives, and JACK calls from one thread.
    let Some(playing) = (unsafe { user.cast::<Impulses>().as_mut() }) else {
        return 0;
    };
    let (mut frame, mut began, mut next, mut period) = (0, 0, 0, 0.0);
    // SAFETY: the caller promises an open client's functions and port; the four are written only.
    let (buffer, called) = unsafe {
        (playing.cycle_times)(
            playing.client,
            &raw mut frame,
            &raw mut began,
            &raw mut next,
            &raw mut period,
        );
        let buffer = (playing.port_buffer)(playing.port, count);
        (buffer.cast::<f32>(), (playing.time)())
    };
    if buffer.is_null() {
        return 0;
    }
    // SAFETY: the caller promises room for `capacity` impulses, of which `count` were written.
    let last = playing
        .count
        .checked_sub(1)
        .map(|number| unsafe { &mut *playing.played.add(number as usize) });
    if let Some(last) = last
        && last.next_cycle == 0
    {
        last.next_cycle = began;
    }
    // SAFETY: JACK's buffers hold as many frames as the period has.
    let samples = unsafe { std::slice::from_raw_parts_mut(buffer, count as usize) };
    samples.fill(0.0);
    let place = playing.left;
    let Some(sample) = samples.get_mut(place as usize) else {
        playing.left -= count;
        return 0;
    };
    playing.left = place + playing.every - count;
    if playing.count < playing.capacity {
        *sample = (64 + playing.count % 64) as f32 / 128.0;
        let played = Played {
            at: began + (f64::from(place) * f64::from(period) / f64::from(count)) as u64,
            cycle: began,
            called,
            next_cycle: 0,
        };
        // SAFETY: as above.
        unsafe { playing.played.add(playing.count as usize).write(played) };
        playing.count += 1;
    }
    0
}
