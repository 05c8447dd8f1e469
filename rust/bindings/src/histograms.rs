//! `voicestand_core::stats` for Python: plain dictionaries of numbers.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use voicestand_core::stats::{Instruments, Measure, Snapshot, ThreadMark, Unit};

/// Every measure by name: count, quantiles, mean and largest; durations in seconds.
pub(crate) fn summaries<'py>(
    py: Python<'py>,
    instruments: &Instruments,
) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    for measure in Measure::ALL {
        let snapshot = instruments.snapshot(measure);
        found.set_item(measure.name(), summary(py, measure.unit(), &snapshot)?)?;
    }
    Ok(found)
}

fn summary<'py>(py: Python<'py>, unit: Unit, seen: &Snapshot) -> PyResult<Bound<'py, PyDict>> {
    let (name, scale) = match unit {
        Unit::Nanoseconds => ("s", 1e-9),
        Unit::Blocks => ("blocks", 1.0),
    };
    let counts = &seen.counts;
    let dict = PyDict::new(py);
    dict.set_item("unit", name)?;
    dict.set_item("count", counts.len())?;
    for (key, quantile) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
        dict.set_item(key, counts.value_at_quantile(quantile) as f64 * scale)?;
    }
    dict.set_item("mean", counts.mean() * scale)?;
    dict.set_item("max", counts.max() as f64 * scale)?;
    dict.set_item("saturated", seen.saturated)?;
    Ok(dict)
}

/// The engine's threads by name, as far as they run: number, time on a CPU, time without one.
pub(crate) fn threads<'py>(
    py: Python<'py>,
    instruments: &Instruments,
) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    let marks: [(&str, &ThreadMark); 2] = [
        ("callback", &instruments.callback_thread),
        ("dsp", &instruments.dsp_thread),
    ];
    for (name, mark) in marks {
        let Some(times) = mark.times() else { continue };
        let dict = PyDict::new(py);
        dict.set_item("id", times.id)?;
        dict.set_item("cpu_seconds", times.cpu_ns as f64 / 1e9)?;
        dict.set_item("wait_seconds", times.waited_ns as f64 / 1e9)?;
        found.set_item(name, dict)?;
    }
    Ok(found)
}
