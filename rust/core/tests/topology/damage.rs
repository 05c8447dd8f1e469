//! Snapshots of which any file may be missing, damaged, a folder or a link to nowhere.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use voicestand_core::cpu::{Demand, Plan};

use crate::snapshot::{Design, GOLDEN_COVE, Snapshot};

/// Every file of a snapshot.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect();
    found.sort();
    found
}

#[derive(Debug, Clone)]
enum Damage {
    Removed,
    Empty,
    Garbage(Vec<u8>),
    Text(String),
    Folder,
    DanglingLink,
    LinkToItself,
}

impl Damage {
    fn inflict(&self, file: &Path) {
        fs::remove_file(file).unwrap();
        match self {
            Self::Removed => {}
            Self::Empty => fs::write(file, "").unwrap(),
            Self::Garbage(bytes) => fs::write(file, bytes).unwrap(),
            Self::Text(text) => fs::write(file, text).unwrap(),
            Self::Folder => fs::create_dir(file).unwrap(),
            Self::DanglingLink => symlink("nowhere", file).unwrap(),
            Self::LinkToItself => symlink(file.file_name().unwrap(), file).unwrap(),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        Just(Damage::Removed),
        Just(Damage::Empty),
        prop::collection::vec(any::<u8>(), 0..64).prop_map(Damage::Garbage),
        "[0-9,x\\-K\n]{0,16}".prop_map(Damage::Text),
        Just(Damage::Folder),
        Just(Damage::DanglingLink),
        Just(Damage::LinkToItself),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is broken, each CPU is in at most one list and some are performance cores.
    #[test]
    fn a_damaged_snapshot_is_still_read(
        wounds in prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..40),
    ) {
        let design = Design { capacity: 512, midr: 0x410f_d034, ..GOLDEN_COVE };
        let snapshot = Snapshot::with_cpus(4)
            .cpus(0..2, design)
            .cpus(2..4, Design { l1: (32, 64), max_mhz: 3000, ..design })
            .siblings(&[&[0, 1]])
            .file("sys/devices/system/cpu/present", "0-3")
            .file("sys/devices/cpu_core/cpus", "0-1")
            .file("sys/devices/cpu_atom/cpus", "2-3")
            .file("proc/cpuinfo", "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd03");
        let files = files(&snapshot.root);
        let wounded: Vec<(&PathBuf, &Damage)> =
            wounds.iter().map(|(index, damage)| (index.get(&files), damage)).collect();
        let mut seen = BTreeSet::new();
        for (file, damage) in wounded {
            if seen.insert(file) {
                damage.inflict(file);
            }
        }
        let topology = snapshot.read();
        let lists = [&topology.performance, &topology.efficiency, &topology.low_power];
        let cpus: BTreeSet<usize> = lists.into_iter().flatten().copied().collect();
        prop_assert_eq!(cpus.len(), lists.iter().map(|list| list.len()).sum::<usize>());
        prop_assert!(!topology.performance.is_empty());
        for &[a, b] in &topology.smt_siblings {
            prop_assert!(a < b && cpus.contains(&a) && cpus.contains(&b));
        }
        let plan = Plan::new(&topology, Demand { realtime: 1, background: 1 });
        for set in plan.realtime.iter().chain([&plan.background, &plan.housekeeping]) {
            prop_assert!(!set.is_empty() && set.is_subset(&cpus));
        }
    }
}
