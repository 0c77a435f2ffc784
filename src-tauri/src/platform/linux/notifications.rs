//! Notifications over D-Bus (`org.freedesktop.Notifications`).
//!
//! One connection shows and closes all notifications and receives all clicks. It subscribes to clicks
//! before it shows the first notification, so that it misses none. notify-rust cannot be given a
//! connection, and opens one for each notification (see `docs/decisions.md`).

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use claude_worker_desktop::notification::{Click, Notification};
use claude_worker_desktop::open_notifications::{NotificationId, NotificationRequest};
use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{Structure, Value};
use zbus::{Connection, MatchRule, Message, MessageStream};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The maximum number of notifications on the screen whose clicks are recognised.
const MAX_SHOWN: usize = 64;
/// The maximum number of unread signals of the daemon, including those for other programs.
const MAX_SIGNALS: usize = 1024;
/// How long the daemon may take to reply.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);
/// The urgency of all notifications. Daemons show critical ones until the user closes them.
const NORMAL: u8 = 1;

/// Shows and closes notifications as `pending` says, until its sender is dropped. `working` receives
/// whether the last attempt to show one succeeded. `on_click` is called for each click and must return
/// at once.
///
/// If the bus or the daemon is missing, the next notification tries to connect again.
pub(crate) async fn run(
    mut pending: mpsc::Receiver<NotificationRequest>,
    working: watch::Sender<bool>,
    on_click: Box<dyn Fn(Click) + Send + Sync>,
) {
    let mut daemon = match Daemon::connect().await {
        Ok(daemon) => {
            if let Err(error) = daemon.capabilities().await {
                tracing::warn!(%error, "no daemon shows notifications");
                working.send_replace(false);
            }
            Some(daemon)
        }
        Err(error) => {
            tracing::warn!(%error, "no session bus to show notifications");
            working.send_replace(false);
            None
        }
    };
    loop {
        let signal = async {
            match &mut daemon {
                Some(daemon) => daemon.signals.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            request = pending.recv() => match request {
                None => return,
                Some(NotificationRequest::Show(id, notification)) => {
                    if daemon.is_none() {
                        daemon = Daemon::connect().await.ok();
                    }
                    let shown = match &mut daemon {
                        Some(daemon) => daemon.show(id, notification).await,
                        None => Err(zbus::Error::Failure("there is no session bus".to_owned())),
                    };
                    working.send_replace(shown.is_ok());
                    if let Err(error) = shown {
                        tracing::warn!(%error, "cannot show a notification");
                    }
                }
                Some(NotificationRequest::Close(id)) => {
                    if let Some(daemon) = &daemon {
                        daemon.close(id).await;
                    }
                }
            },
            signal = signal => match signal {
                Some(Ok(message)) => {
                    if let Some(click) = daemon.as_mut().and_then(|daemon| daemon.receive(&message)) {
                        on_click(click);
                    }
                }
                // The bus is gone, and with it every notification on the screen.
                Some(Err(_)) | None => daemon = None,
            },
        }
    }
}

/// The picture of a notification. The name of the icon alone finds none where the app is not installed in the
/// system, and daemons show a sign of a missing picture there.
fn picture() -> Value<'static> {
    let icon = tauri::include_image!("../icons/64x64.png");
    let size = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
    let (has_alpha, bits, channels) = (true, 8_i32, 4_i32);
    let row = size(icon.width()) * channels;
    let pixels = icon.rgba().to_vec();
    let picture = (size(icon.width()), size(icon.height()), row, has_alpha, bits, channels, pixels);
    Value::Structure(Structure::from(picture))
}

/// A connection to the notification daemon.
struct Daemon {
    bus: Connection,
    signals: MessageStream,
    shown: VecDeque<Shown>,
}

/// A notification on the screen.
struct Shown {
    id: NotificationId,
    /// The daemon's number for it. Another daemon starts to count again.
    number: u32,
    daemon: Option<OwnedUniqueName>,
    notification: Notification,
}

