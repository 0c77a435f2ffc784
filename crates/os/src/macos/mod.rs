//! What only macOS has.

#[cfg(target_os = "macos")]
#[expect(unsafe_code, reason = "sysctl is a call of C")]
pub(crate) mod machine;
#[cfg(target_os = "macos")]
#[expect(unsafe_code, reason = "the calls that tell about processes are those of C")]
pub(crate) mod process_table;
#[cfg(target_os = "macos")]
pub(crate) mod stdin;
// Compiled everywhere for its tests.
pub(crate) mod procargs;
