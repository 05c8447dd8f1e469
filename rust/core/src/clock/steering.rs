//! Keeping a source's speech clock on the monotonic clock.
//!
//! Every source has a clock of its own, tens of parts per million from any other: two of them are
//! 5 ms apart after a minute. So speech frame k shall be what was heard at *origin* + k / 16,000 s of
//! `CLOCK_MONOTONIC`, whatever the source: the resampler's ratio is trimmed until it is.

use super::DelayLockedLoop;
use crate::dsp::{MOST_TRIM, SPEECH_RATE};

/// Seconds in which an error of the speech clock falls to a third: slow enough that no ear notices,
/// quick enough that errors stay far below a millisecond.
const SETTLES: f64 = 5.0;
/// Until a source has once stated an age below so many seconds, or two of its blocks, it is not
/// believed to be older: ALSA's pulse plugin begins with 0.6 s and comes down to the truth, some
/// 10 ms, within half a second.
const PLAUSIBLE: f64 = 0.03;
/// Seconds of audio after which a source is believed anyway.
const BELIEVED_AFTER: f64 = 1.0;
/// The latest a source may begin after the origin, seconds; beyond that the origin is none.
const LATEST_START: f64 = 60.0;

/// A block of the source as it came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrival {
    /// Index of its first frame.
    pub frame: u64,
    /// Its frames.
    pub frames: u32,
    /// When its first frame was converted, as stated, `CLOCK_MONOTONIC` nanoseconds.
    pub adc_ns: u64,
    /// When it was handed over, on the same clock.
    pub published_ns: u64,
}

/// How a source's clock stands to the monotonic one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// How much faster than nominal the source runs, parts per million.
    pub drift_ppm: f64,
    /// How far the speech clock is behind the monotonic one, seconds.
    pub error: f64,
    /// Usual distance of the times that the source states from the smoothed ones, seconds.
    pub jitter: f64,
    /// Times that the source's clock made a step.
    pub steps: u64,
}

/// Follows one source and says how to trim its resampler.
#[derive(Debug)]
pub struct Steering {
    rate: f64,
    filter: DelayLockedLoop,
    /// Times in `filter` count from here, nanoseconds: the speech clock's zero.
    origin_ns: Option<u64>,
    settled: bool,
    heard: f64,
    reading: Reading,
}

impl Steering {
    /// For a source that should run at `sample_rate` Hz.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self {
            rate: f64::from(sample_rate),
            filter: DelayLockedLoop::new(sample_rate),
            origin_ns: None,
            settled: false,
            heard: 0.0,
            reading: Reading::default(),
        }
    }

    /// Takes a block into account, before it is resampled; returns how many frames of silence must
    /// come before it for the speech clock to be true: those from `origin_ns` on (0: the source's
    /// first frame) to the first block, and those that the source skipped.
    pub fn observe(&mut self, block: Arrival, origin_ns: u64) -> u64 {
        let adc_ns = self.believable(block);
        let origin = match self.origin_ns {
            Some(origin) => origin,
            None => return self.begin(block, adc_ns, origin_ns),
        };
        let time = seconds_between(origin, adc_ns);
        let Some(step) = self.filter.observe(block.frame, time) else {
            return 0;
        };
        self.reading.steps += 1;
        // Frames that came although they should not yet have: the trim takes care of those.
        (step.max(0.0) * self.rate) as u64
    }

    /// The source was away: it may come back with another clock.
    pub fn interrupted(&mut self) {
        self.filter.widen();
    }

    /// When `frame` of the source was converted, `CLOCK_MONOTONIC` nanoseconds.
    #[must_use]
    pub fn time_ns(&self, frame: f64) -> f64 {
        self.origin_ns.unwrap_or(0) as f64 + 1e9 * self.filter.time_of(frame)
    }

    /// How to trim the resampler, whose next output is speech frame `speech_frame` and lies at frame
    /// `frame` of the source.
    pub fn trim(&mut self, speech_frame: u64, frame: f64) -> f64 {
        let due = speech_frame as f64 / f64::from(SPEECH_RATE);
        let error = self.filter.time_of(frame) - due;
        self.reading.error = error;
        self.reading.drift_ppm = self.filter.drift_ppm();
        self.reading.jitter = self.filter.jitter();
        // An output that comes late lets the next ones come closer together.
        let trim = (1.0 - error / SETTLES) / (self.filter.period() * self.rate) - 1.0;
        trim.clamp(-MOST_TRIM, MOST_TRIM)
    }

    /// How the clocks stand.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.reading
    }

    fn begin(&mut self, block: Arrival, adc_ns: u64, origin_ns: u64) -> u64 {
        let lead = seconds_between(origin_ns, adc_ns);
        // Nothing can have been converted before the source was started, which the origin was.
        let lead = if origin_ns == 0 || lead > LATEST_START {
            self.origin_ns = Some(adc_ns);
            0.0
        } else {
            self.origin_ns = Some(origin_ns);
            lead.max(0.0)
        };
        self.filter.observe(block.frame, lead);
        (lead * self.rate) as u64
    }

    /// When the block's first frame was converted: as stated, unless the source only just began and
    /// states an age that cannot be.
    fn believable(&mut self, block: Arrival) -> u64 {
        let duration = f64::from(block.frames) / self.rate;
        let most_ns = (1e9 * PLAUSIBLE.max(2.0 * duration)) as u64;
        let earliest = block.published_ns.saturating_sub(most_ns);
        self.settled |= block.adc_ns >= earliest || self.heard >= BELIEVED_AFTER;
        self.heard += duration;
        if self.settled { block.adc_ns } else { earliest }
    }
}

