//! A cascade of `voicestand_core::dsp::kernels::Section` for Python.

use pyo3::prelude::*;
use voicestand_core::dsp::kernels;

use super::arrays::{Samples, demand};
use super::{chosen, run, target};

/// A cascade of second-order sections with its state.
#[pyclass(module = "voicestand._native")]
#[derive(Debug)]
pub struct Biquads(Vec<kernels::Section>);

#[pymethods]
impl Biquads {
    /// 1 to 64 sections (b0, b1, b2, a1, a2), each with a0 = 1.
    ///
    /// Raises ``ValueError`` for another number of them, or one that is not finite or unstable.
    #[new]
    fn new(sections: Vec<[f64; 5]>) -> PyResult<Self> {
        demand((1..=64).contains(&sections.len()), || {
            format!("{} sections: 1 to 64", sections.len())
        })?;
        let mut made = Vec::with_capacity(sections.len());
        for [b0, b1, b2, a1, a2] in sections {
            // Jury's criterion: both poles within the unit circle.
            let stable = a2.abs() < 1.0 && a1.abs() < 1.0 + a2;
            demand(stable && [b0, b1, b2].iter().all(|b| b.is_finite()), || {
                format!("section {b0}, {b1}, {b2}, {a1}, {a2}: must be finite and stable")
            })?;
            made.push(kernels::Section::new([b0, b1, b2], [a1, a2]));
        }
        Ok(Self(made))
    }

    /// Butterworth's high-pass of an even ``order`` up to 16, -3 dB at ``corner_hz``.
    ///
    /// Raises ``ValueError`` for another order, or a corner not between 0 and half of ``sample_rate``.
    #[staticmethod]
    #[pyo3(signature = (corner_hz, sample_rate, *, order=2))]
    fn high_pass(corner_hz: f64, sample_rate: u32, order: usize) -> PyResult<Self> {
        demand(
            corner_hz > 0.0 && corner_hz < f64::from(sample_rate) / 2.0,
            || format!("corner_hz {corner_hz}: between 0 and half the sample rate, {sample_rate}"),
        )?;
        demand(order.is_multiple_of(2) && (2..=16).contains(&order), || {
            format!("order {order}: 2, 4 ... 16")
        })?;
        Ok(Self(kernels::Section::butterworth_high_pass(
            corner_hz,
            order,
            sample_rate,
        )))
    }

    /// Filters float32 samples, the next block of one channel, in place or into ``out``.
    ///
    /// A sample that is no finite number counts as 0.
    #[pyo3(signature = (samples, *, out=None))]
    fn process(
        &mut self,
        py: Python<'_>,
        samples: &Bound<'_, PyAny>,
        out: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let kernels = chosen()?;
        let to = target(&Samples::of(samples, "samples")?, out)?;
        run(py, to.len(), || kernels.biquads(&mut self.0, to));
        Ok(())
    }

    /// Forgets what it heard.
    fn reset(&mut self) {
        self.0.iter_mut().for_each(kernels::Section::reset);
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Biquads>()
}
