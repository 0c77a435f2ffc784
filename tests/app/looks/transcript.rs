//! Builds the output of Claude Code (`--output-format stream-json`). The shapes are those of the recorded
//! transcripts in crates/agents/tests/transcripts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// How a tool call ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Failed,
    Denied,
}

/// What an agent prints, a line for each message.
pub(crate) struct Transcript {
    lines: Vec<Value>,
    calls: usize,
    denied: Vec<Value>,
    /// When the next line is printed.
    at: SystemTime,
}

impl Transcript {
    /// An agent that began to work at this time.
    pub(crate) fn new(directory: &str, model: &str, began: SystemTime) -> Self {
        let start = json!({
            "type": "system",
            "subtype": "init",
            "cwd": directory,
            "model": model,
            "claude_code_version": "2.1.330",
            "tools": [],
        });
        let mut transcript = Self { lines: Vec::new(), calls: 0, denied: Vec::new(), at: began };
        transcript.print(start);
        transcript
    }

    pub(crate) fn says(mut self, text: &str) -> Self {
        self.assistant(&json!({ "type": "text", "text": text }), 2000);
        self
    }

    pub(crate) fn thinks(mut self, thinking: &str) -> Self {
        self.assistant(&json!({ "type": "thinking", "thinking": thinking }), 2000);
        self
    }

    /// Calls a tool and gets this answer after so many milliseconds.
    pub(crate) fn calls(mut self, name: &str, input: &Value, answer: &str, took: u64) -> Self {
        self.starts(name, input);
        self.answers(name, input, answer, took, Outcome::Done);
        self
    }

    /// Calls a tool that does not do its work.
    pub(crate) fn fails(mut self, name: &str, input: &Value, answer: &str, how: Outcome) -> Self {
        self.starts(name, input);
        self.answers(name, input, answer, 150, how);
        self
    }

    /// Calls a tool that is still at work.
    pub(crate) fn waits_for(mut self, name: &str, input: &Value) -> Self {
        self.starts(name, input);
        self
    }

    pub(crate) fn retries(mut self, attempt: u32, delay: u64, status: u16, error: &str) -> Self {
        self.at += Duration::from_millis(delay);
        self.print(json!({
            "type": "system",
            "subtype": "api_retry",
            "attempt": attempt,
            "max_retries": 10,
            "retry_delay_ms": delay,
            "error_status": status,
            "error": error,
        }));
        self
    }

    /// The account's usage limit is reached until then.
    pub(crate) fn limit_reached(mut self, resets: SystemTime) -> Self {
        self.print(json!({
            "type": "rate_limit_event",
            "rate_limit_info": {
                "status": "rejected",
                "resetsAt": milliseconds(resets) / 1000,
                "rateLimitType": "five_hour",
            },
        }));
        self
    }

    /// The agent's last message. With a status of HTTP, an error of the API is its end.
    pub(crate) fn ends(mut self, result: &str, cost: f64, turns: u32, status: Option<u16>) -> Self {
        let mut end = json!({
            "type": "result",
            "subtype": "success",
            "is_error": status.is_some(),
            "result": result,
            "total_cost_usd": cost,
            "num_turns": turns,
            "usage": {
                "input_tokens": 400 * turns,
                "output_tokens": 620 * turns,
                "cache_read_input_tokens": 9100 * turns,
                "cache_creation_input_tokens": 700 * turns,
            },
            "permission_denials": self.denied,
        });
        if let Some(status) = status {
            end["api_error_status"] = status.into();
            end["terminal_reason"] = "api_error".into();
        }
        self.print(end);
        self
    }

    fn starts(&mut self, name: &str, input: &Value) {
        self.calls += 1;
        let id = self.call();
        self.assistant(&json!({ "type": "tool_use", "id": id, "name": name, "input": input }), 700);
    }

    fn call(&self) -> String {
        format!("toolu_{}", self.calls)
    }

    fn answers(&mut self, name: &str, input: &Value, answer: &str, took: u64, how: Outcome) {
        self.at += Duration::from_millis(took);
        let id = self.call();
        let denied = how == Outcome::Denied;
        if denied {
            let call = json!({ "tool_name": name, "tool_use_id": id, "tool_input": input });
            self.denied.push(call);
        }
        let mut result = json!({ "tool_use_id": id, "type": "tool_result", "content": answer });
        if how != Outcome::Done {
            result["is_error"] = true.into();
        }
        let decision = if denied { "reject" } else { "accept" };
        self.print(json!({
            "type": "user",
            "message": { "role": "user", "content": [result] },
            "timestamp": timestamp(self.at),
            "tool_result_meta": [
                { "id": id, "permission_decision": { "decision": decision, "source": "config" } },
            ],
        }));
    }

    fn assistant(&mut self, block: &Value, took: u64) {
        self.at += Duration::from_millis(took);
        self.print(json!({
            "type": "assistant",
            "message": { "role": "assistant", "content": [block] },
            "timestamp": timestamp(self.at),
        }));
    }

    fn print(&mut self, mut line: Value) {
        line["session_id"] = "5f0c1a52-7c1e-4f0e-9c55-0d6c8a7b1e01".into();
        self.lines.push(line);
    }
}

impl std::fmt::Display for Transcript {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

fn milliseconds(at: SystemTime) -> u64 {
    u64::try_from(at.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// As Claude Code writes it: `2026-11-30T16:17:18.019Z`.
fn timestamp(at: SystemTime) -> String {
    let at = i64::try_from(milliseconds(at)).unwrap();
    jiff::Timestamp::from_millisecond(at).unwrap().to_string()
}
