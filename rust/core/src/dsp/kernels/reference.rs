//! The scalar references: each kernel as its textbook writes it.
//!
//! They define what the vector versions must compute, and are what runs on a CPU without AVX2. This
//! file knows no other, so that the bench can compile it once more, without vectorization.

/// A linear ramp: sample i is multiplied by `from` + `step` · i.
pub(crate) fn gain(samples: &mut [f32], from: f32, step: f32) {
    for (i, sample) in samples.iter_mut().enumerate() {
        *sample *= from + step * i as f32;
    }
}

/// Adds `weight` · `from` to `to`.
pub(crate) fn mix(to: &mut [f32], from: &[f32], weight: f32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += weight * from;
    }
}

/// Multiplies `to` by `by`, sample by sample.
pub(crate) fn multiply(to: &mut [f32], by: &[f32]) {
    for (to, by) in to.iter_mut().zip(by) {
        *to *= by;
    }
}

/// Writes the products of `from` and `by` to `to`.
pub(crate) fn multiply_into(from: &[f32], by: &[f32], to: &mut [f32]) {
    for ((to, from), by) in to.iter_mut().zip(from).zip(by) {
        *to = from * by;
    }
}

/// Keeps samples within ± `largest`, 0 for NaN; whether one was not.
pub(crate) fn sanitize(samples: &mut [f32], largest: f32) -> bool {
    let mut changed = false;
    for sample in samples {
        if sample.is_nan() {
            *sample = 0.0;
            changed = true;
        } else if sample.abs() > largest {
            *sample = largest.copysign(*sample);
            changed = true;
        }
    }
    changed
}

/// Frames of two channels from two planes.
pub(crate) fn interleave_2(left: &[f32], right: &[f32], frames: &mut [f32]) {
    let frames = frames.as_chunks_mut::<2>().0;
    for ((frame, left), right) in frames.iter_mut().zip(left).zip(right) {
        *frame = [*left, *right];
    }
}

/// Two planes from frames of two channels.
pub(crate) fn deinterleave_2(frames: &[f32], left: &mut [f32], right: &mut [f32]) {
    let frames = frames.as_chunks::<2>().0;
    for ((frame, left), right) in frames.iter().zip(left).zip(right) {
        [*left, *right] = *frame;
    }
}

/// (left + right) · `scale` of frames of two channels.
pub(crate) fn downmix_2(frames: &[f32], mono: &mut [f32], scale: f32) {
    for (mono, [left, right]) in mono.iter_mut().zip(frames.as_chunks::<2>().0) {
        *mono = (left + right) * scale;
    }
}

pub(crate) fn i16_to_f32(from: &[i16], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = f32::from(*from) * (1.0 / 32_768.0);
    }
}

pub(crate) fn i24_to_f32(from: &[[u8; 3]], to: &mut [f32]) {
    for (to, [low, middle, high]) in to.iter_mut().zip(from) {
        // In the upper three bytes the sign is where it belongs.
        let value = i32::from_le_bytes([0, *low, *middle, *high]) >> 8;
        *to = value as f32 * (1.0 / 8_388_608.0);
    }
}

pub(crate) fn i32_to_f32(from: &[i32], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from as f32 * (1.0 / 2_147_483_648.0);
    }
}

/// The integer nearest to `sample` · `full` + `dither`, saturated to ± `full`; NaN counts
/// as 0.
///
/// The fraction is split off first, so that the dither is not rounded to what an `f32` of that size
/// can hold.
#[inline(always)]
pub(crate) fn quantize(sample: f32, full: f32, dither: f32) -> i32 {
    let sample = if sample.is_nan() { 0.0 } else { sample };
    // Two more than what saturates: what the dither adds is no more.
    let scaled = (sample * full).max(-full - 2.0).min(full + 2.0);
    let whole = scaled.floor();
    let fraction = (scaled - whole + dither).round_ties_even();
    let full = full as i32;
    (whole as i32 + fraction as i32).max(-full).min(full - 1)
}

pub(crate) fn f32_to_i16(from: &[f32], to: &mut [i16]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = quantize(*from, 32_768.0, 0.0) as i16;
    }
}

pub(crate) fn f32_to_i24(from: &[f32], to: &mut [[u8; 3]]) {
    for (to, from) in to.iter_mut().zip(from) {
        let [low, middle, high, _] = quantize(*from, 8_388_608.0, 0.0).to_le_bytes();
        *to = [low, middle, high];
    }
}

pub(crate) fn f32_to_i32(from: &[f32], to: &mut [i32]) {
    for (to, from) in to.iter_mut().zip(from) {
        // `as` saturates, and NaN gives 0.
        *to = (from * 2_147_483_648.0).round_ties_even() as i32;
    }
}

