//! Who asks: so that the engine can bound what agents hand on to agents.

use std::hash::{BuildHasher, RandomState};

use claude_worker_api::{ApiError, MAX_CALLER_CHARS, TaskApi, TaskId};

/// How much of the client's name is part of the caller's, in characters.
const CLIENT_CHARS: usize = 40;

/// The client of this process.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Tells this process from others.
    id: String,
}

impl Caller {
    /// A new one, with a name that no other has.
    pub(crate) fn new() -> Self {
        let random =
            RandomState::new().hash_one((std::process::id(), std::time::SystemTime::now()));
        Self { id: format!("{:08x}", random >> 32) }
    }

    /// The name under which the engine counts tasks: `mcp:claude-code:4f1c0a7b`.
    pub(crate) fn name(&self, client: Option<&str>) -> String {
        let client: String = client
            .unwrap_or("unnamed")
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
            .take(CLIENT_CHARS)
            .collect();
        let name = format!("mcp:{client}:{}", self.id);
        debug_assert!(name.len() <= MAX_CALLER_CHARS);
        name
    }
}

/// The task inside which this process runs, if that is one of the engine's.
///
/// # Errors
/// When no engine answers.
pub(crate) async fn parent(api: &impl TaskApi) -> Result<Option<TaskId>, ApiError> {
    claude_worker_client::task_around(api).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain_whatever_the_client_calls_itself() {
        let caller = Caller::new();
        assert!(caller.name(Some("claude-code")).starts_with("mcp:claude-code:"));
        let odd = caller.name(Some(&"ü \u{1b}[31m".repeat(100)));
        assert!(odd.len() <= MAX_CALLER_CHARS && odd.is_ascii(), "{odd}");
        assert_ne!(Caller::new().name(None), Caller::new().name(None));
    }
}
