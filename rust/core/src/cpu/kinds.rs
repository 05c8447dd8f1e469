//! Which CPUs are performance, efficiency and low-power cores, by the best evidence there is.
//!
//! No single number tells. A processor of one core type has "preferred" cores: Intel's Turbo Boost
//! Max cores reach 2 to 4% more than their neighbours, and AMD's ranking makes a staircase of small
//! steps that, on kernels that compute the limit from it, spans 30% from first to last. Lakefield's
//! efficiency cores, on the other hand, reach 93% of its performance core. So the evidence is asked
//! in this order, and one that does not account for every online CPU is passed over:
//!
//! 1. **The kernel's own word** ([`Source::Pmu`]): a hybrid x86 processor has one monitoring unit
//!    per core type, `cpu_core` and `cpu_atom` (Linux 5.13 on; `cpu_lowpower` later).
//! 2. **The microarchitecture**, where cores that differ say so: on Arm the part number
//!    ([`Source::Part`]), else the sizes of the first-level caches ([`Source::Cache`]), which belong
//!    to the design of a core: 48 KiB of data in Lakefield's performance core, 32 in the others.
//!    Which design is the stronger, a measure of performance must say, and differ by
//!    [`CONFIRMED`]: caches alone split nothing. Sizes only: how many CPUs share a cache, or have an
//!    SMT sibling, changes as soon as one is taken offline.
//! 3. **The base frequency** or **nominal performance** alone: neither includes boost, so preferred
//!    cores share it; a gap of [`SUSTAINED_GAP`] is a difference in design or, on Xeons with Speed
//!    Select, of what the core guarantees.
//! 4. **The maximum frequency** or the scheduler's capacity alone: a gap of [`BOOST_GAP`] between
//!    *neighbouring* values, which Zen 4c beside Zen 4 has (0.7) and no staircase of preferred cores.
//! 5. Otherwise the machine is uniform and every CPU is a performance core.
//!
//! Size and sharing of the second and third level are no evidence: one of AMD's two dies may carry
//! three times the cache of the other, of the same cores. But an efficiency core that reaches no
//! third-level cache where performance cores do sits on another tile: it is a low-power core.

use std::collections::BTreeMap;
use std::fmt;

use super::cpulist::CpuSet;
use super::sysfs::{CpuFacts, Pmus};

/// Two core designs are confirmed if the weaker has at most this share of the stronger's figure.
const CONFIRMED: f64 = 0.98;

/// Neighbouring figures without boost belong to different kinds from this ratio down.
const SUSTAINED_GAP: f64 = 0.9;

/// Neighbouring figures with boost belong to different kinds from this ratio down.
const BOOST_GAP: f64 = 0.8;

/// The evidence by which CPUs were told apart, named after the kernel's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The monitoring units of a hybrid processor.
    Pmu,
    /// Arm part numbers.
    Part,
    /// Sizes of the first-level caches, confirmed by a measure of performance.
    Cache,
    /// Frequency without boost.
    BaseFrequency,
    /// Sustained performance by ACPI CPPC.
    NominalPerf,
    /// Frequency with boost.
    MaxFrequency,
    /// The scheduler's capacity.
    Capacity,
    /// Nothing told CPUs apart.
    Uniform,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pmu => "cpu_core",
            Self::Part => "cpu_part",
            Self::Cache => "cache",
            Self::BaseFrequency => "base_frequency",
            Self::NominalPerf => "nominal_perf",
            Self::MaxFrequency => "cpuinfo_max_freq",
            Self::Capacity => "cpu_capacity",
            Self::Uniform => "uniform",
        })
    }
}

/// The CPUs of each kind; every CPU is in exactly one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds {
    pub performance: CpuSet,
    pub efficiency: CpuSet,
    pub low_power: CpuSet,
    pub source: Source,
}

type Figure = fn(&CpuFacts) -> Option<u64>;

fn base_frequency(facts: &CpuFacts) -> Option<u64> {
    facts.base_frequency
}

fn nominal_perf(facts: &CpuFacts) -> Option<u64> {
    facts.nominal_perf
}

