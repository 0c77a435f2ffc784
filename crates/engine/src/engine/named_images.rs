//! Images in files that an agent's text names: `![A chart](chart.png)`.
//!
//! The text is hostile: it may name any file. So only files within the task's directory are read, also by links
//! in it, and only what is an image by its first bytes is given away.

use std::path::{Path, PathBuf};
use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode, Image, TaskId};

use super::Engine;
use super::list::LONGEST_SEARCH;
use crate::{EngineError, logs};

/// How long the directory has to answer.
const READING: Duration = Duration::from_secs(5);

impl Engine {
    pub(super) async fn named_image(&self, id: TaskId, path: String) -> Result<Image, ApiError> {
        if path.chars().count() > LONGEST_SEARCH {
            return Err(ApiError::invalid(format!(
                "The path of the image has more than {LONGEST_SEARCH} characters"
            ))
            .hint("Pass the path as the log names it"));
        }
        let directory = self
            .read(move |inner| {
                let stored = inner.readers.task(id)?;
                let stored = stored.ok_or_else(|| EngineError::Refused(ApiError::no_task(id)))?;
                Ok(stored.task.working_directory)
            })
            .await?;
        let within = PathBuf::from(&directory);
        let look = move || logs::image_in_file(&real_file(&within, &path)?);
        self.inner.directory_checks.look(&directory, READING, look).await?
    }
}

/// The file itself, without links.
///
/// # Errors
/// `not_found` where there is none; `invalid_request` where it is outside of the directory.
fn real_file(directory: &Path, path: &str) -> Result<PathBuf, ApiError> {
    let there = |path: &Path| {
        path.canonicalize().map_err(|error| {
            let message = format!("{} cannot be read: {error}", path.display());
            ApiError::new(ErrorCode::NotFound, message)
                .hint("It may have been moved or removed since the text was written")
        })
    };
    let (directory, file) = (there(directory)?, there(&directory.join(path))?);
    if file.starts_with(&directory) {
        return Ok(file);
    }
    Err(ApiError::invalid(format!("{path} is not in the task's directory, and is not shown"))
        .hint("Open the file with a program of yours, if you trust the task"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_files_within_the_directory_are_read() {
        let root = tempfile::tempdir().unwrap();
        let (inside, outside) = (root.path().join("work"), root.path().join("secret.png"));
        fs::create_dir_all(inside.join("a")).unwrap();
        fs::write(inside.join("a/chart.png"), "x").unwrap();
        fs::write(&outside, "x").unwrap();
        symlink(&outside, inside.join("link.png")).unwrap();
        symlink(inside.join("a/chart.png"), inside.join("same.png")).unwrap();
        let chart = inside.join("a/chart.png").canonicalize().unwrap();
        let absolute = chart.display().to_string();
        for path in ["a/chart.png", "./a/../a/chart.png", "same.png", &absolute] {
            assert_eq!(real_file(&inside, path).unwrap(), chart, "{path}");
        }
        let outside = outside.display().to_string();
        for path in ["../secret.png", "link.png", "a/../../secret.png", &outside, "/etc/passwd"] {
            let error = real_file(&inside, path).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequest, "{path}");
        }
        for path in ["none.png", "a/chart.png/x", "../none.png"] {
            assert_eq!(real_file(&inside, path).unwrap_err().code, ErrorCode::NotFound, "{path}");
        }
    }
}
