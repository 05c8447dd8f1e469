//! The ring bench with two threads: what a block costs on its way from one core to another, and how
//! long after a block was published its reader runs.

use std::{
    collections::VecDeque,
    hint::{black_box, spin_loop},
    sync::{Arc, Barrier, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use voicestand_core::ring::{Read, ring};

use super::{BLOCKS, FRAMES, Shape, read, record::Record, write};

/// Blocks that are handed over in a turn.
const MANY: u32 = 1_000;
const TURNS: usize = 30;
/// Wake-ups in a turn, one a period.
const WAKES: usize = 20;
const WAKE_TURNS: usize = 40;
const PERIOD: Duration = Duration::from_millis(1);

fn shape() -> Shape {
    Shape {
        blocks: BLOCKS,
        block_samples: FRAMES,
        readers: 1,
        pins: 0,
    }
}

/// Runs both sides at the same time; nanoseconds for one block.
fn raced(mut writer: impl FnMut() + Send, mut reader: impl FnMut() + Send) -> f64 {
    let begin = Barrier::new(2);
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            begin.wait();
            (0..MANY).for_each(|_| reader());
        });
        begin.wait();
        let began = Instant::now();
        (0..MANY).for_each(|_| writer());
        drop(reading.join());
        began.elapsed().as_secs_f64() * 1e9 / f64::from(MANY)
    })
}

/// Spins, and gives way where the other side seems to have no core.
fn spin_until(mut done: impl FnMut() -> bool) {
    for spins in 0_u32.. {
        if done() {
            return;
        }
        if spins < 1_000 {
            spin_loop()
        } else {
            thread::yield_now()
        }
    }
}

fn ours() -> f64 {
    let (mut producer, ring) = ring(shape());
    let Some(mut reader) = ring.reader() else {
        return f64::NAN;
    };
    let (audio, mut heard) = (vec![0.5; FRAMES], vec![0.0; FRAMES]);
    raced(
        move || {
            // It would never wait; here it must, because nothing may be lost.
            spin_until(|| ring.slack() != 0);
            write(&mut producer, black_box(&audio));
        },
        move || {
            spin_until(|| reader.lag() != 0);
            read(&mut reader, black_box(&mut heard));
        },
    )
}

fn rtrb() -> f64 {
    let (mut producer, mut consumer) = rtrb::RingBuffer::new(BLOCKS * FRAMES);
    let (audio, mut heard) = (vec![0.5_f32; FRAMES], vec![0.0; FRAMES]);
    raced(
        move || {
            spin_until(|| producer.push_entire_slice(black_box(&audio)).is_ok());
        },
        move || {
            spin_until(|| consumer.pop_entire_slice(black_box(&mut heard)).is_ok());
        },
    )
}

fn channel() -> f64 {
    let (sender, receiver) = crossbeam_channel::bounded::<[f32; FRAMES]>(BLOCKS);
    let (audio, mut heard) = (vec![0.5; FRAMES], vec![0.0; FRAMES]);
    raced(
        move || {
            let mut block = [0.0; FRAMES];
            block.copy_from_slice(black_box(&audio));
            let sent = sender.send(block);
            debug_assert!(sent.is_ok());
        },
        move || {
            if let Ok(block) = receiver.recv() {
                black_box(&mut heard).copy_from_slice(&block);
            }
        },
    )
}

pub fn crossing() {
    let mut turns: [Vec<f64>; 3] = Default::default();
    for _ in 0..TURNS {
        for (side, taken) in [ours, rtrb, channel].iter().zip(&mut turns) {
            taken.push(side());
        }
    }
    Record::new(
        "ring-two-threads",
        "a block on its way from one thread to another, nothing lost",
    )
    .input("blocks of 480 f32 frames, both threads spinning, turns of 1,000")
    .unit("ns")
    .ours(&turns[0])
    .peer("rtrb", &turns[1])
    .peer("crossbeam-channel, copied", &turns[2])
    .write();
    let [ours, rtrb, channel] = turns.map(super::median);
    println!(
        "from thread to thread: voicestand {ours:.0} ns, rtrb {rtrb:.0} ns, ratio {:.2}; \
         crossbeam-channel {channel:.0} ns, ratio {:.2}",
        rtrb / ours,
        channel / ours
    );
}

