//! The DSP thread: capture ring → conditioning → speech ring.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    Spec,
    clock_board::ClockBoard,
    speech_outlet::{Carried, FarEnds, SpeechClock, SpeechOutlet},
};
use crate::{
    clock::{Arrival, Cadence, Steering, monotonic_ns},
    cpu::priority::Standing,
    dsp::{Channel, LoudnessMeter, LoudnessReading, Meter, Switches},
    ring::{Producer, Read, Reader, Stamp, flags},
    stats::{Instruments, Measure, Stopwatch},
};

/// Real-time priority of the DSP thread: below the audio server's own threads, so that it never
/// delays a callback.
const PRIORITY: u8 = 10;

/// The meters of the speech channels, in order.
pub(super) type Meters = Arc<[(Arc<Meter>, Arc<LoudnessReading>)]>;

/// What the DSP thread lost, in source frames.
#[derive(Debug, Default)]
pub(super) struct Books {
    lost: AtomicU64,
}

impl Books {
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// Everything the DSP thread works with, at its final size.
pub(super) struct Conditioner {
    frames: Reader,
    /// When the next block is to be expected.
    cadence: Cadence,
    stages: Stages,
    books: Arc<Books>,
    instruments: Arc<Instruments>,
    watch: Stopwatch,
    standing: Arc<Standing>,
}

/// The channels and the ring they write to: apart from the reader, whose block they work on.
struct Stages {
    outlet: SpeechOutlet,
    channels: Vec<Channel>,
    sample_rate: u32,
    /// Interleaved samples in a source frame.
    width: usize,
    silence: Box<[f32]>,
    carried: Carried,
    /// Source frames, and silence in the place of such, that the channels were given.
    fed: u64,
    /// Where and when the last block began.
    anchor: Anchor,
    /// Keeps the speech clock on the monotonic one, if it is to be.
    steering: Option<Steering>,
    clock: Arc<ClockBoard>,
}

/// When one of the frames that were fed was converted, and how far apart they are.
#[derive(Clone, Copy, Debug, Default)]
struct Anchor {
    fed: u64,
    adc_ns: f64,
    period_ns: f64,
}

impl fmt::Debug for Conditioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conditioner").finish_non_exhaustive()
    }
}

impl Conditioner {
    /// Wake-ups, depth and the time of whole blocks and of the speech chain are recorded in
    /// `instruments`.
    pub(super) fn new(
        frames: Reader,
        speech: Producer,
        channels: Vec<Channel>,
        switches: &[Arc<Switches>],
        spec: &Spec,
        stride: usize,
        instruments: &Arc<Instruments>,
    ) -> Self {
        let stages = Stages {
            outlet: SpeechOutlet::new(speech, switches, stride).timed(instruments),
            channels,
            sample_rate: spec.sample_rate,
            width: spec.channels,
            silence: vec![0.0; spec.block_frames * spec.channels].into(),
            carried: Carried::default(),
            fed: 0,
            anchor: Anchor::default(),
            steering: spec
                .follow_monotonic
                .then(|| Steering::new(spec.sample_rate)),
            clock: Arc::default(),
        };
        Self {
            frames,
            cadence: Cadence::default(),
            stages,
            books: Arc::default(),
            instruments: Arc::clone(instruments),
            watch: Stopwatch::new(Arc::clone(instruments)),
            standing: Arc::default(),
        }
    }

    pub(super) fn meters(&self) -> Meters {
        let levels = self.stages.channels.iter().map(Channel::meter);
        let loudness = self.stages.outlet.loudness().iter();
        levels.zip(loudness.map(LoudnessMeter::reading)).collect()
    }

    /// Where the far end of an echo is handed to the thread.
    pub(super) fn far_ends(&self) -> FarEnds {
        self.stages.outlet.far_ends()
    }

    pub(super) fn clock(&self) -> Arc<ClockBoard> {
        Arc::clone(&self.stages.clock)
    }

    pub(super) fn books(&self) -> Arc<Books> {
        Arc::clone(&self.books)
    }

    pub(super) fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing)
    }

    /// Works until the capture ring is closed and empty. Dropping the speech producer then tells
    /// its readers.
    pub(super) fn run(mut self) {
        // Refused, the thread works as an ordinary one: the ring gives it seconds to be late.
        self.standing.enter(PRIORITY);
        self.instruments.dsp_thread.leave();
        loop {
            let sleeps = self.frames.lag() == 0;
            if sleeps {
                self.await_block();
            }
            let waiting = self.frames.lag();
            match self.frames.read() {
                Read::Block(block) => {
                    let stamp = block.stamp();
                    self.instruments.record(Measure::CaptureDepth, waiting);
                    if sleeps {
                        self.instruments.woken(Measure::DspWake, stamp.published_ns);
                    }
                    let duration_ns = u64::from(stamp.frames) * 1_000_000_000;
                    let duration_ns = duration_ns / u64::from(self.stages.sample_rate);
                    self.cadence.observe(stamp.published_ns, duration_ns);
                    self.watch.start();
                    self.books
                        .lost
                        .fetch_add(block.source_lost_before(), Ordering::Relaxed);
                    self.stages.silence(block.lost_before(), stamp, flags::GAP);
                    self.stages.align(block.lost_before(), stamp);
                    block.with_samples(|samples| {
                        let used = stamp.frames as usize * self.stages.width;
                        let samples = samples.get(..used).unwrap_or(samples);
                        self.stages.condition(samples, stamp.frame as f64, stamp);
                    });
                    self.watch.lap(Measure::Block);
                }
                Read::Empty => {}
                Read::Closed => break,
            }
        }
        self.stages.finish();
        self.standing.leave();
    }

    /// Sleeps until there is a block, or no more audio.
    ///
    /// To wake a thread costs a system call, ten times what else the callback does. So this one sleeps
    /// on the clock where the source keeps time, and asks to be woken only where it does not.
    fn await_block(&mut self) {
        let Self {
            frames, cadence, ..
        } = self;
        if let Some(due_ns) = cadence.due_ns() {
            frames.doze(due_ns);
            cadence.looked(frames.lag() != 0);
            for nap_ns in cadence.naps() {
                if frames.lag() != 0 {
                    return;
                }
                frames.doze(monotonic_ns() + nap_ns);
            }
        }
        frames.wait(None);
    }
}

