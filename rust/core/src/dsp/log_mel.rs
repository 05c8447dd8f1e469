//! Log-mel spectrogram, as Whisper wants it.

use std::{fmt, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex32};

use super::{
    SPEECH_RATE,
    kernels::{Kernels, hann},
};

/// Samples of a window: 25 ms at 16 kHz.
const WINDOW: usize = 400;
/// Samples from one window to the next: 10 ms.
const HOP: usize = 160;
/// The least power that a logarithm is taken of.
const LEAST: f32 = 1e-10;
/// What is further below the loudest is cut off, in powers of ten.
const RANGE: f32 = 8.0;

/// Mel spectrogram of 16 kHz speech: Hann windows of 25 ms every 10 ms, centred, reflected at both
/// ends; power in 80 triangular bands from 0 to 8 kHz on Slaney's mel scale, each of area 1 (M. Slaney,
/// *Auditory Toolbox*, 1998); log₁₀, no more than 8 below the largest, plus 4, divided by 4. Whisper's
/// features (Radford et al., 2022).
pub struct LogMel {
    kernels: Kernels,
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// First bin of each band and its weights.
    bands: Vec<(usize, Vec<f32>)>,
    frame: Vec<f32>,
    spectrum: Vec<Complex32>,
    power: Vec<f32>,
    scratch: Vec<Complex32>,
}

impl fmt::Debug for LogMel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogMel").finish_non_exhaustive()
    }
}

impl LogMel {
    /// Bands of a frame.
    pub const BANDS: usize = 80;

    /// Makes the tables.
    #[must_use]
    pub fn new(kernels: Kernels) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(WINDOW);
        Self {
            kernels,
            window: hann(WINDOW, true),
            bands: slaney_bands(),
            frame: vec![0.0; WINDOW],
            spectrum: fft.make_output_vec(),
            power: vec![0.0; WINDOW / 2 + 1],
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Frames of `samples` samples.
    #[must_use]
    pub const fn frames(samples: usize) -> usize {
        samples / HOP
    }

    /// Writes the features of `samples` to `features`, band after band, [`frames`](Self::frames) values
    /// each; what is beyond is left alone. Allocates nothing.
    pub fn process(&mut self, samples: &[f32], features: &mut [f32]) {
        let frames = Self::frames(samples.len());
        let mut largest = f32::NEG_INFINITY;
        for frame in 0..frames {
            self.power_at(samples, frame * HOP);
            for (band, (first, weights)) in self.bands.iter().enumerate() {
                let power = self.power.get(*first..).unwrap_or_default();
                let value = self.kernels.dot(weights, power).max(LEAST).log10();
                largest = largest.max(value);
                if let Some(place) = features.get_mut(band * frames + frame) {
                    *place = value;
                }
            }
        }
        for value in features.iter_mut().take(Self::BANDS * frames) {
            *value = (value.max(largest - RANGE) + 4.0) / 4.0;
        }
    }

    /// The power spectrum of the window around `centre`.
    fn power_at(&mut self, samples: &[f32], centre: usize) {
        let first = centre as isize - (WINDOW / 2) as isize;
        let inside = usize::try_from(first).ok();
        match inside.and_then(|first| samples.get(first..first + WINDOW)) {
            Some(window) => self.frame.copy_from_slice(window),
            None => {
                for (place, at) in self.frame.iter_mut().zip(first..) {
                    *place = samples
                        .get(reflected(at, samples.len()))
                        .copied()
                        .unwrap_or_default();
                }
            }
        }
        self.kernels.multiply(&mut self.frame, &self.window);
        // The lengths are those the plan asked for: it has nothing to refuse.
        let done =
            self.fft
                .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok());
        for (power, bin) in self.power.iter_mut().zip(&self.spectrum) {
            *power = bin.norm_sqr();
        }
    }
}

/// Where `at` lands if a signal of `length` samples is reflected at its first and last sample.
fn reflected(at: isize, length: usize) -> usize {
    let last = length.saturating_sub(1) as isize;
    let period = (2 * last).max(1);
    let at = at.rem_euclid(period);
    at.min(period - at).min(last) as usize
}

/// Slaney's mel of a frequency: linear below 1 kHz, logarithmic above.
fn mel(hz: f64) -> f64 {
    if hz < 1_000.0 {
        hz * 3.0 / 200.0
    } else {
        15.0 + (hz / 1_000.0).ln() * 27.0 / 6.4_f64.ln()
    }
}

fn hertz(mel: f64) -> f64 {
    if mel < 15.0 {
        mel * 200.0 / 3.0
    } else {
        1_000.0 * ((mel - 15.0) * 6.4_f64.ln() / 27.0).exp()
    }
}

fn slaney_bands() -> Vec<(usize, Vec<f32>)> {
    let nyquist = f64::from(SPEECH_RATE) / 2.0;
    let corner = |number: usize| hertz(mel(nyquist) * number as f64 / (LogMel::BANDS + 1) as f64);
    let bins = WINDOW / 2 + 1;
    (0..LogMel::BANDS)
        .map(|band| {
            let (low, middle, high) = (corner(band), corner(band + 1), corner(band + 2));
            let weight = |bin: usize| {
                let hz = bin as f64 * f64::from(SPEECH_RATE) / WINDOW as f64;
                let slope = ((hz - low) / (middle - low)).min((high - hz) / (high - middle));
                (slope.max(0.0) * 2.0 / (high - low)) as f32
            };
            let first = (0..bins).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
            let weights = (first..bins).map(weight).take_while(|&w| w > 0.0).collect();
            (first, weights)
        })
        .collect()
}
