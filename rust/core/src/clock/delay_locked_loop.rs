//! A device's true rate, from when it says that its frames were converted.
//!
//! The second-order loop of F. Adriaensen, *Using a DLL to filter time* (Linux Audio Conference
//! 2005), with three additions: its bandwidth begins wide and narrows with the time observed; what
//! lies far off counts only as far as usual; and a step that stays is told, not smoothed away. A stall,
//! after which audio comes late and catches up, is told from a step by its error, which falls.

use std::f64::consts::{SQRT_2, TAU};

/// Bandwidth at first, Hz: a rate 200 ppm off costs less than a millisecond until it is known.
const WIDE: f64 = 0.1;
/// Bandwidth in the end, Hz: a jitter of 3 ms then moves the rate by some 3 ppm.
const NARROW: f64 = 0.01;
/// Bandwidth × time observed in between: the loop then forgets no faster than a straight line
/// through all that was seen would.
const NARROWING: f64 = 0.45;
/// How far a device's clock may be off, as a share: crystals keep within 200 ppm.
const MOST_DRIFT: f64 = 2e-3;
/// An error beyond this, seconds, and beyond so many times the usual one is a step if it stays, and a
/// stall if it goes.
const LEAST_STEP: f64 = 2e-3;
const STEP_USUAL: f64 = 4.0;
/// Seconds of audio of which it must stay two in a row: the least error of the second must not be less than so
/// great a share of that of the first.
const STAYS: f64 = 0.35;
const STEADY: f64 = 0.5;
/// Errors beyond so many times the usual one count no more than that.
const MOST_USUAL: f64 = 3.0;
/// Seconds over which the usual error is learnt, and what it is taken for at first.
const LEARN: f64 = 2.0;
const USUAL_AT_FIRST: f64 = 2e-3;
/// No device's times are better than this, seconds; from less, jitter that begins would be learnt
/// too slowly.
const LEAST_USUAL: f64 = 1e-4;

/// Follows one device's clock. All times in seconds since an instant of the caller's choice.
#[derive(Clone, Debug)]
pub struct DelayLockedLoop {
    nominal: f64,
    /// Seconds a frame takes.
    period: f64,
    frame: u64,
    /// When `frame` was converted, smoothed; `None` before the first observation.
    time: Option<f64>,
    observed: f64,
    observations: f64,
    usual: f64,
    off: Off,
}

/// Errors in a row that are far to the same side.
#[derive(Clone, Copy, Debug, Default)]
struct Off {
    /// Seconds of the stretch at hand, and the smallest error in it.
    lasts: f64,
    by: f64,
    /// The smallest error of the stretch before, if there was one.
    before: Option<f64>,
}

impl DelayLockedLoop {
    /// A loop for a device that should run at `sample_rate` Hz.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        let nominal = 1.0 / f64::from(sample_rate.max(1));
        Self {
            nominal,
            period: nominal,
            frame: 0,
            time: None,
            observed: 0.0,
            observations: 1.0,
            usual: USUAL_AT_FIRST,
            off: Off::default(),
        }
    }

    /// Takes into account that `frame` was converted at `time`; frames must not go backwards.
    ///
    /// Returns the size of a step, seconds, after which the device's frames come later (or, if it is
    /// negative, earlier) than they should and stay so. The loop has then made the step.
    pub fn observe(&mut self, frame: u64, time: f64) -> Option<f64> {
        let Some(before) = self.time else {
            self.frame = frame;
            self.time = Some(time);
            return None;
        };
        let frames = frame.saturating_sub(self.frame) as f64;
        if frames == 0.0 {
            return None;
        }
        let predicted = before + frames * self.period;
        let error = time - predicted;
        let passed = frames * self.nominal;
        self.frame = frame;
        let step = self.step(error, passed);
        if let Some(step) = step {
            self.time = Some(predicted + step);
            return Some(step);
        }
        let counts = error.clamp(-MOST_USUAL * self.usual, MOST_USUAL * self.usual);
        // What may turn out to be a step must not pass for jitter until then.
        if self.off.lasts <= passed {
            let learnt = counts.abs() - self.usual;
            self.usual = (self.usual + learnt * (passed / LEARN).min(1.0)).max(LEAST_USUAL);
        }
        self.observed += passed;
        self.observations += 1.0;
        let bandwidth = (NARROWING / self.observed).clamp(NARROW, WIDE);
        // Beyond this the loop would ring; so long a block comes of no device.
        let omega = (TAU * bandwidth * passed).min(0.5);
        // The first observations are averaged: one alone may be late.
        let share = (SQRT_2 * omega).max(1.0 / self.observations);
        self.time = Some(predicted + share * counts);
        let period = self.period + omega * omega * counts / frames;
        let most = MOST_DRIFT * self.nominal;
        self.period = period.clamp(self.nominal - most, self.nominal + most);
        None
    }

    /// Begins anew to learn the rate, from the one known: the device may be another one.
    pub fn widen(&mut self) {
        self.observed = 0.0;
        self.usual = USUAL_AT_FIRST;
    }

    /// When `frame` was or will be converted; may lie between frames.
    #[must_use]
    pub fn time_of(&self, frame: f64) -> f64 {
        self.time.unwrap_or(0.0) + (frame - self.frame as f64) * self.period
    }

    /// Seconds a frame takes.
    #[must_use]
    pub fn period(&self) -> f64 {
        self.period
    }

    /// How much faster than it should the device runs, in parts per million.
    #[must_use]
    pub fn drift_ppm(&self) -> f64 {
        1e6 * (self.nominal / self.period - 1.0)
    }

    /// The usual distance of an observation from the prediction, seconds.
    #[must_use]
    pub fn jitter(&self) -> f64 {
        self.usual
    }

    /// What is left when an error has stayed on one side for long enough: the least of it.
    fn step(&mut self, error: f64, passed: f64) -> Option<f64> {
        if error.abs() <= LEAST_STEP.max(STEP_USUAL * self.usual) {
            self.off = Off::default();
            return None;
        }
        let off = &mut self.off;
        if off.lasts == 0.0 || (error > 0.0) != (off.by > 0.0) {
            *off = Off {
                by: error,
                before: off.before.filter(|before| (error > 0.0) == (*before > 0.0)),
                ..Off::default()
            };
        }
        if error.abs() < off.by.abs() {
            off.by = error;
        }
        off.lasts += passed;
        if off.lasts < STAYS {
            return None;
        }
        let Off { by, before, .. } = std::mem::take(off);
        let stays = before.is_some_and(|before| by.abs() >= STEADY * before.abs());
        if !stays {
            off.before = Some(by);
        }
        stays.then_some(by)
    }
}
