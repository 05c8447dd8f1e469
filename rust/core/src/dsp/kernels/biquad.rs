//! Cascades of biquads, eight samples at a time.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use super::{Kernel, Kernels, Simd, reference};

/// Second-order section with its state, all in `f64`: at 192 kHz an 80 Hz corner leaves only five
/// digits of an `f32`.
///
/// y\[n\] = b₀ x\[n\] + b₁ x\[n−1\] + b₂ x\[n−2\] − a₁ y\[n−1\] − a₂ y\[n−2\], in transposed direct form
/// II. Sample by sample each output waits for the one before it. The vector versions look ahead
/// instead: eight outputs are the convolution of eight inputs with the impulse response, plus what the
/// two state variables still have to say; and the state after eight samples is linear in the same ten
/// numbers. Those tables are computed once, here; what must be waited for is two multiplications in
/// eight samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    b: [f64; 3],
    a: [f64; 2],
    state: [f64; 2],
    tables: Tables,
}

/// Responses over eight samples. Row k of `output` is what an impulse at sample k does to the eight
/// outputs, row k of `state` what it leaves in the state; rows 8 and 9 are those of the two state
/// variables at the start.
#[derive(Clone, Debug, PartialEq)]
#[repr(align(64))]
struct Tables {
    output: [[f64; 8]; 10],
    state: [[f64; 2]; 10],
}

impl Section {
    /// A section by its coefficients, a₀ being 1.
    #[must_use]
    pub fn new(b: [f64; 3], a: [f64; 2]) -> Self {
        let mut tables = Tables {
            output: [[0.0; 8]; 10],
            state: [[0.0; 2]; 10],
        };
        let rows = tables.output.iter_mut().zip(&mut tables.state);
        for (row, (output, left)) in rows.enumerate() {
            let mut state = match row {
                8 => [1.0, 0.0],
                9 => [0.0, 1.0],
                _ => [0.0, 0.0],
            };
            for (n, y) in output.iter_mut().enumerate() {
                let x = if n == row { 1.0 } else { 0.0 };
                *y = reference::biquad_step(&b, &a, &mut state, x);
            }
            *left = state;
        }
        Self {
            b,
            a,
            state: [0.0; 2],
            tables,
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

    /// Eight samples, in place.
    #[inline(always)]
    fn eight<S: Simd>(&self, s: S, state: &mut S::Pair, samples: &mut [f64; 8]) {
        let [x0, x1, x2, x3, x4, x5, x6, x7] = *samples;
        let out = |row: &[f64; 8]| s.load_f64(row);
        let [o0, o1, o2, o3, o4, o5, o6, o7, o8, o9] = &self.tables.output;
        // Two sums each: half the time to wait. An impulse at sample k leaves those before it at 0.
        let (zero, mul_add) = (s.splat_f64(0.0), S::mul_add_f64);
        let mut even = mul_add(s, s.splat_f64(x0), out(o0), zero);
        let mut odd = mul_add(s, s.splat_f64(x1), out(o1), zero);
        even = mul_add(s, s.splat_f64(x2), out(o2), even);
        odd = mul_add(s, s.splat_f64(x3), out(o3), odd);
        even = s.mul_add_late(s.splat_f64(x4), out(o4), even);
        odd = s.mul_add_late(s.splat_f64(x5), out(o5), odd);
        even = s.mul_add_late(s.splat_f64(x6), out(o6), even);
        odd = s.mul_add_late(s.splat_f64(x7), out(o7), odd);
        even = mul_add(s, s.splat_first(*state), out(o8), even);
        odd = mul_add(s, s.splat_second(*state), out(o9), odd);
        let [l0, l1, l2, l3, l4, l5, l6, l7, l8, l9] = self.tables.state.map(|row| s.pair(row));
        let mut next = s.mul_add_pair(x0, l0, s.pair([0.0; 2]));
        let mut other = s.mul_add_pair(x1, l1, s.pair([0.0; 2]));
        next = s.mul_add_pair(x2, l2, next);
        other = s.mul_add_pair(x3, l3, other);
        next = s.mul_add_pair(x4, l4, next);
        other = s.mul_add_pair(x5, l5, other);
        next = s.mul_add_pair(x6, l6, next);
        other = s.mul_add_pair(x7, l7, other);
        // The only operations that the next eight samples wait for.
        next = s.mul_add_second(*state, l9, s.add_pair(next, other));
        *state = s.mul_add_first(*state, l8, next);
        s.store_f64(s.add_f64(even, odd), samples);
    }

    /// Silence would let the state decay into denormals, which are slow: cut off at −400 dB.
    fn settle(&mut self) {
        self.state = self.state.map(|s| if s.abs() < 1e-20 { 0.0 } else { s });
    }
}

/// Samples widened at a time.
const TILE: usize = 128;

#[repr(align(64))]
struct Tile([f64; TILE]);

/// Sections in one pass through the samples.
const AT_ONCE: usize = 4;

impl Kernels {
    /// Filters `samples` through `sections`, one after the other, in place, in `f64`. A sample that is
    /// no finite number counts as 0, so that the filter recovers.
    ///
    /// Within 10⁻⁷ of the largest size of a sample in or out of the reference.
    pub fn biquads(self, sections: &mut [Section], samples: &mut [f32]) {
        for sections in sections.chunks_mut(AT_ONCE) {
            self.run(Biquads(sections, samples));
        }
        for section in sections {
            section.settle();
        }
    }
}

struct Biquads<'a>(&'a mut [Section], &'a mut [f32]);

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
}

impl Kernel for Biquads<'_> {
    type Output = ();

    fn scalar(self) {
        Self::serial(self.0, self.1);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let Self(sections, samples) = self;
        let mut states = [s.pair([0.0; 2]); AT_ONCE];
        for (state, section) in states.iter_mut().zip(sections.iter()) {
            *state = s.pair(section.state);
        }
        let (largest, silence) = (s.splat(f32::MAX), s.splat(0.0));
        // By way of memory: a load that repeats one number in all lanes costs no shuffle.
        let mut tile = Tile([0.0; TILE]);
        let (blocks, rest) = samples.as_chunks_mut::<16>();
        for blocks in blocks.chunks_mut(TILE / 16) {
            let places = tile.0.as_chunks_mut::<16>().0;
            for (place, block) in places.iter_mut().zip(blocks.iter()) {
                let x = s.load(block);
                let [low, high] = s.widen(s.select_le(s.abs(x), largest, x, silence));
                if let [first, second] = place.as_chunks_mut().0 {
                    s.store_f64(low, first);
                    s.store_f64(high, second);
                }
            }
            for (section, state) in sections.iter().zip(&mut states) {
                let eights = tile.0.as_chunks_mut().0;
                for samples in eights.iter_mut().take(2 * blocks.len()) {
                    section.eight(s, state, samples);
                }
            }
            let places = tile.0.as_chunks::<16>().0;
            for (place, block) in places.iter().zip(blocks) {
                if let [first, second] = place.as_chunks().0 {
                    s.store(s.narrow([s.load_f64(first), s.load_f64(second)]), block);
                }
            }
        }
        for (state, section) in states.iter().zip(sections.iter_mut()) {
            section.state = s.unpair(*state);
        }
        Self::serial(sections, rest);
    }
}
