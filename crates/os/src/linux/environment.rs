//! Adding to the environment of this process when it may have other threads already.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

unsafe extern "C" {
    /// The environment that `getenv` reads, as POSIX names it: pointers to `NAME=value`, the last
    /// of which is null.
    static mut environ: *mut *mut c_char;
}

/// `setenv` may move the table while another thread reads it. So a new table is made, and put in the
/// place of the old one with one store: a thread that reads the old one reads on, because neither it
/// nor its texts are ever freed.
///
/// No safe way: the desktop's libraries read these variables from this process's environment, and
/// have started threads before `main`, which rules out [`std::env::set_var`].
pub(crate) fn extend(variables: Vec<CString>) {
    replace(extended(variables));
}

/// Calls `action` while the environment has this variable, then puts the former environment back.
/// `action` must not change the environment.
pub(crate) fn with<T>(variable: CString, action: impl FnOnce() -> T) -> T {
    let former = replace(extended(vec![variable]));
    let result = action();
    replace(former);
    result
}

/// A table with these variables in front of those of the environment. The first of two with the same
/// name counts.
fn extended(variables: Vec<CString>) -> *mut *mut c_char {
    let mut table: Vec<*mut c_char> = variables.into_iter().map(CString::into_raw).collect();
    // SAFETY: `environ` is null or points to a table that ends with a null. No other code changes the
    // table or its place at this time.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            table.push(*entry);
            entry = entry.add(1);
        }
    }
    table.push(ptr::null_mut());
    table.leak().as_mut_ptr()
}

/// Makes this table the environment, and returns the former one.
fn replace(table: *mut *mut c_char) -> *mut *mut c_char {
    // SAFETY: other threads only read the place, and the store is one of a whole pointer.
    unsafe { AtomicPtr::from_ptr(&raw mut environ) }.swap(table, Ordering::AcqRel)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn added_variables_are_seen_by_this_process_and_its_children() {
        let before = std::env::vars_os().count();
        extend(vec![c"CLAUDE_WORKER_ADDED=a b".to_owned(), c"CLAUDE_WORKER_EMPTY=".to_owned()]);
        assert_eq!(std::env::var("CLAUDE_WORKER_ADDED").unwrap(), "a b");
        assert_eq!(std::env::var("CLAUDE_WORKER_EMPTY").unwrap(), "");
        assert_eq!(std::env::vars_os().count(), before + 2);
        assert!(std::env::var_os("PATH").is_some());
        let child = Command::new("sh").args(["-c", "echo $CLAUDE_WORKER_ADDED"]).output().unwrap();
        assert_eq!(child.stdout, b"a b\n");
    }

    #[test]
    fn a_variable_for_one_call_hides_the_former_value_and_is_gone_afterwards() {
        extend(vec![c"CLAUDE_WORKER_BEFORE=old".to_owned()]);
        let value = || std::env::var("CLAUDE_WORKER_BEFORE").unwrap();
        assert_eq!(with(c"CLAUDE_WORKER_BEFORE=new".to_owned(), value), "new");
        assert_eq!(value(), "old");
    }
}
