//! A text in the editor that the user has chosen.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use claude_worker_api::TaskId;
use claude_worker_os::files::private;

use crate::editor;
use crate::error::CliError;

/// A text that was edited, in a private file that is deleted with it.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    text: String,
    kept: bool,
}

impl Draft {
    /// Opens a text in the editor and reads what was made of it. The line end that editors add is no
    /// part of it.
    ///
    /// # Errors
    /// A usage error when the editor cannot be started, fails, or leaves no text.
    pub(super) fn edit(id: TaskId, text: &str, editor: &str) -> Result<Self, CliError> {
        let name = format!("claude-worker-task-{id}-{}.md", std::process::id());
        let path = std::env::temp_dir().join(name);
        let cannot = |error: io::Error| {
            CliError::usage(
                format!("Cannot write {}: {error}", path.display()),
                format!("Give the prompt as an argument: claude-worker edit {id} \"…\""),
            )
        };
        let mut file =
            private(OpenOptions::new().write(true).create_new(true)).open(&path).map_err(cannot)?;
        let mut draft = Self { path: path.clone(), text: String::new(), kept: false };
        file.write_all(text.as_bytes()).map_err(cannot)?;
        drop(file);
        editor::run(editor, &draft.path)?;
        let edited = std::fs::read_to_string(&draft.path).map_err(cannot)?;
        if edited.trim().is_empty() {
            return Err(CliError::usage(
                "The prompt is empty, so nothing was changed",
                format!("To take the task out of the queue: claude-worker cancel {id}"),
            ));
        }
        let added = !text.ends_with('\n') && edited.ends_with('\n');
        draft.text = if added { edited[..edited.len() - 1].to_owned() } else { edited };
        Ok(draft)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Leaves the file where it is.
    pub(super) fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.path.clone()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // It is in a directory for temporary files.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: TaskId = TaskId(12);

    #[test]
    fn what_the_editor_leaves_is_the_text_and_the_file_is_private_until_it_is_deleted() {
        let add = "f() { stat -c %a \"$1\" >> \"$1\"; echo more >> \"$1\"; }; f";
        let draft = Draft::edit(ID, "The prompt\n", add).unwrap();
        assert_eq!(draft.text(), "The prompt\n600\nmore\n");
        let path = draft.path.clone();
        drop(draft);
        assert!(!path.exists());
        // An editor ends the last line.
        let draft = Draft::edit(ID, "The prompt", "f() { echo >> \"$1\"; }; f").unwrap();
        assert_eq!(draft.text(), "The prompt");
        let kept = draft.keep();
        assert!(kept.exists());
        std::fs::remove_file(kept).unwrap();
    }

    #[test]
    fn an_editor_that_fails_or_leaves_nothing_changes_nothing() {
        for (editor, expected) in [
            ("false", "The editor false failed"),
            ("/no/such/editor", "failed"),
            ("cp /dev/null", "The prompt is empty"),
        ] {
            let error = Draft::edit(ID, "The prompt", editor).unwrap_err().to_string();
            assert!(error.contains(expected), "{editor}: {error}");
        }
        let name = format!("claude-worker-task-{ID}-{}.md", std::process::id());
        assert!(!std::env::temp_dir().join(name).exists());
    }
}
