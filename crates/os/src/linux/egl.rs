//! Keeps drivers for EGL out of this process.

use std::ffi::{c_char, c_int, c_void};
use std::{mem, ptr};

use super::environment;

/// `eglQueryString` of the EGL standard.
type QueryString = unsafe extern "C" fn(*mut c_void, c_int) -> *const c_char;

/// Its argument for the list of extensions.
const EXTENSIONS: c_int = 0x3055;

/// `libEGL` is a dispatcher: at the first call it reads from the environment which drivers there are,
/// and loads them. So the first call is made here, with an environment that names none. Later calls
/// find no display, as on a computer without graphics. Where `libEGL` is no dispatcher, this has no
/// effect; where it is missing, there is nothing to do.
pub(crate) fn leave_out_drivers() {
    // SAFETY: the names end with a null. Loading `libEGL` runs only its own initialization. The library
    // is never unloaded, so the function stays valid; its type is the one of the EGL standard, which
    // allows a null display for this question.
    unsafe {
        let library = libc::dlopen(c"libEGL.so.1".as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        if library.is_null() {
            return;
        }
        let query = libc::dlsym(library, c"eglQueryString".as_ptr());
        if query.is_null() {
            return;
        }
        let query = mem::transmute::<*mut c_void, QueryString>(query);
        let without = c"__EGL_VENDOR_LIBRARY_FILENAMES=/dev/null".to_owned();
        environment::with(without, || query(ptr::null_mut(), EXTENSIONS));
    }
}
