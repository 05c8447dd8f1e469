//! What speech goes through behind the resampler: echo cancellation, noise suppression, gain.
//!
//! The first two work on frames of 10 ms and give each frame late. Sample n of the output is sample
//! n of the input all the same: while a stage is off it costs no time, when it is switched on the
//! output pauses until it has caught up with itself, and when it is switched off what it held comes
//! at once. Readers see an index and its time, never a jump; only *when* they see it changes.

use std::{collections::VecDeque, fmt, sync::Arc};

use super::{
    EchoCanceller, FRAME, Frame, GainControl, NoiseSuppressor, SPEECH_RATE,
    stage::Stage,
    switches::{Fade, Switches},
};
use crate::stats::{Instruments, Measure, Stopwatch};

/// Samples that the near end waits at most for a far end that is late: 60 ms.
const MOST_WAIT: usize = 6 * FRAME;

/// Where the far end of an echo comes from, if not from the second channel.
pub trait FarEnd {
    /// Whether the far end up to the near end's sample `end` is there, or will never be.
    fn is_there(&mut self, end: u64) -> bool;
    /// The far end beside the near end's samples from `start` on.
    fn frame(&mut self, start: u64) -> Frame;
}

/// One channel.
struct Lane {
    switches: Arc<Switches>,
    waiting: VecDeque<f32>,
    ready: VecDeque<f32>,
    /// The frame on its way through the stages.
    frame: Frame,
    echo: Stage,
    noise: Stage,
    /// There from the first time that it was wanted.
    suppressor: Option<Box<NoiseSuppressor>>,
    gain: GainControl,
    gain_fade: Fade,
}

/// The chain of all channels of an engine. It does not allocate: what the stages need comes from who
/// switches them on.
pub struct SpeechChain {
    lanes: Vec<Lane>,
    /// There from the first time that it was wanted.
    canceller: Option<Box<EchoCanceller>>,
    /// The far end beside the frame in the lanes.
    far: Frame,
    echo_held: bool,
    noise_held: bool,
    /// Samples that went into the frames so far.
    position: u64,
    watch: Stopwatch,
}

