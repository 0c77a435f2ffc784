//! One app for each data directory, by a name on the session bus.

use std::time::Duration;

use claude_worker_api::ApiError;
use tokio::time::Instant;
use zbus::Connection;

const PATH: &str = "/io/github/yigitkonur/ClaudeWorker";
const INTERFACE: &str = "io.github.yigitkonur.ClaudeWorker.App";

/// How long the running app may take to answer, or to end if it refuses the start.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// The pause before the next attempt, while the running app ends.
const PAUSE: Duration = Duration::from_millis(20);

/// The app that the other starts on this session bus find. Dropping it lets another app start.
#[derive(Debug)]
pub(crate) struct SingleInstance {
    /// None without a session bus: then other starts do not find this app.
    _bus: Option<Connection>,
}

/// What the app offers to the other starts.
struct Offer<F> {
    on_start: F,
}

#[zbus::interface(name = "io.github.yigitkonur.ClaudeWorker.App")]
impl<F: Fn(Vec<String>) -> bool + Send + Sync + 'static> Offer<F> {
    /// Takes over a start with these arguments. False: this app ends, and the start has to be tried again.
    fn start(&self, arguments: Vec<String>) -> bool {
        (self.on_start)(arguments)
    }
}

/// Makes this process the one with this name, or passes its arguments to the app that has the name; `None`
/// if that app has accepted them. `on_start` gets the arguments of later starts, and returns whether this
/// app accepts them.
///
/// # Errors
/// The running app does not answer.
pub(crate) async fn claim(
    name: &str,
    arguments: &[String],
    on_start: impl Fn(Vec<String>) -> bool + Clone + Send + Sync + 'static,
) -> Result<Option<SingleInstance>, ApiError> {
    let deadline = Instant::now() + ANSWERS_WITHIN;
    loop {
        match take(name, on_start.clone()).await {
            Ok(bus) => return Ok(Some(SingleInstance { _bus: Some(bus) })),
            Err(zbus::Error::NameTaken) => {}
            Err(error) => {
                tracing::warn!(%error, "no session bus; other starts do not find this app");
                return Ok(Some(SingleInstance { _bus: None }));
            }
        }
        match tokio::time::timeout_at(deadline, pass(name, arguments)).await {
            Ok(Ok(true)) => return Ok(None),
            // The app has ended, or is about to.
            Ok(Ok(false) | Err(_)) if Instant::now() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            failed => {
                let why = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => format!("no answer within {} s", ANSWERS_WITHIN.as_secs()),
                };
                return Err(ApiError::unavailable(format!(
                    "Claude Worker is already running and does not answer: {why}"
                ))
                .hint("End the process claude-worker-app, and start it again"));
            }
        }
    }
}

async fn take(
    name: &str,
    on_start: impl Fn(Vec<String>) -> bool + Send + Sync + 'static,
) -> zbus::Result<Connection> {
    zbus::connection::Builder::session()?
        .serve_at(PATH, Offer { on_start })?
        .name(name)?
        .replace_existing_names(false)
        .allow_name_replacements(false)
        .build()
        .await
}

/// Passes the arguments to the app with this name. Returns whether it accepts them.
async fn pass(name: &str, arguments: &[String]) -> zbus::Result<bool> {
    let bus = Connection::session().await?;
    let reply = bus.call_method(Some(name), PATH, Some(INTERFACE), "Start", &(arguments,)).await?;
    reply.body().deserialize()
}
