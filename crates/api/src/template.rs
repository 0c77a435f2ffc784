//! Templates: prompts with fields, from which tasks are made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Agent, NewTask, TaskChanges};

/// The longest name of a template, in characters.
pub const MAX_TEMPLATE_NAME_CHARS: usize = 100;

/// The longest prompt of a template, in bytes of UTF-8.
pub const MAX_TEMPLATE_PROMPT_BYTES: usize = 256 * 1024;

/// How many templates there can be.
pub const MAX_TEMPLATES: usize = 200;

/// What the name of a template looks like: one line of 1 to 100 characters that does not begin or end with a
/// space.
const NAME: &str =
    r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]{0,98}[^\s\x00-\x1f\x7f-\x9f])?$";

/// A prompt with fields, and further options of the tasks that are made of it.
///
/// A field is written `{{name}}`: letters, digits, `_` and `-`, a letter or `_` first, at most 40 characters.
/// `\{{name}}` is that text and no field. A shell command has no fields, because a value could become part of
/// the command by accident.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Template {
    /// Its name. No two templates have the same name; upper and lower case are not told apart.
    #[schemars(extend("pattern" = NAME))]
    pub name: String,
    /// The agent that works on the tasks.
    #[serde(default)]
    pub agent: Agent,
    /// The prompt, which is needed, and what else the tasks have. A template keeps no environment variables,
    /// because their values may be secrets, and no session to go on from.
    pub task: TaskChanges,
}

impl Template {
    /// A template that makes tasks like this one. What belongs to one task alone is left out: its name, its
    /// variables, and the session that it goes on from.
    #[must_use]
    pub fn of_task(name: &str, task: NewTask) -> Self {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            name: name.to_owned(),
            agent: task.agent,
            task: TaskChanges {
                execution_prompt: some(task.execution_prompt),
                working_directory: some(task.working_directory),
                system_prompt: task.system_prompt,
                model: task.model,
                permission_mode: task.permission_mode,
                allowed_tools: task.allowed_tools,
                disallowed_tools: task.disallowed_tools,
                add_dirs: task.add_dirs,
                mcp_config: task.mcp_config,
                settings: task.settings,
                fallback_model: task.fallback_model,
                effort: task.effort,
                json_schema: task.json_schema,
                agents: task.agents,
                agent_args: task.agent_args,
                shell: task.shell,
                limits: task.limits,
                ..TaskChanges::default()
            },
        }
    }
}

/// All templates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Templates {
    /// The templates, by name.
    pub templates: Vec<Template>,
}

/// A template to keep.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SaveTemplate {
    /// The template.
    pub template: Template,
    /// The name of the template that it takes the place of, to change or rename that one. Without it the
    /// template is a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// Names a template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateName {
    /// Its name.
    pub name: String,
}
