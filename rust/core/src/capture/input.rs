//! The one door to the capture ring, for a device callback or a file reader.

use std::{
    cell::UnsafeCell,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::{
    clock,
    ring::{Producer, Stamp, flags},
    stats::Instruments,
};

/// What came through the door, and what did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputCounts {
    /// Calls of the device callback, or blocks of a file.
    pub blocks: u64,
    /// Blocks that the audio server flagged: it lost audio before them.
    pub overflows: u64,
    /// Frames turned away because two threads came at once or the input was closed.
    pub rejected: u64,
    /// The longest time between two blocks, in nanoseconds.
    pub longest_gap_ns: u64,
}

/// The writing end of the capture ring behind a door for one: who finds it occupied is counted and
/// turned away, never made to wait.
pub struct Input {
    occupied: AtomicBool,
    /// `None` once the input is closed.
    producer: UnsafeCell<Option<Producer>>,
    channels: usize,
    instruments: Arc<Instruments>,
    blocks: AtomicU64,
    overflows: AtomicU64,
    rejected: AtomicU64,
    last_ns: AtomicU64,
    longest_gap_ns: AtomicU64,
}

// SAFETY: `producer` is touched only between winning `occupied` and giving it back.
unsafe impl Sync for Input {}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("channels", &self.channels)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

impl Input {
    /// An input for frames of `channels` interleaved samples, seen through `instruments`.
    #[must_use]
    pub fn new(producer: Producer, channels: usize, instruments: Arc<Instruments>) -> Self {
        Self {
            occupied: AtomicBool::new(false),
            producer: UnsafeCell::new(Some(producer)),
            channels: channels.max(1),
            instruments,
            blocks: AtomicU64::new(0),
            overflows: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            last_ns: AtomicU64::new(0),
            longest_gap_ns: AtomicU64::new(0),
        }
    }

    /// Samples in a frame.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// What the device callback is measured with.
    #[must_use]
    pub fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// Copies interleaved `samples`, whose first frame was converted at `adc_ns`, into the ring.
    ///
    /// Returns the frames taken: all whole ones, or none if the door was occupied or closed. Wait-
    /// free; safe in a real-time callback.
    pub fn accept(&self, samples: &[f32], adc_ns: u64, sample_rate: u32, overflow: bool) -> usize {
        let frames = samples.len() / self.channels;
        let published_ns = self.note_call(overflow);
        let taken = self.enter(|producer| {
            let Some(producer) = producer else { return 0 };
            let block_frames = (producer.block_samples() / self.channels).max(1);
            let mut done = 0_usize;
            for part in samples.chunks(block_frames * self.channels) {
                let count = part.len() / self.channels;
                let offset_ns = done as u64 * 1_000_000_000 / u64::from(sample_rate.max(1));
                let flags = if overflow && done == 0 {
                    flags::OVERFLOW
                } else {
                    0
                };
                producer.publish(|block| {
                    for (to, from) in block.iter_mut().zip(part) {
                        *to = *from;
                    }
                    (count > 0).then_some(Stamp {
                        frames: count as u32,
                        source_frames: count as u32,
                        adc_ns: adc_ns + offset_ns,
                        published_ns,
                        flags,
                        ..Stamp::default()
                    })
                });
                done += count;
            }
            done
        });
        match taken {
            Some(taken) if taken == frames => taken,
            taken => {
                let taken = taken.unwrap_or(0);
                self.rejected
                    .fetch_add((frames - taken) as u64, Ordering::Relaxed);
                taken
            }
        }
    }

    /// Closes the input: readers get what was accepted and then the end. Later audio is rejected.
    ///
    /// Waits for a callback that is just inside, which takes microseconds. Not for the audio path.
    pub fn close(&self) {
        while self.enter(|producer| drop(producer.take())).is_none() {
            std::thread::yield_now();
        }
    }

    /// What has happened here so far.
    #[must_use]
    pub fn counts(&self) -> InputCounts {
        InputCounts {
            blocks: self.blocks.load(Ordering::Relaxed),
            overflows: self.overflows.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            longest_gap_ns: self.longest_gap_ns.load(Ordering::Relaxed),
        }
    }

    /// Counts a call and returns when it came.
    fn note_call(&self, overflow: bool) -> u64 {
        let now = clock::monotonic_ns();
        let last = self.last_ns.swap(now, Ordering::Relaxed);
        if last != 0 {
            self.longest_gap_ns
                .fetch_max(now.saturating_sub(last), Ordering::Relaxed);
        }
        self.blocks.fetch_add(1, Ordering::Relaxed);
        self.overflows
            .fetch_add(u64::from(overflow), Ordering::Relaxed);
        now
    }

    /// Calls `work` alone with the producer; `None` if somebody else is inside.
    fn enter<R>(&self, work: impl FnOnce(&mut Option<Producer>) -> R) -> Option<R> {
        if self.occupied.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: `occupied` was false and is now ours until the store below.
        let result = work(unsafe { &mut *self.producer.get() });
        self.occupied.store(false, Ordering::Release);
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::{Read, Shape, ring};

    #[test]
    fn audio_longer_than_a_block_is_split_and_stamped_on() {
        let (producer, ring) = ring(Shape {
            blocks: 8,
            block_samples: 4,
            readers: 1,
        });
        let mut reader = ring.reader().expect("a desk is free");
        let input = Input::new(producer, 2, Arc::default());
        assert_eq!(
            input.accept(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 1_000, 1_000_000, true),
            3
        );
        let mut seen = Vec::new();
        while let Read::Block(block) = reader.read() {
            let stamp = block.stamp();
            seen.push((stamp.frame, stamp.frames, stamp.adc_ns, stamp.flags));
        }
        assert_eq!(seen, [(0, 2, 1_000, flags::OVERFLOW), (2, 1, 3_000, 0)]);
        assert_eq!(input.counts().overflows, 1);
    }

    #[test]
    fn audio_after_the_close_is_rejected_and_counted() {
        let (producer, ring) = ring(Shape {
            blocks: 2,
            block_samples: 4,
            readers: 1,
        });
        let mut reader = ring.reader().expect("a desk is free");
        let input = Input::new(producer, 1, Arc::default());
        input.close();
        assert_eq!(input.accept(&[0.0; 3], 0, 48_000, false), 0);
        assert_eq!(input.counts().rejected, 3);
        assert!(matches!(reader.read(), Read::Closed));
    }
}
