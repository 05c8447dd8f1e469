//! The gates of EBU R 128: which blocks of a programme count towards its loudness and its range.

/// Blocks below this are no programme, LUFS: the absolute gate.
const ABSOLUTE_GATE: f64 = -70.0;
/// Blocks so much below the mean do not count, LU: the relative gates of loudness and of range.
const LOUDNESS_GATE: f64 = -10.0;
const RANGE_GATE: f64 = -20.0;
/// The shares of all blocks between whose loudness the range lies (EBU Tech 3342).
const RANGE_SHARES: (f64, f64) = (0.10, 0.95);
/// Steps of a histogram in a LU, and how many there are: up to +30 LUFS.
const STEPS: f64 = 10.0;
const BINS: usize = 1_000;

/// Loudness of a mean square of K-weighted samples, LUFS; −∞ for silence.
pub(super) fn loudness_of(power: f64) -> f64 {
    10.0 * power.log10() - 0.691
}

fn power_of(loudness: f64) -> f64 {
    10_f64.powf((loudness + 0.691) / 10.0)
}

/// How often blocks had which loudness: all that gating asks of a programme, however long it is.
#[derive(Clone, Debug)]
pub(super) struct LoudnessHistogram {
    counts: Box<[u32]>,
}

impl LoudnessHistogram {
    pub(super) fn new() -> Self {
        Self {
            counts: vec![0; BINS].into(),
        }
    }

    /// Counts a block with a mean square of `power`, if it passes the absolute gate.
    pub(super) fn count(&mut self, power: f64) {
        let loudness = loudness_of(power);
        if loudness < ABSOLUTE_GATE {
            return;
        }
        let bin = ((loudness - ABSOLUTE_GATE) * STEPS) as usize;
        if let Some(count) = self.counts.get_mut(bin.min(BINS - 1)) {
            *count = count.saturating_add(1);
        }
    }

    /// The mean loudness of what passes both gates, LUFS; `None` before any block does.
    pub(super) fn integrated(&self) -> Option<f64> {
        let mean = self.mean_power(self.relative_gate(LOUDNESS_GATE)?)?;
        Some(loudness_of(mean))
    }

    /// The loudness range of what passes both gates, LU; `None` before any block does.
    pub(super) fn range(&self) -> Option<f64> {
        let gate = self.relative_gate(RANGE_GATE)?;
        let counts = self.counts.get(gate..)?;
        let blocks: u32 = counts.iter().sum();
        let last = f64::from(blocks.checked_sub(1)?);
        let bin_at = |share: f64| {
            let mut left = (share * last).round() as u32;
            counts.iter().position(|&count| {
                let here = left < count;
                left = left.saturating_sub(count);
                here
            })
        };
        let (low, high) = RANGE_SHARES;
        Some((bin_at(high)? - bin_at(low)?) as f64 / STEPS)
    }

    /// The lowest bin of blocks that are not more than `below` (negative) LU under the mean.
    fn relative_gate(&self, below: f64) -> Option<usize> {
        let gate = loudness_of(self.mean_power(0)?) + below;
        // A bin counts if its middle passes.
        Some(((gate - ABSOLUTE_GATE) * STEPS - 0.5).ceil().max(0.0) as usize)
    }

    /// Mean of the blocks in the bins from `first` on, each taken for its bin's middle.
    fn mean_power(&self, first: usize) -> Option<f64> {
        let mut middle = power_of(ABSOLUTE_GATE + (first as f64 + 0.5) / STEPS);
        let step = 10_f64.powf(0.1 / STEPS);
        let (mut sum, mut blocks) = (0.0, 0_u32);
        for &count in self.counts.get(first..)? {
            sum += f64::from(count) * middle;
            blocks = blocks.saturating_add(count);
            middle *= step;
        }
        (blocks > 0).then(|| sum / f64::from(blocks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programme(blocks: &[(f64, usize)]) -> LoudnessHistogram {
        let mut histogram = LoudnessHistogram::new();
        for &(loudness, times) in blocks {
            for _ in 0..times {
                histogram.count(power_of(loudness));
            }
        }
        histogram
    }

    #[test]
    fn nothing_but_silence_has_neither_loudness_nor_range() {
        let mut histogram = programme(&[(-70.1, 50)]);
        histogram.count(0.0);
        assert_eq!(histogram.integrated(), None);
        assert_eq!(histogram.range(), None);
    }

    #[test]
    fn blocks_ten_below_the_mean_do_not_count() {
        let loudness = programme(&[(-23.0, 90), (-45.0, 900)])
            .integrated()
            .unwrap();
        // The mean of all is −33.4: those at −45 are below its gate.
        assert!((loudness + 23.0).abs() <= 0.05, "{loudness}");
    }

    #[test]
    fn the_range_leaves_out_a_tenth_below_and_a_twentieth_above() {
        let blocks = [(-40.0, 9), (-35.0, 41), (-25.0, 46), (-15.0, 4)];
        let range = programme(&blocks).range().unwrap();
        assert!((range - 10.0).abs() < 0.11, "{range}");
    }

    #[test]
    fn what_is_louder_than_the_scale_is_counted_at_its_end() {
        assert!((programme(&[(40.0, 3)]).integrated().unwrap() - 29.95).abs() < 1e-6);
    }
}
