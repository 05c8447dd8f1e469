//! Which of the server's cycles the process callback is called for, and when each began.
//!
//! jackd2 tells the beginning of a cycle as smoothed by a filter that an xrun does not set anew: after a
//! stall of 100 ms what it tells is 100 ms early, and swings around the truth for seconds. Here two other
//! things are gone by that a server tells: how many frames it has counted, and how many have passed
//! since it woke for this cycle. It may wake late and never early, so the cycles lie on the earliest
//! grid that was seen; and on a later one once they have kept to that, for then an xrun has cost audio.
//!
//! A client that is called a whole cycle late is called twice for the next one, whose audio is all
//! that the buffers hold by then: the first call misses a cycle, the second repeats one.

/// How fast the grid may move towards later, as a share of the time: no crystal is slower than that.
const MOST_SLOW: f64 = 2e-4;
/// A later grid must have been kept to for so many cycles where it is more than half a period later. A
/// server that catches up is less late from each cycle to the next.
const KEPT: u32 = 3;
/// And for so many where it is later by less, but more than a server that is in time wakes late.
const KEPT_NEARBY: u32 = 8;
const NEARBY_NS: u64 = 100_000;
/// Counts further apart than this, seconds, are no count of what was missed.
const MOST_MISSED: u32 = 1;

/// What the server tells of the cycle at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycle {
    /// The frames it counted until then; wraps.
    pub(super) count: u32,
    /// When it had begun, as far as can be told; it may have before. `CLOCK_MONOTONIC` nanoseconds.
    pub(super) begun_ns: u64,
    pub(super) frames: u32,
}

/// A cycle whose audio is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    /// When it began, `CLOCK_MONOTONIC` nanoseconds.
    pub(super) began_ns: u64,
    /// Frames that are lost between the last period and this one.
    pub(super) missing: u64,
}

/// Follows the cycles of one client, call by call.
#[derive(Clone, Copy, Debug)]
pub(super) struct CycleClock {
    sample_rate: u32,
    last: Option<Last>,
    /// Calls that are yet to come for cycles that were missed.
    owed: u32,
    late: Late,
    slightly_late: Late,
}

/// The last cycle.
#[derive(Clone, Copy, Debug)]
struct Last {
    count: u32,
    frames: u32,
    began_ns: u64,
}

/// Cycles in a row that began late, and not by half a period less from one to the next.
#[derive(Clone, Copy, Debug, Default)]
struct Late {
    cycles: u32,
    least_ns: u64,
    last_ns: u64,
}

impl CycleClock {
    pub(super) fn new(sample_rate: u32) -> Self {
        Self {
            sample_rate: sample_rate.max(1),
            last: None,
            owed: 0,
            late: Late::default(),
            slightly_late: Late::default(),
        }
    }

    /// Takes in what a call of the process callback was told; `None` if it had that cycle's audio
    /// before.
    pub(super) fn observe(&mut self, cycle: Cycle) -> Option<Period> {
        let Some(last) = self.last else {
            return Some(self.note(cycle, cycle.begun_ns, 0));
        };
        let counted = cycle.count.wrapping_sub(last.count);
        if counted == 0 && self.owed > 0 {
            self.owed -= 1;
            return None;
        }
        let half_ns = self.duration_ns(cycle.frames.into()) / 2;
        let next_ns = last.began_ns + self.duration_ns(last.frames.into());
        let missed = self.missed(counted.saturating_sub(last.frames), cycle.frames);
        // A count of frames for which there was no time is another kind of count.
        let due_ns = next_ns + self.duration_ns(missed);
        let (missed, due_ns) = if due_ns > cycle.begun_ns + half_ns {
            (0, next_ns)
        } else {
            (missed, due_ns)
        };
        if missed > 0 {
            self.owed = (missed / u64::from(cycle.frames.max(1))) as u32;
        }
        let late_ns = cycle.begun_ns.saturating_sub(due_ns);
        if let Some(later_ns) = self.later(late_ns, half_ns) {
            let lost = self.frames_in(later_ns);
            return Some(self.note(cycle, due_ns + self.duration_ns(lost), missed + lost));
        }
        let slower_ns = (due_ns - last.began_ns) as f64 * MOST_SLOW;
        let began_ns = cycle.begun_ns.min(due_ns + slower_ns as u64);
        Some(self.note(cycle, began_ns, missed))
    }

