//! When the next block of a steady source will be there.
//!
//! A device calls back with the regularity of its crystal, and so who waits for its blocks need not be
//! woken by the callback, which would pay a system call for it: it may sleep on the clock. This is the
//! estimate of when to wake. Two figures are learnt:
//!
//! - when the next block is *expected*: the last one was, and the duration of its audio later, an
//!   eighth of the last error mended. That follows any crystal;
//! - the *margin* behind it, such that four times of five the block is there when somebody who slept
//!   until then comes to look. It rises by four steps where the block was not there and falls by one
//!   where it was (the stochastic approximation of a quantile, after Robbins and Monro, 1951), and so
//!   takes in how late the source is as well as how late this machine's timers are.
//!
//! A source that is not steady, one in bursts or a file, is not foretold.

use std::iter;

/// How fast the margin falls, a block.
const STEP_NS: i64 = 500;
/// So many steps it rises: one block in one more than that may be missed.
const RISE: i64 = 4;
/// The first wait for a block that was not there; each one after it is twice as long.
const NAP_NS: u64 = 20_000;

/// Steadiness gained by a block in time is 1.
const LOST_BY_ONE_OUT_OF_TIME: u8 = 4;
const MOST_STEADY: u8 = 16;
const STEADY: u8 = 8;

/// The estimate, by the source's blocks as they come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cadence {
    /// When the last call published, and how long the audio of all its blocks lasts.
    published_ns: u64,
    duration_ns: u64,
    expected_ns: u64,
    margin_ns: i64,
    steadiness: u8,
}

impl Cadence {
    /// Takes in a block that was published at `published_ns` of `CLOCK_MONOTONIC` (0: nobody knows, the
    /// source is away) and lasts `duration_ns`. Several of the same time are one call's.
    pub fn observe(&mut self, published_ns: u64, duration_ns: u64) {
        if published_ns == 0 {
            self.steadiness = 0;
            return;
        }
        if published_ns == self.published_ns {
            self.duration_ns += duration_ns;
            self.expected_ns += duration_ns;
            return;
        }
        let error = published_ns.wrapping_sub(self.expected_ns).cast_signed();
        let in_time = error.unsigned_abs() <= self.duration_ns / 4;
        let moment = if in_time {
            self.steadiness = (self.steadiness + 1).min(MOST_STEADY);
            self.expected_ns.saturating_add_signed(error / 8)
        } else {
            self.steadiness = self.steadiness.saturating_sub(LOST_BY_ONE_OUT_OF_TIME);
            published_ns
        };
        self.published_ns = published_ns;
        self.duration_ns = duration_ns;
        self.expected_ns = moment + duration_ns;
    }

    /// When to look for the next block, on `CLOCK_MONOTONIC`; `None` where that cannot be foretold.
    #[must_use]
    pub fn due_ns(&self) -> Option<u64> {
        let due = self.expected_ns.saturating_add_signed(self.margin_ns);
        (self.steadiness >= STEADY).then_some(due)
    }

    /// Learns whether the block was there for somebody who slept until it was due.
    pub fn looked(&mut self, found: bool) {
        let step = if found { -STEP_NS } else { RISE * STEP_NS };
        let limit = (self.duration_ns / 4).cast_signed();
        self.margin_ns = (self.margin_ns + step).clamp(-limit, limit);
    }

