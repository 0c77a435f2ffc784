//! Starting the agent.

use std::fs::File;
use std::io::{self, PipeReader};
use std::path::Path;
use std::process::Command;

use claude_worker_api::{RUN_MARKER, TASK_MARKER};
use claude_worker_os::files::is_shortage;
use claude_worker_os::process;

use crate::fault::FAULT_VARIABLE;
use crate::{RunDir, Spec};

/// An agent that was started.
pub(crate) struct Agent {
    /// Its process, a child of this one.
    pub(crate) pid: u32,
    /// Its standard output.
    pub(crate) stdout: PipeReader,
    /// Its standard error, unless that goes into `stdout`.
    pub(crate) stderr: Option<PipeReader>,
}

/// Why there is no agent.
#[derive(Debug)]
pub(crate) struct NotStarted {
    /// A sentence for people: what could not be done.
    pub(crate) message: String,
    /// Whether it may well work in a moment.
    pub(crate) passing: bool,
}

impl NotStarted {
    fn because(error: &io::Error, message: String) -> Self {
        Self { message, passing: is_shortage(error) }
    }
}

/// Starts the agent in a session of its own. It dies when this thread does.
///
/// # Errors
/// [`NotStarted`]; then nothing of it has run.
pub(crate) fn start(spec: &Spec, dir: &RunDir) -> Result<Agent, NotStarted> {
    let pipes =
        |e: io::Error| NotStarted::because(&e, format!("The agent's pipes could not be made: {e}"));
    let (stdout, stdout_end) = io::pipe().map_err(pipes)?;
    let (stderr, stderr_end) = if spec.merge_stderr {
        (None, stdout_end.try_clone().map_err(pipes)?)
    } else {
        let (reader, writer) = io::pipe().map_err(pipes)?;
        (Some(reader), writer)
    };
    let stdin_path = dir.stdin_path();
    let stdin = File::open(&stdin_path).map_err(|e| {
        let message = format!("The agent's input {} cannot be read: {e}", stdin_path.display());
        NotStarted::because(&e, message)
    })?;

    let mut command = Command::new(&spec.program);
    command.args(&spec.args).current_dir(&spec.directory);
    command.stdin(stdin).stdout(stdout_end).stderr(stderr_end);
    for name in &spec.env_remove {
        command.env_remove(name);
    }
    command.envs(&spec.env);
    command.env_remove(FAULT_VARIABLE);
    command.env(RUN_MARKER, spec.run.as_str()).env(TASK_MARKER, spec.task.to_string());
    process::make_dependent(&mut command);
    // Dropping `command` afterwards closes our copies of the pipes' writing ends.
    match command.spawn() {
        Ok(child) => Ok(Agent { pid: child.id(), stdout, stderr }),
        Err(e) => Err(NotStarted::because(&e, why_not(spec, &e))),
    }
}

/// The system says "not found" for a missing program and for a missing directory alike.
fn why_not(spec: &Spec, error: &io::Error) -> String {
    let Spec { program, directory, .. } = spec;
    match std::fs::metadata(directory) {
        Err(e) => return format!("The directory {directory} cannot be entered: {e}"),
        Ok(found) if !found.is_dir() => return format!("{directory} is not a directory"),
        Ok(_) => {}
    }
    if error.kind() != io::ErrorKind::NotFound {
        return format!("{program} could not be started in {directory}: {error}");
    }
    if Path::new(program).components().count() > 1 {
        format!("The program {program} (or its interpreter) does not exist")
    } else {
        format!("The program {program} is not in PATH")
    }
}
