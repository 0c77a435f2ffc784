//! The environment variables of tasks, in private files.
//!
//! They may be secrets, so they are kept out of the database, the logs and every answer to a client. A task
//! has up to two files: one with the variables that were given to it, and one with those that it has of
//! the shell in which it was submitted. Tasks with the same variables share a file: a shell submits many
//! tasks, and writing one to disk for each would take longer than all the rest of a submission.
//!
//! A file is never changed. It is on disk before the transaction that names it in the row of a task
//! is committed, and is deleted when no row names it any more. So a crash at any instant leaves each task with
//! the variables that its row is about, and at most files without a task, which the next engine deletes.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use claude_worker_api::{ApiError, TaskId};
use claude_worker_os::files::{private, sync_parent};
use claude_worker_os::random::random_hex;
use claude_worker_paths::read_own;
use sha2::{Digest, Sha256};

use crate::EngineError;

/// What the names of files with the variables of shells began with in earlier versions.
const EARLIER_PREFIX: &str = "shell-";
/// What the names of files ended with that an earlier version was about to put in the place of another one.
const EARLIER_DRAFTS: [&str; 2] = ["new", "old"];

/// The name of a file, without `.json`. It is random, so that the database has nothing that was made of
/// secrets. In earlier versions it was the number of a task, or began with [`EARLIER_PREFIX`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct EnvFileName(String);

impl EnvFileName {
    /// As it is stored. A name that no engine would make names no file.
    pub(crate) fn stored(text: String) -> Option<Self> {
        let random = text.strip_prefix(EARLIER_PREFIX).unwrap_or(&text);
        let is_random = random.len() == 32 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_number = || text.parse::<TaskId>().is_ok_and(|id| id.to_string() == text);
        (is_random || is_number()).then_some(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn path(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}.json", self.0))
    }

    fn of(path: &Path) -> Option<Self> {
        Self::stored(path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned())
    }
}

/// The files that this engine has written, by the SHA-256 of what is in them.
#[derive(Debug)]
pub(crate) struct EnvFiles {
    directory: PathBuf,
    known: HashMap<[u8; 32], EnvFileName>,
}

/// A file that holds what was asked for.
pub(crate) struct Kept {
    pub(crate) name: EnvFileName,
    /// Whether it was written for this request.
    pub(crate) is_new: bool,
}

impl EnvFiles {
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
        if let Some(name) = self.known.get(&digest)
            && name.path(&self.directory).is_file()
        {
            return Ok(Kept { name: name.clone(), is_new: false });
        }
        let random = random_hex::<16>().map_err(EngineError::io("there are no random bytes"))?;
        let name = EnvFileName(random);
        let path = name.path(&self.directory);
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
        self.known.insert(digest, name.clone());
        Ok(Kept { name, is_new: true })
    }

    /// Deletes a file that no task uses any more.
    pub(crate) fn delete(&mut self, name: &EnvFileName) {
        self.known.retain(|_, known| known != name);
        delete(&name.path(&self.directory));
    }
}

/// The variables in a file that are there. None in one that is missing or cannot be parsed.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn kept(
    directory: &Path,
    name: &EnvFileName,
) -> Result<BTreeMap<String, String>, EngineError> {
    Ok(read(directory, name)?.unwrap_or_default())
}

/// Reads exactly these variables that were given to a task. One without a value would be an empty secret to
/// the agent, so each that is missing is an error.
pub(crate) fn read_given<'a>(
    directory: &Path,
    file: Option<&EnvFileName>,
    names: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>, EngineError> {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut kept = file.map_or_else(|| Ok(BTreeMap::new()), |file| kept(directory, file))?;
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for name in names {
        match kept.remove_entry(name) {
            Some((name, value)) => drop(found.insert(name, value)),
            None => missing.push(name),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let options: Vec<_> = missing.iter().map(|name| format!("--env {name}")).collect();
    let place = file.map_or_else(|| directory.to_owned(), |file| file.path(directory));
    Err(EngineError::Refused(
        ApiError::invalid(format!(
            "The values of {} are no longer in {}",
            missing.join(", "),
            place.display()
        ))
        .hint(format!("Submit the task again with {}", options.join(" "))),
    ))
}

/// Reads the variables that a task has of a shell.
pub(crate) fn read_of_shell(
    directory: &Path,
    file: &EnvFileName,
) -> Result<BTreeMap<String, String>, EngineError> {
    read(directory, file)?.ok_or_else(|| {
        EngineError::Refused(
            ApiError::invalid(format!(
                "The variables of the shell that submitted the task are no longer in {}",
                file.path(directory).display()
            ))
            .hint("claude-worker retry takes those of the shell in which it is typed"),
        )
    })
}

/// What is in a file; nothing when it is missing, or cannot be parsed: then it holds no value that could
/// be trusted.
fn read(
    directory: &Path,
    name: &EnvFileName,
) -> Result<Option<BTreeMap<String, String>>, EngineError> {
    let path = name.path(directory);
    match read_own(&path) {
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EngineError::io(format!("cannot read {}", path.display()))(error)),
    }
}

/// Deletes the files that no task uses: a crash before the commit, or between the commit and the
/// deletion, leaves one. `is_used` must say yes when in doubt. Files of other names stay.
pub(crate) fn sweep(directory: &Path, is_used: impl Fn(&EnvFileName) -> bool) {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            let directory = directory.display();
            tracing::warn!(%directory, %error, "old environment files could not be looked for");
            return;
        }
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_unused = EnvFileName::of(&path).is_some_and(|name| !is_used(&name));
        if is_unused || is_earlier_draft(&path) {
            delete(&path);
        }
    }
}

