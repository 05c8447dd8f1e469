//! Sources with clocks of their own share one: simulated devices, whole engines, simulated time.
#![cfg(not(loom))]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    f64::consts::TAU,
    sync::atomic::{AtomicU64, Ordering},
};

use voicestand_core::{
    clock::{DelayLockedLoop, Reading},
    engine::{Engine, Spec, Window},
};

const ORIGIN_NS: u64 = 1_000_000_000_000_000;
const BLOCK: u64 = 960;
const RING_SECONDS: f64 = 4.0;
/// Seconds by which a simulated device may be ahead of its reader: the longest silence that is put in
/// still finds room.
const MOST_AHEAD: f64 = 2.0;
/// Seconds from click to click, the first at half of it.
const EVERY: f64 = 10.0;

/// A device as it really is, seconds from the origin.
#[derive(Clone, Copy, Debug)]
struct Device {
    nominal: u32,
    drift_ppm: f64,
    starts: f64,
    /// The times it states are off by up to this, either way.
    jitter: f64,
    /// Every so often, seconds, its blocks come late for a third of a second, and say so.
    stalls_every: Option<f64>,
    /// When, and how long, it loses audio without telling.
    skips: Option<(f64, f64)>,
}

impl Device {
    fn steady(nominal: u32, drift_ppm: f64) -> Self {
        Self {
            nominal,
            drift_ppm,
            starts: 0.0,
            jitter: 0.0,
            stalls_every: None,
            skips: None,
        }
    }

    fn rate(&self) -> f64 {
        f64::from(self.nominal) * (1.0 + 1e-6 * self.drift_ppm)
    }

    /// When frame `n` is really converted.
    fn time_of(&self, n: u64) -> f64 {
        let time = self.starts + n as f64 / self.rate();
        match self.skips {
            Some((at, length)) if time >= at => time + length,
            _ => time,
        }
    }

    /// When it says so.
    fn stated(&self, n: u64, noise: f64) -> f64 {
        let time = self.time_of(n) + self.jitter * noise;
        match self.stalls_every {
            Some(every) if time > every => {
                let within = time % every;
                // What came during the stall is handed over at its end.
                time + (0.3 - within).max(0.0)
            }
            _ => time,
        }
    }
}

fn clicks(seconds: f64) -> impl Iterator<Item = f64> {
    (0..)
        .map(|n| EVERY * (f64::from(n) + 0.5))
        .take_while(move |time| *time < seconds - 1.0)
}

/// A millisecond of a raised cosine around the click.
fn sample(distance: f64) -> f32 {
    if distance.abs() < 5e-4 {
        (0.4 * (1.0 + (TAU * distance / 1e-3).cos())) as f32
    } else {
        0.0
    }
}

/// An engine for `device` whose speech clock is the true one.
fn following(device: Device) -> Engine {
    let engine = Engine::start(Spec {
        sample_rate: device.nominal,
        channels: 1,
        roles: vec![vec![0]],
        block_frames: BLOCK as usize,
        ring_seconds: RING_SECONDS,
        high_pass_hz: 0.0,
        follow_monotonic: true,
    })
    .unwrap();
    engine.begin_at(ORIGIN_NS);
    engine
}

