//! The editor of this user.

use std::path::Path;
use std::process::Command;

use crate::error::CliError;

/// The editor that `$VISUAL` or else `$EDITOR` names. It may have arguments.
pub(crate) fn named() -> Option<String> {
    first_named(["VISUAL", "EDITOR"].map(|name| std::env::var(name).ok()))
}

fn first_named(variables: [Option<String>; 2]) -> Option<String> {
    variables.into_iter().flatten().find(|editor| !editor.trim().is_empty())
}

/// Runs an editor and waits for its end. A shell splits its arguments, as git does.
///
/// # Errors
/// A usage error when it cannot be started or fails.
pub(crate) fn run(editor: &str, path: &Path) -> Result<(), CliError> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(path);
    let failed = match command.status() {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("The editor {editor} failed ({status}), so nothing was changed"),
        Err(error) => format!("The editor {editor} cannot be started: {error}"),
    };
    let hint =
        "Set EDITOR to an editor that waits until the file is closed, like nano or \"code --wait\"";
    Err(CliError::usage(failed, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_editor_that_is_named_counts() {
        let named = |visual: Option<&str>, other: Option<&str>| {
            first_named([visual.map(str::to_owned), other.map(str::to_owned)])
        };
        assert_eq!(named(Some("code --wait"), Some("vi")).as_deref(), Some("code --wait"));
        assert_eq!(named(Some(" "), Some("vi")).as_deref(), Some("vi"));
        assert_eq!(named(None, None), None);
    }
}
