//! What a request changes in a task that exists.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::submit::{NAME, PROMPT};
use crate::{ApiError, Limits, NewTask, PermissionMode, SHELLS};

/// What is changed in a task. A field that is left out changes nothing. The fields are those of
/// [`NewTask`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskChanges {
    /// Another prompt or command.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = PROMPT))]
    pub execution_prompt: Option<String>,
    /// Another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = NAME, "maxLength" = 200))]
    pub name: Option<String>,
    /// Another directory to work in: the absolute path of an existing one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// Another text to append to the agent's own system prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// Another model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Another permission mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission_mode: Option<PermissionMode>,
    /// Tools that are allowed, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_tools: Vec<String>,
    /// Tools that are denied, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disallowed_tools: Vec<String>,
    /// Further directories that Claude Code may use, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_dirs: Vec<String>,
    /// Further MCP servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mcp_config: Vec<String>,
    /// Other further settings for Claude Code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// Other models to use when the first one is overloaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_model: Option<String>,
    /// How much the model thinks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// Another JSON Schema of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_schema: Option<String>,
    /// Other subagents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<String>,
    /// Whether it goes on from the newest conversation in the working directory; `true` takes
    /// [`NewTask::resume_session`] away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continue_session: Option<bool>,
    /// The session to go on from; it takes [`NewTask::continue_session`] away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_session: Option<String>,
    /// Further arguments for Claude Code, in place of those that the task has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agent_args: Vec<String>,
    /// The shell that runs the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = SHELLS))]
    pub shell: Option<String>,
    /// Other limits. One that is left out stays.
    #[serde(skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// Environment variables that are set, too. As in [`NewTask::env`], no client gets them back.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

impl Limits {
    /// Whether no limit is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl TaskChanges {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses values that this version does not know.
    ///
    /// # Errors
    /// `invalid_request` naming the value.
    pub fn check_known(&self) -> Result<(), ApiError> {
        self.permission_mode.map_or(Ok(()), PermissionMode::check_known)
    }

    /// Changes a task. The values of `env` are set as they are given; the caller keeps them private.
    /// Doing it twice changes nothing more.
    pub fn apply(&self, task: &mut NewTask) {
        let Self {
            execution_prompt,
            name,
            working_directory,
            system_prompt,
            model,
            permission_mode,
            allowed_tools,
            disallowed_tools,
            add_dirs,
            mcp_config,
            settings,
            fallback_model,
            effort,
            json_schema,
            agents,
            continue_session,
            resume_session,
            agent_args,
            shell,
            limits,
            env,
        } = self;
        set(&mut task.execution_prompt, execution_prompt);
        set(&mut task.working_directory, working_directory);
        set_option(&mut task.name, name);
        set_option(&mut task.system_prompt, system_prompt);
        set_option(&mut task.model, model);
        set_option(&mut task.permission_mode, permission_mode);
        // What was said last counts: Claude Code denies a tool that is on both lists.
        task.disallowed_tools.retain(|tool| !allowed_tools.contains(tool));
        task.allowed_tools.retain(|tool| !disallowed_tools.contains(tool));
        add(&mut task.allowed_tools, allowed_tools);
        add(&mut task.disallowed_tools, disallowed_tools);
        add(&mut task.add_dirs, add_dirs);
        add(&mut task.mcp_config, mcp_config);
        set_option(&mut task.settings, settings);
        set_option(&mut task.fallback_model, fallback_model);
        set_option(&mut task.effort, effort);
        set_option(&mut task.json_schema, json_schema);
        set_option(&mut task.agents, agents);
        if let Some(continues) = continue_session {
            task.continue_session = *continues;
            if *continues {
                task.resume_session = None;
            }
        }
        if resume_session.is_some() {
            task.resume_session.clone_from(resume_session);
            task.continue_session = false;
        }
        if !agent_args.is_empty() {
            task.agent_args.clone_from(agent_args);
        }
        set_option(&mut task.shell, shell);
        let Limits { max_turns, max_budget_usd, timeout_ms, silence_ms } = limits;
        set_option(&mut task.limits.max_turns, max_turns);
        set_option(&mut task.limits.max_budget_usd, max_budget_usd);
        set_option(&mut task.limits.timeout_ms, timeout_ms);
        set_option(&mut task.limits.silence_ms, silence_ms);
        task.env.extend(env.clone());
    }
}

fn set<T: Clone>(field: &mut T, value: &Option<T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

fn set_option<T: Clone>(field: &mut Option<T>, value: &Option<T>) {
    if value.is_some() {
        field.clone_from(value);
    }
}

/// Adds those that are not there yet.
fn add(list: &mut Vec<String>, more: &[String]) {
    for one in more {
        if !list.contains(one) {
            list.push(one.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn lists_grow_and_other_fields_are_replaced() {
        let mut task = NewTask {
            execution_prompt: "Do it".to_owned(),
            model: Some("opus".to_owned()),
            allowed_tools: list(&["Read", "Edit"]),
            disallowed_tools: list(&["Bash", "WebFetch"]),
            agent_args: list(&["--chrome"]),
            limits: Limits { max_turns: Some(3), timeout_ms: Some(5), ..Limits::default() },
            ..NewTask::default()
        };
        let before = task.clone();
        TaskChanges::default().apply(&mut task);
        assert_eq!(task, before);
        let changes = TaskChanges {
            allowed_tools: list(&["Bash", "Read"]),
            disallowed_tools: list(&["Edit"]),
            agent_args: list(&["--no-chrome"]),
            limits: Limits { max_turns: Some(6), ..Limits::default() },
            resume_session: Some("x".to_owned()),
            ..TaskChanges::default()
        };
        for _ in 0..2 {
            changes.apply(&mut task);
            assert_eq!(task.allowed_tools, ["Read", "Bash"]);
            assert_eq!(task.disallowed_tools, ["WebFetch", "Edit"]);
            assert_eq!(task.agent_args, ["--no-chrome"]);
            assert_eq!((task.limits.max_turns, task.limits.timeout_ms), (Some(6), Some(5)));
            assert_eq!(task.model.as_deref(), Some("opus"));
        }
        let changes = TaskChanges { continue_session: Some(true), ..TaskChanges::default() };
        changes.apply(&mut task);
        assert!(task.continue_session && task.resume_session.is_none());
    }
}
