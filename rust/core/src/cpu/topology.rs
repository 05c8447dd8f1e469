//! The topology of this machine, or of a snapshot of another.

use std::fmt;
use std::path::{Path, PathBuf};

use super::affinity;
use super::cpulist::CpuSet;
use super::kinds::{self, Source};
use super::sysfs::{CpuFacts, Sysfs};

/// The CPUs by kind. Offline CPUs are in no list; every other is in exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// The fastest cores; on a uniform machine all.
    pub performance: Vec<usize>,
    /// Slower, thriftier cores.
    pub efficiency: Vec<usize>,
    /// Cores outside the reach of the third-level cache, for a machine that is nearly idle.
    pub low_power: Vec<usize>,
    /// CPUs that are threads of one core: every pair `[a, b]` with `a < b`, in order.
    pub smt_siblings: Vec<[usize; 2]>,
    /// By which evidence the kinds were told apart.
    pub source: Source,
}

/// A folder that is no snapshot of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SysrootError {
    /// It is not there, or it is no folder.
    NoFolder(PathBuf),
    /// Neither `sys/devices/system/cpu` nor `proc/cpuinfo` in it names a CPU.
    NoCpus(PathBuf),
}

impl fmt::Display for SysrootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder(path) => write!(f, "no such folder: {}", path.display()),
            Self::NoCpus(path) => write!(
                f,
                "no CPU found in {}: it must hold the folders sys/ and proc/ of a machine",
                path.display()
            ),
        }
    }
}

impl std::error::Error for SysrootError {}

impl Topology {
    /// The CPUs of this machine that this process may use.
    pub fn live() -> Self {
        // The process, not the calling thread, which may itself have been pinned.
        let process = i32::try_from(std::process::id()).unwrap_or(0);
        Self::allowed(&affinity::get(process).unwrap_or_default())
    }

    /// The CPUs of this machine that are `allowed`.
    ///
    /// The kinds are those of the whole machine, so `performance` is empty in a container that was
    /// given efficiency cores only; [`Topology::fastest`] is then what there is. Without `/sys` and
    /// `/proc` the CPUs are those allowed, all performance cores.
    pub fn allowed(allowed: &CpuSet) -> Self {
        match Self::read(&Sysfs::new(Path::new("/"))) {
            Some(mut topology) => {
                topology.restrict_to(allowed);
                topology
            }
            None => Self {
                performance: allowed.iter().copied().collect(),
                efficiency: Vec::new(),
                low_power: Vec::new(),
                smt_siblings: Vec::new(),
                source: Source::Uniform,
            },
        }
    }

    /// The CPUs of the machine whose `sys/` and `proc/` are in the folder `root`.
    ///
    /// # Errors
    ///
    /// [`SysrootError`] if `root` is no folder or names no CPU. Files that are missing or damaged
    /// are no errors but evidence that is not there.
    pub fn from_sysroot(root: &Path) -> Result<Self, SysrootError> {
        if !root.is_dir() {
            return Err(SysrootError::NoFolder(root.to_path_buf()));
        }
        Self::read(&Sysfs::new(root)).ok_or_else(|| SysrootError::NoCpus(root.to_path_buf()))
    }

    /// The CPUs of the best kind that is there: where a thread that must keep time should run.
    pub fn fastest(&self) -> &[usize] {
        [&self.performance, &self.efficiency]
            .into_iter()
            .find(|cpus| !cpus.is_empty())
            .unwrap_or(&self.low_power)
    }

    /// Every CPU, kind after kind.
    pub fn cpus(&self) -> impl Iterator<Item = usize> {
        let kinds = [&self.performance, &self.efficiency, &self.low_power];
        kinds.into_iter().flatten().copied()
    }

