//! Claim: the device callback takes at most 1 µs for a block of 128 stereo frames.
//!
//! Peer: `rtrb`, copying the same bytes in one chunk and doing nothing else: no ADC time, no books, no
//! histograms, no readers who are woken. Input: blocks of 128 frames of two channels, f32 (and i16, which
//! the callback converts), into a ring that one reader keeps up with, unmeasured. Unit: ns for one
//! callback, the mean of a turn; the sides take short turns in alternation. And the same callback in
//! whole engines whose DSP thread sleeps (`callback_waking`).

use std::{
    ffi::{c_ulong, c_void},
    hint::black_box,
    ptr::null_mut,
    sync::Arc,
    time::Instant,
};

use record::Record;
use voicestand_core::{
    capture::{Input, SampleFormat, Stream, TimeInfo, stream_callback},
    ring::{Read, Reader, Shape, ring},
};

mod callback_waking;
mod record;

const FRAMES: usize = 128;
const CHANNELS: usize = 2;
const SAMPLES: usize = FRAMES * CHANNELS;
const BLOCKS: usize = 64;
/// Blocks in a turn: fewer than the ring holds.
const BATCH: usize = 32;
const TURNS: usize = 2_000;

/// Calls back `calls` times with `audio`, which holds a block of the stream's format; returns ns.
fn call_back(stream: &Stream, audio: *const c_void, calls: usize) -> f64 {
    let time = TimeInfo {
        input_buffer_adc_time: 1.0,
        current_time: 1.004,
        output_buffer_dac_time: 0.0,
    };
    let user = std::ptr::from_ref(stream).cast_mut().cast();
    let began = Instant::now();
    for _ in 0..calls {
        // SAFETY: `audio` holds a block, and the stream lives.
        unsafe {
            stream_callback(
                black_box(audio),
                null_mut(),
                FRAMES as c_ulong,
                &raw const time,
                0,
                user,
            );
        }
    }
    began.elapsed().as_nanos() as f64 / calls as f64
}

/// What a device feeds, and who keeps up with it.
struct Capture {
    stream: Stream,
    reader: Reader,
}

impl Capture {
    fn new(format: SampleFormat) -> Option<Self> {
        let (producer, ring) = ring(Shape {
            blocks: BLOCKS,
            block_samples: SAMPLES,
            readers: 8,
            pins: 0,
        });
        let reader = ring.reader()?;
        let input = Arc::new(Input::new(producer, CHANNELS, Arc::default()));
        Some(Self {
            stream: Stream::new(input, 48_000, CHANNELS, format),
            reader,
        })
    }

    /// Nanoseconds of a callback with `audio`, which holds a block of the stream's format.
    fn turn(&mut self, audio: *const c_void) -> f64 {
        let taken = call_back(&self.stream, audio, BATCH);
        while let Read::Block(block) = self.reader.read() {
            block.with_samples(|samples| {
                black_box(samples);
            });
        }
        taken
    }
}

fn copy(producer: &mut rtrb::Producer<f32>, audio: &[f32]) {
    let audio = black_box(audio);
    if let Ok(mut chunk) = producer.write_chunk(audio.len()) {
        let (first, second) = chunk.as_mut_slices();
        let (left, right) = audio.split_at(first.len());
        first.copy_from_slice(left);
        second.copy_from_slice(right);
        chunk.commit_all();
    }
}

fn drain(consumer: &mut rtrb::Consumer<f32>) {
    if let Ok(chunk) = consumer.read_chunk(consumer.slots()) {
        chunk.commit_all();
    }
}

/// The bare copy.
struct Copy {
    producer: rtrb::Producer<f32>,
    consumer: rtrb::Consumer<f32>,
}

impl Copy {
    fn new() -> Self {
        let (producer, consumer) = rtrb::RingBuffer::new(BLOCKS * SAMPLES);
        Self { producer, consumer }
    }

    fn turn(&mut self, audio: &[f32]) -> f64 {
        let began = Instant::now();
        for _ in 0..BATCH {
            copy(&mut self.producer, audio);
        }
        let taken = began.elapsed();
        drain(&mut self.consumer);
        taken.as_nanos() as f64 / BATCH as f64
    }
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    let (Some(mut floats), Some(mut integers)) = (
        Capture::new(SampleFormat::F32),
        Capture::new(SampleFormat::I16),
    ) else {
        eprintln!("no reader could join the ring");
        std::process::exit(1);
    };
    let mut copy = Copy::new();
    let audio = [0.25_f32; SAMPLES];
    let coded = [8_192_i16; SAMPLES];
    let (mut f32s, mut i16s, mut copies) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..TURNS + TURNS / 10 {
        let taken = (
            floats.turn(audio.as_ptr().cast()),
            integers.turn(coded.as_ptr().cast()),
            copy.turn(&audio),
        );
        // The first ones warm caches and the branch predictor.
        if turn >= TURNS / 10 {
            f32s.push(taken.0);
            i16s.push(taken.1);
            copies.push(taken.2);
        }
    }
    let bare = median(&copies);
    println!(
        "a device callback with {FRAMES} frames of {CHANNELS} channels, median of {TURNS} turns:"
    );
    println!("  f32               {:7.1} ns", median(&f32s));
    println!("  i16, converted    {:7.1} ns", median(&i16s));
    println!("  rtrb, a bare copy {bare:7.1} ns");
    println!("  ratio, bare copy / callback: {:.2}", bare / median(&f32s));
    for (name, what, samples) in [
        ("callback-f32", "f32", &f32s),
        ("callback-i16", "i16", &i16s),
    ] {
        Record::new(name, "the device callback takes at most 1 µs for 128 stereo frames")
            .input(&format!(
                "{FRAMES} frames of {CHANNELS} channels, {what}; the peer copies as many f32 and keeps no books"
            ))
            .unit("ns")
            .ours(samples)
            .peer("rtrb, a bare copy", &copies)
            .value(1_000.0)
            .write();
    }
    callback_waking::waking(&audio);
}
