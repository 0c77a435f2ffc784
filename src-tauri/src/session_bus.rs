//! No session bus is started for the app.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The variable in which programs look for the address of the session bus.
const ADDRESS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// The address at which the session bus of the user is, if there is one: a variable for the
/// libraries in this process and for WebKit's processes, unless it is set.
///
/// Where neither the variable nor a bus is there, GLib has `dbus-launch` start one. No panel and no
/// notification daemon is on that bus, services (accessibility, settings) are started on it, and
/// all of them outlive the app. With an address, GLib starts none: a connection fails, as it does
/// where `dbus-launch` is not installed.
pub(crate) fn usual_address() -> (&'static str, &'static str) {
    let given = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let directory = given.filter(|path| path.is_absolute()).unwrap_or_else(usual_directory);
    // The process needs it to its end.
    (ADDRESS, address(&directory.join("bus")).leak())
}

fn usual_directory() -> PathBuf {
    use std::os::unix::fs::MetadataExt;
    let user = std::fs::metadata("/proc/self").map_or(0, |own| own.uid());
    PathBuf::from(format!("/run/user/{user}"))
}

/// A socket's address as D-Bus writes it: most bytes but letters and digits are escaped.
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
    fn a_place_with_any_characters_is_one_address() {
        assert_eq!(address(Path::new("/run/user/1000/bus")), "unix:path=/run/user/1000/bus");
        assert_eq!(address(Path::new("/a b,c;é=/bus")), "unix:path=/a%20b%2cc%3b%c3%a9%3d/bus");
    }
}
