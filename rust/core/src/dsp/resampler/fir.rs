//! The inner loops of the resampler, for each instruction set.
//!
//! Eight outputs are computed at a time from one window of input, so that every sample that is
//! loaded is used eight times; their coefficients lie in the order in which they are needed. At the
//! edge of what has come they are computed again when the rest is there, by the same additions in the
//! same order: how the input is cut changes no bit of the output.

#[cfg(target_arch = "x86_64")]
mod x86;

use crate::dsp::kernels::{InstructionSet, Kernels};

/// Outputs that are computed together.
pub(super) const GROUP: usize = 8;
/// Coefficients in a [`Line`].
pub(super) const LANES: usize = 16;
/// Outputs of a half-band filter that are computed together.
pub(super) const WIDE: usize = 32;

/// Sixteen coefficients: one cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [f32; LANES]);

/// The lines of the eight filters of a group that meet the same sixteen samples.
pub(super) type Lines = [Line; GROUP];

/// Which instructions the inner loops use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fir {
    /// What the compiler makes of plain Rust: the reference.
    Scalar,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512F.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Fir {
    /// The loops in the instruction set of `kernels`, which this CPU therefore has.
    pub(super) fn of(kernels: Kernels) -> Self {
        match kernels.instruction_set() {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => Self::Avx2,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => Self::Avx512,
            _ => Self::Scalar,
        }
    }

    /// The eight outputs of a group: each filter's sum of products with `window`, which has sixteen
    /// samples for each element of `filters`.
    pub(super) fn group(self, filters: &[Lines], window: &[f32]) -> [f32; GROUP] {
        let (window, _) = window.as_chunks::<LANES>();
        match self {
            Self::Scalar => scalar_group(filters, window),
            // SAFETY: the variant is made only of `Kernels` that found AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { x86::avx2_group(filters, window) },
            // SAFETY: the variant is made only of `Kernels` that found AVX-512F, AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { x86::avx512_group(filters, window) },
        }
    }

    /// Two groups of the same filters, bit for bit what [`group`](Self::group) gives for each window.
    pub(super) fn two_groups(self, filters: &[Lines], windows: [&[f32]; 2]) -> [[f32; GROUP]; 2] {
        match self {
            // SAFETY: as in `group`.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe {
                let [first, second] = windows.map(|window| window.as_chunks::<LANES>().0);
                x86::avx512_two_groups(filters, first, second)
            },
            // The other sets have no registers for the sums of two.
            _ => windows.map(|window| self.group(filters, window)),
        }
    }

    /// The sum of products of `window` with a filter between four others: their sum, weighted.
    pub(super) fn between(self, filters: [&[Line]; 4], weights: [f32; 4], window: &[f32]) -> f32 {
        let (window, _) = window.as_chunks::<LANES>();
        match self {
            Self::Scalar => scalar_between(filters, weights, window),
            // SAFETY: as in `group`.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { x86::avx2_between(filters, weights, window) },
            // SAFETY: as in `group`.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { x86::avx512_between(filters, weights, window) },
        }
    }

    /// A half-band filter that keeps every second sample: `output[n]` is half of `even[n]` and the
    /// products of `taps[j]` with the odd samples j + ½ before and behind it, of which `odd` holds
    /// `taps.len()` before the first. Both hold, beyond what the last output needs, as much as
    /// [`WIDE`] more would.
    pub(super) fn half_band(self, taps: &[f32], even: &[f32], odd: &[f32], output: &mut [f32]) {
        match self {
            Self::Scalar => half_band(taps, even, odd, output, |a, b, c| a * b + c),
            // SAFETY: as in `group`.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { x86::avx2_half_band(taps, even, odd, output) },
            // SAFETY: as in `group`.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { x86::avx512_half_band(taps, even, odd, output) },
        }
    }
}

/// The order of additions that all instruction sets share at the end.
fn sum(lanes: [f32; 8]) -> f32 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

fn fold(lanes: [f32; LANES]) -> f32 {
    let mut folded = [0.0; 8];
    let (low, high) = lanes.split_at(8);
    for ((to, low), high) in folded.iter_mut().zip(low).zip(high) {
        *to = low + high;
    }
    sum(folded)
}

fn scalar_group(filters: &[Lines], window: &[[f32; LANES]]) -> [f32; GROUP] {
    std::array::from_fn(|row| {
        let mut lanes = [0.0_f32; LANES];
        for (lines, samples) in filters.iter().zip(window) {
            let Some(line) = lines.get(row) else { continue };
            for ((lane, tap), sample) in lanes.iter_mut().zip(line.0).zip(samples) {
                *lane += tap * sample;
            }
        }
        fold(lanes)
    })
}

fn scalar_between(filters: [&[Line]; 4], weights: [f32; 4], window: &[[f32; LANES]]) -> f32 {
    let mut total = [0.0_f32; LANES];
    for (filter, weight) in filters.into_iter().zip(weights) {
        let mut lanes = [0.0_f32; LANES];
        for (line, samples) in filter.iter().zip(window) {
            for ((lane, tap), sample) in lanes.iter_mut().zip(line.0).zip(samples) {
                *lane += tap * sample;
            }
        }
        for (total, lane) in total.iter_mut().zip(lanes) {
            *total += weight * lane;
        }
    }
    fold(total)
}

