//! The environment of this process.

use std::ffi::CString;

/// Adds variables, in the form `NAME=value`, to the environment of this process, even when it has
/// other threads that read it. To be called at the beginning, when no other code changes the
/// environment.
pub fn extend(variables: Vec<CString>) {
    crate::linux::environment::extend(variables);
}
