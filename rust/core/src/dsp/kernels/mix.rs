//! Weighted sums: mixing, downmixing and what keeps nonsense out.

use super::{Kernel, Kernels, Simd, common, reference};

impl Kernels {
    /// Adds `weight` · `from` to `to`, as far as both go. Equal to the reference to the last bit.
    pub fn mix(self, to: &mut [f32], from: &[f32], weight: f32) {
        self.run(Mix(to, from, weight));
    }

    /// Keeps samples within ± `largest` and makes NaN 0; returns whether any was neither. Equal to
    /// the reference to the last bit.
    pub fn sanitize(self, samples: &mut [f32], largest: f32) -> bool {
        self.run(Sanitize(samples, largest))
    }

    /// The mean of channels `inputs` of `frames`, interleaved frames of `width` samples, as far as
    /// both `frames` and `mono` go; returns how many frames that were. Channels that the frames do
    /// not have count as silent.
    ///
    /// Equal to the reference to the last bit.
    pub fn downmix(
        self,
        frames: &[f32],
        width: usize,
        inputs: &[usize],
        mono: &mut [f32],
    ) -> usize {
        let width = width.max(1);
        let count = (frames.len() / width).min(mono.len());
        let mono = mono.get_mut(..count).unwrap_or_default();
        match (width, inputs) {
            (1, [0]) => {
                if let Some(frames) = frames.get(..count) {
                    mono.copy_from_slice(frames);
                }
            }
            (2, [0, 1] | [1, 0]) => self.run(Downmix2(frames, mono, 0.5)),
            _ => {
                let scale = 1.0 / inputs.len().max(1) as f32;
                for (mono, frame) in mono.iter_mut().zip(frames.chunks_exact(width)) {
                    let heard = inputs.iter().filter_map(|&input| frame.get(input));
                    *mono = heard.sum::<f32>() * scale;
                }
            }
        }
        count
    }
}

struct Mix<'a>(&'a mut [f32], &'a [f32], f32);

impl Kernel for Mix<'_> {
    type Output = ();

    fn scalar(self) {
        reference::mix(self.0, self.1, self.2);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let Self(to, from, weight) = self;
        let (from, to) = common(from, to);
        let (from, from_rest) = from.as_chunks();
        let (to, to_rest) = to.as_chunks_mut();
        let factor = s.splat(weight);
        for (to, from) in to.iter_mut().zip(from) {
            s.store(s.add(s.load(to), s.mul(factor, s.load(from))), to);
        }
        reference::mix(to_rest, from_rest, weight);
    }
}

struct Sanitize<'a>(&'a mut [f32], f32);

impl Kernel for Sanitize<'_> {
    type Output = bool;

    fn scalar(self) -> bool {
        reference::sanitize(self.0, self.1)
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) -> bool {
        let Self(samples, limit) = self;
        let largest = s.splat(limit);
        let (blocks, rest) = samples.as_chunks_mut::<16>();
        let mut changed = false;
        for block in blocks {
            // Sound is left alone: in almost every block this is a comparison and nothing more.
            if !s.all_le(s.abs(s.load(block)), largest) {
                changed |= reference::sanitize(block, limit);
            }
        }
        reference::sanitize(rest, limit) | changed
    }
}

struct Downmix2<'a>(&'a [f32], &'a mut [f32], f32);

impl Kernel for Downmix2<'_> {
    type Output = ();

    fn scalar(self) {
        reference::downmix_2(self.0, self.1, self.2);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let Self(frames, mono, scale) = self;
        let factor = s.splat(scale);
        let (pairs, _) = frames.as_chunks::<32>();
        let (mono, mono_rest) = mono.as_chunks_mut::<16>();
        let done = mono.len() * 32;
        for (mono, pair) in mono.iter_mut().zip(pairs) {
            let (left, right) = s.load_unzip(pair);
            s.store(s.mul(s.add(left, right), factor), mono);
        }
        reference::downmix_2(frames.get(done..).unwrap_or_default(), mono_rest, scale);
    }
}
