//! How much of a noise suppressor's work is worth hearing: all of it in steady noise that is loud,
//! none among voices, or where noise is hardly there.
//!
//! A suppressor takes noise away and leaves artefacts, and these are what a recognizer stumbles
//! over; adding the observation back trades one for the other (K. Iwamoto et al., *How Bad Are
//! Artifacts?*, Interspeech 2022). So the share follows the noise.

use super::{
    FRAME, Frame,
    transform::{Spectrum, Transform, half_sine, product},
};

/// Edges of the bands, in bins of 50 Hz: 150 Hz to 8 kHz, a third of an octave to half of one each.
const EDGES: [usize; BANDS + 1] = [
    3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 36, 46, 59, 76, 98, 126, 161,
];
const BANDS: usize = 16;
/// Frames whose power makes one level: 40 ms.
const FRAMES_A_LEVEL: usize = 4;
const BANDS_A_FRAME: usize = BANDS / FRAMES_A_LEVEL;
/// Levels looked back at: 5.1 s. And how many must be there: 0.64 s.
const WINDOW: usize = 128;
const LEAST_LEVELS: usize = 16;
/// Which share of the levels is lower than a band's noise at its quietest, and at its usual. Speech
/// leaves every band alone for more of the time than that.
const QUIETEST: f32 = 0.1;
const USUAL: f32 = 0.3;
/// And lower than what speech reaches, in all bands together.
const LOUD: f32 = 0.9;
/// Between its quietest and its usual level, steady noise has up to 3 dB, on the mean of the bands
/// (measured: white 1.4 to 2, hum 1, streets 1.3 to 3.3), and voices at least 3.8.
const STEADY_DB: (f32, f32) = (3.0, 4.0);
/// Loud is so much above the noise where suppression is needed, and where it is not any more: speech
/// at 5 dB reaches 8 to 11, at 15 dB 17 to 20.
const CLEAR_DB: (f32, f32) = (11.0, 21.0);
/// How loud speech is taken to be before any is heard, dB of a level: −20 dBFS, its loud parts 4 dB
/// above. A share that falls when the first word is spoken costs more words than either end does.
const EXPECTED_DB: f32 = 9.0;
/// How loud speech is is forgotten by so much a level, dB: 0.1 dB a second.
const FORGOTTEN_DB: f32 = 0.004;
/// Of the way to the share that is wanted so much is gone a level: a quarter of a second.
const APPROACH: f32 = 0.15;
/// Power of a band below which it is silent: −95 dBFS of white noise.
const SILENT: f32 = 1e-7;

/// Follows the noise in one channel.
#[derive(Debug)]
pub(super) struct Steadiness {
    transform: Transform,
    rising: Frame,
    falling: Frame,
    past: Frame,
    /// Frames of the level at hand so far, the power of its bands, and that of all but DC.
    frames: usize,
    powers: [f32; BANDS],
    power: f32,
    /// The last levels, dB: of each band, and of all together.
    bands: Box<[History; BANDS]>,
    whole: History,
    /// From a band's quietest to its usual level, dB.
    spreads: [f32; BANDS],
    loud_db: f32,
    share: f32,
}

impl Steadiness {
    pub(super) fn new() -> Self {
        let (rising, falling) = half_sine();
        Self {
            transform: Transform::new(),
            rising,
            falling,
            past: [0.0; FRAME],
            frames: 0,
            powers: [0.0; BANDS],
            power: 0.0,
            bands: Box::new([History::EMPTY; BANDS]),
            whole: History::EMPTY,
            spreads: [0.0; BANDS],
            loud_db: EXPECTED_DB,
            share: 0.0,
        }
    }

    /// Takes a frame into account; gives the share, 0 to 1, that is worth hearing from here on.
    pub(super) fn hear(&mut self, frame: &Frame) -> f32 {
        self.frames += 1;
        if self.frames.is_multiple_of(2) {
            let early = product(&self.past, &self.rising);
            let late = product(frame, &self.falling);
            let spectrum = self.transform.forward(&early, &late);
            self.add(&spectrum);
        }
        self.past = *frame;
        self.spread_some();
        if self.frames == FRAMES_A_LEVEL {
            self.frames = 0;
            self.remember();
            self.share += APPROACH * (self.wanted() - self.share);
        }
        self.share
    }

    fn add(&mut self, spectrum: &Spectrum) {
        let bins = spectrum.iter().skip(1);
        self.power += bins.map(|bin| bin.norm_sqr()).sum::<f32>() / (FRAME as f32);
        for (power, edges) in self.powers.iter_mut().zip(EDGES.windows(2)) {
            if let &[from, to] = edges {
                let bins = spectrum.get(from..to).unwrap_or_default();
                let sum: f32 = bins.iter().map(|bin| bin.norm_sqr()).sum();
                *power += sum / (to - from) as f32;
            }
        }
    }

