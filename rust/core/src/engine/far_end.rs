//! The far end of an echo from another engine: its speech ring, aligned by when it was converted.

use std::fmt;

use super::{READERS, SAMPLE_NS};
use crate::{
    dsp::{FRAME, FarEnd, Frame},
    ring::{Read, Reader},
};

/// Samples of the far end that are kept: two seconds.
const HISTORY: usize = 1 << 15;
/// The far end is taken so much early: two devices' stamps are not exact, and an echo that seems to
/// come before its sound cannot be cancelled. 10 ms.
const LEAD: i64 = FRAME as i64;
/// The alignment is kept until it is wrong by more, 4 ms: each change makes the canceller learn anew.
const TOLERANCE: f64 = 64.0;
/// Share of a new stamp in the mean: stamps of callbacks jitter by milliseconds.
const STAMP_SHARE: f64 = 1.0 / 64.0;

/// Why an engine cannot be the far end of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FarEndError {
    /// It has no such speech channel.
    Channel {
        /// The channel asked for.
        channel: usize,
        /// The channels there are.
        channels: usize,
    },
    /// All its speech readers are in use.
    Readers,
}

impl fmt::Display for FarEndError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel { channel, channels } => write!(
                f,
                "the far end has no speech channel {channel}: it has {channels}, counted from 0"
            ),
            Self::Readers => write!(
                f,
                "too many speech readers at the far end: close one first (at most {READERS})"
            ),
        }
    }
}

impl std::error::Error for FarEndError {}

/// When a clock's sample 0 was converted, averaged over many stamps.
#[derive(Clone, Copy, Debug, Default)]
struct Zero {
    ns: f64,
    stamps: u32,
}

impl Zero {
    fn stamp(&mut self, ns: f64) {
        self.stamps = self.stamps.saturating_add(1);
        let share = STAMP_SHARE.max(1.0 / f64::from(self.stamps));
        self.ns += share * (ns - self.ns);
    }

    fn is_known(self) -> bool {
        self.stamps > 0
    }
}

/// A reader of another engine's speech that answers what was played beside a sample of ours.
pub(super) struct SpeechFarEnd {
    reader: Reader,
    channel: usize,
    channels: usize,
    /// Sample n of the far end is at n modulo the length.
    history: Box<[f32]>,
    /// Index behind the newest sample.
    head: u64,
    ended: bool,
    near_zero: Zero,
    far_zero: Zero,
    /// Index of the far end minus that of the near end, for what belongs together.
    offset: Option<i64>,
}

impl fmt::Debug for SpeechFarEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeechFarEnd")
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl SpeechFarEnd {
    /// The `channel` of a speech ring of `channels`.
    pub(super) fn new(reader: Reader, channel: usize, channels: usize) -> Self {
        Self {
            reader,
            channel,
            channels: channels.max(1),
            history: vec![0.0; HISTORY].into(),
            head: 0,
            ended: false,
            near_zero: Zero::default(),
            far_zero: Zero::default(),
            offset: None,
        }
    }

    /// Takes all that has come. To be called for every block of the near end, whose sample 0 was
    /// converted at `near_zero_ns` as far as that block can tell.
    pub(super) fn collect(&mut self, near_zero_ns: f64) {
        self.near_zero.stamp(near_zero_ns);
        loop {
            match self.reader.read() {
                Read::Block(block) => {
                    let stamp = block.stamp();
                    if stamp.frames == 0 {
                        continue;
                    }
                    self.far_zero
                        .stamp(stamp.adc_ns as f64 - stamp.frame as f64 * SAMPLE_NS);
                    let (channel, frames) = (self.channel, stamp.frames as usize);
                    let history = &mut self.history;
                    let lost = (stamp.frame.saturating_sub(self.head)).min(HISTORY as u64);
                    for index in stamp.frame - lost..stamp.frame {
                        put(history, index, 0.0);
                    }
                    block.with_samples(|samples| {
                        let stride = samples.len() / self.channels;
                        let own = samples.iter().skip(channel * stride).take(frames);
                        for (index, sample) in (stamp.frame..).zip(own) {
                            put(history, index, *sample);
                        }
                    });
                    self.head = stamp.frame + u64::from(stamp.frames);
                }
                Read::Empty => break,
                Read::Closed => {
                    self.ended = true;
                    break;
                }
            }
        }
        self.align();
    }

    fn align(&mut self) {
        if !self.far_zero.is_known() {
            return;
        }
        let exact = (self.near_zero.ns - self.far_zero.ns) / SAMPLE_NS;
        match self.offset {
            Some(kept) if (kept as f64 - exact).abs() <= TOLERANCE => {}
            _ => self.offset = Some(exact.round() as i64),
        }
    }

    fn far_index(&self, near: u64) -> Option<i64> {
        self.offset.map(|offset| near as i64 + offset + LEAD)
    }
}

fn put(history: &mut [f32], index: u64, sample: f32) {
    if let Some(place) = history.get_mut(index as usize % HISTORY) {
        *place = sample;
    }
}

impl FarEnd for SpeechFarEnd {
    fn is_there(&mut self, end: u64) -> bool {
        let due = self.far_index(end);
        self.ended || due.is_none_or(|due| due <= self.head as i64)
    }

    fn frame(&mut self, start: u64) -> Frame {
        let mut frame = [0.0; FRAME];
        let Some(first) = self.far_index(start) else {
            return frame;
        };
        let oldest = self.head.saturating_sub(HISTORY as u64) as i64;
        for (index, place) in (first..).zip(&mut frame) {
            if index >= oldest && index < self.head as i64 {
                let kept = self.history.get(index as usize % HISTORY);
                *place = kept.copied().unwrap_or(0.0);
            }
        }
        frame
    }
}
