//! Rendering: pure functions from answers of the engine to text.
//!
//! Nothing here reads the clock, the environment or the terminal; the caller passes them.

pub mod action;
pub mod delay;
pub mod detail;
pub mod fields;
pub mod figures;
pub mod local_time;
pub mod log;
pub mod next_step;
pub mod overwrite;
mod paint;
pub mod qr_code;
pub mod table;
pub mod task_line;
pub mod text;
pub mod tokens;
pub mod wrap;

#[cfg(test)]
mod picture;
#[cfg(test)]
pub(crate) mod samples;

pub use paint::{Paint, Tone, tone_of};
