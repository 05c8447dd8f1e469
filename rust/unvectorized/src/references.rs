//! The references with their types, once for the side that compiles them and the side that calls them.

/// Hands the signatures of all references to the macro `$all`.
macro_rules! references {
    ($all:ident) => {
        $all! {
            fn gain(samples: &mut [f32], from: f32, step: f32);
            fn mix(to: &mut [f32], from: &[f32], weight: f32);
            fn multiply(to: &mut [f32], by: &[f32]);
            fn sanitize(samples: &mut [f32], largest: f32) -> bool;
            fn interleave_2(left: &[f32], right: &[f32], frames: &mut [f32]);
            fn deinterleave_2(frames: &[f32], left: &mut [f32], right: &mut [f32]);
            fn downmix_2(frames: &[f32], mono: &mut [f32], scale: f32);
            fn i16_to_f32(from: &[i16], to: &mut [f32]);
            fn i24_to_f32(from: &[[u8; 3]], to: &mut [f32]);
            fn i32_to_f32(from: &[i32], to: &mut [f32]);
            fn f32_to_i16(from: &[f32], to: &mut [i16]);
            fn f32_to_i24(from: &[f32], to: &mut [[u8; 3]]);
            fn f32_to_i32(from: &[f32], to: &mut [i32]);
            fn f32_to_i16_dithered(from: &[f32], to: &mut [i16], state: &mut [u32; 16]);
            fn f32_to_i24_dithered(from: &[f32], to: &mut [[u8; 3]], state: &mut [u32; 16]);
            fn peak(samples: &[f32]) -> f32;
            fn sum(samples: &[f32]) -> f64;
            fn sum_of_squares(samples: &[f32]) -> f64;
            fn clip_count(samples: &[f32], threshold: f32) -> u64;
            fn soft_limit(samples: &mut [f32], threshold: f32, ceiling: f32);
            fn dot(a: &[f32], b: &[f32]) -> f32;
            fn fir(from: &[f32], taps: &[f32], to: &mut [f32]);
            fn biquad(b: &[f64; 3], a: &[f64; 2], state: &mut [f64; 2], samples: &mut [f32]);
        }
    };
}
