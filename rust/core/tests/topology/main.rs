//! The topology of machines as their kernels describe them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod damage;
mod plans;
mod snapshot;

use std::fs;
use std::ops::Range;

use snapshot::{Design, GOLDEN_COVE, GRACEMONT, Snapshot};
use voicestand_core::cpu::{Source, SysrootError, Topology};

fn all(cpus: Range<usize>) -> Vec<usize> {
    cpus.collect()
}

/// Core Ultra 7 165H. The siblings of the P-cores are not neighbours in number.
fn meteor_lake() -> Snapshot {
    let p_core = Design {
        l1: (48, 64),
        ..GOLDEN_COVE
    };
    let cores: &[&[usize]] = &[&[0, 5], &[1, 2], &[3, 4], &[6, 7], &[8, 9], &[10, 11]];
    Snapshot::with_cpus(22)
        .cpus(0..12, p_core)
        .cpus(12..20, GRACEMONT)
        .cpus(
            20..22,
            Design {
                l3: false,
                max_mhz: 2500,
                base_mhz: 700,
                ..GRACEMONT
            },
        )
        .siblings(cores)
}

#[test]
fn meteor_lake_has_three_kinds() {
    let snapshot = meteor_lake()
        .file("sys/devices/cpu_core/cpus", "0-11")
        .file("sys/devices/cpu_atom/cpus", "12-21");
    let topology = snapshot.read();
    assert_eq!(topology.performance, all(0..12));
    assert_eq!(topology.efficiency, all(12..20));
    assert_eq!(topology.low_power, all(20..22));
    let pairs = [[0, 5], [1, 2], [3, 4], [6, 7], [8, 9], [10, 11]];
    assert_eq!(topology.smt_siblings, pairs);
    assert_eq!(topology.source, Source::Pmu);
    assert_eq!(topology.fastest(), topology.performance);
}

#[test]
fn meteor_lake_has_the_same_kinds_on_a_kernel_that_does_not_name_them() {
    let topology = meteor_lake().read();
    assert_eq!(topology.performance, all(0..12));
    assert_eq!(topology.efficiency, all(12..20));
    assert_eq!(topology.low_power, all(20..22));
    assert_eq!(topology.source, Source::Cache);
}

#[test]
fn low_power_cores_may_have_a_monitoring_unit_of_their_own() {
    let snapshot = Snapshot::with_cpus(16)
        .cpus(
            0..16,
            Design {
                l3: true,
                ..GRACEMONT
            },
        )
        .file("sys/devices/cpu_core/cpus", "0-5")
        .file("sys/devices/cpu_atom/cpus", "6-13")
        .file("sys/devices/cpu_lowpower/cpus", "14-15");
    let topology = snapshot.read();
    assert_eq!(topology.performance, all(0..6));
    assert_eq!(topology.efficiency, all(6..14));
    assert_eq!(topology.low_power, all(14..16));
}

#[test]
fn raptor_lake_keeps_its_preferred_cores_with_the_others() {
    let preferred = Design {
        max_mhz: 5800,
        ..GOLDEN_COVE
    };
    let machine = || {
        Snapshot::with_cpus(32)
            .cpus(0..8, GOLDEN_COVE)
            .cpus(8..12, preferred)
            .cpus(12..16, GOLDEN_COVE)
            .cpus(16..32, GRACEMONT)
    };
    let named = machine()
        .file("sys/devices/cpu_core/cpus", "0-15")
        .file("sys/devices/cpu_atom/cpus", "16-31");
    for topology in [named.read(), machine().read()] {
        assert_eq!(topology.performance, all(0..16));
        assert_eq!(topology.efficiency, all(16..32));
        assert!(topology.low_power.is_empty());
    }
}

#[test]
fn lunar_lake_s_efficiency_cores_are_low_power_ones() {
    // Both kinds have one base frequency, and only the P-cores reach the third-level cache.
    let p_core = Design {
        l1: (48, 64),
        base_mhz: 2200,
        max_mhz: 4800,
        ..GOLDEN_COVE
    };
    let e_core = Design {
        l1: (32, 64),
        base_mhz: 2200,
        max_mhz: 3700,
        l3: false,
        ..p_core
    };
    let topology = Snapshot::with_cpus(8)
        .cpus(0..4, p_core)
        .cpus(4..8, e_core)
        .read();
    assert_eq!(topology.performance, all(0..4));
    assert!(topology.efficiency.is_empty());
    assert_eq!(topology.low_power, all(4..8));
    assert_eq!(topology.source, Source::Cache);
}

