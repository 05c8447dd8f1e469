//! The thermal governor on traces of temperature: made to look like recorded ones, and random.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use proptest::prelude::*;
use voicestand_core::cpu::{Governor, Level, Step};

const LIMIT: f64 = 100.0;
/// Between two readings, seconds.
const SECOND: Duration = Duration::from_secs(1);

/// The steps on `trace`, one reading a second, each with its second.
fn steps(trace: impl IntoIterator<Item = Option<f64>>) -> (Vec<(usize, Step)>, Governor) {
    let mut governor = Governor::new(LIMIT);
    let mut now = Duration::ZERO;
    let mut found = Vec::new();
    for (second, celsius) in trace.into_iter().enumerate() {
        found.extend(governor.observe(now, celsius).map(|step| (second, step)));
        now += SECOND;
    }
    (found, governor)
}

fn levels(steps: &[(usize, Step)]) -> Vec<Level> {
    steps.iter().map(|(_, step)| step.to).collect()
}

/// A package that follows `target` with a time constant of `inertia` seconds.
fn package(celsius: f64, target: f64, inertia: f64) -> f64 {
    celsius + (target - celsius) / inertia
}

/// Steps in the busiest minute.
fn busiest_minute(steps: &[(usize, Step)]) -> usize {
    let within = |start: usize| {
        let minute = start..start + 60;
        steps.iter().filter(|(at, _)| minute.contains(at)).count()
    };
    steps.iter().map(|&(at, _)| within(at)).max().unwrap_or(0)
}

#[test]
fn slow_heating_steps_down_once_at_a_time_and_cooling_all_the_way_up() {
    let heating = (0..600).map(|second| 60.0 + f64::from(second) * 0.06);
    let hot = std::iter::repeat_n(96.0, 60);
    let cooling = (0..600).map(|second| (96.0 - f64::from(second) * 0.1).max(50.0));
    let (found, governor) = steps(heating.chain(hot).chain(cooling).map(Some));
    assert_eq!(
        levels(&found),
        [
            Level::Batched,
            Level::Thrifty,
            Level::Single,
            Level::Thrifty,
            Level::Batched,
            Level::Full
        ]
    );
    assert_eq!(governor.level(), Level::Full);
}

#[test]
fn a_sawtooth_around_the_threshold_is_answered_once() {
    for amplitude in [1.0, 3.0, 4.5] {
        for period in [4, 10, 30, 60] {
            let tooth = |second: i32| {
                let phase = f64::from(second % period) / f64::from(period);
                88.0 + amplitude * (2.0 * phase - 1.0)
            };
            let (found, _) = steps((0..3600).map(|second| Some(tooth(second))));
            assert!(found.iter().all(|(_, step)| step.to > step.from));
            assert!(found.len() <= 3);
        }
    }
}

#[test]
fn a_wide_and_fast_sawtooth_dwells_nowhere_and_changes_nothing() {
    let tooth = |second: i32| if second % 16 < 8 { 93.0 } else { 70.0 };
    assert_eq!(steps((0..3600).map(|second| Some(tooth(second)))).0, []);
}

#[test]
fn spikes_change_nothing_whatever_their_height() {
    let spiky = |second: i32| if second % 20 == 0 { 149.0 } else { 65.0 };
    assert_eq!(steps((0..3600).map(|second| Some(spiky(second)))).0, []);
}

#[test]
fn an_urgent_heat_is_answered_sooner() {
    let rise = |celsius: f64| {
        let (found, _) =
            steps((0..60).map(|second| Some(if second < 10 { 60.0 } else { celsius })));
        found[0].0
    };
    assert!(rise(98.0) < rise(90.0));
}

/// At full load too hot, at the first step below cool: the case that makes governors oscillate.
#[test]
fn a_machine_too_small_for_full_load_tries_it_ever_more_rarely() {
    let mut governor = Governor::new(LIMIT);
    let (mut celsius, mut now, mut ups) = (50.0, Duration::ZERO, Vec::new());
    for second in 0..4 * 3600 {
        let target = if governor.level() == Level::Full {
            97.0
        } else {
            68.0
        };
        celsius = package(celsius, target, 15.0);
        if let Some(step) = governor.observe(now, Some(celsius))
            && step.to < step.from
        {
            ups.push(second);
        }
        now += SECOND;
    }
    let between: Vec<i32> = ups.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        between.windows(2).all(|pair| pair[1] >= pair[0]),
        "{between:?}"
    );
    assert!(between.last().unwrap() >= &720, "{between:?}");
    assert!(ups.len() < 30, "{ups:?}");
}