    /// The physical cores: the CPUs of each, in the order of their first.
    #[must_use]
    pub fn cores(&self) -> Vec<CpuSet> {
        let mut cores: Vec<CpuSet> = Vec::new();
        let cpus: CpuSet = self.cpus().collect();
        for &cpu in &cpus {
            let pairs = self.smt_siblings.iter().filter(|pair| pair.contains(&cpu));
            let mut core: CpuSet = pairs.flatten().copied().collect();
            core.insert(cpu);
            core.retain(|cpu| cpus.contains(cpu));
            // Damaged lists may chain cores together: what touches is one.
            let (touching, apart) = cores
                .into_iter()
                .partition::<Vec<_>, _>(|other| !other.is_disjoint(&core));
            cores = apart;
            core.extend(touching.into_iter().flatten());
            cores.push(core);
        }
        cores.sort();
        cores
    }

    fn read(sysfs: &Sysfs) -> Option<Self> {
        let online = sysfs.online();
        if online.is_empty() {
            return None;
        }
        let facts = sysfs.facts(&online);
        let kinds = kinds::classify(&facts, &sysfs.pmus());
        Some(Self {
            performance: kinds.performance.into_iter().collect(),
            efficiency: kinds.efficiency.into_iter().collect(),
            low_power: kinds.low_power.into_iter().collect(),
            smt_siblings: smt_siblings(&facts, &online),
            source: kinds.source,
        })
    }

    /// Drops every CPU that is not `allowed`; does nothing if that would drop all, since the two
    /// then speak of different machines.
    pub fn restrict_to(&mut self, allowed: &CpuSet) {
        let lists = [
            &mut self.performance,
            &mut self.efficiency,
            &mut self.low_power,
        ];
        if !lists
            .iter()
            .any(|cpus| cpus.iter().any(|cpu| allowed.contains(cpu)))
        {
            return;
        }
        for cpus in lists {
            cpus.retain(|cpu| allowed.contains(cpu));
        }
        self.smt_siblings
            .retain(|pair| pair.iter().all(|cpu| allowed.contains(cpu)));
    }
}

fn smt_siblings(facts: &[CpuFacts], online: &CpuSet) -> Vec<[usize; 2]> {
    let mut pairs = std::collections::BTreeSet::new();
    for of_cpu in facts {
        // A list that does not name its own CPU is damaged.
        if !of_cpu.siblings.contains(&of_cpu.cpu) {
            continue;
        }
        let others = of_cpu
            .siblings
            .intersection(online)
            .filter(|&&other| other != of_cpu.cpu);
        pairs.extend(others.map(|&other| [of_cpu.cpu.min(other), of_cpu.cpu.max(other)]));
    }
    pairs.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meteor_lake_like() -> Topology {
        Topology {
            performance: vec![0, 1],
            efficiency: vec![2, 3],
            low_power: vec![4],
            smt_siblings: vec![[0, 1]],
            source: Source::Pmu,
        }
    }

    #[test]
    fn a_container_sees_only_the_cpus_it_was_given() {
        let mut topology = meteor_lake_like();
        topology.restrict_to(&[1, 3].into());
        assert_eq!(
            (topology.performance, topology.efficiency),
            (vec![1], vec![3])
        );
        assert_eq!(
            (topology.low_power, topology.smt_siblings),
            (vec![], vec![])
        );
    }

    #[test]
    fn efficiency_cores_are_not_called_fast_because_nothing_else_is_allowed() {
        let mut topology = meteor_lake_like();
        topology.restrict_to(&[3, 4].into());
        assert!(topology.performance.is_empty());
        assert_eq!(topology.fastest(), [3]);
        topology.restrict_to(&[4].into());
        assert_eq!(topology.fastest(), [4]);
    }

    #[test]
    fn an_affinity_of_other_cpus_than_these_is_not_believed() {
        let mut topology = meteor_lake_like();
        topology.restrict_to(&[77].into());
        assert_eq!(topology, meteor_lake_like());
    }

    #[test]
    fn this_machine_has_a_fastest_cpu_and_this_process_may_run_there() {
        let allowed = affinity::get(0).unwrap_or_default();
        let live = Topology::live();
        assert!(!live.fastest().is_empty());
        assert!(live.fastest().iter().all(|cpu| allowed.contains(cpu)));
    }
}
