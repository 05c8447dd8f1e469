//! A soft limiter without memory.

use super::{Kernel, Kernels, Simd, reference};

/// The curve of the soft limiter: unchanged up to `threshold`, never beyond `ceiling`.
///
/// With k = ceiling − threshold and e = |x| − threshold, |y| = threshold + e − e² / 4k for 0 < e < 2k,
/// and from there on the ceiling; the sign is that of x. The parabola leaves the straight line with
/// slope 1 and reaches the ceiling with slope 0, so that there is no corner. An infinite sample gives
/// the ceiling, NaN gives 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftLimit {
    threshold: f32,
    ceiling: f32,
}

impl SoftLimit {
    /// A curve; `None` unless 0 ≤ `threshold` < `ceiling`, both finite.
    #[must_use]
    pub fn new(threshold: f32, ceiling: f32) -> Option<Self> {
        (threshold >= 0.0 && threshold < ceiling && ceiling.is_finite())
            .then_some(Self { threshold, ceiling })
    }
}

impl Kernels {
    /// Limits `samples` in place. Equal to the reference to the last bit.
    pub fn soft_limit(self, samples: &mut [f32], curve: SoftLimit) {
        self.run(Limit(samples, curve));
    }
}

struct Limit<'a>(&'a mut [f32], SoftLimit);

impl Kernel for Limit<'_> {
    type Output = ();

    fn scalar(self) {
        reference::soft_limit(self.0, self.1.threshold, self.1.ceiling);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let Self(samples, SoftLimit { threshold, ceiling }) = self;
        let knee = ceiling - threshold;
        if !(0.25 / knee).is_finite() {
            // A knee that is denormal: an excess of 0 would not give 0 below.
            return reference::soft_limit(samples, threshold, ceiling);
        }
        let (straight, top) = (s.splat(threshold), s.splat(ceiling));
        let (end, bend) = (s.splat(2.0 * knee), s.splat(0.25 / knee));
        let none = s.splat(0.0);
        let (blocks, rest) = samples.as_chunks_mut::<16>();
        for block in blocks {
            let sample = s.load(block);
            let size = s.abs(sample);
            // Most sound never comes near; NaN does not pass here.
            if s.all_le(size, straight) {
                continue;
            }
            // Where there is no excess this is `size` + 0, so that nothing need be selected.
            let excess = s.min(s.max(s.sub(size, straight), none), end);
            let bent = s.sub(excess, s.mul(s.mul(excess, excess), bend));
            let limited = s.min(s.add(s.min(size, straight), bent), top);
            s.store(
                s.zero_where_nan(s.with_sign(limited, sample), sample),
                block,
            );
        }
        reference::soft_limit(rest, threshold, ceiling);
    }
}
