//! The vector operations in AVX-512 (F, BW, DQ and VL).

use std::arch::x86_64::*;

use super::simd::{Simd, intrinsics};

/// The proof that the CPU has AVX-512 F, BW, DQ and VL, AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// `None` where the CPU or the operating system lacks one of them.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma"))
        .then_some(Self(()))
    }
}

/// The first three bytes of every four, at the front of each 16.
const DROP_FOURTH: [i8; 16] = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1];
/// Three bytes to the upper three of every four.
const TO_UPPER: [i8; 16] = [-1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11];
const EVEN: [i32; 16] = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30];
const ODD: [i32; 16] = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31];
const ZIP_LOW: [i32; 16] = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
const ZIP_HIGH: [i32; 16] = [8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31];
/// Of every four words the first three.
const PACK: [i32; 16] = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0];
/// The inverse.
const UNPACK: [i32; 16] = [0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8, 0, 9, 10, 11, 0];
/// For `vfixupimmps`, from the last digit on: 0 (8) for quiet and other NaN, the number itself (1) for
/// zeros and ones, 0 for infinities, the number itself for the rest.
const ZERO_NON_FINITE: i32 = 0x1188_1188;
/// Columns 0 to 3 of four rows of eight.
const LEFT: [i32; 16] = [0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27];
/// Columns 4 to 7.
const RIGHT: [i32; 16] = [4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31];
/// Quarters 0 and 1 of two vectors, alternating.
const LOW_QUARTERS: [i32; 16] = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
/// Quarters 2 and 3.
const HIGH_QUARTERS: [i32; 16] = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];
/// The first two rows of four by four columns to the left and as many to the right.
const TOP: [i32; 16] = [0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29];
/// The last two.
const BOTTOM: [i32; 16] = [2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31];
/// Twelve words are 48 bytes.
const TWELVE: u16 = 0x0fff;

impl Simd for Avx512 {
    const MANY_REGISTERS: bool = true;
    type Floats = __m512;
    type Ints = __m512i;
    type Doubles = __m512d;

