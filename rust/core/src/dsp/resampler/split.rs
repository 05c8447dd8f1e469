//! Two filters instead of one with very many phases, by way of a rate between.
//!
//! From 22.05 to 16 kHz (320/441) there are 320 phases, a quarter of a megabyte of filters, each used
//! once in 20 ms: they come from the second-level cache every time. By way of 21 kHz (20/21 and then
//! 16/21) it is a short filter more, but both fit into the first.

use super::{
    PASS_BAND, Ratio,
    filter::{HALVING_DB, Lowpass},
    fir::Fir,
    history::CHUNK,
    last_lowpass,
    polyphase::{self, Polyphase},
};

/// Filters up to this size, bytes, stay in the first-level cache: half of a small one.
const CLOSE: usize = 1 << 14;

/// The first of the two.
#[derive(Clone, Debug)]
pub(super) struct Bridge {
    ratio: Ratio,
    stage: Polyphase,
    output: Box<[f32]>,
}

impl Bridge {
    /// The stage before the last one on the way from `rate` to `target` Hz by `ratio`, and the ratio
    /// it makes; `None` where one stage does as well.
    pub(super) fn before(fir: Fir, ratio: Ratio, rate: f64, target: f64) -> Option<(Ratio, Self)> {
        let alone = polyphase::bank_bytes(ratio, last_lowpass(rate, target))?;
        if alone <= 2 * CLOSE || ratio.up >= ratio.down {
            return None;
        }
        let (_, first, lowpass) = splits(ratio)
            .filter_map(|(first, second)| {
                let between = rate * first.up as f64 / first.down as f64;
                let second_lowpass = last_lowpass(between, target);
                // What folds back onto the output's band must be gone; the rest the last stage takes.
                let stop = (2.0 * between - target) / rate;
                let first_lowpass = Lowpass::new(PASS_BAND * target / rate, stop, HALVING_DB);
                let close = |ratio, lowpass| {
                    polyphase::bank_bytes(ratio, lowpass).is_some_and(|bytes| bytes <= CLOSE)
                };
                let products =
                    first_lowpass.reach() as f64 * between + second_lowpass.reach() as f64 * target;
                (between > target && close(first, first_lowpass) && close(second, second_lowpass))
                    .then_some((products, first, first_lowpass))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some((first, Self::new(fir, first, lowpass)))
    }

    /// The stage for `ratio`, which leaves of its input what `lowpass` does.
    pub(super) fn new(fir: Fir, ratio: Ratio, lowpass: Lowpass) -> Self {
        let most = (CHUNK as u64 * ratio.up).div_ceil(ratio.down) as usize + 1;
        Self {
            ratio,
            stage: Polyphase::new(fir, ratio, lowpass),
            output: vec![0.0; most].into(),
        }
    }

    /// As at the beginning.
    pub(super) fn reset(&mut self) {
        self.stage.reset();
    }

    /// Input samples that must be known beyond an output.
    pub(super) fn delay(&self) -> usize {
        self.stage.delay()
    }

    /// Output rate to input rate.
    pub(super) fn ratio(&self) -> Ratio {
        self.ratio
    }

    /// The most samples that [`process`](Self::process) returns.
    pub(super) fn most_output(&self) -> usize {
        self.output.len()
    }

    /// Takes up to [`CHUNK`] samples; returns what they complete.
    pub(super) fn process(&mut self, input: &[f32]) -> &[f32] {
        let count = self.stage.process(input, &mut self.output);
        self.output.get(..count).unwrap_or_default()
    }
}

/// All pairs of ratios that make `ratio` together and the first of which lowers the rate.
fn splits(ratio: Ratio) -> impl Iterator<Item = (Ratio, Ratio)> {
    divisors(ratio.up).flat_map(move |up| {
        divisors(ratio.down)
            .filter(move |&down| up < down)
            .map(move |down| {
                (
                    Ratio::of(up, down),
                    Ratio::of(ratio.up / up, ratio.down / down),
                )
            })
    })
}

fn divisors(number: u64) -> impl Iterator<Item = u64> {
    (1..=number).filter(move |divisor| number.is_multiple_of(*divisor))
}
