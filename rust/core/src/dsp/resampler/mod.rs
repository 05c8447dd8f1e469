//! Streaming resampler: windowed sinc, in stages, allocation-free.
//!
//! ```text
//! input ─► [half-band ↓2] … ─► [polyphase] ─► polyphase  a filter for every phase      ─► output
//!          while the rate stays  where two        or
//!          1¼ × the output's     are quicker  interpolated  any ratio, trimmed while it runs
//! ```
//!
//! Output sample k lies exactly at input position k·M/L (rates in lowest terms), kept in integers,
//! so the audio clock never drifts. The filters' delay is compensated: output 0 is input 0.
//!
//! The pass band reaches to 0.9 of the lower Nyquist frequency and is flat within 0.001 dB; whatever
//! lies beyond that frequency is at least 100 dB down in the output.
//!
//! # Examples
//!
//! ```
//! use voicestand_core::dsp::Resampler;
//!
//! # fn main() -> Result<(), voicestand_core::dsp::RateError> {
//! let mut resampler = Resampler::new(48_000, 16_000)?;
//! let mut output = vec![0.0; resampler.most_output(480)];
//! let mut count = resampler.process(&[0.5; 480], &mut output);
//! count += resampler.finish(&mut output);
//! assert_eq!(count, 160);
//! # Ok(())
//! # }
//! ```

mod filter;
mod fir;
mod half_band;
mod history;
mod interpolated;
mod polyphase;
mod split;

use std::fmt;

use crate::dsp::kernels::Kernels;

use filter::{ATTENUATION_DB, Lowpass};
use fir::Fir;
use half_band::HalfBand;
use history::CHUNK;
use interpolated::Interpolated;
use polyphase::Polyphase;
use split::Bridge;

/// The pass band ends at this share of the lower Nyquist frequency, where the stop band begins.
const PASS_BAND: f64 = 0.9;
/// The most by which a ratio may be trimmed, to either side: half a percent is 9 cents of pitch.
pub const MOST_TRIM: f64 = 0.005;
/// Silence that pushes out what is left at the end.
const ZEROS: [f32; CHUNK] = [0.0; CHUNK];

/// A pair of sample rates that cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateError {
    /// The input rate, Hz.
    pub input: u32,
    /// The output rate, Hz.
    pub output: u32,
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot resample from {} Hz to {} Hz: rates must be 1,000 to 768,000 Hz",
            self.input, self.output
        )
    }
}

impl std::error::Error for RateError {}

/// Output rate to input rate of the last stage, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ratio {
    up: u64,
    down: u64,
}

/// Converts one channel from one sample rate to another, block by block.
#[derive(Clone, Debug)]
pub struct Resampler {
    input: u32,
    output: u32,
    halvings: Vec<HalfBand>,
    bridge: Option<Bridge>,
    last: Last,
    accepted: u64,
    produced: u64,
}

/// The stage that reaches the output rate.
#[derive(Clone, Debug)]
enum Last {
    Through,
    Polyphase(Polyphase),
    Interpolated(Interpolated),
}

impl Resampler {
    /// A resampler from `input` to `output` Hz.
    ///
    /// # Errors
    ///
    /// Rates outside 1,000 to 768,000 Hz.
    pub fn new(input: u32, output: u32) -> Result<Self, RateError> {
        Self::build(input, output, false, Fir::of(Kernels::chosen_or_scalar()))
    }

    /// A resampler whose ratio can be [trimmed](Self::set_trim) while it runs. It takes two
    /// to four times as long: the steep filter makes almost twice as many samples, between which every
    /// output has a short filter of its own.
    ///
    /// # Errors
    ///
    /// Rates outside 1,000 to 768,000 Hz.
    pub fn adjustable(input: u32, output: u32) -> Result<Self, RateError> {
        Self::build(input, output, true, Fir::of(Kernels::chosen_or_scalar()))
    }

