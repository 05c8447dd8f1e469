//! A histogram that a real-time thread may write while others read it.

use std::fmt;

use hdrhistogram::CreationError;

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Counts of values in log-linear buckets, in the layout of HdrHistogram: within each power of two
/// the buckets are equally wide, so every value is known to the same number of significant figures.
///
/// [`record`](Self::record) is wait-free: one relaxed addition, a second one only for a value beyond
/// the range. A bucket counts to 2^32 - 1 and stays there: 49 days of one value a millisecond. All
/// memory is allocated by [`new`](Self::new). Nothing but the buckets is kept: count,
/// extremes and quantiles are derived from them by whoever takes a [`snapshot`](Self::snapshot), so
/// that recording does not pay for them.
///
/// Source of the layout: Gil Tene, HdrHistogram; the crate `hdrhistogram` computes the quantiles.
///
/// # Examples
///
/// ```
/// use voicestand_core::stats::Histogram;
///
/// let histogram = Histogram::new(60_000_000_000, 2).expect("a range and 0 to 5 figures");
/// for nanoseconds in [800, 900, 1_000, 40_000] {
///     histogram.record(nanoseconds);
/// }
/// let seen = histogram.snapshot();
/// assert_eq!(seen.counts.len(), 4);
/// assert_eq!(seen.counts.value_at_quantile(0.5), 903); // within 1 % of 900
/// ```
pub struct Histogram {
    counts: Box<[AtomicU32]>,
    saturated: AtomicU64,
    layout: Layout,
}

/// What a [`Histogram`] held when it was looked at.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The counts, for quantiles. Values beyond the range are in its last bucket.
    pub counts: hdrhistogram::Histogram<u64>,
    /// How many of them were beyond the range.
    pub saturated: u64,
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

impl Histogram {
    /// An empty histogram of values from 0 to `highest` (at least 2), each known to `figures`
    /// significant figures, 0 to 5.
    ///
    /// # Errors
    ///
    /// [`CreationError`] for a range or a precision outside these.
    pub fn new(highest: u64, figures: u8) -> Result<Self, CreationError> {
        // The reader's histogram is made of the same numbers: what it refuses is refused here.
        let model = hdrhistogram::Histogram::<u64>::new_with_bounds(1, highest, figures)?;
        let layout = Layout::new(highest, figures);
        debug_assert_eq!(layout.buckets(), model.distinct_values());
        Ok(Self {
            counts: (0..layout.buckets()).map(|_| AtomicU32::new(0)).collect(),
            saturated: AtomicU64::new(0),
            layout,
        })
    }

    /// Counts `value`; one beyond the range is counted as the highest, and as saturated. Wait-free,
    /// from any thread.
    #[inline]
    pub fn record(&self, value: u64) {
        let kept = value.min(self.layout.highest);
        if let Some(count) = self.counts.get(self.layout.bucket_of(kept)) {
            // Relaxed: a count orders nothing; the sum is right whatever order it is made in.
            if count.fetch_add(1, Ordering::Relaxed) == u32::MAX {
                count.store(u32::MAX, Ordering::Relaxed);
            }
        }
        if kept != value {
            self.saturated.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was recorded so far. Values that are recorded meanwhile are in it or in the next one.
    ///
    /// Allocates: not for a real-time thread.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut counts = self.layout.model();
        for (bucket, count) in self.counts.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                counts.saturating_record_n(self.layout.lowest_in(bucket), u64::from(count));
            }
        }
        Snapshot {
            counts,
            saturated: self.saturated.load(Ordering::Relaxed),
        }
    }
}

/// Which bucket counts which values: index arithmetic, with names.
#[derive(Clone, Copy, Debug)]
struct Layout {
    highest: u64,
    figures: u8,
    /// Each power of two beyond the first is divided into 2^`half_bits` buckets.
    half_bits: u32,
}

impl Layout {
    fn new(highest: u64, figures: u8) -> Self {
        // Twice 10^figures steps in the first group tell its upper half apart to that precision.
        let steps = 2 * 10_u64.pow(u32::from(figures));
        Self {
            highest,
            figures,
            half_bits: steps.next_power_of_two().trailing_zeros() - 1,
        }
    }

    fn buckets(self) -> usize {
        // The power of two that `highest` falls in is counted whole.
        let groups = u64::BITS - (self.highest | self.first_group()).leading_zeros();
        ((groups - self.half_bits + 1) as usize) << self.half_bits
    }

    /// All ones below the end of the first group, where every value has a bucket of its own.
    const fn first_group(self) -> u64 {
        (2 << self.half_bits) - 1
    }

    /// How often values of this size are halved until they fit in the first group.
    #[inline]
    const fn halvings(self, value: u64) -> u32 {
        let bits = u64::BITS - (value | self.first_group()).leading_zeros();
        bits - self.half_bits - 1
    }

    #[inline]
    const fn bucket_of(self, value: u64) -> usize {
        let halvings = self.halvings(value);
        ((halvings as usize) << self.half_bits) + (value >> halvings) as usize
    }

    const fn lowest_in(self, bucket: usize) -> u64 {
        let group = bucket >> self.half_bits;
        let halvings = group.saturating_sub(1);
        ((bucket - (halvings << self.half_bits)) as u64) << halvings
    }

    /// An empty histogram of the same layout.
    fn model(self) -> hdrhistogram::Histogram<u64> {
        match hdrhistogram::Histogram::new_with_bounds(1, self.highest, self.figures) {
            Ok(model) => model,
            Err(_) => unreachable!("`Histogram::new` made one of the same numbers"),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_that_is_full_stays_full() {
        let histogram = Histogram::new(100, 1).unwrap();
        histogram.counts[7].store(u32::MAX - 1, Ordering::Relaxed);
        for _ in 0..3 {
            histogram.record(7);
            assert_eq!(histogram.snapshot().counts.len(), u64::from(u32::MAX));
        }
    }
}