#[test]
fn lakefield_is_split_although_its_maximum_frequencies_are_near() {
    let small = Design {
        l1: (32, 32),
        base_mhz: 1400,
        max_mhz: 2800,
        nominal_perf: 14,
        ..GRACEMONT
    };
    let big = Design {
        l1: (48, 32),
        base_mhz: 2000,
        max_mhz: 3000,
        nominal_perf: 20,
        ..small
    };
    let sourced = |small: Design, big: Design| {
        let topology = Snapshot::with_cpus(5)
            .cpus(0..4, small)
            .cpus(4..5, big)
            .read();
        assert_eq!(
            (topology.performance, topology.efficiency),
            (vec![4], all(0..4))
        );
        topology.source
    };
    assert_eq!(sourced(small, big), Source::Cache);
    let without_caches = |design| Design {
        l1: (0, 0),
        ..design
    };
    let (small, big) = (without_caches(small), without_caches(big));
    assert_eq!(sourced(small, big), Source::BaseFrequency);
    let without_base = |design| Design {
        base_mhz: 0,
        ..design
    };
    assert_eq!(
        sourced(without_base(small), without_base(big)),
        Source::NominalPerf
    );
}

#[test]
fn amd_s_ranking_of_equal_cores_is_not_a_kind() {
    let mut snapshot = Snapshot::with_cpus(32);
    for core in 0..16_usize {
        let max_mhz = 4200 + 105 * u32::try_from(core).unwrap();
        let zen = Design {
            l1: (32, 32),
            l3: true,
            max_mhz,
            nominal_perf: 120,
            ..Design::default()
        };
        snapshot = snapshot
            .cpus(core..core + 1, zen)
            .cpus(core + 16..core + 17, zen)
            .siblings(&[&[core, core + 16]]);
    }
    let topology = snapshot.read();
    assert_eq!(topology.performance, all(0..32));
    assert_eq!(topology.source, Source::Uniform);
    assert_eq!(topology.smt_siblings.len(), 16);
    assert!(topology.smt_siblings.contains(&[3, 19]));
}

#[test]
fn amd_s_compact_cores_are_efficiency_cores() {
    let zen = Design {
        l1: (32, 32),
        l3: true,
        max_mhz: 4900,
        nominal_perf: 130,
        ..Design::default()
    };
    let compact = Design {
        max_mhz: 3500,
        ..zen
    };
    let topology = Snapshot::with_cpus(12)
        .cpus(0..4, zen)
        .cpus(4..12, compact)
        .read();
    assert_eq!(
        (topology.performance, topology.efficiency),
        (all(0..4), all(4..12))
    );
    assert_eq!(topology.source, Source::MaxFrequency);
}

#[test]
fn a_uniform_server_is_all_performance() {
    let xeon = Design {
        l1: (32, 32),
        l3: true,
        base_mhz: 2600,
        max_mhz: 3700,
        ..Design::default()
    };
    let favoured = Design {
        max_mhz: 3900,
        ..xeon
    };
    let topology = Snapshot::with_cpus(40)
        .cpus(0..38, xeon)
        .cpus(38..40, favoured)
        .read();
    assert_eq!(topology.performance, all(0..40));
    assert_eq!(topology.source, Source::Uniform);
}

#[test]
fn cores_with_a_higher_guaranteed_frequency_are_the_performance_cores() {
    let xeon = Design {
        l1: (32, 32),
        l3: true,
        base_mhz: 2100,
        max_mhz: 3900,
        ..Design::default()
    };
    let fast = Design {
        base_mhz: 2700,
        ..xeon
    };
    let topology = Snapshot::with_cpus(20)
        .cpus(0..14, xeon)
        .cpus(14..20, fast)
        .read();
    assert_eq!(
        (topology.performance, topology.efficiency),
        (all(14..20), all(0..14))
    );
}

#[test]
fn arm_cores_are_told_apart_by_their_part_number() {
    // Kirin 980: the middle cluster is of the big design, at hardly more than the little one's clock.
    let little = Design {
        midr: 0x412f_d050,
        max_mhz: 1800,
        capacity: 260,
        ..Design::default()
    };
    let middle = Design {
        midr: 0x481f_d400,
        max_mhz: 1920,
        capacity: 780,
        ..little
    };
    let big = Design {
        midr: 0x482f_d400,
        max_mhz: 2600,
        capacity: 1024,
        ..little
    };
    let snapshot = Snapshot::with_cpus(8)
        .cpus(0..4, little)
        .cpus(4..6, middle)
        .cpus(6..8, big);
    let topology = snapshot.read();
    assert_eq!(
        (topology.performance, topology.efficiency),
        (all(4..8), all(0..4))
    );
    assert_eq!(topology.source, Source::Part);
}

