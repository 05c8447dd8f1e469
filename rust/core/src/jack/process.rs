//! What the JACK server calls once a period.

use std::{
    ptr::null_mut,
    sync::{Arc, atomic::Ordering},
};

use super::{
    client::{MOST_PORTS, Told},
    cycle_clock::{Cycle, CycleClock, Period},
    library::{Handle, Library},
};
use crate::{
    capture::{Input, Moment},
    clock,
    playback::Output,
    try_lock::TryLock,
};

/// Looks at the cycle's count and age together, of which one falls between two beginnings of cycles.
const LOOKS: usize = 3;

/// What a client is there for.
#[derive(Debug)]
pub enum Work {
    /// What comes to its ports goes into the input, whose channels are as many.
    Capture(Arc<Input>),
    /// What the output has goes to its ports, which are as many as its channels.
    Playback(Arc<Output>),
}

/// Everything the process callback works with.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) library: &'static Library,
    pub(super) client: Handle,
    pub(super) ports: Vec<Handle>,
    pub(super) work: Work,
    pub(super) told: Arc<Told>,
    pub(super) sample_rate: u32,
    pub(super) clock: TryLock<CycleClock>,
    /// Frames between the converter and the first port.
    pub(super) latency_frames: u32,
}

// SAFETY: the handles are those of an open client, and libjack's functions may be called from any
// thread.
unsafe impl Send for Process {}
// SAFETY: as above; nothing in it is changed but what is atomic or behind its lock.
unsafe impl Sync for Process {}

/// One period. Neither allocates, locks, blocks nor panics.
pub(super) fn process(process: &Process, frames: u32) {
    let mut buffers = [null_mut::<f32>(); MOST_PORTS];
    for (buffer, &port) in buffers.iter_mut().zip(&process.ports) {
        // SAFETY: the port belongs to the client whose callback this is.
        *buffer = unsafe { (process.library.port_buffer)(port, frames) }.cast();
    }
    let buffers = buffers.get(..process.ports.len()).unwrap_or_default();
    let xrun = || process.told.xrun.swap(false, Ordering::Relaxed);
    match &process.work {
        Work::Capture(input) => {
            let began_ns = clock::monotonic_ns();
            let cycle = cycle(process, frames);
            // Two calls at once are for the input's own door, which counts whom it turns away.
            let unseen = Period {
                began_ns: cycle.begun_ns,
                missing: 0,
            };
            let observed = process.clock.try_with(|clock| clock.observe(cycle));
            let Some(period) = observed.unwrap_or(Some(unseen)) else {
                return;
            };
            // What the ports give is older than the period by their latency.
            let latency_ns = u64::from(process.latency_frames) * 1_000_000_000
                / u64::from(process.sample_rate.max(1));
            let moment = Moment {
                adc_ns: period.began_ns.saturating_sub(latency_ns),
                sample_rate: process.sample_rate,
                missing: period.missing,
                // Asked for only now: a cycle that is repeated must not use it up.
                overflow: xrun(),
            };
            input.accept_frames(frames as usize, moment, |first, block| {
                interleave(buffers, first, frames as usize, block);
            });
            let instruments = input.instruments();
            instruments.called_back(began_ns, u64::from(frames), process.sample_rate);
        }
        Work::Playback(output) => {
            let done = output.render(frames as usize, xrun(), |first, samples| {
                deinterleave(samples, buffers, first, frames as usize);
            });
            silence(buffers, done, frames as usize);
        }
    }
}

/// What the server tells of the cycle at hand.
fn cycle(process: &Process, frames: u32) -> Cycle {
    let (library, client) = (process.library, process.client);
    // SAFETY: this is the process callback of an open client.
    let count = || unsafe { (library.last_frame_time)(client) };
    let mut counted = count();
    for _ in 0..LOOKS {
        // SAFETY: as above.
        let since = unsafe { (library.frames_since_cycle_start)(client) };
        let now_ns = clock::monotonic_ns();
        let before = std::mem::replace(&mut counted, count());
        if counted == before && since < process.sample_rate {
            let since_ns = u64::from(since) * 1_000_000_000 / u64::from(process.sample_rate.max(1));
            return Cycle {
                count: counted,
                begun_ns: now_ns.saturating_sub(since_ns),
                frames,
            };
        }
    }
    Cycle {
        count: counted,
        begun_ns: clock::monotonic_ns(),
        frames,
    }
}

/// Writes frame after frame, from `first` on, of the `frames` frames in each buffer into `block`.
fn interleave(buffers: &[*mut f32], first: usize, frames: usize, block: &mut [f32]) {
    let channels = buffers.len().max(1);
    for (channel, &buffer) in buffers.iter().enumerate() {
        if buffer.is_null() {
            continue;
        }
        // SAFETY: JACK's buffers hold as many frames as the period has.
        let samples = unsafe { std::slice::from_raw_parts(buffer, frames) };
        let places = block.iter_mut().skip(channel).step_by(channels);
        for (place, sample) in places.zip(samples.iter().skip(first)) {
            *place = *sample;
        }
    }
}

/// Writes interleaved `samples` to the buffers, of `frames` frames each, from frame `first` on.
fn deinterleave(samples: &[f32], buffers: &[*mut f32], first: usize, frames: usize) {
    let channels = buffers.len().max(1);
    for (channel, &buffer) in buffers.iter().enumerate() {
        if buffer.is_null() {
            continue;
        }
        // SAFETY: JACK's buffers hold as many frames as the period has.
        let places = unsafe { std::slice::from_raw_parts_mut(buffer, frames) };
        let samples = samples.iter().skip(channel).step_by(channels);
        for (place, sample) in places.iter_mut().skip(first).zip(samples) {
            *place = *sample;
        }
    }
}

/// Fills the buffers, of `frames` frames each, with silence from frame `first` on.
fn silence(buffers: &[*mut f32], first: usize, frames: usize) {
    for &buffer in buffers {
        if buffer.is_null() {
            continue;
        }
        // SAFETY: JACK's buffers hold as many frames as the period has.
        let places = unsafe { std::slice::from_raw_parts_mut(buffer, frames) };
        if let Some(rest) = places.get_mut(first..) {
            rest.fill(0.0);
        }
    }
}
