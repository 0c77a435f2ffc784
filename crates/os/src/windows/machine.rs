//! The machine itself.

use crate::machine::Names;

/// Not told yet.
pub(crate) const fn boot_id() -> Option<String> {
    None
}

pub(crate) fn names() -> Names {
    Names {
        kernel: format!("Windows {}", std::env::consts::ARCH),
        host: std::env::var("COMPUTERNAME").ok(),
    }
}
