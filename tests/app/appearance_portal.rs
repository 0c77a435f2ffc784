//! A stub of the desktop's portal that tells whether windows are dark, and the contrast.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::blocking::Connection;
use zbus::zvariant::{OwnedValue, Value};

use crate::desktop::Desktop;

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.Settings";
const APPEARANCE: &str = "org.freedesktop.appearance";

type Values = HashMap<String, u32>;

/// The portal.
pub(crate) struct AppearancePortal {
    connection: Connection,
    values: Arc<Mutex<Values>>,
}

struct Settings {
    values: Arc<Mutex<Values>>,
}

#[zbus::interface(name = "org.freedesktop.portal.Settings")]
impl Settings {
    #[expect(clippy::needless_pass_by_value, reason = "it comes by value")]
    fn read_all(&self, namespaces: Vec<String>) -> HashMap<String, HashMap<String, OwnedValue>> {
        assert_eq!(namespaces, [APPEARANCE]);
        let values = self.values.lock().unwrap();
        let values = values.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
        HashMap::from([(APPEARANCE.to_owned(), values)])
    }
}

impl AppearancePortal {
    /// Starts a portal on this desktop that tells these values.
    pub(crate) fn on(desktop: &Desktop, values: &[(&str, u32)]) -> Self {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let values = Arc::new(Mutex::new(values));
        let settings = Settings { values: Arc::clone(&values) };
        let builder = desktop.bus_builder().serve_at(PATH, settings).unwrap();
        Self { connection: builder.name(NAME).unwrap().build().unwrap(), values }
    }

    /// Changes a value, and tells all programs.
    pub(crate) fn change(&self, name: &str, value: u32) {
        self.values.lock().unwrap().insert(name.to_owned(), value);
        let told = (APPEARANCE, name, Value::from(value));
        self.connection
            .emit_signal(None::<&str>, PATH, INTERFACE, "SettingChanged", &told)
            .unwrap();
    }
}
