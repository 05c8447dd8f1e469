//! The callback's path and the DSP thread do not allocate, reallocate or free once they run.
#![cfg(not(loom))]
#![allow(missing_docs, clippy::unwrap_used)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ffi::c_ulong,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use voicestand_core::{
    capture::{SampleFormat, Stream, stream_callback},
    clock::monotonic_ns,
    engine::{Engine, Spec},
    stats::Measure,
};

/// Counts what the whole process asks of the heap while it is armed.
struct Guard;

static ARMED: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicUsize = AtomicUsize::new(0);

fn count() {
    if ARMED.load(Ordering::Relaxed) {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Guard {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static GUARD: Guard = Guard;

/// As PortAudio calls, with a block of the stream's format.
fn call_back<T>(stream: &Stream, block: &[T], channels: usize) {
    let frames = (block.len() / channels) as c_ulong;
    let user = std::ptr::from_ref(stream).cast_mut().cast();
    // SAFETY: the stream lives, and the block holds that many frames of its format and channels.
    unsafe {
        stream_callback(
            block.as_ptr().cast(),
            std::ptr::null_mut(),
            frames,
            std::ptr::null(),
            0,
            user,
        );
    }
}

/// The only test of this binary: others would allocate beside it.
#[test]
fn ten_minutes_of_capture_and_conditioning_leave_the_heap_alone() {
    let engine = Engine::start(Spec {
        sample_rate: 44_100,
        channels: 2,
        roles: vec![vec![0], vec![1]],
        block_frames: 128,
        ring_seconds: 0.2,
        high_pass_hz: 80.0,
        follow_monotonic: true,
    })
    .unwrap();
    let stream =
        |channels, format| Stream::new(Arc::clone(engine.input()), 44_100, channels, format);
    let floats = stream(2, SampleFormat::F32);
    let integers = stream(2, SampleFormat::I16);
    let mono = stream(1, SampleFormat::I16);
    for switches in engine.switches() {
        switches.update(|wanted| {
            wanted.echo_cancellation = true;
            wanted.noise_suppression = true;
            wanted.automatic_gain = true;
        });
    }
    let block = [0.25_f32; 256];
    let coded = [8_192_i16; 256];
    let settle = || std::thread::sleep(Duration::from_millis(50));
    let play = |blocks: usize| {
        for number in 0..blocks {
            engine.wait_for_room(None);
            match number % 4 {
                0 => call_back(&floats, &block, 2),
                1 => call_back(&integers, &coded, 2),
                2 => call_back(&mono, &coded[..128], 1),
                _ => {
                    engine.input().accept(&block, number as u64, 44_100, false);
                }
            }
            if number % 1_000 == 1 {
                // The device goes away, the clock goes on without it, and it comes back.
                engine.input().interrupt();
                let until = monotonic_ns() + 10_000_000;
                engine.input().advance(until, 44_100);
                call_back(&floats, &block, 2);
            }
        }
    };
    play(100);
    settle();
    ARMED.store(true, Ordering::Relaxed);
    // Then more at once than the rings hold: an overrun is no excuse.
    play(10 * 60 * 44_100 / 128);
    for _ in 0..500 {
        engine.input().accept(&block, 0, 44_100, true);
    }
    settle();
    ARMED.store(false, Ordering::Relaxed);
    assert_eq!(CALLS.load(Ordering::Relaxed), 0);
    assert!(engine.stats().captured > 10 * 60 * 44_000);
    assert!(engine.stats().input.missing > 44_100);
    // What is guarded did happen, and was measured meanwhile.
    for measure in Measure::ALL {
        let seen = engine.instruments().snapshot(measure).counts.len();
        let reads = matches!(measure, Measure::ReaderWake | Measure::SpeechDepth);
        assert!(reads || seen > 0, "{}", measure.name());
    }
}