#[inline(always)]
fn half_band(
    taps: &[f32],
    even: &[f32],
    odd: &[f32],
    output: &mut [f32],
    multiply_add: impl Fn(f32, f32, f32) -> f32,
) {
    let reach = taps.len();
    // No closures: they would not have the instruction set of the function this is inlined into.
    for (number, places) in output.chunks_mut(WIDE).enumerate() {
        let at = number * WIDE;
        let Some(centre) = even.get(at..).and_then(<[f32]>::first_chunk::<WIDE>) else {
            return;
        };
        let mut sums: [f32; WIDE] = centre.map(|sample| 0.5 * sample);
        for (j, &tap) in taps.iter().enumerate() {
            let before = odd.get(at + reach - 1 - j..);
            let behind = odd.get(at + reach + j..);
            let (Some(before), Some(behind)) = (
                before.and_then(<[f32]>::first_chunk::<WIDE>),
                behind.and_then(<[f32]>::first_chunk::<WIDE>),
            ) else {
                return;
            };
            for ((sum, before), behind) in sums.iter_mut().zip(before).zip(behind) {
                *sum = multiply_add(tap, before + behind, *sum);
            }
        }
        for (place, sum) in places.iter_mut().zip(sums) {
            *place = sum;
        }
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rounding of sums in another order: a few units in the last place of the sum of sizes.
    const BOUND: f32 = 4.0 * f32::EPSILON;

    fn others() -> impl Iterator<Item = Fir> {
        Kernels::available().map(Fir::of)
    }

    fn values(count: usize, seed: u64) -> Vec<f32> {
        let mut state = seed | 1;
        (0..count)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                ((state >> 40) as f32 / 8_388_608.0 - 1.0) * 2.0
            })
            .collect()
    }

    fn lines(count: usize, seed: u64) -> Vec<Line> {
        let taps = values(count * LANES, seed);
        taps.as_chunks::<LANES>()
            .0
            .iter()
            .map(|&taps| Line(taps))
            .collect()
    }

    proptest! {
        #[test]
        fn eight_outputs_are_the_same_sums_on_every_instruction_set(
            count in 0_usize..20, offset in 0_usize..17, seed in any::<u64>(),
        ) {
            let filters: Vec<Lines> = (0..count)
                .map(|n| {
                    let lines = lines(GROUP, seed ^ n as u64);
                    std::array::from_fn(|row| lines[row])
                })
                .collect();
            let samples = values(offset + count * LANES, !seed);
            let window = &samples[offset..];
            let expected = Fir::Scalar.group(&filters, window);
            for fir in others() {
                let found = fir.group(&filters, window);
                for row in 0..GROUP {
                    let size: f32 = filters
                        .iter()
                        .zip(window.as_chunks::<LANES>().0)
                        .flat_map(|(lines, part)| lines[row].0.into_iter().zip(part))
                        .map(|(tap, sample)| (tap * sample).abs())
                        .sum();
                    prop_assert!((found[row] - expected[row]).abs() <= BOUND * size);
                }
                // Beside another group, whose window is not the same, they are the very same.
                let other: Vec<f32> = window.iter().map(|sample| sample * 0.5 - 1.0).collect();
                let both = fir.two_groups(&filters, [window, &other]);
                prop_assert_eq!(both, [found, fir.group(&filters, &other)]);
            }
        }

        #[test]
        fn a_filter_between_others_is_the_same_on_every_instruction_set(
            count in 0_usize..20, offset in 0_usize..17, seed in any::<u64>(),
            weights in prop::array::uniform4(-1.0_f32..1.0),
        ) {
            let bank = lines(4 * count, seed);
            let filter = |n: usize| &bank[n * count..(n + 1) * count];
            let filters = [filter(0), filter(1), filter(2), filter(3)];
            let samples = values(offset + count * LANES, !seed);
            let window = &samples[offset..];
            let expected = Fir::Scalar.between(filters, weights, window);
            let size: f32 = filters
                .iter()
                .zip(weights)
                .map(|(filter, weight)| {
                    let parts = filter.iter().zip(window.as_chunks::<LANES>().0);
                    let products = parts.flat_map(|(line, part)| line.0.into_iter().zip(part));
                    weight.abs() * products.map(|(tap, sample)| (tap * sample).abs()).sum::<f32>()
                })
                .sum();
            for fir in others() {
                let found = fir.between(filters, weights, window);
                prop_assert!((found - expected).abs() <= BOUND * size);
            }
        }

        #[test]
        fn halving_is_the_same_on_every_instruction_set(
            count in 0_usize..150, reach in 1_usize..30, seed in any::<u64>(),
        ) {
            let taps = values(reach, seed);
            let even = values(count + WIDE, !seed);
            let odd = values(count + WIDE + 2 * reach, seed ^ 5);
            let mut expected = vec![0.0; count];
            Fir::Scalar.half_band(&taps, &even, &odd, &mut expected);
            for fir in others() {
                let mut found = vec![0.0; count];
                fir.half_band(&taps, &even, &odd, &mut found);
                for (found, expected) in found.iter().zip(&expected) {
                    // No sample is larger than 2: the sizes add up to less than 2 + 8 · reach.
                    let size = 2.0 + 8.0 * reach as f32;
                    prop_assert!((found - expected).abs() <= BOUND * size);
                }
            }
        }
    }
}