/// Where the engine hears the clicks of `seconds` of `device`, in seconds of its speech clock, and
/// how it sees the device's clock in the end. Everything must be in the books.
fn hear(device: Device, seconds: f64) -> (Vec<f64>, Reading) {
    let engine = following(device);
    let mut reader = engine.speech_reader(16_000).unwrap();
    let delivered = AtomicU64::new(0);
    let heard = std::thread::scope(|scope| {
        let hearing = scope.spawn(|| {
            let mut speech = Listening::default();
            while reader.read(None) == Window::Ready {
                speech.hear(&reader.samples()[..reader.frames()]);
                delivered.store(reader.books().delivered, Ordering::Relaxed);
            }
            let books = reader.books();
            (speech.clicks, books)
        });
        let mut noise = 1_u32;
        let mut expected: Vec<f64> = clicks(seconds).collect();
        expected.reverse();
        let mut audio = vec![0.0; BLOCK as usize];
        let mut n = 0;
        while device.time_of(n) < seconds {
            audio.fill(0.0);
            if let Some(&click) = expected.last()
                && click < device.time_of(n + BLOCK) + 1e-3
            {
                for (offset, place) in (0_u64..).zip(&mut audio) {
                    *place = sample(device.time_of(n + offset) - click);
                }
                if click < device.time_of(n) - 1e-3 {
                    expected.pop();
                }
            }
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let stated = device.stated(n, f64::from(noise) / f64::from(u32::MAX) * 2.0 - 1.0);
            let adc_ns = ORIGIN_NS.saturating_add_signed((stated * 1e9) as i64);
            let most = (MOST_AHEAD * f64::from(device.nominal)) as u64;
            while n - delivered.load(Ordering::Relaxed) > most {
                std::thread::yield_now();
            }
            engine.input().accept(&audio, adc_ns, device.nominal, false);
            n += BLOCK;
        }
        engine.finish();
        let (clicks, books) = hearing.join().unwrap();
        assert_eq!(engine.stats().captured, n);
        assert_eq!(books.delivered, n, "every frame is in the books");
        clicks
    });
    (heard, engine.stats().clock.unwrap())
}

/// Finds clicks in speech: the centre of what is loud.
#[derive(Debug, Default)]
struct Listening {
    position: u64,
    weight: f64,
    moment: f64,
    quiet: u32,
    clicks: Vec<f64>,
}

impl Listening {
    fn hear(&mut self, samples: &[f32]) {
        for &sample in samples {
            if sample.abs() > 0.05 {
                self.weight += f64::from(sample);
                self.moment += f64::from(sample) * self.position as f64;
                self.quiet = 0;
            } else {
                self.quiet += 1;
                if self.quiet == 100 && self.weight > 0.0 {
                    self.clicks.push(self.moment / self.weight / 16_000.0);
                    (self.weight, self.moment) = (0.0, 0.0);
                }
            }
            self.position += 1;
        }
    }
}

