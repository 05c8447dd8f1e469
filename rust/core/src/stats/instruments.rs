//! The instruments of one engine: a histogram for everything that has a duration or a depth.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{Histogram, Snapshot, ThreadMark};
use crate::clock::monotonic_ns;

/// What is measured. The order is that of [`Measure::ALL`], which is how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// How long the device callback takes.
    Callback,
    /// By how much the time between two device callbacks differs from the duration of the first's
    /// audio.
    IntervalJitter,
    /// From the publication of a block to the DSP thread that slept for it running.
    DspWake,
    /// From the publication of a speech block to a reader that slept for it running.
    ReaderWake,
    /// Averaging and sanitizing one channel of a block.
    Mix,
    /// The high-pass of one channel of a block.
    HighPass,
    /// Metering one channel of a block.
    Meter,
    /// Resampling one channel of a block.
    Resample,
    /// Echo cancellation of a frame of 10 ms, while it is on.
    Echo,
    /// Noise suppression of one channel of such a frame, while it is on.
    Noise,
    /// Automatic gain of one channel of a block, or of a frame behind one of the two before.
    Gain,
    /// Everything the DSP thread does with one block, publication included.
    Block,
    /// Blocks that wait in the capture ring when the DSP thread comes for one.
    CaptureDepth,
    /// Blocks that wait in the speech ring when a reader comes for one.
    SpeechDepth,
}

/// What a [`Measure`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds of `CLOCK_MONOTONIC`.
    Nanoseconds,
    /// Blocks of a ring.
    Blocks,
}

impl Measure {
    /// Every measure, in the order of a block's way.
    pub const ALL: [Self; 14] = [
        Self::Callback,
        Self::IntervalJitter,
        Self::DspWake,
        Self::ReaderWake,
        Self::Mix,
        Self::HighPass,
        Self::Meter,
        Self::Resample,
        Self::Echo,
        Self::Noise,
        Self::Gain,
        Self::Block,
        Self::CaptureDepth,
        Self::SpeechDepth,
    ];

    /// Its name in `Engine.stats()` and in `engine.stats` events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::IntervalJitter => "interval_jitter",
            Self::DspWake => "dsp_wake",
            Self::ReaderWake => "reader_wake",
            Self::Mix => "mix",
            Self::HighPass => "high_pass",
            Self::Meter => "meter",
            Self::Resample => "resample",
            Self::Echo => "echo",
            Self::Noise => "noise",
            Self::Gain => "gain",
            Self::Block => "block",
            Self::CaptureDepth => "capture_depth",
            Self::SpeechDepth => "speech_depth",
        }
    }

    /// What its values are.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::CaptureDepth | Self::SpeechDepth => Unit::Blocks,
            _ => Unit::Nanoseconds,
        }
    }
}

/// Durations up to a minute and depths up to a million blocks: what is beyond is counted as
/// saturated.
const LONGEST_NS: u64 = 60_000_000_000;
const DEEPEST: u64 = 1_000_000;
/// Significant figures: 1 % is finer than any two runs agree.
const FIGURES: u8 = 2;

/// A histogram of every [`Measure`], and the threads that do the work. Recording neither waits nor
/// allocates: see [`Histogram::record`].
#[derive(Debug)]
pub struct Instruments {
    histograms: [Histogram; Measure::ALL.len()],
    /// The thread that the audio server calls back in.
    pub callback_thread: ThreadMark,
    /// The thread that conditions.
    pub dsp_thread: ThreadMark,
    /// When the last device callback began, and how long its audio lasts: the next is due then.
    last_callback_ns: AtomicU64,
    last_duration_ns: AtomicU64,
}

impl Default for Instruments {
    fn default() -> Self {
        Self::new()
    }
}

impl Instruments {
    /// Empty ones.
    #[must_use]
    pub fn new() -> Self {
        let histogram = |measure: Measure| {
            let highest = match measure.unit() {
                Unit::Nanoseconds => LONGEST_NS,
                Unit::Blocks => DEEPEST,
            };
            match Histogram::new(highest, FIGURES) {
                Ok(histogram) => histogram,
                Err(_) => unreachable!("range and precision are constants that it takes"),
            }
        };
        Self {
            histograms: Measure::ALL.map(histogram),
            callback_thread: ThreadMark::default(),
            dsp_thread: ThreadMark::default(),
            last_callback_ns: AtomicU64::new(0),
            last_duration_ns: AtomicU64::new(0),
        }
    }

    /// Takes one value in, in the measure's unit.
    #[inline]
    pub fn record(&self, measure: Measure, value: u64) {
        if let Some(histogram) = self.histograms.get(measure as usize) {
            histogram.record(value);
        }
    }

