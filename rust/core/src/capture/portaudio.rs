//! The function that PortAudio calls with each block from a device.

use std::{
    ffi::{c_int, c_ulong, c_void},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{Input, SampleFormat, format, input::Moment};
use crate::clock;

/// `PaStreamCallbackTimeInfo` of portaudio.h, in seconds of the stream's own clock.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TimeInfo {
    /// When the first frame of the input was converted.
    pub input_buffer_adc_time: f64,
    /// Now.
    pub current_time: f64,
    /// When the first frame of the output will be converted.
    pub output_buffer_dac_time: f64,
}

const PA_CONTINUE: c_int = 0;
const PA_ABORT: c_int = 2;
const PA_INPUT_OVERFLOW: c_ulong = 2;

/// What the callback needs besides the audio: pass a pointer to it as PortAudio's `userData`.
#[derive(Debug)]
pub struct Stream {
    /// Where the audio goes.
    input: Arc<Input>,
    /// The rate the stream was opened with, Hz.
    sample_rate: u32,
    /// Channels the stream was opened with; others than the input's are spread or left out.
    channels: usize,
    format: SampleFormat,
    detached: AtomicBool,
}

impl Stream {
    /// A stream of `channels` interleaved channels at `sample_rate` Hz into `input`.
    #[must_use]
    pub fn new(input: Arc<Input>, sample_rate: u32, channels: usize, format: SampleFormat) -> Self {
        Self {
            input,
            sample_rate: sample_rate.max(1),
            channels: channels.max(1),
            format,
            detached: AtomicBool::new(false),
        }
    }

    /// From now on this stream's audio is ignored, and its callback asks to be called no more: for a
    /// stream that hangs in its close while another one takes its place.
    pub fn detach(&self) {
        self.detached.store(true, Ordering::Release);
    }
}

/// A `PaStreamCallback` for interleaved input: converts or copies, counts, stamps, wakes.
///
/// It neither allocates, locks, blocks nor panics. The ADC time that PortAudio states on its own
/// clock is moved to the monotonic clock by its distance from "now".
///
/// # Safety
///
/// `user` must point to a live [`Stream`] while the PortAudio stream exists, and `input`, unless
/// null, to `frames` frames of the stream's channels and format.
pub unsafe extern "C" fn stream_callback(
    input: *const c_void,
    _output: *mut c_void,
    frames: c_ulong,
    time: *const TimeInfo,
    status: c_ulong,
    user: *mut c_void,
) -> c_int {
    // SAFETY: the caller promises that `user` is a live `Stream`.
    let Some(stream) = (unsafe { user.cast::<Stream>().as_ref() }) else {
        return PA_CONTINUE;
    };
    if stream.detached.load(Ordering::Acquire) {
        return PA_ABORT;
    }
    if input.is_null() {
        return PA_CONTINUE;
    }
    let now = clock::monotonic_ns();
    // SAFETY: PortAudio passes a valid pointer, or null in a primed stream.
    let age = unsafe { time.as_ref() }.map(|time| time.current_time - time.input_buffer_adc_time);
    let duration = frames as f64 / f64::from(stream.sample_rate);
    // Some host APIs leave a time at zero: then the block was converted just before now.
    let age = age.filter(|age| (0.0..1.0).contains(age) && *age >= duration / 2.0);
    let age_ns = (age.unwrap_or(duration) * 1e9) as u64;
    let moment = Moment {
        adc_ns: now.saturating_sub(age_ns),
        sample_rate: stream.sample_rate,
        missing: 0,
        overflow: status & PA_INPUT_OVERFLOW != 0,
    };
    let frames = frames as usize;
    let samples = frames * stream.channels;
    match stream.format {
        SampleFormat::F32 => {
            // SAFETY: the caller promises that many samples; PortAudio aligns its buffers for them.
            let audio = unsafe { std::slice::from_raw_parts(input.cast::<f32>(), samples) };
            take(stream, audio, frames, moment, format::copy, |sample| sample);
        }
        SampleFormat::I16 => {
            // SAFETY: as above.
            let audio = unsafe { std::slice::from_raw_parts(input.cast::<i16>(), samples) };
            let (all, one) = (format::from_i16, format::one_from_i16);
            take(stream, audio, frames, moment, all, one);
        }
    }
    let instruments = stream.input.instruments();
    instruments.called_back(now, frames as u64, stream.sample_rate);
    PA_CONTINUE
}

