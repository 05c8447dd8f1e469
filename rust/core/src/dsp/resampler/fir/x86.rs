//! The inner loops in AVX2 with FMA, and in AVX-512.

use std::arch::x86_64::{
    __m256, __m512, _mm256_add_ps, _mm256_fmadd_ps, _mm256_hadd_ps, _mm256_loadu_ps, _mm256_mul_ps,
    _mm256_permute2f128_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps, _mm256_sub_ps,
    _mm512_add_ps, _mm512_castps512_ps256, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mul_ps,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_shuffle_f32x4, _mm512_shuffle_ps,
};

use super::{GROUP, LANES, Line, Lines, Places, half_band, meeting};

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

/// The sums over each of eight vectors, added in the order of [`sum`](super::sum).
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

/// Both halves of `a` added, and behind them those of `b`.
#[target_feature(enable = "avx512f")]
fn folded(a: __m512, b: __m512) -> __m512 {
    _mm512_add_ps(
        _mm512_shuffle_f32x4::<0b01_00_01_00>(a, b),
        _mm512_shuffle_f32x4::<0b11_10_11_10>(a, b),
    )
}

/// Neighbours added: in every four two of `a`, then two of `b`.
#[target_feature(enable = "avx512f")]
fn neighbours(a: __m512, b: __m512) -> __m512 {
    _mm512_add_ps(
        _mm512_shuffle_ps::<0b10_00_10_00>(a, b),
        _mm512_shuffle_ps::<0b11_01_11_01>(a, b),
    )
}

/// The sums over each of eight vectors, added in the order of [`fold`](super::fold): all
/// together in half of the operations that one after the other takes.
#[target_feature(enable = "avx512f,avx2,fma")]
fn wide_sums(lanes: [__m512; GROUP]) -> [f32; GROUP] {
    let [a, b, c, d, e, f, g, h] = lanes;
    let first = neighbours(folded(a, e), folded(b, f));
    let second = neighbours(folded(c, g), folded(d, h));
    let quarters = neighbours(first, second);
    let early = _mm512_shuffle_f32x4::<0b10_00>(quarters, quarters);
    let late = _mm512_shuffle_f32x4::<0b11_01>(quarters, quarters);
    store8(_mm256_add_ps(
        _mm512_castps512_ps256(early),
        _mm512_castps512_ps256(late),
    ))
}

/// As [`lagrange`](super::lagrange), of which the compiler makes one number after the other.
#[target_feature(enable = "avx2,fma")]
fn lagrange(between: &[f32; GROUP]) -> [[f32; GROUP]; 4] {
    let (x, one, two) = (load8(between), _mm256_set1_ps(1.0), _mm256_set1_ps(2.0));
    let (before, behind) = (_mm256_add_ps(x, one), _mm256_sub_ps(x, one));
    let inner = _mm256_mul_ps(_mm256_mul_ps(x, behind), _mm256_set1_ps(1.0 / 6.0));
    let outer = _mm256_mul_ps(
        _mm256_mul_ps(before, _mm256_sub_ps(x, two)),
        _mm256_set1_ps(0.5),
    );
    [
        store8(_mm256_mul_ps(inner, _mm256_sub_ps(two, x))),
        store8(_mm256_mul_ps(outer, behind)),
        store8(_mm256_mul_ps(outer, _mm256_sub_ps(_mm256_setzero_ps(), x))),
        store8(_mm256_mul_ps(inner, before)),
    ]
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
pub(super) fn avx2_between(bank: &[Line], places: &Places, samples: &[f32]) -> [f32; GROUP] {
    let mut lanes = [_mm256_setzero_ps(); GROUP];
    let [w0, w1, w2, w3] = lagrange(&places.between);
    let weights = w0.into_iter().zip(w1).zip(w2).zip(w3);
    let at = places.windows.iter().zip(&places.rows).zip(weights);
    for (lane, ((window, row), (((w0, w1), w2), w3))) in lanes.iter_mut().zip(at) {
        let Some((samples, filters)) = meeting(bank, *row, samples, *window) else {
            continue;
        };
        let mut taps = [_mm256_setzero_ps(); 2];
        for (filter, weight) in filters.iter().zip([w0, w1, w2, w3]) {
            let ([low, high], weight) = (halves(&filter.0), _mm256_set1_ps(weight));
            taps[0] = _mm256_fmadd_ps(weight, load8(low), taps[0]);
            taps[1] = _mm256_fmadd_ps(weight, load8(high), taps[1]);
        }
        let [low, high] = halves(samples);
        *lane = _mm256_add_ps(
            _mm256_mul_ps(taps[0], load8(low)),
            _mm256_mul_ps(taps[1], load8(high)),
        );
    }
    sums(lanes)
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
    wide_sums(lanes)
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
    [wide_sums(early), wide_sums(late)]
}

#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) fn avx512_between(bank: &[Line], places: &Places, samples: &[f32]) -> [f32; GROUP] {
    let mut lanes = [_mm512_setzero_ps(); GROUP];
    let [w0, w1, w2, w3] = lagrange(&places.between);
    let weights = w0.into_iter().zip(w1).zip(w2).zip(w3);
    let at = places.windows.iter().zip(&places.rows).zip(weights);
    for (lane, ((window, row), (((w0, w1), w2), w3))) in lanes.iter_mut().zip(at) {
        let Some((samples, filters)) = meeting(bank, *row, samples, *window) else {
            continue;
        };
        let mut taps = _mm512_setzero_ps();
        for (filter, weight) in filters.iter().zip([w0, w1, w2, w3]) {
            taps = _mm512_fmadd_ps(_mm512_set1_ps(weight), load16(&filter.0), taps);
        }
        *lane = _mm512_mul_ps(taps, load16(samples));
    }
    wide_sums(lanes)
}

#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) fn avx512_half_band(taps: &[f32], even: &[f32], odd: &[f32], output: &mut [f32]) {
    half_band(taps, even, odd, output, f32::mul_add);
}
