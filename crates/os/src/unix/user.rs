//! User ids.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

pub(crate) fn own_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub(crate) fn owner(found: &Metadata) -> u32 {
    found.uid()
}
