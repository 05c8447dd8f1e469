//! The end of the DSP thread's way: resampled speech → speech chain → loudness → speech ring.

use std::sync::Arc;

use super::{SAMPLE_NS, far_end::SpeechFarEnd};
use crate::{
    clock::monotonic_ns,
    dsp::{FarEnd, LoudnessMeter, SPEECH_RATE, SpeechChain, Switches},
    exchange::Exchange,
    ring::{Producer, Stamp},
    stats::Instruments,
};

/// Where a far end is handed over.
pub(super) type FarEnds = Arc<Exchange<Box<SpeechFarEnd>>>;

/// What the next speech block says of its source.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carried {
    /// Source frames that went in since the last speech block came out.
    pub(super) source_frames: u32,
    /// Flags of the blocks they were in.
    pub(super) flags: u32,
}

/// When speech was converted: sample 0, and all others from there at 16 kHz.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SpeechClock {
    zero_ns: f64,
}

impl SpeechClock {
    fn at(self, frame: u64) -> u64 {
        (self.zero_ns + frame as f64 * SAMPLE_NS).max(0.0) as u64
    }
}

/// The chain, the meters behind it, and the ring.
pub(super) struct SpeechOutlet {
    ring: Producer,
    chain: SpeechChain,
    far_end: Option<Box<SpeechFarEnd>>,
    far_ends: FarEnds,
    loudness: Vec<LoudnessMeter>,
    /// Resampled samples on their way into the chain, channel after channel.
    fresh: Box<[f32]>,
    /// Samples of one channel in a speech block.
    stride: usize,
    channels: usize,
    /// Samples that were resampled so far: the index of the next one.
    taken: u64,
}

impl SpeechOutlet {
    pub(super) fn new(ring: Producer, switches: &[Arc<Switches>], stride: usize) -> Self {
        let channels = switches.len();
        let meters = (0..channels).filter_map(|_| LoudnessMeter::new(SPEECH_RATE));
        Self {
            ring,
            chain: SpeechChain::new(switches.iter().map(Arc::clone), stride),
            far_end: None,
            far_ends: Arc::default(),
            loudness: meters.collect(),
            fresh: vec![0.0; stride * channels].into(),
            stride: stride.max(1),
            channels,
            taken: 0,
        }
    }

    /// Has the time of the chain's stages recorded in `instruments`.
    pub(super) fn timed(mut self, instruments: &Arc<Instruments>) -> Self {
        self.chain = self.chain.timed(instruments);
        self
    }

    /// Samples of each channel that were taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// The clock on which the next sample that is taken was converted at `next_ns`.
    pub(super) fn clock(&self, next_ns: f64) -> SpeechClock {
        SpeechClock {
            zero_ns: next_ns - self.taken as f64 * SAMPLE_NS,
        }
    }

    pub(super) fn far_ends(&self) -> FarEnds {
        Arc::clone(&self.far_ends)
    }

    pub(super) fn loudness(&self) -> &[LoudnessMeter] {
        &self.loudness
    }

    /// Takes what `resample` puts into each channel's place and publishes what is done. It returns
    /// how many samples, the same for all channels, and what flags they add.
    pub(super) fn pass_on(
        &mut self,
        clock: SpeechClock,
        carried: &mut Carried,
        mut resample: impl FnMut(usize, &mut [f32]) -> (usize, u32),
    ) {
        self.far_ends.take(&mut self.far_end);
        if let Some(far_end) = &mut self.far_end {
            far_end.collect(clock.zero_ns);
        }
        if self.chain.is_idle(self.has_far_end()) {
            let adc_ns = clock.at(self.ring.frame());
            let (chain, loudness, stride) = (&mut self.chain, &mut self.loudness, self.stride);
            let (channels, taken) = (self.channels, &mut self.taken);
            self.ring.publish(|block| {
                let mut produced = 0;
                for (index, place) in block.chunks_mut(stride).take(channels).enumerate() {
                    let flags;
                    (produced, flags) = resample(index, place);
                    carried.flags |= flags;
                    let done = place.get_mut(..produced).unwrap_or_default();
                    chain.pass(index, done);
                    if let Some(meter) = loudness.get_mut(index) {
                        meter.measure(done);
                    }
                }
                *taken += produced as u64;
                stamp_of(produced, adc_ns, carried)
            });
            return;
        }
        let mut produced = 0;
        for (index, place) in self.fresh.chunks_mut(self.stride).enumerate() {
            let flags;
            (produced, flags) = resample(index, place);
            carried.flags |= flags;
            self.chain
                .feed(index, place.get(..produced).unwrap_or_default());
        }
        self.taken += produced as u64;
        self.chain.work(far(&mut self.far_end));
        self.publish_ready(clock, carried);
    }

    /// Publishes all that is under way, and the last source frames with it.
    pub(super) fn finish(
        &mut self,
        clock: SpeechClock,
        carried: &mut Carried,
        resample: impl FnMut(usize, &mut [f32]) -> (usize, u32),
    ) {
        self.pass_on(clock, carried, resample);
        self.chain.finish(far(&mut self.far_end));
        self.publish_ready(clock, carried);
        if carried.source_frames > 0 {
            let adc_ns = clock.at(self.ring.frame());
            self.ring.publish(|_| Some(stamp(0, adc_ns, carried)));
        }
    }

    fn has_far_end(&self) -> bool {
        self.far_end.is_some() || self.channels > 1
    }

    fn publish_ready(&mut self, clock: SpeechClock, carried: &mut Carried) {
        loop {
            let count = self.chain.ready().min(self.stride);
            if count == 0 {
                return;
            }
            let adc_ns = clock.at(self.ring.frame());
            let (chain, loudness, stride) = (&mut self.chain, &mut self.loudness, self.stride);
            let channels = self.channels;
            self.ring.publish(|block| {
                for (index, place) in block.chunks_mut(stride).take(channels).enumerate() {
                    let place = place.get_mut(..count).unwrap_or_default();
                    chain.take(index, place);
                    if let Some(meter) = loudness.get_mut(index) {
                        meter.measure(place);
                    }
                }
                stamp_of(count, adc_ns, carried)
            });
        }
    }
}

fn far(far_end: &mut Option<Box<SpeechFarEnd>>) -> Option<&mut dyn FarEnd> {
    far_end
        .as_mut()
        .map(|far_end| far_end.as_mut() as &mut dyn FarEnd)
}

/// The stamp of a block of `produced` frames, or none if nothing came out; then what went in is
/// carried to the next one.
fn stamp_of(produced: usize, adc_ns: u64, carried: &mut Carried) -> Option<Stamp> {
    (produced > 0).then(|| stamp(produced, adc_ns, carried))
}

fn stamp(produced: usize, adc_ns: u64, carried: &mut Carried) -> Stamp {
    let Carried {
        source_frames,
        flags,
    } = std::mem::take(carried);
    Stamp {
        frames: produced as u32,
        source_frames,
        adc_ns,
        published_ns: monotonic_ns(),
        flags,
        ..Stamp::default()
    }
}
