//! Claims: on blocks of 480 samples the kernels of arithmetic take an eighth of the time of their scalar
//! references compiled without vectorization, or less; those that mostly move bytes take at most 1.3
//! times what a memcpy takes that reads and writes as many bytes.
//!
//! Peers: the same references, compiled by `voicestand-unvectorized` with both of the compiler's
//! vectorizers switched off, and `memcpy`. Input: noise in blocks of 480 f32 samples (480 frames where
//! there are two channels) that lie in the first-level cache, aligned to 64 bytes as those of the engine
//! are. Unit: nanoseconds a block, by medians of short turns that all sides take in alternation.
//!
//! What misses its bound, on a Xeon with AVX-512 shared with others (the best of five runs' medians), and
//! what its machine code leaves to be saved. Everywhere the loop is inlined, without checks of bounds,
//! several vectors long, and the rest of a block is masked. The reasons are counts of operations in that
//! code against the ports that can take them, not readings of the CPU's counters.
//!
//! - Gain, 1.5 of memcpy: 14 ns against 10, in AVX2 as in AVX-512. Window and mix move half as much again
//!   in 15 and 16 ns: so it is not the loop, but what a call costs (choosing the set, arguments by way
//!   of memory, leaving the wide registers), that 1.3 × 10 ns has no room for.
//! - Interleaving, 1.3 (AVX2 3.1): of 16 frames AVX2 needs eight shuffles, of which the four across the
//!   middle of a register have one port. The compiler puts them back where stores of halves avoid them.
//! - Deinterleaving, 1.3 (AVX2 2.2), and downmixing, 1.2 (AVX2 2.2): the loads of AVX2 put the halves
//!   in place; four more shuffles and twice the loads remain.
//! - Soft limiter, 6.1 (AVX2 3.7): twelve dependent operations to the bit of the reference, which forbids
//!   fused ones, and a comparison for NaN, on two ports (AVX2: three of half the width), besides the
//!   copy that both sides make here. The noise of this bench exceeds the threshold in nearly every
//!   vector; sound seldom does, and then costs a comparison.
//! - 32-bit integers to floats, 7.9 (AVX2 6.5), and 16-bit ones in AVX2, 6.9: two operations a vector and
//!   the cost of the call, as for gain.
//!
//! On two cores of Zen 5, whose AVX-512 has ports of full width, shared with others (load 13, one run; the
//! biquad: load 8, two runs): all bounds are met in AVX-512 (soft limiter 8.7, 32-bit integers 8.5, gain 1.0 of
//! memcpy, interleaving 0.8), the biquad's just so (8.0 and 7.8). In AVX2 soft limiter (4.8), biquad (4.2),
//! integers of 16 and 32 bits (7.4 and 6.8), sum (7.7), deinterleaving (1.4) and downmixing (2.0) miss theirs.
//! In AVX2 the eight tiles of a biquad take 1056 multiplications and 256 conversions of four `f64`, 148 and
//! 56 ns of the 307 as each was measured alone, where an eighth is 161. The Xeon has not seen this biquad.
//!
//! Busy neighbours on the same core double single figures of AVX-512: repeat before believing one.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::Criterion;
use record::Record;
use voicestand_core::dsp::kernels::{Dither, InstructionSet, Kernels, Section, SoftLimit};
use voicestand_unvectorized as unvectorized;

mod record;

const FRAMES: usize = 480;
const TAPS: usize = 64;
/// Blocks in a turn.
const BATCH: u32 = 64;
const TURNS: usize = 400;
const LEAST_OF_ARITHMETIC: f64 = 8.0;
const MOST_OF_MEMCPY: f64 = 1.3;

/// What the kernels work on. All of it together fits in a first-level cache.
struct Buffers {
    a: Aligned<[f32; 2 * FRAMES]>,
    b: Aligned<[f32; 2 * FRAMES]>,
    taps: Aligned<[f32; TAPS]>,
    ones: Aligned<[f32; FRAMES]>,
    int16: Aligned<[i16; FRAMES]>,
    int24: Aligned<[[u8; 3]; FRAMES]>,
    int32: Aligned<[i32; FRAMES]>,
    state: [u32; 16],
    dither: Dither,
    section: Section,
    left_over: [f64; 2],
}

#[repr(align(64))]
struct Aligned<T>(T);