fn seconds_between(from_ns: u64, to_ns: u64) -> f64 {
    if to_ns >= from_ns {
        (to_ns - from_ns) as f64 / 1e9
    } else {
        -((from_ns - to_ns) as f64 / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u64 = 48_000;
    const BLOCK: u32 = 512;
    const ORIGIN: u64 = 1_000_000_000_000;

    fn nanoseconds(seconds: f64) -> u64 {
        (seconds * 1e9) as u64
    }

    /// What ALSA's pulse plugin did on a null sink's monitor: four blocks at a time, and an age too
    /// great by more than half a second, which then shrinks as fast as time passes.
    fn falsely_old(frame: u64, starts: f64) -> Arrival {
        let true_adc = starts + frame as f64 / RATE as f64;
        let burst = 4 * u64::from(BLOCK);
        let published = starts + (frame / burst + 1) as f64 * burst as f64 / RATE as f64;
        let excess = (0.55 - (published - starts - 0.7).max(0.0)).max(0.0);
        Arrival {
            frame,
            frames: BLOCK,
            adc_ns: ORIGIN + nanoseconds(true_adc) - nanoseconds(excess),
            published_ns: ORIGIN + nanoseconds(published),
        }
    }

    #[test]
    fn an_age_that_cannot_be_is_not_believed_while_a_source_begins() {
        let starts = 0.87;
        let mut steering = Steering::new(RATE as u32);
        let silence = steering.observe(falsely_old(0, starts), ORIGIN);
        let error = silence as f64 / RATE as f64 - starts;
        assert!(error.abs() < 0.03, "the source begins {error} s late");
        for frame in (1..400).map(|block| block * u64::from(BLOCK)) {
            assert_eq!(steering.observe(falsely_old(frame, starts), ORIGIN), 0);
            let truth = starts + frame as f64 / RATE as f64;
            let told = (steering.time_ns(frame as f64) - ORIGIN as f64) / 1e9;
            assert!((told - truth).abs() < 0.03, "{told} s for {truth} s");
        }
        assert_eq!(steering.reading().steps, 0);
    }

    #[test]
    fn an_age_that_stays_is_believed_after_a_second() {
        let mut steering = Steering::new(RATE as u32);
        let age = 0.4;
        let mut silence = 0;
        for frame in (0..400).map(|block| block * u64::from(BLOCK)) {
            let adc_ns = ORIGIN + nanoseconds(1.0 + frame as f64 / RATE as f64);
            let published_ns = adc_ns + nanoseconds(age);
            let frames = BLOCK;
            silence += steering.observe(
                Arrival {
                    frame,
                    frames,
                    adc_ns,
                    published_ns,
                },
                ORIGIN,
            );
        }
        assert_eq!(steering.reading().steps, 1);
        let told = (steering.time_ns(0.0) - ORIGIN as f64) / 1e9;
        assert!(
            (told - 1.0).abs() < 0.03,
            "{told} s, {silence} frames of silence"
        );
    }
}