#[test]
fn arm_part_numbers_are_also_read_from_cpuinfo() {
    let processor = |cpu: usize| {
        let part = if cpu < 4 { "0xd03" } else { "0xd08" };
        format!("processor\t: {cpu}\nCPU implementer\t: 0x41\nCPU part\t: {part}\n\n")
    };
    let snapshot = Snapshot::empty()
        .file("proc/cpuinfo", &(0..6).map(processor).collect::<String>())
        .cpus(
            0..4,
            Design {
                max_mhz: 1416,
                ..Design::default()
            },
        )
        .cpus(
            4..6,
            Design {
                max_mhz: 1800,
                ..Design::default()
            },
        );
    let topology = snapshot.read();
    assert_eq!(
        (topology.performance, topology.efficiency),
        (all(4..6), all(0..4))
    );
    assert_eq!(topology.source, Source::Part);
}

#[test]
fn a_cluster_at_a_much_lower_clock_is_efficient_even_of_the_same_part() {
    let slow = Design {
        midr: 0x410f_d034,
        max_mhz: 1000,
        ..Design::default()
    };
    let fast = Design {
        max_mhz: 1700,
        ..slow
    };
    let topology = Snapshot::with_cpus(8)
        .cpus(0..4, fast)
        .cpus(4..8, slow)
        .read();
    assert_eq!(
        (topology.performance, topology.efficiency),
        (all(0..4), all(4..8))
    );
}

#[test]
fn offline_cpus_are_nowhere() {
    let snapshot = meteor_lake()
        .file("sys/devices/system/cpu/online", "0-4,6-20")
        .file("sys/devices/cpu_core/cpus", "0-4,6-11")
        .file("sys/devices/cpu_atom/cpus", "12-20")
        .of_cpu(19, "online", 0);
    // CPU 19 went offline between two reads, so the units no longer account for what is online.
    let topology = snapshot.read();
    assert_eq!(topology.performance, [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]);
    assert_eq!(topology.efficiency, all(12..19));
    assert_eq!(topology.low_power, [20]);
    assert!(topology.smt_siblings.iter().flatten().all(|&cpu| cpu != 5));
}

#[test]
fn a_figure_of_zero_is_a_firmware_that_says_nothing() {
    let snapshot = Snapshot::with_cpus(2)
        .of_cpu(0, "acpi_cppc/nominal_perf", 0)
        .of_cpu(1, "acpi_cppc/nominal_perf", 20);
    assert_eq!(snapshot.read().source, Source::Uniform);
}

#[test]
fn taking_siblings_offline_does_not_make_kinds() {
    let core = Design {
        l1: (32, 32),
        l3: true,
        base_mhz: 3700,
        max_mhz: 5100,
        ..Design::default()
    };
    let preferred = Design {
        max_mhz: 5300,
        ..core
    };
    let snapshot = Snapshot::with_cpus(7)
        .cpus(0..6, core)
        .cpus(6..7, preferred)
        .siblings(&[&[0, 1], &[2, 3], &[4, 5], &[6]]);
    assert_eq!(snapshot.read().performance, all(0..7));
}

#[test]
fn every_pair_of_a_core_with_four_threads_is_named() {
    let snapshot = Snapshot::with_cpus(4).siblings(&[&[0, 1, 2, 3]]);
    let pairs = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]];
    assert_eq!(snapshot.read().smt_siblings, pairs);
}

#[test]
fn a_machine_without_sys_is_read_from_cpuinfo() {
    let snapshot = Snapshot::empty().file("proc/cpuinfo", "processor\t: 0\n\nprocessor\t: 1");
    let topology = snapshot.read();
    assert_eq!(topology.performance, [0, 1]);
    assert_eq!(topology.source, Source::Uniform);
}

#[test]
fn a_machine_that_lists_no_cpus_is_read_from_its_folders() {
    let snapshot = Snapshot::empty()
        .of_cpu(0, "x", "")
        .of_cpu(3, "x", "")
        .of_cpu(4, "online", 0);
    assert_eq!(snapshot.read().performance, [0, 3]);
}

#[test]
fn a_folder_that_is_no_snapshot_is_refused() {
    let empty = Snapshot::empty();
    let no_cpus = SysrootError::NoCpus(empty.root.clone());
    assert_eq!(Topology::from_sysroot(&empty.root), Err(no_cpus));
    let missing = empty.root.join("missing");
    assert_eq!(
        Topology::from_sysroot(&missing),
        Err(SysrootError::NoFolder(missing.clone()))
    );
    fs::write(&missing, "").unwrap();
    assert_eq!(
        Topology::from_sysroot(&missing),
        Err(SysrootError::NoFolder(missing))
    );
}
