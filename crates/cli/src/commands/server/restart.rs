//! `server restart`: the engine ends, and a new one takes over its queue.

use claude_worker_api::{ApiError, ErrorCode, HostKind, HttpState, StopMode, TaskApi};
use claude_worker_engine::{Paths, settings};
use claude_worker_server::HttpStart;

use super::{serve_http, show_started, silent, stop_and_wait};
use crate::connect::{EngineHere, lock_of, starter};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

/// Stops the engine of this machine, waits until it has ended, and starts one that serves HTTP as that one
/// did. Running tasks keep running. Without an engine, one is started as by `server start`.
///
/// # Errors
/// `invalid_request` for an engine on another machine and for wrong settings, with which nothing is stopped;
/// `forbidden` inside a task; `conflict` for one inside the desktop app; errors of stop
/// and start.
pub(super) async fn restart(console: &mut Console<'_>, kill: bool) -> Result<Exit, CliError> {
    let paths = Paths::from_env()?;
    // A new engine would refuse to start with them, when the old one has already ended.
    settings::load(&paths)?;
    let here = EngineHere::to_start(&paths, "restart")?;
    let running = here.client(&paths, None);
    let killed = silent::end(&running, &paths, kill, "restart").await?;
    if let Some(pid) = killed {
        console.remark(&silent::killed(pid))?;
    }
    let (asked, ran_before) = match running.engine().await {
        Ok(info) if info.host != HostKind::Headless => {
            return Err(ApiError::conflict("The engine runs inside the desktop app")
                .hint("Quit the app and start it again: claude-worker open")
                .into());
        }
        Ok(_) => {
            let asked = as_before(running.http().await?);
            let lock = lock_of(&running, &paths);
            stop_and_wait(&running, StopMode::LeaveRunning, lock).await?;
            (asked, true)
        }
        // It could not be asked how it served HTTP. The next engine goes on as after a crash.
        Err(error) if error.code == ErrorCode::Unavailable && killed.is_some() => {
            (HttpStart::Settings, true)
        }
        Err(error) if error.code == ErrorCode::Unavailable => {
            (HttpStart::Default(here.http_port), false)
        }
        Err(error) => return Err(error.into()),
    };
    here.client(&paths, Some(starter(&paths, &asked)?)).engine().await?;
    // Another client may have started one meanwhile, which serves HTTP as the settings say.
    let state = serve_http(&running, asked).await?;
    if !ran_before && !console.json {
        console.line("No engine was running")?;
    }
    let runs = if ran_before { "runs anew" } else { "runs" };
    show_started(console, &here, &running.engine().await?, &state, runs)
}

/// How the next engine serves HTTP as this one does. A port that the system chose stays the same.
fn as_before(state: HttpState) -> HttpStart {
    let Some(mut change) = state.change else { return HttpStart::Settings };
    if let (Some(listen), Some(address)) = (&mut change.listen, state.address)
        && listen.ends_with(":0")
    {
        *listen = address;
    }
    HttpStart::Change(change)
}

#[cfg(test)]
mod tests {
    use claude_worker_api::HttpChange;

    use super::*;

    #[test]
    fn the_next_engine_serves_http_at_the_same_address() {
        let state = |listen: Option<&str>| HttpState {
            change: listen.map(HttpChange::at),
            address: Some("127.0.0.1:4711".to_owned()),
            ..HttpState::default()
        };
        assert_eq!(as_before(state(None)), HttpStart::Settings);
        let kept = |listen| HttpStart::Change(HttpChange::at(listen));
        assert_eq!(as_before(state(Some("off"))), kept("off"));
        assert_eq!(as_before(state(Some("127.0.0.1:80"))), kept("127.0.0.1:80"));
        assert_eq!(as_before(state(Some("127.0.0.1:0"))), kept("127.0.0.1:4711"));
    }
}