fn max_frequency(facts: &CpuFacts) -> Option<u64> {
    facts.max_frequency
}

fn capacity(facts: &CpuFacts) -> Option<u64> {
    facts.capacity
}

/// Sorts `online` CPUs into kinds.
pub fn classify(online: &[CpuFacts], pmus: &Pmus) -> Kinds {
    let cpus: CpuSet = online.iter().map(|facts| facts.cpu).collect();
    let (efficiency, source) = by_pmu(&cpus, pmus)
        .map(|efficiency| (efficiency, Source::Pmu))
        .or_else(|| by_part(online).map(|weak| (weak, Source::Part)))
        .or_else(|| by_cache(online).map(|weak| (weak, Source::Cache)))
        .or_else(|| by_gap(online))
        .unwrap_or((CpuSet::new(), Source::Uniform));
    let performance = &cpus - &efficiency;
    let reaches = |cpu: usize| online.iter().find(|facts| facts.cpu == cpu)?.l3;
    let l3_exists = performance.iter().any(|&cpu| reaches(cpu) == Some(true));
    let (low_power, efficiency) = efficiency.into_iter().partition(|&cpu| {
        (source == Source::Pmu && pmus.low_power.contains(&cpu))
            || (l3_exists && reaches(cpu) == Some(false))
    });
    Kinds {
        performance,
        efficiency,
        low_power,
        source,
    }
}

/// The CPUs that are not performance cores, if the units share out all of `cpus` between them.
fn by_pmu(cpus: &CpuSet, pmus: &Pmus) -> Option<CpuSet> {
    let rest = &pmus.atom | &pmus.low_power;
    let disjoint = pmus.core.is_disjoint(&rest) && pmus.atom.is_disjoint(&pmus.low_power);
    let both = !pmus.core.is_empty() && !rest.is_empty();
    (disjoint && both && &(&pmus.core | &rest) == cpus).then_some(rest)
}

fn by_part(online: &[CpuFacts]) -> Option<CpuSet> {
    // Parts are told apart for certain, and only the capacity weighs the work done per cycle.
    weaker_designs(
        online,
        |facts| facts.part,
        &[capacity, max_frequency, nominal_perf],
    )
}

fn by_cache(online: &[CpuFacts]) -> Option<CpuSet> {
    // The maximum first: Lunar Lake's two kinds have one base frequency.
    let figures: &[Figure] = &[max_frequency, base_frequency, nominal_perf, capacity];
    weaker_designs(online, |facts| facts.l1, figures)
}

/// The CPUs of the weaker designs, by the first figure that confirms that designs differ.
fn weaker_designs<D: Ord>(
    online: &[CpuFacts],
    design: impl Fn(&CpuFacts) -> Option<D>,
    figures: &[Figure],
) -> Option<CpuSet> {
    let mut designs: BTreeMap<D, Vec<&CpuFacts>> = BTreeMap::new();
    for facts in online {
        designs.entry(design(facts)?).or_default().push(facts);
    }
    figures.iter().find_map(|figure| {
        let mut strengths = Vec::new();
        for cpus in designs.values() {
            let strength = median(cpus.iter().filter_map(|facts| figure(facts)).collect())?;
            strengths.push((strength, cpus.iter().map(|facts| facts.cpu).collect()));
        }
        strengths.sort_by_key(|&(strength, _)| strength);
        let (weakest, strongest) = (strengths.first()?.0, strengths.last()?.0);
        (ratio(weakest, strongest) <= CONFIRMED).then(|| weak(strengths))?
    })
}

/// The CPUs below a gap in one figure alone, and which figure that is.
fn by_gap(online: &[CpuFacts]) -> Option<(CpuSet, Source)> {
    let figures: [(Figure, f64, Source); 4] = [
        (base_frequency, SUSTAINED_GAP, Source::BaseFrequency),
        (nominal_perf, SUSTAINED_GAP, Source::NominalPerf),
        (max_frequency, BOOST_GAP, Source::MaxFrequency),
        (capacity, BOOST_GAP, Source::Capacity),
    ];
    figures.into_iter().find_map(|(figure, gap, source)| {
        let mut values: BTreeMap<u64, CpuSet> = BTreeMap::new();
        for facts in online {
            values.entry(figure(facts)?).or_default().insert(facts.cpu);
        }
        let mut clusters: Vec<(u64, CpuSet)> = Vec::new();
        for (value, cpus) in values {
            match clusters.last_mut() {
                Some((highest, cluster)) if ratio(*highest, value) > gap => {
                    *highest = value;
                    cluster.extend(cpus);
                }
                _ => clusters.push((value, cpus)),
            }
        }
        Some((weak(clusters)?, source))
    })
}

