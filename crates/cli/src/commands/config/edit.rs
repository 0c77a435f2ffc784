//! `config edit`: the file in an editor, checked before it takes effect.

use std::path::{Path, PathBuf};

use claude_worker_api::{ApiError, ErrorCode, TaskApi};
use claude_worker_client::EngineClient;
use claude_worker_engine::{Paths, settings};

use crate::console::Console;
use crate::editor;
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
    let named = editor::named().ok_or_else(|| {
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
    if let Some(old) = draft.put_aside(&paths.config)? {
        console.remark(&format!(
            "{} was changed since the last edit, so this begins with it. The text that was wrong is in {}",
            paths.config.display(),
            old.display()
        ))?;
    }
    draft.begin(&before)?;
    let begun = draft.read()?;
    if let Err(error) = editor::run(&named, &draft.0) {
        // A text that was not touched is no text to go on with.
        if draft.read().is_ok_and(|text| text == begun) {
            draft.remove();
        }
        return Err(error);
    }
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

/// The text that is being edited, beside the file.
struct Draft(PathBuf);

impl Draft {
    fn of(paths: &Paths) -> Self {
        Self(paths.config.with_extension("toml.edit"))
    }

    /// Renames the text that was wrong the last time, if the file has been changed since: to go on with it
    /// would undo that change.
    fn put_aside(&self, config: &Path) -> Result<Option<PathBuf>, CliError> {
        let changed = |path: &Path| path.metadata().and_then(|found| found.modified());
        let (Ok(kept), Ok(file)) = (changed(&self.0), changed(config)) else { return Ok(None) };
        if file <= kept {
            return Ok(None);
        }
        let old = self.0.with_extension("edit.old");
        std::fs::rename(&self.0, &old).map_err(|error| self.failed(&error))?;
        Ok(Some(old))
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
    fn an_empty_file_begins_with_valid_settings() {
        assert_eq!(settings::parse(BEGINNING).unwrap(), claude_worker_api::Settings::default());
    }

    #[test]
    fn a_kept_text_is_put_aside_when_the_file_was_changed_since() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config.toml");
        let draft = Draft(home.path().join("config.toml.edit"));
        let write = |path: &Path, text: &str, seconds: u64| {
            std::fs::write(path, text).unwrap();
            let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            std::fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
        };
        assert_eq!(draft.put_aside(&config).unwrap(), None);
        write(&config, "workers = 1\n", 1000);
        write(&draft.0, "workers = x\n", 2000);
        assert_eq!(draft.put_aside(&config).unwrap(), None, "it is gone on with");
        write(&config, "workers = 9\n", 3000);
        let old = draft.put_aside(&config).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(old).unwrap(), "workers = x\n");
        assert!(!draft.0.exists());
    }
}
