//! Notifications over D-Bus (`org.freedesktop.Notifications`).
//!
//! One connection shows all notifications and receives all clicks. It subscribes to clicks before it
//! shows the first notification, so that it misses none.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use claude_worker_desktop::notification::{Click, Notification};
use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use zbus::names::OwnedUniqueName;
use zbus::zvariant::Value;
use zbus::{Connection, MatchRule, Message, MessageStream};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The maximum number of notifications on the screen whose clicks are recognised.
const MAX_SHOWN: usize = 64;
/// The maximum number of unread signals of the daemon, including those for other programs.
const MAX_SIGNALS: usize = 1024;
/// How long the daemon may take to reply.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);
/// The levels of urgency in the protocol.
const NORMAL: u8 = 1;
const CRITICAL: u8 = 2;

/// Shows the notifications from `pending` until its sender is dropped. `working` receives whether the
/// last attempt to show one succeeded. `on_click` is called for each click and must return at once.
///
/// If the bus or the daemon is missing, the next notification tries to connect again.
pub(crate) async fn run(
    mut pending: mpsc::Receiver<Notification>,
    working: watch::Sender<bool>,
    on_click: Box<dyn Fn(Click) + Send + Sync>,
) {
    let mut daemon = match Daemon::connect().await {
        Ok(daemon) => {
            if let Err(error) = daemon.ping().await {
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
            notification = pending.recv() => {
                let Some(notification) = notification else { return };
                if daemon.is_none() {
                    daemon = Daemon::connect().await.ok();
                }
                let shown = match &mut daemon {
                    Some(daemon) => daemon.show(notification).await,
                    None => Err(zbus::Error::Failure("there is no session bus".to_owned())),
                };
                working.send_replace(shown.is_ok());
                if let Err(error) = shown {
                    tracing::warn!(%error, "cannot show a notification");
                }
            }
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

/// A connection to the notification daemon.
struct Daemon {
    bus: Connection,
    signals: MessageStream,
    shown: VecDeque<Shown>,
}

/// A notification on the screen.
struct Shown {
    /// The daemon's number for it. Another daemon starts to count again.
    id: u32,
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

    /// Checks that a daemon replies.
    async fn ping(&self) -> zbus::Result<()> {
        let reply = self.bus.call_method(Some(NAME), PATH, Some(NAME), "GetServerInformation", &());
        in_time(reply).await.map(drop)
    }

    async fn show(&mut self, notification: Notification) -> zbus::Result<()> {
        // A click on the notification itself is the default action.
        let mut actions = vec!["default", "Open", "open", "Open"];
        if notification.retry.is_some() {
            actions.extend(["retry", "Retry"]);
        }
        let urgency = if notification.failed { CRITICAL } else { NORMAL };
        let hints = HashMap::from([("urgency", Value::U8(urgency))]);
        let (replaces, expires) = (0_u32, -1_i32);
        let body = (
            "Claude Worker",
            replaces,
            "claude-worker-app",
            notification.title.as_str(),
            notification.body.as_str(),
            actions,
            hints,
            expires,
        );
        let reply = self.bus.call_method(Some(NAME), PATH, Some(NAME), "Notify", &body);
        // Signals that arrive meanwhile stay in the stream and are read afterwards.
        let answer = in_time(reply).await?;
        let id = answer.body().deserialize()?;
        if self.shown.len() == MAX_SHOWN {
            self.shown.pop_front();
        }
        self.shown.push_back(Shown { id, daemon: sender(&answer), notification });
        Ok(())
    }

    /// The click that a signal of the daemon reports, if it reports one.
    fn receive(&mut self, signal: &Message) -> Option<Click> {
        let header = signal.header();
        let (id, key): (u32, Option<String>) = match header.member()?.as_str() {
            "ActionInvoked" => {
                let (id, key) = signal.body().deserialize().ok()?;
                (id, Some(key))
            }
            "NotificationClosed" => (signal.body().deserialize::<(u32, u32)>().ok()?.0, None),
            _ => return None,
        };
        let daemon = sender(signal);
        let at = self.shown.iter().position(|shown| shown.id == id && shown.daemon == daemon)?;
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
        "default" | "open" => Some(Click::Open(notification.open)),
        "retry" => notification.retry.map(Click::Retry),
        _ => None,
    }
}
