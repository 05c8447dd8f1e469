//! The vector operations in AVX2 and FMA, two registers to a vector.

use std::arch::x86_64::*;

use super::simd::{Simd, intrinsics};

/// The proof that the CPU has AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// `None` where the CPU or the operating system lacks one of them.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

/// The first three bytes of every four, at the front.
const DROP_FOURTH: [i8; 16] = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1];
/// Three bytes to the upper three of every four.
const TO_UPPER: [i8; 16] = [-1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11];
/// The same where the first four bytes belong to what is before.
const TO_UPPER_LATE: [i8; 16] = [-1, 4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15];

/// Both halves, each of four by four, with rows and columns exchanged.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn transposed_quarters(rows: [__m256; 4]) -> [__m256; 4] {
    let [a, b, c, d] = rows;
    let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
    let (ab_late, cd_late) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
    [
        _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd),
        _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd),
        _mm256_shuffle_ps::<0b01_00_01_00>(ab_late, cd_late),
        _mm256_shuffle_ps::<0b11_10_11_10>(ab_late, cd_late),
    ]
}

type F = [__m256; 2];
type I = [__m256i; 2];
type D = [__m256d; 2];

impl Simd for Avx2 {
    const MANY_REGISTERS: bool = false;
    type Floats = F;
    type Ints = I;
    type Doubles = D;

