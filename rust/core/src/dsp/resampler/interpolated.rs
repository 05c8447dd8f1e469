//! The last stages for any ratio, and for one that changes: filters between the phases of a bank.
//!
//! A filter that is steep enough for the output's band is long, and one that is made for every output
//! between others costs several times as much as one that is used as it is. So the steep one stays as
//! it is, a [`Bridge`] to a rate at which the band lies so far from its image that sixteen coefficients
//! can tell them apart, and only those are interpolated.
//!
//! Cubic interpolation (Lagrange) between filters 1/64 of a sample apart errs by less than
//! 3/128 · (1.5 π/64)⁴, −130 dB.

use super::{
    PASS_BAND, Ratio,
    filter::Lowpass,
    fir::{Fir, GROUP, LANES, Line, Places},
    history::History,
    last_lowpass,
    polyphase::row_of,
    split::Bridge,
};

/// Filters for each sample of the input.
const PHASES: u64 = 64;
/// A position counts in units of which a sample has at most two to the power of this.
const POSITION_BITS: u32 = 44;
/// Samples before and behind the one that a filter is centred on.
const HALF: usize = LANES / 2;
/// The rate of the input, at least: times the band's. With sixteen coefficients the image is
/// 108 dB down then.
const LEAST_OVERSAMPLING: f64 = 1.7;

/// Output k lies at input k·`down`/`up`, in integers, as long as nobody trims the ratio.
#[derive(Clone, Debug)]
pub(super) struct Interpolated {
    fir: Fir,
    /// Filter r is that at a shift of (r - 1)/`PHASES`.
    bank: Box<[Line]>,
    history: History,
    /// Units of position in an input sample: `up` shifted left.
    unit: u64,
    phases_per_unit: f64,
    /// Units from output to output while nobody trims.
    nominal: u64,
    /// From output to output: input samples, and units.
    step: (usize, u64),
    /// Units from the sample before the next output to it.
    fraction: u64,
    /// Input samples before the next output.
    whole: u64,
    /// Where the next output's window begins in `history`, perhaps beyond what has come.
    window: usize,
}

impl Interpolated {
    /// The stage from `rate` to `target` Hz by `ratio`, and the one before it.
    pub(super) fn after_bridge(fir: Fir, ratio: Ratio, rate: f64, target: f64) -> (Bridge, Self) {
        let band = rate.min(target);
        // Eighths: as many phases as are computed together.
        let up = GROUP as u64;
        let down = (up as f64 * rate / (LEAST_OVERSAMPLING * band)) as u64;
        let to = Ratio::of(up, down);
        let bridge = Bridge::new(fir, to, last_lowpass(rate, target));
        let share = band / (rate * to.up as f64 / to.down as f64);
        let half = HALF as f64 - 1.0 / PHASES as f64;
        let lowpass = Lowpass::of_half(PASS_BAND * share, 2.0 - share, half);
        let ratio = Ratio::of(ratio.up * to.down, ratio.down * to.up);
        let last = Self::new(fir, ratio, lowpass, bridge.most_output());
        (bridge, last)
    }

    /// For up to `most` samples at once.
    fn new(fir: Fir, ratio: Ratio, lowpass: Lowpass, most: usize) -> Self {
        let bank = (0..PHASES + 3).map(|row| {
            let mut taps = [0.0; LANES];
            let shift = (row as f64 - 1.0) / PHASES as f64;
            for (place, tap) in taps.iter_mut().zip(row_of(lowpass, HALF, shift)) {
                *place = tap;
            }
            Line(taps)
        });
        let shift = POSITION_BITS.saturating_sub(u64::BITS - ratio.up.leading_zeros());
        let mut this = Self {
            fir,
            bank: bank.collect(),
            history: History::new(LANES, 0, HALF - 1, most),
            unit: ratio.up << shift,
            phases_per_unit: PHASES as f64 / (ratio.up << shift) as f64,
            nominal: ratio.down << shift,
            step: (0, 0),
            fraction: 0,
            whole: 0,
            window: 0,
        };
        this.set_trim(0.0);
        this
    }

    /// As at the beginning; the trim stays.
    pub(super) fn reset(&mut self) {
        self.history.reset();
        self.fraction = 0;
        self.whole = 0;
        self.window = 0;
    }

    /// Input samples that must be known beyond an output.
    pub(super) fn delay(&self) -> usize {
        HALF
    }

    /// Uses 1 + `trim` times as much input for each output from now on.
    pub(super) fn set_trim(&mut self, trim: f64) {
        let step = (self.nominal as f64 * (1.0 + trim)).round() as u64;
        self.step = ((step / self.unit) as usize, step % self.unit);
    }

    /// Position of the next output: whole input samples and units of the fraction.
    pub(super) fn position(&self) -> Position {
        Position {
            whole: self.whole,
            fraction: self.fraction,
            unit: self.unit,
        }
    }

    /// Takes as many samples as the bridge gives and puts what they complete into the front of
    /// `output`; returns how many samples that is.
    pub(super) fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        self.history.append(input);
        let mut done = 0;
        for group in output.chunks_mut(GROUP) {
            let (places, count) = self.next(group.len());
            let outputs = self.fir.between(&self.bank, &places, self.history.known());
            for (place, output) in group.iter_mut().zip(outputs).take(count) {
                *place = output;
            }
            done += count;
            if count < group.len() {
                break;
            }
        }
        let passed = self.window.min(self.history.len());
        self.history.drop_front(passed);
        self.window -= passed;
        done
    }

    /// Where the next outputs lie, at most `most` and [`GROUP`] of those whose input has come, and how
    /// many these are. They count as put out.
    fn next(&mut self, most: usize) -> (Places, usize) {
        let mut places = Places::default();
        let slots = places.windows.iter_mut().zip(&mut places.rows);
        let mut count = 0;
        for ((window, row), between) in slots.zip(&mut places.between).take(most) {
            if self.history.len() < self.window + LANES {
                break;
            }
            let scaled = self.fraction as f64 * self.phases_per_unit;
            *row = (scaled as u32).min(PHASES as u32 - 1);
            *between = (scaled - f64::from(*row)) as f32;
            *window = self.window;
            self.advance();
            count += 1;
        }
        (places, count)
    }

    fn advance(&mut self) {
        let (mut samples, units) = self.step;
        self.fraction += units;
        if self.fraction >= self.unit {
            self.fraction -= self.unit;
            samples += 1;
        }
        self.whole += samples as u64;
        self.window += samples;
    }
}

/// Where an output lies on the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    whole: u64,
    fraction: u64,
    unit: u64,
}

impl Position {
    /// Whether it lies before `end` samples of a rate 2^`halvings` / `bridge` times as high.
    pub(super) fn is_before(self, end: u64, halvings: usize, bridge: Ratio) -> bool {
        let unit = u128::from(self.unit);
        let here = u128::from(self.whole) * unit + u128::from(self.fraction);
        (here << halvings) * u128::from(bridge.down)
            < u128::from(end) * unit * u128::from(bridge.up)
    }

    /// In samples.
    pub(super) fn samples(self) -> f64 {
        self.whole as f64 + self.fraction as f64 / self.unit as f64
    }
}