    /// By how much the grid has become later, once a cycle that began `late_ns` late shows it.
    fn later(&mut self, late_ns: u64, half_ns: u64) -> Option<u64> {
        let far = self.late.observe(late_ns, half_ns, half_ns, KEPT);
        let nearby = NEARBY_NS.min(half_ns);
        let near = self
            .slightly_late
            .observe(late_ns, nearby, half_ns, KEPT_NEARBY);
        let later_ns = far.or(near)?;
        (self.late, self.slightly_late) = Default::default();
        Some(later_ns)
    }

    fn note(&mut self, cycle: Cycle, began_ns: u64, missing: u64) -> Period {
        self.last = Some(Last {
            count: cycle.count,
            frames: cycle.frames,
            began_ns,
        });
        Period { began_ns, missing }
    }

    /// `beyond` frames that the server counted more than it gave, if those are whole cycles.
    fn missed(&self, beyond: u32, frames: u32) -> u64 {
        let whole = beyond.checked_rem(frames) == Some(0);
        let plausible = beyond <= MOST_MISSED * self.sample_rate;
        if whole && plausible { beyond.into() } else { 0 }
    }

    fn duration_ns(&self, frames: u64) -> u64 {
        frames * 1_000_000_000 / u64::from(self.sample_rate)
    }

    /// Frames, rounded, that `ns` nanoseconds last.
    fn frames_in(&self, ns: u64) -> u64 {
        let rate = u128::from(self.sample_rate);
        ((u128::from(ns) * rate + 500_000_000) / 1_000_000_000) as u64
    }
}

