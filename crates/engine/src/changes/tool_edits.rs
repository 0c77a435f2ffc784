//! The files that an agent's tools changed, from a run's output.
//!
//! How far the output of a run was read is remembered, because a page that shows a run as it goes on
//! asks again and again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use claude_worker_agents::{FileEdit, FileState, edit};
use claude_worker_api::{Agent, NoLines};
use claude_worker_os::files::open_regular;

use super::side::{MAX_FILE, Mode, Side};

/// A longer line is skipped, in bytes: the texts before and after are in it, and a patch.
const MAX_LINE: usize = 8 * 1024 * 1024;
/// How many runs are remembered, and how many bytes of files of each.
const REMEMBERED: usize = 8;
const MAX_REMEMBERED: usize = 16 * 1024 * 1024;
/// How many files of a run are kept.
const MAX_FILES: usize = 2000;

/// A file before the first and after the last edit.
#[derive(Debug, Clone)]
pub(crate) struct ToolEdit {
    pub(crate) before: Side,
    pub(crate) after: Side,
}

/// What was read of an output so far.
#[derive(Debug, Clone, Default)]
struct Reading {
    output: PathBuf,
    /// Where the first line begins that was not read.
    next: u64,
    edits: BTreeMap<PathBuf, ToolEdit>,
}

static READINGS: Mutex<Vec<Reading>> = Mutex::new(Vec::new());

/// The files that the run's tools have changed, by their paths from the root on. An output that cannot be
/// read tells of none.
pub(crate) fn tool_edits(
    output: &Path,
    agent: Agent,
    directory: &Path,
) -> BTreeMap<PathBuf, ToolEdit> {
    let mut reading = {
        let mut readings = READINGS.lock().unwrap_or_else(PoisonError::into_inner);
        match readings.iter().position(|reading| reading.output == output) {
            Some(place) => readings.remove(place),
            None => Reading { output: output.to_owned(), ..Reading::default() },
        }
    };
    if let Err(error) = reading.go_on(agent, directory)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(output = %output.display(), %error, "the edits of a run cannot be read");
    }
    let edits = reading.edits.clone();
    if reading.bytes() <= MAX_REMEMBERED {
        let mut readings = READINGS.lock().unwrap_or_else(PoisonError::into_inner);
        readings.insert(0, reading);
        readings.truncate(REMEMBERED);
    }
    edits
}

impl Reading {
    fn go_on(&mut self, agent: Agent, directory: &Path) -> io::Result<()> {
        let mut file = open_regular(&self.output)?;
        if file.metadata()?.len() < self.next {
            *self = Self { output: self.output.clone(), ..Self::default() };
        }
        file.seek(SeekFrom::Start(self.next))?;
        self.read(file, agent, directory)
    }

    fn read(&mut self, mut file: File, agent: Agent, directory: &Path) -> io::Result<()> {
        let mut line = Vec::new();
        let mut is_too_long = false;
        let mut piece = vec![0; 256 * 1024];
        let mut offset = self.next;
        loop {
            let count = file.read(&mut piece)?;
            if count == 0 {
                return Ok(());
            }
            for part in piece[..count].split_inclusive(|byte| *byte == b'\n') {
                offset += part.len() as u64;
                if is_too_long || line.len() + part.len() > MAX_LINE {
                    line.clear();
                    is_too_long = true;
                } else {
                    line.extend_from_slice(part);
                }
                if part.ends_with(b"\n") {
                    if let Ok(text) = std::str::from_utf8(&line)
                        && let Some(edit) = edit(agent, text.trim_end())
                    {
                        self.add(edit, directory);
                    }
                    line.clear();
                    is_too_long = false;
                    self.next = offset;
                }
            }
        }
    }

