//! `server`: starts, stops or checks the engine, and where it serves HTTP.

pub mod listen;
pub mod log;
mod restart;
mod silent;

use std::path::Path;
use std::time::Duration;

use claude_worker_api::{
    AUTO, ApiError, EngineInfo, ErrorCode, HTTP_PORT, HttpChange, HttpState, OFF, StopMode,
    Stopped, TaskApi,
};
use claude_worker_client::{LockHolder, surrounding_task};
use claude_worker_engine::Paths;
use claude_worker_server::HttpStart;
use serde::Serialize;

use self::listen::ListenArgs;
use crate::connect::{EngineHere, Start, connect, lock_of, starter, tell_new_directory};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::host::{self, Place};
use crate::render::detail;
use crate::render::figures::plural;
use crate::render::text::clean_line;

/// How long an engine may take to stop, not counting the tasks that it cancels.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// What to do with the engine.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Start an engine in the background, unless one is running, and serve HTTP: at the address in
    /// config.toml, or 127.0.0.1:8000
    Start {
        /// Run the engine in this terminal until Ctrl-C
        #[arg(long)]
        foreground: bool,
        /// Where it serves HTTP.
        #[command(flatten)]
        listen: ListenArgs,
    },
    /// Show where the engine serves HTTP, or turn that on or off, without stopping it. What is turned on
    /// or off here stays so until the engine is stopped; config.toml says what the next one does
    Http {
        /// Turn it on, at the address in config.toml or 127.0.0.1:8000, or off
        #[arg(value_enum)]
        switch: Option<Switch>,
    },
    /// Stop the engine; running tasks keep running, and the next engine takes them over. Succeeds also
    /// when no engine is running
    Stop {
        /// Cancel running tasks first
        #[arg(long)]
        cancel_running: bool,
        /// Kill an engine that does not answer. Running tasks keep running, and the queue is kept
        #[arg(long, conflicts_with = "cancel_running")]
        kill: bool,
    },
    /// Stop the engine and start a new one, which serves HTTP as that one did; running tasks keep running. When
    /// none runs, it does the same as server start. An engine that is a service of systemd: systemctl --user
    /// restart claude-worker
    Restart {
        /// Kill an engine that does not answer. Running tasks keep running, and the queue is kept
        #[arg(long)]
        kill: bool,
    },
    /// Show the engine that answers, without starting one
    #[command(visible_alias = "status")]
    Health,
    /// Show the end of the engine's log file
    #[command(alias = "log")]
    Logs(log::Args),
}

/// Whether HTTP is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// Serve HTTP
    On,
    /// Stop serving HTTP
    Off,
}

#[derive(Serialize)]
struct Health<'a, T: Serialize> {
    running: bool,
    #[serde(flatten)]
    engine: &'a T,
}

#[derive(Serialize)]
struct Started<'a> {
    running: bool,
    #[serde(flatten)]
    engine: &'a EngineInfo,
    http_server: &'a HttpState,
}

/// Starts an engine in the background, or shows the one that is running, which then serves HTTP as the
/// options say. Without options, a default port that is in use is no error.
///
/// # Errors
/// `invalid_request` when HTTP cannot be served there, or `CLAUDE_WORKER_SERVER_URL` names another socket or machine;
/// errors of the start.
pub async fn start(console: &mut Console<'_>, listen: &ListenArgs) -> Result<Exit, CliError> {
    let paths = Paths::from_env()?;
    let here = EngineHere::to_start(&paths, "start")?;
    let asked = listen.start(here.http_port)?;
    let running = here.client(&paths, None);
    let before = match running.engine().await {
        Ok(_) => true,
        Err(error) if error.code == ErrorCode::Unavailable => {
            here.client(&paths, Some(starter(&paths, &asked)?)).engine().await?;
            false
        }
        Err(error) => return Err(error.into()),
    };
    // It may also be an engine that another program has started in the meantime.
    let state = serve_http(&running, asked).await?;
    let runs = if before { "runs already" } else { "runs" };
    show_started(console, &here, &running.engine().await?, &state, runs)
}

/// Shows an engine that was started. `runs` is the verb, with an adverb.
fn show_started(
    console: &mut Console<'_>,
    here: &EngineHere,
    info: &EngineInfo,
    state: &HttpState,
    runs: &str,
) -> Result<Exit, CliError> {
    if console.json {
        console.document(&Started { running: true, engine: info, http_server: state })?;
    } else {
        let workers = plural(u64::from(info.queue.workers), "worker");
        console.line(&format!("The engine {runs} as process {}, {workers}", info.pid))?;
        match &state.problem {
            // The engine runs, and a script that needs HTTP can tell.
            Some(problem) if state.url.is_none() => console.remark(&clean_line(problem))?,
            _ => console.line(&listen::shown(state))?,
        }
    }
    if let Some(port) = port_not_served(here, state) {
        console.remark(&format!(
            "The other commands look for it at port {port}, which CLAUDE_WORKER_SERVER_URL names. To serve HTTP \
             there: claude-worker server start --port {port}"
        ))?;
    }
    Ok(Exit::Done)
}

