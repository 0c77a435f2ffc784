//! The accessibility bus of a desktop, and what a screen reader finds on it.

use std::fmt::Write;
use std::process::Stdio;

use zbus::blocking::Connection;
use zbus::zvariant::OwnedObjectPath;
use zbus::zvariant::{OwnedValue, Value};

use crate::desktop::Desktop;
use crate::process::{ChildGuard, is_gone, terminate, until, until_some};

const LAUNCHER: &str = "/usr/libexec/at-spi-bus-launcher";
const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";

/// An object on the bus: the name of its connection, and its path there.
type Reference = (String, OwnedObjectPath);

/// The bus. Programs that are started after it offer their windows there.
pub(crate) struct AccessibilityBus {
    connection: Connection,
    launcher: ChildGuard,
}

/// What a screen reader says of an element, and the elements in it.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) role: String,
    pub(crate) name: String,
    pub(crate) children: Vec<Self>,
}

impl AccessibilityBus {
    /// Starts the bus of this desktop.
    pub(crate) fn on(desktop: &mut Desktop) -> Self {
        desktop.remove_variable("NO_AT_BRIDGE");
        let mut launcher = desktop.command(LAUNCHER);
        // It is a part of the desktop, not a process that the app has left behind.
        launcher.arg("--launch-immediately").env_remove("CLAUDE_WORKER_HOME");
        launcher.stdout(Stdio::null()).stderr(Stdio::null());
        let launcher = launcher.spawn().unwrap_or_else(|error| {
            panic!("{LAUNCHER}: {error}. `cargo xtask setup` installs what is missing")
        });
        let launcher = ChildGuard(launcher);
        let session = desktop.connect();
        let address: String = until_some("the accessibility bus has an address", || {
            let (name, path) = ("org.a11y.Bus", "/org/a11y/bus");
            let answer = session.call_method(Some(name), path, Some(name), "GetAddress", &());
            answer.ok()?.body().deserialize().ok()
        });
        let builder = zbus::blocking::connection::Builder::address(address.as_str()).unwrap();
        Self { connection: builder.build().unwrap(), launcher }
    }

    /// All that a screen reader finds in the windows of this program.
    pub(crate) fn hear(&self, program: &str) -> Option<Heard> {
        let root = OwnedObjectPath::try_from("/org/a11y/atspi/accessible/root").unwrap();
        let applications = self.children(&("org.a11y.atspi.Registry".to_owned(), root))?;
        let named = |one: &&Reference| self.text(one, "Name").is_some_and(|name| name == program);
        self.below(applications.iter().find(named)?)
    }

    /// An element with its descendants; `None` if the page has removed it since it was listed.
    fn below(&self, one: &Reference) -> Option<Heard> {
        let role: u32 = self.call(one, ACCESSIBLE, "GetRole")?.body().deserialize().ok()?;
        let children = self.children(one)?;
        let children = children.iter().filter_map(|child| self.below(child)).collect();
        Some(Heard { role: role_name(role), name: self.text(one, "Name")?, children })
    }

    fn children(&self, one: &Reference) -> Option<Vec<Reference>> {
        let found: Vec<Reference> =
            self.call(one, ACCESSIBLE, "GetChildren")?.body().deserialize().ok()?;
        if !found.is_empty() {
            return Some(found);
        }
        // The page in a window is the child of a socket, which does not list it.
        let Value::I32(count) = *self.property(one, "ChildCount")? else { return None };
        (0..count)
            .map(|index| {
                let (program, path) = one;
                let (program, interface) = (Some(program.as_str()), Some(ACCESSIBLE));
                let answer = self.connection.call_method(
                    program,
                    path,
                    interface,
                    "GetChildAtIndex",
                    &index,
                );
                answer.ok()?.body().deserialize().ok()
            })
            .collect()
    }

    fn text(&self, one: &Reference, property: &str) -> Option<String> {
        match &*self.property(one, property)? {
            Value::Str(text) => Some(text.to_string()),
            _ => None,
        }
    }

    fn property(&self, (program, path): &Reference, property: &str) -> Option<OwnedValue> {
        let properties = Some("org.freedesktop.DBus.Properties");
        let asked = (ACCESSIBLE, property);
        let answer =
            self.connection.call_method(Some(program.as_str()), path, properties, "Get", &asked);
        answer.ok()?.body().deserialize().ok()
    }

    fn call(
        &self,
        (program, path): &Reference,
        interface: &str,
        method: &str,
    ) -> Option<zbus::Message> {
        let program = Some(program.as_str());
        self.connection.call_method(program, path, Some(interface), method, &()).ok()
    }
}

/// A role by its number. WebKit leaves it to the screen reader to name it.
fn role_name(role: u32) -> String {
    let name = match role {
        7 => "check box",
        11 => "combo box",
        16 => "dialog",
        32 => "list item",
        35 => "menu item",
        37 => "page tab",
        40 => "password text",
        43 => "push button",
        44 => "radio button",
        51 => "slider",
        52 => "spin button",
        62 => "toggle button",
        75 => "application",
        79 => "entry",
        83 => "heading",
        88 => "link",
        98 => "list box",
        110 => "landmark",
        111 => "log",
        other => return format!("role {other}"),
    };
    name.to_owned()
}

impl Drop for AccessibilityBus {
    fn drop(&mut self) {
        // It ends the bus itself, and that the registry.
        let pid = self.launcher.0.id();
        terminate(pid);
        if !std::thread::panicking() {
            until("the accessibility bus has ended", || is_gone(pid));
        }
    }
}

impl Heard {
    /// This element and all below it.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let below = self.children.iter().flat_map(Self::all);
        std::iter::once(self).chain(below).collect()
    }

    /// Whether an element has this role and this name.
    pub(crate) fn has(&self, role: &str, name: &str) -> bool {
        self.all().iter().any(|one| one.role == role && one.name == name)
    }
}

impl std::fmt::Display for Heard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        write!(text, "{} \"{}\"", self.role, self.name)?;
        for child in &self.children {
            for line in child.to_string().lines() {
                write!(text, "\n  {line}")?;
            }
        }
        out.write_str(&text)
    }
}