    /// Takes in a device callback that began at `began_ns` with `frames` frames at `sample_rate` Hz
    /// and ends now. For the callback, as its last act.
    #[inline]
    pub fn called_back(&self, began_ns: u64, frames: u64, sample_rate: u32) {
        self.callback_thread.leave();
        // Only one callback at a time: plain loads and stores keep the two numbers together.
        let before = self.last_callback_ns.load(Ordering::Relaxed);
        if before != 0 {
            let due = before + self.last_duration_ns.load(Ordering::Relaxed);
            self.record(Measure::IntervalJitter, began_ns.abs_diff(due));
        }
        self.last_callback_ns.store(began_ns, Ordering::Relaxed);
        let duration = frames * 1_000_000_000 / u64::from(sample_rate.max(1));
        self.last_duration_ns.store(duration, Ordering::Relaxed);
        self.record(Measure::Callback, monotonic_ns().saturating_sub(began_ns));
    }

    /// The device has gone: the next callback is due whenever it comes.
    pub fn interrupted(&self) {
        self.last_callback_ns.store(0, Ordering::Relaxed);
    }

    /// Takes in how long ago the block was published that has just woken the calling thread.
    #[inline]
    pub fn woken(&self, measure: Measure, published_ns: u64) {
        // A producer that does not say when it published leaves zero.
        if published_ns != 0 {
            self.record(measure, monotonic_ns().saturating_sub(published_ns));
        }
    }

    /// What was recorded of `measure`. Allocates: not for a real-time thread.
    #[must_use]
    pub fn snapshot(&self, measure: Measure) -> Snapshot {
        match self.histograms.get(measure as usize) {
            Some(histogram) => histogram.snapshot(),
            None => unreachable!("there is one for each measure"),
        }
    }
}

/// Times the stages of a thread's work, one after another.
///
/// Made with `default`, it measures nothing and costs nothing: for stages used without an engine.
#[derive(Debug, Default)]
pub struct Stopwatch {
    instruments: Option<Arc<Instruments>>,
    since_ns: u64,
}

impl Stopwatch {
    /// A watch that records into `instruments`.
    #[must_use]
    pub fn new(instruments: Arc<Instruments>) -> Self {
        Self {
            instruments: Some(instruments),
            since_ns: 0,
        }
    }

    /// The first stage begins now.
    #[inline]
    pub fn start(&mut self) {
        if self.instruments.is_some() {
            self.since_ns = monotonic_ns();
        }
    }

    /// The stage ends now: its time is recorded, and the next one begins.
    #[inline]
    pub fn lap(&mut self, stage: Measure) {
        if let Some(instruments) = &self.instruments {
            let now = monotonic_ns();
            instruments.record(stage, now.saturating_sub(self.since_ns));
            self.since_ns = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(instruments: &Instruments, measure: Measure) -> Vec<u64> {
        let counts = instruments.snapshot(measure).counts;
        let recorded = counts.iter_recorded();
        recorded
            .flat_map(|step| {
                let times = step.count_at_value() as usize;
                std::iter::repeat_n(step.value_iterated_to(), times)
            })
            .collect()
    }

    #[test]
    fn jitter_is_the_distance_from_when_the_last_block_ended() {
        let instruments = Instruments::new();
        let ms = 1_000_000;
        // 48 frames at 48 kHz last 1 ms: the second comes in time, the third 50 µs late, the
        // fourth 30 µs early.
        for began in [5 * ms, 6 * ms, 7 * ms + 50_000, 8 * ms + 20_000] {
            instruments.called_back(began, 48, 48_000);
        }
        let seen = values(&instruments, Measure::IntervalJitter);
        assert_eq!(seen.len(), 3);
        for (seen, expected) in seen.into_iter().zip([0_u64, 30_000, 50_000]) {
            assert!(
                seen.abs_diff(expected) <= expected / 100,
                "{seen} {expected}"
            );
        }
        assert_eq!(values(&instruments, Measure::Callback).len(), 4);
    }

    #[test]
    fn a_block_without_a_time_of_publication_is_no_wake_up() {
        let instruments = Instruments::new();
        instruments.woken(Measure::DspWake, 0);
        assert_eq!(values(&instruments, Measure::DspWake), []);
        instruments.woken(Measure::DspWake, monotonic_ns());
        assert_eq!(values(&instruments, Measure::DspWake).len(), 1);
    }

    #[test]
    fn a_stopwatch_gives_each_stage_its_own_time() {
        let instruments = Arc::new(Instruments::new());
        let mut watch = Stopwatch::new(Arc::clone(&instruments));
        watch.start();
        std::thread::sleep(std::time::Duration::from_millis(3));
        watch.lap(Measure::Mix);
        watch.lap(Measure::Resample);
        let slept = values(&instruments, Measure::Mix);
        assert!(slept.iter().all(|&ns| ns >= 2_970_000), "{slept:?}");
        assert_eq!(values(&instruments, Measure::Resample).len(), 1);
        let mut idle = Stopwatch::default();
        idle.start();
        idle.lap(Measure::Mix);
        assert_eq!(values(&instruments, Measure::Mix).len(), 1);
    }

    #[test]
    fn every_measure_has_a_histogram_and_a_name_of_its_own() {
        let instruments = Instruments::new();
        let mut names = Vec::new();
        for measure in Measure::ALL {
            instruments.record(measure, 7);
            names.push(measure.name());
        }
        for measure in Measure::ALL {
            assert_eq!(values(&instruments, measure), [7], "{measure:?}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Measure::ALL.len());
    }
}
