//! The machine itself, by `sysctl`.

use std::ffi::CStr;
use std::ptr;

pub(crate) fn boot_id() -> Option<String> {
    let mut text = [0_u8; 64];
    let mut length = text.len();
    // SAFETY: the name is a C string, and the buffer has `length` bytes.
    let failed = unsafe {
        libc::sysctlbyname(
            c"kern.bootsessionuuid".as_ptr(),
            text.as_mut_ptr().cast(),
            &raw mut length,
            ptr::null_mut(),
            0,
        )
    };
    let text = CStr::from_bytes_until_nul(&text).ok()?;
    if failed == 0 { Some(text.to_str().ok()?.to_owned()) } else { None }
}
