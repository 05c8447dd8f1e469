//! The scalar references of `voicestand_core::dsp::kernels`, compiled without vectorization: what one
//! sample after the other costs. For benches only.

mod exported {
    unsafe extern "C" {
        pub(crate) fn voicestand_unvectorized_gain(
            samples: *mut f32,
            samples_length: usize,
            from: f32,
            step: f32,
        );
        pub(crate) fn voicestand_unvectorized_mix(
            to: *mut f32,
            to_length: usize,
            from: *const f32,
            from_length: usize,
            weight: f32,
        );
        pub(crate) fn voicestand_unvectorized_multiply(
            to: *mut f32,
            to_length: usize,
            by: *const f32,
            by_length: usize,
        );
        pub(crate) fn voicestand_unvectorized_sanitize(
            samples: *mut f32,
            samples_length: usize,
            largest: f32,
        ) -> bool;
        pub(crate) fn voicestand_unvectorized_interleave_2(
            left: *const f32,
            left_length: usize,
            right: *const f32,
            right_length: usize,
            frames: *mut f32,
            frames_length: usize,
        );
        pub(crate) fn voicestand_unvectorized_deinterleave_2(
            frames: *const f32,
            frames_length: usize,
            left: *mut f32,
            left_length: usize,
            right: *mut f32,
            right_length: usize,
        );
        pub(crate) fn voicestand_unvectorized_downmix_2(
            frames: *const f32,
            frames_length: usize,
            mono: *mut f32,
            mono_length: usize,
            scale: f32,
        );
        pub(crate) fn voicestand_unvectorized_i16_to_f32(
            from: *const i16,
            from_length: usize,
            to: *mut f32,
            to_length: usize,
        );
        pub(crate) fn voicestand_unvectorized_i24_to_f32(
            from: *const [u8; 3],
            from_length: usize,
            to: *mut f32,
            to_length: usize,
        );
        pub(crate) fn voicestand_unvectorized_i32_to_f32(
            from: *const i32,
            from_length: usize,
            to: *mut f32,
            to_length: usize,
        );
        pub(crate) fn voicestand_unvectorized_f32_to_i16(
            from: *const f32,
            from_length: usize,
            to: *mut i16,
            to_length: usize,
        );
        pub(crate) fn voicestand_unvectorized_f32_to_i24(
            from: *const f32,
            from_length: usize,
            to: *mut [u8; 3],
            to_length: usize,
        );
        pub(crate) fn voicestand_unvectorized_f32_to_i32(
            from: *const f32,
            from_length: usize,
            to: *mut i32,
            to_length: usize,
        );
        pub(crate) fn voicestand_unvectorized_f32_to_i16_dithered(
            from: *const f32,
            from_length: usize,
            to: *mut i16,
            to_length: usize,
            state: &mut [u32; 16],
        );
        pub(crate) fn voicestand_unvectorized_f32_to_i24_dithered(
            from: *const f32,
            from_length: usize,
            to: *mut [u8; 3],
            to_length: usize,
            state: &mut [u32; 16],
        );
        pub(crate) fn voicestand_unvectorized_peak(
            samples: *const f32,
            samples_length: usize,
        ) -> f32;
        pub(crate) fn voicestand_unvectorized_sum(
            samples: *const f32,
            samples_length: usize,
        ) -> f64;
        pub(crate) fn voicestand_unvectorized_sum_of_squares(
            samples: *const f32,
            samples_length: usize,
        ) -> f64;
        pub(crate) fn voicestand_unvectorized_clip_count(
            samples: *const f32,
            samples_length: usize,
            threshold: f32,
        ) -> u64;
        pub(crate) fn voicestand_unvectorized_soft_limit(
            samples: *mut f32,
            samples_length: usize,
            threshold: f32,
            ceiling: f32,
        );
        pub(crate) fn voicestand_unvectorized_dot(
            a: *const f32,
            a_length: usize,
            b: *const f32,
            b_length: usize,
        ) -> f32;
        pub(crate) fn voicestand_unvectorized_fir(
            from: *const f32,
            from_length: usize,
            taps: *const f32,
            taps_length: usize,
            to: *mut f32,
            to_length: usize,
        );
        pub(crate) fn voicestand_unvectorized_biquad(
            b: &[f64; 3],
            a: &[f64; 2],
            state: &mut [f64; 2],
            samples: *mut f32,
            samples_length: usize,
        );
    }
}

/// `reference::gain`.
pub fn gain(samples: &mut [f32], from: f32, step: f32) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_gain(samples.as_mut_ptr(), samples.len(), from, step)
    }
}

/// `reference::mix`.
pub fn mix(to: &mut [f32], from: &[f32], weight: f32) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_mix(
            to.as_mut_ptr(),
            to.len(),
            from.as_ptr(),
            from.len(),
            weight,
        )
    }
}

/// `reference::multiply`.
pub fn multiply(to: &mut [f32], by: &[f32]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_multiply(to.as_mut_ptr(), to.len(), by.as_ptr(), by.len())
    }
}

/// `reference::sanitize`.
pub fn sanitize(samples: &mut [f32], largest: f32) -> bool {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_sanitize(samples.as_mut_ptr(), samples.len(), largest)
    }
}

