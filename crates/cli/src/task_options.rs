//! The options of a task that `run`, `retry`, `resume` and `edit` share.

mod env_file;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;

use claude_worker_api::{Limits, PermissionMode, TaskApi, TaskChanges, parse_duration};
use claude_worker_client::engine_is_elsewhere;

pub(crate) use values::{agent, directory, directory_elsewhere};
use values::{
    budget, env_name, file_or_json, further_directory, json_or_file_content, permission_mode,
    split_tools, task_name, variable,
};

use crate::console::Console;
use crate::error::CliError;
use crate::number::number;
use crate::shell_env::{left_out_notice, whole_env};

/// How a task begins, which `run` and `edit` share: a task that has begun keeps its name and its conversation.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct StartOptions {
    /// The name of the task; a new task without one is named by its prompt's first line
    #[arg(long, alias = "title", value_parser = task_name)]
    pub name: Option<String>,
    /// Go on from the newest conversation of Claude Code in the directory, in a copy of it
    #[arg(short, long = "continue")]
    pub continue_session: bool,
    /// Go on from this session of Claude Code, in a copy of it
    #[arg(long, value_name = "SESSION", alias = "resume", conflicts_with = "continue_session")]
    pub resume_session: Option<String>,
}

impl StartOptions {
    /// These changes, with what the options change besides.
    pub(crate) fn changes(&self, changes: TaskChanges) -> TaskChanges {
        TaskChanges {
            name: self.name.clone(),
            continue_session: self.continue_session.then_some(true),
            resume_session: self.resume_session.clone(),
            ..changes
        }
    }
}

/// How a task works. Names that Claude Code's own command line has for these options are accepted, too.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct TaskOptions {
    /// The directory to work in; of an engine on another machine, one there
    #[arg(
        short,
        long,
        short_alias = 'C',
        aliases = ["cd", "cwd", "working-directory"]
    )]
    pub dir: Option<PathBuf>,
    /// Text to append to the agent's system prompt
    #[arg(short, long, value_name = "TEXT", alias = "append-system-prompt")]
    pub system: Option<String>,
    /// The model, by name or alias
    #[arg(short, long)]
    pub model: Option<String>,
    /// Models to use when that one is overloaded, separated by commas
    #[arg(long, value_name = "MODELS")]
    pub fallback_model: Option<String>,
    /// How much the model thinks: low, medium, high, and what Claude Code has besides
    #[arg(long, value_name = "LEVEL")]
    pub effort: Option<String>,
    /// Claude Code's permission mode; a new task without it has that of the configuration, else acceptEdits
    #[arg(long, value_name = "MODE", value_parser = permission_mode())]
    pub permission_mode: Option<PermissionMode>,
    /// Check no permissions: the same as --permission-mode bypassPermissions
    #[arg(long, conflicts_with = "permission_mode")]
    pub dangerously_skip_permissions: bool,
    /// Tools allowed without asking, like Edit or "Bash(git diff:*)"; repeat it or separate them
    /// with commas
    #[arg(long, value_name = "TOOLS", alias = "allowedTools")]
    pub allowed_tools: Vec<String>,
    /// Tools that are denied, written like allowed ones
    #[arg(long, value_name = "TOOLS", alias = "disallowedTools")]
    pub disallowed_tools: Vec<String>,
    /// A further directory that Claude Code may use; can be repeated
    #[arg(long, value_name = "DIR")]
    pub add_dir: Vec<PathBuf>,
    /// MCP servers, as a JSON file or JSON; can be repeated
    #[arg(long, value_name = "FILE|JSON")]
    pub mcp_config: Vec<String>,
    /// Further settings for Claude Code, as a JSON file or JSON
    #[arg(long, value_name = "FILE|JSON")]
    pub settings: Option<String>,
    /// The JSON Schema of the answer, as a file or JSON
    #[arg(long, value_name = "FILE|JSON")]
    pub json_schema: Option<String>,
    /// Subagents, as a JSON file or JSON
    #[arg(long, value_name = "FILE|JSON")]
    pub agents: Option<String>,
    /// Stop the task after this many agent turns
    #[arg(long, value_name = "N", value_parser = number(1..=u32::MAX))]
    pub max_turns: Option<u32>,
    /// Stop the task when it has cost this much, in US dollars
    #[arg(long, value_name = "USD", value_parser = budget, allow_negative_numbers = true)]
    pub max_budget_usd: Option<f64>,
    /// Stop the run after this time, like 90s, 10m or 2h; 0 means never
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<u64>,
    /// Stop the run when the agent has printed nothing for this time; 0 means never
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub silence: Option<u64>,
    /// Pass on an environment variable of this shell, by name; can be repeated
    #[arg(long, value_name = "NAME", value_parser = env_name)]
    pub env: Vec<String>,
    /// Pass on the variables of a file with NAME=value lines; can be repeated
    #[arg(long, value_name = "FILE")]
    pub env_file: Vec<PathBuf>,
    /// Pass on all environment variables of this shell, PATH as it is; only to an engine on this machine
    #[arg(long)]
    pub env_all: bool,
    /// Everything after -- is for Claude Code: --agent-args -- --chrome
    #[arg(long)]
    pub agent_args: bool,
    /// Further arguments for Claude Code
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub after_dashes: Vec<String>,
}

