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

/// Where eight outputs lie between samples and between filters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    /// Where the sixteen samples of each begin.
    pub(super) windows: [usize; GROUP],
    /// The first of the four filters that its filter is interpolated from.
    pub(super) rows: [u32; GROUP],
    /// Where it lies between the second and the third, 0 to 1.
    pub(super) between: [f32; GROUP],
}

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

    /// Eight outputs, each the sum of products of its window with its filter between four others.
    /// One whose window is not within `samples` is 0.
    pub(super) fn between(self, bank: &[Line], places: &Places, samples: &[f32]) -> [f32; GROUP] {
        match self {
            Self::Scalar => scalar_between(bank, places, samples),
            // SAFETY: as in `group`.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { x86::avx2_between(bank, places, samples) },
            // SAFETY: as in `group`.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { x86::avx512_between(bank, places, samples) },
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

fn scalar_between(bank: &[Line], places: &Places, samples: &[f32]) -> [f32; GROUP] {
    let mut outputs = [0.0; GROUP];
    let [w0, w1, w2, w3] = lagrange(&places.between);
    let weights = w0.into_iter().zip(w1).zip(w2).zip(w3);
    let at = places.windows.iter().zip(&places.rows).zip(weights);
    for (output, ((window, row), (((w0, w1), w2), w3))) in outputs.iter_mut().zip(at) {
        let Some((samples, filters)) = meeting(bank, *row, samples, *window) else {
            continue;
        };
        let mut taps = [0.0_f32; LANES];
        for (filter, weight) in filters.iter().zip([w0, w1, w2, w3]) {
            for (tap, of_filter) in taps.iter_mut().zip(filter.0) {
                *tap += weight * of_filter;
            }
        }
        for (tap, sample) in taps.iter_mut().zip(samples) {
            *tap *= sample;
        }
        *output = fold(taps);
    }
    outputs
}

/// The sixteen samples from `window` on and the four filters from `row` on.
#[inline(always)]
fn meeting<'a>(
    bank: &'a [Line],
    row: u32,
    samples: &'a [f32],
    window: usize,
) -> Option<(&'a [f32; LANES], &'a [Line; 4])> {
    let samples = samples.get(window..)?.first_chunk()?;
    let filters = bank.get(row as usize..)?.first_chunk()?;
    Some((samples, filters))
}

/// Weights of the values at −1, 0, 1 and 2 for the value at each x.
fn lagrange(between: &[f32; GROUP]) -> [[f32; GROUP]; 4] {
    let mut weights = [[0.0; GROUP]; 4];
    let [w0, w1, w2, w3] = &mut weights;
    let places = w0.iter_mut().zip(w1).zip(w2).zip(w3);
    for ((((w0, w1), w2), w3), &x) in places.zip(between) {
        let (inner, outer) = (x * (x - 1.0), (x + 1.0) * (x - 2.0));
        *w0 = inner * (2.0 - x) * (1.0 / 6.0);
        *w1 = outer * (x - 1.0) * 0.5;
        *w2 = outer * x * -0.5;
        *w3 = inner * (x + 1.0) * (1.0 / 6.0);
    }
    weights
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
            rows in 4_usize..20, offset in 0_usize..17, seed in any::<u64>(),
            at in prop::array::uniform8((0.0_f32..1.0, 0_usize..60, 0_u32..20)),
        ) {
            let bank = lines(rows, seed);
            let samples = values(offset + 64, !seed);
            let places = Places {
                windows: at.map(|(_, window, _)| window),
                rows: at.map(|(_, _, row)| row),
                between: at.map(|(x, _, _)| x),
            };
            let expected = Fir::Scalar.between(&bank, &places, &samples[offset..]);
            for fir in others() {
                let found = fir.between(&bank, &places, &samples[offset..]);
                for (found, expected) in found.iter().zip(expected) {
                    // Sixteen products of sizes up to 2, the weights' sizes add up to 1¼ or less.
                    prop_assert!((found - expected).abs() <= BOUND * 80.0);
                }
            }
            for ((found, window), row) in expected.iter().zip(places.windows).zip(places.rows) {
                let within = window + LANES <= 64 && row as usize + 4 <= rows;
                prop_assert!(within || *found == 0.0);
            }
        }

        #[test]
        fn a_filter_between_others_lies_on_the_cubic_through_them(
            x in 0.0_f32..1.0, coefficients in prop::array::uniform4(-1.0_f32..1.0),
        ) {
            let [a, b, c, d] = coefficients;
            let cubic = |x: f32| a + x * (b + x * (c + x * d));
            let bank = [-1.0, 0.0, 1.0, 2.0].map(|x| Line([cubic(x); LANES]));
            let places = Places { between: [x; GROUP], ..Places::default() };
            for output in Fir::Scalar.between(&bank, &places, &[1.0; LANES]) {
                prop_assert!((output - 16.0 * cubic(x)).abs() < 1e-4);
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
