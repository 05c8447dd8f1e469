//! Promise: every kernel gives in every instruction set what its scalar reference gives, within the
//! bounds of its documentation, for any length, any alignment and any float.
#![cfg(not(loom))]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::{collection::vec, num::f32::ANY, prelude::*};
use voicestand_core::dsp::kernels::{Dither, InstructionSet, Kernels, Section, SoftLimit};

/// Samples of any kind: audio, its limits, denormals, what is no number and what is no audio.
fn sample() -> impl Strategy<Value = f32> {
    prop_oneof![
        20 => -1.2_f32..1.2,
        2 => -1e-38_f32..1e-38,
        1 => ANY,
        1 => prop::sample::select(vec![
            0.0, -0.0, 1.0, -1.0, f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX,
            f32::MIN, f32::MIN_POSITIVE, 1e-45, -1e-45, 0.5, 32_767.0 / 32_768.0,
            32_767.5 / 32_768.0, 0.5 / 32_768.0, -0.5 / 32_768.0, 1.5 / 32_768.0, 0.999_999_9,
        ]),
    ]
}

/// Up to 2,000 samples, to be used from any alignment.
fn samples() -> impl Strategy<Value = (Vec<f32>, usize)> {
    (vec(sample(), 0..2_000), 0..17_usize).prop_map(|(samples, offset)| (samples, offset))
}

/// Samples of which sums mean something, rarely with one that is no number.
fn finite_samples(most: usize) -> impl Strategy<Value = (Vec<f32>, usize)> {
    let special = prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
    let value = prop_oneof![20 => -1.2_f32..1.2, 1 => -1e-38_f32..1e-38, 1 => -1e9_f32..1e9];
    let spoiled = prop_oneof![3 => Just(None), 1 => (0..most, special).prop_map(Some)];
    (vec(value, 0..most), 0..17_usize, spoiled).prop_map(|(mut samples, offset, spoiled)| {
        if let Some((place, value)) = spoiled
            && let Some(sample) = samples.get_mut(place)
        {
            *sample = value;
        }
        (samples, offset)
    })
}

fn scalar() -> Kernels {
    Kernels::of(InstructionSet::Scalar).unwrap()
}

fn vectors() -> impl Iterator<Item = Kernels> {
    Kernels::available().filter(|kernels| kernels.instruction_set() != InstructionSet::Scalar)
}

/// What `work` makes of `samples` when they lie `offset` floats behind the start of a buffer, the
/// rest of which it must leave alone.
fn at<R>(samples: &[f32], offset: usize, work: impl FnOnce(&mut [f32]) -> R) -> (Vec<f32>, R) {
    const GUARD: f32 = 123.25;
    let mut buffer = vec![GUARD; offset];
    buffer.extend(samples);
    buffer.extend([GUARD; 40]);
    let end = offset + samples.len();
    let result = work(&mut buffer[offset..end]);
    assert!(
        buffer[..offset]
            .iter()
            .chain(&buffer[end..])
            .all(|&x| x == GUARD)
    );
    (buffer[offset..end].to_vec(), result)
}

/// Equal to the last bit; any NaN is any other's equal.
#[track_caller]
fn same(ours: &[f32], reference: &[f32]) {
    assert_eq!(ours.len(), reference.len());
    for (i, (ours, reference)) in ours.iter().zip(reference).enumerate() {
        let equal = ours.to_bits() == reference.to_bits() || (ours.is_nan() && reference.is_nan());
        assert!(equal, "sample {i}: {ours:e} instead of {reference:e}");
    }
}

#[track_caller]
fn close(ours: f64, reference: f64, bound: f64) {
    let equal = ours == reference
        || (ours.is_nan() && reference.is_nan())
        || (ours - reference).abs() <= bound;
    assert!(
        equal,
        "{ours:e} instead of {reference:e}, allowed {bound:e}"
    );
}

/// The reference and every other instruction set do `work` in place on the same samples.
fn in_place<R: PartialEq + std::fmt::Debug>(
    (samples, offset): &(Vec<f32>, usize),
    work: impl Fn(Kernels, &mut [f32]) -> R,
) {
    let (wanted, answer) = at(samples, 0, |samples| work(scalar(), samples));
    for kernels in vectors() {
        let (ours, other) = at(samples, *offset, |samples| work(kernels, samples));
        same(&ours, &wanted);
        assert_eq!(other, answer);
    }
}