    intrinsics! {
        fn splat(value: f32) -> __m512 { _mm512_set1_ps(value) }
        fn load(from: &[f32; 16]) -> __m512 { _mm512_loadu_ps(from.as_ptr()) }
        fn store(value: __m512, to: &mut [f32; 16]) { _mm512_storeu_ps(to.as_mut_ptr(), value) }
        fn add(a: __m512, b: __m512) -> __m512 { _mm512_add_ps(a, b) }
        fn sub(a: __m512, b: __m512) -> __m512 { _mm512_sub_ps(a, b) }
        fn mul(a: __m512, b: __m512) -> __m512 { _mm512_mul_ps(a, b) }
        fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 { _mm512_fmadd_ps(a, b, c) }
        fn min(a: __m512, b: __m512) -> __m512 { _mm512_min_ps(a, b) }
        fn max(a: __m512, b: __m512) -> __m512 { _mm512_max_ps(a, b) }
        fn abs(a: __m512) -> __m512 { _mm512_abs_ps(a) }
        fn with_sign(a: __m512, b: __m512) -> __m512 {
            _mm512_or_ps(a, _mm512_and_ps(_mm512_set1_ps(-0.0), b))
        }
        fn floor(a: __m512) -> __m512 {
            _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(a)
        }
        fn zero_nan(a: __m512) -> __m512 {
            _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_ORD_Q>(a, a), a)
        }
        fn zero_where_nan(a: __m512, b: __m512) -> __m512 {
            _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_ORD_Q>(b, b), a)
        }
        fn zero_non_finite(a: __m512) -> __m512 {
            _mm512_fixupimm_ps::<0>(a, a, _mm512_set1_epi32(ZERO_NON_FINITE))
        }
        fn select_le(a: __m512, b: __m512, yes: __m512, no: __m512) -> __m512 {
            _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b), no, yes)
        }
        fn tally_ge(count: __m512i, a: __m512, b: __m512) -> __m512i {
            let more = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b);
            _mm512_mask_add_epi32(count, more, count, _mm512_set1_epi32(1))
        }
        fn all_le(a: __m512, b: __m512) -> bool {
            _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b) == u16::MAX
        }
        fn reduce_add(a: __m512) -> f32 { _mm512_reduce_add_ps(a) }
        fn reduce_max(a: __m512) -> f32 { _mm512_reduce_max_ps(a) }
        fn store_zip(a: __m512, b: __m512, to: &mut [f32; 32]) {
            let low = _mm512_loadu_epi32(ZIP_LOW.as_ptr());
            let high = _mm512_loadu_epi32(ZIP_HIGH.as_ptr());
            _mm512_storeu_ps(to.as_mut_ptr(), _mm512_permutex2var_ps(a, low, b));
            _mm512_storeu_ps(to.as_mut_ptr().add(16), _mm512_permutex2var_ps(a, high, b));
        }
        fn load_unzip(from: &[f32; 32]) -> (__m512, __m512) {
            let a = _mm512_loadu_ps(from.as_ptr());
            let b = _mm512_loadu_ps(from.as_ptr().add(16));
            let even = _mm512_loadu_epi32(EVEN.as_ptr());
            let odd = _mm512_loadu_epi32(ODD.as_ptr());
            (_mm512_permutex2var_ps(a, even, b), _mm512_permutex2var_ps(a, odd, b))
        }
        fn load_columns(from: &[f32; 64]) -> [__m512; 4] {
            let row = |n: usize| _mm512_loadu_ps(from.as_ptr().add(16 * n));
            let [early, late] = [(row(0), row(1)), (row(2), row(3))];
            let (left, right) = (_mm512_loadu_epi32(LEFT.as_ptr()), _mm512_loadu_epi32(RIGHT.as_ptr()));
            let (even, odd) = (_mm512_loadu_epi32(LOW_QUARTERS.as_ptr()), _mm512_loadu_epi32(HIGH_QUARTERS.as_ptr()));
            let a = _mm512_permutex2var_ps(early.0, left, early.1);
            let b = _mm512_permutex2var_ps(early.0, right, early.1);
            let c = _mm512_permutex2var_ps(late.0, left, late.1);
            let d = _mm512_permutex2var_ps(late.0, right, late.1);
            [
                _mm512_permutex2var_ps(a, even, c),
                _mm512_permutex2var_ps(a, odd, c),
                _mm512_permutex2var_ps(b, even, d),
                _mm512_permutex2var_ps(b, odd, d),
            ]
        }
        fn store_columns(value: [__m512; 4], to: &mut [f32; 64]) {
            let [a, b, c, d] = value;
            let early = (_mm512_shuffle_f32x4::<0b10_00_10_00>(a, b), _mm512_shuffle_f32x4::<0b10_00_10_00>(c, d));
            let late = (_mm512_shuffle_f32x4::<0b11_01_11_01>(a, b), _mm512_shuffle_f32x4::<0b11_01_11_01>(c, d));
            let (top, bottom) = (_mm512_loadu_epi32(TOP.as_ptr()), _mm512_loadu_epi32(BOTTOM.as_ptr()));
            let rows = [
                _mm512_permutex2var_ps(early.0, top, early.1),
                _mm512_permutex2var_ps(early.0, bottom, early.1),
                _mm512_permutex2var_ps(late.0, top, late.1),
                _mm512_permutex2var_ps(late.0, bottom, late.1),
            ];
            for (n, rows) in rows.into_iter().enumerate() {
                _mm512_storeu_ps(to.as_mut_ptr().add(16 * n), rows);
            }
        }

        fn splat_int(value: i32) -> __m512i { _mm512_set1_epi32(value) }
        fn load_uint(from: &[u32; 16]) -> __m512i { _mm512_loadu_si512(from.as_ptr().cast()) }
        fn store_uint(value: __m512i, to: &mut [u32; 16]) {
            _mm512_storeu_si512(to.as_mut_ptr().cast(), value)
        }
        fn load_i32(from: &[i32; 16]) -> __m512i { _mm512_loadu_si512(from.as_ptr().cast()) }
        fn store_i32(value: __m512i, to: &mut [i32; 16]) {
            _mm512_storeu_si512(to.as_mut_ptr().cast(), value)
        }
        fn load_i16(from: &[i16; 16]) -> __m512i {
            _mm512_cvtepi16_epi32(_mm256_loadu_si256(from.as_ptr().cast()))
        }
        fn store_i16(value: __m512i, to: &mut [i16; 16]) {
            _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm512_cvtsepi32_epi16(value))
        }
        fn load_i24(from: &[u8; 48]) -> __m512i {
            let words = _mm512_maskz_loadu_epi32(TWELVE, from.as_ptr().cast());
            let spread =
                _mm512_permutexvar_epi32(_mm512_loadu_epi32(UNPACK.as_ptr()), words);
            let order = _mm512_broadcast_i32x4(_mm_loadu_si128(TO_UPPER.as_ptr().cast()));
            _mm512_srai_epi32::<8>(_mm512_shuffle_epi8(spread, order))
        }
        fn store_i24(value: __m512i, to: &mut [u8; 48]) {
            let order = _mm512_broadcast_i32x4(_mm_loadu_si128(DROP_FOURTH.as_ptr().cast()));
            let front = _mm512_shuffle_epi8(value, order);
            let words = _mm512_permutexvar_epi32(_mm512_loadu_epi32(PACK.as_ptr()), front);
            _mm512_mask_storeu_epi32(to.as_mut_ptr().cast(), TWELVE, words)
        }
        fn add_int(a: __m512i, b: __m512i) -> __m512i { _mm512_add_epi32(a, b) }
        fn min_int(a: __m512i, b: __m512i) -> __m512i { _mm512_min_epi32(a, b) }
        fn max_int(a: __m512i, b: __m512i) -> __m512i { _mm512_max_epi32(a, b) }
        fn xor(a: __m512i, b: __m512i) -> __m512i { _mm512_xor_si512(a, b) }
        fn and(a: __m512i, b: __m512i) -> __m512i { _mm512_and_si512(a, b) }
        fn shift_left<const N: u32>(a: __m512i) -> __m512i { _mm512_slli_epi32::<N>(a) }
        fn shift_right<const N: u32>(a: __m512i) -> __m512i { _mm512_srli_epi32::<N>(a) }
        fn round(a: __m512) -> __m512i { _mm512_cvtps_epi32(a) }
        fn to_float(a: __m512i) -> __m512 { _mm512_cvtepi32_ps(a) }

        fn widen(a: __m512) -> [__m512d; 2] {
            [
                _mm512_cvtps_pd(_mm512_castps512_ps256(a)),
                _mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(a)),
            ]
        }
        fn narrow(a: [__m512d; 2]) -> __m512 {
            let [low, high] = a;
            let low = _mm512_castps256_ps512(_mm512_cvtpd_ps(low));
            _mm512_insertf32x8::<1>(low, _mm512_cvtpd_ps(high))
        }
        fn splat_f64(value: f64) -> __m512d { _mm512_set1_pd(value) }
        fn load_f64(from: &[f64; 8]) -> __m512d { _mm512_loadu_pd(from.as_ptr()) }
        fn store_f64(value: __m512d, to: &mut [f64; 8]) { _mm512_storeu_pd(to.as_mut_ptr(), value) }
        fn add_f64(a: __m512d, b: __m512d) -> __m512d { _mm512_add_pd(a, b) }
        fn sub_f64(a: __m512d, b: __m512d) -> __m512d { _mm512_sub_pd(a, b) }
        fn mul_f64(a: __m512d, b: __m512d) -> __m512d { _mm512_mul_pd(a, b) }
        fn mul_add_f64(a: __m512d, b: __m512d, c: __m512d) -> __m512d { _mm512_fmadd_pd(a, b, c) }
        fn mul_add_late(a: __m512d, b: __m512d, c: __m512d) -> __m512d { _mm512_fmadd_pd(a, b, c) }
        fn reduce_add_f64(a: __m512d) -> f64 { _mm512_reduce_add_pd(a) }
        fn up_1_f64(a: __m512d) -> __m512d {
            let zero = _mm512_setzero_si512();
            _mm512_castsi512_pd(_mm512_alignr_epi64::<7>(_mm512_castpd_si512(a), zero))
        }
        fn up_2_f64(a: __m512d) -> __m512d {
            let zero = _mm512_setzero_si512();
            _mm512_castsi512_pd(_mm512_alignr_epi64::<6>(_mm512_castpd_si512(a), zero))
        }
        fn up_4_f64(a: __m512d) -> __m512d {
            let zero = _mm512_setzero_si512();
            _mm512_castsi512_pd(_mm512_alignr_epi64::<4>(_mm512_castpd_si512(a), zero))
        }
        fn splat_last_f64(a: __m512d) -> __m512d {
            _mm512_permutexvar_pd(_mm512_set1_epi64(7), a)
        }
    }
}
