//! A stub of the panel (`org.kde.StatusNotifierWatcher`) that shows tray icons to a test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::blocking::fdo::DBusProxy;
use zbus::blocking::{Connection, Proxy};
use zbus::message::Header;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use crate::desktop::Desktop;
use crate::process::{until, until_some};

const NAME: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// Connections and object paths of the items that have registered.
type Items = Arc<Mutex<Vec<(String, String)>>>;

/// The panel, with the items in it.
pub(crate) struct Panel {
    connection: Connection,
    /// The items that have registered.
    pub(crate) items: Items,
}

struct Watcher {
    items: Items,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    #[expect(clippy::needless_pass_by_value, reason = "zbus hands the header over by value")]
    /// An item registers with its object's path, or with the name of its connection.
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        // Store the connection and not its name: a relaunched app takes the same name again, which
        // contains the process id.
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let path = if service.starts_with('/') { service } else { "/StatusNotifierItem" };
        self.items.lock().unwrap().push((sender, path.to_owned()));
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.items.lock().unwrap().iter().map(|(name, path)| format!("{name}{path}")).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(signal)]
    async fn status_notifier_host_registered(
        emitter: &zbus::object_server::SignalEmitter<'_>,
    ) -> zbus::Result<()>;
}

impl Panel {
    /// Starts a panel on this desktop.
    pub(crate) fn on(desktop: &Desktop) -> Self {
        let items = Items::default();
        let watcher = Watcher { items: Arc::clone(&items) };
        let builder = desktop.bus_builder().serve_at("/StatusNotifierWatcher", watcher).unwrap();
        Self { connection: builder.name(NAME).unwrap().build().unwrap(), items }
    }

    /// Waits for the newest icon of a running app. The item of an app that has exited stays in the list.
    #[track_caller]
    pub(crate) fn icon(&self) -> Icon<'_> {
        let bus = DBusProxy::new(&self.connection).unwrap();
        let is_there = |name: &str| bus.name_has_owner(name.try_into().unwrap()).unwrap();
        let (name, path) = until_some("there is an icon in the tray", || {
            // Released before the call: the thread that delivers the reply may wait for this lock.
            let items = self.items.lock().unwrap().clone();
            items.into_iter().rfind(|(name, _)| is_there(name))
        });
        Icon { connection: &self.connection, name, path }
    }
}

/// A tray icon.
pub(crate) struct Icon<'a> {
    connection: &'a Connection,
    name: String,
    path: String,
}

/// A line of a menu.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    id: i32,
    /// Its text.
    pub(crate) label: String,
    /// Whether it can be clicked.
    pub(crate) enabled: bool,
    /// Whether it is checked; `None` if it has no check box.
    pub(crate) checked: Option<bool>,
}

/// A node of a menu as `GetLayout` returns it: number, properties, children.
type Node = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl Icon<'_> {
    fn proxy<'p>(&'p self, path: &'p str, interface: &'p str) -> Proxy<'p> {
        Proxy::new(self.connection, self.name.as_str(), path, interface).unwrap()
    }

    /// A property of the icon, if it has it.
    fn property<T>(&self, name: &str) -> Option<T>
    where
        T: TryFrom<OwnedValue>,
        T::Error: Into<zbus::Error>,
    {
        // Not from the proxy's cache, which may be outdated.
        let properties = self.proxy(&self.path, "org.freedesktop.DBus.Properties");
        let value: OwnedValue = properties.call("Get", &(ITEM, name)).ok()?;
        T::try_from(value).ok()
    }

    /// Its largest picture: width, height, and ARGB bytes.
    pub(crate) fn pixmap(&self) -> Option<(i32, i32, Vec<u8>)> {
        let properties = self.proxy(&self.path, "org.freedesktop.DBus.Properties");
        let value: OwnedValue = properties.call("Get", &(ITEM, "IconPixmap")).ok()?;
        let pictures: Vec<(i32, i32, Vec<u8>)> = Value::from(value).try_into().ok()?;
        pictures.into_iter().max_by_key(|(width, ..)| *width)
    }

    /// Its tooltip: title and text.
    pub(crate) fn tooltip(&self) -> String {
        let properties = self.proxy(&self.path, "org.freedesktop.DBus.Properties");
        let Ok(value) = properties.call::<_, _, OwnedValue>("Get", &(ITEM, "ToolTip")) else {
            return String::new();
        };
        type ToolTip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);
        let (_, _, title, text): ToolTip = Value::from(value).try_into().unwrap();
        [title, text].join("\n").trim().to_owned()
    }

    /// Clicks the icon itself.
    pub(crate) fn activate(&self) {
        self.proxy(&self.path, ITEM).call::<_, _, ()>("Activate", &(0, 0)).unwrap();
    }

    /// The menu as it opens, without separators.
    pub(crate) fn menu(&self) -> Vec<Entry> {
        let path: OwnedObjectPath = self.property("Menu").expect("the icon has a menu");
        let menu = self.proxy(path.as_str(), MENU);
        // A panel calls this before it opens a menu.
        menu.call::<_, _, bool>("AboutToShow", &0).unwrap();
        let none: &[&str] = &[];
        let (_, root): (u32, Node) = menu.call("GetLayout", &(0, -1, none)).unwrap();
        let mut entries = Vec::new();
        read(root, &mut entries);
        entries
    }

    /// The menu's labels.
    pub(crate) fn labels(&self) -> Vec<String> {
        self.menu().into_iter().map(|entry| entry.label).collect()
    }

    /// Waits for an entry whose label contains this text.
    #[track_caller]
    pub(crate) fn entry(&self, text: &str) -> Entry {
        until_some(&format!("the menu has an entry \"{text}\""), || {
            self.menu().into_iter().find(|entry| entry.label.contains(text))
        })
    }

    /// Waits for the entry whose label contains this text, and clicks it.
    #[track_caller]
    pub(crate) fn click(&self, text: &str) {
        let path: OwnedObjectPath = self.property("Menu").unwrap();
        let menu = self.proxy(path.as_str(), MENU);
        until(&format!("\"{text}\" can be clicked"), || {
            // An update of the menu meanwhile changes the number of the entry.
            let event = (self.entry(text).id, "clicked", Value::from(0_i32), 0_u32);
            match menu.call::<_, _, ()>("Event", &event) {
                Ok(()) => true,
                Err(zbus::Error::MethodError(name, ..))
                    if name == "org.freedesktop.DBus.Error.InvalidArgs" =>
                {
                    false
                }
                Err(error) => panic!("{error}"),
            }
        });
    }
}

/// Adds a node and what is below it to the entries.
fn read((id, properties, children): Node, entries: &mut Vec<Entry>) {
    let text = |name: &str| -> String {
        properties
            .get(name)
            .and_then(|value| String::try_from(value.clone()).ok())
            .unwrap_or_default()
    };
    let flag = |name: &str| -> bool {
        properties.get(name).and_then(|value| bool::try_from(value.clone()).ok()).unwrap_or(true)
    };
    let label = text("label");
    if !label.is_empty() && text("type") != "separator" && flag("visible") {
        let state = properties
            .get("toggle-state")
            .and_then(|value| i32::try_from(value.clone()).ok())
            .unwrap_or(-1);
        let checked = (!text("toggle-type").is_empty()).then_some(state == 1);
        // A single underscore marks the access key of an entry, two are an underscore.
        let label = label.replace("__", "\0").replace('_', "").replace('\0', "_");
        entries.push(Entry { id, label, enabled: flag("enabled"), checked });
    }
    for child in children {
        read(Value::from(child).try_into().expect("a node of a menu"), entries);
    }
}
