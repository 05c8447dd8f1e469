//! One source's way through the core: input → capture ring → DSP thread → speech ring.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    capture::{Input, InputCounts},
    clock::Reading,
    cpu::priority::{Granted, Standing},
    dsp::{Channel, Level, Loudness, SPEECH_RATE, Switches, kernels::Kernels},
    process::Home,
    ring::{Reader, Ring, Wake, ring, ring_on_demand},
    stats::Instruments,
};

mod clock_board;
mod conditioning;
mod far_end;
mod spec;
mod speech_outlet;
mod window;

pub use far_end::FarEndError;
pub use spec::{Spec, SpecError};
pub use window::{Window, WindowReader};

use clock_board::ClockBoard;
use conditioning::{Conditioner, Meters};
use far_end::SpeechFarEnd;
use speech_outlet::FarEnds;

/// Readers that may listen to each ring at the same time.
const READERS: usize = 8;
/// Nanoseconds from one speech sample to the next.
const SAMPLE_NS: f64 = 1e9 / SPEECH_RATE as f64;

/// The state of an engine's books and meters.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Frames accepted from the source.
    pub captured: u64,
    /// Frames the DSP thread was too late for.
    pub lost_before_dsp: u64,
    /// How the source's clock stands to `CLOCK_MONOTONIC`, where it is followed.
    pub clock: Option<Reading>,
    /// Counters of the door.
    pub input: InputCounts,
    /// Frames that wait for the DSP thread, in blocks.
    pub waiting_blocks: u64,
}

/// A running engine. Dropping it ends the audio and waits for the DSP thread.
#[derive(Debug)]
pub struct Engine {
    spec: Spec,
    input: Arc<Input>,
    capture: Ring,
    speech: Ring,
    meters: Meters,
    switches: Vec<Arc<Switches>>,
    far_ends: FarEnds,
    conditioner: Option<JoinHandle<()>>,
    books: Arc<conditioning::Books>,
    clock: Arc<ClockBoard>,
    instruments: Arc<Instruments>,
    home: Home,
    standing: Arc<Standing>,
}

impl Engine {
    /// Allocates the rings and starts the DSP thread.
    ///
    /// # Errors
    ///
    /// [`SpecError`] where the spec cannot be served.
    pub fn start(spec: Spec) -> Result<Self, SpecError> {
        spec.check()?;
        Kernels::chosen().map_err(SpecError::Simd)?;
        let instruments = Arc::new(Instruments::new());
        let channels = channels(&spec, &instruments)?;
        let speech_frames = channels
            .iter()
            .map(|channel| channel.most_output(spec.block_frames))
            .max()
            .unwrap_or(0);
        let capture_shape = spec.ring(spec.block_frames * spec.channels)?;
        let speech_shape = spec.ring(speech_frames * spec.roles.len())?;
        let (capture_in, capture) = ring(capture_shape);
        // The DSP thread has the whole capture ring to be late in; its readers seldom are.
        let (speech_in, speech) = ring_on_demand(speech_shape);
        let Some(frames) = capture.reader() else {
            return Err(SpecError::Shape(
                "the capture ring has no room for a reader".into(),
            ));
        };
        let switches: Vec<_> = channels.iter().map(Channel::switches).collect();
        let conditioner = Conditioner::new(
            frames,
            speech_in,
            channels,
            &switches,
            &spec,
            speech_frames,
            &instruments,
        );
        let (meters, books) = (conditioner.meters(), conditioner.books());
        let standing = conditioner.standing();
        let clock = conditioner.clock();
        let far_ends = conditioner.far_ends();
        let handle = thread::Builder::new()
            .name("voicestand-dsp".into())
            .spawn(move || conditioner.run())
            .map_err(|error| SpecError::Thread(error.to_string()))?;
        Ok(Self {
            input: Arc::new(Input::new(
                capture_in,
                spec.channels,
                Arc::clone(&instruments),
            )),
            spec,
            capture,
            speech,
            meters,
            switches,
            far_ends,
            conditioner: Some(handle),
            books,
            clock,
            instruments,
            home: Home::here(),
            standing,
        })
    }

    /// What the engine was made for.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The door for audio.
    #[must_use]
    pub fn input(&self) -> &Arc<Input> {
        &self.input
    }

    /// A reader of the frames as the source gave them; `None` if there are too many.
    #[must_use]
    pub fn capture_reader(&self) -> Option<Reader> {
        self.capture.reader()
    }

