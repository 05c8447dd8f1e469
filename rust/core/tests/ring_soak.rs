//! Threads that race over one ring with checksummed frames: one writes, some read promptly, some late,
//! some keep blocks, some come and go. Nobody may see a frame that is not as it was written, and all
//! books must balance.
//!
//! `VOICESTAND_SOAK_SECONDS` says for how long; without it, a moment. `make soak` runs an hour.
#![cfg(not(loom))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    collections::VecDeque,
    env,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use voicestand_core::ring::{
    PinnedBlock, Producer, Read, ReadPinned, Reader, Ring, Shape, Stamp, ring,
};

const FRAMES: usize = 64;
const PINS: usize = 6;

fn duration() -> Duration {
    // Under an interpreter or a sanitizer a block takes a thousand times longer.
    let usual = if cfg!(miri) { 0.05 } else { 2.0 };
    let seconds = env::var("VOICESTAND_SOAK_SECONDS").map(|text| text.parse().expect("seconds"));
    Duration::from_secs_f64(seconds.unwrap_or(usual))
}

/// A generator of xorshift's kind (Marsaglia, 2003): each thread has its own, from its own seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The samples of a block: noise from its first frame's number, and as the last one their checksum.
fn write_frames(samples: &mut [f32], frame: u64) {
    let mut dice = Dice(frame.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let (last, others) = samples.split_last_mut().expect("a block has samples");
    let mut sum = 0_u32;
    for sample in others {
        let bits = dice.below(1 << 23) as u32 | 0x3F80_0000; // from 1 to 2: never a NaN
        *sample = f32::from_bits(bits);
        sum = sum.rotate_left(5) ^ bits;
    }
    *last = f32::from_bits(sum >> 9 | 0x3F80_0000);
}

fn check_frames(samples: &[f32], stamp: Stamp) {
    let (last, others) = samples.split_last().expect("a block has samples");
    let mut dice = Dice(stamp.frame.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut sum = 0_u32;
    for sample in others {
        assert_eq!(
            sample.to_bits(),
            dice.below(1 << 23) as u32 | 0x3F80_0000,
            "torn block"
        );
        sum = sum.rotate_left(5) ^ sample.to_bits();
    }
    assert_eq!(last.to_bits(), sum >> 9 | 0x3F80_0000, "torn block");
}

fn write(mut producer: Producer, limit: Duration) -> u64 {
    let (began, mut dice, mut blocks) = (Instant::now(), Dice(1), 0);
    while began.elapsed() < limit {
        // Bursts that overrun everybody, and pauses in which everybody falls asleep.
        for _ in 0..=dice.below(40) {
            let frame = producer.frame();
            producer.publish(|samples| {
                write_frames(samples, frame);
                let (frames, source_frames) = (FRAMES as u32, FRAMES as u32 * 3);
                Some(Stamp {
                    frames,
                    source_frames,
                    ..Stamp::default()
                })
            });
            blocks += 1;
        }
        match dice.below(8) {
            0 => thread::sleep(Duration::from_micros(dice.below(300))),
            1 => thread::yield_now(),
            _ => {}
        }
    }
    blocks
}

/// What a reader of this kind has to remember.
struct Listener {
    reader: Reader,
    next: Option<u64>,
    dice: Dice,
}

impl Listener {
    fn new(reader: Reader, seed: u64) -> Self {
        Self {
            reader,
            next: None,
            dice: Dice(seed),
        }
    }

    fn check_order(&mut self, stamp: Stamp, lost: u64) {
        if let Some(next) = self.next {
            assert_eq!(stamp.frame, next + lost);
        }
        assert_eq!(stamp.source_frame, stamp.frame * 3);
        self.next = Some(stamp.frame + FRAMES as u64);
    }

    /// Reads one block where it lies; whether there may be more.
    fn read(&mut self) -> bool {
        let (stamp, lost) = match self.reader.read() {
            Read::Block(block) => {
                block.with_samples(|samples| check_frames(samples, block.stamp()));
                if self.dice.below(16) == 0 {
                    thread::yield_now(); // to be overrun with the block in hand
                    block.with_samples(|samples| check_frames(samples, block.stamp()));
                }
                (block.stamp(), block.lost_before())
            }
            Read::Empty => return true,
            Read::Closed => return false,
        };
        self.check_order(stamp, lost);
        true
    }

    /// Reads one block and keeps it, the oldest of many being let go; whether there may be more.
    fn keep(&mut self, kept: &mut VecDeque<PinnedBlock>) -> bool {
        match self.reader.read_pinned() {
            ReadPinned::Block(block) => {
                self.check_order(block.stamp(), block.lost_before());
                kept.push_back(block);
            }
            ReadPinned::NoPinLeft if kept.is_empty() => return self.read(),
            ReadPinned::NoPinLeft => {}
            ReadPinned::Empty => return true,
            ReadPinned::Closed => return false,
        }
        if self.dice.below(3) == 0 || kept.len() > PINS {
            let block = kept.pop_front().expect("one was kept");
            block.with_samples(|samples| check_frames(samples, block.stamp()));
        }
        true
    }
}

/// Reads to the end, now and then so late that it is overrun.
fn listen(reader: Reader, seed: u64) -> Reader {
    let mut listener = Listener::new(reader, seed);
    loop {
        listener.reader.wait(None);
        if !listener.read() {
            return listener.reader;
        }
        if listener.dice.below(2_000) == 0 {
            thread::sleep(Duration::from_micros(listener.dice.below(500)));
        }
    }
}

/// Keeps blocks to the end.
fn collect(reader: Reader, seed: u64) -> Reader {
    let mut listener = Listener::new(reader, seed);
    let mut kept = VecDeque::new();
    loop {
        listener.reader.wait(None);
        if !listener.keep(&mut kept) {
            break;
        }
    }
    for block in kept {
        block.with_samples(|samples| check_frames(samples, block.stamp()));
    }
    listener.reader
}

/// Joins, reads and keeps some blocks, leaves before it lets go of them, and again.
fn visit(ring: &Ring, ended: &AtomicBool, seed: u64) -> u64 {
    let (mut dice, mut visits) = (Dice(seed), 0);
    while !ended.load(Ordering::Relaxed) {
        let Some(reader) = ring.reader() else {
            continue;
        };
        let mut listener = Listener::new(reader, dice.below(u64::MAX));
        let mut kept = VecDeque::new();
        for _ in 0..dice.below(20) {
            listener.reader.wait(Some(Duration::from_millis(1)));
            if !listener.keep(&mut kept) {
                break;
            }
        }
        drop(listener);
        for block in kept {
            block.with_samples(|samples| check_frames(samples, block.stamp()));
        }
        visits += 1;
    }
    visits
}

#[test]
fn racing_threads_see_every_frame_as_it_was_written_or_know_that_it_is_lost() {
    let limit = duration();
    let (producer, ring) = ring(Shape {
        blocks: 16,
        block_samples: FRAMES,
        readers: 5,
        pins: PINS,
    });
    let ended = AtomicBool::new(false);
    let readers: Vec<Reader> = (0..4)
        .map(|_| ring.reader().expect("a desk is free"))
        .collect();
    thread::scope(|scope| {
        let (ring, ended) = (&ring, &ended);
        let guest = scope.spawn(move || visit(ring, ended, 99));
        let listeners: Vec<_> = readers
            .into_iter()
            .enumerate()
            .map(|(n, reader)| {
                let seed = 2 + n as u64;
                scope.spawn(move || {
                    if n < 2 {
                        listen(reader, seed)
                    } else {
                        collect(reader, seed)
                    }
                })
            })
            .collect();
        let blocks = write(producer, limit);
        let source = blocks * FRAMES as u64 * 3;
        let (mut delivered, mut lost) = (0, 0);
        for listener in listeners {
            let books = listener.join().expect("no reader saw a torn block").books();
            assert_eq!(books.delivered + books.lost, source);
            assert!(books.delivered > 0);
            delivered += books.delivered;
            lost += books.lost;
        }
        ended.store(true, Ordering::Relaxed);
        let visits = guest.join().expect("no guest saw a torn block");
        assert_eq!(ring.pinned(), 0);
        assert_eq!(ring.source_frames(), source);
        println!(
            "{blocks} blocks, 4 readers, {visits} visits: {:.1} % delivered, {:.1} % lost, 0 torn",
            100.0 * delivered as f64 / (4 * source) as f64,
            100.0 * lost as f64 / (4 * source) as f64
        );
    });
}
