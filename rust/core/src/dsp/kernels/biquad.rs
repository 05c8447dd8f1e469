//! Cascades of biquads.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use super::{
    Kernel, Kernels, Simd, common, reference,
    scan::{LANES, STEPS, Scan, TILE},
};

/// Second-order section with its state, all in `f64`: at 192 kHz an 80 Hz corner leaves only five
/// digits of an `f32`.
///
/// y\[n\] = b₀ x\[n\] + b₁ x\[n−1\] + b₂ x\[n−2\] − a₁ y\[n−1\] − a₂ y\[n−2\], in transposed direct form
/// II. Sample by sample each output waits for the one before it; the vector versions find the states
/// inside a stretch of samples by a prefix scan, with tables that are computed once, here.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    b: [f64; 3],
    a: [f64; 2],
    state: [f64; 2],
    scan: Scan,
}

impl Section {
    /// A section by its coefficients, a₀ being 1.
    #[must_use]
    pub fn new(b: [f64; 3], a: [f64; 2]) -> Self {
        Self {
            b,
            a,
            state: [0.0; 2],
            scan: Scan::new(b, a),
        }
    }

    /// What passes everything.
    #[must_use]
    pub fn pass() -> Self {
        Self::new([1.0, 0.0, 0.0], [0.0; 2])
    }

    /// A high-pass with its corner at `corner_hz`, after R. Bristow-Johnson's *Audio EQ Cookbook*;
    /// [`pass`](Self::pass) for a corner of 0 or less, or from Nyquist on.
    ///
    /// `q` = 1/√2 is Butterworth's: −3 dB at the corner.
    #[must_use]
    pub fn high_pass(corner_hz: f64, q: f64, sample_rate: u32) -> Self {
        let rate = f64::from(sample_rate);
        if !(corner_hz > 0.0 && corner_hz < rate / 2.0) {
            return Self::pass();
        }
        let (sin, cos) = (TAU * corner_hz / rate).sin_cos();
        let alpha = sin / (2.0 * q);
        let scale = 1.0 / (1.0 + alpha);
        let side = f64::midpoint(1.0, cos) * scale;
        Self::new(
            [side, -2.0 * side, side],
            [-2.0 * cos * scale, (1.0 - alpha) * scale],
        )
    }

    /// Butterworth's high-pass of an even `order`, 2 to 16, as a cascade; −3 dB at the corner.
    #[must_use]
    pub fn butterworth_high_pass(corner_hz: f64, order: usize, sample_rate: u32) -> Vec<Self> {
        let pairs = (order / 2).clamp(1, 8);
        (0..pairs)
            .map(|pair| {
                if pairs == 1 {
                    return Self::high_pass(corner_hz, FRAC_1_SQRT_2, sample_rate);
                }
                let angle = TAU * (2 * pair + 1) as f64 / (8 * pairs) as f64;
                Self::high_pass(corner_hz, 0.5 / angle.sin(), sample_rate)
            })
            .collect()
    }

    /// Coefficients b and a, a₀ = 1 left out.
    #[must_use]
    pub fn coefficients(&self) -> ([f64; 3], [f64; 2]) {
        (self.b, self.a)
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        self.state = [0.0; 2];
    }

    /// Silence would let the state decay into denormals, which are slow: cut off at −400 dB.
    fn settle(&mut self) {
        self.state = self.state.map(|s| if s.abs() < 1e-20 { 0.0 } else { s });
    }
}

impl Kernels {
    /// Filters `samples` through `sections`, one after the other, in place, in `f64`. A sample that is
    /// no finite number counts as 0, so that the filter recovers.
    ///
    /// Within 1.2 · 10⁻⁷ of the largest size of a sample in or out of the reference, into whatever blocks
    /// the samples are cut. An output depends on no later sample.
    pub fn biquads(self, sections: &mut [Section], samples: &mut [f32]) {
        self.run(Biquads(sections, samples));
        for section in sections {
            section.settle();
        }
    }
}

struct Biquads<'a>(&'a mut [Section], &'a mut [f32]);

/// Aligned as the registers are.
#[repr(align(64))]
struct Padded([f32; TILE]);

