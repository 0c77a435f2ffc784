//! The desktop's appearance from its portal (`org.freedesktop.portal.Settings`), which GTK 3 does not
//! read: dark or light, contrast, motion. GNOME has no other setting for dark windows.

use std::collections::HashMap;
use std::time::Duration;

use claude_worker_desktop::appearance::DesktopWishes;
use futures_util::StreamExt;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, MatchRule, MessageStream};

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.Settings";
const APPEARANCE: &str = "org.freedesktop.appearance";

/// The maximum number of unread signals.
const MAX_SIGNALS: usize = 64;
/// How long the portal may take to reply; the bus may have to start it.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// Tells `told` what the desktop asks for, now and after each change, for as long as there is a bus.
pub(crate) async fn follow(told: impl Fn(DesktopWishes)) {
    if let Err(error) = try_follow(told).await {
        tracing::debug!(%error, "the appearance of the desktop cannot be read");
    }
}

async fn try_follow(told: impl Fn(DesktopWishes)) -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let changes = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .sender(NAME)?
        .interface(INTERFACE)?
        .member("SettingChanged")?
        .path(PATH)?
        .arg(0, APPEARANCE)?
        .build();
    // A portal that starts later, or again.
    let owners = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .sender("org.freedesktop.DBus")?
        .interface("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .arg(0, NAME)?
        .build();
    let changes = MessageStream::for_match_rule(changes, &bus, Some(MAX_SIGNALS)).await?;
    let owners = MessageStream::for_match_rule(owners, &bus, Some(MAX_SIGNALS)).await?;
    let mut signals = futures_util::stream::select(changes, owners);
    let mut last = DesktopWishes::default();
    loop {
        let wishes = match read(&bus).await {
            Ok(wishes) => wishes,
            Err(error) => {
                tracing::debug!(%error, "no portal answers, so the appearance is that of GTK");
                DesktopWishes::default()
            }
        };
        if wishes != last {
            told(wishes);
            last = wishes;
        }
        // Any signal is a reason to read all values again: they are few, and belong together.
        if signals.next().await.is_none() {
            return Ok(());
        }
    }
}

async fn read(bus: &Connection) -> zbus::Result<DesktopWishes> {
    let namespaces = (vec![APPEARANCE],);
    let call = bus.call_method(Some(NAME), PATH, Some(INTERFACE), "ReadAll", &namespaces);
    let reply = tokio::time::timeout(REPLY_TIMEOUT, call)
        .await
        .map_err(|_| zbus::Error::Failure("the portal does not reply".to_owned()))??;
    let groups: HashMap<String, HashMap<String, OwnedValue>> = reply.body().deserialize()?;
    Ok(groups.get(APPEARANCE).map(wishes).unwrap_or_default())
}

fn wishes(values: &HashMap<String, OwnedValue>) -> DesktopWishes {
    let number = |name: &str| match values.get(name).map(|value| &**value) {
        Some(Value::U32(number)) => *number,
        _ => 0,
    };
    DesktopWishes {
        dark: match number("color-scheme") {
            1 => Some(true),
            2 => Some(false),
            _ => None,
        },
        more_contrast: number("contrast") == 1,
        less_motion: number("reduced-motion") == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_portal_become_wishes() {
        let values = |pairs: &[(&str, u32)]| -> HashMap<String, OwnedValue> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
        };
        let all = values(&[("color-scheme", 1), ("contrast", 1), ("reduced-motion", 1)]);
        let asked = DesktopWishes { dark: Some(true), more_contrast: true, less_motion: true };
        assert_eq!(wishes(&all), asked);
        assert_eq!(wishes(&values(&[("color-scheme", 2)])).dark, Some(false));
        // No preference, and what is unknown.
        assert_eq!(
            wishes(&values(&[("color-scheme", 0), ("contrast", 7)])),
            DesktopWishes::default()
        );
    }
}
