//! Noise suppression: WebRTC's, as the crate `sonora-ns` has it in Rust, on our frames and scale,
//! and as much of it as the noise deserves.

use std::fmt;

use sonora_ns::{
    config::{OVERLAP_SIZE, SuppressionLevel},
    noise_suppressor::NoiseSuppressor as WebRtc,
};

use super::{FRAME, Frame, steadiness::Steadiness};

/// Full scale of the algorithm, which counts in 16-bit samples.
const FULL_SCALE: f32 = 32_768.0;
/// What its overlap lacks to a whole frame of delay.
const PADDING: usize = FRAME - OVERLAP_SIZE;

/// A Wiener filter behind a quantile noise estimate, up to 18 dB deep. Steady noise is taken away as
/// far as it is loud enough to be in the way; what comes and goes like speech is left alone.
pub struct NoiseSuppressor {
    inner: WebRtc,
    padding: [f32; PADDING],
    past: Frame,
    steadiness: Steadiness,
    share: f32,
}

impl fmt::Debug for NoiseSuppressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoiseSuppressor").finish_non_exhaustive()
    }
}

impl Default for NoiseSuppressor {
    fn default() -> Self {
        Self::new()
    }
}

impl NoiseSuppressor {
    /// A suppressor that knows no noise yet; it learns within a second.
    #[must_use]
    pub fn new() -> Self {
        Self {
            inner: WebRtc::with_level(SuppressionLevel::K18dB),
            padding: [0.0; PADDING],
            past: [0.0; FRAME],
            steadiness: Steadiness::new(),
            share: 0.0,
        }
    }

    /// Takes the next frame. What comes out is the frame **before** it, with less noise.
    pub fn process(&mut self, frame: &Frame) -> Frame {
        let suppressed = self.suppress(frame);
        let before = std::mem::replace(&mut self.past, *frame);
        let step = (self.steadiness.hear(frame) - self.share) / FRAME as f32;
        let mut output = before;
        for (output, suppressed) in output.iter_mut().zip(&suppressed) {
            self.share += step;
            *output += self.share * (suppressed - *output);
        }
        output
    }

    fn suppress(&mut self, frame: &Frame) -> Frame {
        let mut scaled = frame.map(|sample| sample * FULL_SCALE);
        self.inner.analyze(&scaled);
        self.inner.process(&mut scaled);
        let mut output = [0.0; FRAME];
        for (to, from) in output.iter_mut().zip(self.padding.iter().chain(&scaled)) {
            *to = *from / FULL_SCALE;
        }
        // `padding` holds scaled samples, as they came.
        for (to, from) in self
            .padding
            .iter_mut()
            .zip(scaled.iter().skip(OVERLAP_SIZE))
        {
            *to = *from;
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_is_the_frame_before() {
        // Speech-like: a tone that comes and goes, over hardly any noise.
        let wave: Vec<f32> = (0..16_000)
            .map(|n| {
                let t = n as f32 / 16_000.0;
                0.3 * (t * 2_400.0).sin() * (t * 25.0).sin().max(0.0)
            })
            .collect();
        let mut suppressor = NoiseSuppressor::new();
        let mut output = Vec::new();
        for frame in wave.chunks_exact(FRAME) {
            output.extend(suppressor.suppress(frame.try_into().unwrap()));
        }
        let match_at =
            |lag: usize| -> f32 { output[lag..].iter().zip(&wave).map(|(a, b)| a * b).sum() };
        let best = (0..2 * FRAME).max_by(|&a, &b| match_at(a).total_cmp(&match_at(b)));
        assert_eq!(best, Some(FRAME));
    }
}
