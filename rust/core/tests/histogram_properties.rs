//! The lock-free histogram agrees with HdrHistogram, whoever records and whenever it is read.
#![cfg(not(loom))]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;
use voicestand_core::stats::Histogram;

const QUANTILES: [f64; 7] = [0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0];

/// Values of every size, the borders of the buckets among them.
fn value() -> impl Strategy<Value = u64> {
    (0_u32..64, any::<u64>(), -2_i64..=2).prop_map(|(bits, low, beside)| {
        let power = 1_u64 << bits;
        match low % 3 {
            0 => power.saturating_add_signed(beside),
            1 => power | (low & (power - 1)),
            _ => low >> bits,
        }
    })
}

proptest! {
    #[test]
    fn quantiles_are_those_of_hdrhistogram_fed_the_same_values(
        values in prop::collection::vec(value(), 0..300),
        highest in 2_u64..1 << 50,
        figures in 0_u8..=4,
    ) {
        let ours = Histogram::new(highest, figures).unwrap();
        let mut theirs =
            hdrhistogram::Histogram::<u64>::new_with_bounds(1, highest, figures).unwrap();
        for &value in &values {
            ours.record(value);
            theirs.record(value.min(highest)).unwrap();
        }
        let seen = ours.snapshot();
        prop_assert_eq!(seen.counts.len(), values.len() as u64);
        let beyond = values.iter().filter(|&&value| value > highest).count();
        prop_assert_eq!(seen.saturated, beyond as u64);
        for quantile in QUANTILES {
            prop_assert_eq!(
                seen.counts.value_at_quantile(quantile),
                theirs.value_at_quantile(quantile)
            );
        }
        prop_assert_eq!((seen.counts.min(), seen.counts.max()), (theirs.min(), theirs.max()));
        prop_assert_eq!(seen.counts.mean().to_bits(), theirs.mean().to_bits());
    }

    #[test]
    fn a_value_is_known_to_its_significant_figures(value in 0_u64..1 << 40, figures in 1_u8..=4) {
        let histogram = Histogram::new(1 << 40, figures).unwrap();
        histogram.record(value);
        let seen = histogram.snapshot().counts.value_at_quantile(0.5);
        prop_assert!(seen.abs_diff(value) <= value / 10_u64.pow(u32::from(figures)));
    }
}

#[test]
fn no_count_is_lost_while_four_threads_record_and_one_reads() {
    const EACH: u64 = 50_000;
    let histogram = Histogram::new(1_000_000, 2).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let histogram = &histogram;
            // Every thread hits the same buckets, and one value in a hundred is beyond the range.
            scope.spawn(move || {
                for n in 0..EACH {
                    histogram.record(if n % 100 == 99 {
                        1 << 40
                    } else {
                        (n ^ thread) % 512
                    });
                }
            });
        }
        let mut before = 0;
        while before < 4 * EACH {
            let seen = histogram.snapshot();
            assert!(seen.counts.len() >= before, "a count went back");
            before = seen.counts.len();
            std::thread::yield_now();
        }
    });
    let seen = histogram.snapshot();
    assert_eq!(seen.counts.len(), 4 * EACH);
    assert_eq!(seen.saturated, 4 * EACH / 100);
}

#[test]
fn a_range_or_a_precision_that_makes_no_histogram_is_refused() {
    for (highest, figures) in [(0, 2), (1, 2), (1_000, 6)] {
        assert!(
            Histogram::new(highest, figures).is_err(),
            "{highest} {figures}"
        );
    }
}
