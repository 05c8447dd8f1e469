//! Finite impulse response filters.

use super::{Kernel, Kernels, Simd, reference};

impl Kernels {
    /// The convolution of `from` with `taps` where they overlap completely:
    /// `to`\[n\] = Σ `taps`\[k\] · `from`\[n + taps − 1 − k\], for as many n as `from` and `to` have.
    ///
    /// Within 2 n · 2⁻²⁴ · Σ |product| of the reference for n taps.
    pub fn fir(self, from: &[f32], taps: &[f32], to: &mut [f32]) {
        self.run(Fir(from, taps, to));
    }
}

struct Fir<'a>(&'a [f32], &'a [f32], &'a mut [f32]);

impl Kernel for Fir<'_> {
    type Output = ();

    fn scalar(self) {
        reference::fir(self.0, self.1, self.2);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let Self(from, taps, to) = self;
        let complete = (from.len() + 1).saturating_sub(taps.len().max(1));
        let count = complete.min(to.len());
        let to = to.get_mut(..count).unwrap_or_default();
        let (blocks, rest) = to.as_chunks_mut::<16>();
        let done = blocks.len() * 16;
        let (fours, ones) = blocks.as_chunks_mut::<4>();
        let ones_at = fours.len() * 64;
        for (block, to) in fours.iter_mut().enumerate() {
            let zero = s.splat(0.0);
            let [mut s0, mut s1, mut s2, mut s3] = [zero; 4];
            let window = from.get(block * 64..).unwrap_or_default();
            // The last tap meets the oldest sample.
            for (past, tap) in taps.iter().rev().enumerate() {
                let Some(([a, b, c, d], _)) = window.get(past..past + 64).map(<[f32]>::as_chunks)
                else {
                    break;
                };
                let tap = s.splat(*tap);
                s0 = s.mul_add(tap, s.load(a), s0);
                s1 = s.mul_add(tap, s.load(b), s1);
                s2 = s.mul_add(tap, s.load(c), s2);
                s3 = s.mul_add(tap, s.load(d), s3);
            }
            s.store(s0, &mut to[0]);
            s.store(s1, &mut to[1]);
            s.store(s2, &mut to[2]);
            s.store(s3, &mut to[3]);
        }
        for (block, to) in ones.iter_mut().enumerate() {
            let window = from.get(ones_at + block * 16..).unwrap_or_default();
            let mut sum = s.splat(0.0);
            for (past, tap) in taps.iter().rev().enumerate() {
                let Some(window) = window.get(past..).and_then(<[f32]>::first_chunk) else {
                    break;
                };
                sum = s.mul_add(s.splat(*tap), s.load(window), sum);
            }
            s.store(sum, to);
        }
        reference::fir(from.get(done..).unwrap_or_default(), taps, rest);
    }
}
