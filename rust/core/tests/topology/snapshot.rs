//! Snapshots of machines that the tests make up.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use voicestand_core::cpu::Topology;

/// A folder with the `sys/` and `proc/` of a machine that the test makes up; gone when dropped.
pub struct Snapshot {
    /// Its root.
    pub root: PathBuf,
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// One core type, as each of its CPUs describes itself.
#[derive(Clone, Copy, Default)]
pub struct Design {
    /// KiB of data, KiB of instructions.
    pub l1: (u32, u32),
    pub l3: bool,
    pub base_mhz: u32,
    pub max_mhz: u32,
    pub nominal_perf: u32,
    pub capacity: u32,
    pub midr: u32,
}

pub const GOLDEN_COVE: Design = Design {
    l1: (48, 32),
    l3: true,
    base_mhz: 3400,
    max_mhz: 5400,
    nominal_perf: 46,
    capacity: 0,
    midr: 0,
};
pub const GRACEMONT: Design = Design {
    l1: (32, 64),
    base_mhz: 2500,
    max_mhz: 4200,
    nominal_perf: 25,
    ..GOLDEN_COVE
};

impl Snapshot {
    pub fn empty() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let unique = format!(
            "{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let root = std::env::temp_dir().join(format!("voicestand-topology-{unique}"));
        fs::create_dir_all(&root).unwrap();
        Self { root }
    }

    pub fn with_cpus(count: usize) -> Self {
        Self::empty().file("sys/devices/system/cpu/online", &format!("0-{}", count - 1))
    }

    fn path(&self, path: &str) -> PathBuf {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    pub fn file(self, path: &str, content: &str) -> Self {
        fs::write(self.path(path), format!("{content}\n")).unwrap();
        self
    }

    pub fn of_cpu(self, cpu: usize, name: &str, content: impl ToString) -> Self {
        self.file(
            &format!("sys/devices/system/cpu/cpu{cpu}/{name}"),
            &content.to_string(),
        )
    }

    /// CPUs of one design; 0 or an empty part of it is left unsaid.
    pub fn cpus(mut self, cpus: Range<usize>, design: Design) -> Self {
        for cpu in cpus {
            let figures = [
                ("cpufreq/base_frequency", design.base_mhz * 1000),
                ("cpufreq/cpuinfo_max_freq", design.max_mhz * 1000),
                ("acpi_cppc/nominal_perf", design.nominal_perf),
                ("cpu_capacity", design.capacity),
            ];
            for (name, figure) in figures.into_iter().filter(|&(_, figure)| figure > 0) {
                self = self.of_cpu(cpu, name, figure);
            }
            if design.midr > 0 {
                let midr = format!("{:#018x}", design.midr);
                self = self.of_cpu(cpu, "regs/identification/midr_el1", midr);
            }
            let (data, instructions) = design.l1;
            let caches = [
                (0, 1, "Data", data),
                (1, 1, "Instruction", instructions),
                (2, 2, "Unified", 2048),
                (3, 3, "Unified", if design.l3 { 24 * 1024 } else { 0 }),
            ];
            for (index, level, kind, size) in caches {
                if data > 0 && size > 0 {
                    self = self
                        .of_cpu(cpu, &format!("cache/index{index}/level"), level)
                        .of_cpu(cpu, &format!("cache/index{index}/type"), kind)
                        .of_cpu(cpu, &format!("cache/index{index}/size"), format!("{size}K"));
                }
            }
        }
        self
    }

    pub fn siblings(mut self, cores: &[&[usize]]) -> Self {
        for core in cores {
            let numbers: Vec<String> = core.iter().map(usize::to_string).collect();
            for &cpu in *core {
                self = self.of_cpu(cpu, "topology/thread_siblings_list", numbers.join(","));
            }
        }
        self
    }

    pub fn read(&self) -> Topology {
        Topology::from_sysroot(&self.root).unwrap()
    }
}
