//! The machine that a report is from.

use std::env;
use std::fs;

use claude_worker_os::machine::Names;
use claude_worker_os::user::own_id;

/// What is known of the machine and its user.
#[derive(Debug)]
pub(super) struct System {
    /// The operating system with its version.
    pub(super) name: String,
    /// The kernel's name and version, and the processor's kind.
    pub(super) kernel: String,
    /// The kind of desktop session, and the desktop.
    pub(super) session: String,
    /// The names of the user.
    pub(super) users: Vec<String>,
    /// The names of the machine.
    pub(super) hosts: Vec<String>,
}

impl System {
    pub(super) fn look() -> Self {
        let machine = Names::look();
        let release = ["/etc/os-release", "/usr/lib/os-release"]
            .iter()
            .find_map(|file| pretty_name(&fs::read_to_string(file).ok()?));
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let session = ["XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP"].into_iter().filter_map(variable);
        let displays = ["WAYLAND_DISPLAY", "DISPLAY"].into_iter();
        let displays =
            displays.filter(|name| variable(name).is_some()).map(|name| format!("{name} is set"));
        let session: Vec<_> = session.chain(displays).collect();
        // The name of a home directory is a user's name where those are kept.
        let home = variable("HOME").map(std::path::PathBuf::from);
        let home = home.filter(|home| home.starts_with("/home") || home.starts_with("/Users"));
        let home = home.and_then(|home| Some(home.file_name()?.to_string_lossy().into_owned()));
        let uid = own_id();
        let account = fs::read_to_string("/etc/passwd").ok().and_then(|text| account(&text, uid));
        let users = ["USER", "LOGNAME"].into_iter().filter_map(variable);
        let hosts = [machine.host, variable("HOSTNAME")];
        Self {
            name: release.unwrap_or_else(|| env::consts::OS.to_owned()),
            kernel: machine.kernel,
            session: if session.is_empty() { "none".to_owned() } else { session.join(", ") },
            users: users.chain(home).chain(account).collect(),
            hosts: hosts.into_iter().flatten().collect(),
        }
    }
}

/// What `os-release` calls the system.
fn pretty_name(text: &str) -> Option<String> {
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim().trim_matches('"').to_owned())
}

/// The name of the account with this number, in `/etc/passwd`.
fn account(text: &str, uid: u32) -> Option<String> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_and_account_are_read_from_their_files() {
        let release = "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nID=debian\n";
        assert_eq!(pretty_name(release).as_deref(), Some("Debian GNU/Linux 13 (trixie)"));
        assert_eq!(pretty_name("ID=x"), None);
        let accounts =
            "root:x:0:0:root:/root:/bin/sh\nbroken\nalice:x:1000:1000:A B:/home/alice:/bin/sh\n";
        assert_eq!(account(accounts, 1000).as_deref(), Some("alice"));
        assert_eq!(account(accounts, 7), None);
    }
}
