//! `voicestand._native`: conversion between Python and [`voicestand_core`], nothing else.

mod capture_reader;
mod cpu;
mod dsp;
mod engine;
mod exclusive;
mod fork;
mod histograms;
mod jack;
mod player;
mod pool;
mod resampler;
mod ring;
mod ring_reader;
mod samples;
mod speech_reader;
mod stream;
mod thermal_governor;
mod thermometer;
mod time;
mod user_data;

use pyo3::prelude::*;

/// The native half of VoiceStand.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    cpu::register(module)?;
    dsp::register(module)?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<speech_reader::SpeechReader>()?;
    module.add_class::<speech_reader::SpeechWindow>()?;
    module.add_class::<capture_reader::CaptureReader>()?;
    module.add_class::<capture_reader::CaptureBlock>()?;
    module.add_class::<stream::DeviceStream>()?;
    module.add_class::<jack::JackClient>()?;
    module.add_class::<player::Player>()?;
    module.add_class::<player::OutputDeviceStream>()?;
    module.add_class::<pool::Pool>()?;
    module.add_class::<pool::PoolBlock>()?;
    module.add_class::<thermometer::Thermometer>()?;
    module.add_class::<thermal_governor::ThermalGovernor>()?;
    module.add_class::<resampler::Resampler>()?;
    module.add_class::<ring::Ring>()?;
    module.add_class::<ring_reader::RingReader>()?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
