//! `config edit`: the file in an editor, checked before it takes effect.

use std::path::{Path, PathBuf};
use std::process::Command;

use claude_worker_api::{ApiError, ErrorCode, TaskApi};
use claude_worker_client::EngineClient;
use claude_worker_engine::{Paths, settings};
use claude_worker_paths::shell_word;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::clean;

/// What an empty file begins with.
const BEGINNING: &str = "\
# Settings of Claude Worker. `claude-worker config` shows all with their values, and
# docs/configuration.md says what they do. What is not here has its default.
";

/// Lets a person edit a copy of the file. It takes the file's place if nothing is wrong with it.
///
/// # Errors
/// A usage error without an editor. `invalid_request` for a text that is wrong: it is kept, and edited
/// further the next time.
pub(super) async fn execute(console: &mut Console<'_>, paths: &Paths) -> Result<Exit, CliError> {
    let editor =
        editor(["VISUAL", "EDITOR"].map(|name| std::env::var(name).ok())).ok_or_else(|| {
            CliError::usage(
                "Neither VISUAL nor EDITOR names an editor",
                format!(
                    "export EDITOR=nano, or edit {} and type: claude-worker server restart",
                    paths.config.display()
                ),
            )
        })?;
    let before = settings::read_text(paths)?;
    let draft = Draft::of(paths);
    draft.begin(&before)?;
    run(&editor, &draft.0)?;
    let text = draft.read()?;
    if text == before || text == BEGINNING {
        draft.remove();
        console.remark("Nothing was changed")?;
        return Ok(Exit::Done);
    }
    let wanted = match settings::parse(&text) {
        Ok(wanted) => wanted,
        Err(what) => {
            let what = format!("{} stays as it was: {}", paths.config.display(), clean(&what));
            return Err(ApiError::invalid(what)
                .hint("Your text is kept: claude-worker config edit goes on with it")
                .into());
        }
    };
    let engine = EngineClient::of(paths, None);
    match engine.settings().await {
        Ok(in_force) => {
            // The engine may refuse an address that cannot be used; then the file stays as it was.
            drop(engine.set_settings(wanted.changes_since(&in_force)?).await?);
        }
        Err(error) if error.code == ErrorCode::Unavailable => {}
        Err(error) => return Err(error.into()),
    }
    settings::write_text(paths, &text)?;
    draft.remove();
    console.remark(&format!("{} is changed, and in force", paths.config.display()))?;
    Ok(Exit::Done)
}

/// The first editor that is named.
fn editor(variables: [Option<String>; 2]) -> Option<String> {
    variables.into_iter().flatten().find(|editor| !editor.trim().is_empty())
}

/// Starts the editor, which may be a program with arguments, and waits for its end.
fn run(editor: &str, file: &Path) -> Result<(), CliError> {
    let words = format!("{editor} {}", shell_word(&file.display().to_string()));
    let hint =
        "Set EDITOR to an editor that waits until you close the file, like nano or \"code --wait\"";
    let status = Command::new("/bin/sh").args(["-c", &words]).status();
    let status = status.map_err(|error| CliError::usage(format!("{editor}: {error}"), hint))?;
    if status.success() {
        return Ok(());
    }
    Err(CliError::usage(
        format!("The editor {editor} ended with {status}; nothing was changed"),
        hint,
    ))
}

/// The text that is being edited, beside the file.
struct Draft(PathBuf);

impl Draft {
    fn of(paths: &Paths) -> Self {
        Self(paths.config.with_extension("toml.edit"))
    }

    /// Begins with the text of the file, or with what was wrong the last time.
    fn begin(&self, text: &str) -> Result<(), CliError> {
        if self.0.exists() {
            return Ok(());
        }
        let text = if text.is_empty() { BEGINNING } else { text };
        claude_worker_os::files::write_new(&self.0, text.as_bytes())
            .map_err(|error| self.failed(&error))
    }

    fn read(&self) -> Result<String, CliError> {
        claude_worker_paths::read_own(&self.0).map_err(|error| self.failed(&error))
    }

    fn remove(&self) {
        // It would only be edited further.
        drop(std::fs::remove_file(&self.0));
    }

    fn failed(&self, error: &std::io::Error) -> CliError {
        ApiError::invalid(format!("{}: {error}", self.0.display()))
            .hint("Check that the data directory is yours and that the disk is not full")
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_editor_that_is_named_counts() {
        let named = |visual: Option<&str>, other: Option<&str>| {
            editor([visual.map(str::to_owned), other.map(str::to_owned)])
        };
        assert_eq!(named(Some("code --wait"), Some("vi")).as_deref(), Some("code --wait"));
        assert_eq!(named(Some(" "), Some("vi")).as_deref(), Some("vi"));
        assert_eq!(named(None, None), None);
        assert_eq!(settings::parse(BEGINNING).unwrap(), claude_worker_api::Settings::default());
    }
}
