//! The callback bench with threads that sleep: what it costs the callback to have one run.
//!
//! Four sides, each a thread of the DSP thread's priority that gets a block of 128 frames every 2.67 ms, in
//! turns within that period:
//!
//! - an engine whose source keeps time, so that its DSP thread sleeps on the clock;
//! - an engine whose source does not (it gives half as much audio as its rate promises), so that its DSP
//!   thread must be woken;
//! - a bare `FUTEX_WAKE`, which is the least that waking a thread can cost here;
//! - the bare copy into `rtrb` with `Thread::unpark` behind it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    thread::{JoinHandle, park, sleep, spawn},
    time::{Duration, Instant},
};

use voicestand_core::{
    capture::{SampleFormat, Stream},
    clock::monotonic_ns,
    cpu::priority::promote,
    engine::{Engine, Spec},
    stats::Measure,
};

use super::{CHANNELS, Copy, FRAMES, SAMPLES, call_back, copy, drain, median, record::Record};

const PERIOD: Duration = Duration::from_nanos(2_666_667);
const PERIODS: u32 = 2_000;
/// Until the cadence is known.
const UNMEASURED: u32 = 200;
const SIDES: u32 = 4;
/// Of audio servers; an ordinary thread would be preempted by the one that it wakes.
const CALLBACK_PRIORITY: u8 = 60;
/// Of the engine's DSP thread.
const DSP_PRIORITY: u8 = 10;

/// An engine and its device.
struct Captured {
    engine: Engine,
    stream: Stream,
}

impl Captured {
    fn new(sample_rate: u32) -> Option<Self> {
        let engine = Engine::start(Spec {
            sample_rate,
            channels: CHANNELS,
            roles: vec![vec![0, 1]],
            block_frames: FRAMES,
            ring_seconds: 1.0,
            high_pass_hz: 80.0,
            follow_monotonic: false,
        })
        .ok()?;
        let input = Arc::clone(engine.input());
        let stream = Stream::new(input, sample_rate, CHANNELS, SampleFormat::F32);
        Some(Self { engine, stream })
    }

    /// Microseconds from publication to the DSP thread's running: median and 99th percentile.
    fn woken_us(&self) -> (f64, f64) {
        let counts = self.engine.instruments().snapshot(Measure::DspWake).counts;
        let at = |share| counts.value_at_quantile(share) as f64 / 1e3;
        (at(0.5), at(0.99))
    }

    /// Nanoseconds of processor time that the DSP thread took for a block.
    fn dsp_ns(&self, blocks: u32) -> f64 {
        let times = self.engine.instruments().dsp_thread.times();
        times.map_or(f64::NAN, |times| times.cpu_ns as f64 / f64::from(blocks))
    }
}

/// A thread behind a futex of its own, and how long after each wake it ran.
struct Bare {
    shared: Arc<BareShared>,
    sleeper: Option<JoinHandle<Vec<f64>>>,
}

#[derive(Default)]
struct BareShared {
    word: AtomicU32,
    woken_ns: AtomicU64,
    ended: AtomicBool,
}

impl BareShared {
    fn futex(&self, operation: i32, value: u32) {
        // SAFETY: the word outlives the call; there is no timeout and no second word.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.word.as_ptr(),
                operation | libc::FUTEX_PRIVATE_FLAG,
                value,
                std::ptr::null::<libc::timespec>(),
            );
        }
    }

    fn wake(&self) {
        self.woken_ns.store(monotonic_ns(), Ordering::Relaxed);
        self.word.fetch_add(1, Ordering::Release);
        self.futex(libc::FUTEX_WAKE, 1);
    }

    fn sleep(&self) -> Vec<f64> {
        let mut taken = Vec::with_capacity(PERIODS as usize);
        let mut seen = 0;
        while !self.ended.load(Ordering::Relaxed) {
            self.futex(libc::FUTEX_WAIT, seen);
            let word = self.word.load(Ordering::Acquire);
            if word != seen {
                seen = word;
                let woken = self.woken_ns.load(Ordering::Relaxed);
                taken.push((monotonic_ns() - woken) as f64 / 1e3);
            }
        }
        taken
    }
}

impl Bare {
    fn new() -> Self {
        let shared = Arc::new(BareShared::default());
        let theirs = Arc::clone(&shared);
        let sleeper = spawn(move || {
            promote(DSP_PRIORITY);
            theirs.sleep()
        });
        Self {
            shared,
            sleeper: Some(sleeper),
        }
    }

    /// Microseconds from each wake to the thread's running.
    fn end(mut self) -> Vec<f64> {
        self.shared.ended.store(true, Ordering::Relaxed);
        self.shared.wake();
        let joined = self.sleeper.take().map(JoinHandle::join);
        joined.and_then(Result::ok).unwrap_or_default()
    }
}

/// The bare copy, and the thread that gets it.
struct Unparked {
    producer: rtrb::Producer<f32>,
    reader: JoinHandle<()>,
}

