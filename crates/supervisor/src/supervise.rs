//! The life of a supervisor process, from its start to `exit.json`.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use claude_worker_api::Timestamp;
use claude_worker_os::files::{self, Replace};
use claude_worker_os::signal::Signals;
use claude_worker_os::{pipe, process};

use crate::live_lines::LiveLines;
use crate::output::Output;
use crate::output_file::OutputFile;
use crate::run_log::RunLog;
use crate::tree::Tree;
use crate::wakeup::WakeupSender;
use crate::watch::{Cause, Ended, Watch};
use crate::{
    EndedBy, Ending, Exit, RunDir, Spec, Started, SupervisorError, agent, fault_point, spare,
    stopped_supervisor,
};

/// Between two attempts to record the end on a full disk.
const RECORD_INTERVAL: Duration = Duration::from_millis(250);

/// How a file is written where an agent may have put something in its place.
const IN_RUN_DIRECTORY: Replace =
    Replace { flush: false, clear_directory: true, permissions: None };

/// The result of a supervisor process, with the exit code that its engine sees.
enum Outcome {
    /// `exit.json` is written: 0.
    Recorded,
    /// Another supervisor has or had this run, or it was revoked or deleted: 3. Nothing was
    /// started.
    NotOurs,
    /// Ended by SIGTERM (the machine shuts down): the tree is ended. No request of the engine asked
    /// for that, so nothing is recorded and the run counts as lost: 4.
    Terminated,
    /// It was a spare, and its engine has gone: 0.
    NotNeeded,
}

