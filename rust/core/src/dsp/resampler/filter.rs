//! The windowed sinc that every stage of the resampler is made of.
//!
//! Kaiser's window, with his formulas for its shape and length (J. F. Kaiser, *Nonrecursive digital
//! filter design using the I0-sinh window function*, ISCAS 1974).

use std::f64::consts::PI;

use crate::dsp::kernels::bessel_i0;

/// Stop-band attenuation that the filters are designed for, dB: what is promised, 100 dB, and a little
/// for rounding. Every 6 dB more would cost a sixteenth of the speed.
pub(super) const ATTENUATION_DB: f64 = 100.8;
/// The same for halving: Kaiser's formula for the length falls short where the transition is wide,
/// and the few more coefficients cost little.
pub(super) const HALVING_DB: f64 = 120.0;

/// A low-pass as a function of continuous time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lowpass {
    /// Cut-off, 1 = Nyquist frequency of the samples filtered.
    cutoff: f64,
    /// Half the length, in samples.
    half: f64,
    beta: f64,
    scale: f64,
}

impl Lowpass {
    /// Passes up to `pass` and stops from `stop` on, both in shares of the Nyquist frequency, by
    /// `attenuation` dB.
    pub(super) fn new(pass: f64, stop: f64, attenuation: f64) -> Self {
        let taps = (attenuation - 8.0) / (2.285 * PI * (stop - pass));
        let beta = 0.1102 * (attenuation - 8.7);
        Self {
            cutoff: (pass + stop) / 2.0,
            half: taps / 2.0,
            beta,
            scale: 1.0 / bessel_i0(beta),
        }
    }

    /// Passes up to `pass` and stops from `stop` on as well as one can that reaches `half` samples to
    /// either side.
    pub(super) fn of_half(pass: f64, stop: f64, half: f64) -> Self {
        let attenuation = 8.0 + 2.0 * half * 2.285 * PI * (stop - pass);
        Self {
            half,
            ..Self::new(pass, stop, attenuation)
        }
    }

    /// Whole samples to either side of the centre within which the filter lies.
    pub(super) fn reach(&self) -> usize {
        self.half.ceil() as usize
    }

    /// The impulse response `t` samples from its centre, not normalized.
    pub(super) fn at(&self, t: f64) -> f64 {
        let u = t / self.half;
        if u.abs() > 1.0 {
            return 0.0;
        }
        sinc(self.cutoff * t) * bessel_i0(self.beta * (1.0 - u * u).sqrt()) * self.scale
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}