/// The next sixteen values of sixteen xorshift generators (Marsaglia, *Xorshift RNGs*, 2003, the
/// triple 13, 17, 5).
#[inline(always)]
pub(crate) fn xorshift(state: &mut [u32; 16]) {
    for x in state {
        *x ^= *x << 13;
        *x ^= *x >> 17;
        *x ^= *x << 5;
    }
}

/// Triangular in (−1, 1): the sum of two uniform halves.
#[inline(always)]
pub(crate) fn triangular(random: u32) -> f32 {
    ((random & 0xffff) + (random >> 16)) as f32 * (1.0 / 65_536.0) - 65_535.0 / 65_536.0
}

pub(crate) fn f32_to_i16_dithered(from: &[f32], to: &mut [i16], state: &mut [u32; 16]) {
    for (to, from) in to.chunks_mut(16).zip(from.chunks(16)) {
        xorshift(state);
        for ((to, from), random) in to.iter_mut().zip(from).zip(state.iter()) {
            *to = quantize(*from, 32_768.0, triangular(*random)) as i16;
        }
    }
}

pub(crate) fn f32_to_i24_dithered(from: &[f32], to: &mut [[u8; 3]], state: &mut [u32; 16]) {
    for (to, from) in to.chunks_mut(16).zip(from.chunks(16)) {
        xorshift(state);
        for ((to, from), random) in to.iter_mut().zip(from).zip(state.iter()) {
            let value = quantize(*from, 8_388_608.0, triangular(*random));
            let [low, middle, high, _] = value.to_le_bytes();
            *to = [low, middle, high];
        }
    }
}

/// The largest size, NaN left out.
pub(crate) fn peak(samples: &[f32]) -> f32 {
    let mut peak = 0.0_f32;
    for sample in samples {
        peak = peak.max(sample.abs());
    }
    peak
}

pub(crate) fn sum(samples: &[f32]) -> f64 {
    let mut sum = 0.0;
    for sample in samples {
        sum += f64::from(*sample);
    }
    sum
}

pub(crate) fn sum_of_squares(samples: &[f32]) -> f64 {
    let mut sum = 0.0;
    for sample in samples {
        let sample = f64::from(*sample);
        sum += sample * sample;
    }
    sum
}

/// How many are at least `threshold` in size.
pub(crate) fn clip_count(samples: &[f32], threshold: f32) -> u64 {
    let mut count = 0;
    for sample in samples {
        count += u64::from(sample.abs() >= threshold);
    }
    count
}

/// Unchanged up to `threshold`; for an excess of e over it, with a knee k of `ceiling` − `threshold`,
/// `threshold` + e − e² / 4k, and the ceiling from 2k on; 0 for NaN.
pub(crate) fn soft_limit(samples: &mut [f32], threshold: f32, ceiling: f32) {
    let knee = ceiling - threshold;
    let bend = 0.25 / knee;
    for sample in samples {
        let size = sample.abs();
        if sample.is_nan() {
            *sample = 0.0;
        } else if size > threshold {
            let excess = (size - threshold).min(2.0 * knee);
            let limited = threshold + (excess - excess * excess * bend);
            *sample = limited.min(ceiling).copysign(*sample);
        }
    }
}

pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sum = 0.0;
    for (a, b) in a.iter().zip(b) {
        sum += a * b;
    }
    sum
}

/// `to`\[n\] = Σ `taps`\[k\] · `from`\[n + taps − 1 − k\].
pub(crate) fn fir(from: &[f32], taps: &[f32], to: &mut [f32]) {
    for (to, window) in to.iter_mut().zip(from.windows(taps.len().max(1))) {
        let mut sum = 0.0;
        for (tap, sample) in taps.iter().rev().zip(window) {
            sum += tap * sample;
        }
        *to = sum;
    }
}

/// One sample through a biquad in transposed direct form II.
#[inline(always)]
pub(crate) fn biquad_step(b: &[f64; 3], a: &[f64; 2], state: &mut [f64; 2], x: f64) -> f64 {
    let [s1, s2] = *state;
    let y = b[0] * x + s1;
    *state = [b[1] * x - a[0] * y + s2, b[2] * x - a[1] * y];
    y
}

/// One biquad; a sample that is no finite number counts as 0, so that the filter recovers.
pub(crate) fn biquad(b: &[f64; 3], a: &[f64; 2], state: &mut [f64; 2], samples: &mut [f32]) {
    for sample in samples {
        let x = if sample.is_finite() {
            f64::from(*sample)
        } else {
            0.0
        };
        *sample = biquad_step(b, a, state, x) as f32;
    }
}
