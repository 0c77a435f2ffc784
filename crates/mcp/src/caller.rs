//! The identity of the MCP client, with which the engine bounds how many tasks agents delegate.

use std::path::Path;

use claude_worker_api::{ApiError, MAX_CALLER_CHARS, TaskApi, TaskId};

/// How many characters of the client's name are used.
const CLIENT_CHARS: usize = 30;
/// How many characters of the directory's name are used.
const DIRECTORY_CHARS: usize = 18;

/// The identity of this process's client. It stays the same when the client starts this program again, so
/// that the bound on its tasks also counts earlier ones. Clients start it in the directory of their
/// project, so all sessions of one client in one project are one caller.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// A short name for the directory.
    place: String,
}

impl Caller {
    /// The caller for the current directory.
    pub(crate) fn here() -> Self {
        Self::of(&std::env::current_dir().unwrap_or_default())
    }

    fn of(directory: &Path) -> Self {
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        let hash = fnv1a(directory.as_os_str().as_encoded_bytes());
        Self { place: format!("{}-{hash:08x}", plain(&name, DIRECTORY_CHARS)) }
    }

    /// The name under which the engine counts tasks: `mcp:claude-code:shop-4f1c0a7b`.
    pub(crate) fn name(&self, client: Option<&str>) -> String {
        let client = plain(client.unwrap_or("unnamed"), CLIENT_CHARS);
        let name = format!("mcp:{client}:{}", self.place);
        debug_assert!(name.len() <= MAX_CALLER_CHARS);
        name
    }
}

fn plain(name: &str, most: usize) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .take(most)
        .collect()
}

/// A hash that stays the same in every process and version, unlike those of the standard library.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The task inside which this process runs, if the engine knows it.
///
/// # Errors
/// When no engine answers.
pub(crate) async fn parent(api: &impl TaskApi) -> Result<Option<TaskId>, ApiError> {
    claude_worker_client::surrounding_task(api).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_names_are_short_and_plain_for_any_client_name() {
        let caller = Caller::of(Path::new("/home/dev/shop"));
        assert!(caller.name(Some("claude-code")).starts_with("mcp:claude-code:shop-"));
        let odd = Caller::of(Path::new(&format!("/{}", "ü\n".repeat(60))));
        let odd = odd.name(Some(&"ü \u{1b}[31m".repeat(100)));
        assert!(odd.len() <= MAX_CALLER_CHARS && odd.is_ascii(), "{odd}");
        assert!(Caller::of(Path::new("/")).name(None).starts_with("mcp:unnamed:-"));
    }

    #[test]
    fn the_caller_is_the_same_after_a_restart_and_another_in_other_directories() {
        let name = |directory: &str| Caller::of(Path::new(directory)).name(Some("x"));
        // Later versions must produce the same name.
        assert_eq!(name("/home/dev/shop"), "mcp:x:shop-7815fea6");
        assert_ne!(name("/home/dev/shop"), name("/other/shop"));
        assert_ne!(name("/home/dev/shop"), name("/home/dev/shop2"));
    }
}