    intrinsics! {
        fn splat(value: f32) -> F { [_mm256_set1_ps(value); 2] }
        fn load(from: &[f32; 16]) -> F {
            [_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))]
        }
        fn store(value: F, to: &mut [f32; 16]) {
            _mm256_storeu_ps(to.as_mut_ptr(), value[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), value[1]);
        }
        fn add(a: F, b: F) -> F { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
        fn sub(a: F, b: F) -> F { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
        fn mul(a: F, b: F) -> F { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
        fn mul_add(a: F, b: F, c: F) -> F {
            [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])]
        }
        fn min(a: F, b: F) -> F { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
        fn max(a: F, b: F) -> F { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
        fn abs(a: F) -> F {
            let sign = _mm256_set1_ps(-0.0);
            [_mm256_andnot_ps(sign, a[0]), _mm256_andnot_ps(sign, a[1])]
        }
        fn with_sign(a: F, b: F) -> F {
            let sign = _mm256_set1_ps(-0.0);
            [
                _mm256_or_ps(a[0], _mm256_and_ps(sign, b[0])),
                _mm256_or_ps(a[1], _mm256_and_ps(sign, b[1])),
            ]
        }
        fn floor(a: F) -> F { [_mm256_floor_ps(a[0]), _mm256_floor_ps(a[1])] }
        fn zero_nan(a: F) -> F {
            [
                _mm256_and_ps(_mm256_cmp_ps::<_CMP_ORD_Q>(a[0], a[0]), a[0]),
                _mm256_and_ps(_mm256_cmp_ps::<_CMP_ORD_Q>(a[1], a[1]), a[1]),
            ]
        }
        fn zero_where_nan(a: F, b: F) -> F {
            [
                _mm256_and_ps(_mm256_cmp_ps::<_CMP_ORD_Q>(b[0], b[0]), a[0]),
                _mm256_and_ps(_mm256_cmp_ps::<_CMP_ORD_Q>(b[1], b[1]), a[1]),
            ]
        }
        fn zero_non_finite(a: F) -> F {
            // Times 0 is 0 only for finite numbers.
            let zero = _mm256_setzero_ps();
            let low = _mm256_cmp_ps::<_CMP_EQ_OQ>(_mm256_mul_ps(a[0], zero), zero);
            let high = _mm256_cmp_ps::<_CMP_EQ_OQ>(_mm256_mul_ps(a[1], zero), zero);
            [_mm256_and_ps(low, a[0]), _mm256_and_ps(high, a[1])]
        }
        fn select_le(a: F, b: F, yes: F, no: F) -> F {
            [
                _mm256_blendv_ps(no[0], yes[0], _mm256_cmp_ps::<_CMP_LE_OQ>(a[0], b[0])),
                _mm256_blendv_ps(no[1], yes[1], _mm256_cmp_ps::<_CMP_LE_OQ>(a[1], b[1])),
            ]
        }
        fn tally_ge(count: I, a: F, b: F) -> I {
            // True is −1.
            let low = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_GE_OQ>(a[0], b[0]));
            let high = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_GE_OQ>(a[1], b[1]));
            [_mm256_sub_epi32(count[0], low), _mm256_sub_epi32(count[1], high)]
        }
        fn all_le(a: F, b: F) -> bool {
            let low = _mm256_cmp_ps::<_CMP_LE_OQ>(a[0], b[0]);
            let high = _mm256_cmp_ps::<_CMP_LE_OQ>(a[1], b[1]);
            _mm256_movemask_ps(_mm256_and_ps(low, high)) == 0xff
        }
        fn reduce_add(a: F) -> f32 {
            let eight = _mm256_add_ps(a[0], a[1]);
            let four =
                _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
        fn reduce_max(a: F) -> f32 {
            let eight = _mm256_max_ps(a[0], a[1]);
            let four =
                _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        }
        fn store_zip(a: F, b: F, to: &mut [f32; 32]) {
            let to = to.as_mut_ptr();
            for (i, (a, b)) in a.into_iter().zip(b).enumerate() {
                let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let to = to.add(16 * i);
                _mm256_storeu_ps(to, _mm256_permute2f128_ps::<0x20>(low, high));
                _mm256_storeu_ps(to.add(8), _mm256_permute2f128_ps::<0x31>(low, high));
            }
        }
        fn load_unzip(from: &[f32; 32]) -> (F, F) {
            // Quarters 0 and 2, 1 and 3: no register needs a shuffle across its middle afterwards.
            let quarters = |at: usize| {
                let low = _mm256_castps128_ps256(_mm_loadu_ps(from.as_ptr().add(at)));
                _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(from.as_ptr().add(at + 8)))
            };
            let [a, b, c, d] = [quarters(0), quarters(4), quarters(16), quarters(20)];
            (
                [
                    _mm256_shuffle_ps::<0b10_00_10_00>(a, b),
                    _mm256_shuffle_ps::<0b10_00_10_00>(c, d),
                ],
                [
                    _mm256_shuffle_ps::<0b11_01_11_01>(a, b),
                    _mm256_shuffle_ps::<0b11_01_11_01>(c, d),
                ],
            )
        }
        fn load_columns(from: &[f32; 64]) -> [F; 4] {
            // A row and the fourth after it share a register, so that no shuffle crosses its middle.
            let rows = |row: usize, column: usize| {
                let from = from.as_ptr().add(8 * row + column);
                let low = _mm256_castps128_ps256(_mm_loadu_ps(from));
                _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(from.add(32)))
            };
            let four = |at| transposed_quarters([rows(0, at), rows(1, at), rows(2, at), rows(3, at)]);
            let ([a, b, c, d], [e, f, g, h]) = (four(0), four(4));
            [[a, b], [c, d], [e, f], [g, h]]
        }
        fn store_columns(value: [F; 4], to: &mut [f32; 64]) {
            let [[a, b], [c, d], [e, f], [g, h]] = value;
            for (column, columns) in [(0, [a, b, c, d]), (4, [e, f, g, h])] {
                for (row, rows) in transposed_quarters(columns).into_iter().enumerate() {
                    let to = to.as_mut_ptr().add(8 * row + column);
                    _mm_storeu_ps(to, _mm256_castps256_ps128(rows));
                    _mm_storeu_ps(to.add(32), _mm256_extractf128_ps::<1>(rows));
                }
            }
        }

        fn splat_int(value: i32) -> I { [_mm256_set1_epi32(value); 2] }
        fn load_uint(from: &[u32; 16]) -> I {
            let from = from.as_ptr().cast::<__m256i>();
            [_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))]
        }
        fn store_uint(value: I, to: &mut [u32; 16]) {
            let to = to.as_mut_ptr().cast::<__m256i>();
            _mm256_storeu_si256(to, value[0]);
            _mm256_storeu_si256(to.add(1), value[1]);
        }
        fn load_i32(from: &[i32; 16]) -> I {
            let from = from.as_ptr().cast::<__m256i>();
            [_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))]
        }
        fn store_i32(value: I, to: &mut [i32; 16]) {
            let to = to.as_mut_ptr().cast::<__m256i>();
            _mm256_storeu_si256(to, value[0]);
            _mm256_storeu_si256(to.add(1), value[1]);
        }
        fn load_i16(from: &[i16; 16]) -> I {
            let from = from.as_ptr().cast::<__m128i>();
            [
                _mm256_cvtepi16_epi32(_mm_loadu_si128(from)),
                _mm256_cvtepi16_epi32(_mm_loadu_si128(from.add(1))),
            ]
        }
        fn store_i16(value: I, to: &mut [i16; 16]) {
            let mixed = _mm256_packs_epi32(value[0], value[1]);
            let ordered = _mm256_permute4x64_epi64::<0b11_01_10_00>(mixed);
            _mm256_storeu_si256(to.as_mut_ptr().cast(), ordered);
        }
        fn load_i24(from: &[u8; 48]) -> I {
            let from = from.as_ptr();
            let early = _mm_loadu_si128(TO_UPPER.as_ptr().cast());
            let late = _mm_loadu_si128(TO_UPPER_LATE.as_ptr().cast());
            // Twelve bytes are wanted each time; the last load begins four early, to stay inside.
            let a = _mm_shuffle_epi8(_mm_loadu_si128(from.cast()), early);
            let b = _mm_shuffle_epi8(_mm_loadu_si128(from.add(12).cast()), early);
            let c = _mm_shuffle_epi8(_mm_loadu_si128(from.add(24).cast()), early);
            let d = _mm_shuffle_epi8(_mm_loadu_si128(from.add(32).cast()), late);
            [
                _mm256_srai_epi32::<8>(_mm256_set_m128i(b, a)),
                _mm256_srai_epi32::<8>(_mm256_set_m128i(d, c)),
            ]
        }
        fn store_i24(value: I, to: &mut [u8; 48]) {
            let order = _mm256_broadcastsi128_si256(_mm_loadu_si128(DROP_FOURTH.as_ptr().cast()));
            let (low, high) =
                (_mm256_shuffle_epi8(value[0], order), _mm256_shuffle_epi8(value[1], order));
            // Each store of 16 bytes is overwritten by the next in its last four; the last is short.
            let to = to.as_mut_ptr();
            _mm_storeu_si128(to.cast(), _mm256_castsi256_si128(low));
            _mm_storeu_si128(to.add(12).cast(), _mm256_extracti128_si256::<1>(low));
            _mm_storeu_si128(to.add(24).cast(), _mm256_castsi256_si128(high));
            let last = _mm256_extracti128_si256::<1>(high);
            _mm_storel_epi64(to.add(36).cast(), last);
            to.add(44).cast::<i32>().write_unaligned(_mm_extract_epi32::<2>(last));
        }
        fn add_int(a: I, b: I) -> I { [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])] }
        fn min_int(a: I, b: I) -> I { [_mm256_min_epi32(a[0], b[0]), _mm256_min_epi32(a[1], b[1])] }
        fn max_int(a: I, b: I) -> I { [_mm256_max_epi32(a[0], b[0]), _mm256_max_epi32(a[1], b[1])] }
        fn xor(a: I, b: I) -> I { [_mm256_xor_si256(a[0], b[0]), _mm256_xor_si256(a[1], b[1])] }
        fn and(a: I, b: I) -> I { [_mm256_and_si256(a[0], b[0]), _mm256_and_si256(a[1], b[1])] }
        fn shift_left<const N: u32>(a: I) -> I {
            let count = _mm_cvtsi32_si128(N as i32);
            [_mm256_sll_epi32(a[0], count), _mm256_sll_epi32(a[1], count)]
        }
        fn shift_right<const N: u32>(a: I) -> I {
            let count = _mm_cvtsi32_si128(N as i32);
            [_mm256_srl_epi32(a[0], count), _mm256_srl_epi32(a[1], count)]
        }
        fn round(a: F) -> I { [_mm256_cvtps_epi32(a[0]), _mm256_cvtps_epi32(a[1])] }
        fn to_float(a: I) -> F { [_mm256_cvtepi32_ps(a[0]), _mm256_cvtepi32_ps(a[1])] }

        fn widen(a: F) -> [D; 2] {
            [
                [
                    _mm256_cvtps_pd(_mm256_castps256_ps128(a[0])),
                    _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(a[0])),
                ],
                [
                    _mm256_cvtps_pd(_mm256_castps256_ps128(a[1])),
                    _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(a[1])),
                ],
            ]
        }
        fn narrow(a: [D; 2]) -> F {
            let [low, high] = a;
            [
                _mm256_set_m128(_mm256_cvtpd_ps(low[1]), _mm256_cvtpd_ps(low[0])),
                _mm256_set_m128(_mm256_cvtpd_ps(high[1]), _mm256_cvtpd_ps(high[0])),
            ]
        }
        fn splat_f64(value: f64) -> D { [_mm256_set1_pd(value); 2] }
        fn load_f64(from: &[f64; 8]) -> D {
            [_mm256_loadu_pd(from.as_ptr()), _mm256_loadu_pd(from.as_ptr().add(4))]
        }
        fn store_f64(value: D, to: &mut [f64; 8]) {
            _mm256_storeu_pd(to.as_mut_ptr(), value[0]);
            _mm256_storeu_pd(to.as_mut_ptr().add(4), value[1]);
        }
        fn add_f64(a: D, b: D) -> D { [_mm256_add_pd(a[0], b[0]), _mm256_add_pd(a[1], b[1])] }
        fn sub_f64(a: D, b: D) -> D { [_mm256_sub_pd(a[0], b[0]), _mm256_sub_pd(a[1], b[1])] }
        fn mul_f64(a: D, b: D) -> D { [_mm256_mul_pd(a[0], b[0]), _mm256_mul_pd(a[1], b[1])] }
        fn mul_add_f64(a: D, b: D, c: D) -> D {
            [_mm256_fmadd_pd(a[0], b[0], c[0]), _mm256_fmadd_pd(a[1], b[1], c[1])]
        }
        fn mul_add_late(a: D, b: D, c: D) -> D { [c[0], _mm256_fmadd_pd(a[1], b[1], c[1])] }
        fn reduce_add_f64(a: D) -> f64 {
            let four = _mm256_add_pd(a[0], a[1]);
            let two =
                _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd::<1>(four));
            _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
        }
        fn up_1_f64(a: D) -> D {
            let low = _mm256_permute2f128_pd::<0x08>(a[0], a[0]);
            let high = _mm256_permute2f128_pd::<0x21>(a[0], a[1]);
            [_mm256_shuffle_pd::<0b0101>(low, a[0]), _mm256_shuffle_pd::<0b0101>(high, a[1])]
        }
        fn up_2_f64(a: D) -> D {
            [
                _mm256_permute2f128_pd::<0x08>(a[0], a[0]),
                _mm256_permute2f128_pd::<0x21>(a[0], a[1]),
            ]
        }
        fn up_4_f64(a: D) -> D { [_mm256_setzero_pd(), a[0]] }
        fn splat_last_f64(a: D) -> D { [_mm256_permute4x64_pd::<0xff>(a[1]); 2] }
    }
}