impl Buffers {
    fn new() -> Box<Self> {
        let mut seed = 1_u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / 8_388_608.0 - 1.0
        };
        Box::new(Self {
            a: Aligned(std::array::from_fn(|_| noise())),
            b: Aligned(std::array::from_fn(|_| noise())),
            taps: Aligned(std::array::from_fn(|_| noise())),
            ones: Aligned([1.0; FRAMES]),
            int16: Aligned([12_345; FRAMES]),
            int24: Aligned([[1, 2, 3]; FRAMES]),
            int32: Aligned([123_456_789; FRAMES]),
            state: [7; 16],
            dither: Dither::new(7),
            section: Section::high_pass(80.0, 0.707, 48_000),
            left_over: [0.0; 2],
        })
    }
}

/// One kernel: how much of a memcpy it is, ours and the reference.
struct Case {
    name: &'static str,
    /// Bytes read and written, of those that mostly move bytes.
    moved: Option<usize>,
    ours: fn(Kernels, &mut Buffers),
    reference: fn(&mut Buffers),
}

const CURVE: (f32, f32) = (0.7, 1.0);

const fn arithmetic(
    name: &'static str,
    ours: fn(Kernels, &mut Buffers),
    reference: fn(&mut Buffers),
) -> Case {
    Case {
        name,
        moved: None,
        ours,
        reference,
    }
}

const fn moving(
    name: &'static str,
    bytes_a_frame: usize,
    ours: fn(Kernels, &mut Buffers),
    reference: fn(&mut Buffers),
) -> Case {
    Case {
        name,
        moved: Some(bytes_a_frame * FRAMES),
        ours,
        reference,
    }
}

