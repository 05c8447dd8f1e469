//! What `/sys` and `/proc` say about each CPU, read from any root: the machine or a snapshot.
//!
//! Nothing here is an error. A file that is missing, empty, damaged, a folder or a link to nowhere
//! is evidence that is not there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::cpulist::{self, CpuSet};

/// No file that is read here is longer than this on a real machine, except `proc/cpuinfo`: 4 KiB a
/// CPU is ample for that.
const LONGEST_FILE: u64 = 4096 * cpulist::MAX_CPUS as u64;

/// The root of a file system that holds `sys/` and `proc/`.
#[derive(Debug)]
pub struct Sysfs {
    root: PathBuf,
}

/// What is known about one logical CPU. `None`: the machine does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CpuFacts {
    /// The logical CPU.
    pub cpu: usize,
    /// Sizes of the first-level caches, data and instructions, in KiB.
    pub l1: Option<(u64, u64)>,
    /// Whether it reaches a third-level cache.
    pub l3: Option<bool>,
    /// The microarchitecture on Arm: implementer and part number.
    pub part: Option<(u64, u64)>,
    /// Guaranteed frequency, kHz.
    pub base_frequency: Option<u64>,
    /// Sustained performance by ACPI CPPC; the scale is the machine's own, the same for its CPUs.
    pub nominal_perf: Option<u64>,
    /// Highest frequency, boost included, kHz.
    pub max_frequency: Option<u64>,
    /// The scheduler's estimate, 1024 for the strongest CPU.
    pub capacity: Option<u64>,
    /// The CPUs of the same core, this one included.
    pub siblings: CpuSet,
}

/// The CPUs of each hybrid performance-monitoring unit, as the kernel registers one per core type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pmus {
    /// `cpu_core`: performance cores.
    pub core: CpuSet,
    /// `cpu_atom`: efficiency cores; on most kernels the low-power ones too.
    pub atom: CpuSet,
    /// `cpu_lowpower`: low-power cores that differ from the efficiency cores (Arrow Lake H).
    pub low_power: CpuSet,
}

