//! What all Unixes share; `linux/` and `macos/` have the rest.

#[expect(unsafe_code, reason = "what happens between fork and exec")]
pub(crate) mod child;
pub(crate) mod descriptor;
pub(crate) mod disk;
pub(crate) mod files;
pub(crate) mod machine;
pub(crate) mod pipe;
pub(crate) mod signal;
#[cfg(feature = "tokio")]
pub(crate) mod socket;
pub(crate) mod stdin;
pub(crate) mod usage;
pub(crate) mod user;
pub(crate) mod wait;

#[cfg(target_os = "linux")]
pub(crate) use crate::linux::process_table;
#[cfg(target_os = "macos")]
pub(crate) use crate::macos::process_table;

use crate::process::Signal;

impl Signal {
    pub(crate) const fn as_rustix(self) -> rustix::process::Signal {
        match self {
            Self::End => rustix::process::Signal::TERM,
            Self::Kill => rustix::process::Signal::KILL,
            Self::Freeze => rustix::process::Signal::STOP,
            Self::Continue => rustix::process::Signal::CONT,
        }
    }
}
