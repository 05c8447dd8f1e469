//! What the DSP thread and the rest of the program tell each other about the speech clock.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Reading;

/// Written by one side, read by the other, without a lock.
#[derive(Debug, Default)]
pub(super) struct ClockBoard {
    origin_ns: AtomicU64,
    drift_ppm: AtomicU64,
    error: AtomicU64,
    jitter: AtomicU64,
    steps: AtomicU64,
}

impl ClockBoard {
    /// The instant of speech frame 0; 0: that of the source's first frame.
    pub(super) fn origin_ns(&self) -> u64 {
        self.origin_ns.load(Ordering::Relaxed)
    }

    pub(super) fn set_origin(&self, origin_ns: u64) {
        self.origin_ns.store(origin_ns, Ordering::Relaxed);
    }

    /// The latest reading; its numbers may be of two neighbouring blocks.
    pub(super) fn reading(&self) -> Reading {
        let number = |place: &AtomicU64| f64::from_bits(place.load(Ordering::Relaxed));
        Reading {
            drift_ppm: number(&self.drift_ppm),
            error: number(&self.error),
            jitter: number(&self.jitter),
            steps: self.steps.load(Ordering::Relaxed),
        }
    }

    pub(super) fn write(&self, reading: Reading) {
        let write = |place: &AtomicU64, number: f64| {
            place.store(number.to_bits(), Ordering::Relaxed);
        };
        write(&self.drift_ppm, reading.drift_ppm);
        write(&self.error, reading.error);
        write(&self.jitter, reading.jitter);
        self.steps.store(reading.steps, Ordering::Relaxed);
    }
}
