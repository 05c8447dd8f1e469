//! Which thread should run where: a plan, as a pure function of the topology and of what there is
//! to place.
//!
//! Three roles. *Real-time* threads (the DSP thread of each engine) each get a physical
//! performance core, both of its SMT threads, and nobody else of ours runs there: a busy sibling
//! takes a third of a core's speed and most of its first-level cache. *Background* work (recognizer
//! workers, voice activity) gets the efficiency cores. *Housekeeping* (the conversation, the
//! journal, what is shown) gets the low-power cores.
//!
//! A plan that takes cores from somebody who needs them is worse than none, since the scheduler may
//! no longer help. So nothing is set apart unless enough cores are left:
//!
//! - of one kind only: a core for each background thread and one for everything else. On two equal
//!   CPUs, or in a container with as few, every role is given every CPU;
//! - of several kinds: a core for each background thread.
//!
//! The audio callback is not placed: its thread belongs to the audio server's library.

use super::cpulist::CpuSet;
use super::topology::Topology;

/// From so many low-power CPUs on they carry background work where there are no efficiency cores:
/// Lunar Lake's four are such, Meteor Lake's two are too slow for it.
const LOW_POWER_CLUSTER: usize = 4;

/// How many threads there are to place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Threads that must keep time.
    pub realtime: usize,
    /// Threads that compute and may be late.
    pub background: usize,
}

/// Where each role may run; no set is empty, and none holds a CPU that the topology does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One set for each real-time thread. Disjoint, each one physical core, if `separate`.
    pub realtime: Vec<CpuSet>,
    /// Recognizers and voice activity. Disjoint from `realtime` if `separate`.
    pub background: CpuSet,
    /// What may wait: the conversation, the journal, the display. As `background`.
    pub housekeeping: CpuSet,
    /// The part of `background` for a machine that is too hot: its efficiency and low-power CPUs
    /// if it has any, else half of it.
    pub thrifty: CpuSet,
    /// Whether the roles are kept apart. If not, every role is given every CPU.
    pub separate: bool,
}

impl Plan {
    /// The plan for `demand` on `topology`. Every set is empty only if the topology names no CPU.
    #[must_use]
    pub fn new(topology: &Topology, demand: Demand) -> Self {
        let kinds = [
            &topology.performance,
            &topology.efficiency,
            &topology.low_power,
        ]
        .map(|cpus| cpus.iter().copied().collect::<CpuSet>());
        let [performance, efficiency, low_power] = &kinds;
        let all = &(performance | efficiency) | low_power;
        let (realtime, taken) = match reserved(topology, &kinds, demand) {
            Some(cores) => {
                let taken = cores.iter().fold(CpuSet::new(), |sum, core| &sum | core);
                (cores, taken)
            }
            None => (vec![all.clone(); demand.realtime], CpuSet::new()),
        };
        let separate = !taken.is_empty();
        let background = if separate {
            background(&kinds, &taken, demand.background)
        } else {
            all.clone()
        };
        let housekeeping = [low_power - &taken, background.clone()]
            .into_iter()
            .find(|cpus| separate && !cpus.is_empty())
            .unwrap_or(all);
        let thrifty = [&background - performance, half(&background)]
            .into_iter()
            .find(|cpus| !cpus.is_empty())
            .unwrap_or_default();
        Self {
            realtime,
            background,
            housekeeping,
            thrifty,
            separate,
        }
    }
}

/// A physical core for each real-time thread, the best first; `None` if too little would be left.
fn reserved(topology: &Topology, kinds: &[CpuSet; 3], demand: Demand) -> Option<Vec<CpuSet>> {
    let mut cores = topology.cores();
    let kind = |core: &CpuSet| kinds.iter().position(|kind| !kind.is_disjoint(core));
    // CPU 0 serves most interrupts where nobody distributes them, so its core comes last.
    cores.sort_by_key(|core| (kind(core), core.contains(&0)));
    let left = cores.len().checked_sub(demand.realtime)?;
    let uniform = kinds.iter().filter(|kind| !kind.is_empty()).count() < 2;
    let needed = demand.background.max(1) + usize::from(uniform);
    (demand.realtime > 0 && left >= needed).then(|| {
        cores.truncate(demand.realtime);
        cores
    })
}

