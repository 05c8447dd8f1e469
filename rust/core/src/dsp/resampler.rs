//! Streaming polyphase resampler with a Kaiser-windowed sinc.
//!
//! Output sample k lies exactly at input position k·M/L (rates in lowest terms), kept in integers,
//! so the audio clock never drifts. The filter's delay is compensated: output 0 is input 0.

use std::{f64::consts::PI, fmt};

/// Stop-band attenuation the filter is designed for, dB.
const ATTENUATION_DB: f64 = 100.0;
/// The pass band ends at this share of the lower Nyquist frequency, where the stop band begins.
const PASS_BAND: f64 = 0.9;
/// More phases than this are interpolated: at 512, linear interpolation errs by less than
/// (π/512)²/8, −106 dB.
const MOST_PHASES: u64 = 512;

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

/// Converts one channel from one sample rate to another, block by block.
#[derive(Clone, Debug)]
pub struct Resampler {
    /// Output rate / greatest common divisor.
    up: u64,
    /// Input rate / greatest common divisor.
    down: u64,
    /// Filter rows, one a phase and one more for interpolation, each `taps` long.
    bank: Vec<f32>,
    taps: usize,
    /// Phases in `bank`.
    phases: u64,
    /// Input not yet used up, in front of it the filter's past.
    history: Vec<f32>,
    filled: usize,
    /// Position of the next output within `history`, in units of 1/`up` input samples.
    phase: u64,
    accepted: u64,
    produced: u64,
}

impl Resampler {
    /// A resampler that accepts up to `most_input` samples a call.
    ///
    /// # Errors
    ///
    /// Rates outside 1,000 to 768,000 Hz.
    pub fn new(input: u32, output: u32, most_input: usize) -> Result<Self, RateError> {
        let sane = 1_000..=768_000;
        if !sane.contains(&input) || !sane.contains(&output) {
            return Err(RateError { input, output });
        }
        let divisor = gcd(u64::from(input), u64::from(output));
        let (up, down) = (u64::from(output) / divisor, u64::from(input) / divisor);
        let phases = up.min(MOST_PHASES);
        let half = half_length(input, output);
        let taps = 2 * half;
        let bank = if up == down {
            Vec::new()
        } else {
            filter_bank(input, output, phases, half)
        };
        let mut this = Self {
            up,
            down,
            bank,
            taps,
            phases,
            history: vec![0.0; taps + half + most_input],
            filled: 0,
            phase: 0,
            accepted: 0,
            produced: 0,
        };
        this.reset();
        Ok(this)
    }

