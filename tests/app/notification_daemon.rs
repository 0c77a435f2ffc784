//! A stub of the notification daemon: it records notifications and presses their buttons.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::blocking::Connection;
use zbus::zvariant::OwnedValue;

use crate::desktop::Desktop;
use crate::process::{until, until_some};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A notification that the app has sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notification {
    /// The number that the daemon gave it.
    pub(crate) id: u32,
    /// The name of the program that sent it.
    pub(crate) app: String,
    /// Its title.
    pub(crate) summary: String,
    /// Its text.
    pub(crate) body: String,
    /// Its actions: keys and labels.
    pub(crate) actions: Vec<(String, String)>,
    /// The level of urgency; 2 is critical, and stays until the user closes it.
    pub(crate) urgency: Option<u8>,
    /// Whether it brings its picture.
    pub(crate) has_picture: bool,
    /// How long it stays, in milliseconds; -1 leaves it to the daemon.
    pub(crate) expires: i32,
}

impl Notification {
    /// The labels of its buttons, without the action of a click on the notification itself.
    pub(crate) fn buttons(&self) -> Vec<&str> {
        let named = self.actions.iter().filter(|(key, _)| key != "default");
        named.map(|(_, label)| label.as_str()).collect()
    }
}

/// The daemon.
pub(crate) struct NotificationDaemon {
    connection: Connection,
    shown: Arc<Mutex<Vec<Notification>>>,
    closed: Arc<Mutex<Vec<u32>>>,
}

struct Daemon {
    shown: Arc<Mutex<Vec<Notification>>>,
    closed: Arc<Mutex<Vec<u32>>>,
    markup: bool,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    #[expect(
        clippy::too_many_arguments,
        clippy::needless_pass_by_value,
        reason = "the protocol has that many, and they come by value"
    )]
    fn notify(
        &self,
        app_name: String,
        _replaces_id: u32,
        _app_icon: &str,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        expires: i32,
    ) -> u32 {
        let mut shown = self.shown.lock().unwrap();
        let id = u32::try_from(shown.len()).unwrap() + 1;
        let actions = actions.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
        let actions = actions.collect();
        let urgency = hints.get("urgency").and_then(|level| u8::try_from(level.clone()).ok());
        let has_picture = hints.contains_key("image-data");
        let app = app_name;
        shown.push(Notification { id, app, summary, body, actions, urgency, has_picture, expires });
        id
    }

    /// It says that the notification has closed only when the test asks for that.
    fn close_notification(&self, id: u32) {
        self.closed.lock().unwrap().push(id);
    }

    fn get_capabilities(&self) -> Vec<&str> {
        let markup = self.markup.then_some("body-markup");
        ["actions", "body", "persistence"].into_iter().chain(markup).collect()
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("stub", "claude-worker", "1", "1.2")
    }
}

impl NotificationDaemon {
    /// Starts a daemon on this desktop.
    pub(crate) fn on(desktop: &Desktop) -> Self {
        Self::of(desktop, false)
    }

    /// Starts a daemon on this desktop that interprets markup in the body.
    pub(crate) fn with_markup(desktop: &Desktop) -> Self {
        Self::of(desktop, true)
    }

    fn of(desktop: &Desktop, markup: bool) -> Self {
        let (shown, closed) = (Arc::default(), Arc::default());
        let daemon = Daemon { shown: Arc::clone(&shown), closed: Arc::clone(&closed), markup };
        let builder = desktop.bus_builder().serve_at(PATH, daemon).unwrap();
        Self { connection: builder.name(NAME).unwrap().build().unwrap(), shown, closed }
    }

    /// Waits until the app has closed this notification.
    #[track_caller]
    pub(crate) fn until_closed(&self, notification: &Notification) {
        until(&format!("the app closes {notification:?}"), || self.is_closed(notification));
    }

    /// Whether the app has closed this notification.
    pub(crate) fn is_closed(&self, notification: &Notification) -> bool {
        self.closed.lock().unwrap().contains(&notification.id)
    }

    /// All notifications so far.
    pub(crate) fn all(&self) -> Vec<Notification> {
        self.shown.lock().unwrap().clone()
    }

    /// Waits for a notification with this text in its title or body.
    #[track_caller]
    pub(crate) fn with(&self, text: &str) -> Notification {
        until_some(&format!("a notification says \"{text}\": {:?}", self.all()), || {
            self.all().into_iter().find(|notification| {
                notification.summary.contains(text) || notification.body.contains(text)
            })
        })
    }

    /// Presses the button with this label.
    #[track_caller]
    pub(crate) fn press(&self, notification: &Notification, label: &str) {
        let action = notification.actions.iter().find(|(_, found)| found == label);
        let (key, _) = action.unwrap_or_else(|| panic!("no button \"{label}\": {notification:?}"));
        self.emit("ActionInvoked", &(notification.id, key));
        // A daemon sends this next; 2 means that the user closed the notification.
        self.emit("NotificationClosed", &(notification.id, 2_u32));
    }

    fn emit<B: serde::Serialize + zbus::zvariant::DynamicType>(&self, signal: &str, body: &B) {
        self.connection.emit_signal(None::<&str>, PATH, NAME, signal, body).unwrap();
    }
}
