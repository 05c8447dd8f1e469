//! Claims (the first is a target, and its ratio says whether it is met): handing a block to one reader costs no more than it costs in `rtrb`, which can have only
//! one; and what the producer pays does not grow with the number of readers.
//!
//! Peers, in the same run: `rtrb` by slices and by chunks, `ringbuf`, `crossbeam-channel` with blocks
//! copied and boxed, and PortAudio's C ring where rtmixer is installed (`ring_peers`); between two
//! threads also a mutex with a condition variable (`ring_threads`). Input: blocks of 480 f32 frames, copied in and
//! copied out again, as an audio callback and its reader do. Unit: time for one block, in one thread.
//! The ratios at the end are of medians of short turns that the sides take in alternation, so that
//! a busy machine slows all of them.

use std::{hint::black_box, time::Duration, time::Instant};

use criterion::Criterion;
use record::Record;
use voicestand_core::ring::{Producer, Read, Reader, Shape, Stamp, ring};

mod record;
mod ring_peers;
mod ring_threads;

const FRAMES: usize = 480;
const BLOCKS: usize = 64;
/// Blocks in a turn: fewer than the ring holds, so that nobody is overrun.
const BATCH: u32 = 32;
const TURNS: usize = 2_000;

/// A block where all sides have theirs: at the beginning of a cache line. What a copy costs depends on
/// how its ends lie to each other, by more than the rings differ.
#[repr(align(64))]
struct Aligned([f32; FRAMES]);

/// Audio to write, and room to read it into.
fn audio() -> (Box<Aligned>, Box<Aligned>) {
    (
        Box::new(Aligned([0.5; FRAMES])),
        Box::new(Aligned([0.0; FRAMES])),
    )
}

fn write(producer: &mut Producer, audio: &[f32]) {
    producer.publish(|block| {
        block.copy_from_slice(audio);
        Some(Stamp {
            frames: FRAMES as u32,
            source_frames: FRAMES as u32,
            ..Stamp::default()
        })
    });
}

fn read(reader: &mut Reader, to: &mut [f32]) {
    if let Read::Block(block) = reader.read() {
        block.with_samples(|samples| {
            to.copy_from_slice(samples);
        });
    }
}

/// A ring of ours with its readers.
struct Ours {
    producer: Producer,
    readers: Vec<Reader>,
    audio: Box<Aligned>,
    heard: Box<Aligned>,
}

impl Ours {
    fn new(readers: usize) -> Self {
        let (audio, heard) = audio();
        let (producer, ring) = ring(Shape {
            blocks: BLOCKS,
            block_samples: FRAMES,
            readers,
            pins: 0,
        });
        Self {
            producer,
            readers: (0..readers).filter_map(|_| ring.reader()).collect(),
            audio,
            heard,
        }
    }

    fn hand_over(&mut self) {
        write(&mut self.producer, black_box(&self.audio.0));
        for reader in &mut self.readers {
            read(reader, black_box(&mut self.heard.0));
        }
    }

    /// What `BATCH` blocks cost the producer; the readers read them afterwards, unmeasured.
    fn produce(&mut self) -> Duration {
        let began = Instant::now();
        for _ in 0..BATCH {
            write(&mut self.producer, black_box(&self.audio.0));
        }
        let taken = began.elapsed();
        for reader in &mut self.readers {
            for _ in 0..BATCH {
                read(reader, black_box(&mut self.heard.0));
            }
        }
        taken
    }
}

/// The peer's ring.
struct Peer {
    producer: rtrb::Producer<f32>,
    consumer: rtrb::Consumer<f32>,
    audio: Box<Aligned>,
    heard: Box<Aligned>,
}

impl Peer {
    fn new() -> Self {
        let (audio, heard) = audio();
        let (producer, consumer) = rtrb::RingBuffer::new(BLOCKS * FRAMES);
        Self {
            producer,
            consumer,
            audio,
            heard,
        }
    }

    fn hand_over(&mut self) {
        self.write();
        self.read();
    }

    fn write(&mut self) {
        // Its quickest way: whole slices, copied by memcpy.
        let pushed = self.producer.push_entire_slice(black_box(&self.audio.0));
        debug_assert!(pushed.is_ok());
    }

    fn read(&mut self) {
        let popped = self.consumer.pop_entire_slice(black_box(&mut self.heard.0));
        debug_assert!(popped.is_ok());
    }

    fn produce(&mut self) -> Duration {
        let began = Instant::now();
        for _ in 0..BATCH {
            self.write();
        }
        let taken = began.elapsed();
        for _ in 0..BATCH {
            self.read();
        }
        taken
    }
}

