//! Claim (a target, and the record says whether it is met): that everything is measured and counted
//! adds at most 200 ns, a fifth of its budget, to a callback of 128 stereo frames.
//!
//! Peers: the same blocks published without a door, counters or histograms; and through the door but
//! untimed. Input: 256 f32 samples, copied into the ring; a reader takes them afterwards, unmeasured.
//! Unit: time for one block. Turns in alternation; what is added is the difference within a turn.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::Criterion;
use record::Record;
use voicestand_core::{
    capture::Input,
    clock::monotonic_ns,
    ring::{Producer, Read, Reader, Shape, Stamp, ring},
    stats::Instruments,
};

mod record;

const RATE: u32 = 48_000;
const FRAMES: usize = 128;
const CHANNELS: usize = 2;
/// Blocks in a turn: fewer than the ring holds.
const BATCH: u32 = 32;
const TURNS: usize = 2_000;
const MOST_ADDED_NS: f64 = 200.0;

fn capture_ring() -> Option<(Producer, Reader)> {
    let (producer, ring) = ring(Shape {
        blocks: 64,
        block_samples: FRAMES * CHANNELS,
        readers: 1,
        pins: 0,
    });
    Some((producer, ring.reader()?))
}

fn empty(reader: &mut Reader) {
    while let Read::Block(block) = reader.read() {
        block.with_samples(|samples| {
            black_box(samples.first());
        });
    }
}

fn timed(mut work: impl FnMut()) -> Duration {
    let began = Instant::now();
    for _ in 0..BATCH {
        work();
    }
    began.elapsed()
}

/// A ring and what writes to it.
struct Bare {
    producer: Producer,
    reader: Reader,
}

impl Bare {
    fn turn(&mut self, audio: &[f32]) -> Duration {
        let taken = timed(|| {
            self.producer.publish(|block| {
                block.copy_from_slice(black_box(audio));
                Some(Stamp {
                    frames: FRAMES as u32,
                    source_frames: FRAMES as u32,
                    adc_ns: 1,
                    ..Stamp::default()
                })
            });
        });
        empty(&mut self.reader);
        taken
    }
}

/// The same behind the door.
struct Behind {
    input: Input,
    reader: Reader,
}

impl Behind {
    fn counted(&mut self, audio: &[f32]) -> Duration {
        let taken = timed(|| {
            self.input.accept(black_box(audio), 1, RATE, false);
        });
        empty(&mut self.reader);
        taken
    }

    /// As the device callback does it: two more looks at the clock, two histograms.
    fn measured(&mut self, audio: &[f32]) -> Duration {
        let taken = timed(|| {
            let began = monotonic_ns();
            self.input.accept(black_box(audio), 1, RATE, false);
            let instruments = self.input.instruments();
            instruments.called_back(began, FRAMES as u64, RATE);
        });
        empty(&mut self.reader);
        taken
    }
}

fn median(mut turns: Vec<f64>) -> f64 {
    turns.sort_unstable_by(f64::total_cmp);
    turns.get(turns.len() / 2).copied().unwrap_or_default()
}

fn compare(bare: &mut Bare, behind: &mut Behind, audio: &[f32]) {
    let (mut published, mut counted, mut measured) = (vec![], vec![], vec![]);
    for _ in 0..TURNS {
        for (side, turns) in [&mut published, &mut counted, &mut measured]
            .into_iter()
            .enumerate()
        {
            let taken = match side {
                0 => bare.turn(audio),
                1 => behind.counted(audio),
                _ => behind.measured(audio),
            };
            turns.push(taken.as_secs_f64() * 1e9 / f64::from(BATCH));
        }
    }
    let less = |all: &[f64], part: &[f64]| -> Vec<f64> {
        let both = all.iter().zip(part);
        both.map(|(all, part)| (all - part).max(0.0)).collect()
    };
    let added = less(&measured, &published);
    Record::new(
        "instruments-callback",
        "counting and timing add at most 200 ns to a callback of 128 stereo frames",
    )
    .input("256 f32 samples into the capture ring, one thread, a turn of 32; the difference")
    .unit("ns")
    .ours(&added)
    .peer("of it counting", &less(&counted, &published))
    .peer("the publication itself", &published)
    .value(MOST_ADDED_NS)
    .write();
    let added = median(added);
    let [published, counted, measured] = [published, counted, measured].map(median);
    println!(
        "\na block of {FRAMES} stereo frames: published {published:.1} ns; counted {counted:.1} ns \
         ({:.2}); counted and timed {measured:.1} ns ({:.2}); added {added:.1} ns",
        counted / published,
        measured / published
    );
}

fn main() {
    let instruments = Arc::new(Instruments::new());
    let (Some((producer, reader)), Some((door, behind))) = (capture_ring(), capture_ring()) else {
        eprintln!("a new ring has no room for its first reader");
        std::process::exit(1);
    };
    let mut bare = Bare { producer, reader };
    let mut behind = Behind {
        input: Input::new(door, CHANNELS, instruments),
        reader: behind,
    };
    let audio = [0.5_f32; FRAMES * CHANNELS];
    if !record::wanted() {
        let mut criterion = Criterion::default().configure_from_args();
        let mut group = criterion.benchmark_group("32 callbacks of 128 stereo frames");
        group.bench_function("published", |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| bare.turn(&audio)).sum());
        });
        group.bench_function("counted", |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| behind.counted(&audio)).sum());
        });
        group.bench_function("counted and timed", |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| behind.measured(&audio)).sum());
        });
        group.finish();
        criterion.final_summary();
    }
    compare(&mut bare, &mut behind, &audio);
}
