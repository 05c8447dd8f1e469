//! Measures of level.

use super::{Kernel, Kernels, Simd, reference};

/// What [`Kernels::measure`] finds in one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Largest size, NaN left out.
    pub peak: f32,
    /// Sum of the squares.
    pub squares: f64,
    /// How many were clipped.
    pub clipped: u64,
}

impl Kernels {
    /// The largest size of a sample, NaN left out; 0 for none. Equal to the reference to the bit.
    #[must_use]
    pub fn peak(self, samples: &[f32]) -> f32 {
        self.run(Peak(samples))
    }

    /// Σ x, in `f64`: within 10⁻¹² · Σ |x| of the reference. Divided by the count it is the DC offset.
    #[must_use]
    pub fn sum(self, samples: &[f32]) -> f64 {
        self.run(Sum::<false>(samples))
    }

    /// Σ x², in `f64`: within 10⁻¹² of itself of the reference. RMS is √(Σ x² / n).
    #[must_use]
    pub fn sum_of_squares(self, samples: &[f32]) -> f64 {
        self.run(Sum::<true>(samples))
    }

    /// How many samples are at least `threshold` in size; NaN is not. Equal to the reference.
    #[must_use]
    pub fn clip_count(self, samples: &[f32], threshold: f32) -> u64 {
        self.run(ClipCount(samples, threshold))
    }

    /// Peak, sum of squares and clip count in one pass.
    #[must_use]
    pub fn measure(self, samples: &[f32], threshold: f32) -> Sums {
        self.run(Measure(samples, threshold))
    }
}

struct Peak<'a>(&'a [f32]);

impl Kernel for Peak<'_> {
    type Output = f32;

    fn scalar(self) -> f32 {
        reference::peak(self.0)
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) -> f32 {
        let (blocks, rest) = self.0.as_chunks::<16>();
        let (twos, ones) = blocks.as_chunks::<2>();
        let [mut peak, mut other] = [s.splat(0.0); 2];
        // Where one is NaN, `max` takes its second argument.
        for [first, second] in twos {
            peak = s.max(s.abs(s.load(first)), peak);
            other = s.max(s.abs(s.load(second)), other);
        }
        for block in ones {
            peak = s.max(s.abs(s.load(block)), peak);
        }
        s.reduce_max(s.max(peak, other)).max(reference::peak(rest))
    }
}

/// Σ x or, of `SQUARES`, Σ x².
struct Sum<'a, const SQUARES: bool>(&'a [f32]);

impl<const SQUARES: bool> Sum<'_, SQUARES> {
    #[inline(always)]
    fn add<S: Simd>(s: S, sum: S::Doubles, x: S::Doubles) -> S::Doubles {
        if SQUARES {
            s.mul_add_f64(x, x, sum)
        } else {
            s.add_f64(sum, x)
        }
    }
}

impl<const SQUARES: bool> Kernel for Sum<'_, SQUARES> {
    type Output = f64;

    fn scalar(self) -> f64 {
        if SQUARES {
            reference::sum_of_squares(self.0)
        } else {
            reference::sum(self.0)
        }
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) -> f64 {
        let (blocks, rest) = self.0.as_chunks::<16>();
        let (twos, ones) = blocks.as_chunks::<2>();
        let [mut s0, mut s1, mut s2, mut s3] = [s.splat_f64(0.0); 4];
        for [first, second] in twos {
            let ([a, b], [c, d]) = (s.widen(s.load(first)), s.widen(s.load(second)));
            (s0, s1) = (Self::add(s, s0, a), Self::add(s, s1, b));
            (s2, s3) = (Self::add(s, s2, c), Self::add(s, s3, d));
        }
        for block in ones {
            let [a, b] = s.widen(s.load(block));
            (s0, s1) = (Self::add(s, s0, a), Self::add(s, s1, b));
        }
        s.reduce_add_f64(s.add_f64(s.add_f64(s0, s1), s.add_f64(s2, s3))) + Self(rest).scalar()
    }
}

struct ClipCount<'a>(&'a [f32], f32);

impl Kernel for ClipCount<'_> {
    type Output = u64;

    fn scalar(self) -> u64 {
        reference::clip_count(self.0, self.1)
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) -> u64 {
        let threshold = s.splat(self.1);
        let (blocks, rest) = self.0.as_chunks::<16>();
        let mut count = s.splat_int(0);
        for block in blocks {
            count = s.tally_ge(count, s.abs(s.load(block)), threshold);
        }
        total(s, count) + reference::clip_count(rest, self.1)
    }
}

/// The sum of all lanes, each of which is a count.
#[inline(always)]
fn total<S: Simd>(s: S, counts: S::Ints) -> u64 {
    let mut lanes = [0; 16];
    s.store_uint(counts, &mut lanes);
    lanes.into_iter().map(u64::from).sum()
}

struct Measure<'a>(&'a [f32], f32);

impl Kernel for Measure<'_> {
    type Output = Sums;

    fn scalar(self) -> Sums {
        Sums {
            peak: reference::peak(self.0),
            squares: reference::sum_of_squares(self.0),
            clipped: reference::clip_count(self.0, self.1),
        }
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) -> Sums {
        let Self(samples, threshold) = self;
        let limit = s.splat(threshold);
        let (blocks, rest) = samples.as_chunks::<16>();
        let mut peak = s.splat(0.0);
        let [mut low, mut high] = [s.splat_f64(0.0); 2];
        let mut clipped = s.splat_int(0);
        for block in blocks {
            let block = s.load(block);
            let size = s.abs(block);
            peak = s.max(size, peak);
            clipped = s.tally_ge(clipped, size, limit);
            let [a, b] = s.widen(block);
            (low, high) = (s.mul_add_f64(a, a, low), s.mul_add_f64(b, b, high));
        }
        Sums {
            peak: s.reduce_max(peak).max(reference::peak(rest)),
            squares: s.reduce_add_f64(s.add_f64(low, high)) + reference::sum_of_squares(rest),
            clipped: total(s, clipped) + reference::clip_count(rest, threshold),
        }
    }
}
