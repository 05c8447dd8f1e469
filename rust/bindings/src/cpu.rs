//! `voicestand_core::cpu` for Python: the topology, and whether real-time priority is permitted.

use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use voicestand_core::cpu::priority::{self, Granted};
use voicestand_core::cpu::{SysrootError, Topology};

/// The priority that is asked for when only the permission is of interest: rtkit's limit.
const PROBED_PRIORITY: u8 = 20;

/// The CPUs by kind: of this machine, as far as the process may use them, or of a snapshot.
///
/// `sysroot` is a folder that holds the `sys/` and `proc/` of a machine. The result has the keys
/// `performance`, `efficiency`, `low_power` (lists of CPU numbers), `smt_siblings` (a list of pairs)
/// and `source` (the evidence used). Raises `ValueError` if the folder is no such snapshot.
#[pyfunction]
#[pyo3(signature = (sysroot=None))]
fn topology(py: Python<'_>, sysroot: Option<PathBuf>) -> PyResult<Bound<'_, PyDict>> {
    let topology = py.detach(|| match sysroot {
        Some(root) => Topology::from_sysroot(&root),
        None => Ok(Topology::live()),
    });
    let topology =
        topology.map_err(|error: SysrootError| PyValueError::new_err(error.to_string()))?;
    let dict = PyDict::new(py);
    dict.set_item("performance", topology.performance)?;
    dict.set_item("efficiency", topology.efficiency)?;
    dict.set_item("low_power", topology.low_power)?;
    let pairs: Vec<(usize, usize)> = topology.smt_siblings.iter().map(|&[a, b]| (a, b)).collect();
    dict.set_item("smt_siblings", pairs)?;
    dict.set_item("source", topology.source.to_string())?;
    Ok(dict)
}

/// What a thread of this process would be granted: `realtime`, `nice` (a negative niceness only) or
/// `none`. Asked of the kernel by a thread that ends at once.
#[pyfunction]
fn realtime_permission(py: Python<'_>) -> &'static str {
    match py.detach(|| priority::probe(PROBED_PRIORITY)) {
        Granted::RealTime(_) => "realtime",
        Granted::Nice(_) => "nice",
        Granted::Nothing => "none",
    }
}

/// Adds the functions of this file to `module`.
///
/// # Errors
///
/// Whatever Python raises while adding an attribute.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(topology, module)?)?;
    module.add_function(wrap_pyfunction!(realtime_permission, module)?)
}
