//! The VoiceStand audio core: everything that must keep time, in pure Rust.

pub mod cpu;