/// The supervisor process's main. Call it first thing, from the main thread (the agent is killed
/// when that thread ends), with the last argument of the process, and exit with what it returns:
/// 0 when the run's end is recorded, 3 when the run was not to be started, 4 after SIGTERM, 1
/// when it could not even begin.
#[must_use]
pub fn run(argument: &Path) -> ExitCode {
    let outcome = if spare::is_asked_to_stand_by(argument) {
        stand_by()
    } else {
        std::path::absolute(argument).map_err(SupervisorError::io("find", argument)).and_then(
            |path| {
                process::detach().map_err(SupervisorError::io("detach for", &path))?;
                supervise(&path)
            },
        )
    };
    match outcome {
        Ok(Outcome::Recorded | Outcome::NotNeeded) => ExitCode::SUCCESS,
        Ok(Outcome::NotOurs) => ExitCode::from(3),
        Ok(Outcome::Terminated) => ExitCode::from(4),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what can be done without knowing the run, waits for it, and goes on with it.
fn stand_by() -> Result<Outcome, SupervisorError> {
    let place = Path::new("standard input");
    process::detach().map_err(SupervisorError::io("detach for", place))?;
    process::name_this_process("cw-spare");
    // Signals keep their usual effect meanwhile: ending a spare harms nothing.
    match spare::wait_for_a_run().map_err(SupervisorError::io("read", place))? {
        Some(run_dir) => supervise(&run_dir),
        None => Ok(Outcome::NotNeeded),
    }
}

/// A run from its lock to its record. The process has been detached, and the path is absolute.
fn supervise(path: &Path) -> Result<Outcome, SupervisorError> {
    let dir = RunDir::at(path);
    let mut log = RunLog::new(dir.log_path());
    log.add(format_args!("supervisor started with pid {}", std::process::id()));
    supervise_logged(&dir, &mut log).inspect_err(|error| log.error(error))
}

fn supervise_logged(dir: &RunDir, log: &mut RunLog) -> Result<Outcome, SupervisorError> {
    let path = dir.path();
    let signals = Signals::install().map_err(SupervisorError::io("get signals for", path))?;

    // Everything by its full path, never through an open directory: once the run is deleted, all
    // of this fails, and nothing is started.
    let Some(lock) = dir.lock_for_life()? else { return Ok(Outcome::NotOurs) };
    fault_point("supervisor.locked");
    if dir.has(&dir.revoked_path())? || dir.has(&dir.spawning_path())? {
        return Ok(Outcome::NotOurs);
    }
    let Some(spec) = dir.read::<Spec>(&dir.spec_path())? else { return Ok(Outcome::NotOurs) };
    process::name_this_process(&format!("cw-task-{}", spec.task));
    process::show_command_line(&format!("claude-worker: task {}", spec.task));

    let tree = Tree::of_this_process(spec.run.as_str()).map_err(SupervisorError::NoProcessTable)?;
    // All that can fail for want of room comes before `spawning`: then the run has not started,
    // and the engine can try it again.
    let stdout = create_output(&dir.stdout_path())?;
    let stderr = if spec.merge_stderr { None } else { Some(create_output(&dir.stderr_path())?) };
    let control = pipe::listen(&dir.control_path())
        .map_err(SupervisorError::io("listen on", &dir.control_path()))?;
    dir.claim(&spec)?;
    fault_point("supervisor.spawning");

    let mut wakeups = WakeupSender::new(spec.wakeup_pipe.clone(), spec.run.clone());
    // From here on a request to end rings the control pipe; this is for the ones before.
    if dir.has(&dir.cancel_path())? {
        let never = Ended::without_start(Ending::NotStarted, EndedBy::Cancel);
        log.note("agent not started: the end of the run was requested before");
        return Ok(record(dir, never, None, &mut wakeups, log));
    }
    let agent = match agent::start(&spec, dir) {
        Ok(agent) => agent,
        Err(agent::NotStarted { message, passing }) => {
            // Where descriptors are what is missing, the record needs those that are of no use now.
            drop((stdout, stderr, control));
            log.note(format_args!("agent not started: {message}"));
            let ending = Ending::SpawnFailed { message, passing };
            let failed = Ended::without_start(ending, EndedBy::Itself);
            return Ok(record(dir, failed, None, &mut wakeups, log));
        }
    };
    fault_point("supervisor.spawned");
    let started = Started { pid: agent.pid, at: Timestamp::now() };
    // Only for information: without room on the disk the run goes on.
    if let Ok(json) = serde_json::to_vec(&started) {
        let _ = files::replace(&dir.started_path(), &json, &IN_RUN_DIRECTORY);
    }
    stopped_supervisor::write_holder(&lock);
    wakeups.started();
    log.note(format_args!("agent started with pid {}", agent.pid));
    fault_point("supervisor.started");

    let streams = std::iter::once((agent.stdout, stdout)).chain(agent.stderr.zip(stderr));
    let output = Output::new(streams, spec.output_cap_bytes)
        .without_live_lines(live_lines(&spec, &dir.live_path()));
    let ended = Watch::new(&spec, agent.pid, tree, output, &control, &signals, &mut wakeups, log)
        .until_the_tree_is_gone();
    log.note(format_args!(
        "process tree ended: {} bytes of standard output, {} of standard error, {} processes that \
         outlived the agent",
        ended.stdout_bytes, ended.stderr_bytes, ended.leftovers
    ));
    // What it had of texts that were not finished is of no use any more.
    if spec.live_prefix.is_some() {
        drop(std::fs::remove_file(dir.live_path()));
    }
    fault_point("supervisor.tree_ended");
    Ok(record(dir, ended, Some(started.at), &mut wakeups, log))
}

/// What takes the live lines out of the output. Where their file cannot be made, the run goes on without.
fn live_lines(spec: &Spec, path: &Path) -> Option<LiveLines> {
    let prefix = spec.live_prefix.as_deref()?;
    let file =
        files::without_waiting_or_links_private(OpenOptions::new().create(true).append(true))
            .open(path)
            .ok()?;
    LiveLines::new(prefix, file)
}

fn create_output(path: &Path) -> Result<OutputFile, SupervisorError> {
    files::without_waiting_or_links_private(OpenOptions::new().create(true).append(true))
        .open(path)
        .map(OutputFile::new)
        .map_err(SupervisorError::io("create", path))
}

/// Writes `exit.json`, however long it takes to find room for it, and sends the wakeup.
fn record(
    dir: &RunDir,
    ended: Ended,
    started_at: Option<Timestamp>,
    wakeups: &mut WakeupSender,
    log: &mut RunLog,
) -> Outcome {
    let Cause::By(ended_by) = ended.cause else {
        log.note("the end is not recorded: no request of the engine's asked for it");
        wakeups.ended();
        return Outcome::Terminated;
    };
    let exit = Exit {
        ending: ended.ending,
        ended_by,
        started_at,
        ended_at: Timestamp::now(),
        stdout_bytes: ended.stdout_bytes,
        stderr_bytes: ended.stderr_bytes,
        leftovers: ended.leftovers,
    };
    let json = serde_json::to_vec(&exit).unwrap_or_default();
    let flushed = Replace { flush: true, ..IN_RUN_DIRECTORY };
    let mut failed = false;
    while let Err(error) = files::replace(&dir.exit_path(), &json, &flushed) {
        if !std::mem::replace(&mut failed, true) {
            log.error(&SupervisorError::io("write", &dir.exit_path())(error));
        }
        if !dir.path().exists() {
            return Outcome::NotOurs;
        }
        std::thread::sleep(RECORD_INTERVAL);
    }
    fault_point("supervisor.exit_written");
    log.add("the end is recorded in exit.json");
    log.write_if_open();
    wakeups.ended();
    Outcome::Recorded
}
