//! Examples of requests, for the description and the documentation.

use serde_json::Value;

/// An example of a request's body.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// The method, by its name.
    pub method: &'static str,
    /// What tells it from the other examples of the method.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// The body, as JSON text.
    pub json: &'static str,
}

impl Example {
    /// The body.
    #[must_use]
    pub fn body(&self) -> Value {
        serde_json::from_str(self.json).unwrap_or_default()
    }
}

/// The examples of all methods.
#[must_use]
pub const fn examples() -> &'static [Example] {
    EXAMPLES
}

const EXAMPLES: &[Example] = &[
    Example {
        method: "submit",
        name: "prompt",
        summary: "A prompt for Claude Code",
        json: r#"{
            "execution_prompt": "Build a todo app with FastAPI",
            "working_directory": "/home/me/project",
            "system_prompt": "You are a Python expert"
        }"#,
    },
    Example {
        method: "submit",
        name: "limits",
        summary: "With limits, a model and allowed tools",
        json: r#"{
            "execution_prompt": "Fix the failing tests",
            "working_directory": "/home/me/project",
            "name": "Fix the tests",
            "model": "opus",
            "permission_mode": "acceptEdits",
            "allowed_tools": ["Bash(cargo test:*)"],
            "limits": { "max_turns": 40, "max_budget_usd": 2.5, "timeout_ms": 1800000 },
            "idempotency_key": "fix-tests-2026-11-29"
        }"#,
    },
    Example {
        method: "submit",
        name: "shell",
        summary: "A command instead of a prompt",
        json: r#"{
            "execution_prompt": "make test",
            "working_directory": "/home/me/project",
            "agent": "shell"
        }"#,
    },
    Example {
        method: "submit_batch",
        name: "two",
        summary: "Two tasks in one step",
        json: r#"{
            "tasks": [
                { "execution_prompt": "Write the tests", "working_directory": "/home/me/project" },
                { "execution_prompt": "Write the docs", "working_directory": "/home/me/project" }
            ],
            "idempotency_key": "tests-and-docs"
        }"#,
    },
    Example {
        method: "submit_for_mcp",
        name: "prompt",
        summary: "A prompt for Claude Code",
        json: r#"{
            "execution_prompt": "Build a todo app with FastAPI",
            "working_directory": "/home/me/project",
            "system_prompt": "You are a Python expert",
            "model": "sonnet"
        }"#,
    },
    Example { method: "retry", name: "retry", summary: "Asked by a person", json: "{}" },
    Example {
        method: "retry",
        name: "changes",
        summary: "With another model and one more tool, which the task keeps",
        json: r#"{ "changes": { "model": "opus", "allowed_tools": ["Bash(cargo test:*)"] } }"#,
    },
    Example {
        method: "edit",
        name: "prompt",
        summary: "Another prompt, and more time",
        json: r#"{
            "changes": {
                "execution_prompt": "Write the tests first",
                "limits": { "timeout_ms": 3600000 }
            }
        }"#,
    },
    Example {
        method: "move_task",
        name: "first",
        summary: "To the beginning of the queue, so that it starts next",
        json: r#"{ "to": "first" }"#,
    },
    Example {
        method: "move_task",
        name: "before",
        summary: "Directly before task 12",
        json: r#"{ "to": "before:12" }"#,
    },
    Example {
        method: "resume",
        name: "message",
        summary: "A further message in the session",
        json: r#"{ "prompt": "Now write the documentation, too" }"#,
    },
    Example {
        method: "clean",
        name: "dry run",
        summary: "What would be removed of tasks that ended a week ago",
        json: r#"{ "older_than_ms": 604800000, "dry_run": true }"#,
    },
    Example { method: "seen", name: "some", summary: "Two tasks", json: r#"{ "ids": [1, 2] }"# },
    Example {
        method: "create_token",
        name: "ci",
        summary: "For a program that submits tasks, for 30 days",
        json: r#"{ "name": "ci", "scope": "submit", "expires_after_ms": 2592000000 }"#,
    },
    Example {
        method: "save_template",
        name: "new",
        summary: "A prompt with two fields, and a model",
        json: r#"{
            "template": {
                "name": "Review a file",
                "task": { "execution_prompt": "Review {{file}} for {{focus}}", "model": "opus" }
            }
        }"#,
    },
    Example {
        method: "save_template",
        name: "rename",
        summary: "Another name and prompt for a template",
        json: r#"{
            "template": { "name": "Audit", "task": { "execution_prompt": "Audit {{file}}" } },
            "replaces": "Review a file"
        }"#,
    },
    Example {
        method: "remove_template",
        name: "remove",
        summary: "Remove a template",
        json: r#"{ "name": "Audit" }"#,
    },
    Example {
        method: "set_paused",
        name: "pause",
        summary: "Start no further task",
        json: r#"{ "paused": true }"#,
    },
    Example {
        method: "set_settings",
        name: "workers",
        summary: "Run eight tasks at once, each for at most 90 minutes",
        json: r#"{ "workers": 8, "limits": { "timeout": "90m" } }"#,
    },
];