proptest! {
    #[test]
    fn gain_and_its_ramp_are_exact(data in samples(), from in -4.0_f32..4.0, to in -4.0_f32..4.0) {
        in_place(&data, |kernels, samples| kernels.gain(samples, from, to));
        in_place(&data, |kernels, samples| kernels.gain(samples, from, from));
    }

    #[test]
    fn mixing_is_exact(data in samples(), other in samples(), weight in -2.0_f32..2.0) {
        in_place(&data, |kernels, samples| kernels.mix(samples, &other.0, weight));
        in_place(&data, |kernels, samples| kernels.multiply(samples, &other.0));
        let room = (vec![0.25; data.0.len() + 3], data.1);
        in_place(&room, |kernels, to| kernels.multiply_into(&data.0, &other.0, to));
    }

    #[test]
    fn what_is_no_sound_is_kept_out(data in samples(), largest in 0.1_f32..10.0) {
        in_place(&data, |kernels, samples| kernels.sanitize(samples, largest));
        for kernels in Kernels::available() {
            let mut kept = data.0.clone();
            kernels.sanitize(&mut kept, largest);
            prop_assert!(kept.iter().all(|x| x.abs() <= largest));
        }
    }

    #[test]
    fn soft_limiting_is_exact_and_never_beyond_the_ceiling(
        data in samples(), threshold in 0.0_f32..1.0, knee in 0.01_f32..1.0,
    ) {
        let curve = SoftLimit::new(threshold, threshold + knee).unwrap();
        in_place(&data, |kernels, samples| kernels.soft_limit(samples, curve));
        for kernels in Kernels::available() {
            let mut limited = data.0.clone();
            kernels.soft_limit(&mut limited, curve);
            for (limited, sample) in limited.iter().zip(&data.0) {
                prop_assert!(limited.abs() <= threshold + knee);
                prop_assert!(sample.is_nan() || sample.abs() > threshold || limited == sample);
            }
        }
    }

    #[test]
    fn soft_limiting_below_the_least_normal_float_is_exact(data in samples(), knee in 1e-45_f32..1e-38) {
        let curve = SoftLimit::new(0.0, knee).unwrap();
        in_place(&data, |kernels, samples| kernels.soft_limit(samples, curve));
    }

    #[test]
    fn downmixing_is_exact(
        data in samples(), width in 1..5_usize, inputs in vec(0..5_usize, 1..4),
    ) {
        let (frames, offset) = &data;
        let mut wanted = vec![0.0; frames.len() / width];
        prop_assert_eq!(scalar().downmix(frames, width, &inputs, &mut wanted), wanted.len());
        for kernels in vectors() {
            let (_, mono) = at(frames, *offset, |frames| {
                let room = vec![0.0; wanted.len()];
                at(&room, *offset, |mono| kernels.downmix(frames, width, &inputs, mono)).0
            });
            same(&mono, &wanted);
        }
    }

    #[test]
    fn frames_and_planes_are_each_others_inverse(data in samples(), channels in 1..6_usize) {
        let (samples, offset) = &data;
        let whole = &samples[..samples.len() / channels * channels];
        let count = whole.len() / channels;
        for kernels in Kernels::available() {
            let room = vec![0.0; whole.len()];
            let (frames, ()) = at(&room, *offset, |frames| {
                at(whole, 1, |planes| kernels.interleave(planes, channels, frames));
            });
            for (i, sample) in whole.iter().enumerate() {
                let place = i % count * channels + i / count;
                prop_assert_eq!(frames[place].to_bits(), sample.to_bits());
            }
            let (planes, ()) = at(&room, *offset, |planes| {
                at(&frames, 3, |frames| kernels.deinterleave(frames, channels, planes));
            });
            same(&planes, whole);
        }
    }

    #[test]
    fn integers_of_16_bits_there_and_back(values in vec(any::<i16>(), 0..2_000), offset in 0..17_usize) {
        let mut wanted = vec![0.0; values.len()];
        scalar().i16_to_f32(&values, &mut wanted);
        for kernels in vectors() {
            let (floats, ()) = at(&vec![0.0; values.len()], offset, |to| kernels.i16_to_f32(&values, to));
            same(&floats, &wanted);
            let mut back = vec![0; values.len()];
            kernels.f32_to_i16(&floats, &mut back, None);
            prop_assert_eq!(&back, &values);
        }
    }

    #[test]
    fn integers_of_24_bits_there_and_back(values in vec(any::<[u8; 3]>(), 0..2_000), offset in 0..17_usize) {
        let mut wanted = vec![0.0; values.len()];
        scalar().i24_to_f32(&values, &mut wanted);
        for kernels in vectors() {
            let (floats, ()) = at(&vec![0.0; values.len()], offset, |to| kernels.i24_to_f32(&values, to));
            same(&floats, &wanted);
            let mut back = vec![[0; 3]; values.len()];
            kernels.f32_to_i24(&floats, &mut back, None);
            prop_assert_eq!(&back, &values);
        }
    }

    #[test]
    fn integers_of_32_bits_are_exact(values in vec(any::<i32>(), 0..2_000), data in samples()) {
        let mut wanted = vec![0.0; values.len()];
        scalar().i32_to_f32(&values, &mut wanted);
        let (samples, offset) = &data;
        let mut integers = vec![0; samples.len()];
        scalar().f32_to_i32(samples, &mut integers);
        for kernels in vectors() {
            let (floats, ()) = at(&vec![0.0; values.len()], *offset, |to| kernels.i32_to_f32(&values, to));
            same(&floats, &wanted);
            at(samples, *offset, |samples| {
                let mut ours = vec![0; samples.len()];
                kernels.f32_to_i32(samples, &mut ours);
                assert_eq!(ours, integers);
            });
        }
    }

    #[test]
    fn the_way_down_saturates_and_dithers_alike(data in samples(), seed in any::<u64>()) {
        let (samples, offset) = &data;
        let down = |kernels: Kernels, samples: &[f32]| {
            let mut dither = Dither::new(seed);
            let mut plain = (vec![0; samples.len()], vec![[0; 3]; samples.len()]);
            let mut noisy = plain.clone();
            kernels.f32_to_i16(samples, &mut plain.0, None);
            kernels.f32_to_i24(samples, &mut plain.1, None);
            kernels.f32_to_i16(samples, &mut noisy.0, Some(&mut dither));
            kernels.f32_to_i24(samples, &mut noisy.1, Some(&mut dither));
            (plain, noisy, dither)
        };
        let wanted = down(scalar(), samples);
        for kernels in vectors() {
            prop_assert_eq!(at(samples, *offset, |samples| down(kernels, samples)).1, wanted.clone());
        }
        for (i, sample) in samples.iter().enumerate() {
            let full = f64::from(*sample) * 32_768.0;
            let ideal = if full.is_nan() { 0.0 } else { full.clamp(-32_768.0, 32_767.0) };
            prop_assert!((f64::from(wanted.0.0[i]) - ideal).abs() <= 0.5);
            prop_assert!((f64::from(wanted.1.0[i]) - ideal).abs() <= 1.5);
        }
    }

    #[test]
    fn peak_and_clip_count_are_exact(data in samples(), threshold in 0.0_f32..1.2) {
        in_place(&data, |kernels, samples| {
            (kernels.peak(samples).to_bits(), kernels.clip_count(samples, threshold))
        });
        in_place(&data, |kernels, samples| {
            let sums = kernels.measure(samples, threshold);
            (sums.peak.to_bits(), sums.clipped)
        });
    }

    #[test]
    fn sums_are_those_of_the_reference(data in finite_samples(2_000)) {
        let (samples, offset) = &data;
        let sizes: f64 = samples.iter().map(|&x| f64::from(x).abs()).sum();
        let squares = scalar().sum_of_squares(samples);
        for kernels in vectors() {
            at(samples, *offset, |samples| {
                close(kernels.sum(samples), scalar().sum(samples), 1e-12 * sizes);
                close(kernels.sum_of_squares(samples), squares, 1e-12 * squares);
                close(kernels.measure(samples, 1.0).squares, squares, 1e-12 * squares);
            });
        }
    }

    #[test]
    fn dot_products_are_those_of_the_reference(a in finite_samples(2_000), b in finite_samples(2_000)) {
        let sizes: f64 = a.0.iter().zip(&b.0).map(|(&a, &b)| (f64::from(a) * f64::from(b)).abs()).sum();
        let bound = 2.0 * a.0.len().min(b.0.len()) as f64 * 2.0_f64.powi(-24) * sizes + 1e-40;
        let wanted = f64::from(scalar().dot(&a.0, &b.0));
        for kernels in vectors() {
            at(&a.0, a.1, |a| at(&b.0, b.1, |b| close(f64::from(kernels.dot(a, b)), wanted, bound)));
        }
    }

    #[test]
    fn filters_are_those_of_the_reference(data in finite_samples(600), taps in vec(-1.0_f32..1.0, 1..90)) {
        let (samples, offset) = &data;
        let room = vec![0.0; (samples.len() + 1).saturating_sub(taps.len())];
        let mut wanted = room.clone();
        scalar().fir(samples, &taps, &mut wanted);
        for kernels in vectors() {
            let (_, (ours, ())) = at(samples, *offset, |samples| {
                at(&room, *offset / 2, |to| kernels.fir(samples, &taps, to))
            });
            for (n, (ours, wanted)) in ours.iter().zip(&wanted).enumerate() {
                let products = taps.iter().rev().zip(&samples[n..]);
                let sizes: f64 = products.map(|(&h, &x)| (f64::from(h) * f64::from(x)).abs()).sum();
                let bound = 2.0 * taps.len() as f64 * 2.0_f64.powi(-24) * sizes + 1e-40;
                close(f64::from(*ours), f64::from(*wanted), bound);
            }
        }
    }

    #[test]
    fn biquads_are_those_of_the_reference_block_after_block(
        data in finite_samples(2_000),
        corner in 1.0_f64..3_000.0,
        order in 1..5_usize,
        rate in prop::sample::select(vec![8_000, 16_000, 48_000, 192_000]),
        cut in 0..2_000_usize,
    ) {
        let (samples, offset) = &data;
        let cut = cut.min(samples.len());
        let filtered = |kernels: Kernels, offset| {
            let mut sections = Section::butterworth_high_pass(corner, 2 * order, rate);
            let mut out = at(&samples[..cut], offset, |block| kernels.biquads(&mut sections, block)).0;
            out.extend(at(&samples[cut..], offset, |block| kernels.biquads(&mut sections, block)).0);
            out
        };
        let wanted = filtered(scalar(), 0);
        let finite = samples.iter().chain(&wanted).filter(|x| x.is_finite());
        let largest = finite.fold(0.0_f64, |most, &x| most.max(f64::from(x).abs()));
        for kernels in vectors() {
            for (ours, wanted) in filtered(kernels, *offset).iter().zip(&wanted) {
                close(f64::from(*ours), f64::from(*wanted), 1.2e-7 * largest + 1e-40);
            }
        }
        prop_assert!(wanted.iter().all(|x| x.is_finite()));
    }

    #[test]
    fn a_sample_changes_nothing_of_what_a_biquad_gave_before_it(
        data in finite_samples(700), order in 1..3_usize, place in 0..700_usize, other in sample(),
    ) {
        let (samples, offset) = &data;
        let place = place.min(samples.len());
        let mut changed = samples.clone();
        if let Some(sample) = changed.get_mut(place) {
            *sample = other;
        }
        for kernels in Kernels::available() {
            let filtered = |samples: &[f32]| {
                let mut sections = Section::butterworth_high_pass(80.0, 2 * order, 48_000);
                at(samples, *offset, |samples| kernels.biquads(&mut sections, samples)).0
            };
            same(&filtered(&changed)[..place], &filtered(samples)[..place]);
        }
    }
}

#[test]
fn a_low_corner_at_a_high_rate_loses_no_digits_that_matter() {
    // After five seconds the answer to a step is e⁻⁴⁴⁴: what is left is rounding.
    for kernels in Kernels::available() {
        let mut section = [Section::high_pass(20.0, 0.707, 192_000)];
        let mut block = [0.0_f32; 480];
        for _ in 0..2_000 {
            block.fill(1.0);
            kernels.biquads(&mut section, &mut block);
        }
        let left = kernels.peak(&block);
        assert!(left < 1e-11, "{kernels:?}: {left:e}");
    }
}

#[test]
fn this_machine_tests_more_than_the_reference() {
    // On a CPU with none of them the properties above compare nothing: say so.
    if vectors().next().is_none() {
        eprintln!("neither AVX2 nor AVX-512 here: only the reference was run");
    }
    assert_eq!(Kernels::best(), Kernels::available().last().unwrap());
}

#[test]
fn an_instruction_set_that_does_not_exist_is_named() {
    let error = "avx9".parse::<InstructionSet>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "VOICESTAND_SIMD=avx9: scalar, avx2 or avx512 is wanted"
    );
}