fn largest_difference(a: impl IntoIterator<Item = f64>, b: impl IntoIterator<Item = f64>) -> f64 {
    a.into_iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

/// Both devices for `seconds`; checks each against the truth and both against each other.
fn together(devices: [Device; 2], seconds: f64, bound: f64) -> [Reading; 2] {
    let [first, second] = std::thread::scope(|scope| {
        devices
            .map(|device| scope.spawn(move || hear(device, seconds)))
            .map(|hearing| hearing.join().unwrap())
    });
    let expected: Vec<f64> = clicks(seconds).collect();
    for (heard, reading) in [&first, &second] {
        assert_eq!(heard.len(), expected.len());
        let off = largest_difference(heard.iter().copied(), expected.iter().copied());
        let settled = largest_difference(
            heard.iter().copied().skip(6),
            expected.iter().copied().skip(6),
        );
        println!(
            "at most {:.3} ms off, {:.3} ms after a minute; {reading:?}",
            1e3 * off,
            1e3 * settled
        );
        assert!(off < bound, "{:.2} ms off the true clock", 1e3 * off);
    }
    let apart = largest_difference(first.0, second.0);
    println!("at most {:.3} ms apart", 1e3 * apart);
    assert!(apart < bound, "{:.2} ms apart", 1e3 * apart);
    [first.1, second.1]
}

#[test]
fn two_devices_200_ppm_apart_stay_within_five_milliseconds_for_an_hour() {
    // With jitter, stalls, and a loss that nobody tells; and they do not begin together.
    let devices = [
        Device {
            starts: 0.031,
            jitter: 3e-3,
            stalls_every: Some(97.0),
            ..Device::steady(48_000, 130.0)
        },
        Device {
            starts: 0.4,
            jitter: 2e-3,
            stalls_every: Some(61.0),
            skips: Some((1_803.0, 0.7)),
            ..Device::steady(44_100, -70.0)
        },
    ];
    let [first, second] = together(devices, 3_600.0, 5e-3);
    assert!((first.drift_ppm - 130.0).abs() < 10.0, "{first:?}");
    assert!((second.drift_ppm + 70.0).abs() < 10.0, "{second:?}");
    assert_eq!([first.steps, second.steps], [0, 1]);
}

#[test]
fn without_jitter_they_are_less_than_half_a_millisecond_apart_from_the_first_second() {
    let devices = [
        Device::steady(48_000, 100.0),
        Device {
            starts: 1.75,
            ..Device::steady(16_000, -100.0)
        },
    ];
    let [first, second] = together(devices, 300.0, 5e-4);
    assert!((first.drift_ppm - 100.0).abs() < 0.5, "{first:?}");
    assert!((second.drift_ppm + 100.0).abs() < 0.5, "{second:?}");
}

#[test]
fn a_tone_stays_clean_while_the_clock_is_followed() {
    // A tone at the true clock's 1 kHz, through a device 150 ppm off that jitters by 3 ms.
    let device = Device {
        jitter: 3e-3,
        ..Device::steady(48_000, 150.0)
    };
    let engine = following(device);
    let mut reader = engine.speech_reader(800).unwrap();
    let worst = std::thread::scope(|scope| {
        let hearing = scope.spawn(|| {
            let mut worst = f64::INFINITY;
            let mut windows = 0;
            while reader.read(None) == Window::Ready {
                windows += 1;
                if windows > 40 && reader.frames() == 800 {
                    worst = worst.min(signal_to_noise(reader.samples()));
                }
            }
            worst
        });
        let mut noise = 1_u32;
        let mut audio = vec![0.0; BLOCK as usize];
        for n in (0..48_000 * 60).step_by(BLOCK as usize) {
            for (offset, place) in (0_u64..).zip(&mut audio) {
                *place = (0.5 * (TAU * 1_000.0 * device.time_of(n + offset)).sin()) as f32;
            }
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let stated = device.stated(n, f64::from(noise) / f64::from(u32::MAX) * 2.0 - 1.0);
            let adc_ns = ORIGIN_NS.saturating_add_signed((stated * 1e9) as i64);
            engine.wait_for_room(None);
            engine.input().accept(&audio, adc_ns, device.nominal, false);
        }
        engine.finish();
        hearing.join().unwrap()
    });
    println!("signal to noise in the worst 50 ms: {worst:.1} dB");
    assert!(worst > 55.0, "{worst:.1} dB");
}

/// Of a tone near 1 kHz in `samples` at 16 kHz, in dB. The tone is fitted, its frequency too: being
/// some ppm off for a moment is what following a clock means; how fast that changes is what is left.
fn signal_to_noise(samples: &[f32]) -> f64 {
    let mut omega = TAU * 1_000.0 / 16_000.0;
    for _ in 0..3 {
        let middle = samples.len() / 2;
        let [first, second] = [&samples[..middle], &samples[middle..]].map(|half| {
            let (a, b, _) = fit(half, omega);
            b.atan2(a)
        });
        // Both phases count from the begin of their half.
        let turned = (second - first - omega * middle as f64 + TAU / 2.0).rem_euclid(TAU);
        omega += (turned - TAU / 2.0) / middle as f64;
    }
    let (a, b, noise) = fit(samples, omega);
    10.0 * ((a * a + b * b) / 2.0 * samples.len() as f64 / noise).log10()
}

/// The sine and cosine of `omega` radians a sample that are nearest to `samples`, by least squares,
/// and the energy of what is left.
fn fit(samples: &[f32], omega: f64) -> (f64, f64, f64) {
    let waves = || (0..samples.len()).map(|n| (omega * n as f64).sin_cos());
    let [mut ss, mut sc, mut cc, mut xs, mut xc] = [0.0; 5];
    for ((s, c), &x) in waves().zip(samples) {
        let x = f64::from(x);
        ss += s * s;
        sc += s * c;
        cc += c * c;
        xs += x * s;
        xc += x * c;
    }
    let determinant = ss * cc - sc * sc;
    let a = (xs * cc - xc * sc) / determinant;
    let b = (xc * ss - xs * sc) / determinant;
    let noise = waves()
        .zip(samples)
        .map(|((s, c), &x)| (f64::from(x) - a * s - b * c).powi(2))
        .sum();
    (a, b, noise)
}

#[test]
fn a_source_that_begins_late_has_silence_before_it() {
    let device = Device {
        starts: 2.5,
        ..Device::steady(48_000, 0.0)
    };
    let (clicks, _) = hear(device, 12.0);
    assert_eq!(clicks.len(), 1);
    assert!((clicks[0] - 5.0).abs() < 2e-4, "{clicks:?}");
}

#[test]
fn the_loop_knows_a_rate_200_ppm_off_within_a_minute_of_jitter() {
    let mut filter = DelayLockedLoop::new(48_000);
    let mut noise = 1_u32;
    let (mut known, mut after) = (false, 0.0);
    for block in 0..6_000_u64 {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let jitter = 3e-3 * (f64::from(noise) / f64::from(u32::MAX) * 2.0 - 1.0);
        let time = (block * 480) as f64 / (48_000.0 * (1.0 + 200e-6));
        assert_eq!(filter.observe(block * 480, time + jitter), None);
        if !known && (filter.drift_ppm() - 200.0).abs() < 20.0 {
            (known, after) = (true, time);
        }
    }
    println!(
        "within 20 ppm first after {after:.1} s; in the end {:.1} ppm",
        filter.drift_ppm()
    );
    assert!(
        (filter.drift_ppm() - 200.0).abs() < 10.0,
        "{}",
        filter.drift_ppm()
    );
}

#[test]
fn a_stall_that_passes_moves_nothing_and_a_step_that_stays_is_told_once() {
    let mut filter = DelayLockedLoop::new(48_000);
    let time = |block: u64| (block * 480) as f64 / 48_000.0;
    let mut steps = Vec::new();
    for block in 0..2_000_u64 {
        let late = match block {
            500..550 => 0.5 - 0.01 * (block - 500) as f64,
            1_000.. => 0.25,
            _ => 0.0,
        };
        steps.extend(filter.observe(block * 480, time(block) + late));
        let off = filter.time_of((block * 480) as f64) - time(block);
        if block < 1_000 {
            assert!(off.abs() < 2e-3, "block {block}: {off}");
        }
    }
    assert_eq!(steps.len(), 1);
    assert!((steps[0] - 0.25).abs() < 1e-3, "{steps:?}");
    assert!(filter.drift_ppm().abs() < 20.0, "{}", filter.drift_ppm());
}

/// What a stall of the machine does to the blocks after it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stall {
    /// They come late and catch up.
    Late,
    /// What was played meanwhile is lost, and nobody tells.
    Lost,
    /// For a third of a second some are said to be a period earlier or later than they were.
    PeriodOff,
}

