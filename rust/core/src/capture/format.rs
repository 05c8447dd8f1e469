//! What devices give, as interleaved f32.

/// How a device codes a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleFormat {
    /// 32-bit floating point, 1 = full scale.
    F32,
    /// 16-bit signed integers, 32,768 = full scale.
    I16,
}

const I16_SCALE: f32 = 1.0 / 32_768.0;

/// Copies as much of `samples` as there is into `block`; the rest of it is silence.
#[inline]
pub(super) fn copy(block: &mut [f32], samples: &[f32]) {
    if let Some(samples) = samples.get(..block.len()) {
        block.copy_from_slice(samples);
    } else {
        // Of a caller that promised more than it gives.
        let (given, rest) = block.split_at_mut(samples.len().min(block.len()));
        given.copy_from_slice(samples.get(..given.len()).unwrap_or_default());
        rest.fill(0.0);
    }
}

/// Converts 16-bit samples into `block`, exactly: every i16 over 32,768 is an f32.
#[inline]
pub(super) fn from_i16(block: &mut [f32], samples: &[i16]) {
    for (to, from) in block.iter_mut().zip(samples) {
        *to = f32::from(*from) * I16_SCALE;
    }
}

/// Writes frames of `from` channels as frames of `to` channels: channels the device does not have
/// repeat its last one, those it has too many are left out.
#[inline]
pub(super) fn spread<T: Copy>(
    block: &mut [f32],
    to: usize,
    samples: &[T],
    from: usize,
    convert: impl Fn(T) -> f32,
) {
    let frames = block.chunks_exact_mut(to.max(1));
    for (frame, given) in frames.zip(samples.chunks_exact(from.max(1))) {
        for (channel, place) in frame.iter_mut().enumerate() {
            if let Some(sample) = given.get(channel).or(given.last()) {
                *place = convert(*sample);
            }
        }
    }
}

/// A single sample of [`from_i16`].
#[inline]
pub(super) fn one_from_i16(sample: i16) -> f32 {
    f32::from(sample) * I16_SCALE
}
