//! A snapshot of `/sys` and `/proc` whose files say anything: no panic, and every CPU of the plan is one
//! of the topology.
//!
//! The input is cut at bytes of 255; the n-th piece is the n-th file, and an empty one is missing.
#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use voicestand_core::cpu::{CpuSet, Demand, Plan, Thermometer, Topology};

const CPU: &str = "sys/devices/system/cpu";
const ZONE: &str = "sys/class/thermal/thermal_zone0";

static ROOT: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("voicestand-fuzz-{}", std::process::id())));

fn files() -> impl Iterator<Item = String> {
    let lists = [
        format!("{CPU}/online"),
        format!("{CPU}/present"),
        "proc/cpuinfo".into(),
        "sys/devices/cpu_core/cpus".into(),
        "sys/devices/cpu_atom/cpus".into(),
        "sys/devices/cpu_lowpower/cpus".into(),
    ];
    let zone = ["type", "temp", "trip_point_0_type", "trip_point_0_temp"];
    let cpus = (0..3).flat_map(|cpu| {
        [
            "online",
            "topology/core_cpus_list",
            "topology/thread_siblings_list",
            "cpufreq/base_frequency",
            "cpufreq/cpuinfo_max_freq",
            "acpi_cppc/nominal_perf",
            "cpu_capacity",
            "regs/identification/midr_el1",
            "cache/index0/level",
            "cache/index0/type",
            "cache/index0/size",
            "cache/index3/level",
        ]
        .map(|name| format!("{CPU}/cpu{cpu}/{name}"))
    });
    lists
        .into_iter()
        .chain(zone.map(|name| format!("{ZONE}/{name}")))
        .chain(cpus)
}

fuzz_target!(|bytes: &[u8]| {
    let mut pieces = bytes.split(|&byte| byte == 255);
    for name in files() {
        let path = ROOT.join(name);
        match pieces.next().unwrap_or_default() {
            [] => drop(fs::remove_file(path)),
            piece => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).expect("a place for temporary files");
                }
                fs::write(path, piece).expect("room for temporary files");
            }
        }
    }
    let mut thermometer = Thermometer::new(&ROOT);
    let celsius = thermometer.read();
    assert!(celsius.is_none_or(|celsius| (-40.0..=150.0).contains(&celsius)));
    assert!((70.0..=125.0).contains(&thermometer.limit()));
    let Ok(topology) = Topology::from_sysroot(&ROOT) else {
        return;
    };
    let all: CpuSet = topology.cpus().collect();
    let plan = Plan::new(
        &topology,
        Demand {
            realtime: 2,
            background: 2,
        },
    );
    for cpus in plan
        .realtime
        .iter()
        .chain([&plan.background, &plan.housekeeping, &plan.thrifty])
    {
        assert!(cpus.is_subset(&all));
    }
});
