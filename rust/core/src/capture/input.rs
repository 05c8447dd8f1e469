//! The one door to the capture ring, for a device callback or a file reader.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::format;
use crate::{
    clock,
    ring::{Producer, Stamp, flags},
    stats::Instruments,
    try_lock::TryLock,
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
    /// Frames that the source never gave, since it was away or lost them: silence on the clock.
    pub missing: u64,
    /// The longest time between two blocks of one stream, in nanoseconds.
    pub longest_gap_ns: u64,
}

/// When a block was converted, and what the source says about it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Of the first frame, `CLOCK_MONOTONIC` nanoseconds.
    pub adc_ns: u64,
    /// Hz.
    pub sample_rate: u32,
    /// Frames that the source says are lost between the last block and this one.
    pub missing: u64,
    /// Whether the audio server lost audio before it.
    pub overflow: bool,
}

impl Moment {
    /// Nanoseconds that `frames` frames last.
    fn duration_ns(&self, frames: u64) -> u64 {
        frames * 1_000_000_000 / u64::from(self.sample_rate.max(1))
    }
}

/// How many times the usual age is believed of a source that was just opened again.
const MOST_TIMES_USUAL: u64 = 2;

/// What only the one behind the door may touch.
struct Inside {
    /// `None` once the input is closed.
    producer: Option<Producer>,
    /// When the next frame is due, were the source never interrupted; 0 before the first one.
    due_ns: u64,
    /// How old the first frame of a block usually is when it comes, nanoseconds.
    usual_age_ns: u64,
    /// Whether the source is away, or back and has not given a frame yet.
    interrupted: bool,
    /// Whether the source is back and states ages that are not to be believed yet.
    settling: bool,
}

impl Inside {
    /// Follows the age of blocks, over some 64 of them.
    fn learn_age(&mut self, now_ns: u64, adc_ns: u64) {
        let age = now_ns.saturating_sub(adc_ns);
        self.usual_age_ns = if self.due_ns == 0 {
            age
        } else {
            self.usual_age_ns - self.usual_age_ns / 64 + age / 64
        };
    }

    /// When a block was converted: as stated, except that after an interruption the source must
    /// once have stated an age near the usual one before a far greater one is believed.
    ///
    /// NB: ALSA's pulse plugin states a delay of 0.6 s when a stream begins and comes down to the
    /// true one, some 10 ms, in the next half second.
    fn believable(&mut self, now_ns: u64, adc_ns: u64) -> u64 {
        let earliest = now_ns.saturating_sub(MOST_TIMES_USUAL * self.usual_age_ns);
        self.settling &= adc_ns < earliest;
        if self.settling { earliest } else { adc_ns }
    }
}