/// `reference::interleave_2`.
pub fn interleave_2(left: &[f32], right: &[f32], frames: &mut [f32]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_interleave_2(
            left.as_ptr(),
            left.len(),
            right.as_ptr(),
            right.len(),
            frames.as_mut_ptr(),
            frames.len(),
        )
    }
}

/// `reference::deinterleave_2`.
pub fn deinterleave_2(frames: &[f32], left: &mut [f32], right: &mut [f32]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_deinterleave_2(
            frames.as_ptr(),
            frames.len(),
            left.as_mut_ptr(),
            left.len(),
            right.as_mut_ptr(),
            right.len(),
        )
    }
}

/// `reference::downmix_2`.
pub fn downmix_2(frames: &[f32], mono: &mut [f32], scale: f32) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_downmix_2(
            frames.as_ptr(),
            frames.len(),
            mono.as_mut_ptr(),
            mono.len(),
            scale,
        )
    }
}

/// `reference::i16_to_f32`.
pub fn i16_to_f32(from: &[i16], to: &mut [f32]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_i16_to_f32(
            from.as_ptr(),
            from.len(),
            to.as_mut_ptr(),
            to.len(),
        )
    }
}

/// `reference::i24_to_f32`.
pub fn i24_to_f32(from: &[[u8; 3]], to: &mut [f32]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_i24_to_f32(
            from.as_ptr(),
            from.len(),
            to.as_mut_ptr(),
            to.len(),
        )
    }
}

/// `reference::i32_to_f32`.
pub fn i32_to_f32(from: &[i32], to: &mut [f32]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_i32_to_f32(
            from.as_ptr(),
            from.len(),
            to.as_mut_ptr(),
            to.len(),
        )
    }
}

/// `reference::f32_to_i16`.
pub fn f32_to_i16(from: &[f32], to: &mut [i16]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_f32_to_i16(
            from.as_ptr(),
            from.len(),
            to.as_mut_ptr(),
            to.len(),
        )
    }
}

/// `reference::f32_to_i24`.
pub fn f32_to_i24(from: &[f32], to: &mut [[u8; 3]]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_f32_to_i24(
            from.as_ptr(),
            from.len(),
            to.as_mut_ptr(),
            to.len(),
        )
    }
}

/// `reference::f32_to_i32`.
pub fn f32_to_i32(from: &[f32], to: &mut [i32]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_f32_to_i32(
            from.as_ptr(),
            from.len(),
            to.as_mut_ptr(),
            to.len(),
        )
    }
}

/// `reference::f32_to_i16_dithered`.
pub fn f32_to_i16_dithered(from: &[f32], to: &mut [i16], state: &mut [u32; 16]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_f32_to_i16_dithered(
            from.as_ptr(),
            from.len(),
            to.as_mut_ptr(),
            to.len(),
            state,
        )
    }
}

/// `reference::f32_to_i24_dithered`.
pub fn f32_to_i24_dithered(from: &[f32], to: &mut [[u8; 3]], state: &mut [u32; 16]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_f32_to_i24_dithered(
            from.as_ptr(),
            from.len(),
            to.as_mut_ptr(),
            to.len(),
            state,
        )
    }
}

/// `reference::peak`.
pub fn peak(samples: &[f32]) -> f32 {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe { exported::voicestand_unvectorized_peak(samples.as_ptr(), samples.len()) }
}

/// `reference::sum`.
pub fn sum(samples: &[f32]) -> f64 {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe { exported::voicestand_unvectorized_sum(samples.as_ptr(), samples.len()) }
}

/// `reference::sum_of_squares`.
pub fn sum_of_squares(samples: &[f32]) -> f64 {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe { exported::voicestand_unvectorized_sum_of_squares(samples.as_ptr(), samples.len()) }
}

/// `reference::clip_count`.
pub fn clip_count(samples: &[f32], threshold: f32) -> u64 {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_clip_count(samples.as_ptr(), samples.len(), threshold)
    }
}

/// `reference::soft_limit`.
pub fn soft_limit(samples: &mut [f32], threshold: f32, ceiling: f32) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_soft_limit(
            samples.as_mut_ptr(),
            samples.len(),
            threshold,
            ceiling,
        )
    }
}

/// `reference::dot`.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe { exported::voicestand_unvectorized_dot(a.as_ptr(), a.len(), b.as_ptr(), b.len()) }
}

/// `reference::fir`.
pub fn fir(from: &[f32], taps: &[f32], to: &mut [f32]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_fir(
            from.as_ptr(),
            from.len(),
            taps.as_ptr(),
            taps.len(),
            to.as_mut_ptr(),
            to.len(),
        )
    }
}

/// `reference::biquad`.
pub fn biquad(b: &[f64; 3], a: &[f64; 2], state: &mut [f64; 2], samples: &mut [f32]) {
    // SAFETY: the function on the other side is compiled from the same source with the same compiler,
    // and makes of pointer and length the slice they come from.
    unsafe {
        exported::voicestand_unvectorized_biquad(b, a, state, samples.as_mut_ptr(), samples.len())
    }
}
