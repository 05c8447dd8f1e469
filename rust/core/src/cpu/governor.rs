//! How much background work the machine can cool: a state machine over the package temperature.
//!
//! The governor only says a [`Level`]; others apply it, to background work alone. Nothing about a
//! thread that must keep time depends on it.
//!
//! It does not oscillate, for three reasons. A step needs the temperature to *stay* on the far side
//! of a threshold for a dwelling time, and the two thresholds are [`HYSTERESIS`] apart: noise and
//! short spikes step nothing. Up takes longer than down. And since cooling is what the step itself
//! brought about, a step up that had to be taken back makes the next one wait twice as long, up to
//! [`LONGEST_UP_DWELL`]: a machine that is too small for the full load tries it ever more rarely. One
//! that has been at full load for [`FORGIVEN_AFTER`] without being too hot is trusted as at first.

use std::fmt;
use std::time::Duration;

/// Degrees below the limit at which the machine is too hot.
const HOT_BELOW_LIMIT: f64 = 12.0;

/// Degrees below the limit at which it is so hot that the next step comes soon.
const URGENT_BELOW_LIMIT: f64 = 4.0;

/// Degrees between too hot and cool enough.
const HYSTERESIS: f64 = 10.0;

/// How long it must be too hot for a step down: a compiler may run for that long unnoticed.
const DOWN_DWELL: Duration = Duration::from_secs(10);

/// The same where it is urgent: longer than a package takes to answer a change of load.
const URGENT_DWELL: Duration = Duration::from_secs(4);

/// How long it must be cool for a step up, at first: a heat sink takes about as long.
const UP_DWELL: Duration = Duration::from_secs(45);

/// The same after steps up that had to be taken back.
const LONGEST_UP_DWELL: Duration = Duration::from_secs(720);

/// A step down so soon after a step up takes it back.
const TAKEN_BACK_WITHIN: Duration = Duration::from_secs(120);

/// See the module.
const FORGIVEN_AFTER: Duration = Duration::from_secs(600);

/// A sensor may be silent for so long, across a suspend for example; then nothing is known, and
/// what was held back for its sake is not held back for ever.
const SILENCE: Duration = Duration::from_secs(30);

/// How much background work there may be, most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// As planned and as set.
    #[default]
    Full,
    /// Larger batches: partial transcripts come rarely, recognizers hear longer blocks at a time.
    Batched,
    /// Besides, only efficiency cores, or half of the background's.
    Thrifty,
    /// Besides, one CPU for all recognizers: one of them computes at a time.
    Single,
}

impl Level {
    fn lower(self) -> Self {
        match self {
            Self::Full => Self::Batched,
            Self::Batched => Self::Thrifty,
            Self::Thrifty | Self::Single => Self::Single,
        }
    }

    fn higher(self) -> Self {
        match self {
            Self::Single => Self::Thrifty,
            Self::Thrifty => Self::Batched,
            Self::Batched | Self::Full => Self::Full,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Batched => "batched",
            Self::Thrifty => "thrifty",
            Self::Single => "single",
        })
    }
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Before.
    pub from: Level,
    /// From now on.
    pub to: Level,
    /// The temperature that decided, °C; `None`: the sensor has been silent.
    pub celsius: Option<f64>,
}

/// The state machine. Feed it about once a second.
#[derive(Debug, Clone)]
pub struct Governor {
    limit: f64,
    level: Level,
    /// The last readings, of which the median counts: a single one may be a glitch.
    recent: [f64; 3],
    readings: usize,
    /// When a reading last came, on the caller's clock.
    heard: Option<Duration>,
    /// Since when the temperature has been above, or below, each threshold without a break.
    hot_since: Option<Duration>,
    urgent_since: Option<Duration>,
    cool_since: Option<Duration>,
    up_dwell: Duration,
    stepped_up: Option<Duration>,
    /// Since when it has been at full load and not too hot.
    content_since: Option<Duration>,
}