    fn add(&mut self, edit: FileEdit, directory: &Path) {
        let path = without_links(absolute(directory, Path::new(&edit.path)));
        let after = side(edit.after);
        let is_full = self.edits.len() >= MAX_FILES;
        match self.edits.entry(path) {
            Entry::Occupied(mut known) => known.get_mut().after = after,
            Entry::Vacant(_) if is_full => {}
            Entry::Vacant(place) => {
                place.insert(ToolEdit { before: side(edit.before), after });
            }
        }
    }

    fn bytes(&self) -> usize {
        let bytes = |side: &Side| if let Side::Kept { bytes, .. } = side { bytes.len() } else { 0 };
        self.edits.values().map(|edit| bytes(&edit.before) + bytes(&edit.after)).sum()
    }
}

fn side(state: FileState) -> Side {
    let unkept = |why| Side::Unkept { identity: String::new(), why, mode: Mode::File };
    match state {
        FileState::Absent => Side::Absent,
        FileState::Text(text) if text.len() as u64 > MAX_FILE => unkept(NoLines::TooLarge),
        FileState::Text(text) => Side::kept(text.into_bytes(), Mode::File),
        FileState::Unknown => unkept(NoLines::NotKept),
    }
}

/// The file that a path leads to, as git names it. Of a file that is gone, the links of its directory are followed.
fn without_links(path: PathBuf) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(directory)), Some(name)) => directory.join(name),
        _ => path,
    }
}

/// A path from the root on, without `.` and `..`.
fn absolute(directory: &Path, path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for part in directory.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(whole.pop()),
            part => whole.push(part),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::*;

    fn written(path: &str, before: &str, after: &str) -> String {
        let result = serde_json::json!({
            "type": "update", "filePath": path, "content": after, "originalFile": before,
        });
        format!("{}\n", serde_json::json!({ "type": "user", "tool_use_result": result }))
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_reached_through_links_is_one_file() {
        let here = tempfile::tempdir().unwrap();
        let place = here.path().canonicalize().unwrap();
        std::fs::create_dir(place.join("real")).unwrap();
        std::fs::write(place.join("real/a"), "2").unwrap();
        std::os::unix::fs::symlink("real", place.join("link")).unwrap();
        std::os::unix::fs::symlink("real/a", place.join("b")).unwrap();
        let output = place.join("stdout");
        let edits = ["real/a", "link/a", "b", "link/gone"].map(|path| written(path, "1", "2"));
        std::fs::write(&output, edits.concat()).unwrap();
        let found = tool_edits(&output, Agent::Claude, &place);
        let paths: Vec<_> = found.keys().cloned().collect();
        assert_eq!(paths, [place.join("real/a"), place.join("real/gone")]);
    }

    #[test]
    fn the_first_text_before_and_the_last_after_count_as_the_output_grows() {
        let here = tempfile::tempdir().unwrap();
        let output = here.path().join("stdout");
        let mut file = OpenOptions::new().create(true).append(true).open(&output).unwrap();
        let mut look = |more: &str| {
            file.write_all(more.as_bytes()).unwrap();
            tool_edits(&output, Agent::Claude, Path::new("/w"))
        };
        assert!(look("").is_empty());
        let text = |side: &Side| side.text().unwrap().to_owned();
        let edits = look(&written("a/../b", "1", "2"));
        assert_eq!(text(&edits[Path::new("/w/b")].after), "2");
        let third = written("/w/b", "2", "3");
        let (half, rest) = third.split_at(30);
        assert_eq!(text(&look(half)[Path::new("/w/b")].after), "2", "the line has no end yet");
        let edits = look(rest);
        assert_eq!(text(&edits[Path::new("/w/b")].before), "1");
        assert_eq!(text(&edits[Path::new("/w/b")].after), "3");
        let long = format!("{}\n{}", "x".repeat(MAX_LINE + 1), written("c", "", "4"));
        assert_eq!(look(&long).len(), 2, "a line that is too long is skipped");
        assert!(tool_edits(&output, Agent::Shell, Path::new("/w/")).len() == 2);
        assert!(tool_edits(&here.path().join("none"), Agent::Claude, Path::new("/")).is_empty());
    }
}