impl TaskOptions {
    /// The variables that are given to the task: all, then those of files, then those that are named.
    async fn variables(
        &self,
        api: &impl TaskApi,
        console: &mut Console<'_>,
    ) -> Result<BTreeMap<String, String>, CliError> {
        let mut variables = BTreeMap::new();
        let mut notice = None;
        if self.env_all {
            let all = whole_env(api).await?;
            notice = left_out_notice("--env-all", &all);
            variables = all.passed;
        }
        for file in &self.env_file {
            variables.extend(env_file::read(file)?);
        }
        for name in &self.env {
            variables.extend([variable(name)?]);
        }
        if let Some(notice) = notice {
            console.notice(&notice);
        }
        Ok(variables)
    }

    /// The prompt that stands behind the dashes, as in `run -- "- a list"`, and the other options.
    pub(crate) fn split_first_behind(mut self, has_prompt: bool) -> (Option<String>, Self) {
        if has_prompt || self.agent_args || self.after_dashes.is_empty() {
            return (None, self);
        }
        let prompt = self.after_dashes.remove(0);
        (Some(prompt), self)
    }

    /// What the options change in a task. Paths become absolute.
    ///
    /// # Errors
    /// A usage error for a value that cannot be used.
    pub(crate) async fn changes(
        &self,
        api: &impl TaskApi,
        console: &mut Console<'_>,
    ) -> Result<TaskChanges, CliError> {
        // First, because it mostly needs no engine.
        let env = self.variables(api, console).await?;
        let names_files = self.dir.is_some()
            || self.settings.is_some()
            || !self.add_dir.is_empty()
            || !self.mcp_config.is_empty();
        let elsewhere = names_files && engine_is_elsewhere(api).await?;
        let dir = self.dir.as_deref();
        let working_directory = match dir {
            None => None,
            Some(_) if elsewhere => Some(directory_elsewhere(dir)?),
            Some(_) => Some(directory(dir)?),
        };
        let bypass = self.dangerously_skip_permissions.then_some(PermissionMode::BypassPermissions);
        let json = |option, value: &Option<String>| {
            value.as_deref().map(|value| json_or_file_content(option, value)).transpose()
        };
        Ok(TaskChanges {
            working_directory,
            system_prompt: self.system.clone(),
            model: self.model.clone(),
            permission_mode: self.permission_mode.or(bypass),
            allowed_tools: self.allowed_tools.iter().flat_map(|of| split_tools(of)).collect(),
            disallowed_tools: self.disallowed_tools.iter().flat_map(|of| split_tools(of)).collect(),
            add_dirs: self
                .add_dir
                .iter()
                .map(|path| further_directory(path, elsewhere))
                .collect::<Result<_, _>>()?,
            mcp_config: self
                .mcp_config
                .iter()
                .map(|value| file_or_json("--mcp-config", value, elsewhere))
                .collect::<Result<_, _>>()?,
            settings: self
                .settings
                .as_deref()
                .map(|value| file_or_json("--settings", value, elsewhere))
                .transpose()?,
            fallback_model: self.fallback_model.clone(),
            effort: self.effort.clone(),
            json_schema: json("--json-schema", &self.json_schema)?,
            agents: json("--agents", &self.agents)?,
            agent_args: self.after_dashes.clone(),
            limits: Limits {
                max_turns: self.max_turns,
                max_budget_usd: self.max_budget_usd,
                timeout_ms: self.timeout,
                silence_ms: self.silence,
            },
            env,
            ..TaskChanges::default()
        })
    }
}
