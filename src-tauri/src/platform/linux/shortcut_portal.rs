//! Global shortcuts from the desktop's portal (`org.freedesktop.portal.GlobalShortcuts`), where Wayland lets no
//! program grab keys. The desktop may ask the user, and give the shortcut other keys.

use std::collections::HashMap;

use claude_worker_desktop::shortcut::Shortcut;
use futures_util::StreamExt;
use tokio::sync::watch;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MatchRule, MessageStream};

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.GlobalShortcuts";
/// The name of our only shortcut.
const QUICK_ENTRY: &str = "quick-entry";
const DESCRIPTION: &str = "Open the quick entry";
/// The name of the app's desktop file, by which the desktop remembers the user's choice.
const APP_ID: &str = "io.github.yigitkonur.ClaudeWorker";
/// The maximum number of unread signals.
const MAX_SIGNALS: usize = 64;

/// What became of a wanted shortcut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// None is wanted.
    Off,
    /// It is in force, with these keys as the desktop calls them.
    InForce(String),
    /// It is not in force. A sentence that says why.
    Refused(String),
}

/// Binds the wanted shortcut, again after each change, for as long as there is a bus. Calls `on_press` for key
/// presses and `report` for outcomes.
///
/// # Errors
/// When this desktop has no such portal.
pub(super) async fn serve(
    mut wanted: watch::Receiver<Option<Shortcut>>,
    on_press: &(dyn Fn() + Send + Sync),
    report: impl Fn(Outcome),
) -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let version = (INTERFACE, "version");
    let properties = Some("org.freedesktop.DBus.Properties");
    bus.call_method(Some(NAME), PATH, properties, "Get", &version).await?;
    name_this_app(&bus).await;
    loop {
        let shortcut = *wanted.borrow_and_update();
        let Some(shortcut) = shortcut else {
            report(Outcome::Off);
            if wanted.changed().await.is_err() {
                return Ok(());
            }
            continue;
        };
        let served = tokio::select! {
            served = bind_and_follow(&bus, shortcut, on_press, &report) => Some(served),
            changed = wanted.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                None
            }
        };
        let Some(served) = served else { continue };
        if let Err(error) = served {
            tracing::warn!(%error, "the desktop binds no shortcut");
            report(Outcome::Refused(format!("The desktop did not set {shortcut}: {error}")));
        }
        // Until the user chooses another one: asking again would open the desktop's dialog again.
        if wanted.changed().await.is_err() {
            return Ok(());
        }
    }
}

/// Tells the portal which app this is. Older portals do not ask, and find it out themselves.
async fn name_this_app(bus: &Connection) {
    let arguments = (APP_ID, HashMap::<&str, Value<'_>>::new());
    let registry = Some("org.freedesktop.host.portal.Registry");
    if let Err(error) = bus.call_method(Some(NAME), PATH, registry, "Register", &arguments).await {
        tracing::debug!(%error, "the portal takes no name of this app");
    }
}

/// Ends when the desktop closes the session.
async fn bind_and_follow(
    bus: &Connection,
    shortcut: Shortcut,
    on_press: &(dyn Fn() + Send + Sync),
    report: &impl Fn(Outcome),
) -> zbus::Result<()> {
    let session = Session::open(bus).await?;
    // Before the shortcut is bound, so that no key press is missed.
    let mut presses = signals(bus, INTERFACE, "Activated", Some(PATH)).await?;
    let mut changes = signals(bus, INTERFACE, "ShortcutsChanged", Some(PATH)).await?;
    let mut closed =
        signals(bus, "org.freedesktop.portal.Session", "Closed", Some(session.path.as_str()))
            .await?;
    report(session.bind(shortcut).await?);
    loop {
        tokio::select! {
            Some(Ok(press)) = presses.next() => {
                type Activated = (OwnedObjectPath, String, u64, HashMap<String, OwnedValue>);
                let (of, name, ..): Activated = press.body().deserialize()?;
                if of == session.path && name == QUICK_ENTRY {
                    on_press();
                }
            }
            Some(Ok(change)) = changes.next() => {
                let (of, shortcuts): (OwnedObjectPath, Bound) = change.body().deserialize()?;
                if of == session.path {
                    report(in_force(&shortcuts, shortcut));
                }
            }
            Some(_) = closed.next() => {
                report(Outcome::Refused(format!("The desktop has ended {shortcut}")));
                return Ok(());
            }
            else => return Ok(()),
        }
    }
}

/// Shortcuts with their properties, as the portal tells them.
type Bound = Vec<(String, HashMap<String, OwnedValue>)>;

/// What the portal says of our shortcut.
fn in_force(shortcuts: &Bound, wanted: Shortcut) -> Outcome {
    let Some((_, properties)) = shortcuts.iter().find(|(name, _)| name == QUICK_ENTRY) else {
        return Outcome::Refused(format!(
            "The desktop did not set {wanted}; choose keys in its keyboard settings"
        ));
    };
    let keys = properties.get("trigger_description").map(|value| &**value);
    Outcome::InForce(match keys {
        Some(Value::Str(keys)) if !keys.is_empty() => keys.to_string(),
        _ => wanted.to_string(),
    })
}

/// A shortcut as the specification of the freedesktop shortcuts writes it: `CTRL+ALT+space`.
fn trigger(shortcut: Shortcut) -> String {
    let modifiers = shortcut.modifiers;
    let held = [
        (modifiers.ctrl, "CTRL"),
        (modifiers.alt, "ALT"),
        (modifiers.shift, "SHIFT"),
        (modifiers.logo, "LOGO"),
    ];
    let mut parts: Vec<String> =
        held.into_iter().filter(|(held, _)| *held).map(|(_, name)| name.to_owned()).collect();
    parts.push(shortcut.key.keysym_name());
    parts.join("+")
}

/// A session of the portal. It ends with the value.
struct Session<'a> {
    bus: &'a Connection,
    path: OwnedObjectPath,
}

