//! Variables for libraries inside this process, which the programs it starts must not see.
//!
//! Some libraries can be told things by the environment only. Every agent would inherit what is
//! meant for them, so whoever starts a program leaves it out.

use std::process::Command;
use std::sync::OnceLock;

static OWN: OnceLock<Vec<String>> = OnceLock::new();

/// Names the variables that are for this process alone. To be called once, before anything is
/// started.
pub fn own_variables(names: Vec<String>) {
    let _ = OWN.set(names);
}

/// The names of this process's own variables, for whoever starts a program by other means.
pub fn own_variable_names() -> impl Iterator<Item = &'static str> {
    OWN.get().into_iter().flatten().map(String::as_str)
}

/// Leaves this process's own variables out of what a program will be started with.
pub fn without_own_variables(command: &mut Command) -> &mut Command {
    for name in own_variable_names() {
        command.env_remove(name);
    }
    command
}
