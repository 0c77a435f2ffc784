//! Presentation: pure functions from what the engine says to text.
//!
//! Nothing here reads a clock, an environment or a terminal; the caller passes what it knows.

pub mod detail;
pub mod figures;
pub mod log;
mod paint;
pub mod table;
pub mod text;
pub mod words;

#[cfg(test)]
pub(crate) mod samples;

pub use paint::{Paint, Tone, tone_of};
