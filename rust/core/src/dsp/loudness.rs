//! Loudness after EBU R 128, and a peak that holds and falls: measured by the DSP thread, read from
//! anywhere without a lock.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use ebur128::{EbuR128, Mode};

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

/// Measures one channel, ten times a second. It does not allocate: gated blocks are counted in a
/// histogram with steps of 0.1 LU, so its memory does not grow with the programme either.
pub struct LoudnessMeter {
    inner: EbuR128,
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
    /// A meter for one channel at `sample_rate` Hz; `None` for a rate outside 16 Hz to 2.8 MHz.
    #[must_use]
    pub fn new(sample_rate: u32) -> Option<Self> {
        let mode = Mode::I | Mode::S | Mode::M | Mode::LRA | Mode::HISTOGRAM;
        let inner = EbuR128::new(1, sample_rate, mode).ok()?;
        let now = Loudness {
            momentary: f32::NEG_INFINITY,
            short_term: f32::NEG_INFINITY,
            integrated: f32::NEG_INFINITY,
            range: 0.0,
            peak_hold: 0.0,
        };
        let reading = LoudnessReading(Default::default());
        reading.set(&now);
        let period = (sample_rate / 10).max(1) as usize;
        Some(Self {
            inner,
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
            // It fails only for a number of samples that is no multiple of the one channel.
            let added = self.inner.add_frames_f32(part);
            debug_assert!(added.is_ok());
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
        let peak = samples.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
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
        let inner = &self.inner;
        let value = |measured: Result<f64, ebur128::Error>, silent: f32| {
            measured.map_or(silent, |value| value as f32)
        };
        self.now.momentary = value(inner.loudness_momentary(), f32::NEG_INFINITY);
        self.now.short_term = value(inner.loudness_shortterm(), f32::NEG_INFINITY);
        self.now.integrated = value(inner.loudness_global(), f32::NEG_INFINITY);
        self.now.range = value(inner.loudness_range(), 0.0);
    }
}
