//! Loudness after EBU R 128, and a peak that holds and falls: measured by the DSP thread, read from
//! anywhere without a lock.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use super::{
    gating::{LoudnessHistogram, loudness_of},
    k_weighting::{LEAST_RATE, k_weighting},
    kernels::{Kernels, Section},
};

/// Updates a second, and how many of them make up a momentary (400 ms) and a short-term (3 s) block.
const UPDATES: u32 = 10;
const MOMENTARY: usize = 4;
const SHORT_TERM: usize = 30;
/// Seconds that the peak is held before it falls.
const HOLD_SECONDS: f32 = 1.0;
/// How fast the peak falls, dB a second: 20 dB in 1.7 s, the return time of IEC 60268-18.
const FALL_DB: f32 = 20.0 / 1.7;

/// One reading of a [`LoudnessMeter`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loudness {
    /// Over the last 400 ms, LUFS; −∞ for silence.
    pub momentary: f32,
    /// Over the last 3 s, LUFS; −∞ for silence.
    pub short_term: f32,
    /// Since the start, gated, LUFS; −∞ before any programme.
    pub integrated: f32,
    /// Loudness range since the start, LU (EBU Tech 3342).
    pub range: f32,
    /// Largest absolute sample, held for a second, then falling by 20 dB in 1.7 s; 1 = full scale.
    pub peak_hold: f32,
}

/// The reading, as others see it.
#[derive(Debug)]
pub struct LoudnessReading([AtomicU32; 5]);

impl LoudnessReading {
    /// The newest measurement; its parts may be one update (100 ms) apart.
    #[must_use]
    pub fn get(&self) -> Loudness {
        let [momentary, short_term, integrated, range, peak_hold] = &self.0;
        let value = |part: &AtomicU32| f32::from_bits(part.load(Ordering::Relaxed));
        Loudness {
            momentary: value(momentary),
            short_term: value(short_term),
            integrated: value(integrated),
            range: value(range),
            peak_hold: value(peak_hold),
        }
    }

    fn set(&self, loudness: &Loudness) {
        let values = [
            loudness.momentary,
            loudness.short_term,
            loudness.integrated,
            loudness.range,
            loudness.peak_hold,
        ];
        for (place, value) in self.0.iter().zip(values) {
            place.store(value.to_bits(), Ordering::Relaxed);
        }
    }
}

/// Measures one channel, ten times a second. It keeps the power of the last 3 s in steps of 100 ms
/// and counts gated blocks in histograms with steps of 0.1 LU: its memory is small and does not grow
/// with the programme.
pub struct LoudnessMeter {
    kernels: Kernels,
    weighting: [Section; 2],
    /// The samples at hand, K-weighted.
    weighted: Box<[f32]>,
    /// Sum of the squares since the last update, and those between the last updates, the newest
    /// before `next`.
    squares: f64,
    past: [f64; SHORT_TERM],
    next: usize,
    updates: usize,
    momentary: LoudnessHistogram,
    short_term: LoudnessHistogram,
    reading: Arc<LoudnessReading>,
    now: Loudness,
    rate: f32,
    /// Samples between two updates, and until the next one.
    period: usize,
    due: usize,
    hold_left: f32,
}

impl fmt::Debug for LoudnessMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoudnessMeter")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl LoudnessMeter {
    /// A meter for one channel at `sample_rate` Hz; `None` for a rate below 8 kHz.
    #[must_use]
    pub fn new(sample_rate: u32) -> Option<Self> {
        if sample_rate < LEAST_RATE {
            return None;
        }
        let now = Loudness {
            momentary: f32::NEG_INFINITY,
            short_term: f32::NEG_INFINITY,
            integrated: f32::NEG_INFINITY,
            range: 0.0,
            peak_hold: 0.0,
        };
        let reading = LoudnessReading(Default::default());
        reading.set(&now);
        let period = (sample_rate / UPDATES) as usize;
        Some(Self {
            kernels: Kernels::chosen_or_scalar(),
            weighting: k_weighting(sample_rate),
            weighted: vec![0.0; period].into(),
            squares: 0.0,
            past: [0.0; SHORT_TERM],
            next: 0,
            updates: 0,
            momentary: LoudnessHistogram::new(),
            short_term: LoudnessHistogram::new(),
            reading: Arc::new(reading),
            now,
            rate: sample_rate as f32,
            period,
            due: period,
            hold_left: 0.0,
        })
    }

    /// Where others read.
    #[must_use]
    pub fn reading(&self) -> Arc<LoudnessReading> {
        Arc::clone(&self.reading)
    }

    /// Takes samples into account.
    pub fn measure(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let (part, rest) = samples.split_at(samples.len().min(self.due));
            if let Some(weighted) = self.weighted.get_mut(..part.len()) {
                weighted.copy_from_slice(part);
                self.kernels.biquads(&mut self.weighting, weighted);
                self.squares += self.kernels.sum_of_squares(weighted);
            }
            self.hold(part);
            self.due -= part.len();
            if self.due == 0 {
                self.due = self.period;
                self.update();
            }
            samples = rest;
        }
        self.reading.set(&self.now);
    }

    fn hold(&mut self, samples: &[f32]) {
        let peak = self.kernels.peak(samples);
        let seconds = samples.len() as f32 / self.rate;
        let falling = (seconds - self.hold_left).max(0.0);
        self.hold_left = (self.hold_left - seconds).max(0.0);
        let fallen = self.now.peak_hold * 10_f32.powf(-FALL_DB * falling / 20.0);
        if peak >= fallen {
            self.hold_left = HOLD_SECONDS;
        }
        self.now.peak_hold = peak.max(fallen);
    }

    fn update(&mut self) {
        if let Some(place) = self.past.get_mut(self.next) {
            *place = std::mem::take(&mut self.squares);
        }
        self.next = (self.next + 1) % SHORT_TERM;
        self.updates += 1;
        let (momentary, short_term) = (self.power(MOMENTARY), self.power(SHORT_TERM));
        if self.updates >= MOMENTARY {
            self.momentary.count(momentary);
        }
        if self.updates >= SHORT_TERM {
            self.short_term.count(short_term);
        }
        self.now.momentary = loudness_of(momentary) as f32;
        self.now.short_term = loudness_of(short_term) as f32;
        if let Some(integrated) = self.momentary.integrated() {
            self.now.integrated = integrated as f32;
        }
        if let Some(range) = self.short_term.range() {
            self.now.range = range as f32;
        }
    }

    /// Mean square over the last `updates` updates; there was silence before the first.
    fn power(&self, updates: usize) -> f64 {
        let (newer, older) = self.past.split_at(self.next);
        let newest_first = newer.iter().rev().chain(older.iter().rev());
        let squares: f64 = newest_first.take(updates).sum();
        squares / (updates * self.period) as f64
    }
}
