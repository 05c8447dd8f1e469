//! Every interleaving of two recorders and a reader of the histogram that ships.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p voicestand-core --test histogram_loom`
#![cfg(loom)]
#![allow(missing_docs, clippy::unwrap_used)]

use loom::{sync::Arc, thread};
use voicestand_core::stats::Histogram;

#[test]
fn recorders_that_meet_in_a_bucket_lose_no_count_and_a_reader_sees_no_more_than_was_recorded() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(|| {
        // Values 0 to 2, no figures: three buckets, so that everybody meets.
        let histogram = Arc::new(Histogram::new(2, 0).unwrap());
        let recorders: Vec<_> = (0..2)
            .map(|_| {
                let histogram = Arc::clone(&histogram);
                thread::spawn(move || {
                    histogram.record(1);
                    histogram.record(9);
                })
            })
            .collect();
        let seen = histogram.snapshot();
        assert!(seen.counts.len() <= 4);
        assert!(seen.saturated <= 2);
        for recorder in recorders {
            recorder.join().unwrap();
        }
        let seen = histogram.snapshot();
        assert_eq!((seen.counts.len(), seen.saturated), (4, 2));
    });
}
