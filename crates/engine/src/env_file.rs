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
use claude_worker_paths::read_own;

use crate::EngineError;

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

/// Adds variables to those of a task. A crash leaves either the old file or the new one.
pub(crate) fn add(
    directory: &Path,
    task: TaskId,
    variables: &BTreeMap<String, String>,
) -> Result<(), EngineError> {
    let path = path(directory, task);
    let draft = directory.join(format!("{task}.new"));
    let store = || -> io::Result<()> {
        let mut all: BTreeMap<String, String> = match read_own(&path) {
            Ok(text) => serde_json::from_str(&text).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        all.extend(variables.clone());
        let mut file =
            private(OpenOptions::new().create(true).truncate(true).write(true)).open(&draft)?;
        file.write_all(&serde_json::to_vec(&all)?)?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        sync_parent(&path)
    };
    store().map_err(EngineError::io(format!("cannot write {}", path.display())))
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
    let mut kept: BTreeMap<String, String> = match read_own(&path) {
        // A file that cannot be parsed holds no value that could be trusted.
        Ok(text) => serde_json::from_str(&text).unwrap_or_default(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => {
            return Err(EngineError::io(format!("cannot read {}", path.display()))(error));
        }
    };
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
/// [`delete`] leaves one. `exists` must say yes when in doubt. Files of other names stay.
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
        if owner(&path).is_some_and(|task| !exists(task)) {
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
    fn variables_are_added_to_those_that_are_there() {
        let here = tempfile::tempdir().unwrap();
        let more = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        add(here.path(), TASK, &more("C", "three")).unwrap();
        assert_eq!(read(here.path(), &["C"]), Ok(more("C", "three")));
        write(here.path(), TASK, &variables()).unwrap();
        add(here.path(), TASK, &more("A", "changed")).unwrap();
        let mut expected = variables();
        expected.extend(more("A", "changed"));
        assert_eq!(read(here.path(), &["A", "B", "EMPTY"]), Ok(expected));
        let mode = fs::metadata(path(here.path(), TASK)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
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
        let foreign = ["notes.txt", "x.json", "-3.json", "9.json.bak"];
        for name in foreign {
            fs::write(here.path().join(name), "").unwrap();
        }
        sweep(here.path(), |task| task == TASK);
        let left = |name: &str| here.path().join(name).exists();
        assert_eq!([6, 7, 8].map(|task| left(&format!("{task}.json"))), [false, true, false]);
        assert!(foreign.into_iter().all(left));
    }
}
