//! The real Fourier transform of two frames, for processing by overlap.

use std::{
    f32::consts::PI,
    fmt,
    sync::{Arc, OnceLock},
};

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex32};

use super::{FRAME, Frame};

/// Samples of a transform: two frames.
pub(super) const LENGTH: usize = 2 * FRAME;
/// Bins of a transform of real samples.
pub(super) const BINS: usize = FRAME + 1;

/// A spectrum of [`LENGTH`] real samples.
pub(super) type Spectrum = [Complex32; BINS];

/// No sound.
pub(super) const SILENCE: Spectrum = [Complex32::new(0.0, 0.0); BINS];

/// Half a sine over two frames: its rising and its falling half. Applied before and after a
/// transform, frames that overlap by half add up to themselves.
pub(super) fn half_sine() -> (Frame, Frame) {
    let angle = |n: usize| PI * (n as f32 + 0.5) / LENGTH as f32;
    (
        std::array::from_fn(|n| angle(n).sin()),
        std::array::from_fn(|n| angle(n).cos()),
    )
}

/// Their product, sample by sample.
pub(super) fn product(a: &Frame, b: &Frame) -> Frame {
    let mut product = *a;
    for (a, b) in product.iter_mut().zip(b) {
        *a *= b;
    }
    product
}

/// The factors of both directions, the same for all transforms.
type Plans = (Arc<dyn RealToComplex<f32>>, Arc<dyn ComplexToReal<f32>>);
static PLANS: OnceLock<Plans> = OnceLock::new();

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
        let plans = || {
            let mut planner = RealFftPlanner::new();
            let forward = planner.plan_fft_forward(LENGTH);
            (forward, planner.plan_fft_inverse(LENGTH))
        };
        let (forward, inverse) = PLANS.get_or_init(plans).clone();
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
