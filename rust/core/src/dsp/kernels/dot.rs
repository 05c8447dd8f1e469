//! The dot product.

use super::{Kernel, Kernels, Simd, reference};

impl Kernels {
    /// Σ a · b, as far as both go.
    ///
    /// Within 2 n · 2⁻²⁴ · Σ |a · b| of the reference for n products; the sums run in 64 lanes, so
    /// that in practice it is the more accurate of the two.
    #[inline]
    #[must_use]
    pub fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        self.run(Dot(a, b))
    }
}

struct Dot<'a>(&'a [f32], &'a [f32]);

impl Kernel for Dot<'_> {
    type Output = f32;

    fn scalar(self) -> f32 {
        reference::dot(self.0, self.1)
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) -> f32 {
        let Self(a, b) = self;
        let length = a.len().min(b.len());
        let (a, a_rest) = a.get(..length).unwrap_or_default().as_chunks::<16>();
        let (b, b_rest) = b.get(..length).unwrap_or_default().as_chunks::<16>();
        let (a_fours, a_ones) = a.as_chunks::<4>();
        let (b_fours, b_ones) = b.as_chunks::<4>();
        let zero = s.splat(0.0);
        // As many sums as it takes to wait for none: 4 cycles of latency, one block a cycle.
        let [mut s0, mut s1, mut s2, mut s3] = [zero; 4];
        for (a, b) in a_fours.iter().zip(b_fours) {
            s0 = s.mul_add(s.load(&a[0]), s.load(&b[0]), s0);
            s1 = s.mul_add(s.load(&a[1]), s.load(&b[1]), s1);
            s2 = s.mul_add(s.load(&a[2]), s.load(&b[2]), s2);
            s3 = s.mul_add(s.load(&a[3]), s.load(&b[3]), s3);
        }
        for (a, b) in a_ones.iter().zip(b_ones) {
            s0 = s.mul_add(s.load(a), s.load(b), s0);
        }
        if !a_rest.is_empty() {
            s1 = s.mul_add(s.load(&padded(a_rest)), s.load(&padded(b_rest)), s1);
        }
        s.reduce_add(s.add(s.add(s0, s1), s.add(s2, s3)))
    }
}

/// Up to 16 samples and zeros.
#[inline(always)]
fn padded(rest: &[f32]) -> [f32; 16] {
    let mut block = [0.0; 16];
    for (to, from) in block.iter_mut().zip(rest) {
        *to = *from;
    }
    block
}
