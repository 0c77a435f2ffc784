//! The maximum length of a prompt, from files and from standard input.

use std::io::Read;

use claude_worker_agents::MAX_CLAUDE_STDIN_BYTES;
use claude_worker_api::MAX_PROMPT_BYTES;

use crate::error::CliError;

/// The longest prompt in bytes: what Claude Code reads is less than what the engine stores.
pub(crate) const LONGEST: usize = if MAX_PROMPT_BYTES < MAX_CLAUDE_STDIN_BYTES {
    MAX_PROMPT_BYTES
} else {
    MAX_CLAUDE_STDIN_BYTES
};

/// Reads to the end; a source that is longer than a prompt may be is an error.
pub(crate) fn read_bounded(source: impl Read, name: &str) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    source.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(|error| {
        CliError::usage(format!("Cannot read {name}: {error}"), "Check it and try again")
    })?;
    if bytes.len() > LONGEST {
        return Err(too_long(name));
    }
    Ok(bytes)
}

/// The error for a prompt that is too long.
pub(crate) fn too_long(name: &str) -> CliError {
    CliError::usage(
        format!("{name} is longer than {} MB, the maximum for a prompt", LONGEST / 1_000_000),
        "Put the text into a file and tell the agent to read it",
    )
}