/// The port that `CLAUDE_WORKER_SERVER_URL` names, if the engine does not serve HTTP there.
fn port_not_served(here: &EngineHere, state: &HttpState) -> Option<u16> {
    let served = state.address.as_deref().and_then(|at| at.rsplit_once(':')?.1.parse().ok());
    (here.is_named_by_port && served != Some(here.http_port)).then_some(here.http_port)
}

/// Stops the engine and starts a new one.
///
/// # Errors
/// For an engine on another machine or inside the desktop app; errors of stop and start.
pub async fn restart(console: &mut Console<'_>, kill: bool) -> Result<Exit, CliError> {
    restart::restart(console, kill).await
}

/// Shows the end of the engine's log file.
///
/// # Errors
/// For an engine on another machine; when there is no log.
pub async fn logs(console: &mut Console<'_>, args: &log::Args) -> Result<Exit, CliError> {
    log::show(console, args).await
}

/// Has a running engine serve HTTP as asked. An engine that does so already changes nothing.
async fn serve_http(api: &impl TaskApi, asked: HttpStart) -> Result<HttpState, ApiError> {
    if let HttpStart::Change(change) = asked {
        return api.set_http(change).await;
    }
    let state = api.http().await?;
    let is_open = state.url.is_none() && state.change.is_none() && state.configured == AUTO;
    let HttpStart::Default(port) = asked else { return Ok(state) };
    if !is_open {
        return Ok(state);
    }
    match api.set_http(HttpChange::at_port(port)).await {
        Err(error) if error.code == ErrorCode::InvalidRequest => {
            Ok(HttpState { problem: Some(HttpState::problem_of(&error)), ..state })
        }
        done => done,
    }
}

/// Shows where the engine serves HTTP, or turns that on or off.
///
/// # Errors
/// `invalid_request` when the address cannot be used, or a switch is for an engine on another machine, which
/// it could cut off; when no engine answers.
pub async fn http(console: &mut Console<'_>, switch: Option<Switch>) -> Result<Exit, CliError> {
    if switch.is_none() {
        return http_of(&connect(&Start::Never)?, console, None, HTTP_PORT).await;
    }
    let paths = Paths::from_env()?;
    let here = EngineHere::from_env(&paths)?;
    http_of(&here.client(&paths, None), console, switch, here.http_port).await
}

async fn http_of(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    switch: Option<Switch>,
    usual_port: u16,
) -> Result<Exit, CliError> {
    let state = api.http().await?;
    let names_address = ![OFF, AUTO].contains(&state.configured.as_str());
    let state = match switch {
        None => state,
        Some(Switch::On) if state.url.is_some() => state,
        Some(Switch::On) if names_address => api.set_http(HttpChange::default()).await?,
        Some(Switch::On) => api.set_http(HttpChange::at_port(usual_port)).await?,
        Some(Switch::Off) => api.set_http(HttpChange::at(OFF)).await?,
    };
    if console.json {
        console.document(&state)?;
        return Ok(Exit::Done);
    }
    console.line(&listen::shown(&state))?;
    if state.url.is_none() && names_address && state.problem.is_none() {
        console.line(&format!(
            "The next engine serves it at {} again, as config.toml says ([http] listen)",
            clean_line(&state.configured)
        ))?;
    }
    Ok(Exit::Done)
}

/// Shows the engine that answers.
///
/// # Errors
/// When no engine answers: exit code 5.
pub async fn health(api: &impl TaskApi, console: &mut Console<'_>) -> Result<Exit, CliError> {
    let info = api.engine().await?;
    if console.json {
        console.document(&Health { running: true, engine: &info })?;
    } else {
        let text = detail::overview(&info, console.now(), console.wrap_width(), console.view.paint);
        console.print(&text)?;
    }
    Ok(Exit::Done)
}

/// Stops the engine that the environment selects and waits until its process has ended. Without one,
/// there is nothing to do.
///
/// # Errors
/// See [`stop_at`].
pub async fn stop(
    console: &mut Console<'_>,
    cancel_running: bool,
    kill: bool,
) -> Result<Exit, CliError> {
    let client = connect(&Start::Never)?;
    let paths = Paths::from_env()?;
    let lock = lock_of(&client, &paths);
    if lock.is_some()
        && let Some(pid) = silent::end(&client, &paths, kill, "stop").await?
    {
        if console.json {
            console.document(&serde_json::json!({ "killed": pid }))?;
        } else {
            console.line(&format!("{}; the next one takes over its tasks", silent::killed(pid)))?;
        }
        return Ok(Exit::Done);
    }
    match (stop_at(&client, console, cancel_running, lock).await, lock) {
        // An engine that does not answer may still run: only its lock tells.
        (Err(CliError::Api(error)), Some(lock))
            if error.code == ErrorCode::Unavailable && is_free_soon(lock).await? =>
        {
            if console.json {
                console.document(&Stopped { left_running: 0 })?;
            } else {
                console.line("No engine is running")?;
            }
            Ok(Exit::Done)
        }
        (result, _) => result,
    }
}

