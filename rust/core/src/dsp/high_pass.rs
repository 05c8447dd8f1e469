//! Butterworth high-pass of second order: takes rumble and DC away from speech.

use std::f64::consts::FRAC_1_SQRT_2;

use super::kernels::{Kernels, Section};

/// One second-order section with Q = 1/√2.
#[derive(Clone, Debug)]
pub struct HighPass {
    kernels: Kernels,
    section: Section,
    passes: bool,
}

impl HighPass {
    /// A filter with its −3 dB corner at `corner_hz`; 0, or a corner beyond Nyquist, passes all.
    #[must_use]
    pub fn new(corner_hz: f64, sample_rate: u32) -> Self {
        let section = Section::high_pass(corner_hz, FRAC_1_SQRT_2, sample_rate);
        Self {
            kernels: Kernels::chosen_or_scalar(),
            passes: section == Section::pass(),
            section,
        }
    }

    /// Filters `samples` in place; one that is no finite number counts as 0.
    pub fn process(&mut self, samples: &mut [f32]) {
        if !self.passes {
            let sections = std::slice::from_mut(&mut self.section);
            self.kernels.biquads(sections, samples);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// Steady-state gain at `frequency`, in dB.
    fn gain_db(corner: f64, frequency: f64, rate: u32) -> f64 {
        let mut filter = HighPass::new(corner, rate);
        let mut wave: Vec<f32> = (0..rate)
            .map(|n| (TAU * frequency * f64::from(n) / f64::from(rate)).sin() as f32)
            .collect();
        filter.process(&mut wave);
        let power: f64 = wave
            .iter()
            .skip(wave.len() / 2)
            .map(|&x| f64::from(x).powi(2))
            .sum();
        10.0 * (power / (wave.len() as f64 / 4.0)).log10()
    }

    #[test]
    fn the_corner_is_three_decibels_down_at_every_rate() {
        for rate in [8_000, 16_000, 44_100, 48_000, 192_000] {
            assert!((gain_db(80.0, 80.0, rate) + 3.01).abs() < 0.05, "{rate}");
        }
    }

    #[test]
    fn it_falls_by_twelve_decibels_an_octave_and_passes_speech() {
        assert!((gain_db(80.0, 20.0, 48_000) + 24.1).abs() < 0.3);
        assert!(gain_db(80.0, 300.0, 48_000).abs() < 0.05);
    }

    #[test]
    fn a_corner_of_zero_passes_everything_unchanged() {
        let mut samples = [0.5, -1.0, 0.25];
        HighPass::new(0.0, 48_000).process(&mut samples);
        assert_eq!(samples, [0.5, -1.0, 0.25]);
    }
}