impl<'a> Session<'a> {
    async fn open(bus: &'a Connection) -> zbus::Result<Self> {
        let options = HashMap::from([("session_handle_token", Value::from(token("session")))]);
        let results = request(bus, "CreateSession", options, |options| (options,)).await?;
        // The specification calls it a text, although it is a path.
        let path = match results.get("session_handle").map(|value| &**value) {
            Some(Value::Str(path)) => ObjectPath::try_from(path.as_str())?.into(),
            Some(Value::ObjectPath(path)) => path.to_owned().into(),
            _ => return Err(zbus::Error::Failure("the portal names no session".to_owned())),
        };
        Ok(Self { bus, path })
    }

    async fn bind(&self, shortcut: Shortcut) -> zbus::Result<Outcome> {
        let properties = HashMap::from([
            ("description", Value::from(DESCRIPTION)),
            ("preferred_trigger", Value::from(trigger(shortcut))),
        ]);
        let shortcuts = vec![(QUICK_ENTRY, properties)];
        let results = request(self.bus, "BindShortcuts", HashMap::new(), |options| {
            (&self.path, shortcuts, "", options)
        })
        .await?;
        let bound = results.get("shortcuts").map(|value| Bound::try_from(value.try_clone()?));
        Ok(in_force(&bound.transpose()?.unwrap_or_default(), shortcut))
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let (bus, path) = (self.bus.clone(), self.path.clone());
        tokio::spawn(async move {
            let session = Some("org.freedesktop.portal.Session");
            drop(bus.call_method(Some(NAME), &path, session, "Close", &()).await);
        });
    }
}

/// Calls a method that answers with a signal: the user may have to be asked.
async fn request<'o, Arguments>(
    bus: &Connection,
    method: &str,
    mut options: HashMap<&'o str, Value<'o>>,
    arguments: impl FnOnce(HashMap<&'o str, Value<'o>>) -> Arguments,
) -> zbus::Result<HashMap<String, OwnedValue>>
where
    Arguments: serde::Serialize + zbus::zvariant::DynamicType,
{
    let handle = token("request");
    let sender = bus.unique_name().map(ToString::to_string).unwrap_or_default();
    let sender = sender.trim_start_matches(':').replace('.', "_");
    let path = format!("{PATH}/request/{sender}/{handle}");
    options.insert("handle_token", Value::from(handle));
    // Before the call, so that the answer is not missed.
    let interface = "org.freedesktop.portal.Request";
    let mut answers = signals(bus, interface, "Response", Some(&path)).await?;
    bus.call_method(Some(NAME), PATH, Some(INTERFACE), method, &arguments(options)).await?;
    let answer = answers
        .next()
        .await
        .ok_or_else(|| zbus::Error::Failure("the portal does not answer".to_owned()))??;
    let (code, results): (u32, HashMap<String, OwnedValue>) = answer.body().deserialize()?;
    match code {
        0 => Ok(results),
        1 => Err(zbus::Error::Failure("it was declined".to_owned())),
        _ => Err(zbus::Error::Failure("the portal refuses it".to_owned())),
    }
}

/// The signals of the portal with this name.
async fn signals(
    bus: &Connection,
    interface: &'static str,
    member: &'static str,
    path: Option<&str>,
) -> zbus::Result<MessageStream> {
    let mut rule = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .sender(NAME)?
        .interface(interface)?
        .member(member)?;
    if let Some(path) = path {
        rule = rule.path(path.to_owned())?;
    }
    MessageStream::for_match_rule(rule.build().to_owned(), bus, Some(MAX_SIGNALS)).await
}

/// A name that no other request of this connection has.
fn token(kind: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("claude_worker_{kind}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcuts_are_written_as_the_specification_has_them() {
        let written = |text: &str| trigger(text.parse().unwrap());
        assert_eq!(written("Ctrl+Alt+Space"), "CTRL+ALT+space");
        assert_eq!(written("Super+Shift+N"), "SHIFT+LOGO+n");
        assert_eq!(written("Ctrl+7"), "CTRL+7");
        assert_eq!(written("F12"), "F12");
    }

    #[test]
    fn what_the_desktop_says_of_the_keys_is_shown() {
        let wanted: Shortcut = "Ctrl+Alt+Space".parse().unwrap();
        let bound = |properties: &[(&str, &str)]| -> Bound {
            let value = |text: &str| OwnedValue::try_from(Value::from(text)).unwrap();
            let all = properties.iter().map(|(name, text)| ((*name).to_owned(), value(text)));
            vec![(QUICK_ENTRY.to_owned(), all.collect())]
        };
        let keys = bound(&[("trigger_description", "Press Super+Space")]);
        assert_eq!(in_force(&keys, wanted), Outcome::InForce("Press Super+Space".to_owned()));
        assert_eq!(in_force(&bound(&[]), wanted), Outcome::InForce("Ctrl+Alt+Space".to_owned()));
        let Outcome::Refused(why) = in_force(&Vec::new(), wanted) else { panic!() };
        assert!(why.contains("keyboard settings"), "{why}");
    }
}