/// Whether no engine holds the lock, or none after a moment: one that is stopping still holds it.
async fn is_free_soon(lock: &Path) -> Result<bool, ApiError> {
    for _ in 0..100 {
        if holder(lock)? == LockHolder::Free {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(false)
}

/// Stops an engine and waits until its `lock` is free, or without a lock (an engine elsewhere), until it
/// no longer answers.
///
/// # Errors
/// `unavailable` when no engine is running; when it does not stop in time.
pub(crate) async fn stop_at(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    cancel_running: bool,
    lock: Option<&Path>,
) -> Result<Exit, CliError> {
    let mode = if cancel_running { StopMode::CancelRunning } else { StopMode::LeaveRunning };
    let stopped = stop_and_wait(api, mode, lock).await?;
    if console.json {
        console.document(&stopped)?;
    } else {
        console.line(&match stopped.left_running {
            0 => "The engine has stopped".to_owned(),
            // It stopped before it could record their ends.
            left if cancel_running => format!(
                "The engine has stopped and asked {} to end; the next engine records the outcome",
                plural(left, "running task")
            ),
            1 => "The engine has stopped. 1 task keeps running; the next engine takes it over"
                .to_owned(),
            left => format!(
                "The engine has stopped. {left} tasks keep running; the next engine takes them over"
            ),
        })?;
    }
    Ok(Exit::Done)
}

/// Refuses to stop the engine that runs the task in which this process is: nothing would start the tasks that
/// wait in its queue.
async fn refuse_inside_task(api: &impl TaskApi) -> Result<(), ApiError> {
    let Some(task) = surrounding_task(api).await? else { return Ok(()) };
    let what = format!("Task {task} may not stop the engine that runs it");
    let hint = "Stop it outside of tasks, in a terminal: claude-worker server stop";
    Err(ApiError::new(ErrorCode::Forbidden, what).hint(hint))
}

async fn stop_and_wait(
    api: &impl TaskApi,
    mode: StopMode,
    lock: Option<&Path>,
) -> Result<Stopped, ApiError> {
    refuse_inside_task(api).await?;
    let pid = api.engine().await?.pid;
    let stopped = api.stop(mode.into()).await?;
    wait_until_gone(api, pid, lock).await?;
    Ok(stopped)
}

/// Waits until the engine with this process id has ended. Another engine may have started meanwhile.
async fn wait_until_gone(
    api: &impl TaskApi,
    stopping: u32,
    lock: Option<&Path>,
) -> Result<(), ApiError> {
    let gone = async {
        // The engine sends no event about its own end. It closes its socket first and releases its lock
        // last.
        while match lock {
            Some(lock) => holds(lock, stopping)?,
            None => api.engine().await.is_ok_and(|info| info.pid == stopping),
        } {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    };
    tokio::time::timeout(GONE_WITHIN, gone).await.unwrap_or_else(|_| {
        Err(ApiError::internal(format!(
            "The engine was asked to stop, but process {stopping} is still running"
        ))
        .hint("Read its log, and check it: claude-worker server health"))
    })
}

/// Whether the engine with this process id holds the lock.
fn holds(lock: &Path, engine: u32) -> Result<bool, ApiError> {
    Ok(match holder(lock)? {
        LockHolder::Free => false,
        // Its number is missing when the disk was full; then it is the one that was asked to stop.
        LockHolder::Engine(pid) => pid.is_none_or(|pid| pid == engine),
    })
}

fn holder(lock: &Path) -> Result<LockHolder, ApiError> {
    LockHolder::of(lock)
        .map_err(|error| ApiError::internal(format!("Cannot read {}: {error}", lock.display())))
}

/// Runs the engine in this process until it is asked to stop.
///
/// # Errors
/// `locked` when another engine owns the data directory; errors of the start.
pub fn foreground(console: &mut Console<'_>, listen: &ListenArgs) -> Result<Exit, CliError> {
    let paths = Paths::from_env()?;
    let port = EngineHere::to_start(&paths, "start --foreground")?.http_port;
    let is_new = !paths.home.exists();
    host::host(Place::Terminal, listen.start(port)?, |reachable| {
        if is_new {
            tell_new_directory(&paths);
        }
        let text = format!(
            "The engine serves {}\n{}\nCtrl-C stops it; running tasks keep running",
            clean_line(&reachable.socket.display().to_string()),
            listen::shown(&reachable.http)
        );
        let _ = console.remark(&text);
    })?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_waits_only_for_the_engine_that_was_asked_to_stop() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.lock");
        assert!(!holds(&path, 4711).unwrap());
        let engine = std::fs::File::create(&path).unwrap();
        engine.try_lock().unwrap();
        assert!(holds(&path, 4711).unwrap(), "its number is not written yet");
        std::fs::write(&path, "4711\n").unwrap();
        assert!(holds(&path, 4711).unwrap());
        assert!(!holds(&path, 4712).unwrap(), "another one has come");
    }
}