impl Unparked {
    fn new() -> Self {
        let Copy {
            producer,
            mut consumer,
        } = Copy::new();
        let reader = spawn(move || {
            promote(DSP_PRIORITY);
            while !consumer.is_abandoned() {
                park();
                drain(&mut consumer);
            }
        });
        Self { producer, reader }
    }

    fn end(self) {
        drop(self.producer);
        self.reader.thread().unpark();
        let _ = self.reader.join();
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_nanos() as f64
}

/// Nanoseconds of a system call that does nothing.
fn empty_call() -> f64 {
    let calls = 1_000;
    let began = Instant::now();
    for _ in 0..calls {
        // SAFETY: the call takes nothing and cannot fail.
        unsafe { libc::syscall(libc::SYS_getppid) };
    }
    began.elapsed().as_nanos() as f64 / f64::from(calls)
}

pub fn waking(audio: &[f32; SAMPLES]) {
    let (Some(steady), Some(unsteady)) = (Captured::new(48_000), Captured::new(96_000)) else {
        return eprintln!("no engine starts here");
    };
    let (bare, mut unparked) = (Bare::new(), Unparked::new());
    println!("the callback's thread: {:?}", promote(CALLBACK_PRIORITY));
    let mut taken: [Vec<f64>; SIDES as usize] = Default::default();
    let began = Instant::now();
    for turn in 0..(UNMEASURED + PERIODS) * SIDES {
        let due = PERIOD * turn / SIDES;
        sleep(due.saturating_sub(began.elapsed()));
        let side = turn % SIDES;
        let ns = match side {
            0 => call_back(&steady.stream, audio.as_ptr().cast(), 1),
            1 => call_back(&unsteady.stream, audio.as_ptr().cast(), 1),
            2 => timed(|| bare.shared.wake()),
            _ => timed(|| {
                copy(&mut unparked.producer, audio);
                unparked.reader.thread().unpark();
            }),
        };
        let samples = taken.get_mut(side as usize);
        if let Some(samples) = samples.filter(|_| turn >= UNMEASURED * SIDES) {
            samples.push(ns);
        }
    }
    let blocks = UNMEASURED + PERIODS;
    let (on_time, on_call) = (steady.woken_us(), unsteady.woken_us());
    let (on_time_ns, on_call_ns) = (steady.dsp_ns(blocks), unsteady.dsp_ns(blocks));
    unparked.end();
    let bare_us = bare.end();
    print(&taken);
    println!(
        "from publishing to the DSP thread's running, p50 and p99: asleep on the clock {:.0} and {:.0} µs, \
         woken {:.0} and {:.0} µs, a bare futex {:.0} and {:.0} µs",
        on_time.0,
        on_time.1,
        on_call.0,
        on_call.1,
        median(&bare_us),
        percentile(&bare_us, 0.99),
    );
    println!(
        "processor time of the DSP thread for a block: asleep on the clock {:.1} µs, woken {:.1} µs",
        on_time_ns / 1e3,
        on_call_ns / 1e3
    );
    write(&taken);
}

fn percentile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() as f64 * share) as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

fn print(taken: &[Vec<f64>; SIDES as usize]) {
    println!("a callback whose reader sleeps, p50, p90 and p99 of {PERIODS}:");
    let names = [
        "source that keeps time",
        "source that does not",
        "bare FUTEX_WAKE",
        "rtrb and unpark",
    ];
    for (name, samples) in names.iter().zip(taken) {
        println!(
            "  {name:24} {:8.0} {:8.0} {:8.0} ns",
            median(samples),
            percentile(samples, 0.9),
            percentile(samples, 0.99)
        );
    }
    println!("  {:24} {:8.0} ns", "an empty system call", empty_call());
}

fn write(taken: &[Vec<f64>; SIDES as usize]) {
    let [steady, unsteady, bare, unparked] = taken;
    for (name, statistic) in [
        ("callback-steady", "median"),
        ("callback-steady-p95", "p95"),
    ] {
        Record::new(
            name,
            "the device callback takes at most 1 µs for 128 stereo frames while the DSP thread sleeps",
        )
        .input("128 frames of 2 channels, f32, every 2.67 ms, into an engine whose DSP thread sleeps")
        .unit("ns")
        .statistic(statistic)
        .ours(steady)
        .peer("a bare FUTEX_WAKE", bare)
        .peer("rtrb and unpark", unparked)
        .value(1_000.0)
        .write();
    }
    Record::new(
        "callback-waking",
        "a callback that must wake the DSP thread takes at most 1 µs, or costs what waking costs here",
    )
    .input("the same, from a source that does not keep time: the DSP thread must be woken")
    .unit("ns")
    .ours(unsteady)
    .peer("a bare FUTEX_WAKE", bare)
    .peer("rtrb and unpark", unparked)
    .ratio("rtrb and unpark", 1.0)
    .value(1_000.0)
    .write();
}
