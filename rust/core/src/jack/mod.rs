//! The JACK server, without a library between: libjack is looked for at run time.
//!
//! PortAudio also speaks to JACK, but where the server dies its streams hang in their close for ten
//! minutes and the process never sees another server; and it collects JACK's periods into blocks of
//! its own. Here the period goes straight into the capture ring, with JACK's own time stamps, and a
//! dead server is told of at once.

mod client;
mod cycle_clock;
mod library;
mod process;

pub use client::{Client, JackError, MOST_PORTS};
pub use process::Work;
