//! A stub of the desktop's portal for global shortcuts, as desktops with Wayland have it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::blocking::Connection;
use zbus::message::Header;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use crate::desktop::Desktop;
use crate::process::until_some;

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.GlobalShortcuts";

/// A shortcut that a program has bound: its session, its name and the keys that it prefers.
type Bound = (OwnedObjectPath, String, String);

/// The portal.
pub(crate) struct ShortcutPortal {
    connection: Connection,
    bound: Arc<Mutex<Option<Bound>>>,
}

struct Shortcuts {
    bound: Arc<Mutex<Option<Bound>>>,
    /// What the user says when the desktop asks: 0 is yes.
    answer: u32,
}

type Options = HashMap<String, OwnedValue>;

/// The path of a request or session of the caller.
fn path(header: &Header<'_>, kind: &str, token: &OwnedValue) -> OwnedObjectPath {
    let sender = header.sender().unwrap().trim_start_matches(':').replace('.', "_");
    let Value::Str(token) = &**token else { panic!("{token:?} is no text") };
    ObjectPath::try_from(format!("{PATH}/{kind}/{sender}/{token}")).unwrap().into()
}

async fn respond(
    bus: &zbus::Connection,
    request: &OwnedObjectPath,
    code: u32,
    results: HashMap<&str, Value<'_>>,
) {
    let interface = "org.freedesktop.portal.Request";
    bus.emit_signal(None::<&str>, request, interface, "Response", &(code, results)).await.unwrap();
}

#[zbus::interface(name = "org.freedesktop.portal.GlobalShortcuts")]
impl Shortcuts {
    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        1
    }

    async fn create_session(
        &self,
        options: Options,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &zbus::Connection,
    ) -> OwnedObjectPath {
        let request = path(&header, "request", &options["handle_token"]);
        let session = path(&header, "session", &options["session_handle_token"]);
        let results = HashMap::from([("session_handle", Value::from(session.as_str()))]);
        respond(bus, &request, 0, results).await;
        request
    }

    async fn bind_shortcuts(
        &self,
        session: OwnedObjectPath,
        shortcuts: Vec<(String, Options)>,
        _parent_window: String,
        options: Options,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &zbus::Connection,
    ) -> OwnedObjectPath {
        let request = path(&header, "request", &options["handle_token"]);
        let (name, wanted) = shortcuts.into_iter().next().unwrap();
        let Value::Str(keys) = &*wanted["preferred_trigger"] else { panic!("{wanted:?}") };
        *self.bound.lock().unwrap() = Some((session, name.clone(), keys.to_string()));
        // As GNOME describes them.
        let told = HashMap::from([("trigger_description", Value::from(format!("Press {keys}")))]);
        let results = HashMap::from([("shortcuts", Value::from(vec![(name, told)]))]);
        respond(bus, &request, self.answer, results).await;
        request
    }
}

impl ShortcutPortal {
    /// Starts a portal on this desktop, whose user allows shortcuts or declines them.
    pub(crate) fn on(desktop: &Desktop, allows: bool) -> Self {
        let bound = Arc::new(Mutex::new(None));
        let answer = u32::from(!allows);
        let shortcuts = Shortcuts { bound: Arc::clone(&bound), answer };
        let builder = desktop.bus_builder().serve_at(PATH, shortcuts).unwrap();
        Self { connection: builder.name(NAME).unwrap().build().unwrap(), bound }
    }

    /// Waits until a program has asked for these keys.
    #[track_caller]
    pub(crate) fn until_bound(&self, keys: &str) {
        until_some(&format!("{keys} are bound"), || {
            self.bound.lock().unwrap().as_ref().is_some_and(|bound| bound.2 == keys).then_some(())
        });
    }

    /// Tells the program that the user has pressed its keys.
    pub(crate) fn press(&self) {
        let (session, name, _) = self.bound.lock().unwrap().clone().unwrap();
        let activated = (session, name, 1_u64, HashMap::<&str, Value<'_>>::new());
        self.connection
            .emit_signal(None::<&str>, PATH, INTERFACE, "Activated", &activated)
            .unwrap();
    }
}
