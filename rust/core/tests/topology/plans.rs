//! Who runs where on whole machines, and in the part of one that a container is given.

use voicestand_core::cpu::{CpuSet, Demand, Plan, Source, Topology};

use crate::snapshot::{Design, GOLDEN_COVE, GRACEMONT, Snapshot};
use crate::{all, meteor_lake};

/// Lion Cove: no SMT, 48 KiB of data and 64 of instructions.
const LION_COVE: Design = Design {
    l1: (48, 64),
    max_mhz: 5700,
    base_mhz: 3700,
    ..GOLDEN_COVE
};
const SKYMONT: Design = Design {
    max_mhz: 4600,
    base_mhz: 3200,
    ..GRACEMONT
};
/// Of the low-power island: older than Arrow Lake's other efficiency cores.
const CRESTMONT: Design = Design {
    max_mhz: 2500,
    base_mhz: 700,
    l3: false,
    ..GRACEMONT
};

/// A call with system audio: two engines, two recognizers.
fn plan(topology: &Topology) -> Plan {
    let demand = Demand {
        realtime: 2,
        background: 2,
    };
    Plan::new(topology, demand)
}

fn set(cpus: impl IntoIterator<Item = usize>) -> CpuSet {
    cpus.into_iter().collect()
}

#[test]
fn meteor_lake_s_three_kinds_have_three_uses() {
    let plan = plan(&meteor_lake().read());
    assert_eq!(plan.realtime, [set([1, 2]), set([3, 4])]);
    assert_eq!(plan.background, set(12..20));
    assert_eq!(plan.housekeeping, set(20..22));
}

#[test]
fn arrow_lake_h_has_three_kinds_without_siblings() {
    let named = |snapshot: Snapshot, low_power: bool| {
        let snapshot = snapshot.file("sys/devices/cpu_core/cpus", "0-5");
        if low_power {
            snapshot
                .file("sys/devices/cpu_atom/cpus", "6-13")
                .file("sys/devices/cpu_lowpower/cpus", "14-15")
        } else {
            snapshot.file("sys/devices/cpu_atom/cpus", "6-15")
        }
    };
    let machine = || {
        Snapshot::with_cpus(16)
            .cpus(0..6, LION_COVE)
            .cpus(6..14, SKYMONT)
            .cpus(14..16, CRESTMONT)
    };
    for snapshot in [machine(), named(machine(), true), named(machine(), false)] {
        let topology = snapshot.read();
        assert_eq!(topology.performance, all(0..6));
        assert_eq!(topology.efficiency, all(6..14));
        assert_eq!(topology.low_power, all(14..16));
        assert_eq!(topology.smt_siblings, [[0; 2]; 0]);
        let plan = plan(&topology);
        assert_eq!(plan.realtime, [set([1]), set([2])]);
        assert_eq!(plan.background, set(6..14));
        assert_eq!(plan.housekeeping, set(14..16));
    }
}

#[test]
fn arrow_lake_s_has_no_low_power_cores() {
    let topology = Snapshot::with_cpus(24)
        .cpus(0..8, LION_COVE)
        .cpus(8..24, SKYMONT)
        .read();
    assert_eq!(topology.performance, all(0..8));
    assert_eq!(topology.efficiency, all(8..24));
    assert_eq!(plan(&topology).housekeeping, set(8..24));
}

#[test]
fn lunar_lake_named_by_its_kernel_keeps_everything_but_the_engines_off_the_performance_cores() {
    let topology = Snapshot::with_cpus(8)
        .cpus(0..4, LION_COVE)
        .cpus(
            4..8,
            Design {
                l3: false,
                ..SKYMONT
            },
        )
        .file("sys/devices/cpu_core/cpus", "0-3")
        .file("sys/devices/cpu_atom/cpus", "4-7")
        .read();
    assert_eq!(topology.low_power, all(4..8));
    assert_eq!(topology.source, Source::Pmu);
    let plan = plan(&topology);
    assert_eq!(plan.realtime, [set([1]), set([2])]);
    assert_eq!((plan.background, plan.housekeeping), (set(4..8), set(4..8)));
}

#[test]
fn a_container_s_plan_is_made_of_what_it_was_given() {
    let given = |allowed: &[usize]| {
        let mut topology = meteor_lake().read();
        topology.restrict_to(&allowed.iter().copied().collect());
        plan(&topology)
    };
    // Both threads of one performance core, and two efficiency cores: one engine goes there.
    let mixed = given(&[1, 2, 12, 13, 14, 15]);
    assert_eq!(mixed.realtime, [set([1, 2]), set([12])]);
    assert_eq!(mixed.background, set([13, 14, 15]));
    // Efficiency cores only: equal CPUs, of which too few are left for the rest.
    let efficient = given(&[12, 13, 14, 15]);
    assert!(!efficient.separate);
    assert_eq!(efficient.realtime, [set(12..16), set(12..16)]);
    // Halves of cores are whole ones to who cannot use the other half.
    assert_eq!(given(&[0, 1, 3, 12, 13]).realtime, [set([1]), set([3])]);
    assert!(!given(&[20]).separate);
}

#[test]
fn offline_cpus_are_in_no_plan() {
    let topology = meteor_lake()
        .file("sys/devices/system/cpu/online", "0-1,5,12-15,20")
        .file("sys/devices/cpu_core/cpus", "0-1,5")
        .file("sys/devices/cpu_atom/cpus", "12-15,20")
        .read();
    let plan = plan(&topology);
    assert_eq!(plan.realtime, [set([1]), set([0, 5])]);
    assert_eq!(plan.background, set(12..16));
    assert_eq!(plan.housekeeping, set([20]));
}

#[test]
fn amd_s_compact_cores_carry_the_background_and_equal_ones_are_shared_out() {
    let zen = Design {
        l1: (32, 32),
        l3: true,
        max_mhz: 5100,
        ..Design::default()
    };
    let compact = Design {
        max_mhz: 3300,
        ..zen
    };
    let pairs: Vec<[usize; 2]> = (0..10).map(|core| [core, core + 10]).collect();
    let cores: Vec<&[usize]> = pairs.iter().map(<[usize; 2]>::as_slice).collect();
    let hybrid = Snapshot::with_cpus(20)
        .cpus(0..4, zen)
        .cpus(4..10, compact)
        .cpus(10..14, zen)
        .cpus(14..20, compact)
        .siblings(&cores)
        .read();
    let found = plan(&hybrid);
    assert_eq!(found.realtime, [set([1, 11]), set([2, 12])]);
    assert_eq!(found.background, set((4..10).chain(14..20)));
    let uniform = Snapshot::with_cpus(20).cpus(0..20, zen).siblings(&cores);
    let found = plan(&uniform.read());
    assert_eq!(found.realtime, [set([1, 11]), set([2, 12])]);
    assert_eq!(found.background.len(), 16);
}