impl fmt::Debug for SpeechChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeechChain")
            .field("channels", &self.lanes.len())
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl SpeechChain {
    /// A chain for channels with these switches and blocks of at most `block` samples a channel.
    #[must_use]
    pub fn new(switches: impl IntoIterator<Item = Arc<Switches>>, block: usize) -> Self {
        let lane = |switches: Arc<Switches>| Lane {
            switches,
            waiting: VecDeque::with_capacity(MOST_WAIT + 4 * FRAME + block),
            // All that may wait, two frames held, and what pushes them out may come in one block.
            ready: VecDeque::with_capacity(MOST_WAIT + 8 * FRAME + block),
            frame: [0.0; FRAME],
            echo: Stage::new(),
            noise: Stage::new(),
            suppressor: None,
            gain: GainControl::new(),
            gain_fade: Fade::resting(false, SPEECH_RATE),
        };
        Self {
            lanes: switches.into_iter().map(lane).collect(),
            canceller: None,
            far: [0.0; FRAME],
            echo_held: false,
            noise_held: false,
            position: 0,
            watch: Stopwatch::default(),
        }
    }

    /// Has the time of every stage that is on recorded in `instruments`.
    #[must_use]
    pub fn timed(mut self, instruments: &Arc<Instruments>) -> Self {
        self.watch = Stopwatch::new(Arc::clone(instruments));
        self
    }

    /// Whether samples may pass it by, each at once: nothing is wanted, held or waiting that works
    /// on frames.
    #[must_use]
    pub fn is_idle(&mut self, has_far_end: bool) -> bool {
        self.equip();
        !self.echo_held
            && !self.noise_held
            && !self.wants_echo(has_far_end)
            && !self.wants_noise()
            && self
                .lanes
                .iter()
                .all(|lane| lane.waiting.is_empty() && lane.ready.is_empty())
    }

    /// What `channel`, idle, does to its samples in place: gain alone.
    pub fn pass(&mut self, channel: usize, samples: &mut [f32]) {
        if let Some(lane) = self.lanes.get_mut(channel) {
            lane.level(samples, &mut self.watch);
        }
        if channel == 0 {
            self.position += samples.len() as u64;
        }
    }

    /// Takes samples of `channel`; each channel must be given the same number before [`work`](
    /// Self::work).
    pub fn feed(&mut self, channel: usize, samples: &[f32]) {
        if let Some(lane) = self.lanes.get_mut(channel) {
            lane.waiting.extend(samples);
        }
    }

    /// Works on what waits, as far as whole frames and the far end are there.
    ///
    /// Without a `far_end` the second channel, if there is one, is the far end of the first.
    pub fn work(&mut self, mut far_end: Option<&mut dyn FarEnd>) {
        self.equip();
        let has_far_end = self.has_far_end(far_end.is_some());
        while self.waiting() >= FRAME {
            let wanted = self.wants_echo(has_far_end);
            if let Some(far_end) = &mut far_end
                && (wanted || self.echo_held)
                && self.waiting() < MOST_WAIT
                && !far_end.is_there(self.position + FRAME as u64)
            {
                return;
            }
            for lane in &mut self.lanes {
                for place in &mut lane.frame {
                    *place = lane.waiting.pop_front().unwrap_or(0.0);
                }
            }
            self.far = match &mut far_end {
                Some(far_end) if wanted || self.echo_held => far_end.frame(self.position),
                Some(_) => [0.0; FRAME],
                None => self.lanes.get(1).map_or([0.0; FRAME], |lane| lane.frame),
            };
            self.position += FRAME as u64;
            self.through_echo(wanted);
        }
        if !self.echo_held
            && !self.noise_held
            && !self.wants_echo(has_far_end)
            && !self.wants_noise()
        {
            self.release_waiting();
        }
    }

    /// Lets out all that waits or is held. Nothing may be fed afterwards.
    pub fn finish(&mut self, far_end: Option<&mut dyn FarEnd>) {
        let has_far_end = self.has_far_end(far_end.is_some());
        let (waiting, ready) = (self.waiting(), self.ready());
        let held = FRAME * (usize::from(self.echo_held) + usize::from(self.noise_held));
        let due = ready + waiting + held;
        let held_echo = self.echo_held || self.wants_echo(has_far_end);
        let held_noise = self.noise_held || self.wants_noise();
        if held_echo || held_noise {
            let delay = FRAME * (usize::from(held_echo) + usize::from(held_noise));
            let rest = waiting.next_multiple_of(FRAME) - waiting;
            for lane in &mut self.lanes {
                lane.waiting.extend(std::iter::repeat_n(0.0, rest + delay));
            }
        }
        self.work_without_waiting(far_end);
        self.release_waiting();
        for lane in &mut self.lanes {
            lane.ready.truncate(due);
        }
    }

    /// Samples of each channel that are done.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.lanes.first().map_or(0, |lane| lane.ready.len())
    }

    /// Moves done samples of `channel` into `place`, as many as it has room for.
    pub fn take(&mut self, channel: usize, place: &mut [f32]) {
        if let Some(lane) = self.lanes.get_mut(channel) {
            for place in place {
                *place = lane.ready.pop_front().unwrap_or(0.0);
            }
        }
    }

    /// Takes over what was made for the stages.
    fn equip(&mut self) {
        if let Some(first) = self.lanes.first() {
            first.switches.take_canceller(&mut self.canceller);
        }
        for lane in &mut self.lanes {
            lane.switches.take_suppressor(&mut lane.suppressor);
        }
    }

    fn has_far_end(&self, external: bool) -> bool {
        external || self.lanes.len() > 1
    }

    fn wants_echo(&self, has_far_end: bool) -> bool {
        let first = self.lanes.first();
        has_far_end
            && self.canceller.is_some()
            && first.is_some_and(|lane| lane.switches.get().echo_cancellation)
    }

    fn wants_noise(&self) -> bool {
        self.lanes.iter().any(Lane::wants_noise)
    }

    fn waiting(&self) -> usize {
        self.lanes.first().map_or(0, |lane| lane.waiting.len())
    }

    /// As [`work`](Self::work), at the end: a far end that is late is not waited for.
    fn work_without_waiting(&mut self, far_end: Option<&mut dyn FarEnd>) {
        match far_end {
            Some(inner) => self.work(Some(&mut Punctual(inner))),
            None => self.work(None),
        }
    }

    /// The frames in the lanes through echo cancellation, then on.
    fn through_echo(&mut self, wanted: bool) {
        let was_held = self.echo_held;
        let heard = self
            .lanes
            .first()
            .is_some_and(|lane| !lane.echo.is_without());
        self.echo_held = wanted || (was_held && heard);
        if was_held && !self.echo_held {
            return self.release(
                |lane| (&mut lane.echo, &mut lane.frame),
                Self::through_noise,
            );
        }
        let Some(canceller) = &mut self.canceller else {
            return self.through_noise();
        };
        let far = &self.far;
        if self.echo_held && !was_held {
            canceller.rejoin();
        }
        if self.echo_held {
            self.watch.start();
        }
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let mut process = |frame: &Frame| canceller.process(far, frame);
            match (was_held, self.echo_held) {
                (true, _) => lane
                    .echo
                    .process(&mut lane.frame, wanted && index == 0, process),
                (false, true) => {
                    lane.echo.hold(&lane.frame);
                    if index == 0 {
                        // What it gives is of the frame before, which has gone out already.
                        process(&lane.frame);
                    }
                }
                (false, false) => {}
            }
        }
        if self.echo_held {
            self.watch.lap(Measure::Echo);
        }
        if was_held || !self.echo_held {
            self.through_noise();
        }
    }

    /// The frames in the lanes through noise suppression, then on.
    fn through_noise(&mut self) {
        let was_held = self.noise_held;
        let heard = self.lanes.iter().any(|lane| !lane.noise.is_without());
        self.noise_held = self.wants_noise() || (was_held && heard);
        if was_held && !self.noise_held {
            return self.release(|lane| (&mut lane.noise, &mut lane.frame), Self::put_out);
        }
        for lane in &mut self.lanes {
            if was_held {
                let wanted = lane.wants_noise();
                let Some(suppressor) = &mut lane.suppressor else {
                    // Never wanted here: as late as in the other channels, no more.
                    lane.noise.process(&mut lane.frame, false, |frame| *frame);
                    continue;
                };
                if wanted && lane.noise.is_without() {
                    // Its memory is of long ago: it hears the frame before first.
                    suppressor.process(lane.noise.past());
                }
                let watch = &mut self.watch;
                lane.noise.process(&mut lane.frame, wanted, |frame| {
                    watch.start();
                    let suppressed = suppressor.process(frame);
                    watch.lap(Measure::Noise);
                    suppressed
                });
            } else if self.noise_held {
                lane.noise.hold(&lane.frame);
            }
        }
        if was_held || !self.noise_held {
            self.put_out();
        }
    }

    /// Sends on what a stage holds and then the frames in the lanes.
    fn release(
        &mut self,
        parts: impl Fn(&mut Lane) -> (&mut Stage, &mut Frame),
        next: impl Fn(&mut Self),
    ) {
        for lane in &mut self.lanes {
            let (stage, frame) = parts(lane);
            stage.exchange(frame);
        }
        next(self);
        for lane in &mut self.lanes {
            let (stage, frame) = parts(lane);
            *frame = *stage.past();
        }
        next(self);
    }

    /// The frames in the lanes are done but for their level.
    fn put_out(&mut self) {
        for lane in &mut self.lanes {
            let mut frame = lane.frame;
            lane.level(&mut frame, &mut self.watch);
            lane.ready.extend(&frame);
        }
    }

    /// What waits for the rest of its frame goes out as it is.
    fn release_waiting(&mut self) {
        self.position += self.waiting() as u64;
        for lane in &mut self.lanes {
            let Lane {
                waiting,
                ready,
                gain,
                gain_fade,
                switches,
                ..
            } = lane;
            let wanted = switches.get().automatic_gain;
            for sample in waiting.drain(..) {
                ready.push_back(level(gain, gain_fade, wanted, sample));
            }
        }
    }
}

impl Lane {
    fn wants_noise(&self) -> bool {
        self.suppressor.is_some() && self.switches.get().noise_suppression
    }

    fn level(&mut self, samples: &mut [f32], watch: &mut Stopwatch) {
        let wanted = self.switches.get().automatic_gain;
        if !wanted && self.gain_fade.is_without() {
            return;
        }
        watch.start();
        for sample in samples {
            *sample = level(&mut self.gain, &mut self.gain_fade, wanted, *sample);
        }
        watch.lap(Measure::Gain);
    }
}

/// A sample at its level: its own, the controlled one, or between the two while they are switched.
fn level(gain: &mut GainControl, fade: &mut Fade, wanted: bool, sample: f32) -> f32 {
    if !wanted && fade.is_without() {
        return sample;
    }
    if fade.is_without() {
        *gain = GainControl::new();
    }
    let controlled = gain.next(sample);
    fade.mix(sample, controlled, wanted)
}

/// A far end that is taken as it is.
struct Punctual<'a>(&'a mut dyn FarEnd);

impl FarEnd for Punctual<'_> {
    fn is_there(&mut self, _end: u64) -> bool {
        true
    }

    fn frame(&mut self, start: u64) -> Frame {
        self.0.frame(start)
    }
}
