//! Automatic gain: brings speech, quiet or loud, to one level; silence is left as silent as it is.

/// Level of active speech aimed at, dBFS RMS. Peaks of speech are 12 to 20 dB above.
const TARGET_DB: f32 = -23.0;
/// No more than this is added, dB: what is quieter is no speech into this microphone.
const MOST_GAIN_DB: f32 = 30.0;
/// No more than this is taken away, dB.
const MOST_CUT_DB: f32 = -15.0;
/// The gain rises by so much a second of active speech, dB.
const RISE_DB: f32 = 10.0;
/// And falls by so much, dB: loud must be quieter soon, the limiter covers what comes before.
const FALL_DB: f32 = 40.0;
/// Active speech is at least so much above the noise floor, dB, …
const ABOVE_FLOOR_DB: f32 = 9.0;
/// … and above this level, dBFS.
const LEAST_ACTIVE_DB: f32 = -65.0;
/// The noise floor rises by so much a second, dB; it falls at once.
const FLOOR_RISE_DB: f32 = 3.0;
/// Smoothing of the level of active speech: about half a second of it.
const LEVEL_SECONDS: f32 = 0.5;
/// Samples in a measurement: 10 ms.
const PERIOD: usize = 160;
const PERIODS_A_SECOND: f32 = 100.0;
/// Below this the limiter leaves samples alone: −6 dBFS.
const KNEE: f32 = 0.5;

/// Gain control of one channel at 16 kHz. It adds no delay: what is measured in one period decides
/// the gain of the next.
#[derive(Clone, Debug)]
pub struct GainControl {
    gain_db: f32,
    /// Gain at the start of the period, and what is added a sample.
    gain: f32,
    slope: f32,
    energy: f32,
    counted: usize,
    floor_db: f32,
    /// Mean power of active speech; `None` before any.
    speech: Option<f32>,
}

impl Default for GainControl {
    fn default() -> Self {
        Self::new()
    }
}

impl GainControl {
    /// A control that begins at 0 dB.
    #[must_use]
    pub fn new() -> Self {
        Self {
            gain_db: 0.0,
            gain: 1.0,
            slope: 0.0,
            energy: 0.0,
            counted: 0,
            floor_db: 0.0,
            speech: None,
        }
    }

    /// The gain now, dB.
    #[must_use]
    pub fn gain_db(&self) -> f32 {
        self.gain_db
    }

    /// The next sample at its new level, limited softly to ±1.
    pub fn next(&mut self, sample: f32) -> f32 {
        self.energy += sample * sample;
        let output = soft_limit(sample * self.gain);
        self.gain += self.slope;
        self.counted += 1;
        if self.counted == PERIOD {
            self.decide();
        }
        output
    }

    /// Chooses where the gain goes in the next period.
    fn decide(&mut self) {
        let power = self.energy / PERIOD as f32;
        (self.energy, self.counted) = (0.0, 0);
        let level_db = decibels(power);
        self.floor_db = level_db.min(self.floor_db + FLOOR_RISE_DB / PERIODS_A_SECOND);
        let active = level_db > LEAST_ACTIVE_DB && level_db > self.floor_db + ABOVE_FLOOR_DB;
        if active {
            let old = self.speech.unwrap_or(power);
            let share = 1.0 / (LEVEL_SECONDS * PERIODS_A_SECOND);
            let speech = old + share * (power - old);
            self.speech = Some(speech);
            let wanted = (TARGET_DB - decibels(speech)).clamp(MOST_CUT_DB, MOST_GAIN_DB);
            let change = wanted - self.gain_db;
            self.gain_db += change.clamp(-FALL_DB / PERIODS_A_SECOND, RISE_DB / PERIODS_A_SECOND);
        }
        let next = 10_f32.powf(self.gain_db / 20.0);
        self.slope = (next - self.gain) / PERIOD as f32;
    }
}

/// Leaves samples up to half of full scale alone and bends what is louder towards ±1, which it
/// never passes; the bend is smooth, so few harmonics come of it.
fn soft_limit(sample: f32) -> f32 {
    let size = sample.abs();
    if size <= KNEE {
        return sample;
    }
    let room = 1.0 - KNEE;
    (KNEE + room * ((size - KNEE) / room).tanh()).copysign(sample)
}

fn decibels(power: f32) -> f32 {
    10.0 * power.max(1e-12).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Syllables of 150 ms with pauses of 100 ms, each a tone of `level_db` RMS.
    fn syllables(level_db: f32, seconds: usize) -> Vec<f32> {
        let size = 10_f32.powf(level_db / 20.0) * 2_f32.sqrt();
        (0..seconds * 16_000)
            .map(|n| {
                let spoken = n % 4_000 < 2_400;
                let tone = (n as f32 * 0.2).sin() * size;
                let noise = ((n * 7_919 % 1_000) as f32 / 500.0 - 1.0) * 1e-4;
                if spoken { tone + noise } else { noise }
            })
            .collect()
    }

    fn rms_db(samples: &[f32]) -> f32 {
        decibels(samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32)
    }

    /// RMS of the syllables of the last second.
    fn level_after(control: &mut GainControl, input: &[f32]) -> f32 {
        let output: Vec<f32> = input.iter().map(|&x| control.next(x)).collect();
        let tail = &output[output.len() - 16_000..];
        let spoken: Vec<f32> = tail
            .chunks(4_000)
            .flat_map(|s| s[..2_400].to_vec())
            .collect();
        rms_db(&spoken)
    }

    #[test]
    fn speech_of_any_level_is_brought_to_the_target() {
        for level in [-45.0, -35.0, -23.0, -12.0] {
            let reached = level_after(&mut GainControl::new(), &syllables(level, 8));
            assert!(
                (reached - TARGET_DB).abs() < 2.0,
                "{level} became {reached}"
            );
        }
    }

    #[test]
    fn silence_and_steady_noise_are_not_pumped_up() {
        let mut control = GainControl::new();
        for n in 0..30 * 16_000_u32 {
            control.next((n * 7_919 % 1_000) as f32 / 500_000.0);
        }
        assert_eq!(control.gain_db(), 0.0);
    }

    #[test]
    fn the_gain_stays_in_a_pause() {
        let mut control = GainControl::new();
        level_after(&mut control, &syllables(-40.0, 8));
        let before = control.gain_db();
        for n in 0..20 * 16_000_u32 {
            control.next(((n * 7_919 % 1_000) as f32 / 500.0 - 1.0) * 1e-4);
        }
        assert!(before > 10.0);
        assert_eq!(control.gain_db(), before);
    }

    #[test]
    fn nothing_leaves_the_limiter_beyond_full_scale_and_order_is_kept() {
        let mut last = -2.0;
        for n in -8_000..=8_000 {
            let limited = soft_limit(n as f32 / 1_000.0);
            assert!(limited.abs() <= 1.0 && limited >= last);
            last = limited;
        }
        assert_eq!(soft_limit(0.49), 0.49);
    }

    #[test]
    fn the_gain_never_jumps() {
        let mut control = GainControl::new();
        let mut last = 1.0_f32;
        for (n, sample) in syllables(-40.0, 4).into_iter().enumerate() {
            control.next(sample);
            assert!((control.gain - last).abs() < 1e-3 * last, "at {n}");
            last = control.gain;
        }
    }
}