    /// A part of the bands a frame: the work is spread as evenly.
    fn spread_some(&mut self) {
        let turn = self.frames % FRAMES_A_LEVEL * BANDS_A_FRAME;
        let bands = self.bands.iter().zip(&mut self.spreads);
        for (band, spread) in bands.skip(turn).take(BANDS_A_FRAME) {
            let [quietest, usual] = band.quantiles([QUIETEST, USUAL]);
            *spread = usual - quietest;
        }
    }

    fn remember(&mut self) {
        for (band, power) in self.bands.iter_mut().zip(&mut self.powers) {
            band.push(decibels(std::mem::take(power)));
        }
        self.whole.push(decibels(std::mem::take(&mut self.power)));
    }

    fn wanted(&mut self) -> f32 {
        if self.whole.filled < LEAST_LEVELS {
            return 0.0;
        }
        let [noise, loud] = self.whole.quantiles([QUIETEST, LOUD]);
        self.loud_db = loud.max(self.loud_db - FORGOTTEN_DB);
        let spread = self.spreads.iter().sum::<f32>() / BANDS as f32;
        below(spread, STEADY_DB) * below(self.loud_db - noise, CLEAR_DB)
    }
}

/// 1 up to the lower bound, 0 from the upper one on, straight in between.
fn below(value: f32, (lower, upper): (f32, f32)) -> f32 {
    ((upper - value) / (upper - lower)).clamp(0.0, 1.0)
}

fn decibels(power: f32) -> f32 {
    10.0 * (power + SILENT).log10()
}

/// The last [`WINDOW`] levels.
#[derive(Clone, Copy, Debug)]
struct History {
    levels: [f32; WINDOW],
    next: usize,
    filled: usize,
}

impl History {
    const EMPTY: Self = Self {
        levels: [0.0; WINDOW],
        next: 0,
        filled: 0,
    };

    fn push(&mut self, level: f32) {
        if let Some(place) = self.levels.get_mut(self.next) {
            *place = level;
        }
        self.next = (self.next + 1) % WINDOW;
        self.filled = (self.filled + 1).min(WINDOW);
    }

    /// The levels that a lower and a higher share of all are below; 0 without any.
    fn quantiles(&self, [lower, higher]: [f32; 2]) -> [f32; 2] {
        let mut levels = self.levels;
        let levels = levels.get_mut(..self.filled).unwrap_or_default();
        let Some(last) = levels.len().checked_sub(1) else {
            return [0.0; 2];
        };
        let at = |share: f32| (share * last as f32) as usize;
        let (below, higher, _) = levels.select_nth_unstable_by(at(higher), f32::total_cmp);
        let higher = *higher;
        if below.is_empty() {
            return [higher; 2];
        }
        let (_, lower, _) = below.select_nth_unstable_by(at(lower), f32::total_cmp);
        [*lower, higher]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_sorted_levels() {
        let mut history = History::EMPTY;
        assert_eq!(history.quantiles([0.1, 0.3]), [0.0; 2]);
        history.push(5.0);
        assert_eq!(history.quantiles([0.1, 0.3]), [5.0; 2]);
        for n in 0..300 {
            history.push((n * 37 % 300) as f32);
        }
        let mut sorted: Vec<f32> = (172..300).map(|n| (n * 37 % 300) as f32).collect();
        sorted.sort_by(f32::total_cmp);
        assert_eq!(history.quantiles([0.1, 0.3]), [sorted[12], sorted[38]]);
    }

    /// White noise; `size` says how loud it is at a time in seconds.
    fn share_after(seconds: usize, size: impl Fn(f32) -> f32) -> f32 {
        let mut steadiness = Steadiness::new();
        let (mut state, mut share) = (1_u32, 0.0);
        for number in 0..seconds * 100 {
            let frame = std::array::from_fn(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let t = number as f32 / 100.0 + n as f32 / 16_000.0;
                size(t) * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
            });
            share = steadiness.hear(&frame);
        }
        share
    }

    #[test]
    fn steady_noise_is_worth_suppressing() {
        assert!(share_after(3, |_| 0.2) > 0.95);
    }

    #[test]
    fn noise_that_comes_and_goes_like_syllables_is_not() {
        assert!(share_after(6, |t| 0.02 + 0.2 * (t * 6.0).sin().abs()) < 0.01);
    }

    #[test]
    fn nor_is_noise_far_below_what_is_said() {
        let spoken = |t: f32| if t % 2.0 < 1.2 { 0.001 } else { 0.1 };
        assert!(share_after(9, spoken) < 0.01);
    }
}
