//! The processors: what kinds of cores there are, where a thread may run, and how urgently.
