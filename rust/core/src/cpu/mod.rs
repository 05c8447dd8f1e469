//! The processors: which kinds of cores there are, where a thread may run, how urgently.
//!
//! [`Topology`] sorts the CPUs of this machine, or of a snapshot of another, into performance,
//! efficiency and low-power ones; [`Plan`] says which thread should run on which of them, and
//! [`affinity`] puts it there; [`priority`] asks for real-time scheduling, and [`overrun`] survives
//! its limit; [`Thermometer`] and [`Governor`] say how much background work the machine can cool.
//! None of it is needed for correct audio: every call reports what it got, and the engine works with
//! whatever that is.

pub mod affinity;
mod cpulist;
mod governor;
mod kinds;
pub mod overrun;
mod placement;
pub mod priority;
mod sysfs;
mod thermal;
mod topology;

pub use cpulist::CpuSet;
pub use governor::{Governor, Level, Step};
pub use kinds::Source;
pub use placement::{Demand, Plan};
pub use thermal::Thermometer;
pub use topology::{SysrootError, Topology};
