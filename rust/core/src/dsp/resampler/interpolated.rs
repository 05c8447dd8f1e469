//! The last stage for any ratio, and for one that changes: filters between the phases of a bank.
//!
//! Cubic interpolation (Lagrange) between filters 1/64 of a sample apart errs by less than
//! 3/128 · (π/64)⁴, −137 dB.

use super::{
    Ratio,
    filter::Lowpass,
    fir::{Fir, LANES, Line},
    history::History,
    polyphase::row_of,
};

/// Filters for each sample of the input.
const PHASES: u64 = 64;
/// A position counts in units of which a sample has at most two to the power of this.
const POSITION_BITS: u32 = 44;

/// Output k lies at input k·`down`/`up`, in integers, as long as nobody trims the ratio.
#[derive(Clone, Debug)]
pub(super) struct Interpolated {
    fir: Fir,
    /// Filter r is that at a shift of (r - 1)/`PHASES`.
    bank: Box<[Line]>,
    /// Elements of `bank` for each filter.
    lines: usize,
    taps: usize,
    history: History,
    /// Units of position in an input sample: `up` shifted left.
    unit: u64,
    phases_per_unit: f64,
    /// Units from output to output while nobody trims.
    nominal: u64,
    step: u64,
    /// Units from the sample before the next output to it.
    fraction: u64,
    /// Input samples before the next output.
    whole: u64,
    /// Samples at the front of `history` that are not needed any more, but have not come yet.
    owed: usize,
}

impl Interpolated {
    pub(super) fn new(fir: Fir, ratio: Ratio, lowpass: Lowpass) -> Self {
        let half = lowpass.reach() + 1;
        let taps = 2 * half;
        let lines = taps.div_ceil(LANES);
        let mut bank = Vec::with_capacity((PHASES as usize + 3) * lines);
        for row in 0..PHASES + 3 {
            let mut filter: Vec<f32> =
                row_of(lowpass, half, (row as f64 - 1.0) / PHASES as f64).collect();
            filter.resize(lines * LANES, 0.0);
            let (whole, _) = filter.as_chunks::<LANES>();
            bank.extend(whole.iter().map(|&taps| Line(taps)));
        }
        let shift = POSITION_BITS.saturating_sub(u64::BITS - ratio.up.leading_zeros());
        Self {
            fir,
            bank: bank.into(),
            lines,
            taps,
            history: History::new(lines * LANES, lines * LANES, half - 1),
            unit: ratio.up << shift,
            phases_per_unit: PHASES as f64 / (ratio.up << shift) as f64,
            nominal: ratio.down << shift,
            step: ratio.down << shift,
            fraction: 0,
            whole: 0,
            owed: 0,
        }
    }

    /// As at the beginning; the trim stays.
    pub(super) fn reset(&mut self) {
        self.history.reset();
        self.fraction = 0;
        self.whole = 0;
        self.owed = 0;
    }

    /// Input samples that must be known beyond an output.
    pub(super) fn delay(&self) -> usize {
        self.taps / 2
    }

    /// Uses 1 + `trim` times as much input for each output from now on.
    pub(super) fn set_trim(&mut self, trim: f64) {
        self.step = (self.nominal as f64 * (1.0 + trim)).round() as u64;
    }

    /// Position of the next output: whole input samples and units of the fraction.
    pub(super) fn position(&self) -> Position {
        Position {
            whole: self.whole,
            fraction: self.fraction,
            unit: self.unit,
        }
    }

    /// Takes up to [`CHUNK`](super::history::CHUNK) samples and puts what they complete into the
    /// front of `output`; returns how many samples that is.
    pub(super) fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        self.history.append(input);
        let mut done = 0;
        for place in output {
            let owed = self.owed.min(self.history.len());
            self.history.drop_front(owed);
            self.owed -= owed;
            if self.owed > 0 || self.history.len() < self.taps {
                break;
            }
            *place = self.output();
            self.advance();
            done += 1;
        }
        done
    }

    fn output(&self) -> f32 {
        let scaled = self.fraction as f64 * self.phases_per_unit;
        let row = (scaled as usize).min(PHASES as usize - 1);
        let filter = |offset: usize| {
            let start = (row + offset) * self.lines;
            self.bank.get(start..start + self.lines).unwrap_or_default()
        };
        self.fir.between(
            [filter(0), filter(1), filter(2), filter(3)],
            lagrange(scaled - row as f64),
            self.history.window(0, self.lines * LANES),
        )
    }

    fn advance(&mut self) {
        self.fraction += self.step;
        while self.fraction >= self.unit {
            self.fraction -= self.unit;
            self.whole += 1;
            self.owed += 1;
        }
    }
}

/// Where an output lies on the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) whole: u64,
    pub(super) fraction: u64,
    pub(super) unit: u64,
}

impl Position {
    /// Whether it lies before `end` samples of a rate 2^`halvings` times as high.
    pub(super) fn is_before(self, end: u64, halvings: usize) -> bool {
        let unit = u128::from(self.unit);
        let here = u128::from(self.whole) * unit + u128::from(self.fraction);
        here << halvings < u128::from(end) * unit
    }

    /// In samples.
    pub(super) fn samples(self) -> f64 {
        self.whole as f64 + self.fraction as f64 / self.unit as f64
    }
}

/// Weights of the values at −1, 0, 1 and 2 for the value at `x`.
fn lagrange(x: f64) -> [f32; 4] {
    [
        -x * (x - 1.0) * (x - 2.0) / 6.0,
        (x + 1.0) * (x - 1.0) * (x - 2.0) / 2.0,
        -(x + 1.0) * x * (x - 2.0) / 2.0,
        (x + 1.0) * x * (x - 1.0) / 6.0,
    ]
    .map(|weight| weight as f32)
}
