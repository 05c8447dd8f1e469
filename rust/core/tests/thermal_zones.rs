//! The package temperature of machines that the tests make up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use voicestand_core::cpu::Thermometer;

/// A folder with thermal zones; gone when dropped.
struct Machine(PathBuf);

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Machine {
    fn new(name: &str) -> Self {
        let unique = format!("voicestand-thermal-{}-{name}", std::process::id());
        let root = std::env::temp_dir().join(unique);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        Self(root)
    }

    fn zone(&self, number: usize, kind: &str, temp: &str) -> &Self {
        self.file(number, "type", kind).file(number, "temp", temp)
    }

    fn trip(&self, number: usize, index: usize, kind: &str, temp: &str) -> &Self {
        self.file(number, &format!("trip_point_{index}_type"), kind)
            .file(number, &format!("trip_point_{index}_temp"), temp)
    }

    fn file(&self, number: usize, name: &str, content: &str) -> &Self {
        let folder = self.folder(number);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), format!("{content}\n")).unwrap();
        self
    }

    fn folder(&self, number: usize) -> PathBuf {
        self.0
            .join(format!("sys/class/thermal/thermal_zone{number}"))
    }

    fn thermometer(&self) -> Thermometer {
        Thermometer::new(&self.0)
    }
}

#[test]
fn the_package_is_found_among_other_zones() {
    let machine = Machine::new("found");
    machine
        .zone(0, "INT3400 Thermal", "20000")
        .zone(1, "acpitz", "27800")
        .zone(10, "x86_pkg_temp", "61500");
    assert_eq!(machine.thermometer().read(), Some(61.5));
}

#[test]
fn of_two_packages_the_hotter_counts() {
    let machine = Machine::new("two");
    machine
        .zone(0, "x86_pkg_temp", "71000")
        .zone(1, "x86_pkg_temp", "58000");
    assert_eq!(machine.thermometer().read(), Some(71.0));
}

#[test]
fn a_machine_without_such_a_zone_has_no_temperature() {
    let machine = Machine::new("without");
    assert_eq!(machine.thermometer().read(), None);
    machine.zone(0, "acpitz", "27800");
    assert_eq!(machine.thermometer().read(), None);
    assert!((machine.thermometer().limit() - 100.0).abs() < f64::EPSILON);
}

#[test]
fn a_reading_that_is_no_temperature_is_none() {
    let machine = Machine::new("nonsense");
    for reading in [
        "",
        "hot",
        "-273000",
        "999999999",
        "2147483648",
        "0x10",
        "1e3",
    ] {
        machine.zone(0, "x86_pkg_temp", reading);
        assert_eq!(machine.thermometer().read(), None, "{reading}");
    }
}

#[test]
fn a_zone_that_vanishes_and_comes_back_under_another_number_is_found_again() {
    let machine = Machine::new("moves");
    machine.zone(3, "x86_pkg_temp", "50000");
    let mut thermometer = machine.thermometer();
    assert_eq!(thermometer.read(), Some(50.0));
    fs::remove_dir_all(machine.folder(3)).unwrap();
    assert_eq!(thermometer.read(), None);
    machine
        .zone(3, "BAT0", "30000")
        .zone(5, "x86_pkg_temp", "52000");
    assert_eq!(thermometer.read(), Some(52.0));
}

#[test]
fn nonsense_trip_points_are_not_the_limit() {
    let machine = Machine::new("trips");
    machine.zone(0, "x86_pkg_temp", "50000");
    for (index, temp) in ["0", "-274000", "65261000", "text"].into_iter().enumerate() {
        machine.trip(0, index, "passive", temp);
    }
    machine.trip(0, 4, "active", "75000");
    assert!((machine.thermometer().limit() - 100.0).abs() < f64::EPSILON);
    machine
        .trip(0, 5, "critical", "105000")
        .trip(0, 6, "hot", "95000");
    assert!((machine.thermometer().limit() - 95.0).abs() < f64::EPSILON);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_content_panics(kind in "(x86_pkg_temp|\\PC{0,16})", temp in "\\PC{0,16}", trip in "\\PC{0,16}") {
        let machine = Machine::new("any");
        machine.zone(0, &kind, &temp).trip(0, 0, "critical", &trip);
        let mut thermometer = machine.thermometer();
        let reading = thermometer.read();
        prop_assert!(reading.is_none_or(|celsius| (-40.0..=150.0).contains(&celsius)));
        prop_assert!((70.0..=125.0).contains(&thermometer.limit()));
    }
}