impl Stages {
    /// Puts `frames` frames of silence before `next`, where frames were lost or never came, so that
    /// the speech clock stays true.
    fn silence(&mut self, frames: u64, next: Stamp, flags: u32) {
        let block_frames = (self.silence.len() / self.width) as u64;
        let mut left = frames;
        while left > 0 {
            let count = left.min(block_frames);
            let silence = std::mem::take(&mut self.silence);
            let before_ns = left * 1_000_000_000 / u64::from(self.sample_rate);
            let stamp = Stamp {
                frames: count as u32,
                source_frames: 0,
                adc_ns: next.adc_ns.saturating_sub(before_ns),
                flags,
                ..Stamp::default()
            };
            let used = count as usize * self.width;
            let first = next.frame as f64 - left as f64;
            self.condition(silence.get(..used).unwrap_or(&silence), first, stamp);
            self.silence = silence;
            left -= count;
        }
    }

    /// Brings the speech clock to where `next` belongs on the monotonic one: by silence if the
    /// source began later than the clock, or skipped something.
    fn align(&mut self, lost: u64, next: Stamp) {
        let Some(steering) = &mut self.steering else {
            return;
        };
        if lost > u64::from(self.sample_rate) / 2 {
            steering.interrupted();
        }
        let arrival = Arrival {
            frame: next.frame,
            frames: next.frames,
            adc_ns: next.adc_ns,
            published_ns: next.published_ns,
        };
        let missing = steering.observe(arrival, self.clock.origin_ns());
        let flags = if self.fed == 0 { 0 } else { flags::GAP };
        self.silence(missing, next, flags);
    }

    /// Where and when a block begins whose first frame has index `first` at the source; trims the
    /// resamplers accordingly.
    fn anchor(&mut self, first: f64, source: Stamp) -> Anchor {
        let fed = self.fed;
        let Some(steering) = &mut self.steering else {
            return Anchor {
                fed,
                adc_ns: source.adc_ns as f64,
                period_ns: 1e9 / f64::from(self.sample_rate),
            };
        };
        let position = self.channels.first().map_or(0.0, Channel::position);
        let trim = steering.trim(self.outlet.taken(), first + (position - fed as f64));
        for channel in &mut self.channels {
            channel.set_trim(trim);
        }
        self.clock.write(steering.reading());
        Anchor {
            fed,
            adc_ns: steering.time_ns(first),
            period_ns: steering.time_ns(first + 1.0) - steering.time_ns(first),
        }
    }

    /// Conditions one block of source frames, the first of which has index `first` at the source;
    /// what comes out is published.
    fn condition(&mut self, samples: &[f32], first: f64, source: Stamp) {
        self.carried.source_frames += source.source_frames;
        self.carried.flags |= source.flags;
        self.anchor = self.anchor(first, source);
        self.fed += u64::from(source.frames);
        let clock = self.speech_clock();
        let Self {
            outlet,
            channels,
            width,
            carried,
            ..
        } = self;
        outlet.pass_on(clock, carried, |index, place| {
            channels.get_mut(index).map_or((0, 0), |channel| {
                let (count, sanitized) = channel.process(samples, *width, place);
                (count, if sanitized { flags::SANITIZED } else { 0 })
            })
        });
    }

    /// Publishes what the stages still hold, and the last source frames with it.
    fn finish(mut self) {
        let clock = self.speech_clock();
        let channels = &mut self.channels;
        self.outlet
            .finish(clock, &mut self.carried, |index, place| {
                channels
                    .get_mut(index)
                    .map_or((0, 0), |channel| (channel.finish(place), 0))
            });
    }

    /// When speech frames are converted: the next one by its place relative to the last block's
    /// first, those before it at 16 kHz.
    fn speech_clock(&self) -> SpeechClock {
        let position = self.channels.first().map_or(0.0, Channel::position);
        let Anchor {
            fed,
            adc_ns,
            period_ns,
        } = self.anchor;
        self.outlet
            .clock(adc_ns + (position - fed as f64) * period_ns)
    }
}
