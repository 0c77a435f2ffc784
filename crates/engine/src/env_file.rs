//! A task's own environment variables, in a private file.
//!
//! They may be secrets, so that they are kept out of the database, the logs and every answer to
//! a client. The file lives as long as the task, because a retry needs it again. The database
//! knows the names of the variables: a file that was lost is noticed, and a file without a task
//! is swept away.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use claude_worker_api::{ApiError, TaskId};
use claude_worker_os::files::{private, sync_parent};
use claude_worker_os::random::random_hex;
use claude_worker_paths::read_own;

use crate::EngineError;

/// What the names of files end with that are not yet, or no longer, those of a task.
const DRAFT: &str = "new";
const FORMER: &str = "old";

fn path(directory: &Path, task: TaskId) -> PathBuf {
    directory.join(format!("{task}.json"))
}

/// The task a file belongs to, by the file's name.
fn owner(path: &Path) -> Option<TaskId> {
    if path.extension()? != "json" {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

/// Whether a crash within [`replace`], or between it and the end of the transaction, left this file.
fn is_left_over(path: &Path) -> bool {
    let is_ours = |name: &str| {
        let (stem, kind) = name.rsplit_once('.')?;
        let (task, _) = stem.split_once('-').filter(|_| matches!(kind, DRAFT | FORMER))?;
        task.parse::<TaskId>().ok()
    };
    path.file_name().and_then(|name| name.to_str()).and_then(is_ours).is_some()
}

/// Writes a task's variables: file and directory entry are on disk when this returns.
pub(crate) fn write(
    directory: &Path,
    task: TaskId,
    variables: &BTreeMap<String, String>,
) -> Result<(), EngineError> {
    let path = path(directory, task);
    let store = || -> io::Result<()> {
        let mut file =
            private(OpenOptions::new().create(true).truncate(true).write(true)).open(&path)?;
        file.write_all(&serde_json::to_vec(variables)?)?;
        file.sync_all()?;
        sync_parent(&path)
    };
    store().map_err(EngineError::io(format!("cannot write {}", path.display())))
}

/// The variables of a task that are there.
///
/// # Errors
/// When the file cannot be read. One that is missing, or cannot be parsed, has none.
pub(crate) fn kept(
    directory: &Path,
    task: TaskId,
) -> Result<BTreeMap<String, String>, EngineError> {
    let path = path(directory, task);
    match read_own(&path) {
        // A file that cannot be parsed holds no value that could be trusted.
        Ok(text) => Ok(serde_json::from_str(&text).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(EngineError::io(format!("cannot read {}", path.display()))(error)),
    }
}

/// A task's file that was replaced within a transaction. The former one stays until the transaction has
/// ended.
#[derive(Debug)]
#[must_use]
pub(crate) struct Replaced {
    path: PathBuf,
    former: Option<PathBuf>,
}

impl Replaced {
    /// Puts the former file back. It takes no room on the disk.
    pub(crate) fn undo(self) {
        let done = match &self.former {
            Some(former) => fs::rename(former, &self.path).and_then(|()| sync_parent(&self.path)),
            None => return delete_file(&self.path),
        };
        if let Err(error) = done {
            let path = self.path.display();
            tracing::warn!(%path, %error, "changed variables of a task could not be taken back");
        }
    }

    /// Deletes the former file.
    pub(crate) fn settle(self) {
        if let Some(former) = &self.former {
            delete_file(former);
        }
    }
}

/// Replaces the variables of a task. A crash leaves either the old file or the new one under the
/// task's name, and [`sweep`] deletes the other.
pub(crate) fn replace(
    directory: &Path,
    task: TaskId,
    variables: &BTreeMap<String, String>,
) -> Result<Replaced, EngineError> {
    let path = path(directory, task);
    let random = random_hex::<8>().map_err(EngineError::io("there are no random bytes"))?;
    let draft = directory.join(format!("{task}-{random}.{DRAFT}"));
    let former = directory.join(format!("{task}-{random}.{FORMER}"));
    let store = || -> io::Result<bool> {
        let mut file = private(OpenOptions::new().create_new(true).write(true)).open(&draft)?;
        file.write_all(&serde_json::to_vec(variables)?)?;
        file.sync_all()?;
        let had_file = match fs::hard_link(&path, &former) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        fs::rename(&draft, &path)?;
        Ok(had_file)
    };
    let had_file = store().map_err(|error| {
        delete_file(&draft);
        delete_file(&former);
        EngineError::io(format!("cannot write {}", path.display()))(error)
    })?;
    let replaced = Replaced { former: had_file.then_some(former), path };
    match sync_parent(&replaced.path) {
        Ok(()) => Ok(replaced),
        Err(error) => {
            let failed = format!("cannot write {}", replaced.path.display());
            replaced.undo();
            Err(EngineError::io(failed)(error))
        }
    }
}

/// Reads exactly these variables of a task. One without a value would be an empty secret to the
/// agent, so that each that is missing is an error.
pub(crate) fn read_all<'a>(
    directory: &Path,
    task: TaskId,
    names: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>, EngineError> {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let path = path(directory, task);
    let mut kept = kept(directory, task)?;
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
    Err(EngineError::Refused(
        ApiError::invalid(format!(
            "The values of {} are no longer in {}",
            missing.join(", "),
            path.display()
        ))
        .hint(format!("Submit the task again with {}", options.join(" "))),
    ))
}

/// Deletes a task's file, if it has one.
pub(crate) fn delete(directory: &Path, task: TaskId) {
    delete_file(&path(directory, task));
}

/// Deletes the files of tasks that are not there any more: a crash between a task's removal and
/// [`delete`] leaves one. So does a crash while a file is replaced. `exists` must say yes when in doubt. Files of other names stay.
pub(crate) fn sweep(directory: &Path, exists: impl Fn(TaskId) -> bool) {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            let directory = directory.display();
            tracing::warn!(%directory, %error, "old environment files could not be looked for");
            return;
        }
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if is_left_over(&path) || owner(&path).is_some_and(|task| !exists(task)) {
            delete_file(&path);
        }
    }
}

fn delete_file(path: &Path) {
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

    const TASK: TaskId = TaskId(7);

    fn variables() -> BTreeMap<String, String> {
        [("A", "one"), ("EMPTY", ""), ("B", "two")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn read(directory: &Path, names: &[&str]) -> Result<BTreeMap<String, String>, String> {
        read_all(directory, TASK, names.iter().copied()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_was_written_is_read_and_only_its_owner_may() {
        let here = tempfile::tempdir().unwrap();
        write(here.path(), TASK, &variables()).unwrap();
        assert_eq!(read(here.path(), &["A", "B", "EMPTY"]), Ok(variables()));
        let mode = fs::metadata(path(here.path(), TASK)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // A name that was not asked for is not handed out.
        assert_eq!(read(here.path(), &["A"]).unwrap().into_keys().collect::<Vec<_>>(), ["A"]);
    }

    #[test]
    fn a_replaced_file_comes_back_until_the_transaction_is_settled() {
        let here = tempfile::tempdir().unwrap();
        let count = || fs::read_dir(here.path()).unwrap().count();
        let one = |value: &str| BTreeMap::from([("A".to_owned(), value.to_owned())]);
        replace(here.path(), TASK, &one("first")).unwrap().undo();
        assert_eq!(count(), 0, "there was none before");
        write(here.path(), TASK, &variables()).unwrap();
        let second = replace(here.path(), TASK, &one("second")).unwrap();
        let third = replace(here.path(), TASK, &one("third")).unwrap();
        assert_eq!(read(here.path(), &["A"]), Ok(one("third")));
        third.undo();
        assert_eq!(read(here.path(), &["A"]), Ok(one("second")));
        second.undo();
        assert_eq!(kept(here.path(), TASK).unwrap(), variables());
        replace(here.path(), TASK, &one("fourth")).unwrap().settle();
        assert_eq!(kept(here.path(), TASK).unwrap(), one("fourth"));
        let mode = fs::metadata(path(here.path(), TASK)).unwrap().permissions().mode();
        assert_eq!((mode & 0o777, count()), (0o600, 1));
    }

    #[test]
    fn a_file_that_cannot_be_replaced_leaves_no_secret_behind() {
        let here = tempfile::tempdir().unwrap();
        // A directory in the place of the file: neither a link nor a rename is possible.
        fs::create_dir(path(here.path(), TASK)).unwrap();
        replace(here.path(), TASK, &variables()).unwrap_err();
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_crash_leaves_of_a_replaced_file_is_swept_away() {
        let here = tempfile::tempdir().unwrap();
        write(here.path(), TASK, &variables()).unwrap();
        // As after a crash before the transaction has ended.
        drop(replace(here.path(), TASK, &variables()).unwrap());
        fs::write(here.path().join("7-00aa.new"), "").unwrap();
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 3);
        sweep(here.path(), |_| true);
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
        assert_eq!(kept(here.path(), TASK).unwrap(), variables());
    }

    #[test]
    fn a_lost_value_is_an_error_that_names_it_and_never_an_empty_variable() {
        let here = tempfile::tempdir().unwrap();
        assert_eq!(read(here.path(), &[]), Ok(BTreeMap::new()), "a task without variables");
        let lost = read(here.path(), &["A", "B"]).unwrap_err();
        assert!(lost.contains("A, B") && lost.contains("again with --env A --env B"), "{lost}");
        write(here.path(), TASK, &variables()).unwrap();
        let lost = read(here.path(), &["A", "C"]).unwrap_err();
        assert!(lost.contains("values of C are") && lost.ends_with("with --env C"), "{lost}");
        assert!(!lost.contains("one"), "a value in a message: {lost}");
        fs::write(path(here.path(), TASK), r#"{"A":"on"#).unwrap();
        assert!(read(here.path(), &["A"]).unwrap_err().contains("--env A"));
    }

    #[test]
    fn files_without_a_task_are_swept_away_and_nothing_else() {
        let here = tempfile::tempdir().unwrap();
        for task in [6, 7, 8] {
            write(here.path(), TaskId(task), &variables()).unwrap();
        }
        let foreign = ["notes.txt", "x.json", "-3.json", "9.json.bak", "notes.new"];
        for name in foreign {
            fs::write(here.path().join(name), "").unwrap();
        }
        sweep(here.path(), |task| task == TASK);
        let left = |name: &str| here.path().join(name).exists();
        assert_eq!([6, 7, 8].map(|task| left(&format!("{task}.json"))), [false, true, false]);
        assert!(foreign.into_iter().all(left));
    }
}
