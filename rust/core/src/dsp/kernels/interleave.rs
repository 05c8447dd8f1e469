//! Between frames (sample by sample of all channels) and planes (channel after channel).

use super::{Kernel, Kernels, Simd, reference};

impl Kernels {
    /// Frames of `channels` samples from as many planes, one after the other in `planes`. Both are
    /// of the same length, a multiple of `channels`; what is beyond is left alone.
    ///
    /// In vectors for 1 and 2 channels. Equal to the reference to the last bit.
    pub fn interleave(self, planes: &[f32], channels: usize, frames: &mut [f32]) {
        let count = planes.len().min(frames.len()) / channels.max(1);
        match channels {
            0 => {}
            1 => copy(planes, frames, count),
            2 => {
                let (left, right) = planes.split_at(count);
                let frames = frames.get_mut(..2 * count).unwrap_or_default();
                self.run(Interleave2(left, right, frames));
            }
            _ => {
                for (channel, plane) in planes.chunks_exact(count.max(1)).enumerate() {
                    let places = frames.iter_mut().skip(channel).step_by(channels);
                    for (to, from) in places.zip(plane) {
                        *to = *from;
                    }
                }
            }
        }
    }

    /// The inverse of [`interleave`](Self::interleave).
    pub fn deinterleave(self, frames: &[f32], channels: usize, planes: &mut [f32]) {
        let count = planes.len().min(frames.len()) / channels.max(1);
        match channels {
            0 => {}
            1 => copy(frames, planes, count),
            2 => {
                let (left, right) = planes.split_at_mut(count);
                let frames = frames.get(..2 * count).unwrap_or_default();
                self.run(Deinterleave2(frames, left, right));
            }
            _ => {
                for (channel, plane) in planes.chunks_exact_mut(count.max(1)).enumerate() {
                    let places = frames.iter().skip(channel).step_by(channels);
                    for (to, from) in plane.iter_mut().zip(places) {
                        *to = *from;
                    }
                }
            }
        }
    }
}

fn copy(from: &[f32], to: &mut [f32], count: usize) {
    if let (Some(from), Some(to)) = (from.get(..count), to.get_mut(..count)) {
        to.copy_from_slice(from);
    }
}

struct Interleave2<'a>(&'a [f32], &'a [f32], &'a mut [f32]);

impl Kernel for Interleave2<'_> {
    type Output = ();

    fn scalar(self) {
        reference::interleave_2(self.0, self.1, self.2);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let Self(left, right, frames) = self;
        let (left, left_rest) = left.as_chunks::<16>();
        let (right, right_rest) = right.as_chunks::<16>();
        let (frames, frames_rest) = frames.as_chunks_mut::<32>();
        for ((frames, left), right) in frames.iter_mut().zip(left).zip(right) {
            s.store_zip(s.load(left), s.load(right), frames);
        }
        reference::interleave_2(left_rest, right_rest, frames_rest);
    }
}

struct Deinterleave2<'a>(&'a [f32], &'a mut [f32], &'a mut [f32]);

impl Kernel for Deinterleave2<'_> {
    type Output = ();

    fn scalar(self) {
        reference::deinterleave_2(self.0, self.1, self.2);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let Self(frames, left, right) = self;
        let (frames, frames_rest) = frames.as_chunks::<32>();
        let (left, left_rest) = left.as_chunks_mut::<16>();
        let (right, right_rest) = right.as_chunks_mut::<16>();
        for ((frames, left), right) in frames.iter().zip(left).zip(right) {
            let (even, odd) = s.load_unzip(frames);
            s.store(even, left);
            s.store(odd, right);
        }
        reference::deinterleave_2(frames_rest, left_rest, right_rest);
    }
}