    /// A reader of speech windows, `frames` frames each, from now on; `None` if there are too many.
    #[must_use]
    pub fn speech_reader(&self, frames: usize) -> Option<WindowReader> {
        let reader = self.speech.reader()?;
        let instruments = Arc::clone(&self.instruments);
        Some(WindowReader::new(
            reader,
            self.spec.roles.len(),
            frames,
            instruments,
        ))
    }

    /// Sleeps until one more block of input can be accepted without any reader losing a frame.
    ///
    /// For files. Each ring is filled to less than its half: blocks under way from the first to the
    /// second then always find room there, with the one that is being conditioned, the last one of
    /// the resamplers, and three that the speech chain may hold. There is no room for silence in the
    /// place of audio that the source skipped: a file skips none.
    pub fn wait_for_room(&self, timeout: Option<Duration>) -> Wake {
        let free = (self.capture.capacity() / 2 + 3).min(self.capture.capacity());
        match self.capture.wait_for_slack(free, timeout) {
            Wake::Ready => self.speech.wait_for_slack(free, timeout),
            other => other,
        }
    }

    /// Lets speech frame 0 be at `origin_ns` of `CLOCK_MONOTONIC`: until the source begins there is
    /// silence. To be called before the source is started; engines with one origin share one clock.
    ///
    /// Without it, or more than a minute before the source begins, frame 0 is the source's first.
    /// Does nothing unless the engine follows that clock.
    pub fn begin_at(&self, origin_ns: u64) {
        self.clock.set_origin(origin_ns);
    }

    /// No more audio: readers get what is under way and then the end.
    pub fn finish(&self) {
        self.input.close();
    }

    /// Levels of the speech channels as they come, before the speech chain; peaks since the last
    /// call.
    #[must_use]
    pub fn levels(&self) -> Vec<Level> {
        self.meters.iter().map(|(level, _)| level.read()).collect()
    }

    /// Loudness of the speech channels as they are delivered, behind the speech chain.
    #[must_use]
    pub fn loudness(&self) -> Vec<Loudness> {
        let readings = self.meters.iter().map(|(_, loudness)| loudness.get());
        readings.collect()
    }

    /// The switches of each speech channel's conditioning; they may be set at any time.
    #[must_use]
    pub fn switches(&self) -> &[Arc<Switches>] {
        &self.switches
    }

    /// Makes `channel` of another engine's speech the far end of the first channel's echo, aligned
    /// by when both were converted; `None`: none, or the second channel of this engine.
    ///
    /// Live engines only: where the far end is late, the near end waits for it, up to 60 ms.
    ///
    /// # Errors
    ///
    /// [`FarEndError`] where there is no such channel, or no reader free.
    pub fn set_far_end(&self, far: Option<(&Self, usize)>) -> Result<(), FarEndError> {
        let far_end = match far {
            None => None,
            Some((engine, channel)) => {
                let channels = engine.spec.roles.len();
                if channel >= channels {
                    return Err(FarEndError::Channel { channel, channels });
                }
                let reader = engine.speech.reader().ok_or(FarEndError::Readers)?;
                Some(Box::new(SpeechFarEnd::new(reader, channel, channels)))
            }
        };
        self.far_ends.offer(far_end);
        Ok(())
    }

    /// How long everything takes: callback, wake-ups, stages, ring depths.
    #[must_use]
    pub fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// Kernel identifier of the DSP thread and the priority it obtained by itself; `None` before
    /// it runs and after it ended.
    #[must_use]
    pub fn dsp_thread(&self) -> Option<(i32, Granted)> {
        self.standing.get()
    }

    /// Books and counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            captured: self.capture.source_frames(),
            lost_before_dsp: self.books.lost(),
            clock: self.spec.follow_monotonic.then(|| self.clock.reading()),
            input: self.input.counts(),
            waiting_blocks: self.capture.capacity() - self.capture.slack(),
        }
    }
}

fn channels(spec: &Spec, instruments: &Arc<Instruments>) -> Result<Vec<Channel>, SpecError> {
    let channel = |inputs: &Vec<usize>| {
        let channel = Channel::new(
            inputs,
            spec.sample_rate,
            spec.block_frames,
            spec.high_pass_hz,
            spec.follow_monotonic,
        );
        Ok(channel.map_err(SpecError::Rate)?.timed(instruments))
    };
    spec.roles.iter().map(channel).collect()
}

impl Drop for Engine {
    fn drop(&mut self) {
        if !self.home.is_here() {
            // In a forked child there is no DSP thread: joining it would take forever, and so would
            // waiting for a callback that was inside at that moment.
            return std::mem::forget(self.conditioner.take());
        }
        self.finish();
        if let Some(handle) = self.conditioner.take() {
            // The thread cannot panic; if it did, there is nobody left to tell.
            drop(handle.join());
        }
    }
}
