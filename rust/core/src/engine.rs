//! One source's way through the core: input → capture ring → DSP thread → speech ring.

use std::{
    fmt,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    capture::{Input, InputCounts},
    clock::Reading,
    cpu::priority::{Granted, Standing},
    dsp::{
        Channel, Level, Loudness, RateError, Switches,
        kernels::{Kernels, SimdError},
    },
    process::Home,
    ring::{Reader, Ring, Shape, Wake, ring, ring_on_demand},
    stats::Instruments,
};

mod clock_board;
mod conditioning;
mod exchange;
mod far_end;
mod speech_outlet;
mod window;

pub use window::{Window, WindowReader};

use clock_board::ClockBoard;
use conditioning::{Conditioner, Meters};
use far_end::SpeechFarEnd;
use speech_outlet::FarEnds;

/// Readers that may listen to each ring at the same time.
const READERS: usize = 8;
/// The most memory a ring may take, bytes: a guard against absurd sizes, not a target.
const LARGEST_RING: usize = 1 << 28;

/// What an engine is to carry.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Of the source, Hz.
    pub sample_rate: u32,
    /// Of the source.
    pub channels: usize,
    /// For each speech channel, the source channels that are averaged into it.
    pub roles: Vec<Vec<usize>>,
    /// Frames in a block of the capture ring; longer input is split.
    pub block_frames: usize,
    /// How long a reader may stall before it loses frames, seconds.
    pub ring_seconds: f64,
    /// Corner of the high-pass, Hz; 0 switches it off.
    pub high_pass_hz: f64,
    /// Whether the speech clock follows `CLOCK_MONOTONIC` instead of the source's own clock: for
    /// devices, so that several of them share one clock.
    pub follow_monotonic: bool,
}

/// Why an engine cannot be made.
#[derive(Clone, Debug, PartialEq)]
pub enum SpecError {
    /// The sample rate cannot be converted to 16 kHz.
    Rate(RateError),
    /// A number of channels, a role, a block or a ring size out of range; the text says which.
    Shape(String),
    /// The environment asks for an instruction set that cannot be had.
    Simd(SimdError),
    /// The system refused a thread.
    Thread(String),
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(error) => error.fmt(f),
            Self::Shape(text) => f.write_str(text),
            Self::Simd(error) => error.fmt(f),
            Self::Thread(text) => write!(f, "cannot start the DSP thread: {text}"),
        }
    }
}

impl std::error::Error for SpecError {}

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
        check(&spec)?;
        Kernels::chosen().map_err(SpecError::Simd)?;
        let blocks = (spec.ring_seconds * f64::from(spec.sample_rate) / spec.block_frames as f64)
            .ceil()
            .max(4.0) as usize;
        let instruments = Arc::new(Instruments::new());
        let channels = spec
            .roles
            .iter()
            .map(|inputs| {
                Channel::new(
                    inputs,
                    spec.sample_rate,
                    spec.block_frames,
                    spec.high_pass_hz,
                    spec.follow_monotonic,
                )
                .map(|channel| channel.timed(&instruments))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(SpecError::Rate)?;
        let speech_frames = channels
            .iter()
            .map(|channel| channel.most_output(spec.block_frames))
            .max();
        let speech_frames = speech_frames.unwrap_or(0);
        let capture_samples = spec.block_frames * spec.channels;
        let speech_samples = speech_frames * spec.roles.len();
        for samples in [capture_samples, speech_samples] {
            if samples.saturating_mul(4).saturating_mul(blocks) > LARGEST_RING {
                return Err(SpecError::Shape(format!(
                    "a ring of {} s of {} channels at {} Hz would take more than {} MB",
                    spec.ring_seconds,
                    spec.channels,
                    spec.sample_rate,
                    LARGEST_RING >> 20
                )));
            }
        }
        let shape = |block_samples| Shape {
            blocks,
            block_samples,
            readers: READERS,
            pins: 0,
        };
        let (capture_in, capture) = ring(shape(capture_samples));
        // The DSP thread has the whole capture ring to be late in; its readers seldom are.
        let (speech_in, speech) = ring_on_demand(shape(speech_samples));
        let Some(frames) = capture.reader() else {
            return Err(SpecError::Shape(
                "the capture ring has no room for a reader".into(),
            ));
        };
        let switches: Vec<_> = channels.iter().map(Channel::switches).collect();
        let conditioner =
            Conditioner::new(frames, speech_in, channels, &switches, &spec, speech_frames)
                .timed(&instruments);
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
    /// the resamplers, and three that the speech chain may hold.
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

fn check(spec: &Spec) -> Result<(), SpecError> {
    let refuse = |text: String| Err(SpecError::Shape(text));
    if !(1..=256).contains(&spec.channels) {
        return refuse(format!("{} channels: 1 to 256 are possible", spec.channels));
    }
    if spec.roles.is_empty() || spec.roles.len() > 8 {
        return refuse(format!(
            "{} speech channels: 1 to 8 are possible",
            spec.roles.len()
        ));
    }
    for role in &spec.roles {
        if role.is_empty() || role.iter().any(|&input| input >= spec.channels) {
            return refuse(format!(
                "a speech channel of {role:?} of {} channels",
                spec.channels
            ));
        }
    }
    if !(16..=65_536).contains(&spec.block_frames) {
        return refuse(format!(
            "blocks of {} frames: 16 to 65536",
            spec.block_frames
        ));
    }
    if !(0.01..=600.0).contains(&spec.ring_seconds) {
        return refuse(format!("a ring of {} s: 0.01 to 600 s", spec.ring_seconds));
    }
    if !(0.0..=1000.0).contains(&spec.high_pass_hz) {
        return refuse(format!(
            "a high-pass at {} Hz: 0 to 1000 Hz",
            spec.high_pass_hz
        ));
    }
    Ok(())
}
