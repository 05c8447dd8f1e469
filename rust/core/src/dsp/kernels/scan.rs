//! A biquad over a stretch of samples, by a prefix scan (G. E. Blelloch, *Prefix Sums and Their
//! Applications*, 1990).
//!
//! A tile is eight lanes of eight consecutive samples. What each lane leaves in the state if it starts from
//! silence is a weighted sum of its samples. The state that a lane starts from is what the lanes before it
//! left, carried on through silence: three steps sum that up over one, two and four lanes. From their
//! states all lanes run the difference equation side by side. From tile to tile only one product of a
//! matrix and a state must be waited for.

use super::Simd;

/// Lanes of a tile.
pub(super) const LANES: usize = 8;
/// Samples in a lane.
pub(super) const STEPS: usize = 8;
pub(super) const TILE: usize = LANES * STEPS;

/// A section's coefficients, and how its state goes on.
///
/// A state is a column of s₁ and d = s₁ + s₂, where s₁ and s₂ are those of transposed direct form II. For a
/// corner that is low against the sample rate, these are nearly opposite, and powers of the matrix that
/// takes them on lose digits in differences of large numbers; with d they do not.
#[derive(Clone, Debug, PartialEq)]
#[repr(align(64))]
pub(super) struct Scan {
    /// The powers 0, 8, 16, … 56 of the matrix that takes a state one sample on through silence, lane by
    /// lane: first row, then second.
    lanes: [[[f64; LANES]; 2]; 2],
    /// What an impulse leaves in the state at the end of its lane, by its place in it.
    left: [[f64; 2]; STEPS],
    /// The powers 8, 16 and 32.
    powers: [Matrix; 3],
    /// The power 64.
    tile: Matrix,
    b: [f64; 3],
    a: [f64; 2],
}

/// By rows.
type Matrix = [[f64; 2]; 2];

/// A state in every lane.
type States<S> = [<S as Simd>::Doubles; 2];

impl Scan {
    /// Of a section with these coefficients, a₀ being 1.
    pub(super) fn new(b: [f64; 3], a: [f64; 2]) -> Self {
        let [b0, b1, b2] = b;
        let [a1, a2] = a;
        // Small differences, taken in the order that rounds least.
        let at_dc = (1.0 + a1) + a2;
        let impulse = [b1 - a1 * b0, ((b0 + b1) + b2) - b0 * at_dc];
        let after = |mut state: [f64; 2], samples: usize| {
            for _ in 0..samples {
                let [first, sum] = state;
                state = [sum - (1.0 + a1) * first, sum - at_dc * first];
            }
            state
        };
        let power = |n| {
            let ([p, r], [q, t]) = (after([1.0, 0.0], n), after([0.0, 1.0], n));
            [[p, q], [r, t]]
        };
        let lanes: [Matrix; LANES] = std::array::from_fn(|lane| power(STEPS * lane));
        Self {
            lanes: [
                [lanes.map(|[[p, _], _]| p), lanes.map(|[[_, q], _]| q)],
                [lanes.map(|[_, [r, _]]| r), lanes.map(|[_, [_, t]]| t)],
            ],
            left: std::array::from_fn(|step| after(impulse, STEPS - 1 - step)),
            powers: [1, 2, 4].map(|lanes| power(STEPS * lanes)),
            tile: power(TILE),
            b,
            a,
        }
    }

    /// Filters tiles that follow each other, sample n of every lane in column n. `state` is that of
    /// transposed direct form II, and becomes that after the first `lanes` lanes.
    #[inline(always)]
    pub(super) fn filter<S: Simd, const N: usize>(
        &self,
        s: S,
        state: &mut [f64; 2],
        tiles: &mut [[S::Doubles; STEPS]; N],
        lanes: usize,
    ) {
        let [first, second] = *state;
        let mut carry = [s.splat_f64(first), s.splat_f64(first + second)];
        let starts = self.starts(s, &mut carry, tiles);
        for (starts, columns) in starts.iter().zip(tiles) {
            self.run(s, *starts, columns);
        }
        let [first, sum] = *starts.get(lanes / LANES).unwrap_or(&carry);
        let (mut firsts, mut sums) = ([0.0; LANES], [0.0; LANES]);
        s.store_f64(first, &mut firsts);
        s.store_f64(sum, &mut sums);
        let lane = lanes % LANES;
        if let (Some(first), Some(sum)) = (firsts.get(lane), sums.get(lane)) {
            *state = [*first, sum - first];
        }
    }