impl Governor {
    /// At full load; `limit`: the temperature to stay below, °C (see
    /// [`Thermometer::limit`](super::Thermometer::limit)). What is no number means 100.
    #[must_use]
    pub fn new(limit: f64) -> Self {
        Self {
            limit: if limit.is_finite() { limit } else { 100.0 },
            level: Level::Full,
            recent: [0.0; 3],
            readings: 0,
            heard: None,
            hot_since: None,
            urgent_since: None,
            cool_since: None,
            up_dwell: UP_DWELL,
            stepped_up: None,
            content_since: None,
        }
    }

    /// The present level.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Takes in a reading (°C; `None`: the sensor said nothing) made at `now`, on any clock that
    /// does not go back; says whether the level changes. At most one level at a time.
    pub fn observe(&mut self, now: Duration, celsius: Option<f64>) -> Option<Step> {
        let reading = celsius.filter(|value| value.is_finite());
        if let Some(value) = reading {
            if self
                .heard
                .is_some_and(|heard| now.saturating_sub(heard) > SILENCE)
            {
                self.readings = 0;
            }
            self.recent.rotate_left(1);
            if let Some(last) = self.recent.last_mut() {
                *last = value;
            }
            self.readings = (self.readings + 1).min(self.recent.len());
            self.heard = Some(now);
        } else if self
            .heard
            .is_none_or(|heard| now.saturating_sub(heard) <= SILENCE)
        {
            // A break in the readings proves nothing, neither heat nor coolness.
            return None;
        }
        let counted = reading.and_then(|_| self.median());
        if reading.is_some() && counted.is_none() {
            return None;
        }
        let hot = self.limit - HOT_BELOW_LIMIT;
        let is_hot = counted.is_some_and(|value| value >= hot);
        let is_cool = counted.is_none_or(|value| value <= hot - HYSTERESIS);
        let is_urgent = counted.is_some_and(|value| value >= self.limit - URGENT_BELOW_LIMIT);
        since(&mut self.hot_since, is_hot, now);
        since(&mut self.urgent_since, is_urgent, now);
        since(&mut self.cool_since, is_cool, now);
        since(
            &mut self.content_since,
            !is_hot && self.level == Level::Full,
            now,
        );
        if lasted(self.content_since, now, FORGIVEN_AFTER) {
            self.up_dwell = UP_DWELL;
        }
        let down =
            lasted(self.hot_since, now, DOWN_DWELL) || lasted(self.urgent_since, now, URGENT_DWELL);
        let to = if down {
            self.level.lower()
        } else if lasted(self.cool_since, now, self.up_dwell) {
            self.level.higher()
        } else {
            self.level
        };
        (to != self.level).then(|| self.step(to, now, counted))
    }

    fn step(&mut self, to: Level, now: Duration, celsius: Option<f64>) -> Step {
        let from = std::mem::replace(&mut self.level, to);
        // Every step is given the full time to show what it does.
        self.hot_since = None;
        self.urgent_since = None;
        self.cool_since = None;
        if to < from {
            self.stepped_up = Some(now);
        } else if let Some(up) = self.stepped_up.take()
            && now.saturating_sub(up) <= TAKEN_BACK_WITHIN
        {
            self.up_dwell = (self.up_dwell * 2).min(LONGEST_UP_DWELL);
        }
        Step { from, to, celsius }
    }

    /// The median of the last readings, once there are enough.
    fn median(&self) -> Option<f64> {
        let [a, b, c] = self.recent;
        (self.readings == self.recent.len()).then(|| a.max(b).min(a.min(b).max(c)))
    }
}

/// Keeps in `start` since when `holds` has been true without a break.
fn since(start: &mut Option<Duration>, holds: bool, now: Duration) {
    *start = if holds { start.or(Some(now)) } else { None };
}

fn lasted(start: Option<Duration>, now: Duration, dwell: Duration) -> bool {
    start.is_some_and(|start| now.saturating_sub(start) >= dwell)
}
