//! Keeps GLib from starting a session bus for the app.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The environment variable with the address of the session bus.
const ADDRESS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// The usual address of the user's session bus, as an environment variable for the libraries in this
/// process and for WebKit's processes. A variable that is set already stays.
///
/// If there is neither the variable nor a bus, GLib runs `dbus-launch` to start one. That bus has no
/// panel and no notification daemon, services (accessibility, settings) are started on it, and all of
/// them outlive the app. With an address, GLib starts no bus: connecting fails, as it does where
/// `dbus-launch` is not installed.
pub(super) fn usual_address() -> (&'static str, &'static str) {
    let given = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let directory = given.filter(|path| path.is_absolute()).unwrap_or_else(usual_directory);
    // Leaked, because it is needed until the process ends.
    (ADDRESS, address(&directory.join("bus")).leak())
}

fn usual_directory() -> PathBuf {
    use std::os::unix::fs::MetadataExt;
    let user = std::fs::metadata("/proc/self").map_or(0, |own| own.uid());
    PathBuf::from(format!("/run/user/{user}"))
}

/// The address of a socket in the syntax of D-Bus, which escapes most bytes except letters and digits.
fn address(socket: &Path) -> String {
    let escaped = socket.as_os_str().as_bytes().iter().map(|&byte| match byte {
        b'-' | b'_' | b'/' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02x}"),
    });
    format!("unix:path={}", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_in_a_path_are_escaped() {
        assert_eq!(address(Path::new("/run/user/1000/bus")), "unix:path=/run/user/1000/bus");
        assert_eq!(address(Path::new("/a b,c;é=/bus")), "unix:path=/a%20b%2cc%3b%c3%a9%3d/bus");
    }
}
