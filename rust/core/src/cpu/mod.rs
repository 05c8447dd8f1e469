//! The processors: which kinds of cores there are, where a thread may run, how urgently.
//!
//! [`Topology`] sorts the CPUs of this machine, or of a snapshot of another, into performance,
//! efficiency and low-power ones; [`affinity`] says where a thread may run; [`priority`] asks for
//! real-time scheduling. None of it is needed for correct audio: every call reports what it got,
//! and the engine works with whatever that is.

pub mod affinity;
mod cpulist;
mod kinds;
pub mod priority;
mod sysfs;
mod topology;

pub use cpulist::CpuSet;
pub use kinds::Source;
pub use topology::{SysrootError, Topology};
