//! What a run's supervisor and agent are given.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use claude_worker_agents::{Program, Session, can};
use claude_worker_api::{ApiError, Capability, RunId, Traceparent};
use claude_worker_supervisor::Spec;

use super::super::PlannedRun;
use super::super::run_ending::RunEnding;
use super::Follower;
use crate::locate::LocateError;
use crate::state::Plan;
use crate::{EngineError, RunTrace, claude_help, env_file, locate, trust};

/// The variable by which a program learns which trace it belongs to.
const TRACEPARENT: &str = "TRACEPARENT";

/// The span that an agent's own spans belong to: that of the run when there is one, otherwise the one in
/// which the task was submitted.
fn traceparent(
    run: &RunId,
    submitted_in: Option<Traceparent>,
    traces_runs: bool,
) -> Option<Traceparent> {
    if traces_runs { Some(RunTrace::of(run, submitted_in).span) } else { submitted_in }
}

/// Why an agent has no program.
#[derive(Debug, thiserror::Error)]
enum NoProgram {
    #[error("There is no agent {0}")]
    Agent(&'static str),
    #[error(transparent)]
    Claude(LocateError),
    #[error(transparent)]
    Shell(ApiError),
}

impl Follower {
    /// The supervisor's specification, and the agent's standard input.
    pub(super) fn spec(&self) -> Result<(Spec, Vec<u8>), RunEnding> {
        let never = |message| RunEnding::CannotStart { message };
        let PlannedRun { task, run, request, env_files, plan, .. } = &self.planned;
        let config = self.runs.config.now();
        let session = match plan {
            Plan::New => Session::New,
            Plan::Resume { session_id, follow_up } => Session::Resume { session_id, follow_up },
            // Not dispatched.
            Plan::Unknown(plan) => return Err(never(format!("There is no plan {}", plan.name))),
        };
        let mut launch = claude_worker_agents::launch(request, config.permission_mode, &session)
            .map_err(|error| never(error.to_string()))?;
        // Decided anew at each launch: the directory and what is trusted may have changed since.
        let directory = Path::new(&request.working_directory);
        if self.planned.agent_asked
            && can(request.agent, Capability::ProjectSettings)
            && let Some(untrusted) = trust::untrusted_for_agents(&self.runs.paths.trust, directory)
        {
            tracing::info!(untrusted = %untrusted.display(), "without the project's settings");
            launch.leave_out_project_settings();
        }
        if config.agents.live_text {
            launch.show_live_text(request.agent);
        }
        if !Path::new(&request.working_directory).is_dir() {
            return Err(never(format!("The directory {} is gone", request.working_directory)));
        }
        let names = request.env.keys().map(String::as_str);
        let unread = |error: EngineError| {
            let reason = error.to_string();
            // Too many open files, say, is no reason to give the task up.
            if error.is_passing() {
                RunEnding::NeverStarted { reason, passing: true }
            } else {
                never(reason)
            }
        };
        let env_directory = &self.runs.paths.env;
        let own =
            env_file::read_given(env_directory, env_files.given.as_ref(), names).map_err(unread)?;
        let of_shell = match &env_files.of_shell {
            Some(file) => env_file::read_of_shell(env_directory, file).map_err(unread)?,
            None => BTreeMap::new(),
        };
        let environment = |removed: &[String]| {
            let mut env = self.with_login_environment(of_shell.clone(), own.contains_key("PATH"));
            // They belong to the session in which the task was submitted.
            env.retain(|name, _| !removed.contains(name));
            env.extend(launch.env.clone());
            env.extend(own.clone());
            env
        };
        let begin = Instant::now();
        let mut env = environment(&launch.env_remove);
        let mut program = self.program(&env);
        if matches!(program, Err(NoProgram::Claude(LocateError::Missing)))
            && self.runs.login_shell.renew_since(begin)
        {
            // It was installed, or another version of Node was made the default, since the shell was asked.
            env = environment(&launch.env_remove);
            program = self.program(&env);
        }
        let program = program.map_err(|error| never(error.to_string()))?;
        if claude_worker_agents::program(request.agent) == Some(Program::ClaudeCode) {
            let path = env.get("PATH").map(OsStr::new);
            claude_help::check(&program, request, path).map_err(never)?;
        }
        let traces_runs = config.telemetry.otlp_endpoint.is_some();
        if let Some(traceparent) = traceparent(run, request.traceparent, traces_runs)
            && !env.contains_key(TRACEPARENT)
        {
            launch.env_remove.retain(|name| name != TRACEPARENT);
            env.insert(TRACEPARENT.to_owned(), traceparent.to_string());
        }
        let timeout = request.limits.timeout_ms.unwrap_or(config.limits.timeout_ms);
        let spec = Spec {
            run: run.clone(),
            task: *task,
            program: program.to_string_lossy().into_owned(),
            args: launch.args,
            directory: request.working_directory.clone(),
            env,
            env_remove: launch.env_remove,
            merge_stderr: launch.merge_stderr,
            timeout_ms: Some(timeout).filter(|limit| *limit > 0),
            silence_ms: self.silence_limit(),
            grace_ms: config.limits.grace_ms,
            output_cap_bytes: config.caps.output_per_run,
            live_prefix: launch.live_prefix.map(str::to_owned),
            has_ready: true,
            wakeup_pipe: Some(self.runs.paths.wakeup_pipe.clone()),
        };
        Ok((spec, launch.stdin))
    }

    /// The agent's program, as it is found with these variables.
    fn program(&self, env: &BTreeMap<String, String>) -> Result<PathBuf, NoProgram> {
        let request = &self.planned.request;
        let path = env.get("PATH").map(OsStr::new);
        match claude_worker_agents::program(request.agent) {
            Some(Program::At(program)) => match &request.shell {
                Some(shell) => locate::shell(shell, path).map_err(NoProgram::Shell),
                None => Ok(PathBuf::from(program)),
            },
            Some(Program::ClaudeCode) => {
                let config = self.runs.config.now();
                let configured = config.agents.claude.as_deref().map(Path::new);
                let found = locate::claude(configured, path, &self.runs.login_shell);
                found.map(|found| found.path).map_err(NoProgram::Claude)
            }
            None => Err(NoProgram::Agent(request.agent.name())),
        }
    }

    /// The variables of the shell that submitted the task, with what is missing of where this person's
    /// programs are: the login shell is asked for that. Not for a task that was given a `PATH` by name.
    fn with_login_environment(
        &self,
        mut env: BTreeMap<String, String>,
        has_path: bool,
    ) -> BTreeMap<String, String> {
        if has_path {
            return env;
        }
        let login_shell = &self.runs.login_shell;
        if let Some(path) = login_shell.path_for(env.get("PATH").map(String::as_str)) {
            env.insert("PATH".to_owned(), path);
        }
        let answer = login_shell.answer_for(env.get("PATH").map(String::as_str));
        let Some(environment) = answer.environment() else { return env };
        for (name, value) in environment.variables() {
            if !env.contains_key(name) && std::env::var_os(name).is_none() {
                env.insert(name.clone(), value.clone());
            }
        }
        env
    }

    /// How long the agent may print nothing, in milliseconds.
    pub(super) fn silence_limit(&self) -> Option<u64> {
        // Other agents may well be silent for hours.
        let default = if can(self.planned.request.agent, Capability::SilenceLimit) {
            self.runs.config.now().limits.silence_ms
        } else {
            0
        };
        Some(self.planned.request.limits.silence_ms.unwrap_or(default)).filter(|limit| *limit > 0)
    }
}
