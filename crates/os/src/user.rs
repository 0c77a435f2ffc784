//! The user this process acts for, and who owns a file.

use std::fs::Metadata;
use std::path::PathBuf;

use crate::system::user as system;

/// An entry of the system's list of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user's name.
    pub name: String,
    /// The home directory.
    pub home: PathBuf,
    /// The login shell; empty where none is named.
    pub shell: PathBuf,
}

/// The id of the user this process acts for. On Windows, where users have no number, 0.
#[must_use]
pub fn own_id() -> u32 {
    system::own_id()
}

/// The account of the user this process acts for; none where the system has no such list (Windows), or
/// no entry for the user. Where accounts are kept on a server, this may take a while.
#[must_use]
pub fn own_account() -> Option<Account> {
    system::own_account()
}

/// Whether the user of this id may decide what this process does: our own user, and the superuser,
/// who could do all of it anyway.
#[must_use]
pub fn is_trusted(id: u32) -> bool {
    trusts(own_id(), id)
}

const fn trusts(we: u32, id: u32) -> bool {
    id == we || id == 0
}

/// The id of the owner when that is neither this user nor the superuser.
#[must_use]
pub fn foreign_owner(found: &Metadata) -> Option<u32> {
    Some(system::owner(found)).filter(|owner| !is_trusted(*owner))
}

/// Whether this user owns it.
#[must_use]
pub fn is_own(found: &Metadata) -> bool {
    system::owner(found) == own_id()
}

#[cfg(test)]
mod tests {
    use super::trusts;

    #[test]
    fn only_our_own_user_and_the_superuser_are_trusted() {
        assert!(trusts(1000, 1000) && trusts(1000, 0) && trusts(0, 0));
        assert!(!trusts(1000, 1001), "another user");
        assert!(!trusts(0, 1000), "a user's files do not decide what the superuser runs");
    }
}