    fn build(input: u32, output: u32, adjustable: bool, fir: Fir) -> Result<Self, RateError> {
        let sane = 1_000..=768_000;
        if !sane.contains(&input) || !sane.contains(&output) {
            return Err(RateError { input, output });
        }
        let mut halvings = Vec::new();
        let (mut rate, target) = (f64::from(input), f64::from(output));
        while rate / 2.0 >= 1.25 * target {
            // What folds back onto the output's band must be gone; what folds beyond it need not.
            halvings.push(HalfBand::new(fir, target / rate));
            rate /= 2.0;
        }
        let ratio = Ratio::of(u64::from(output) << halvings.len(), u64::from(input));
        let fixed = if adjustable {
            None
        } else {
            fixed_stages(fir, ratio, rate, target)
        };
        let (bridge, last) = fixed.unwrap_or_else(|| {
            let (bridge, last) = Interpolated::after_bridge(fir, ratio, rate, target);
            (Some(bridge), Last::Interpolated(last))
        });
        Ok(Self {
            input,
            output,
            halvings,
            bridge,
            last,
            accepted: 0,
            produced: 0,
        })
    }

    /// Forgets all input: the next sample is the first. A trim stays.
    pub fn reset(&mut self) {
        for stage in &mut self.halvings {
            stage.reset();
        }
        if let Some(stage) = &mut self.bridge {
            stage.reset();
        }
        match &mut self.last {
            Last::Through => {}
            Last::Polyphase(stage) => stage.reset(),
            Last::Interpolated(stage) => stage.reset(),
        }
        self.accepted = 0;
        self.produced = 0;
    }

    /// Uses 1 + `trim` times as much input for each output from here on, at most [`MOST_TRIM`] more
    /// or less; the waveform goes on without a step. Returns `false`, and does nothing, unless the
    /// resampler is [adjustable](Self::adjustable).
    pub fn set_trim(&mut self, trim: f64) -> bool {
        let Last::Interpolated(stage) = &mut self.last else {
            return false;
        };
        let trim = if trim.is_finite() { trim } else { 0.0 };
        stage.set_trim(trim.clamp(-MOST_TRIM, MOST_TRIM));
        true
    }

    /// Where the next output lies, in input samples from the first one.
    #[must_use]
    pub fn position(&self) -> f64 {
        match &self.last {
            Last::Interpolated(stage) => {
                let Ratio { up, down } = self.bridge_ratio();
                let inputs = down as f64 * (1_u64 << self.halvings.len()) as f64 / up as f64;
                stage.position().samples() * inputs
            }
            _ => self.produced as f64 * f64::from(self.input) / f64::from(self.output),
        }
    }

    /// The most samples one call of [`process`](Self::process) with `input` samples, or of
    /// [`finish`](Self::finish), may put out.
    #[must_use]
    pub fn most_output(&self, input: usize) -> usize {
        let waiting = (2 * self.delay() + input) as f64;
        let ratio = f64::from(self.output) / f64::from(self.input);
        (waiting * ratio * (1.0 + 2.0 * MOST_TRIM)) as usize + 2
    }

    /// Delay of the algorithm in input samples: what must be known beyond a point to output it.
    #[must_use]
    pub fn delay(&self) -> usize {
        let mut scale = 1.0;
        let mut delay = 0.0;
        for stage in &self.halvings {
            delay += stage.delay() as f64 * scale;
            scale *= 2.0;
        }
        if let Some(stage) = &self.bridge {
            delay += stage.delay() as f64 * scale;
            let Ratio { up, down } = stage.ratio();
            scale *= down as f64 / up as f64;
        }
        let last = match &self.last {
            Last::Through => 0,
            Last::Polyphase(stage) => stage.delay(),
            Last::Interpolated(stage) => stage.delay(),
        };
        (delay + last as f64 * scale).ceil() as usize
    }

