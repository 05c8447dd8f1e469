//! `voicestand_core::engine` for Python.

use std::sync::{Arc, Mutex, PoisonError};

use numpy::{PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use voicestand_core::{
    clock::monotonic_ns,
    engine::{Engine as Core, Spec},
    process::Home,
    ring::Wake,
};

use crate::{
    capture_reader::CaptureReader, cpu::granted_name, fork::refuse_elsewhere, histograms,
    samples::interleaved, speech_reader::SpeechReader, stream::DeviceStream, time::nanoseconds,
};

/// One source's way through the native core.
///
/// Audio comes in by a device's native callback (`device_stream`) or by `push`; a native DSP thread
/// conditions it; `speech_reader` gives 16 kHz speech. Every frame is delivered or counted as lost.
#[pyclass(frozen, module = "voicestand._native")]
#[derive(Debug)]
pub struct Engine {
    core: Mutex<Option<Arc<Core>>>,
    home: Home,
}

impl Engine {
    pub(crate) fn core(&self) -> PyResult<Arc<Core>> {
        refuse_elsewhere(self.home, "engine")?;
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.clone()
            .ok_or_else(|| PyValueError::new_err("the engine is closed"))
    }
}

#[pymethods]
impl Engine {
    /// Allocates the rings and starts the DSP thread. Raises `ValueError` naming what is out of range.
    #[new]
    #[allow(clippy::too_many_arguments, reason = "Python names them")]
    #[pyo3(signature = (*, sample_rate, channels, roles, block_frames=512, ring_seconds=4.0,
                        high_pass_hz=80.0, follow_monotonic=false))]
    fn new(
        py: Python<'_>,
        sample_rate: u32,
        channels: usize,
        roles: Vec<Vec<usize>>,
        block_frames: usize,
        ring_seconds: f64,
        high_pass_hz: f64,
        follow_monotonic: bool,
    ) -> PyResult<Self> {
        let spec = Spec {
            sample_rate,
            channels,
            roles,
            block_frames,
            ring_seconds,
            high_pass_hz,
            follow_monotonic,
        };
        let core = py.detach(|| Core::start(spec));
        let core = core.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self {
            core: Mutex::new(Some(Arc::new(core))),
            home: Home::here(),
        })
    }

    /// A handle to the native callback, for one PortAudio stream of this engine's rate.
    ///
    /// `channels` of the stream, by default the engine's; a device that has other ones fills those
    /// there are. `sample_format`: `float32` or `int16`, which the callback converts.
    #[pyo3(signature = (*, channels=None, sample_format="float32"))]
    fn device_stream(
        &self,
        channels: Option<usize>,
        sample_format: &str,
    ) -> PyResult<DeviceStream> {
        let core = self.core()?;
        let (input, spec) = (Arc::clone(core.input()), core.spec());
        let channels = channels.unwrap_or(spec.channels);
        if !(1..=256).contains(&channels) {
            return Err(PyValueError::new_err(format!(
                "a device stream of {channels} channels: 1 to 256"
            )));
        }
        DeviceStream::new(input, spec.sample_rate, channels, sample_format)
    }

    /// The source has gone away: what it does not give meanwhile becomes silence on the clock, when
    /// `advance` says so or when the next frame comes, and is counted as `missing`.
    fn interrupt(&self) -> PyResult<()> {
        self.core()?.input().interrupt();
        Ok(())
    }

    /// After `interrupt`, lets the clock go on to `until`, in seconds of `time.monotonic()`. Raises
    /// `ValueError` for a time that is none.
    fn advance(&self, until: f64) -> PyResult<()> {
        let core = self.core()?;
        core.input()
            .advance(nanoseconds("until", until)?, core.spec().sample_rate);
        Ok(())
    }

    /// Puts audio in: float32 (frames, channels), C-contiguous; `adc_time` in seconds of
    /// `time.monotonic()` for the first frame, by default now.
    ///
    /// With `wait`, waits until the readers have room, so that nothing is lost (for files); the GIL
    /// is released meanwhile. Returns the frames accepted: fewer only if the input was finished.
    #[pyo3(signature = (samples, *, adc_time=None, wait=false))]
    fn push(
        &self,
        py: Python<'_>,
        samples: PyReadonlyArray2<'_, f32>,
        adc_time: Option<f64>,
        wait: bool,
    ) -> PyResult<usize> {
        let core = self.core()?;
        let spec = core.spec();
        let width = samples.shape().get(1).copied().unwrap_or(0);
        if width != spec.channels {
            return Err(PyValueError::new_err(format!(
                "frames of {width} channels for an engine of {}",
                spec.channels
            )));
        }
        let audio = interleaved(&samples)?;
        let start_ns = match adc_time {
            Some(seconds) => nanoseconds("adc_time", seconds)?,
            None => monotonic_ns(),
        };
        let mut accepted = 0;
        for block in audio.chunks(spec.block_frames * spec.channels) {
            if wait {
                while py.detach(|| core.wait_for_room(None)) == Wake::Interrupted {
                    py.check_signals()?;
                }
            }
            let offset_ns = accepted as u64 * 1_000_000_000 / u64::from(spec.sample_rate);
            let frames = core
                .input()
                .accept(block, start_ns + offset_ns, spec.sample_rate, false);
            accepted += frames;
            if frames * spec.channels < block.len() {
                break;
            }
        }
        Ok(accepted)
    }

    /// Lets speech frame 0 be at `origin`, seconds of `time.monotonic()`: until the source begins
    /// there is silence. For an engine that follows that clock, before its source is started. Raises
    /// `ValueError` for another one, or a time that is none.
    fn begin_at(&self, origin: f64) -> PyResult<()> {
        let core = self.core()?;
        if !core.spec().follow_monotonic {
            return Err(PyValueError::new_err(
                "begin_at: the engine keeps its source's own clock: make it with follow_monotonic",
            ));
        }
        core.begin_at(nanoseconds("origin", origin)?);
        Ok(())
    }

    /// A reader of 16 kHz speech in windows of `frames` frames, 1 to 1,000,000, from now on. Raises
    /// `ValueError` for another number, `RuntimeError` if there are 8 readers already.
    #[pyo3(signature = (frames=512))]
    fn speech_reader(&self, frames: usize) -> PyResult<SpeechReader> {
        if !(1..=1_000_000).contains(&frames) {
            return Err(PyValueError::new_err(format!(
                "windows of {frames} frames: 1 to 1000000"
            )));
        }
        let reader = self.core()?.speech_reader(frames);
        reader.map(SpeechReader::new).ok_or_else(|| {
            PyRuntimeError::new_err("too many speech readers: close one first (at most 8)")
        })
    }

    /// A reader of the frames as the source gives them, from now on. Raises `RuntimeError` if there
    /// are 7 readers already.
    fn capture_reader(&self) -> PyResult<CaptureReader> {
        let core = self.core()?;
        let reader = core.capture_reader();
        reader
            .map(|reader| CaptureReader::new(reader, core.spec().channels))
            .ok_or_else(|| {
                PyRuntimeError::new_err("too many capture readers: close one first (at most 7)")
            })
    }

    /// No more audio: readers get what is under way and then the end.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        let core = self.core()?;
        py.detach(|| core.finish());
        Ok(())
    }

    /// Per speech channel (peak, rms, clipped): 1 = full scale; peaks since the last call; the
    /// number of clipped samples since the start.
    fn levels(&self) -> PyResult<Vec<(f32, f32, u64)>> {
        let levels = self.core()?.levels();
        Ok(levels
            .into_iter()
            .map(|level| (level.peak, level.rms, level.clipped))
            .collect())
    }

    /// Per speech channel the loudness of what is delivered (EBU R 128): `momentary`, `short_term`,
    /// `integrated` (LUFS; -inf for silence), `range` (LU); `peak_hold` (1 = full scale).
    fn loudness<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let readings = self.core()?.loudness();
        let dicts = readings.into_iter().map(|loudness| {
            let dict = PyDict::new(py);
            dict.set_item("momentary", loudness.momentary)?;
            dict.set_item("short_term", loudness.short_term)?;
            dict.set_item("integrated", loudness.integrated)?;
            dict.set_item("range", loudness.range)?;
            dict.set_item("peak_hold", loudness.peak_hold)?;
            Ok(dict)
        });
        dicts.collect()
    }

    /// Switches stages of conditioning on or off, live and without a click: of one speech channel,
    /// or of all. `None` leaves a stage as it is.
    #[pyo3(signature = (channel=None, *, high_pass=None, echo_cancellation=None,
                        noise_suppression=None, automatic_gain=None))]
    fn set_conditioning(
        &self,
        channel: Option<usize>,
        high_pass: Option<bool>,
        echo_cancellation: Option<bool>,
        noise_suppression: Option<bool>,
        automatic_gain: Option<bool>,
    ) -> PyResult<()> {
        let core = self.core()?;
        let channels = core.switches();
        if let Some(channel) = channel
            && channel >= channels.len()
        {
            return Err(PyValueError::new_err(format!(
                "no speech channel {channel}: there are {}, counted from 0",
                channels.len()
            )));
        }
        let chosen = |index: usize| channel.is_none_or(|channel| channel == index);
        for (_, switches) in channels
            .iter()
            .enumerate()
            .filter(|(index, _)| chosen(*index))
        {
            switches.update(|wanted| {
                wanted.high_pass = high_pass.unwrap_or(wanted.high_pass);
                wanted.echo_cancellation = echo_cancellation.unwrap_or(wanted.echo_cancellation);
                wanted.noise_suppression = noise_suppression.unwrap_or(wanted.noise_suppression);
                wanted.automatic_gain = automatic_gain.unwrap_or(wanted.automatic_gain);
            });
        }
        Ok(())
    }

    /// Per speech channel what is on: `high_pass`, `echo_cancellation`, `noise_suppression`,
    /// `automatic_gain`.
    fn conditioning<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let core = self.core()?;
        let dicts = core.switches().iter().map(|switches| {
            let on = switches.get();
            let dict = PyDict::new(py);
            dict.set_item("high_pass", on.high_pass)?;
            dict.set_item("echo_cancellation", on.echo_cancellation)?;
            dict.set_item("noise_suppression", on.noise_suppression)?;
            dict.set_item("automatic_gain", on.automatic_gain)?;
            Ok(dict)
        });
        dicts.collect()
    }

    /// Makes a speech channel of another, live engine the far end of the first channel's echo.
    #[pyo3(signature = (engine, channel=0))]
    fn set_far_end(&self, engine: Option<PyRef<'_, Self>>, channel: usize) -> PyResult<()> {
        let core = self.core()?;
        let far = engine.map(|engine| engine.core()).transpose()?;
        if far.as_ref().is_some_and(|far| Arc::ptr_eq(far, &core)) {
            return Err(PyValueError::new_err(
                "an engine cannot be its own far end: its second channel already is",
            ));
        }
        core.set_far_end(far.as_deref().map(|far| (far, channel)))
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The books: `captured`, `lost_before_dsp`, `rejected`, `missing` (frames); `blocks`, `overflows`,
    /// `waiting_blocks`; `longest_gap` between two blocks (seconds). Cheap enough to be asked for often.
    fn books<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.core()?.stats();
        let dict = PyDict::new(py);
        dict.set_item("captured", stats.captured)?;
        dict.set_item("lost_before_dsp", stats.lost_before_dsp)?;
        let clock = stats.clock.map(|reading| -> PyResult<_> {
            let clock = PyDict::new(py);
            clock.set_item("drift_ppm", reading.drift_ppm)?;
            clock.set_item("error", reading.error)?;
            clock.set_item("jitter", reading.jitter)?;
            clock.set_item("steps", reading.steps)?;
            Ok(clock)
        });
        dict.set_item("clock", clock.transpose()?)?;
        dict.set_item("rejected", stats.input.rejected)?;
        dict.set_item("missing", stats.input.missing)?;
        dict.set_item("blocks", stats.input.blocks)?;
        dict.set_item("overflows", stats.input.overflows)?;
        dict.set_item("waiting_blocks", stats.waiting_blocks)?;
        dict.set_item("longest_gap", stats.input.longest_gap_ns as f64 / 1e9)?;
        Ok(dict)
    }

    /// The books; `histograms` of durations and depths by name; `threads`: CPU time of the
    /// callback's and the DSP thread.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let core = self.core()?;
        let instruments = core.instruments();
        let dict = self.books(py)?;
        dict.set_item("histograms", histograms::summaries(py, instruments)?)?;
        dict.set_item("threads", histograms::threads(py, instruments)?)?;
        Ok(dict)
    }

    /// The DSP thread's kernel identifier and what it was granted when it asked for real-time
    /// priority (`realtime`, `nice`, `none`); `None` before it runs and after it ended.
    fn dsp_thread(&self) -> PyResult<Option<(i32, &'static str)>> {
        let thread = self.core()?.dsp_thread();
        Ok(thread.map(|(id, granted)| (id, granted_name(granted))))
    }

    /// Ends the audio and the DSP thread. Readers may still read what is under way.
    fn close(&self, py: Python<'_>) {
        if !self.home.is_here() {
            return; // nothing of it runs here
        }
        let core = self
            .core
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        py.detach(|| {
            if let Some(core) = core {
                // Another thread may be waiting for room in `push` and so keep the core alive.
                core.finish();
            }
        });
    }
}