/// Of groups in ascending strength, the weakest and all that are nearer to it than to the strongest:
/// of three Arm designs the middle one is usually a big core. `None` with fewer than two groups.
fn weak(groups: Vec<(u64, CpuSet)>) -> Option<CpuSet> {
    let (weakest, strongest) = (groups.first()?.0, groups.last()?.0);
    (weakest < strongest).then(|| {
        groups
            .into_iter()
            .filter(|&(strength, _)| ratio(weakest, strength) > ratio(strength, strongest))
            .flat_map(|(_, cpus)| cpus)
            .collect()
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "frequencies in kHz are far below 2^53"
)]
fn ratio(smaller: u64, larger: u64) -> f64 {
    smaller as f64 / larger as f64
}

fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(figure: impl Fn(&mut CpuFacts, u64), values: &[u64]) -> Vec<CpuFacts> {
        let fill = |(cpu, &value)| {
            let mut facts = CpuFacts {
                cpu,
                ..CpuFacts::default()
            };
            figure(&mut facts, value);
            facts
        };
        values.iter().enumerate().map(fill).collect()
    }

    fn efficient(online: &[CpuFacts]) -> (Vec<usize>, Source) {
        let kinds = classify(online, &Pmus::default());
        (kinds.efficiency.into_iter().collect(), kinds.source)
    }

    fn max_frequencies(values: &[u64]) -> (Vec<usize>, Source) {
        efficient(&with(
            |facts, value| facts.max_frequency = Some(value),
            values,
        ))
    }

    #[test]
    fn preferred_cores_are_not_a_kind() {
        let uniform = (vec![], Source::Uniform);
        assert_eq!(
            max_frequencies(&[4_900_000, 5_100_000, 5_100_000, 4_900_000]),
            uniform
        );
        let staircase: Vec<u64> = (0..16).map(|step| 4_200_000 + step * 110_000).collect();
        assert_eq!(max_frequencies(&staircase), uniform);
    }

    #[test]
    fn compact_cores_are_a_kind_by_their_frequency_alone() {
        let (cpus, source) = max_frequencies(&[4_900_000, 4_950_000, 3_500_000, 3_450_000]);
        assert_eq!((cpus, source), (vec![2, 3], Source::MaxFrequency));
    }

    #[test]
    fn guaranteed_frequencies_split_where_boost_would_not() {
        let mut online = with(|f, v| f.base_frequency = Some(v), &[1_400_000, 2_000_000]);
        for (facts, frequency) in online.iter_mut().zip([2_800_000, 3_000_000]) {
            facts.max_frequency = Some(frequency);
        }
        assert_eq!(efficient(&online), (vec![0], Source::BaseFrequency));
    }

    #[test]
    fn caches_split_only_what_performance_confirms() {
        let sizes = |f: &mut CpuFacts, v| f.l1 = Some((v, 32));
        let mut online = with(sizes, &[48, 32, 32]);
        assert_eq!(efficient(&online), (vec![], Source::Uniform));
        for (facts, frequency) in online.iter_mut().zip([3_000_000, 2_800_000, 2_800_000]) {
            facts.max_frequency = Some(frequency);
        }
        assert_eq!(efficient(&online), (vec![1, 2], Source::Cache));
    }

    #[test]
    fn the_middle_of_three_arm_designs_is_a_big_core() {
        let mut online = with(|f, v| f.capacity = Some(v), &[250, 250, 870, 1024]);
        for (facts, part) in online.iter_mut().zip([0xd05, 0xd05, 0xd41, 0xd44]) {
            facts.part = Some((0x41, part));
        }
        assert_eq!(efficient(&online), (vec![0, 1], Source::Part));
    }

    #[test]
    fn a_middle_design_near_the_little_one_is_a_little_core() {
        let mut online = with(|f, v| f.capacity = Some(v), &[250, 400, 1024]);
        for (facts, part) in online.iter_mut().zip([0xd03, 0xd05, 0xd41]) {
            facts.part = Some((0x41, part));
        }
        assert_eq!(efficient(&online), (vec![0, 1], Source::Part));
    }

    #[test]
    fn where_no_core_reaches_a_third_level_none_is_low_power() {
        let mut online = with(|f, v| f.max_frequency = Some(v), &[3_000_000, 1_500_000]);
        for facts in &mut online {
            facts.l3 = Some(false);
        }
        assert_eq!(efficient(&online), (vec![1], Source::MaxFrequency));
    }

    #[test]
    fn units_that_do_not_account_for_every_cpu_are_not_believed() {
        let online = with(|f, v| f.max_frequency = Some(v), &[5, 5, 5]);
        let pmus = |core: &[usize], atom: &[usize]| Pmus {
            core: core.iter().copied().collect(),
            atom: atom.iter().copied().collect(),
            low_power: CpuSet::new(),
        };
        assert_eq!(classify(&online, &pmus(&[0], &[1, 2])).source, Source::Pmu);
        for (core, atom) in [(&[0][..], &[1][..]), (&[0, 1], &[1, 2]), (&[0, 1, 2], &[])] {
            assert_eq!(classify(&online, &pmus(core, atom)).source, Source::Uniform);
        }
    }

    fn figure() -> impl Strategy<Value = Option<u64>> {
        prop_oneof![
            Just(None),
            (1_u64..20).prop_map(Some),
            (1_u64..6_000_000).prop_map(Some),
            Just(Some(u64::MAX)),
        ]
    }

    fn facts() -> impl Strategy<Value = CpuFacts> {
        let design = (
            prop::option::of((0_u64..3, 0_u64..3)),
            prop::option::of((0_u64..2, 0_u64..3)),
        );
        let figures = (figure(), figure(), figure(), figure());
        (design, figures, prop::option::of(any::<bool>())).prop_map(
            |((l1, part), (base_frequency, nominal_perf, max_frequency, capacity), l3)| CpuFacts {
                l1,
                l3,
                part,
                base_frequency,
                nominal_perf,
                max_frequency,
                capacity,
                ..CpuFacts::default()
            },
        )
    }

    proptest! {
        #[test]
        fn every_cpu_is_of_exactly_one_kind_and_some_are_performance(
            mut online in prop::collection::vec(facts(), 1..24),
            core in prop::collection::btree_set(0_usize..24, 0..24),
            atom in prop::collection::btree_set(0_usize..24, 0..24),
            low_power in prop::collection::btree_set(0_usize..24, 0..3),
        ) {
            for (cpu, facts) in online.iter_mut().enumerate() {
                facts.cpu = cpu;
            }
            let count = online.len();
            let kinds = classify(&online, &Pmus { core, atom, low_power });
            let all = &(&kinds.performance | &kinds.efficiency) | &kinds.low_power;
            prop_assert_eq!(&all, &(0..count).collect());
            let sum = kinds.performance.len() + kinds.efficiency.len() + kinds.low_power.len();
            prop_assert_eq!(sum, count);
            prop_assert!(!kinds.performance.is_empty());
            let split = sum > kinds.performance.len();
            prop_assert_eq!(split, kinds.source != Source::Uniform);
        }

        #[test]
        fn a_staircase_of_small_steps_is_uniform(
            first in 1_000_000_u64..4_000_000,
            steps in prop::collection::vec(0_u64..190_000, 1..32),
        ) {
            let ranks = steps.iter().scan(first, |rank, step| {
                *rank += step;
                Some(*rank)
            });
            let values: Vec<u64> = std::iter::once(first).chain(ranks).collect();
            prop_assert_eq!(max_frequencies(&values).1, Source::Uniform);
        }
    }
}