fn batch(mut work: impl FnMut()) -> Duration {
    let began = Instant::now();
    for _ in 0..BATCH {
        work();
    }
    began.elapsed()
}

fn median(mut turns: Vec<f64>) -> f64 {
    turns.sort_unstable_by(f64::total_cmp);
    turns.get(turns.len() / 2).copied().unwrap_or_default()
}

/// Nanoseconds of one block, turn by turn, of sides that take turns.
fn alternate<const N: usize>(mut sides: [&mut dyn FnMut() -> Duration; N]) -> [Vec<f64>; N] {
    let mut turns: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(TURNS));
    for _ in 0..TURNS {
        for (side, taken) in sides.iter_mut().zip(&mut turns) {
            taken.push(side().as_secs_f64() * 1e9 / f64::from(BATCH));
        }
    }
    turns
}

/// One block into a ring and out of it again, in one thread, beside all peers.
fn one_reader() {
    let mut ours = Ours::new(1);
    let mut record = Record::new(
        "ring-one-reader",
        "handing a block to one reader costs no more than in rtrb",
    )
    .input("blocks of 480 f32 frames, copied in and out in one thread, a turn of 32")
    .unit("ns")
    .ratio("rtrb", 1.0)
    .ratio("rtrb, chunks", 1.0);
    let mut names = Vec::new();
    let mut sides: Vec<Box<dyn FnMut() -> Duration>> =
        vec![Box::new(move || batch(|| ours.hand_over()))];
    for (name, peer) in ring_peers::all() {
        match peer {
            Ok(mut hand_over) => {
                names.push(name);
                sides.push(Box::new(move || batch(&mut hand_over)));
            }
            Err(why) => {
                println!("{name}: {why}");
                record = record.absent(name, &why);
            }
        }
    }
    let mut turns: Vec<Vec<f64>> = sides.iter().map(|_| Vec::with_capacity(TURNS)).collect();
    for _ in 0..TURNS {
        for (side, taken) in sides.iter_mut().zip(&mut turns) {
            taken.push(side().as_secs_f64() * 1e9 / f64::from(BATCH));
        }
    }
    let Some((ours, peers)) = turns.split_first() else {
        return;
    };
    record = record.ours(ours);
    let here = median(ours.clone());
    println!("\na block of {FRAMES} frames to one reader: voicestand {here:.1} ns");
    for (name, peer) in names.into_iter().zip(peers) {
        record = record.peer(name, peer);
        let there = median(peer.clone());
        println!("  {name} {there:.1} ns, ratio {:.2}", there / here);
    }
    record.write();
}

fn ratios() {
    one_reader();
    ring_threads::crossing();
    ring_threads::wakes();
    let (mut with_1, mut with_8, mut peer) = (Ours::new(1), Ours::new(8), Peer::new());
    let turns = alternate([
        &mut || with_1.produce(),
        &mut || with_8.produce(),
        &mut || peer.produce(),
    ]);
    Record::new(
        "ring-eight-readers",
        "with eight readers the producer pays at most 1.1 times what it pays with one",
    )
    .input("blocks of 480 f32 frames, the producer alone, a turn of 32")
    .unit("ns")
    .ours(&turns[1])
    .peer("one reader", &turns[0])
    .peer("rtrb, its one reader", &turns[2])
    .ratio("one reader", 1.0 / 1.1)
    .write();
    let [one, eight, rtrb] = turns.map(median);
    println!(
        "the producer's share: {one:.1} ns with 1 reader, {eight:.1} ns with 8, ratio {:.2}; \
         rtrb {rtrb:.1} ns, ratio {:.2}",
        eight / one,
        rtrb / one
    );
}

fn main() {
    if record::wanted() {
        return ratios();
    }
    let mut criterion = Criterion::default().configure_from_args();
    {
        let mut group = criterion.benchmark_group("a block of 480 frames to one reader");
        let (mut ours, mut peer) = (Ours::new(1), Peer::new());
        group.bench_function("voicestand", |bencher| bencher.iter(|| ours.hand_over()));
        group.bench_function("rtrb", |bencher| bencher.iter(|| peer.hand_over()));
        group.finish();
    }
    {
        let mut group = criterion.benchmark_group("32 blocks of 480 frames, the producer alone");
        for readers in [1, 8] {
            let mut ours = Ours::new(readers);
            group.bench_function(format!("voicestand, {readers} readers"), |bencher| {
                bencher.iter_custom(|times| (0..times).map(|_| ours.produce()).sum());
            });
        }
        let mut peer = Peer::new();
        group.bench_function("rtrb, its one reader", |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| peer.produce()).sum());
        });
        group.finish();
    }
    criterion.final_summary();
    ratios();
}