impl Biquads<'_> {
    /// The reference for a cascade: sample by sample.
    #[inline(always)]
    fn serial(sections: &mut [Section], samples: &mut [f32]) {
        if let [Section { b, a, state, .. }] = sections {
            return reference::biquad(b, a, state, samples);
        }
        for sample in samples {
            let mut value = if sample.is_finite() {
                f64::from(*sample)
            } else {
                0.0
            };
            for Section { b, a, state, .. } in sections.iter_mut() {
                value = reference::biquad_step(b, a, state, value);
            }
            *sample = value as f32;
        }
    }

    /// Tiles that take each step together: while one waits for a result, the next can begin. The states
    /// afterwards are those after the first `lanes` lanes.
    #[inline(always)]
    fn together<S: Simd, const N: usize>(
        s: S,
        sections: &mut [Section],
        tiles: [&mut [f32; TILE]; N],
        lanes: usize,
    ) {
        let mut columns = [[s.splat_f64(0.0); STEPS]; N];
        for (columns, tile) in columns.iter_mut().zip(tiles.iter()) {
            let pairs = columns.as_chunks_mut::<2>().0;
            for (pair, x) in pairs.iter_mut().zip(&s.load_columns(tile)) {
                *pair = s.widen(s.zero_non_finite(*x));
            }
        }
        for Section { scan, state, .. } in sections {
            scan.filter(s, state, &mut columns, lanes);
        }
        for (columns, tile) in columns.iter().zip(tiles) {
            let [a, b, c, d, e, f, g, h] = *columns;
            let (ab, cd) = (s.narrow([a, b]), s.narrow([c, d]));
            let (ef, gh) = (s.narrow([e, f]), s.narrow([g, h]));
            s.store_columns([ab, cd, ef, gh], tile);
        }
    }
}

impl Kernel for Biquads<'_> {
    type Output = ();

    fn scalar(self) {
        Self::serial(self.0, self.1);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let Self(sections, samples) = self;
        let (lanes, rest) = samples.as_chunks_mut::<STEPS>();
        let (mut tiles, part) = lanes.as_flattened_mut().as_chunks_mut::<TILE>();
        // The last tile may be filled up with zeros, which say nothing about the states before them.
        let [mut last, mut empty] = [const { Padded([0.0; TILE]) }; 2];
        copy(s, part, &mut last.0);
        let in_part = part.len() / STEPS;
        // With sixteen registers, what four tiles would spill costs more than they gain.
        if S::MANY_REGISTERS {
            let (fours, others) = tiles.as_chunks_mut();
            for four in fours {
                Self::together::<S, 4>(s, sections, four.each_mut(), 4 * LANES);
            }
            tiles = others;
        }
        if S::MANY_REGISTERS
            && let [a, b, c] = tiles
        {
            let four = [a, b, c, &mut last.0];
            Self::together(s, sections, four, 3 * LANES + in_part);
        } else {
            let (pairs, single) = tiles.as_chunks_mut();
            for pair in pairs {
                Self::together::<S, 2>(s, sections, pair.each_mut(), 2 * LANES);
            }
            let lanes = LANES * single.len() + in_part;
            if lanes > 0 {
                let pair = match single {
                    [tile, ..] => [tile, &mut last.0],
                    [] => [&mut last.0, &mut empty.0],
                };
                Self::together(s, sections, pair, lanes);
            }
        }
        copy(s, &last.0, part);
        Self::serial(sections, rest);
    }
}

/// Copies as far as both go, lanes as a whole, in pieces of the size that they are read in afterwards: a
/// load that spans two stores waits until they are in the cache.
#[inline(always)]
fn copy<S: Simd>(s: S, from: &[f32], to: &mut [f32]) {
    let (from, to) = common(from, to);
    let (from, from_rest) = from.as_chunks();
    let (to, to_rest) = to.as_chunks_mut();
    for (from, to) in from.iter().zip(to) {
        s.store(s.load(from), to);
    }
    let (from, to) = (from_rest.as_chunks::<STEPS>(), to_rest.as_chunks_mut());
    for (from, to) in from.0.iter().zip(to.0) {
        *to = *from;
    }
}
