//! Triangular dither, for the way down to integers.

use super::Simd;

/// White triangular noise of ± 1 least significant bit: what makes the error of rounding noise of
/// constant power instead of distortion (Lipshitz, Wannamaker and Vanderkooy, *Quantization and
/// Dither: A Theoretical Survey*, 1992).
///
/// Sixteen xorshift generators side by side, one a lane; a call takes as many steps as it has blocks
/// of sixteen samples, so that every instruction set gives the same noise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dither {
    pub(super) state: [u32; 16],
}

impl Dither {
    /// A generator whose noise depends on `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Steele, Lea and Flood's SplitMix: lanes that have nothing to do with each other.
        let mut mixed = seed;
        let state = std::array::from_fn(|_| {
            mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = mixed;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            // Zero is the one state that xorshift never leaves.
            ((z ^ (z >> 31)) as u32).max(1)
        });
        Self { state }
    }
}

/// The next state of all lanes.
#[inline(always)]
pub(super) fn xorshift<S: Simd>(s: S, x: S::Ints) -> S::Ints {
    let x = s.xor(x, s.shift_left::<13>(x));
    let x = s.xor(x, s.shift_right::<17>(x));
    s.xor(x, s.shift_left::<5>(x))
}

/// [`reference::triangular`] in vectors.
#[inline(always)]
pub(super) fn triangular<S: Simd>(s: S, random: S::Ints) -> S::Floats {
    let halves = s.add_int(
        s.and(random, s.splat_int(0xffff)),
        s.shift_right::<16>(random),
    );
    let scaled = s.mul(s.to_float(halves), s.splat(1.0 / 65_536.0));
    s.sub(scaled, s.splat(65_535.0 / 65_536.0))
}

/// [`reference::quantize`] in vectors.
#[inline(always)]
pub(super) fn quantize<S: Simd>(s: S, samples: S::Floats, full: f32, dither: S::Floats) -> S::Ints {
    let scaled = s.mul(s.zero_nan(samples), s.splat(full));
    let scaled = s.min(s.max(scaled, s.splat(-full - 2.0)), s.splat(full + 2.0));
    let whole = s.floor(scaled);
    let fraction = s.add(s.sub(scaled, whole), dither);
    let value = s.add_int(s.round(whole), s.round(fraction));
    let value = s.max_int(value, s.splat_int(-(full as i32)));
    s.min_int(value, s.splat_int(full as i32 - 1))
}

#[cfg(test)]
mod tests {
    use super::{super::reference, *};

    #[test]
    fn the_noise_is_triangular_without_offset_and_white() {
        let mut dither = Dither::new(7);
        let mut noise = Vec::new();
        for _ in 0..20_000 {
            reference::xorshift(&mut dither.state);
            noise.extend(dither.state.map(|x| f64::from(reference::triangular(x))));
        }
        let n = noise.len() as f64;
        let mean: f64 = noise.iter().sum::<f64>() / n;
        let power: f64 = noise.iter().map(|x| x * x).sum::<f64>() / n;
        assert!(mean.abs() < 3e-3, "{mean}");
        assert!((power - 1.0 / 6.0).abs() < 2e-3, "{power}");
        let inner = noise.iter().filter(|x| x.abs() < 0.5).count() as f64 / n;
        assert!((inner - 0.75).abs() < 5e-3, "{inner}");
        for lag in [1, 2, 15, 16, 17, 32] {
            let products = noise.iter().zip(noise.iter().skip(lag));
            let correlation = products.map(|(a, b)| a * b).sum::<f64>() / n / power;
            assert!(correlation.abs() < 0.01, "{lag}: {correlation}");
        }
    }
}