impl Sysfs {
    /// Reads below `root`, `/` for the machine itself.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The text of the file `path`, which is relative to the root.
    pub fn read(&self, path: &str) -> Option<String> {
        let path = self.root.join(path);
        // A FIFO in a snapshot would block for ever.
        if !path.metadata().ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(path)
            .ok()?
            .take(LONGEST_FILE)
            .read_to_end(&mut bytes)
            .ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The names in the folder `path`, in order; none if it cannot be read.
    pub fn names(&self, path: &str) -> Vec<String> {
        let Ok(entries) = self.root.join(path).read_dir() else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort_unstable();
        names
    }

    fn cpus(&self, path: &str) -> Option<CpuSet> {
        cpulist::parse(&self.read(path)?)
    }

    fn of_cpu(&self, cpu: usize, name: &str) -> Option<String> {
        self.read(&format!("sys/devices/system/cpu/cpu{cpu}/{name}"))
    }

    /// A number that a real CPU cannot have as 0.
    fn positive(&self, cpu: usize, name: &str) -> Option<u64> {
        self.of_cpu(cpu, name)?
            .trim()
            .parse()
            .ok()
            .filter(|&number| number > 0)
    }

    /// The CPUs that are online: the kernel's list, else the folders and the processors of
    /// `/proc/cpuinfo`, without those that are switched off. Empty if nothing says.
    pub fn online(&self) -> CpuSet {
        let listed = |name: &str| {
            self.cpus(&format!("sys/devices/system/cpu/{name}"))
                .filter(|cpus| !cpus.is_empty())
        };
        let mut online = listed("online")
            .or_else(|| listed("present"))
            .unwrap_or_else(|| &self.cpu_folders() | &self.processors().into_keys().collect());
        online.retain(|&cpu| {
            self.of_cpu(cpu, "online")
                .is_none_or(|flag| flag.trim() != "0")
        });
        online
    }

    fn cpu_folders(&self) -> CpuSet {
        let names = self.names("sys/devices/system/cpu");
        let numbers = names.iter().filter_map(|name| name.strip_prefix("cpu"));
        numbers
            .filter_map(|number| cpulist::parse(number)?.into_iter().next())
            .collect()
    }

    /// The processors of `/proc/cpuinfo`, with their Arm implementer and part if it has them.
    fn processors(&self) -> BTreeMap<usize, Option<(u64, u64)>> {
        let text = self.read("proc/cpuinfo").unwrap_or_default();
        let (mut found, mut processor, mut implementer) = (BTreeMap::new(), None, None);
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key.trim() {
                "processor" => {
                    processor = value
                        .parse::<usize>()
                        .ok()
                        .filter(|&cpu| cpu < cpulist::MAX_CPUS);
                    implementer = None;
                    if let Some(cpu) = processor {
                        found.insert(cpu, None);
                    }
                }
                "CPU implementer" => implementer = hexadecimal(value),
                "CPU part" => {
                    if let (Some(cpu), Some(part)) =
                        (processor, implementer.zip(hexadecimal(value)))
                    {
                        found.insert(cpu, Some(part));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The hybrid monitoring units; empty sets where the kernel has none.
    pub fn pmus(&self) -> Pmus {
        let pmu = |name| {
            self.cpus(&format!("sys/devices/{name}/cpus"))
                .unwrap_or_default()
        };
        Pmus {
            core: pmu("cpu_core"),
            atom: pmu("cpu_atom"),
            low_power: pmu("cpu_lowpower"),
        }
    }

    /// What is known about each of `cpus`, in their order.
    pub fn facts(&self, cpus: &CpuSet) -> Vec<CpuFacts> {
        let processors = self.processors();
        cpus.iter()
            .map(|&cpu| CpuFacts {
                part: self
                    .midr(cpu)
                    .or_else(|| processors.get(&cpu).copied().flatten()),
                ..self.facts_of(cpu)
            })
            .collect()
    }

    fn facts_of(&self, cpu: usize) -> CpuFacts {
        let (l1, l3) = self.caches(cpu);
        CpuFacts {
            cpu,
            l1,
            l3,
            part: None,
            base_frequency: self.positive(cpu, "cpufreq/base_frequency"),
            nominal_perf: self.positive(cpu, "acpi_cppc/nominal_perf"),
            max_frequency: self.positive(cpu, "cpufreq/cpuinfo_max_freq"),
            capacity: self.positive(cpu, "cpu_capacity"),
            siblings: ["topology/core_cpus_list", "topology/thread_siblings_list"]
                .iter()
                .find_map(|name| cpulist::parse(&self.of_cpu(cpu, name)?))
                .unwrap_or_default(),
        }
    }

    /// Implementer (bits 31 to 24) and part (15 to 4) of the Main ID Register; variant and
    /// revision differ between cores of one kind.
    fn midr(&self, cpu: usize) -> Option<(u64, u64)> {
        let midr = hexadecimal(self.of_cpu(cpu, "regs/identification/midr_el1")?.trim())?;
        Some(((midr >> 24) & 0xff, (midr >> 4) & 0xfff))
    }

    fn caches(&self, cpu: usize) -> (Option<(u64, u64)>, Option<bool>) {
        let (mut data, mut instructions, mut deepest) = (None, None, None);
        for index in 0..10 {
            let of_cache = |name| self.of_cpu(cpu, &format!("cache/index{index}/{name}"));
            let Some(level) = of_cache("level").and_then(|text| text.trim().parse::<u64>().ok())
            else {
                continue;
            };
            deepest = deepest.max(Some(level));
            let (Some(kind), Some(size)) = (of_cache("type"), of_cache("size")) else {
                continue;
            };
            match (level, kind.trim()) {
                (1, "Data") => data = kibibytes(&size),
                (1, "Instruction") => instructions = kibibytes(&size),
                _ => {}
            }
        }
        (data.zip(instructions), deepest.map(|level| level >= 3))
    }
}

fn kibibytes(text: &str) -> Option<u64> {
    text.trim().strip_suffix('K')?.parse().ok()
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_size_or_register_panics(text in "\\PC{0,24}") {
            let _ = (kibibytes(&text), hexadecimal(&text));
        }
    }

    #[test]
    fn sizes_and_registers_are_understood() {
        assert_eq!(kibibytes("48K\n"), Some(48));
        assert_eq!(kibibytes("48"), None);
        assert_eq!(hexadecimal("0x410fd034"), Some(0x410f_d034));
        assert_eq!(hexadecimal("410fd034"), None);
    }

    #[test]
    fn a_root_that_does_not_exist_says_nothing() {
        let sysfs = Sysfs::new(Path::new("/nonexistent"));
        assert!(sysfs.online().is_empty());
        assert_eq!(sysfs.pmus(), Pmus::default());
        assert_eq!(
            sysfs.facts(&[3].into()),
            [CpuFacts {
                cpu: 3,
                ..CpuFacts::default()
            }]
        );
    }
}