/// The CPUs for background work: kind after kind, until there is one for each thread and one for
/// voice activity.
fn background(kinds: &[CpuSet; 3], taken: &CpuSet, threads: usize) -> CpuSet {
    let [performance, efficiency, low_power] = kinds.each_ref().map(|kind| kind - taken);
    let cluster = if low_power.len() >= LOW_POWER_CLUSTER {
        low_power.clone()
    } else {
        CpuSet::new()
    };
    let mut cpus = CpuSet::new();
    for more in [efficiency, cluster, performance, low_power] {
        if cpus.len() > threads {
            break;
        }
        cpus.extend(more);
    }
    cpus
}

/// The upper half of `cpus`, rounded up.
fn half(cpus: &CpuSet) -> CpuSet {
    cpus.iter().skip(cpus.len() / 2).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Source;
    use proptest::prelude::*;

    fn machine(kinds: [&[usize]; 3], smt_siblings: &[[usize; 2]]) -> Topology {
        let [performance, efficiency, low_power] = kinds.map(<[usize]>::to_vec);
        Topology {
            performance,
            efficiency,
            low_power,
            smt_siblings: smt_siblings.to_vec(),
            source: Source::Uniform,
        }
    }

    fn plan(topology: &Topology, realtime: usize, background: usize) -> Plan {
        let demand = Demand {
            realtime,
            background,
        };
        Plan::new(topology, demand)
    }

    fn set(cpus: impl IntoIterator<Item = usize>) -> CpuSet {
        cpus.into_iter().collect()
    }

    #[test]
    fn meteor_lake_is_used_as_it_was_designed() {
        let pairs = [[0, 5], [1, 2], [3, 4], [6, 7], [8, 9], [10, 11]];
        let performance: Vec<usize> = (0..12).collect();
        let efficiency: Vec<usize> = (12..20).collect();
        let topology = machine([&performance, &efficiency, &[20, 21]], &pairs);
        let plan = plan(&topology, 3, 2);
        assert_eq!(plan.realtime, [set([1, 2]), set([3, 4]), set([6, 7])]);
        assert_eq!(plan.background, set(12..20));
        assert_eq!(plan.housekeeping, set([20, 21]));
        assert_eq!(plan.thrifty, set(12..20));
        assert!(plan.separate);
    }

    #[test]
    fn lunar_lake_s_low_power_cores_carry_the_background() {
        let plan = plan(&machine([&[0, 1, 2, 3], &[], &[4, 5, 6, 7]], &[]), 2, 2);
        assert_eq!(plan.realtime, [set([1]), set([2])]);
        assert_eq!((plan.background, plan.housekeeping), (set(4..8), set(4..8)));
    }

    #[test]
    fn two_slow_cores_are_not_left_alone_with_the_recognizers() {
        let plan = plan(&machine([&[0, 1, 2, 3], &[], &[4, 5]], &[]), 1, 2);
        assert_eq!(plan.background, set([0, 2, 3]));
        assert_eq!(plan.housekeeping, set([4, 5]));
    }

    #[test]
    fn one_performance_core_is_the_first_real_time_thread_s() {
        let lakefield = machine([&[4], &[0, 1, 2, 3], &[]], &[]);
        let one = plan(&lakefield, 1, 2);
        assert_eq!(one.realtime, [set([4])]);
        assert_eq!(one.background, set([0, 1, 2, 3]));
        let two = plan(&lakefield, 2, 2);
        assert_eq!(two.realtime, [set([4]), set([1])]);
        assert_eq!(two.background, set([0, 2, 3]));
    }

    #[test]
    fn two_equal_cpus_are_left_to_the_scheduler() {
        for siblings in [&[][..], &[[0, 1]]] {
            let plan = plan(&machine([&[0, 1], &[], &[]], siblings), 1, 1);
            assert!(!plan.separate);
            assert_eq!(plan.realtime, [set([0, 1])]);
            assert_eq!(
                (plan.background, plan.housekeeping),
                (set([0, 1]), set([0, 1]))
            );
            assert_eq!(plan.thrifty, set([1]));
        }
    }

    #[test]
    fn equal_cpus_are_set_apart_where_enough_are_left() {
        let cpus: Vec<usize> = (0..16).collect();
        let pairs: Vec<[usize; 2]> = (0..8).map(|core| [core, core + 8]).collect();
        let plan = plan(&machine([&cpus, &[], &[]], &pairs), 2, 2);
        assert_eq!(plan.realtime, [set([1, 9]), set([2, 10])]);
        let rest = &set(0..16) - &set([1, 9, 2, 10]);
        assert_eq!((&plan.background, &plan.housekeeping), (&rest, &rest));
        assert_eq!(plan.thrifty.len(), 6);
    }

    #[test]
    fn nothing_to_keep_time_for_reserves_nothing() {
        let plan = plan(&machine([&[0, 1, 2, 3], &[4, 5], &[]], &[]), 0, 1);
        assert!(plan.realtime.is_empty());
        assert!(!plan.separate);
        assert_eq!(plan.background, set(0..6));
    }

    prop_compose! {
        /// CPUs of arbitrary kinds, numbers and siblings, damaged ones included.
        fn topologies()(
            kinds in prop::collection::btree_map(0_usize..64, 0_usize..3, 1..40),
            pairs in prop::collection::vec((0_usize..64, 0_usize..64), 0..24),
        ) -> Topology {
            let of = |kind| kinds.iter().filter(|&(_, &k)| k == kind).map(|(&cpu, _)| cpu).collect();
            Topology {
                performance: of(0),
                efficiency: of(1),
                low_power: of(2),
                smt_siblings: pairs.into_iter().map(|(a, b)| [a.min(b), a.max(b)]).collect(),
                source: Source::Uniform,
            }
        }
    }

    proptest! {
        #[test]
        fn no_role_is_left_without_a_cpu_or_given_one_it_may_not_use(
            topology in topologies(), realtime in 0_usize..6, background in 0_usize..6,
        ) {
            let all: CpuSet = topology.cpus().collect();
            let plan = plan(&topology, realtime, background);
            prop_assert_eq!(plan.realtime.len(), realtime);
            let sets = [&plan.background, &plan.housekeeping, &plan.thrifty];
            for cpus in plan.realtime.iter().chain(sets) {
                prop_assert!(!cpus.is_empty());
                prop_assert!(cpus.is_subset(&all), "{cpus:?} of {all:?}");
            }
            prop_assert!(plan.thrifty.is_subset(&plan.background));
        }

        #[test]
        fn real_time_threads_have_cores_to_themselves_or_nobody_is_moved(
            topology in topologies(), realtime in 1_usize..6, background in 0_usize..6,
        ) {
            let all: CpuSet = topology.cpus().collect();
            let plan = plan(&topology, realtime, background);
            if !plan.separate {
                let roles = [&plan.background, &plan.housekeeping];
                prop_assert!(plan.realtime.iter().chain(roles).all(|cpus| cpus == &all));
                return Ok(());
            }
            for (index, core) in plan.realtime.iter().enumerate() {
                prop_assert!(topology.cores().contains(core));
                prop_assert!(plan.realtime.iter().skip(index + 1).all(|other| core.is_disjoint(other)));
                prop_assert!(core.is_disjoint(&plan.background));
                prop_assert!(core.is_disjoint(&plan.housekeeping));
            }
            let cores = |cpus: &CpuSet| topology.cores().iter().filter(|core| !core.is_disjoint(cpus)).count();
            let left = cores(&all) - realtime;
            prop_assert!(left >= background.max(1));
        }

        #[test]
        fn real_time_threads_have_the_best_cores(
            topology in topologies(), realtime in 1_usize..6,
        ) {
            let plan = plan(&topology, realtime, 1);
            let performance: CpuSet = topology.performance.iter().copied().collect();
            let fast = topology.cores().iter().filter(|core| !core.is_disjoint(&performance)).count();
            if plan.separate {
                let given = plan.realtime.iter().filter(|core| !core.is_disjoint(&performance)).count();
                prop_assert_eq!(given, fast.min(realtime));
            }
        }
    }
}
