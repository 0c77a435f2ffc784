//! The desktop's notifications, spoken over D-Bus (`org.freedesktop.Notifications`).
//!
//! One connection shows them all and hears what is clicked. It listens before the first one is
//! shown, so that no click comes too early to be heard.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use claude_worker_api::{ApiError, TaskApi};
use claude_worker_desktop::launch::Page;
use claude_worker_desktop::notification::{Notification, RetryOffer};
use futures_util::StreamExt;
use tauri::{AppHandle, Manager};
use tokio::sync::{mpsc, watch};
use zbus::names::OwnedUniqueName;
use zbus::zvariant::Value;
use zbus::{Connection, MatchRule, Message, MessageStream};

use crate::app_state::AppState;
use crate::window;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// How many notifications on the screen are remembered, to do what is clicked on them.
const REMEMBERED: usize = 64;
/// How many may be on their way to the daemon.
const MOST_WAITING: usize = 32;
/// How many of the daemon's signals may be unread, those for other programs among them.
const SIGNALS: usize = 1024;
/// How long a daemon may take to take a notification.
const TAKEN_WITHIN: Duration = Duration::from_secs(10);
/// What the protocol calls normal and critical.
const NORMAL: u8 = 1;
const CRITICAL: u8 = 2;

/// Shows notifications, and does what is clicked on them.
pub(crate) struct Notifier {
    pending: mpsc::Sender<Notification>,
}

impl Notifier {
    /// A notifier, and whether notifications can be shown, as far as is known.
    pub(crate) fn begin(app: &AppHandle) -> (Self, watch::Receiver<bool>) {
        let (pending, given) = mpsc::channel(MOST_WAITING);
        let (works, known) = watch::channel(true);
        tauri::async_runtime::spawn(keep(app.clone(), given, works));
        (Self { pending }, known)
    }

    /// Shows one. Returns at once.
    pub(crate) fn show(&self, notification: Notification) {
        if let Err(error) = self.pending.try_send(notification) {
            tracing::warn!(%error, "a notification is left out");
        }
    }
}

/// Shows what is given, for as long as the app lives. A daemon that is missing, or a bus, may be
/// there the next time.
async fn keep(app: AppHandle, mut given: mpsc::Receiver<Notification>, works: watch::Sender<bool>) {
    let mut daemon = match Daemon::connect().await {
        Ok(daemon) => match daemon.greet().await {
            Ok(()) => Some(daemon),
            Err(error) => {
                tracing::warn!(%error, "there is nothing that shows notifications");
                works.send_replace(false);
                Some(daemon)
            }
        },
        Err(error) => {
            tracing::warn!(%error, "there is nothing that shows notifications");
            works.send_replace(false);
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
            notification = given.recv() => {
                let Some(notification) = notification else { return };
                if daemon.is_none() {
                    daemon = Daemon::connect().await.ok();
                }
                let shown = match &mut daemon {
                    Some(daemon) => daemon.show(notification).await,
                    None => Err(zbus::Error::Failure("there is no session bus".to_owned())),
                };
                works.send_replace(shown.is_ok());
                if let Err(error) = shown {
                    tracing::warn!(%error, "a notification cannot be shown");
                }
            }
            signal = signal => match signal {
                Some(Ok(message)) => {
                    if let Some(click) = daemon.as_mut().and_then(|daemon| daemon.heard(&message)) {
                        // Not to be waited for: the next click may come meanwhile.
                        tauri::async_runtime::spawn(act(app.clone(), click));
                    }
                }
                // The bus has gone, and everything on the screen with it.
                Some(Err(_)) | None => daemon = None,
            },
        }
    }
}

/// The way to the notification daemon.
struct Daemon {
    bus: Connection,
    signals: MessageStream,
    shown: VecDeque<Shown>,
}

/// A notification on the screen.
struct Shown {
    /// The daemon's number for it, and which daemon that is: another one counts anew.
    id: u32,
    by: Option<OwnedUniqueName>,
    notification: Notification,
}

impl Daemon {
    async fn connect() -> zbus::Result<Self> {
        let bus = Connection::session().await?;
        // Both signals in one stream: a click and the closing that it brings come in order.
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface(NAME)?
            .path(PATH)?
            .build();
        let signals = MessageStream::for_match_rule(rule, &bus, Some(SIGNALS)).await?;
        Ok(Self { bus, signals, shown: VecDeque::new() })
    }

    /// Asks who the daemon is, only to know that there is one.
    async fn greet(&self) -> zbus::Result<()> {
        let asked = self.bus.call_method(Some(NAME), PATH, Some(NAME), "GetServerInformation", &());
        in_time(asked).await.map(drop)
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
        let asked = self.bus.call_method(Some(NAME), PATH, Some(NAME), "Notify", &body);
        // Signals are read afterwards: a click that came meanwhile is still there.
        let answer = in_time(asked).await?;
        let id = answer.body().deserialize()?;
        if self.shown.len() == REMEMBERED {
            self.shown.pop_front();
        }
        self.shown.push_back(Shown { id, by: sender(&answer), notification });
        Ok(())
    }

    /// What a signal of the daemon means.
    fn heard(&mut self, signal: &Message) -> Option<Click> {
        let header = signal.header();
        let (id, key): (u32, Option<String>) = match header.member()?.as_str() {
            "ActionInvoked" => {
                let (id, key) = signal.body().deserialize().ok()?;
                (id, Some(key))
            }
            "NotificationClosed" => (signal.body().deserialize::<(u32, u32)>().ok()?.0, None),
            _ => return None,
        };
        let by = sender(signal);
        let at = self.shown.iter().position(|shown| shown.id == id && shown.by == by)?;
        match key {
            Some(key) => Click::of(&key, &self.shown[at].notification),
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

/// A daemon's answer, unless it takes too long.
async fn in_time(asked: impl Future<Output = zbus::Result<Message>>) -> zbus::Result<Message> {
    tokio::time::timeout(TAKEN_WITHIN, asked)
        .await
        .unwrap_or_else(|_| Err(zbus::Error::Failure("the daemon does not answer".to_owned())))
}

/// What was clicked.
enum Click {
    Open(Page),
    Retry(RetryOffer),
}

impl Click {
    fn of(key: &str, notification: &Notification) -> Option<Self> {
        match key {
            "default" | "open" => Some(Self::Open(notification.open)),
            "retry" => notification.retry.map(Self::Retry),
            _ => None,
        }
    }
}

/// Runs a task once more, unless it has gone on since that was offered; says whether it did.
async fn retried(app: &AppHandle, offer: RetryOffer) -> Result<bool, ApiError> {
    let engine = app.state::<AppState>().host.engine().await?;
    let holds = offer.is_current(&engine.get(offer.task).await?.task);
    if holds {
        engine.retry(offer.task).await?;
    }
    Ok(holds)
}

async fn act(app: AppHandle, click: Click) {
    match click {
        Click::Open(page) => window::show(&app, page),
        Click::Retry(offer) => {
            // Where it did not run again, the window says how the task stands, and why.
            match retried(&app, offer).await {
                Ok(true) => {}
                Ok(false) => window::show(&app, Page::Task(offer.task)),
                Err(error) => {
                    tracing::warn!(%error, task = %offer.task, "it cannot be run again");
                    window::show(&app, Page::Task(offer.task));
                }
            }
        }
    }
}
