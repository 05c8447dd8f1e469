//! `voicestand_core::cpu` for Python: topology, plan and priority.

use std::path::PathBuf;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use voicestand_core::cpu::priority::{self, Granted};
use voicestand_core::cpu::{CpuSet, Demand, Plan, Topology, overrun};

/// The priority that is asked for when only the permission is of interest: rtkit's limit.
const PROBED_PRIORITY: u8 = 20;

/// Threads of a role in a plan: beyond any machine, and small enough to allocate.
const MOST_THREADS: usize = 1024;

/// The name of `granted` in Python.
pub(crate) fn granted_name(granted: Granted) -> &'static str {
    match granted {
        Granted::RealTime(_) => "realtime",
        Granted::Nice(_) => "nice",
        Granted::Nothing => "none",
    }
}

fn find(sysroot: Option<PathBuf>, allowed: Option<CpuSet>) -> PyResult<Topology> {
    let topology = match (sysroot, &allowed) {
        (None, None) => Topology::live(),
        (None, Some(allowed)) => Topology::allowed(allowed),
        (Some(root), None) => from_sysroot(&root)?,
        (Some(root), Some(allowed)) => {
            let mut topology = from_sysroot(&root)?;
            topology.restrict_to(allowed);
            topology
        }
    };
    Ok(topology)
}

fn from_sysroot(root: &std::path::Path) -> PyResult<Topology> {
    Topology::from_sysroot(root).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The CPUs by kind: of this machine, as far as the process may use them, or of a snapshot.
///
/// `sysroot` is a folder that holds the `sys/` and `proc/` of a machine; `allowed` restricts the
/// result to these CPUs. The result has the keys `performance`, `efficiency`, `low_power` (lists of
/// CPU numbers), `smt_siblings` (a list of pairs) and `source` (the evidence used). Raises
/// `ValueError` if the folder is no such snapshot.
#[pyfunction]
#[pyo3(signature = (sysroot=None, *, allowed=None))]
fn topology(
    py: Python<'_>,
    sysroot: Option<PathBuf>,
    allowed: Option<CpuSet>,
) -> PyResult<Bound<'_, PyDict>> {
    let topology = py.detach(|| find(sysroot, allowed))?;
    let dict = PyDict::new(py);
    dict.set_item("performance", topology.performance)?;
    dict.set_item("efficiency", topology.efficiency)?;
    dict.set_item("low_power", topology.low_power)?;
    let pairs: Vec<(usize, usize)> = topology.smt_siblings.iter().map(|&[a, b]| (a, b)).collect();
    dict.set_item("smt_siblings", pairs)?;
    dict.set_item("source", topology.source.to_string())?;
    Ok(dict)
}

/// Where each role should run: `realtime` (a sorted list of CPUs for each thread), `background`,
/// `housekeeping`, `thrifty` (sorted lists of CPUs) and `separate`. Raises `ValueError` if
/// `sysroot` is no snapshot, or for an absurd number of threads.
#[pyfunction]
#[pyo3(signature = (realtime, background, sysroot=None, *, allowed=None))]
fn plan(
    py: Python<'_>,
    realtime: usize,
    background: usize,
    sysroot: Option<PathBuf>,
    allowed: Option<CpuSet>,
) -> PyResult<Bound<'_, PyDict>> {
    for threads in [realtime, background] {
        if threads > MOST_THREADS {
            return Err(PyValueError::new_err(format!(
                "a plan for {threads} threads: 0 to {MOST_THREADS} are possible"
            )));
        }
    }
    let demand = Demand {
        realtime,
        background,
    };
    let plan = py.detach(|| find(sysroot, allowed).map(|topology| Plan::new(&topology, demand)))?;
    let list = |cpus: CpuSet| cpus.into_iter().collect::<Vec<_>>();
    let dict = PyDict::new(py);
    let realtime: Vec<Vec<usize>> = plan.realtime.into_iter().map(list).collect();
    dict.set_item("realtime", realtime)?;
    dict.set_item("background", list(plan.background))?;
    dict.set_item("housekeeping", list(plan.housekeeping))?;
    dict.set_item("thrifty", list(plan.thrifty))?;
    dict.set_item("separate", plan.separate)?;
    Ok(dict)
}

/// Asks for `SCHED_FIFO` with `priority` (1 to 99) for the calling thread, else for a negative
/// niceness; says what was granted, as `realtime_permission`. Raises `ValueError` outside 1 to 99.
#[pyfunction]
fn promote(py: Python<'_>, priority: i64) -> PyResult<&'static str> {
    let wanted = u8::try_from(priority)
        .ok()
        .filter(|wanted| (1..=99).contains(wanted))
        .ok_or_else(|| PyValueError::new_err(format!("priority {priority}: give 1 to 99")))?;
    Ok(granted_name(py.detach(|| priority::promote(wanted))))
}

/// What a thread of this process would be granted: `realtime`, `nice` (a negative niceness only) or
/// `none`. Asked of the kernel by a thread that ends at once.
#[pyfunction]
fn realtime_permission(py: Python<'_>) -> &'static str {
    granted_name(py.detach(|| priority::probe(PROBED_PRIORITY)))
}

/// Limits real-time computing time as rtkit demands, for the whole process, and has `thread` made
/// an ordinary one should it reach the limit. Raises `OSError` if that cannot be done: then
/// the thread must not be given real-time scheduling.
#[pyfunction]
fn guard_realtime(thread: i32) -> PyResult<()> {
    overrun::guard()?;
    if overrun::register(thread) {
        Ok(())
    } else {
        Err(PyOSError::new_err(format!(
            "thread {thread} cannot be guarded: it is not of this process, or there are too many"
        )))
    }
}

/// How often real-time threads reached the limit since the process began.
#[pyfunction]
fn realtime_overruns() -> u64 {
    overrun::count()
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(topology, module)?)?;
    module.add_function(wrap_pyfunction!(plan, module)?)?;
    module.add_function(wrap_pyfunction!(promote, module)?)?;
    module.add_function(wrap_pyfunction!(realtime_permission, module)?)?;
    module.add_function(wrap_pyfunction!(guard_realtime, module)?)?;
    module.add_function(wrap_pyfunction!(realtime_overruns, module)?)
}
