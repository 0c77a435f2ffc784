//! The token of the owner, in the file `token` of the data directory.

use std::io::{self, Write};
use std::path::Path;

use claude_worker_api::ApiError;
use claude_worker_os::files::{create_new, is_open_to_others, others_can_write};
use claude_worker_os::random::random_hex;
use claude_worker_paths::read_own;

/// A shorter token could be guessed, in characters.
const SHORTEST: usize = 16;

/// The token in `file`; a new one is written there when it has none.
///
/// # Errors
/// `invalid_request` when it can be neither read nor written.
pub(crate) fn load_or_create(file: &Path) -> Result<String, ApiError> {
    token(file).map_err(|error| {
        let file = file.display();
        ApiError::invalid(format!("Cannot keep a token in {file}: {error}"))
            .hint(format!("Check that {file} belongs to you, and that the disk is not full"))
    })
}

fn token(file: &Path) -> io::Result<String> {
    match read_own(file) {
        Ok(token) if !token.trim().is_empty() => {
            check_mode(file)?;
            let token = token.trim();
            if token.chars().count() < SHORTEST {
                let why = format!(
                    "the token in it has fewer than {SHORTEST} characters and could be guessed; remove the \
                     file to have one made"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            return Ok(token.to_owned());
        }
        Ok(_) => std::fs::remove_file(file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let token = random_hex::<32>()?;
    let mut opened = create_new(file)?;
    opened.write_all(token.as_bytes())?;
    opened.sync_all()?;
    Ok(token)
}

/// Refuses a file that every user can write to, and warns of one that others can read. The directory of
/// tokens is private, but the file may be a link to one elsewhere.
fn check_mode(file: &Path) -> io::Result<()> {
    let found = std::fs::metadata(file)?;
    if others_can_write(&found) {
        let why = "other users can write to it; make it private (chmod 600) or remove it";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    if is_open_to_others(&found) {
        tracing::warn!(file = %file.display(), "the file with the token is not private (chmod 600)");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        let made = load_or_create(&file).unwrap();
        assert_eq!(made.len(), 64);
        assert_eq!(load_or_create(&file).unwrap(), made);
        std::fs::write(&file, "\n").unwrap();
        assert_ne!(load_or_create(&file).unwrap(), made, "an empty file is replaced");
        let error = load_or_create(&directory.path().join("missing/token")).unwrap_err();
        assert!(error.message.contains("Cannot keep a token"), "{error}");
        assert!(!error.hint.is_empty(), "{error}");
    }

    #[test]
    fn a_token_that_could_be_guessed_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        std::fs::write(&file, "x\n").unwrap();
        let error = load_or_create(&file).unwrap_err();
        assert!(error.message.contains("fewer than 16 characters"), "{error}");
        std::fs::write(&file, "0123456789abcdef\n").unwrap();
        assert_eq!(load_or_create(&file).unwrap(), "0123456789abcdef");
    }

    #[test]
    fn a_token_that_others_can_write_is_refused_also_behind_a_link() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("elsewhere"), directory.path().join("token"));
        std::fs::write(&file, "0123456789abcdef").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for (mode, refused) in [(0o600, false), (0o644, false), (0o666, true)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let token = load_or_create(&link);
            assert_eq!(token.is_err(), refused, "{mode:o}");
            if let Err(error) = token {
                assert!(error.message.contains("other users can write"), "{error}");
            }
        }
    }
}
