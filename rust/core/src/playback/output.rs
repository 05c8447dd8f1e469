//! The one door from which a device callback takes what is to be played.

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::{
    ring::{Read, Reader},
    try_lock::TryLock,
};

/// [`Stamp::flags`](crate::ring::Stamp::flags) of a block without frames behind the last one of a
/// phrase: the silence after it is meant.
pub(super) const PHRASE_ENDS: u32 = 1 << 31;

/// What went through the door, and what was missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputCounts {
    /// Frames given to the device.
    pub played: u64,
    /// How often the device came and the next frames of a phrase were not there.
    pub underruns: u64,
    /// Frames of silence in the place of those that were not there.
    pub starved: u64,
    /// Calls that the audio server flagged: it played silence before them.
    pub underflows: u64,
}

/// What only the one behind the door may touch.
struct Inside {
    reader: Reader,
    /// A block that did not fit in one call, and what of it is left.
    block: Box<[f32]>,
    next: usize,
    end: usize,
    /// Whether a phrase has begun and not ended.
    flowing: bool,
}

/// The reading end of a playback ring behind a door for one.
pub struct Output {
    inside: TryLock<Inside>,
    channels: usize,
    played: AtomicU64,
    underruns: AtomicU64,
    starved: AtomicU64,
    underflows: AtomicU64,
    over: AtomicBool,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("channels", &self.channels)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

impl Output {
    pub(super) fn new(reader: Reader, channels: usize, block_samples: usize) -> Self {
        Self {
            inside: TryLock::new(Inside {
                reader,
                block: vec![0.0; block_samples].into(),
                next: 0,
                end: 0,
                flowing: false,
            }),
            channels: channels.max(1),
            played: AtomicU64::new(0),
            underruns: AtomicU64::new(0),
            starved: AtomicU64::new(0),
            underflows: AtomicU64::new(0),
            over: AtomicBool::new(false),
        }
    }

    /// Samples in a frame.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Takes the next `frames` frames: `put(first, samples)` is called with interleaved samples for
    /// the frames from `first` on, several times if need be.
    ///
    /// Returns the frames there were; the caller plays silence for the rest. Wait-free if `put` is.
    pub fn render(
        &self,
        frames: usize,
        underflow: bool,
        mut put: impl FnMut(usize, &[f32]),
    ) -> usize {
        self.underflows
            .fetch_add(u64::from(underflow), Ordering::Relaxed);
        let given = self.inside.try_with(|inside| {
            let mut done = 0;
            while done < frames {
                if inside.next == inside.end && !self.fetch(inside) {
                    break;
                }
                let most = inside
                    .end
                    .min(inside.next + (frames - done) * self.channels);
                let part = inside.block.get(inside.next..most).unwrap_or_default();
                put(done, part);
                done += part.len() / self.channels;
                inside.next = most;
            }
            if done < frames && inside.flowing {
                inside.flowing = false;
                self.underruns.fetch_add(1, Ordering::Relaxed);
                self.starved
                    .fetch_add((frames - done) as u64, Ordering::Relaxed);
            }
            done
        });
        let done = given.unwrap_or(0);
        self.played.fetch_add(done as u64, Ordering::Relaxed);
        done
    }

    /// Whether everything was played and no more will come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// What has happened here so far.
    #[must_use]
    pub fn counts(&self) -> OutputCounts {
        OutputCounts {
            played: self.played.load(Ordering::Relaxed),
            underruns: self.underruns.load(Ordering::Relaxed),
            starved: self.starved.load(Ordering::Relaxed),
            underflows: self.underflows.load(Ordering::Relaxed),
        }
    }

    /// Takes the next block to hand; whether there was one.
    fn fetch(&self, inside: &mut Inside) -> bool {
        loop {
            match inside.reader.read() {
                Read::Block(block) => {
                    let stamp = block.stamp();
                    if stamp.flags & PHRASE_ENDS != 0 {
                        inside.flowing = false;
                        continue;
                    }
                    let used = stamp.frames as usize * self.channels;
                    block.with_samples(|samples| {
                        let from = samples.get(..used).unwrap_or_default();
                        if let Some(place) = inside.block.get_mut(..from.len()) {
                            place.copy_from_slice(from);
                        }
                    });
                    (inside.next, inside.end) = (0, used.min(inside.block.len()));
                    inside.flowing = true;
                    return true;
                }
                Read::Empty => return false,
                Read::Closed => {
                    inside.flowing = false;
                    self.over.store(true, Ordering::Release);
                    return false;
                }
            }
        }
    }
}
