//! Level metering, written by the DSP thread and read from anywhere without a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::kernels::Kernels;

/// One reading of a [`Meter`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// Largest absolute sample since the last reading, 1 = full scale.
    pub peak: f32,
    /// Root mean square over about the last 100 ms, 1 = full scale square wave.
    pub rms: f32,
    /// Samples at or beyond full scale since the meter was made.
    pub clipped: u64,
}

/// Peak, RMS and clip count of one channel.
#[derive(Debug)]
pub struct Meter {
    /// Bits of a non-negative f32: those order like the integers they are.
    peak: AtomicU32,
    mean_square: AtomicU32,
    clipped: AtomicU64,
    /// Samples of the exponential window of the mean square.
    window: f32,
    kernels: Kernels,
}

/// At or beyond this a 16-bit converter was at its limit.
const FULL_SCALE: f32 = 32767.0 / 32768.0;

impl Meter {
    /// A meter for samples at `sample_rate` Hz.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self {
            peak: AtomicU32::new(0),
            mean_square: AtomicU32::new(0),
            clipped: AtomicU64::new(0),
            window: sample_rate as f32 / 10.0,
            kernels: Kernels::chosen_or_scalar(),
        }
    }

    /// Takes a block into account. To be called from one thread.
    pub fn measure(&self, samples: &[f32]) {
        if samples.is_empty() {
            return;
        }
        let sums = self.kernels.measure(samples, FULL_SCALE);
        self.peak.fetch_max(sums.peak.to_bits(), Ordering::Relaxed);
        if sums.clipped > 0 {
            self.clipped.fetch_add(sums.clipped, Ordering::Relaxed);
        }
        let square = sums.squares as f32;
        let count = samples.len() as f32;
        let old = f32::from_bits(self.mean_square.load(Ordering::Relaxed));
        let keep = (-count / self.window).exp();
        let new = keep * old + (1.0 - keep) * square / count;
        self.mean_square.store(new.to_bits(), Ordering::Relaxed);
    }

    /// The level now; the peak starts anew.
    pub fn read(&self) -> Level {
        Level {
            peak: f32::from_bits(self.peak.swap(0, Ordering::Relaxed)),
            rms: f32::from_bits(self.mean_square.load(Ordering::Relaxed)).sqrt(),
            clipped: self.clipped.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_tone_reads_its_peak_and_rms() {
        let meter = Meter::new(16_000);
        let tone: Vec<f32> = (0..16_000).map(|n| 0.5 * (n as f32 * 0.3).sin()).collect();
        for block in tone.chunks(320) {
            meter.measure(block);
        }
        let level = meter.read();
        assert!((level.peak - 0.5).abs() < 1e-3);
        assert!((level.rms - 0.5 / 2.0_f32.sqrt()).abs() < 5e-3);
        assert_eq!(level.clipped, 0);
        assert_eq!(meter.read().peak, 0.0, "the peak starts anew");
    }

    #[test]
    fn samples_at_full_scale_are_counted_as_clipped() {
        let meter = Meter::new(16_000);
        meter.measure(&[1.0, -1.0, 32767.0 / 32768.0, 0.999, 0.0]);
        assert_eq!(meter.read().clipped, 3);
    }
}