/// Microseconds from `publish(now)` to the other thread's getting that time out of `next`.
fn waking(mut publish: impl FnMut(u64) + Send, mut next: impl FnMut() -> u64 + Send) -> Vec<f64> {
    let epoch = Instant::now();
    let now = || epoch.elapsed().as_nanos() as u64;
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            (0..WAKES)
                .map(|_| {
                    let published = next();
                    now().saturating_sub(published) as f64 / 1e3
                })
                .collect()
        });
        for _ in 0..WAKES {
            thread::sleep(PERIOD);
            publish(now());
        }
        reading.join().unwrap_or_default()
    })
}

fn wake_ours() -> Vec<f64> {
    let (mut producer, ring) = ring(shape());
    let Some(mut reader) = ring.reader() else {
        return Vec::new();
    };
    let publish = move |now| {
        producer.publish(|_| {
            Some(super::Stamp {
                frames: 1,
                source_frames: 1,
                adc_ns: now,
                ..Default::default()
            })
        });
    };
    waking(publish, move || {
        loop {
            reader.wait(None);
            if let Read::Block(block) = reader.read() {
                return block.stamp().adc_ns;
            }
        }
    })
}

fn wake_condvar() -> Vec<f64> {
    let writing = Arc::new((Mutex::new(VecDeque::with_capacity(BLOCKS)), Condvar::new()));
    let reading = Arc::clone(&writing);
    let publish = move |now| {
        let (queue, filled) = &*writing;
        queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(now);
        filled.notify_one();
    };
    waking(publish, move || {
        let (queue, filled) = &*reading;
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(published) = queue.pop_front() {
                return published;
            }
            queue = filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    })
}

fn wake_polled() -> Vec<f64> {
    let (mut producer, mut consumer) = rtrb::RingBuffer::new(BLOCKS);
    let publish = move |now| {
        let pushed = producer.push(now);
        debug_assert!(pushed.is_ok());
    };
    waking(publish, move || {
        loop {
            if let Ok(published) = consumer.pop() {
                return published;
            }
            thread::sleep(PERIOD);
        }
    })
}

pub fn wakes() {
    let mut taken: [Vec<f64>; 3] = Default::default();
    for _ in 0..WAKE_TURNS {
        for (side, taken) in [wake_ours, wake_condvar, wake_polled]
            .iter()
            .zip(&mut taken)
        {
            taken.extend(side());
        }
    }
    for (name, statistic, claim) in [
        (
            "ring-wake",
            "median",
            "a sleeping reader runs as soon as one behind a condition variable",
        ),
        (
            "ring-wake-p99",
            "p99",
            "the same, of a hundred wake-ups the latest",
        ),
    ] {
        Record::new(name, claim)
            .input("a block a millisecond; from before it is published to when its reader has it")
            .unit("µs")
            .statistic(statistic)
            .ours(&taken[0])
            .peer("Mutex and Condvar", &taken[1])
            .peer("rtrb, polled every millisecond", &taken[2])
            .write();
    }
    let [ours, condvar, polled] = taken.map(|mut side| {
        side.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| side.get((side.len() as f64 * share) as usize).copied();
        (at(0.5).unwrap_or_default(), at(0.99).unwrap_or_default())
    });
    println!(
        "from publishing to the reader's running, p50 and p99: voicestand {:.0} and {:.0} µs, \
         Mutex and Condvar {:.0} and {:.0} µs, rtrb polled every ms {:.0} and {:.0} µs",
        ours.0, ours.1, condvar.0, condvar.1, polled.0, polled.1
    );
}
