//! Gain, constant or with a linear ramp.

use super::{Kernel, Kernels, Simd, reference};

/// 0, 1, 2 …
const INDICES: [f32; 16] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0,
];

impl Kernels {
    /// Multiplies `samples` by a gain that goes linearly from `from` to `to`: sample i of n by
    /// `from` + i · (`to` − `from`) / n, so that the next block goes on from `to` without a step.
    ///
    /// Equal to the reference to the last bit.
    pub fn gain(self, samples: &mut [f32], from: f32, to: f32) {
        if from == to {
            self.run(Constant(samples, from));
        } else {
            let step = (to - from) / samples.len() as f32;
            self.run(Ramp(samples, from, step));
        }
    }
}

struct Constant<'a>(&'a mut [f32], f32);

impl Kernel for Constant<'_> {
    type Output = ();

    fn scalar(self) {
        reference::gain(self.0, self.1, 0.0);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let gain = s.splat(self.1);
        let (blocks, rest) = self.0.as_chunks_mut::<16>();
        for block in blocks {
            s.store(s.mul(s.load(block), gain), block);
        }
        reference::gain(rest, self.1, 0.0);
    }
}

struct Ramp<'a>(&'a mut [f32], f32, f32);

impl Kernel for Ramp<'_> {
    type Output = ();

    fn scalar(self) {
        reference::gain(self.0, self.1, self.2);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let Self(samples, first, step) = self;
        let (from, steps, ahead) = (s.splat(first), s.splat(step), s.splat(16.0));
        // Sums of whole numbers are exact, so that this is `i as f32` of the reference.
        let mut index = s.load(&INDICES);
        let (blocks, rest) = samples.as_chunks_mut::<16>();
        let done = blocks.len() * 16;
        for block in blocks {
            let gain = s.add(from, s.mul(steps, index));
            s.store(s.mul(s.load(block), gain), block);
            index = s.add(index, ahead);
        }
        for (i, sample) in rest.iter_mut().enumerate() {
            *sample *= first + step * (done + i) as f32;
        }
    }
}
