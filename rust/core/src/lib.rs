//! The VoiceStand audio core: everything that must keep time, in pure Rust.
//!
//! Nothing here knows of Python. The rooms: [`ring`] carries audio from one thread to many,
//! lock-free; [`dsp`] conditions it; [`capture`] is the native device callback and its accounting;
//! [`pool`] holds its memory; [`stats`] measures all that;
//! [`engine`] wires them: callback → capture ring → DSP thread → speech ring.

pub mod capture;
pub mod clock;
pub mod cpu;
pub mod dsp;
pub mod engine;
mod exchange;
pub mod jack;
pub mod playback;
pub mod pool;
pub mod process;
pub mod ring;
pub mod stats;
mod sync;
mod try_lock;