/// Hands `audio` to the stream's input: all samples at once where the channels are the same.
#[inline]
fn take<T: Copy>(
    stream: &Stream,
    audio: &[T],
    frames: usize,
    moment: Moment,
    all: impl Fn(&mut [f32], &[T]),
    one: impl Fn(T) -> f32,
) {
    let (from, to) = (stream.channels, stream.input.channels());
    stream.input.accept_frames(frames, moment, |first, block| {
        let part = audio.get(first * from..).unwrap_or_default();
        if from == to {
            all(block, part);
        } else {
            format::spread(block, to, part, from, &one);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::{Read, Shape, ring};
    use proptest::prelude::*;

    /// What a reader of the ring finds of one call with `frames` frames of `channels` channels.
    fn captured(
        stream_channels: usize,
        input_channels: usize,
        format: SampleFormat,
        audio: *const c_void,
        frames: usize,
    ) -> Vec<f32> {
        let (producer, ring) = ring(Shape {
            blocks: 128,
            block_samples: 32 * input_channels,
            readers: 1,
            pins: 0,
        });
        let mut reader = ring.reader().expect("a desk is free");
        let input = Arc::new(Input::new(producer, input_channels, Arc::default()));
        let mut stream = Stream::new(input, 48_000, stream_channels, format);
        let user = (&raw mut stream).cast();
        // SAFETY: `audio` holds that many frames, `stream` lives, and no time is given.
        let answer = unsafe {
            stream_callback(
                audio,
                std::ptr::null_mut(),
                frames as c_ulong,
                std::ptr::null(),
                0,
                user,
            )
        };
        assert_eq!(answer, PA_CONTINUE);
        let mut heard = Vec::new();
        while let Read::Block(block) = reader.read() {
            let used = block.stamp().frames as usize * input_channels;
            block.with_samples(|samples| heard.extend(samples.iter().take(used)));
        }
        heard
    }

    proptest! {
        #[test]
        fn every_block_of_floats_arrives_as_it_was(
            channels in 1_usize..=32,
            frames in 0_usize..=100,
            seed in any::<u32>(),
        ) {
            let audio: Vec<f32> =
                (0..channels * frames).map(|n| (n as f32).mul_add(0.37, seed as f32)).collect();
            let heard =
                captured(channels, channels, SampleFormat::F32, audio.as_ptr().cast(), frames);
            prop_assert_eq!(heard, audio);
        }

        #[test]
        fn every_block_of_integers_arrives_as_fractions_of_full_scale(
            audio in prop::collection::vec(any::<i16>(), 0..300),
            channels in 1_usize..=32,
        ) {
            let frames = audio.len() / channels;
            let heard =
                captured(channels, channels, SampleFormat::I16, audio.as_ptr().cast(), frames);
            let wanted: Vec<f32> = audio
                .iter()
                .take(frames * channels)
                .map(|&sample| (f64::from(sample) / 32_768.0) as f32)
                .collect();
            prop_assert_eq!(heard, wanted);
        }

        #[test]
        fn a_device_of_other_channels_fills_those_there_are(
            from in 1_usize..=8,
            to in 1_usize..=8,
            frames in 0_usize..=100,
        ) {
            let audio: Vec<i16> = (0..from * frames).map(|n| n as i16).collect();
            let heard = captured(from, to, SampleFormat::I16, audio.as_ptr().cast(), frames);
            prop_assert_eq!(heard.len(), to * frames);
            for (n, &sample) in heard.iter().enumerate() {
                let given = (n / to) * from + (n % to).min(from - 1);
                prop_assert_eq!(sample, given as f32 / 32_768.0);
            }
        }
    }

    /// Age of a buffer's first frame as the host states it, seconds.
    const AGE: f64 = 0.5;

    /// Calls back with buffers of `sizes` frames, one after the other, whose samples count on; checks
    /// that each frame is in the ring once, in its place, with its time.
    fn check_host_buffers(
        sizes: &[usize],
        block_frames: usize,
        channels: usize,
        sample_rate: u32,
    ) -> Result<(), TestCaseError> {
        let total: usize = sizes.iter().sum();
        let (producer, ring) = ring(Shape {
            blocks: total / block_frames + sizes.len() + 1,
            block_samples: block_frames * channels,
            readers: 1,
            pins: 0,
        });
        let mut reader = ring.reader().expect("a desk is free");
        let input = Arc::new(Input::new(producer, channels, Arc::default()));
        let mut stream = Stream::new(input, sample_rate, channels, SampleFormat::F32);
        let user = (&raw mut stream).cast();
        let audio: Vec<f32> = (0..total * channels).map(|sample| sample as f32).collect();
        let time = TimeInfo {
            input_buffer_adc_time: 1.0,
            current_time: 1.0 + AGE,
            output_buffer_dac_time: 0.0,
        };
        let mut first = 0_usize;
        for &size in sizes {
            let buffer = audio.get(first * channels..).unwrap_or_default();
            let before = clock::monotonic_ns();
            // SAFETY: `buffer` holds that many frames, and `stream` lives.
            let answer = unsafe {
                stream_callback(
                    buffer.as_ptr().cast(),
                    std::ptr::null_mut(),
                    size as c_ulong,
                    &raw const time,
                    0,
                    user,
                )
            };
            prop_assert_eq!(answer, PA_CONTINUE);
            let age = (AGE * 1e9) as u64;
            let stated = before - age..=clock::monotonic_ns() - age;
            let mut began = None;
            let mut done = 0_usize;
            while done < size {
                let Read::Block(block) = reader.read() else {
                    return Err(TestCaseError::fail("frames are missing"));
                };
                let stamp = block.stamp();
                prop_assert_eq!(stamp.frame as usize, first + done);
                prop_assert_eq!(stamp.frames as usize, block_frames.min(size - done));
                let began = *began.get_or_insert(stamp.adc_ns);
                prop_assert!(stated.contains(&began));
                let since = done as u64 * 1_000_000_000 / u64::from(sample_rate);
                prop_assert_eq!(stamp.adc_ns, began + since);
                let used = stamp.frames as usize * channels;
                let same = block.with_samples(|samples| {
                    samples
                        .iter()
                        .take(used)
                        .eq(buffer.iter().skip(done * channels).take(used))
                });
                prop_assert!(same);
                done += stamp.frames as usize;
            }
            first += size;
        }
        prop_assert!(matches!(reader.read(), Read::Empty));
        let books = reader.books();
        prop_assert_eq!((books.delivered, books.lost), (total as u64, 0));
        Ok(())
    }

    proptest! {
        #[test]
        fn host_buffers_of_any_size_arrive_once_in_order_with_their_times(
            sizes in prop::collection::vec(1_usize..=1_500, 1..12),
            block_frames in 1_usize..=700,
            channels in 1_usize..=4,
            sample_rate in prop::sample::select(vec![8_000_u32, 44_100, 48_000, 192_000]),
        ) {
            check_host_buffers(&sizes, block_frames, channels, sample_rate)?;
        }

        #[test]
        fn thirty_two_channels_do_so_at_the_lowest_and_the_highest_rate(
            sizes in prop::collection::vec(1_usize..=600, 1..4),
            sample_rate in prop::sample::select(vec![8_000_u32, 192_000]),
        ) {
            check_host_buffers(&sizes, 256, 32, sample_rate)?;
        }
    }

    #[test]
    fn a_detached_stream_gives_nothing_more_and_asks_to_end() {
        let (producer, ring) = ring(Shape {
            blocks: 2,
            block_samples: 4,
            readers: 1,
            pins: 0,
        });
        let mut reader = ring.reader().expect("a desk is free");
        let input = Arc::new(Input::new(producer, 1, Arc::default()));
        let mut stream = Stream::new(input, 48_000, 1, SampleFormat::F32);
        stream.detach();
        let audio = [1.0_f32; 4];
        // SAFETY: four samples are there, `stream` lives, and no time is given.
        let answer = unsafe {
            stream_callback(
                audio.as_ptr().cast(),
                std::ptr::null_mut(),
                4,
                std::ptr::null(),
                0,
                (&raw mut stream).cast(),
            )
        };
        assert_eq!(answer, PA_ABORT);
        assert!(matches!(reader.read(), Read::Empty));
    }
}
