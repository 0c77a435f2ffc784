//! The variables that tasks have of the shells in which they were submitted, in private files.
//!
//! A shell submits many tasks with the same variables, so tasks share files: writing one to disk for each
//! task would take longer than all the rest of a submission. The database says which file a task uses. A
//! file is on disk before the row that names it, and is deleted after the last such row; what a crash
//! leaves in between, the next engine sweeps away.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use claude_worker_api::ApiError;
use claude_worker_os::files::{private, sync_parent};
use claude_worker_os::random::random_hex;
use claude_worker_paths::read_own;
use sha2::{Digest, Sha256};

use crate::EngineError;

/// What the names of the files begin with. Those of single tasks are numbers.
const PREFIX: &str = "shell-";

/// The name of a file. It is random, so that the database has nothing that was made of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ShellEnvId(String);

impl ShellEnvId {
    /// As it is stored. A name that this engine would not make names no file.
    pub(crate) fn stored(text: String) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then_some(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn path(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{PREFIX}{}.json", self.0))
    }

    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        Self::stored(name.strip_prefix(PREFIX)?.strip_suffix(".json")?.to_owned())
    }
}

/// The files that this engine has written, by the SHA-256 of what is in them.
#[derive(Debug)]
pub(crate) struct ShellEnvs {
    directory: PathBuf,
    known: HashMap<[u8; 32], ShellEnvId>,
}

/// A file that holds what was asked for.
pub(crate) struct Kept {
    pub(crate) id: ShellEnvId,
    /// Whether it was written for this request.
    pub(crate) is_new: bool,
}

impl ShellEnvs {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory, known: HashMap::new() }
    }

    /// The file with these variables: it is on disk when this returns.
    pub(crate) fn keep(
        &mut self,
        variables: &BTreeMap<String, String>,
    ) -> Result<Kept, EngineError> {
        let text = serde_json::to_vec(variables)?;
        let digest: [u8; 32] = Sha256::digest(&text).into();
        // A file may have been deleted by hand, or by a program that cleans up.
        if let Some(id) = self.known.get(&digest)
            && id.path(&self.directory).is_file()
        {
            return Ok(Kept { id: id.clone(), is_new: false });
        }
        let random = random_hex::<16>().map_err(EngineError::io("there are no random bytes"))?;
        let id = ShellEnvId(random);
        let path = id.path(&self.directory);
        let write = || -> io::Result<()> {
            let mut file = private(OpenOptions::new().create_new(true).write(true)).open(&path)?;
            file.write_all(&text)?;
            file.sync_all()?;
            sync_parent(&path)
        };
        write().map_err(|error| {
            delete(&path);
            EngineError::io(format!("cannot write {}", path.display()))(error)
        })?;
        self.known.insert(digest, id.clone());
        Ok(Kept { id, is_new: true })
    }

    /// Deletes a file that no task uses any more.
    pub(crate) fn delete(&mut self, id: &ShellEnvId) {
        self.known.retain(|_, known| known != id);
        delete(&id.path(&self.directory));
    }
}

/// Reads the variables of a task.
pub(crate) fn read(
    directory: &Path,
    id: &ShellEnvId,
) -> Result<BTreeMap<String, String>, EngineError> {
    let path = id.path(directory);
    let lost = || {
        EngineError::Refused(
            ApiError::invalid(format!(
                "The variables of the shell that submitted the task are no longer in {}",
                path.display()
            ))
            .hint("claude-worker retry takes those of the shell in which it is typed"),
        )
    };
    match read_own(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|_| lost()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(lost()),
        Err(error) => Err(EngineError::io(format!("cannot read {}", path.display()))(error)),
    }
}

/// Deletes the files that no task uses. `is_used` must say yes when in doubt.
pub(crate) fn sweep(directory: &Path, is_used: impl Fn(&ShellEnvId) -> bool) {
    // That the directory cannot be read is said when the files of single tasks are looked for.
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if ShellEnvId::of(&path).is_some_and(|id| !is_used(&id)) {
            delete(&path);
        }
    }
}

fn delete(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let path = path.display();
            tracing::warn!(%path, %error, "an environment file could not be deleted");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn variables(value: &str) -> BTreeMap<String, String> {
        [("KEY".to_owned(), value.to_owned())].into()
    }

    #[test]
    fn equal_variables_share_a_private_file() {
        let here = tempfile::tempdir().unwrap();
        let mut envs = ShellEnvs::new(here.path().to_owned());
        let (one, same) =
            (envs.keep(&variables("a")).unwrap(), envs.keep(&variables("a")).unwrap());
        assert!(one.id == same.id && one.is_new && !same.is_new);
        let other = envs.keep(&variables("b")).unwrap();
        assert_ne!(one.id, other.id);
        assert_eq!(read(here.path(), &one.id).unwrap(), variables("a"));
        assert_eq!(read(here.path(), &other.id).unwrap(), variables("b"));
        let mode = fs::metadata(one.id.path(here.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        envs.delete(&one.id);
        let error = read(here.path(), &one.id).unwrap_err().to_string();
        assert!(error.contains("claude-worker retry"), "{error}");
        let anew = envs.keep(&variables("a")).unwrap();
        assert!(anew.is_new, "a deleted file is written anew");
        fs::remove_file(anew.id.path(here.path())).unwrap();
        let again = envs.keep(&variables("a")).unwrap();
        assert!(again.is_new && again.id != anew.id, "one that was lost, too");
        assert_eq!(read(here.path(), &again.id).unwrap(), variables("a"));
    }

    #[test]
    fn files_that_no_task_uses_are_swept_away_and_nothing_else() {
        let here = tempfile::tempdir().unwrap();
        let mut envs = ShellEnvs::new(here.path().to_owned());
        let (one, other) =
            (envs.keep(&variables("a")).unwrap(), envs.keep(&variables("b")).unwrap());
        let foreign = ["7.json", "shell-x.json", "notes.txt"];
        for name in foreign {
            fs::write(here.path().join(name), "").unwrap();
        }
        sweep(here.path(), |id| *id == one.id);
        assert!(read(here.path(), &one.id).is_ok() && read(here.path(), &other.id).is_err());
        assert!(foreign.into_iter().all(|name| here.path().join(name).exists()));
        assert_eq!(ShellEnvId::stored("../../etc/passwd".to_owned()), None);
    }
}
