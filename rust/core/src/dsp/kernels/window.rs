//! Windows: their making, and multiplication by them.

use std::f64::consts::TAU;

use super::{Kernel, Kernels, Simd, common, reference};

impl Kernels {
    /// Multiplies `samples` by `window`, as far as both go. Equal to the reference to the last bit.
    pub fn multiply(self, samples: &mut [f32], window: &[f32]) {
        self.run(Multiply(samples, window));
    }

    /// Writes `samples` multiplied by `window` to `to`, as far as all go. Equal to the reference to the
    /// last bit.
    pub fn multiply_into(self, samples: &[f32], window: &[f32], to: &mut [f32]) {
        self.run(MultiplyInto(samples, window, to));
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
        let (by, to) = common(self.1, self.0);
        let (by, by_rest) = by.as_chunks();
        let (to, to_rest) = to.as_chunks_mut();
        for (to, by) in to.iter_mut().zip(by) {
            s.store(s.mul(s.load(to), s.load(by)), to);
        }
        reference::multiply(to_rest, by_rest);
    }
}

struct MultiplyInto<'a>(&'a [f32], &'a [f32], &'a mut [f32]);

impl Kernel for MultiplyInto<'_> {
    type Output = ();

    fn scalar(self) {
        reference::multiply_into(self.0, self.1, self.2);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let (from, to) = common(self.0, self.2);
        let (by, to) = common(self.1, to);
        let (from, from_rest) = from.get(..to.len()).unwrap_or_default().as_chunks();
        let (by, by_rest) = by.as_chunks();
        let (to, to_rest) = to.as_chunks_mut();
        for ((to, from), by) in to.iter_mut().zip(from).zip(by) {
            s.store(s.mul(s.load(from), s.load(by)), to);
        }
        reference::multiply_into(from_rest, by_rest, to_rest);
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

/// Kaiser's window with shape `beta`, 0 to 100: I₀(β √(1 − (2n / N − 1)²)) / I₀(β), with N as for [`hann`].
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

/// 1/k² from k = 1 on: a filter bank takes millions of terms, and divisions would be most of it.
const RECIPROCAL_SQUARES: [f64; 128] = {
    let mut table = [0.0; 128];
    let mut k = 0;
    #[allow(clippy::indexing_slicing, reason = "checked when it is compiled")]
    while k < table.len() {
        table[k] = 1.0 / ((k + 1) * (k + 1)) as f64;
        k += 1;
    }
    table
};

/// Modified Bessel function of the first kind and order zero, by its power series; exact for the
/// arguments of a Kaiser window, up to 100.
pub(crate) fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term) = (1.0, 1.0);
    for reciprocal in RECIPROCAL_SQUARES {
        term *= quarter * reciprocal;
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}
