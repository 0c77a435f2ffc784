//! User ids.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use crate::user::Account;

pub(crate) fn own_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub(crate) fn owner(found: &Metadata) -> u32 {
    found.uid()
}

pub(crate) fn own_account() -> Option<Account> {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok()??;
    Some(Account { name: user.name, home: user.dir, shell: user.shell })
}