    /// How long to sleep before further looks at a block that was not there: some looks, in less than
    /// an eighth of its duration. Who has not found it then should ask to be woken.
    pub fn naps(&self) -> impl Iterator<Item = u64> + use<> {
        let longest = self.duration_ns / 16;
        iter::successors(Some(NAP_NS), |nap| Some(2 * nap)).take_while(move |&nap| nap <= longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: u64 = 2_666_667;

    /// Numbers from 0 to 1, always the same (xorshift, Marsaglia 2003).
    struct Noise(u64);

    impl Noise {
        fn next(&mut self) -> f64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    /// Somebody who sleeps until blocks are due; timers are up to `late_ns` late.
    #[derive(Default)]
    struct Sleeper {
        cadence: Cadence,
        late_ns: u64,
        found: usize,
        foretold: usize,
        waited_ns: Vec<u64>,
    }

    impl Sleeper {
        fn block(&mut self, published_ns: u64, noise: &mut Noise) {
            if let Some(due) = self.cadence.due_ns() {
                let woken = due + (self.late_ns as f64 * noise.next()) as u64;
                let found = published_ns <= woken;
                self.foretold += 1;
                self.found += usize::from(found);
                self.waited_ns.push(woken.saturating_sub(published_ns));
                self.cadence.looked(found);
            }
            self.cadence.observe(published_ns, PERIOD);
        }

        fn median_ns(&mut self) -> u64 {
            self.waited_ns.sort_unstable();
            self.waited_ns[self.waited_ns.len() / 2]
        }
    }

    /// Blocks of a source whose period is `period` and which is up to `jitter` late.
    fn blocks(count: u64, period: u64, jitter: f64) -> impl Iterator<Item = u64> {
        let mut noise = Noise(7);
        (1..=count).map(move |n| n * period + (jitter * noise.next()) as u64)
    }

    #[test]
    fn four_of_five_blocks_of_a_steady_source_are_there_when_they_are_due() {
        // The crystal of the second is 500 ppm fast.
        for period in [PERIOD, PERIOD - PERIOD / 2_000] {
            let mut sleeper = Sleeper {
                late_ns: 30_000,
                ..Sleeper::default()
            };
            let mut noise = Noise(1);
            for published in blocks(10_000, period, 40_000.0) {
                sleeper.block(published, &mut noise);
            }
            assert!(sleeper.foretold > 9_900, "{}", sleeper.foretold);
            let share = sleeper.found as f64 / sleeper.foretold as f64;
            assert!((0.77..0.83).contains(&share), "{share}");
            assert!(sleeper.median_ns() < 20_000, "{}", sleeper.median_ns());
        }
    }

    #[test]
    fn a_source_in_bursts_and_one_that_is_ahead_of_time_are_not_foretold() {
        let bursts = (0..1_000).map(|n| 1 + n / 4 * (4 * PERIOD) + n % 4 * 50_000);
        let hurried = (1..1_000).map(|n| n * PERIOD / 100);
        for published in [bursts.collect::<Vec<_>>(), hurried.collect()] {
            let mut cadence = Cadence::default();
            for published in published {
                cadence.observe(published, PERIOD);
                assert_eq!(cadence.due_ns(), None);
            }
        }
    }

    #[test]
    fn one_block_out_of_time_is_forgiven_and_a_source_that_was_away_starts_anew() {
        let mut cadence = Cadence::default();
        let mut at = 0;
        let mut steady = |cadence: &mut Cadence, blocks: u64| {
            for _ in 0..blocks {
                at += PERIOD;
                cadence.observe(at, PERIOD);
            }
            at
        };
        let last = steady(&mut cadence, 30);
        assert_eq!(cadence.due_ns(), Some(last + PERIOD));
        cadence.observe(last + 3 * PERIOD, PERIOD);
        assert_eq!(cadence.due_ns(), Some(last + 4 * PERIOD));
        cadence.observe(0, 0);
        assert_eq!(cadence.due_ns(), None);
        steady(&mut cadence, 12);
        assert!(cadence.due_ns().is_some());
    }

    #[test]
    fn blocks_of_one_call_are_due_together() {
        let mut cadence = Cadence::default();
        for n in 1..=20 {
            for _ in 0..3 {
                cadence.observe(n * 3 * PERIOD, PERIOD);
            }
        }
        assert_eq!(cadence.due_ns(), Some(21 * 3 * PERIOD));
    }

    #[test]
    fn naps_grow_and_end_soon() {
        let mut cadence = Cadence::default();
        cadence.observe(1, PERIOD);
        let naps: Vec<_> = cadence.naps().collect();
        assert_eq!(naps, [20_000, 40_000, 80_000, 160_000]);
        cadence.observe(2, 100_000);
        assert_eq!(cadence.naps().count(), 0);
    }
}
