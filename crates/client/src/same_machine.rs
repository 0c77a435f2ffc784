//! Whether an engine is on this machine, where paths and variables of this process mean the same.

use std::path::Path;

use claude_worker_api::{ApiError, EngineInfo, TaskApi};
use claude_worker_os::lock::LockHolder;
use claude_worker_paths::Paths;

use crate::transport::Address;

/// Whether the engine behind `api`, which the environment selects, is where paths of this machine mean
/// nothing: on another machine, also at the end of a tunnel or forwarded socket, or in a container.
///
/// # Errors
/// `invalid_request` when the environment names no usable address; when no engine answers at an address of
/// this machine.
pub async fn engine_is_elsewhere(api: &impl TaskApi) -> Result<bool, ApiError> {
    let paths = Paths::from_env()?;
    is_elsewhere(&Address::from_env(&paths)?, &paths, api).await
}

/// Whether variables of this process may be sent to the engine behind `api`, which the environment selects:
/// they may be secrets, so only to one on this machine, at a local socket.
///
/// # Errors
/// As [`engine_is_elsewhere`].
pub async fn may_have_variables(api: &impl TaskApi) -> Result<bool, ApiError> {
    let paths = Paths::from_env()?;
    let address = Address::from_env(&paths)?;
    Ok(matches!(address, Address::Socket(_)) && !is_elsewhere(&address, &paths, api).await?)
}

/// Which variables of this process are sent along with a task: names, or beginnings of names with `*` behind
/// them, as the setting `env.pass` has them. None for an engine that [may have none](may_have_variables).
///
/// # Errors
/// As [`engine_is_elsewhere`], and when the engine does not tell its settings.
pub async fn variables_to_send(api: &impl TaskApi) -> Result<Vec<String>, ApiError> {
    if !may_have_variables(api).await? {
        return Ok(Vec::new());
    }
    Ok(api.settings().await?.env.pass)
}

async fn is_elsewhere(
    address: &Address,
    paths: &Paths,
    api: &impl TaskApi,
) -> Result<bool, ApiError> {
    if address.is_elsewhere() {
        return Ok(true);
    }
    if *address == Address::Socket(paths.socket.clone()) {
        return Ok(false);
    }
    // A port or socket may be forwarded. An engine on this machine holds a lock that can be seen here.
    let info = api.engine().await?;
    let beside = Paths::lock_beside(Path::new(&info.database));
    Ok(!holds(&info, &paths.lock) && !holds(&info, &beside))
}

fn holds(info: &EngineInfo, lock: &Path) -> bool {
    matches!(LockHolder::of(lock), Ok(LockHolder::Engine(pid)) if pid == Some(info.pid))
}

#[cfg(test)]
mod tests {
    use claude_worker_api::Timestamp;
    use claude_worker_os::lock;

    use super::*;

    /// An engine that says that it is this process and has this database.
    struct Engine<'a> {
        database: &'a Path,
    }

    impl TaskApi for Engine<'_> {
        async fn engine(&self) -> Result<EngineInfo, ApiError> {
            let info = serde_json::json!({
                "version": "0.0.1", "protocol": 1, "pid": std::process::id(),
                "started_at": Timestamp::default(), "database": self.database,
                "runs_directory": "", "output_bytes": 0,
                "queue": { "paused": false, "workers": 1, "counts": {} },
            });
            Ok(serde_json::from_value(info).unwrap())
        }
    }

    #[tokio::test]
    async fn an_engine_behind_a_forwarded_socket_is_elsewhere() {
        let here = tempfile::tempdir().unwrap();
        let paths = Paths::below(here.path());
        let database = here.path().join("other.db");
        let engine = Engine { database: &database };
        let forwarded = Address::Socket(here.path().join("forwarded.sock"));
        assert!(is_elsewhere(&forwarded, &paths, &engine).await.unwrap());
        let own = Address::Socket(paths.socket.clone());
        assert!(!is_elsewhere(&own, &paths, &engine).await.unwrap());
        // One of another data directory of this machine holds the lock beside its database.
        let held = lock::take(&Paths::lock_beside(&database)).unwrap().expect("the lock is free");
        assert!(!is_elsewhere(&forwarded, &paths, &engine).await.unwrap());
        drop(held);
        assert!(is_elsewhere(&forwarded, &paths, &engine).await.unwrap());
    }
}
