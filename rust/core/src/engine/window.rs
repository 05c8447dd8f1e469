//! Speech in windows of one length, whatever the blocks were.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    dsp::SPEECH_RATE,
    ring::{Books, Read, Reader, Wake},
    stats::{Instruments, Measure},
};

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// A window is there: see [`WindowReader::samples`] and its siblings.
    Ready,
    /// The time is over; what has come so far is kept for the next call.
    TimedOut,
    /// A Unix signal arrived; what has come so far is kept for the next call.
    Interrupted,
    /// The audio has ended and every window was read.
    Closed,
}

/// Reads the speech ring in windows of a fixed length, planar: channel after channel.
///
/// Frames that were lost are silence in the windows, so window n always begins at frame n × length.
/// The last window may hold fewer frames; the rest of it is silence.
#[derive(Debug)]
pub struct WindowReader {
    reader: Reader,
    channels: usize,
    length: usize,
    samples: Vec<f32>,
    filled: usize,
    /// Whether the caller has seen the window in `samples`.
    taken: bool,
    next_frame: u64,
    first_frame: u64,
    end_adc_ns: u64,
    flags: u32,
    /// What is left of a block, or of a gap, that did not fit in the last window.
    rest: Rest,
    instruments: Arc<Instruments>,
    /// Whether the reader slept until the block it will fetch next was published.
    woken: bool,
}

#[derive(Debug, Default)]
struct Rest {
    samples: Vec<f32>,
    silence: u64,
    frames: usize,
    used: usize,
    adc_ns: u64,
    flags: u32,
}

/// What [`WindowReader::fetch`] found.
enum Fetched {
    Block,
    Nothing,
    End,
}

fn left(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|end| end.saturating_duration_since(Instant::now()))
}

impl WindowReader {
    pub(super) fn new(
        reader: Reader,
        channels: usize,
        length: usize,
        instruments: Arc<Instruments>,
    ) -> Self {
        let length = length.max(1);
        Self {
            reader,
            channels,
            length,
            samples: vec![0.0; channels * length],
            filled: 0,
            taken: false,
            next_frame: 0,
            first_frame: 0,
            end_adc_ns: 0,
            flags: 0,
            rest: Rest::default(),
            instruments,
            woken: false,
        }
    }

    /// Waits for the next window, in all at most `timeout` (`None`: no limit).
    pub fn read(&mut self, timeout: Option<Duration>) -> Window {
        let deadline = timeout.and_then(|limit| Instant::now().checked_add(limit));
        if std::mem::take(&mut self.taken) {
            self.next_frame += self.filled as u64;
            self.filled = 0;
            self.flags = 0;
        }
        loop {
            self.use_rest();
            if self.filled == self.length {
                return self.hand_out();
            }
            match self.fetch() {
                Fetched::Block => {}
                Fetched::End if self.filled > 0 => return self.hand_out(),
                Fetched::End => return Window::Closed,
                Fetched::Nothing => match self.reader.wait(left(deadline)) {
                    Wake::Ready => self.woken = true,
                    Wake::TimedOut => return Window::TimedOut,
                    Wake::Interrupted => return Window::Interrupted,
                },
            }
        }
    }

    /// The window: `channels` × `length` samples, channel after channel.
    #[must_use]
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// Frames of the window that are audio; fewer than its length only in the last one.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.filled
    }

    /// Index of the window's first frame on the speech clock.
    #[must_use]
    pub fn first_frame(&self) -> u64 {
        self.first_frame
    }

    /// When the frame behind the window's last one was converted, `CLOCK_MONOTONIC` nanoseconds.
    #[must_use]
    pub fn end_adc_ns(&self) -> u64 {
        self.end_adc_ns
    }

    /// [`flags`](crate::ring::flags) of the blocks the window was made of.
    #[must_use]
    pub fn flags(&self) -> u32 {
        self.flags
    }

    /// Speech channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames in a window.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Source frames delivered to this reader and lost by it.
    #[must_use]
    pub fn books(&self) -> Books {
        self.reader.books()
    }

    fn hand_out(&mut self) -> Window {
        self.taken = true;
        self.first_frame = self.next_frame;
        for channel in self.samples.chunks_exact_mut(self.length) {
            if let Some(beyond) = channel.get_mut(self.filled..) {
                beyond.fill(0.0);
            }
        }
        Window::Ready
    }

    /// Moves what is at hand into the window.
    fn use_rest(&mut self) {
        let room = self.length - self.filled;
        let silence = self.rest.silence.min(room as u64) as usize;
        if silence > 0 {
            for channel in self.samples.chunks_exact_mut(self.length) {
                if let Some(place) = channel.get_mut(self.filled..self.filled + silence) {
                    place.fill(0.0);
                }
            }
            self.filled += silence;
            self.rest.silence -= silence as u64;
        }
        let count = (self.rest.frames - self.rest.used).min(self.length - self.filled);
        if count == 0 {
            return;
        }
        let from = self.rest.used;
        let sources = self.rest.samples.chunks_exact(self.rest.frames.max(1));
        for (to, source) in self.samples.chunks_exact_mut(self.length).zip(sources) {
            let places = to.iter_mut().skip(self.filled).take(count);
            for (place, sample) in places.zip(source.iter().skip(from)) {
                *place = *sample;
            }
        }
        self.filled += count;
        self.rest.used += count;
        self.flags |= self.rest.flags;
        let frames = self.rest.used as u64;
        self.end_adc_ns = self.rest.adc_ns + frames * 1_000_000_000 / u64::from(SPEECH_RATE);
    }

    /// Takes the next block to hand, if one is there.
    fn fetch(&mut self) -> Fetched {
        let waiting = self.reader.lag();
        match self.reader.read() {
            Read::Block(block) => {
                let stamp = block.stamp();
                self.instruments.record(Measure::SpeechDepth, waiting);
                if std::mem::take(&mut self.woken) {
                    let published_ns = stamp.published_ns;
                    self.instruments.woken(Measure::ReaderWake, published_ns);
                }
                self.rest.silence += block.lost_before();
                self.rest.frames = stamp.frames as usize;
                self.rest.used = 0;
                self.rest.adc_ns = stamp.adc_ns;
                self.rest.flags = stamp.flags;
                self.rest.samples.clear();
                let (channels, frames) = (self.channels, self.rest.frames);
                block.with_samples(|samples| {
                    let stride = (samples.len() / channels.max(1)).max(1);
                    for channel in samples.chunks_exact(stride) {
                        self.rest.samples.extend(channel.iter().take(frames));
                    }
                });
                Fetched::Block
            }
            Read::Empty => Fetched::Nothing,
            Read::Closed => Fetched::End,
        }
    }
}