const CASES: &[Case] = &[
    arithmetic(
        "gain-ramp",
        // As good as no change, so that what is worked on again and again stays what it is.
        |kernels, x| kernels.gain(&mut x.a.0[..FRAMES], 1.0, 1.000_000_1),
        |x| unvectorized::gain(&mut x.a.0[..FRAMES], 1.0, 1e-10),
    ),
    arithmetic(
        "soft-limit",
        |kernels, x| {
            x.a.0[..FRAMES].copy_from_slice(&x.b.0[..FRAMES]);
            if let Some(curve) = SoftLimit::new(CURVE.0, CURVE.1) {
                kernels.soft_limit(&mut x.a.0[..FRAMES], curve);
            }
        },
        |x| {
            x.a.0[..FRAMES].copy_from_slice(&x.b.0[..FRAMES]);
            unvectorized::soft_limit(&mut x.a.0[..FRAMES], CURVE.0, CURVE.1);
        },
    ),
    arithmetic(
        "f32-to-i16",
        |kernels, x| kernels.f32_to_i16(&x.a.0[..FRAMES], &mut x.int16.0, None),
        |x| unvectorized::f32_to_i16(&x.a.0[..FRAMES], &mut x.int16.0),
    ),
    arithmetic(
        "f32-to-i16-dithered",
        |kernels, x| kernels.f32_to_i16(&x.a.0[..FRAMES], &mut x.int16.0, Some(&mut x.dither)),
        |x| unvectorized::f32_to_i16_dithered(&x.a.0[..FRAMES], &mut x.int16.0, &mut x.state),
    ),
    arithmetic(
        "f32-to-i24-dithered",
        |kernels, x| kernels.f32_to_i24(&x.a.0[..FRAMES], &mut x.int24.0, Some(&mut x.dither)),
        |x| unvectorized::f32_to_i24_dithered(&x.a.0[..FRAMES], &mut x.int24.0, &mut x.state),
    ),
    arithmetic(
        "f32-to-i32",
        |kernels, x| kernels.f32_to_i32(&x.a.0[..FRAMES], &mut x.int32.0),
        |x| unvectorized::f32_to_i32(&x.a.0[..FRAMES], &mut x.int32.0),
    ),
    arithmetic(
        "peak",
        |kernels, x| discard(kernels.peak(&x.a.0[..FRAMES])),
        |x| discard(unvectorized::peak(&x.a.0[..FRAMES])),
    ),
    arithmetic(
        "sum",
        |kernels, x| discard(kernels.sum(&x.a.0[..FRAMES])),
        |x| discard(unvectorized::sum(&x.a.0[..FRAMES])),
    ),
    arithmetic(
        "sum-of-squares",
        |kernels, x| discard(kernels.sum_of_squares(&x.a.0[..FRAMES])),
        |x| discard(unvectorized::sum_of_squares(&x.a.0[..FRAMES])),
    ),
    arithmetic(
        "clip-count",
        |kernels, x| discard(kernels.clip_count(&x.a.0[..FRAMES], 0.99)),
        |x| discard(unvectorized::clip_count(&x.a.0[..FRAMES], 0.99)),
    ),
    arithmetic(
        "measure",
        |kernels, x| discard(kernels.measure(&x.a.0[..FRAMES], 0.99)),
        |x| {
            black_box(unvectorized::peak(&x.a.0[..FRAMES]));
            black_box(unvectorized::sum_of_squares(&x.a.0[..FRAMES]));
            black_box(unvectorized::clip_count(&x.a.0[..FRAMES], 0.99));
        },
    ),
    arithmetic(
        "dot",
        |kernels, x| discard(kernels.dot(&x.a.0[..FRAMES], &x.b.0[..FRAMES])),
        |x| discard(unvectorized::dot(&x.a.0[..FRAMES], &x.b.0[..FRAMES])),
    ),
    arithmetic(
        "fir-64-taps",
        |kernels, x| kernels.fir(&x.a.0[..FRAMES + TAPS - 1], &x.taps.0, &mut x.b.0[..FRAMES]),
        |x| unvectorized::fir(&x.a.0[..FRAMES + TAPS - 1], &x.taps.0, &mut x.b.0[..FRAMES]),
    ),
    arithmetic(
        "biquad",
        |kernels, x| {
            x.a.0[..FRAMES].copy_from_slice(&x.b.0[..FRAMES]);
            kernels.biquads(std::slice::from_mut(&mut x.section), &mut x.a.0[..FRAMES]);
        },
        |x| {
            x.a.0[..FRAMES].copy_from_slice(&x.b.0[..FRAMES]);
            let (b, a) = x.section.coefficients();
            unvectorized::biquad(&b, &a, &mut x.left_over, &mut x.a.0[..FRAMES]);
        },
    ),
    moving(
        "gain",
        8,
        |kernels, x| kernels.gain(&mut x.a.0[..FRAMES], 1.0, 1.0),
        |x| unvectorized::gain(&mut x.a.0[..FRAMES], 1.0, 0.0),
    ),
    moving(
        "mix",
        12,
        |kernels, x| kernels.mix(&mut x.a.0[..FRAMES], &x.b.0[..FRAMES], 1e-7),
        |x| unvectorized::mix(&mut x.a.0[..FRAMES], &x.b.0[..FRAMES], 1e-7),
    ),
    moving(
        "window",
        12,
        |kernels, x| kernels.multiply(&mut x.a.0[..FRAMES], &x.ones.0),
        |x| unvectorized::multiply(&mut x.a.0[..FRAMES], &x.ones.0),
    ),
    moving(
        "interleave-2",
        16,
        |kernels, x| kernels.interleave(&x.a.0, 2, &mut x.b.0),
        |x| {
            let (left, right) = x.a.0.split_at(FRAMES);
            unvectorized::interleave_2(left, right, &mut x.b.0);
        },
    ),
    moving(
        "deinterleave-2",
        16,
        |kernels, x| kernels.deinterleave(&x.a.0, 2, &mut x.b.0),
        |x| {
            let (left, right) = x.b.0.split_at_mut(FRAMES);
            unvectorized::deinterleave_2(&x.a.0, left, right);
        },
    ),
    moving(
        "downmix-2",
        12,
        |kernels, x| discard(kernels.downmix(&x.a.0, 2, &[0, 1], &mut x.b.0[..FRAMES])),
        |x| unvectorized::downmix_2(&x.a.0, &mut x.b.0[..FRAMES], 0.5),
    ),
    arithmetic(
        "i16-to-f32",
        |kernels, x| kernels.i16_to_f32(&x.int16.0, &mut x.b.0),
        |x| unvectorized::i16_to_f32(&x.int16.0, &mut x.b.0),
    ),
    arithmetic(
        "i24-to-f32",
        |kernels, x| kernels.i24_to_f32(&x.int24.0, &mut x.b.0),
        |x| unvectorized::i24_to_f32(&x.int24.0, &mut x.b.0),
    ),
    arithmetic(
        "i32-to-f32",
        |kernels, x| kernels.i32_to_f32(&x.int32.0, &mut x.b.0),
        |x| unvectorized::i32_to_f32(&x.int32.0, &mut x.b.0),
    ),
];

