//! User ids: all are the same one. A user's profile directory keeps others out by itself.

use std::fs::Metadata;

use crate::user::Account;

pub(crate) const fn own_id() -> u32 {
    0
}

pub(crate) const fn owner(_found: &Metadata) -> u32 {
    0
}

pub(crate) const fn own_account() -> Option<Account> {
    None
}
