//! The references as functions of C, compiled by the build script.

#[path = "../../core/src/dsp/kernels/reference.rs"]
mod reference;

use std::slice::{from_raw_parts, from_raw_parts_mut};

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_gain(samples: *mut f32, samples_length: usize, from: f32, step: f32) {
    reference::gain(unsafe { from_raw_parts_mut(samples, samples_length) }, from, step)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_mix(to: *mut f32, to_length: usize, from: *const f32, from_length: usize, weight: f32) {
    reference::mix(unsafe { from_raw_parts_mut(to, to_length) }, unsafe { from_raw_parts(from, from_length) }, weight)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_multiply(to: *mut f32, to_length: usize, by: *const f32, by_length: usize) {
    reference::multiply(unsafe { from_raw_parts_mut(to, to_length) }, unsafe { from_raw_parts(by, by_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_sanitize(samples: *mut f32, samples_length: usize, largest: f32) -> bool {
    reference::sanitize(unsafe { from_raw_parts_mut(samples, samples_length) }, largest)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_interleave_2(left: *const f32, left_length: usize, right: *const f32, right_length: usize, frames: *mut f32, frames_length: usize) {
    reference::interleave_2(unsafe { from_raw_parts(left, left_length) }, unsafe { from_raw_parts(right, right_length) }, unsafe { from_raw_parts_mut(frames, frames_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_deinterleave_2(frames: *const f32, frames_length: usize, left: *mut f32, left_length: usize, right: *mut f32, right_length: usize) {
    reference::deinterleave_2(unsafe { from_raw_parts(frames, frames_length) }, unsafe { from_raw_parts_mut(left, left_length) }, unsafe { from_raw_parts_mut(right, right_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_downmix_2(frames: *const f32, frames_length: usize, mono: *mut f32, mono_length: usize, scale: f32) {
    reference::downmix_2(unsafe { from_raw_parts(frames, frames_length) }, unsafe { from_raw_parts_mut(mono, mono_length) }, scale)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_i16_to_f32(from: *const i16, from_length: usize, to: *mut f32, to_length: usize) {
    reference::i16_to_f32(unsafe { from_raw_parts(from, from_length) }, unsafe { from_raw_parts_mut(to, to_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_i24_to_f32(from: *const [u8; 3], from_length: usize, to: *mut f32, to_length: usize) {
    reference::i24_to_f32(unsafe { from_raw_parts(from, from_length) }, unsafe { from_raw_parts_mut(to, to_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_i32_to_f32(from: *const i32, from_length: usize, to: *mut f32, to_length: usize) {
    reference::i32_to_f32(unsafe { from_raw_parts(from, from_length) }, unsafe { from_raw_parts_mut(to, to_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_f32_to_i16(from: *const f32, from_length: usize, to: *mut i16, to_length: usize) {
    reference::f32_to_i16(unsafe { from_raw_parts(from, from_length) }, unsafe { from_raw_parts_mut(to, to_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_f32_to_i24(from: *const f32, from_length: usize, to: *mut [u8; 3], to_length: usize) {
    reference::f32_to_i24(unsafe { from_raw_parts(from, from_length) }, unsafe { from_raw_parts_mut(to, to_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_f32_to_i32(from: *const f32, from_length: usize, to: *mut i32, to_length: usize) {
    reference::f32_to_i32(unsafe { from_raw_parts(from, from_length) }, unsafe { from_raw_parts_mut(to, to_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_f32_to_i16_dithered(from: *const f32, from_length: usize, to: *mut i16, to_length: usize, state: &mut [u32; 16]) {
    reference::f32_to_i16_dithered(unsafe { from_raw_parts(from, from_length) }, unsafe { from_raw_parts_mut(to, to_length) }, state)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_f32_to_i24_dithered(from: *const f32, from_length: usize, to: *mut [u8; 3], to_length: usize, state: &mut [u32; 16]) {
    reference::f32_to_i24_dithered(unsafe { from_raw_parts(from, from_length) }, unsafe { from_raw_parts_mut(to, to_length) }, state)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_peak(samples: *const f32, samples_length: usize) -> f32 {
    reference::peak(unsafe { from_raw_parts(samples, samples_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_sum(samples: *const f32, samples_length: usize) -> f64 {
    reference::sum(unsafe { from_raw_parts(samples, samples_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_sum_of_squares(samples: *const f32, samples_length: usize) -> f64 {
    reference::sum_of_squares(unsafe { from_raw_parts(samples, samples_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_clip_count(samples: *const f32, samples_length: usize, threshold: f32) -> u64 {
    reference::clip_count(unsafe { from_raw_parts(samples, samples_length) }, threshold)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_soft_limit(samples: *mut f32, samples_length: usize, threshold: f32, ceiling: f32) {
    reference::soft_limit(unsafe { from_raw_parts_mut(samples, samples_length) }, threshold, ceiling)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_dot(a: *const f32, a_length: usize, b: *const f32, b_length: usize) -> f32 {
    reference::dot(unsafe { from_raw_parts(a, a_length) }, unsafe { from_raw_parts(b, b_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_fir(from: *const f32, from_length: usize, taps: *const f32, taps_length: usize, to: *mut f32, to_length: usize) {
    reference::fir(unsafe { from_raw_parts(from, from_length) }, unsafe { from_raw_parts(taps, taps_length) }, unsafe { from_raw_parts_mut(to, to_length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn voicestand_unvectorized_biquad(b: &[f64; 3], a: &[f64; 2], state: &mut [f64; 2], samples: *mut f32, samples_length: usize) {
    reference::biquad(b, a, state, unsafe { from_raw_parts_mut(samples, samples_length) })
}