impl Daemon {
    async fn connect() -> zbus::Result<Self> {
        let bus = Connection::session().await?;
        // Both signals in one stream: a click comes before the close that it causes.
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface(NAME)?
            .path(PATH)?
            .build();
        let signals = MessageStream::for_match_rule(rule, &bus, Some(MAX_SIGNALS)).await?;
        Ok(Self { bus, signals, shown: VecDeque::new() })
    }

    /// What the daemon can do.
    async fn capabilities(&self) -> zbus::Result<Vec<String>> {
        let reply = self.bus.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &());
        in_time(reply).await?.body().deserialize()
    }

    async fn show(&mut self, id: NotificationId, notification: Notification) -> zbus::Result<()> {
        // Read for each notification, because the daemon may have been replaced.
        let markup = self.capabilities().await?.iter().any(|can| can == "body-markup");
        let body = if markup { notification.body_as_markup() } else { notification.body.clone() };
        // A click on the notification itself is the default action. Some daemons have a button for it,
        // too, so there is no other action that opens the task.
        let mut actions = vec!["default", notification.buttons[0]];
        if notification.retry.is_some() {
            actions.extend(["retry", notification.buttons[1]]);
        }
        let hints = HashMap::from([("urgency", Value::U8(NORMAL)), ("image-data", picture())]);
        let replaces = 0_u32;
        // In milliseconds; -1 leaves it to the daemon.
        let expires = notification
            .stays
            .map_or(-1, |time| i32::try_from(time.as_millis()).unwrap_or(i32::MAX));
        let call = (
            "Claude Worker",
            replaces,
            "claude-worker-app",
            notification.title.as_str(),
            body.as_str(),
            actions,
            hints,
            expires,
        );
        let reply = self.bus.call_method(Some(NAME), PATH, Some(NAME), "Notify", &call);
        // Signals that arrive meanwhile stay in the stream and are read afterwards.
        let answer = in_time(reply).await?;
        let number = answer.body().deserialize()?;
        if self.shown.len() == MAX_SHOWN {
            self.shown.pop_front();
        }
        self.shown.push_back(Shown { id, number, daemon: sender(&answer), notification });
        Ok(())
    }

    /// Closes a notification, if it is still on the screen. It is forgotten when the daemon reports that
    /// it has closed: until then, the user may click it.
    async fn close(&self, id: NotificationId) {
        let Some(Shown { number, daemon: Some(daemon), .. }) =
            self.shown.iter().find(|shown| shown.id == id)
        else {
            return;
        };
        // To the daemon that shows it: another one may use the same number for something else.
        let daemon = daemon.clone();
        let call =
            self.bus.call_method(Some(daemon), PATH, Some(NAME), "CloseNotification", number);
        if let Err(error) = in_time(call).await {
            tracing::debug!(%error, "cannot close a notification");
        }
    }

    /// The click that a signal of the daemon reports, if it reports one.
    fn receive(&mut self, signal: &Message) -> Option<Click> {
        let header = signal.header();
        let (number, key): (u32, Option<String>) = match header.member()?.as_str() {
            "ActionInvoked" => {
                let (number, key) = signal.body().deserialize().ok()?;
                (number, Some(key))
            }
            "NotificationClosed" => (signal.body().deserialize::<(u32, u32)>().ok()?.0, None),
            _ => return None,
        };
        let daemon = sender(signal);
        let at =
            self.shown.iter().position(|shown| shown.number == number && shown.daemon == daemon)?;
        match key {
            Some(key) => click(&key, &self.shown[at].notification),
            None => {
                self.shown.remove(at);
                None
            }
        }
    }
}

fn sender(message: &Message) -> Option<OwnedUniqueName> {
    message.header().sender().map(|sender| sender.to_owned().into())
}

/// The daemon's reply, or an error after the timeout.
async fn in_time(reply: impl Future<Output = zbus::Result<Message>>) -> zbus::Result<Message> {
    tokio::time::timeout(REPLY_TIMEOUT, reply)
        .await
        .unwrap_or_else(|_| Err(zbus::Error::Failure("the daemon does not reply".to_owned())))
}

/// What the action with this key does.
fn click(key: &str, notification: &Notification) -> Option<Click> {
    match key {
        "default" => Some(Click::Open(notification.open)),
        "retry" => notification.retry.map(Click::Retry),
        _ => None,
    }
}
