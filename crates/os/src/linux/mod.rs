//! What only Linux has.

mod command_line;
#[expect(unsafe_code, reason = "a system call that no crate offers")]
pub(crate) mod descriptor;
#[expect(unsafe_code, reason = "a library that is loaded only if it is there")]
pub(crate) mod egl;
#[expect(
    unsafe_code,
    reason = "the environment is a table of pointers that belongs to all threads"
)]
pub(crate) mod environment;
pub(crate) mod machine;
#[expect(unsafe_code, reason = "advice about memory that is in use")]
pub(crate) mod memory;
pub(crate) mod process_table;
pub(crate) mod stdin;
