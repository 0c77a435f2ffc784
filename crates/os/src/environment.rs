//! Variables for libraries inside this process, which the programs it starts must not see.
//!
//! Some libraries are configured by the environment only. Every agent would inherit what is
//! meant for them, so it is left out of every program that is started.

use std::process::Command;
use std::sync::OnceLock;

static OWN: OnceLock<Vec<&'static str>> = OnceLock::new();

/// Sets variables, as names and values, for this process alone; those that are
/// set already stay as they are. To be called once, before anything is started or sets variables itself.
///
/// # Panics
/// When one contains a zero byte.
#[cfg(target_os = "linux")]
pub fn set_own_variables(variables: &[(&'static str, &'static str)]) {
    let missing = || variables.iter().filter(|(name, _)| std::env::var_os(name).is_none());
    let text = |(name, value): &(&str, &str)| {
        std::ffi::CString::new(format!("{name}={value}")).expect("a variable has no zero bytes")
    };
    if OWN.set(missing().map(|(name, _)| *name).collect()).is_ok() {
        crate::linux::environment::extend(missing().map(text).collect());
    }
}

/// The names of this process's own variables, for code that starts a program by other means.
pub fn own_variable_names() -> impl Iterator<Item = &'static str> {
    OWN.get().into_iter().flatten().copied()
}

/// Leaves this process's own variables out of what a program will be started with.
pub fn without_own_variables(command: &mut Command) -> &mut Command {
    for name in own_variable_names() {
        command.env_remove(name);
    }
    command
}
