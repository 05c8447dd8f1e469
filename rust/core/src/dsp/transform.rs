//! The real Fourier transform of two frames, for processing by overlap.

use std::{fmt, sync::Arc};

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex32};

use super::FRAME;

/// Samples of a transform: two frames.
pub(super) const LENGTH: usize = 2 * FRAME;
/// Bins of a transform of real samples.
pub(super) const BINS: usize = FRAME + 1;

/// A spectrum of [`LENGTH`] real samples.
pub(super) type Spectrum = [Complex32; BINS];

/// No sound.
pub(super) const SILENCE: Spectrum = [Complex32::new(0.0, 0.0); BINS];

/// Forward and inverse transform, with their scratch memory. Neither allocates.
pub(super) struct Transform {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    scratch: Vec<Complex32>,
    time: [f32; LENGTH],
}

impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transform").finish_non_exhaustive()
    }
}

impl Transform {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(LENGTH);
        let inverse = planner.plan_fft_inverse(LENGTH);
        let most = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            forward,
            inverse,
            scratch: vec![Complex32::default(); most],
            time: [0.0; LENGTH],
        }
    }

    /// The spectrum of `first` followed by `second`.
    pub(super) fn forward(&mut self, first: &[f32; FRAME], second: &[f32; FRAME]) -> Spectrum {
        for (to, from) in self.time.iter_mut().zip(first.iter().chain(second)) {
            *to = *from;
        }
        let mut spectrum = SILENCE;
        let done =
            self.forward
                .process_with_scratch(&mut self.time, &mut spectrum, &mut self.scratch);
        debug_assert!(done.is_ok(), "lengths are fixed");
        spectrum
    }

    /// The two frames of a spectrum.
    pub(super) fn inverse(&mut self, spectrum: &Spectrum) -> ([f32; FRAME], [f32; FRAME]) {
        let mut spectrum = *spectrum;
        // The bins at 0 and at half the sample rate of real samples are real.
        let [first, .., last] = &mut spectrum;
        (first.im, last.im) = (0.0, 0.0);
        let done =
            self.inverse
                .process_with_scratch(&mut spectrum, &mut self.time, &mut self.scratch);
        debug_assert!(done.is_ok(), "lengths are fixed");
        let (mut first, mut second) = ([0.0; FRAME], [0.0; FRAME]);
        let places = first.iter_mut().chain(&mut second);
        for (place, value) in places.zip(&self.time) {
            *place = value / LENGTH as f32;
        }
        (first, second)
    }
}
