//! One small process per run.

mod record;
mod spec;

pub use record::{EndedBy, Ending, Exit, Started};
pub use spec::Spec;