impl Late {
    /// Takes in how late a cycle began; returns by how much `kept` in a row did so that began more
    /// than `beyond_ns` late.
    fn observe(&mut self, late_ns: u64, beyond_ns: u64, half_ns: u64, kept: u32) -> Option<u64> {
        if late_ns <= beyond_ns {
            *self = Self::default();
            return None;
        }
        if self.cycles == 0 || late_ns + half_ns < self.last_ns {
            self.cycles = 0;
            self.least_ns = late_ns;
        }
        self.least_ns = self.least_ns.min(late_ns);
        self.cycles += 1;
        self.last_ns = late_ns;
        (self.cycles >= kept).then_some(self.least_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;
    const FRAMES: u32 = 128;
    const PERIOD_NS: u64 = 2_666_666;
    const BEGIN_NS: u64 = 1_000_000_000_000;

    /// A server whose grid begins at `BEGIN_NS` and is moved by what xruns cost.
    struct Server {
        count: u32,
        cycle: u64,
        lost_ns: u64,
    }

    impl Server {
        fn new() -> Self {
            Self {
                count: 0_u32.wrapping_sub(3 * FRAMES),
                cycle: 0,
                lost_ns: 0,
            }
        }

        /// The next cycle begins.
        fn next(&mut self) {
            self.count = self.count.wrapping_add(FRAMES);
            self.cycle += 1;
        }

        fn grid_ns(&self) -> u64 {
            let frames = self.cycle * u64::from(FRAMES);
            BEGIN_NS + self.lost_ns + frames * 1_000_000_000 / u64::from(RATE)
        }

        /// What a call in this cycle sees of it where the server woke `late_ns` late.
        fn seen(&self, late_ns: u64) -> Cycle {
            Cycle {
                count: self.count,
                begun_ns: self.grid_ns() + late_ns,
                frames: FRAMES,
            }
        }
    }

    fn off_ns(period: Period, server: &Server) -> u64 {
        period.began_ns.abs_diff(server.grid_ns())
    }

    /// A clock that has seen `cycles` cycles in time.
    fn settled(cycles: u32) -> (CycleClock, Server) {
        let (mut clock, mut server) = (CycleClock::new(RATE), Server::new());
        for _ in 0..cycles {
            server.next();
            clock.observe(server.seen(0)).expect("its audio is new");
        }
        (clock, server)
    }

    #[test]
    fn a_client_called_a_cycle_late_misses_one_and_has_the_next_once() {
        for missed in 1..5 {
            let (mut clock, mut server) = settled(10);
            for _ in 0..=missed {
                server.next();
            }
            let period = clock.observe(server.seen(30_000)).expect("new");
            assert_eq!(period.missing, u64::from(missed * FRAMES));
            assert!(off_ns(period, &server) < 5_000, "{period:?}");
            for _ in 0..missed {
                assert_eq!(clock.observe(server.seen(40_000)), None);
            }
            server.next();
            let period = clock.observe(server.seen(0)).expect("new");
            assert_eq!(period.missing, 0);
            assert!(off_ns(period, &server) < 5_000, "{period:?}");
        }
    }

    #[test]
    fn a_count_that_stands_still_or_jumps_costs_no_audio() {
        let counts: [fn(u32) -> u32; 3] = [|_| 0, |n| n * 1_024, |n| n * 7];
        for count in counts {
            let (mut clock, mut server) = settled(1);
            for n in 0..100 {
                server.next();
                let cycle = Cycle {
                    count: count(n),
                    ..server.seen(0)
                };
                let period = clock.observe(cycle).expect("new");
                assert_eq!(period.missing, 0);
                assert!(off_ns(period, &server) < 5_000, "{period:?}");
            }
        }
    }

    #[test]
    fn a_server_that_catches_up_has_lost_nothing() {
        let (mut clock, mut server) = settled(10);
        for periods_late in (0..6).rev() {
            server.next();
            let period = clock.observe(server.seen(periods_late * PERIOD_NS));
            let period = period.expect("new");
            assert_eq!(period.missing, 0);
            assert!(off_ns(period, &server) < 10_000, "{period:?}");
        }
    }

    #[test]
    fn what_an_xrun_costs_is_missing_from_the_third_cycle_after_it_on() {
        for stall_ms in [5, 20, 90, 170, 2_000] {
            let (mut clock, mut server) = settled(100);
            // As jackd2's dummy driver does it: the late cycle, the next at once, and a new grid.
            let late_ns = stall_ms * 1_000_000;
            server.next();
            let late = clock.observe(server.seen(late_ns)).expect("new");
            assert!(
                off_ns(late, &server) < 5_000,
                "of the audio before the stall"
            );
            server.lost_ns += late_ns - PERIOD_NS;
            let mut missing = 0;
            for cycle in 0..100 {
                server.next();
                let period = clock.observe(server.seen(0)).expect("new");
                missing += period.missing;
                if cycle >= 2 {
                    assert!(
                        off_ns(period, &server) < 25_000,
                        "{stall_ms} ms: {period:?}"
                    );
                }
            }
            let wanted = server.lost_ns * u64::from(RATE) / 1_000_000_000;
            assert!(
                missing.abs_diff(wanted) <= 1,
                "{missing} instead of {wanted}"
            );
        }
    }

    #[test]
    fn a_grid_that_is_a_little_later_is_known_after_eight_cycles() {
        let (mut clock, mut server) = settled(100);
        server.lost_ns += 700_000;
        for cycle in 0..200 {
            server.next();
            let period = clock
                .observe(server.seen(cycle * 7_919 % 30_000))
                .expect("new");
            if cycle >= 7 {
                assert!(off_ns(period, &server) < 25_000, "{period:?}");
            }
        }
    }

    proptest! {
        /// Whatever happens, frames and time go together: those given and those missing are as many
        /// as the time that has passed has.
        #[test]
        fn frames_given_and_missing_add_up_to_the_time(
            events in prop::collection::vec((0_u64..2_000_000, 0_u8..20, 1_u64..60), 50..300),
        ) {
            let (mut clock, mut server) = settled(1);
            let (mut frames, mut first, mut bound_ns) = (0, None, 100_000);
            for (late_ns, what, size) in events {
                server.next();
                if what == 0 {
                    // The least lateness of three cycles counts as lost, and half a frame.
                    bound_ns += 45_000;
                    server.lost_ns += size * 3_000_000;
                }
                let mut repeated = 0;
                if what == 1 {
                    repeated = size % 4;
                    (0..repeated).for_each(|_| server.next());
                }
                // A hundred quiet cycles show the grid.
                for quiet in 0..100 {
                    let late_ns = if quiet == 0 { late_ns / 2 } else { late_ns % 30_000 };
                    let period = clock.observe(server.seen(late_ns)).expect("new");
                    frames += period.missing;
                    let (began, counted) = *first.get_or_insert((period.began_ns, frames));
                    let told = (frames - counted) * 1_000_000_000 / u64::from(RATE);
                    let passed = period.began_ns.saturating_sub(began);
                    prop_assert!(told.abs_diff(passed) < bound_ns, "{told} {passed}");
                    if quiet > 10 {
                        prop_assert!(off_ns(period, &server) < 60_000);
                    }
                    if quiet == 0 {
                        for _ in 0..repeated {
                            prop_assert_eq!(clock.observe(server.seen(late_ns)), None);
                        }
                    }
                    frames += u64::from(FRAMES);
                    if quiet < 99 {
                        server.next();
                    }
                }
            }
        }
    }
}