    /// The states that all lanes start from. `carry` is the state before the first tile, in every lane,
    /// and becomes that after the last.
    #[inline(always)]
    fn starts<S: Simd, const N: usize>(
        &self,
        s: S,
        carry: &mut States<S>,
        tiles: &[[S::Doubles; STEPS]; N],
    ) -> [States<S>; N] {
        // What each lane leaves, from silence.
        let mut ends = [[s.splat_f64(0.0); 2]; N];
        for (step, [first, sum]) in self.left.iter().enumerate() {
            let (first, sum) = (s.splat_f64(*first), s.splat_f64(*sum));
            for (ends, columns) in ends.iter_mut().zip(tiles) {
                let Some(x) = columns.get(step) else { continue };
                ends[0] = s.mul_add_f64(first, *x, ends[0]);
                ends[1] = s.mul_add_f64(sum, *x, ends[1]);
            }
        }
        // And what the one before it left, the two before that, the four before those.
        let [one, two, four] = &self.powers;
        for ends in &mut ends {
            let before = [s.up_1_f64(ends[0]), s.up_1_f64(ends[1])];
            *ends = advance(s, one, before, *ends);
        }
        for ends in &mut ends {
            let before = [s.up_2_f64(ends[0]), s.up_2_f64(ends[1])];
            *ends = advance(s, two, before, *ends);
        }
        for ends in &mut ends {
            let before = [s.up_4_f64(ends[0]), s.up_4_f64(ends[1])];
            *ends = advance_late(s, four, before, *ends);
        }
        let [[p, q], [r, t]] = &self.lanes;
        let (p, q, r, t) = (s.load_f64(p), s.load_f64(q), s.load_f64(r), s.load_f64(t));
        for ends in &mut ends {
            let [c, d] = *carry;
            let [first, sum] = [s.up_1_f64(ends[0]), s.up_1_f64(ends[1])];
            let last = [s.splat_last_f64(ends[0]), s.splat_last_f64(ends[1])];
            *carry = advance(s, &self.tile, *carry, last);
            *ends = [
                s.mul_add_f64(p, c, s.mul_add_f64(q, d, first)),
                s.mul_add_f64(r, c, s.mul_add_f64(t, d, sum)),
            ];
        }
        ends
    }

    /// The difference equation in all lanes of a tile.
    #[inline(always)]
    fn run<S: Simd>(&self, s: S, starts: States<S>, columns: &mut [S::Doubles; STEPS]) {
        let [b0, b1, b2] = self.b;
        let (b0, b1, b2) = (s.splat_f64(b0), s.splat_f64(b1), s.splat_f64(b2));
        let [a1, a2] = self.a;
        let (a1, a2) = (s.splat_f64(-a1), s.splat_f64(-a2));
        let [first, sum] = starts;
        let [x0, x1, x2, x3, x4, x5, x6, x7] = *columns;
        // The state stands for the samples before the lane; from the third one on there are none.
        let y0 = s.mul_add_f64(b0, x0, first);
        let u = s.mul_add_f64(b0, x1, s.mul_add_f64(b1, x0, s.sub_f64(sum, first)));
        let y1 = s.mul_add_f64(a1, y0, u);
        let u = s.mul_add_f64(b0, x2, s.mul_add_f64(b1, x1, s.mul_f64(b2, x0)));
        let y2 = s.mul_add_f64(a1, y1, s.mul_add_f64(a2, y0, u));
        let u = s.mul_add_f64(b0, x3, s.mul_add_f64(b1, x2, s.mul_f64(b2, x1)));
        let y3 = s.mul_add_f64(a1, y2, s.mul_add_f64(a2, y1, u));
        let u = s.mul_add_f64(b0, x4, s.mul_add_f64(b1, x3, s.mul_f64(b2, x2)));
        let y4 = s.mul_add_f64(a1, y3, s.mul_add_f64(a2, y2, u));
        let u = s.mul_add_f64(b0, x5, s.mul_add_f64(b1, x4, s.mul_f64(b2, x3)));
        let y5 = s.mul_add_f64(a1, y4, s.mul_add_f64(a2, y3, u));
        let u = s.mul_add_f64(b0, x6, s.mul_add_f64(b1, x5, s.mul_f64(b2, x4)));
        let y6 = s.mul_add_f64(a1, y5, s.mul_add_f64(a2, y4, u));
        let u = s.mul_add_f64(b0, x7, s.mul_add_f64(b1, x6, s.mul_f64(b2, x5)));
        let y7 = s.mul_add_f64(a1, y6, s.mul_add_f64(a2, y5, u));
        *columns = [y0, y1, y2, y3, y4, y5, y6, y7];
    }
}

/// `power` · `states` + `to`.
#[inline(always)]
fn advance<S: Simd>(s: S, power: &Matrix, states: States<S>, to: States<S>) -> States<S> {
    let [[p, q], [r, t]] = *power;
    let ([first, sum], [to_first, to_sum]) = (states, to);
    [
        s.mul_add_f64(
            s.splat_f64(p),
            first,
            s.mul_add_f64(s.splat_f64(q), sum, to_first),
        ),
        s.mul_add_f64(
            s.splat_f64(r),
            first,
            s.mul_add_f64(s.splat_f64(t), sum, to_sum),
        ),
    ]
}

/// The same where the first four of `states` are zero.
#[inline(always)]
fn advance_late<S: Simd>(s: S, power: &Matrix, states: States<S>, to: States<S>) -> States<S> {
    let [[p, q], [r, t]] = *power;
    let ([first, sum], [to_first, to_sum]) = (states, to);
    [
        s.mul_add_late(
            s.splat_f64(p),
            first,
            s.mul_add_late(s.splat_f64(q), sum, to_first),
        ),
        s.mul_add_late(
            s.splat_f64(r),
            first,
            s.mul_add_late(s.splat_f64(t), sum, to_sum),
        ),
    ]
}