    /// Resamples `input` into the front of `output` and returns how many samples it put there.
    ///
    /// Give `output` room for [`most_output`](Self::most_output): with less, some two thousand
    /// samples wait for the next call, and those beyond are lost.
    pub fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        self.accepted += input.len() as u64;
        if input.is_empty() {
            return self.advance(input, output);
        }
        let mut done = 0;
        for part in input.chunks(CHUNK) {
            done += self.advance(part, output.get_mut(done..).unwrap_or_default());
        }
        done
    }

    /// Puts out what the end of the input completes: an output for every position before it, so
    /// that, without a trim, ⌈input · output rate / input rate⌉ samples came out in total.
    pub fn finish(&mut self, output: &mut [f32]) -> usize {
        let mut done = 0;
        // Each round either puts something out or brings the end of the filters' delay nearer.
        for _ in 0..=self.delay() / CHUNK + 2 {
            let room = output.get_mut(done..).unwrap_or_default();
            match &self.last {
                Last::Through => break,
                Last::Polyphase(_) => {
                    let due = (self.accepted * u64::from(self.output))
                        .div_ceil(u64::from(self.input))
                        .saturating_sub(self.produced);
                    let due = usize::try_from(due).unwrap_or(usize::MAX).min(room.len());
                    done += self.advance(&ZEROS, room.get_mut(..due).unwrap_or_default());
                }
                Last::Interpolated(_) => done += self.finish_interpolated(room),
            }
        }
        done
    }

    /// Sample by sample, for only the position decides which is the last.
    fn finish_interpolated(&mut self, output: &mut [f32]) -> usize {
        let mut done = 0;
        let mut input = &ZEROS[..];
        for place in output {
            let Last::Interpolated(stage) = &self.last else {
                break;
            };
            let halvings = self.halvings.len();
            if !stage
                .position()
                .is_before(self.accepted, halvings, self.bridge_ratio())
                || self.advance(input, std::slice::from_mut(place)) == 0
            {
                break;
            }
            input = &[];
            done += 1;
        }
        done
    }

    fn bridge_ratio(&self) -> Ratio {
        let none = Ratio { up: 1, down: 1 };
        self.bridge.as_ref().map_or(none, Bridge::ratio)
    }

    /// Takes up to [`CHUNK`] samples through all stages.
    fn advance(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        let mut input = input;
        for stage in &mut self.halvings {
            input = stage.process(input);
        }
        if let Some(stage) = &mut self.bridge {
            input = stage.process(input);
        }
        let count = match &mut self.last {
            Last::Through => {
                let count = input.len().min(output.len());
                for (to, from) in output.iter_mut().zip(input) {
                    *to = *from;
                }
                count
            }
            Last::Polyphase(stage) => stage.process(input, output),
            Last::Interpolated(stage) => stage.process(input, output),
        };
        self.produced += count as u64;
        count
    }
}

impl Ratio {
    fn of(up: u64, down: u64) -> Self {
        let divisor = gcd(up, down);
        Self {
            up: up / divisor,
            down: down / divisor,
        }
    }
}

/// The stages from `rate` to `target` Hz with filters for all phases; `None` if they are too many.
fn fixed_stages(fir: Fir, ratio: Ratio, rate: f64, target: f64) -> Option<(Option<Bridge>, Last)> {
    if ratio.up == ratio.down {
        return Some((None, Last::Through));
    }
    let (bridge, ratio, rate) = match Bridge::before(fir, ratio, rate, target) {
        None => (None, ratio, rate),
        Some((to, stage)) => {
            let rest = Ratio::of(ratio.up * to.down, ratio.down * to.up);
            (Some(stage), rest, rate * to.up as f64 / to.down as f64)
        }
    };
    let lowpass = last_lowpass(rate, target);
    Polyphase::is_possible(ratio, lowpass)
        .then(|| (bridge, Last::Polyphase(Polyphase::new(fir, ratio, lowpass))))
}

/// What the last steep stage leaves of a signal of `rate` Hz, for one of `target` Hz.
fn last_lowpass(rate: f64, target: f64) -> Lowpass {
    let lower = (target / rate).min(1.0);
    Lowpass::new(PASS_BAND * lower, lower, ATTENUATION_DB)
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