#[test]
fn a_sensor_that_vanishes_holds_nothing_back_for_ever() {
    let hot = std::iter::repeat_n(Some(95.0), 40);
    let gone = std::iter::repeat_n(None, 600);
    let (found, governor) = steps(hot.chain(gone));
    assert_eq!(governor.level(), Level::Full);
    let up: Vec<_> = found
        .iter()
        .filter(|(_, step)| step.to < step.from)
        .collect();
    assert_eq!(up.len(), 3);
    assert!(
        up.iter()
            .all(|(at, step)| *at > 70 && step.celsius.is_none())
    );
}

#[test]
fn a_sensor_that_is_silent_now_and_then_changes_nothing() {
    let broken = |second: i32| (second % 7 < 3).then_some(75.0);
    assert_eq!(steps((0..3600).map(broken)).0, []);
    let hot = |second: i32| (second % 3 != 0).then_some(93.0);
    assert_eq!(levels(&steps((0..120).map(hot)).0).len(), 3);
}

#[test]
fn a_machine_without_a_sensor_is_never_held_back() {
    let (found, governor) = steps(std::iter::repeat_n(None, 3600));
    assert_eq!((found, governor.level()), (vec![], Level::Full));
}

fn readings() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        8 => (40.0..110.0).prop_map(Some),
        1 => Just(None),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, -273.0, 1e300]).prop_map(Some),
    ]
}

/// Stretches of one temperature with noise, as a load that comes and goes makes them.
fn traces() -> impl Strategy<Value = Vec<Option<f64>>> {
    let stretch = (readings(), 1_usize..120, 0.0..6.0_f64).prop_map(|(reading, length, noise)| {
        (0..length)
            .map(|index| reading.map(|celsius| celsius + noise * (index as f64 * 2.4).sin()))
            .collect::<Vec<_>>()
    });
    prop::collection::vec(stretch, 1..30).prop_map(|stretches| stretches.concat())
}

proptest! {
    #[test]
    fn no_trace_makes_it_step_more_than_five_times_a_minute(trace in traces()) {
        let (found, _) = steps(trace);
        prop_assert!(busiest_minute(&found) <= 5, "{found:?}");
        let turns = found.windows(2).filter(|pair| {
            (pair[0].1.to < pair[0].1.from) != (pair[1].1.to < pair[1].1.from)
        });
        // A turn back up waits for at least 45 s of coolness.
        prop_assert!(turns.count() <= found.last().map_or(0, |(at, _)| at / 24));
    }

    #[test]
    fn each_step_is_to_the_next_level_and_for_a_reason(trace in traces()) {
        let (found, governor) = steps(trace);
        let mut level = Level::Full;
        for (_, step) in &found {
            prop_assert_eq!(step.from, level);
            prop_assert_eq!((step.from as i32 - step.to as i32).abs(), 1);
            let down = step.to > step.from;
            prop_assert_eq!(down, step.celsius.is_some_and(|celsius| celsius >= LIMIT - 12.0));
            prop_assert!(down || step.celsius.is_none_or(|celsius| celsius <= LIMIT - 22.0));
            level = step.to;
        }
        prop_assert_eq!(governor.level(), level);
    }

    #[test]
    fn whatever_was_before_coolness_brings_back_full_load(trace in traces()) {
        let cool = std::iter::repeat_n(Some(50.0), 3 * 720 + 60);
        prop_assert_eq!(steps(trace.into_iter().chain(cool)).1.level(), Level::Full);
    }

    #[test]
    fn a_clock_that_stands_or_jumps_breaks_nothing(
        trace in prop::collection::vec((readings(), 0_u64..100_000), 1..200), limit in any::<f64>(),
    ) {
        let mut governor = Governor::new(limit);
        for (celsius, millis) in trace {
            governor.observe(Duration::from_millis(millis), celsius);
        }
    }
}