    /// Forgets all input: the next sample is the first.
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        // The first output has its centre on the first input: `half - 1` zeros lie before it.
        self.filled = self.taps / 2 - 1;
        self.phase = 0;
        self.accepted = 0;
        self.produced = 0;
    }

    /// The most samples one call of [`process`](Self::process) may put out.
    #[must_use]
    pub fn most_output(&self, input: usize) -> usize {
        let waiting = (self.taps + input) as u64;
        usize::try_from(waiting * self.up / self.down + 2).unwrap_or(usize::MAX)
    }

    /// Delay of the algorithm in input samples: what must be known beyond a point to output it.
    #[must_use]
    pub fn delay(&self) -> usize {
        if self.bank.is_empty() {
            0
        } else {
            self.taps / 2
        }
    }

    /// Resamples `input` into the front of `output` and returns how many samples it put there.
    ///
    /// `input` beyond `most_input` samples, and what does not fit in `output`, is left out; give
    /// `output` room for [`most_output`](Self::most_output).
    pub fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        self.accepted += input.len() as u64;
        if self.bank.is_empty() {
            let count = input.len().min(output.len());
            for (to, from) in output.iter_mut().zip(input) {
                *to = *from;
            }
            self.produced += count as u64;
            return count;
        }
        self.append(input);
        self.convert(output)
    }

    /// Puts out what the end of the input completes, so that in total ⌈input · output rate / input
    /// rate⌉ samples came out.
    pub fn finish(&mut self, output: &mut [f32]) -> usize {
        if self.bank.is_empty() {
            return 0;
        }
        let due = (self.accepted * self.up).div_ceil(self.down) - self.produced;
        let room = self.history.len() - self.filled;
        let zeros = room.min(self.taps / 2 + 1);
        if let Some(tail) = self.history.get_mut(self.filled..self.filled + zeros) {
            tail.fill(0.0);
        }
        self.filled += zeros;
        let most = usize::try_from(due).unwrap_or(usize::MAX).min(output.len());
        output
            .get_mut(..most)
            .map_or(0, |output| self.convert(output))
    }

    fn append(&mut self, input: &[f32]) {
        if let Some(room) = self.history.get_mut(self.filled..) {
            for (to, from) in room.iter_mut().zip(input) {
                *to = *from;
            }
            self.filled += input.len().min(room.len());
        }
    }

    fn convert(&mut self, output: &mut [f32]) -> usize {
        let mut count = 0;
        for place in output.iter_mut() {
            let first = (self.phase / self.up) as usize;
            let Some(window) = self.history.get(first..first + self.taps) else {
                break;
            };
            if first + self.taps > self.filled {
                break;
            }
            *place = self.interpolate(window, self.phase % self.up);
            self.phase += self.down;
            count += 1;
        }
        // What no later output needs makes room. The phase stays relative to the first sample kept.
        let used = ((self.phase / self.up) as usize).min(self.filled);
        self.history.copy_within(used..self.filled, 0);
        self.filled -= used;
        self.phase -= used as u64 * self.up;
        self.produced += count as u64;
        count
    }

    /// The filter at `fraction`/`up` of an input sample, over `window`.
    fn interpolate(&self, window: &[f32], fraction: u64) -> f32 {
        let scaled = fraction * self.phases;
        let (row, rest) = (scaled / self.up, scaled % self.up);
        let value = dot(self.row(row), window);
        if rest == 0 {
            return value;
        }
        let next = dot(self.row(row + 1), window);
        value + (next - value) * (rest as f32 / self.up as f32)
    }

    fn row(&self, row: u64) -> &[f32] {
        let start = row as usize * self.taps;
        self.bank.get(start..start + self.taps).unwrap_or(&[])
    }
}

/// Half the filter's length in input samples, by Kaiser's formula.
fn half_length(input: u32, output: u32) -> usize {
    let nyquist = f64::from(input.min(output)) / 2.0;
    let transition = 2.0 * PI * (1.0 - PASS_BAND) * nyquist / f64::from(input);
    let taps = (ATTENUATION_DB - 8.0) / (2.285 * transition);
    (taps / 2.0).ceil() as usize + 1
}

/// Row p holds the filter at a shift of p/`phases` of an input sample; each row sums to 1.
fn filter_bank(input: u32, output: u32, phases: u64, half: usize) -> Vec<f32> {
    let nyquist = f64::from(input.min(output)) / f64::from(input);
    let cutoff = nyquist * (1.0 + PASS_BAND) / 2.0;
    let beta = 0.1102 * (ATTENUATION_DB - 8.7);
    let scale = bessel_i0(beta);
    let mut bank = Vec::with_capacity((phases as usize + 1) * 2 * half);
    for phase in 0..=phases {
        let shift = phase as f64 / phases as f64;
        let row: Vec<f64> = (0..2 * half)
            .map(|tap| {
                let t = tap as f64 - (half as f64 - 1.0) - shift;
                let u = (t / half as f64).clamp(-1.0, 1.0);
                sinc(cutoff * t) * bessel_i0(beta * (1.0 - u * u).sqrt()) / scale
            })
            .collect();
        let sum: f64 = row.iter().sum();
        bank.extend(row.iter().map(|tap| (tap / sum) as f32));
    }
    bank
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

/// Modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Sixteen partial sums: what lets the compiler use vectors in a reduction of floats.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (chunks_a, chunks_b) = (a.chunks_exact(16), b.chunks_exact(16));
    let tail: f32 = chunks_a
        .remainder()
        .iter()
        .zip(chunks_b.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in chunks_a.zip(chunks_b) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f32>() + tail
}
