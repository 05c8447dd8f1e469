//! The inner loops in AVX2 with FMA, and in AVX-512.

use std::arch::x86_64::{
    __m256, __m512, _mm256_add_ps, _mm256_castpd_ps, _mm256_fmadd_ps, _mm256_hadd_ps,
    _mm256_loadu_ps, _mm256_mul_ps, _mm256_permute2f128_ps, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_storeu_ps, _mm512_castps_pd, _mm512_castps512_ps256, _mm512_extractf64x4_pd,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
};

use super::{GROUP, LANES, Line, Lines, half_band, sum};

#[target_feature(enable = "avx2,fma")]
fn load8(samples: &[f32; 8]) -> __m256 {
    // SAFETY: the reference is to eight floats.
    unsafe { _mm256_loadu_ps(samples.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
fn load16(samples: &[f32; 16]) -> __m512 {
    // SAFETY: the reference is to sixteen floats.
    unsafe { _mm512_loadu_ps(samples.as_ptr()) }
}

#[target_feature(enable = "avx2,fma")]
fn store8(lanes: __m256) -> [f32; 8] {
    let mut place = [0.0; 8];
    // SAFETY: `place` has room for eight floats.
    unsafe { _mm256_storeu_ps(place.as_mut_ptr(), lanes) };
    place
}

/// Low and high eight of sixteen floats.
fn halves(samples: &[f32; 16]) -> [&[f32; 8]; 2] {
    let (halves, _) = samples.as_chunks::<8>();
    match halves {
        [low, high] => [low, high],
        _ => [&[0.0; 8]; 2],
    }
}

/// The sums over each of eight vectors, added in the order of [`sum`].
#[target_feature(enable = "avx2,fma")]
fn sums(lanes: [__m256; GROUP]) -> [f32; GROUP] {
    let [a, b, c, d, e, f, g, h] = lanes;
    let first = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    let second = _mm256_hadd_ps(_mm256_hadd_ps(e, f), _mm256_hadd_ps(g, h));
    store8(_mm256_add_ps(
        _mm256_permute2f128_ps::<0x20>(first, second),
        _mm256_permute2f128_ps::<0x31>(first, second),
    ))
}

#[target_feature(enable = "avx512f,avx2,fma")]
fn folded(lanes: __m512) -> __m256 {
    let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(lanes)));
    _mm256_add_ps(_mm512_castps512_ps256(lanes), high)
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn avx2_group(filters: &[Lines], window: &[[f32; LANES]]) -> [f32; GROUP] {
    let mut lanes = [_mm256_setzero_ps(); GROUP];
    for (lines, samples) in filters.iter().zip(window) {
        let [low, high] = halves(samples).map(|half| load8(half));
        for (lane, line) in lanes.iter_mut().zip(lines) {
            *lane = _mm256_fmadd_ps(load8(halves(&line.0)[0]), low, *lane);
        }
        for (lane, line) in lanes.iter_mut().zip(lines) {
            *lane = _mm256_fmadd_ps(load8(halves(&line.0)[1]), high, *lane);
        }
    }
    sums(lanes)
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn avx2_between(
    filters: [&[Line]; 4],
    weights: [f32; 4],
    window: &[[f32; LANES]],
) -> f32 {
    let [a, b, c, d] = filters;
    let mut lanes = [_mm256_setzero_ps(); 4];
    for ((((a, b), c), d), samples) in a.iter().zip(b).zip(c).zip(d).zip(window) {
        let [low, high] = halves(samples).map(|half| load8(half));
        for (lane, line) in lanes.iter_mut().zip([a, b, c, d]) {
            let [first, second] = halves(&line.0);
            *lane = _mm256_fmadd_ps(load8(first), low, *lane);
            *lane = _mm256_fmadd_ps(load8(second), high, *lane);
        }
    }
    let mut total = _mm256_setzero_ps();
    for (lane, weight) in lanes.into_iter().zip(weights) {
        total = _mm256_add_ps(total, _mm256_mul_ps(_mm256_set1_ps(weight), lane));
    }
    sum(store8(total))
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn avx2_half_band(taps: &[f32], even: &[f32], odd: &[f32], output: &mut [f32]) {
    half_band(taps, even, odd, output, f32::mul_add);
}

#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) fn avx512_group(filters: &[Lines], window: &[[f32; LANES]]) -> [f32; GROUP] {
    let mut lanes = [_mm512_setzero_ps(); GROUP];
    for (lines, samples) in filters.iter().zip(window) {
        let samples = load16(samples);
        for (lane, line) in lanes.iter_mut().zip(lines) {
            *lane = _mm512_fmadd_ps(load16(&line.0), samples, *lane);
        }
    }
    sums(lanes.map(|lane| folded(lane)))
}

/// Two groups with the same filters, each with its window: for every line
/// that is loaded two multiplications, so that these and not the loads take the time.
#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) fn avx512_two_groups(
    filters: &[Lines],
    first: &[[f32; LANES]],
    second: &[[f32; LANES]],
) -> [[f32; GROUP]; 2] {
    let mut early = [_mm512_setzero_ps(); GROUP];
    let mut late = [_mm512_setzero_ps(); GROUP];
    for ((lines, first), second) in filters.iter().zip(first).zip(second) {
        let (first, second) = (load16(first), load16(second));
        for ((early, late), line) in early.iter_mut().zip(&mut late).zip(lines) {
            let taps = load16(&line.0);
            *early = _mm512_fmadd_ps(taps, first, *early);
            *late = _mm512_fmadd_ps(taps, second, *late);
        }
    }
    [
        sums(early.map(|lane| folded(lane))),
        sums(late.map(|lane| folded(lane))),
    ]
}

#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) fn avx512_between(
    filters: [&[Line]; 4],
    weights: [f32; 4],
    window: &[[f32; LANES]],
) -> f32 {
    let [a, b, c, d] = filters;
    let mut lanes = [_mm512_setzero_ps(); 4];
    for ((((a, b), c), d), samples) in a.iter().zip(b).zip(c).zip(d).zip(window) {
        let samples = load16(samples);
        for (lane, line) in lanes.iter_mut().zip([a, b, c, d]) {
            *lane = _mm512_fmadd_ps(load16(&line.0), samples, *lane);
        }
    }
    let mut total = _mm512_setzero_ps();
    for (lane, weight) in lanes.into_iter().zip(weights) {
        total = _mm512_fmadd_ps(_mm512_set1_ps(weight), lane, total);
    }
    sum(store8(folded(total)))
}

#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) fn avx512_half_band(taps: &[f32], even: &[f32], odd: &[f32], output: &mut [f32]) {
    half_band(taps, even, odd, output, f32::mul_add);
}