#[test]
fn the_clock_is_within_a_millisecond_a_second_after_a_stall() {
    const PERIOD: f64 = 128.0 / 48_000.0;
    let mut random = 1_u32;
    let mut next = move || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(random >> 8) / f64::from(1_u32 << 24)
    };
    let mut filter = DelayLockedLoop::new(48_000);
    let (mut stall, mut began, mut length) = (Stall::Late, 0.0, 0.0);
    let (mut lost, mut worst) = (0.0, 0.0_f64);
    for block in 0..(600.0 / PERIOD) as u64 {
        let elapsed = block as f64 * PERIOD * (1.0 - 60e-6);
        let now = elapsed + lost;
        if elapsed > began + 3.0 {
            stall = [Stall::Late, Stall::Lost, Stall::PeriodOff][(3.0 * next()) as usize];
            (began, length) = (elapsed, 0.02 + 0.15 * next());
            lost += if stall == Stall::Lost { length } else { 0.0 };
            continue;
        }
        let since = elapsed - began;
        let stated = match stall {
            Stall::Late => now + (length - since).max(0.0),
            Stall::PeriodOff if since < 0.3 => now + PERIOD * ((3.0 * next()).floor() - 1.0),
            _ => now,
        };
        filter.observe(block * 128, stated + 1e-4 * next());
        // While the rate is being learnt, its error counts, too.
        if began > 10.0 && since > 1.0 {
            worst = worst.max((filter.time_of((block * 128) as f64) - now).abs());
        }
    }
    println!("at most {:.3} ms off", 1e3 * worst);
    assert!(worst < 1e-3, "{:.3} ms off", 1e3 * worst);
}