/// Whether an earlier version that was killed left this file while it replaced the one of a task.
fn is_earlier_draft(path: &Path) -> bool {
    let is_ours = |name: &str| {
        let (stem, kind) = name.rsplit_once('.')?;
        let (task, _) = stem.split_once('-').filter(|_| EARLIER_DRAFTS.contains(&kind))?;
        task.parse::<TaskId>().ok()
    };
    path.file_name().and_then(|name| name.to_str()).and_then(is_ours).is_some()
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
        [("A", value), ("EMPTY", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn named(text: &str) -> EnvFileName {
        EnvFileName::stored(text.to_owned()).unwrap()
    }

    #[test]
    fn equal_variables_share_a_private_file() {
        let here = tempfile::tempdir().unwrap();
        let mut files = EnvFiles::new(here.path().to_owned());
        let (one, same) =
            (files.keep(&variables("a")).unwrap(), files.keep(&variables("a")).unwrap());
        assert!(one.name == same.name && one.is_new && !same.is_new);
        let other = files.keep(&variables("b")).unwrap();
        assert_ne!(one.name, other.name);
        assert_eq!(read_of_shell(here.path(), &one.name).unwrap(), variables("a"));
        assert_eq!(read_of_shell(here.path(), &other.name).unwrap(), variables("b"));
        let mode = fs::metadata(one.name.path(here.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files.delete(&one.name);
        let error = read_of_shell(here.path(), &one.name).unwrap_err().to_string();
        assert!(error.contains("claude-worker retry"), "{error}");
        let anew = files.keep(&variables("a")).unwrap();
        assert!(anew.is_new, "a deleted file is written anew");
        fs::remove_file(anew.name.path(here.path())).unwrap();
        let again = files.keep(&variables("a")).unwrap();
        assert!(again.is_new && again.name != anew.name, "one that was lost, too");
        assert_eq!(read_of_shell(here.path(), &again.name).unwrap(), variables("a"));
    }

    #[test]
    fn a_lost_value_is_an_error_that_names_it_and_never_an_empty_variable() {
        let here = tempfile::tempdir().unwrap();
        let file = EnvFiles::new(here.path().to_owned()).keep(&variables("one")).unwrap().name;
        let read = |file: Option<&EnvFileName>, names: &[&str]| {
            read_given(here.path(), file, names.iter().copied()).map_err(|error| error.to_string())
        };
        assert_eq!(read(None, &[]), Ok(BTreeMap::new()), "a task without variables");
        let lost = read(None, &["A", "B"]).unwrap_err();
        assert!(lost.contains("A, B") && lost.contains("again with --env A --env B"), "{lost}");
        assert_eq!(read(Some(&file), &["A", "EMPTY"]), Ok(variables("one")));
        // A name that was not asked for is not handed out.
        assert_eq!(read(Some(&file), &["A"]).unwrap().into_keys().collect::<Vec<_>>(), ["A"]);
        let lost = read(Some(&file), &["A", "C"]).unwrap_err();
        assert!(lost.contains("values of C are") && lost.ends_with("with --env C"), "{lost}");
        assert!(!lost.contains("one"), "a value in a message: {lost}");
        fs::write(file.path(here.path()), r#"{"A":"on"#).unwrap();
        assert!(read(Some(&file), &["A"]).unwrap_err().contains("--env A"));
    }

    #[test]
    fn files_that_no_task_uses_are_swept_away_and_nothing_else() {
        let here = tempfile::tempdir().unwrap();
        let random = "0".repeat(32);
        let shell = format!("shell-{random}");
        let ours = [named("7"), named("8"), named(&random), named(&shell)];
        for name in &ours {
            fs::write(name.path(here.path()), "{}").unwrap();
        }
        // What an earlier version leaves when it is killed.
        for name in ["7-00aa.new", "7-00aa.old"] {
            fs::write(here.path().join(name), "").unwrap();
        }
        let foreign = [
            "notes.txt",
            "x.json",
            "-3.json",
            "+3.json",
            "9.json.bak",
            "notes.new",
            "shell-x.json",
        ];
        for name in foreign {
            fs::write(here.path().join(name), "").unwrap();
        }
        sweep(here.path(), |name| ["7", &shell].contains(&name.as_str()));
        let left = |name: &EnvFileName| name.path(here.path()).exists();
        assert_eq!(ours.each_ref().map(left), [true, false, false, true]);
        assert!(foreign.into_iter().all(|name| here.path().join(name).exists()));
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), foreign.len() + 2);
        assert_eq!(EnvFileName::stored("../../etc/passwd".to_owned()), None);
    }
}
