//! Windows: their making, and multiplication by them.

use std::f64::consts::TAU;

use super::{Kernel, Kernels, Simd, reference};

impl Kernels {
    /// Multiplies `samples` by `window`, as far as both go. Equal to the reference to the last bit.
    pub fn multiply(self, samples: &mut [f32], window: &[f32]) {
        self.run(Multiply(samples, window));
    }
}

struct Multiply<'a>(&'a mut [f32], &'a [f32]);

impl Kernel for Multiply<'_> {
    type Output = ();

    fn scalar(self) {
        reference::multiply(self.0, self.1);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let length = self.0.len().min(self.1.len());
        let (to, to_rest) = self.0.get_mut(..length).unwrap_or_default().as_chunks_mut();
        let (by, by_rest) = self.1.get(..length).unwrap_or_default().as_chunks();
        for (to, by) in to.iter_mut().zip(by) {
            s.store(s.mul(s.load(to), s.load(by)), to);
        }
        reference::multiply(to_rest, by_rest);
    }
}

/// Hann's window of `length` samples: ½ − ½ cos(2π n / N), N = `length` where it is to be
/// `periodic` (for spectra), `length` − 1 where it is to be symmetric (for filters).
#[must_use]
pub fn hann(length: usize, periodic: bool) -> Vec<f32> {
    raised_cosine(length, periodic, 0.5)
}

/// Hamming's window: 0.54 − 0.46 cos(2π n / N), with N as for [`hann`].
#[must_use]
pub fn hamming(length: usize, periodic: bool) -> Vec<f32> {
    raised_cosine(length, periodic, 0.54)
}

fn raised_cosine(length: usize, periodic: bool, mean: f64) -> Vec<f32> {
    let period = span(length, periodic);
    (0..length)
        .map(|n| (mean - (1.0 - mean) * (TAU * n as f64 / period).cos()) as f32)
        .map(|value| if length == 1 { 1.0 } else { value })
        .collect()
}

/// Kaiser's window with shape `beta`: I₀(β √(1 − (2n / N − 1)²)) / I₀(β), with N as for [`hann`].
#[must_use]
pub fn kaiser(length: usize, periodic: bool, beta: f64) -> Vec<f32> {
    let (period, scale) = (span(length, periodic), bessel_i0(beta));
    (0..length)
        .map(|n| {
            let u = 2.0 * n as f64 / period - 1.0;
            (bessel_i0(beta * (1.0 - u * u).max(0.0).sqrt()) / scale) as f32
        })
        .map(|value| if length == 1 { 1.0 } else { value })
        .collect()
}

fn span(length: usize, periodic: bool) -> f64 {
    let period = if periodic {
        length
    } else {
        length.saturating_sub(1)
    };
    period.max(1) as f64
}

/// Modified Bessel function of the first kind and order zero, by its power series.
#[must_use]
pub fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}
