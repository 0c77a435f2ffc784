//! The machine itself, by `uname`.

use crate::machine::Names;

#[cfg(target_os = "linux")]
pub(crate) use crate::linux::machine::boot_id;
#[cfg(target_os = "macos")]
pub(crate) use crate::macos::machine::boot_id;

pub(crate) fn names() -> Names {
    let uname = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    let kernel = [uname.sysname(), uname.release(), uname.machine()].map(text).join(" ");
    Names { kernel, host: Some(text(uname.nodename())) }
}
