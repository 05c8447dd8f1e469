//! How hot the processor package is.
//!
//! The kernel has many thermal zones, most of them of the board or the battery, in an order that
//! changes from boot to boot; the one that counts has the type `x86_pkg_temp`, one for each
//! package. Its trip points are whatever was last written there, 0 and -274 °C among them, so they
//! are believed only within [`PLAUSIBLE_LIMIT`].

use std::ops::RangeInclusive;
use std::path::Path;

use super::sysfs::Sysfs;

const ZONES: &str = "sys/class/thermal";
const PACKAGE: &str = "x86_pkg_temp";

/// °C. What lies outside is a sensor that is powered down or broken.
const PLAUSIBLE: RangeInclusive<f64> = -40.0..=150.0;

/// °C. At which an x86 processor may have to slow itself down.
const PLAUSIBLE_LIMIT: RangeInclusive<f64> = 70.0..=125.0;

/// °C, where no trip point says: the limit of most processors for laptops and desktops.
const USUAL_LIMIT: f64 = 100.0;

/// More trip points than a zone may have (12).
const TRIP_POINTS: usize = 16;

/// Reads the package temperature of the machine, or of a snapshot of one.
#[derive(Debug)]
pub struct Thermometer {
    sysfs: Sysfs,
    zones: Vec<String>,
}

impl Thermometer {
    /// Finds the zones below `root`, `/` for the machine itself. One that has none now may have
    /// some later: the driver can be loaded, and zones are numbered anew, at any time.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        let sysfs = Sysfs::new(root);
        let zones = zones(&sysfs);
        Self { sysfs, zones }
    }

    /// The temperature of the hottest package, °C; `None` where nothing plausible can be read.
    pub fn read(&mut self) -> Option<f64> {
        self.hottest().or_else(|| {
            self.zones = zones(&self.sysfs);
            self.hottest()
        })
    }

    /// The temperature that the package should stay below, °C: the lowest plausible critical, hot
    /// or passive trip point, else 100.
    #[must_use]
    pub fn limit(&self) -> f64 {
        let points = self.zones.iter().flat_map(|zone| {
            (0..TRIP_POINTS).filter_map(move |index| {
                let point = format!("{zone}/trip_point_{index}");
                let kind = self.sysfs.read(&format!("{point}_type"))?;
                let slows = matches!(kind.trim(), "critical" | "hot" | "passive");
                let celsius = self.celsius(&format!("{point}_temp"))?;
                (slows && PLAUSIBLE_LIMIT.contains(&celsius)).then_some(celsius)
            })
        });
        points.min_by(f64::total_cmp).unwrap_or(USUAL_LIMIT)
    }

    fn hottest(&self) -> Option<f64> {
        let readings = self.zones.iter().filter_map(|zone| {
            // A number may by now be another zone's.
            is_package(&self.sysfs, zone)
                .then(|| self.celsius(&format!("{zone}/temp")))
                .flatten()
        });
        readings
            .filter(|celsius| PLAUSIBLE.contains(celsius))
            .max_by(f64::total_cmp)
    }

    /// A file that holds thousandths of a degree.
    fn celsius(&self, path: &str) -> Option<f64> {
        let thousandths: i32 = self.sysfs.read(path)?.trim().parse().ok()?;
        Some(f64::from(thousandths) / 1000.0)
    }
}

fn zones(sysfs: &Sysfs) -> Vec<String> {
    let names = sysfs.names(ZONES).into_iter();
    names
        .filter(|name| name.starts_with("thermal_zone"))
        .map(|name| format!("{ZONES}/{name}"))
        .filter(|zone| is_package(sysfs, zone))
        .collect()
}

fn is_package(sysfs: &Sysfs, zone: &str) -> bool {
    sysfs
        .read(&format!("{zone}/type"))
        .is_some_and(|kind| kind.trim() == PACKAGE)
}