/// The writing end of the capture ring behind a door for one: who finds it occupied is counted and
/// turned away, never made to wait.
pub struct Input {
    inside: TryLock<Inside>,
    channels: usize,
    instruments: Arc<Instruments>,
    blocks: AtomicU64,
    overflows: AtomicU64,
    rejected: AtomicU64,
    missing: AtomicU64,
    last_ns: AtomicU64,
    longest_gap_ns: AtomicU64,
}

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
            inside: TryLock::new(Inside {
                producer: Some(producer),
                due_ns: 0,
                usual_age_ns: 0,
                interrupted: false,
                settling: false,
            }),
            channels: channels.max(1),
            instruments,
            blocks: AtomicU64::new(0),
            overflows: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            missing: AtomicU64::new(0),
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
        let moment = Moment {
            adc_ns,
            sample_rate,
            missing: 0,
            overflow,
        };
        self.accept_frames(samples.len() / self.channels, moment, |first, block| {
            let from = first * self.channels;
            format::copy(block, samples.get(from..).unwrap_or_default());
        })
    }

    /// Takes `frames` frames of any layout: `fill(first, block)` writes the interleaved samples from
    /// frame `first` on into as much of `block` as it is given.
    ///
    /// Returns the frames taken, as [`accept`](Self::accept) does. Wait-free if `fill` is.
    pub fn accept_frames(
        &self,
        frames: usize,
        mut moment: Moment,
        mut fill: impl FnMut(usize, &mut [f32]),
    ) -> usize {
        let now_ns = self.note_call(moment.overflow);
        let taken = self.inside.try_with(|inside| {
            let back = std::mem::take(&mut inside.interrupted) && inside.due_ns != 0;
            inside.settling |= back;
            moment.adc_ns = inside.believable(now_ns, moment.adc_ns);
            if back {
                self.skip_to(inside, moment);
            } else {
                self.skip(inside, moment, moment.missing);
            }
            inside.learn_age(now_ns, moment.adc_ns);
            let producer = inside.producer.as_mut()?;
            let block_frames = (producer.block_samples() / self.channels).max(1);
            let mut done = 0_usize;
            while done < frames {
                let count = block_frames.min(frames - done);
                let flags = if moment.overflow && done == 0 {
                    flags::OVERFLOW
                } else {
                    0
                };
                producer.publish(|block| {
                    fill(done, block.get_mut(..count * self.channels)?);
                    Some(Stamp {
                        frames: count as u32,
                        source_frames: count as u32,
                        adc_ns: moment.adc_ns + moment.duration_ns(done as u64),
                        published_ns: now_ns,
                        flags,
                        ..Stamp::default()
                    })
                });
                done += count;
            }
            inside.due_ns = moment.adc_ns + moment.duration_ns(frames as u64);
            Some(frames)
        });
        let taken = taken.flatten().unwrap_or(0);
        if taken < frames {
            self.rejected
                .fetch_add((frames - taken) as u64, Ordering::Relaxed);
        }
        taken
    }

    /// The source has gone away. The clock goes on by [`advance`](Self::advance), and by what is
    /// still missing when the next frame comes. Not for the audio path.
    pub fn interrupt(&self) {
        self.inside.with(|inside| inside.interrupted = true);
        self.last_ns.store(0, Ordering::Relaxed);
        self.instruments.interrupted();
    }

    /// While the source is away, lets the clock go on up to `until_ns`; readers see silence. Not for
    /// the audio path.
    ///
    /// A margin behind now belongs in `until_ns`: when the source comes back, its first frame is as
    /// old as its latency, and the clock cannot go back.
    pub fn advance(&self, until_ns: u64, sample_rate: u32) {
        let moment = Moment {
            adc_ns: until_ns,
            sample_rate,
            missing: 0,
            overflow: false,
        };
        self.inside.with(|inside| {
            if !inside.interrupted || inside.due_ns == 0 {
                return;
            }
            let skipped = self.skip_to(inside, moment);
            if skipped > 0
                && let Some(producer) = &mut inside.producer
            {
                // No frames, but readers are woken and see that the clock went on.
                producer.publish(|_| {
                    Some(Stamp {
                        adc_ns: until_ns,
                        flags: flags::GAP,
                        ..Stamp::default()
                    })
                });
            }
        });
    }

    /// Closes the input: readers get what was accepted and then the end. Later audio is rejected.
    ///
    /// Waits for a callback that is just inside, which takes microseconds. Not for the audio path.
    pub fn close(&self) {
        self.inside.with(|inside| drop(inside.producer.take()));
    }

    /// What has happened here so far.
    #[must_use]
    pub fn counts(&self) -> InputCounts {
        InputCounts {
            blocks: self.blocks.load(Ordering::Relaxed),
            overflows: self.overflows.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            missing: self.missing.load(Ordering::Relaxed),
            longest_gap_ns: self.longest_gap_ns.load(Ordering::Relaxed),
        }
    }

    /// Lets the clock go on to `moment`; returns the frames it skipped.
    fn skip_to(&self, inside: &mut Inside, moment: Moment) -> u64 {
        let behind_ns = moment.adc_ns.saturating_sub(inside.due_ns);
        let rate = u128::from(moment.sample_rate);
        let missing = (u128::from(behind_ns) * rate / 1_000_000_000) as u64;
        self.skip(inside, moment, missing);
        missing
    }

    /// Lets the clock go on by `missing` frames.
    fn skip(&self, inside: &mut Inside, moment: Moment, missing: u64) {
        if missing > 0
            && let Some(producer) = &mut inside.producer
        {
            producer.skip(missing);
            // By whole frames, so that no fraction is lost from one call to the next.
            inside.due_ns += moment.duration_ns(missing);
            self.missing.fetch_add(missing, Ordering::Relaxed);
        }
    }

    /// Counts a block; returns the time.
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::{Read, Reader, Shape, ring};

    fn input(block_samples: usize, channels: usize) -> (Input, Reader) {
        let (producer, ring) = ring(Shape {
            blocks: 8,
            block_samples,
            readers: 1,
            pins: 0,
        });
        let reader = ring.reader().expect("a desk is free");
        (Input::new(producer, channels, Arc::default()), reader)
    }

    #[test]
    fn audio_longer_than_a_block_is_split_and_stamped_on() {
        let (input, mut reader) = input(4, 2);
        assert_eq!(
            input.accept(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 1_000, 1_000_000, true),
            3
        );
        let mut seen = Vec::new();
        while let Read::Block(block) = reader.read() {
            let stamp = block.stamp();
            let first = block.with_samples(|samples| samples.first().copied());
            seen.push((stamp.frame, stamp.frames, stamp.adc_ns, stamp.flags, first));
        }
        assert_eq!(
            seen,
            [
                (0, 2, 1_000, flags::OVERFLOW, Some(1.0)),
                (2, 1, 3_000, 0, Some(5.0))
            ]
        );
        assert_eq!(input.counts().overflows, 1);
    }

    #[test]
    fn audio_after_the_close_is_rejected_and_counted() {
        let (input, mut reader) = input(4, 1);
        input.close();
        assert_eq!(input.accept(&[0.0; 3], 0, 48_000, false), 0);
        assert_eq!(input.counts().rejected, 3);
        assert!(matches!(reader.read(), Read::Closed));
    }

    /// A second ago: blocks of it are old, but no older than usual.
    fn recently() -> u64 {
        clock::monotonic_ns() - 1_000_000_000
    }

    #[test]
    fn frames_of_an_absence_are_missing_on_the_clock_and_neither_captured_nor_lost() {
        let (input, mut reader) = input(4, 1);
        let second = recently();
        input.accept(&[1.0; 4], second, 1_000, false);
        input.interrupt();
        // Twice a part of it, with fractions of a frame, and the rest when the source is back.
        input.advance(second + 10_500_000, 1_000);
        input.advance(second + 20_900_000, 1_000);
        input.accept(&[2.0; 4], second + 34_000_000, 1_000, false);
        input.accept(&[3.0; 4], second + 39_000_000, 1_000, false);
        let mut seen = Vec::new();
        while let Read::Block(block) = reader.read() {
            let stamp = block.stamp();
            seen.push((stamp.frame, stamp.frames, block.lost_before()));
        }
        // A late block of an uninterrupted source is jitter and moves nothing.
        assert_eq!(
            seen,
            [(0, 4, 0), (10, 0, 6), (20, 0, 10), (34, 4, 14), (38, 4, 0)]
        );
        assert_eq!(input.counts().missing, 30);
        let books = reader.books();
        assert_eq!((books.delivered, books.lost), (12, 0));
    }

    #[test]
    fn frames_that_the_source_lost_are_missing_on_the_clock_and_neither_captured_nor_lost() {
        let (input, mut reader) = input(4, 1);
        let second = recently();
        for (at_ms, missing) in [(0, 0), (12, 8), (16, 0)] {
            let moment = Moment {
                adc_ns: second + at_ms * 1_000_000,
                sample_rate: 1_000,
                missing,
                overflow: false,
            };
            assert_eq!(input.accept_frames(4, moment, |_, _| {}), 4);
        }
        let mut seen = Vec::new();
        while let Read::Block(block) = reader.read() {
            seen.push((block.stamp().frame, block.lost_before()));
        }
        assert_eq!(seen, [(0, 0), (12, 8), (16, 0)]);
        assert_eq!(input.counts().missing, 8);
        let books = reader.books();
        assert_eq!((books.delivered, books.lost), (12, 0));
    }

    #[test]
    fn a_clock_that_went_too_far_waits_and_a_source_that_is_there_is_not_advanced() {
        let (input, mut reader) = input(4, 1);
        let second = recently();
        input.advance(second, 1_000);
        input.accept(&[1.0; 4], second, 1_000, false);
        input.advance(second + 100_000_000, 1_000);
        input.interrupt();
        input.advance(second + 14_000_000, 1_000);
        input.accept(&[2.0; 4], second + 10_000_000, 1_000, false);
        let mut frames = Vec::new();
        while let Read::Block(block) = reader.read() {
            frames.push(block.stamp().frame);
        }
        assert_eq!(frames, [0, 14, 14]);
        assert_eq!(input.counts().missing, 10);
    }

    #[test]
    fn a_first_block_that_claims_to_be_far_older_than_usual_is_not_believed() {
        let (input, mut reader) = input(4, 1);
        let usual = clock::monotonic_ns();
        input.accept(&[1.0; 4], usual - 4_000_000, 1_000, false);
        input.interrupt();
        std::thread::sleep(std::time::Duration::from_millis(60));
        let before = clock::monotonic_ns();
        input.accept(&[2.0; 4], usual, 1_000, false);
        let Read::Block(_) = reader.read() else {
            panic!("two blocks were written");
        };
        let Read::Block(block) = reader.read() else {
            panic!("two blocks were written");
        };
        // Due at `usual`; it came 60 ms later, and blocks of this source are 4 ms old, or a little
        // more in a test that was held up.
        let wanted = (before - usual) / 1_000_000;
        assert!(block.lost_before() > wanted / 2, "{}", block.lost_before());
    }
}
