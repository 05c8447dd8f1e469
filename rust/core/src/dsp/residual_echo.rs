//! Suppression of what a linear filter leaves of an echo: a Wiener gain, bin by bin.

use super::{
    FRAME, Frame,
    transform::{BINS, Transform, half_sine, product},
};

/// The residual is estimated on average; so much more is taken away to be rid of its peaks.
const OVERSUBTRACTION: f32 = 1.5;
/// No bin is attenuated by more than 30 dB: total silence between words would sound broken.
const LEAST_GAIN: f32 = 0.03;
/// Smoothing of the mean powers, a frame: about 200 ms.
const MEAN: f32 = 0.05;
/// Smoothing of their correlation, a frame: about 500 ms.
const CORRELATION: f32 = 0.02;
/// Of the predicted echo between so much and all of it is left.
const LEAKAGE: (f32, f32) = (0.001, 1.0);

/// Mean powers of a bin, and how the error's power moves with the echo's.
#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    error: f32,
    echo: f32,
    covariance: f32,
    variance: f32,
    gain: f32,
}

/// The suppressor, working on frames windowed by half a sine and overlapping by half.
#[derive(Debug)]
pub(super) struct ResidualEcho {
    bins: [Bin; BINS],
    rising: Frame,
    falling: Frame,
    error_past: Frame,
    echo_past: Frame,
    /// The second half of the last output, to be overlapped.
    tail: Frame,
}

impl ResidualEcho {
    pub(super) fn new() -> Self {
        let (rising, falling) = half_sine();
        Self {
            bins: [Bin {
                gain: 1.0,
                ..Bin::default()
            }; BINS],
            rising,
            falling,
            error_past: [0.0; FRAME],
            echo_past: [0.0; FRAME],
            tail: [0.0; FRAME],
        }
    }

    /// Takes the canceller's error and predicted echo; gives the frame before, suppressed.
    ///
    /// The residual is the larger of two estimates: the filter's own uncertainty, and the predicted
    /// echo times the leakage, which is how the error's power follows the echo's (J.-M. Valin, *On
    /// adjusting the learning rate in frequency domain echo cancellation with double-talk*, 2007).
    pub(super) fn suppress(
        &mut self,
        transform: &mut Transform,
        error: &Frame,
        echo: &Frame,
        uncertainty: &[f32; BINS],
    ) -> Frame {
        let early = product(&self.error_past, &self.rising);
        let mut spectrum = transform.forward(&early, &product(error, &self.falling));
        let early = product(&self.echo_past, &self.rising);
        let echo_spectrum = transform.forward(&early, &product(echo, &self.falling));
        (self.error_past, self.echo_past) = (*error, *echo);

        let signals = spectrum.iter_mut().zip(&echo_spectrum);
        for ((bin, uncertainty), (error, echo)) in
            self.bins.iter_mut().zip(uncertainty).zip(signals)
        {
            *error *= bin.gain_for(error.norm_sqr(), echo.norm_sqr(), *uncertainty);
        }
        let (early, late) = transform.inverse(&spectrum);
        let mut output = product(&early, &self.rising);
        for (output, tail) in output.iter_mut().zip(&self.tail) {
            *output += tail;
        }
        self.tail = product(&late, &self.falling);
        output
    }
}

impl Bin {
    fn gain_for(&mut self, error: f32, echo: f32, uncertainty: f32) -> f32 {
        self.error += MEAN * (error - self.error);
        self.echo += MEAN * (echo - self.echo);
        let (error_swing, echo_swing) = (error - self.error, echo - self.echo);
        self.covariance += CORRELATION * (error_swing * echo_swing - self.covariance);
        self.variance += CORRELATION * (echo_swing * echo_swing - self.variance);
        let (least, most) = LEAKAGE;
        let leakage = (self.covariance / (self.variance + 1e-12)).clamp(least, most);
        let residual = (leakage * echo).max(uncertainty);
        let wanted = (1.0 - OVERSUBTRACTION * residual / (error + 1e-9)).max(LEAST_GAIN);
        // Down fast, up slower: gains that flutter are heard as musical tones.
        let keep = if wanted < self.gain { 0.3 } else { 0.6 };
        self.gain = keep * self.gain + (1.0 - keep) * wanted;
        self.gain
    }
}