/// A memcpy that reads and writes `moved` bytes in all.
fn copy(buffers: &mut Buffers, moved: usize) {
    let count = moved / 8;
    if let (Some(to), Some(from)) = (buffers.a.0.get_mut(..count), buffers.b.0.get(..count)) {
        black_box(to).copy_from_slice(black_box(from));
    }
}

/// Lets the compiler believe that a result is wanted.
fn discard<T>(result: T) {
    black_box(result);
}

/// A turn. The first blocks are not counted: caches, branch predictors and wide registers wake up.
fn batch(mut work: impl FnMut()) -> Duration {
    for _ in 0..BATCH / 4 {
        work();
    }
    let began = Instant::now();
    for _ in 0..BATCH {
        work();
    }
    began.elapsed()
}

fn median(turns: &[f64]) -> f64 {
    let mut turns = turns.to_vec();
    turns.sort_unstable_by(f64::total_cmp);
    turns.get(turns.len() / 2).copied().unwrap_or_default()
}

/// Nanoseconds a block, turn by turn: of every instruction set, of the reference and of memcpy.
fn alternate(case: &Case, sets: &[Kernels]) -> (Vec<Vec<f64>>, Vec<f64>, Vec<f64>) {
    let per_block = |taken: Duration| taken.as_secs_f64() * 1e9 / f64::from(BATCH);
    let mut x = Buffers::new();
    let mut ours = vec![Vec::with_capacity(TURNS); sets.len()];
    let (mut reference, mut memcpy) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        for (kernels, turns) in sets.iter().zip(&mut ours) {
            turns.push(per_block(batch(|| {
                (case.ours)(*kernels, black_box(&mut x))
            })));
        }
        reference.push(per_block(batch(|| (case.reference)(black_box(&mut x)))));
        if let Some(moved) = case.moved {
            memcpy.push(per_block(batch(|| copy(black_box(&mut x), moved))));
        }
    }
    (ours, reference, memcpy)
}

fn ratios() {
    let vectors = |kernels: &Kernels| kernels.instruction_set() != InstructionSet::Scalar;
    let sets: Vec<Kernels> = Kernels::available().filter(vectors).collect();
    if sets.is_empty() {
        println!("neither AVX2 nor AVX-512 here: nothing to compare");
        return;
    }
    println!("\na block of {FRAMES} frames, ns (ratio to the reference; to memcpy):");
    for case in CASES {
        let (ours, reference, memcpy) = alternate(case, &sets);
        let scalar = median(&reference);
        print!("  {:<20} unvectorized {scalar:7.1}", case.name);
        for (kernels, turns) in sets.iter().zip(&ours) {
            let ours = median(turns);
            print!(
                " | {} {ours:6.1} ({:4.1} ×",
                kernels.instruction_set(),
                scalar / ours
            );
            if case.moved.is_some() {
                print!("; {:.2} of memcpy", ours / median(&memcpy));
            }
            print!(")");
        }
        println!();
        let Some(best) = ours.last() else { continue };
        let name = format!("kernel-{}", case.name);
        let record = match case.moved {
            None => Record::new(
                &name,
                "a kernel is eight times as fast as its scalar reference",
            )
            .peer("unvectorized", &reference)
            .ratio("unvectorized", LEAST_OF_ARITHMETIC),
            Some(_) => Record::new(&name, "a kernel takes at most 1.3 times as long as memcpy")
                .peer("unvectorized", &reference)
                .peer("memcpy", &memcpy)
                .ratio("memcpy", 1.0 / MOST_OF_MEMCPY),
        };
        record
            .input("blocks of 480 f32 frames in the first-level cache")
            .unit("ns")
            .ours(best)
            .write();
    }
}

fn main() {
    if record::wanted() {
        return ratios();
    }
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(20);
    for case in CASES {
        let mut group = criterion.benchmark_group(case.name);
        let mut x = Buffers::new();
        for kernels in Kernels::available() {
            group.bench_function(kernels.instruction_set().name(), |bencher| {
                bencher.iter(|| (case.ours)(kernels, black_box(&mut x)));
            });
        }
        group.bench_function("unvectorized", |bencher| {
            bencher.iter(|| (case.reference)(black_box(&mut x)));
        });
        group.finish();
    }
    criterion.final_summary();
    ratios();
}
