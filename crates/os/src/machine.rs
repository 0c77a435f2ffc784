//! The machine itself.

/// Names the time since the machine was started; none where the system does not tell.
///
/// A file that was made and not flushed outlives every process, but not the machine. So what is in a
/// directory tells the truth about processes of this start, and about an earlier one only what it
/// has: that nothing is there does not mean that nothing was begun.
#[must_use]
pub fn boot_id() -> Option<String> {
    crate::system::machine::boot_id().filter(|id| !id.is_empty())
}

/// The names of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The kernel's name and version, and the processor's kind.
    pub kernel: String,
    /// The machine's own name; none where the system does not tell.
    pub host: Option<String>,
}

impl Names {
    /// Those of this machine.
    #[must_use]
    pub fn look() -> Self {
        crate::system::machine::names()
    }
}
