//! Reads of files that a person named, and that may be on a drive that does not answer.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use claude_worker_api::ApiError;
use claude_worker_os::files::without_waiting;
use tokio::sync::Mutex as Turn;

/// How long a read is waited for.
const WITHIN: Duration = Duration::from_secs(5);

/// Reads files on threads that may block. No read is waited for longer than [`WITHIN`], and a file is read
/// by one thread at a time, so that a file that never answers keeps one thread and not more.
#[derive(Clone, Default)]
pub(crate) struct FileReads {
    turns: Arc<Mutex<BTreeMap<PathBuf, Arc<Turn<()>>>>>,
}

impl FileReads {
    /// What `read` makes of the file.
    ///
    /// # Errors
    /// Those of `read`; `invalid_request` when the file does not answer in time.
    pub(crate) async fn of<T: Send + 'static>(
        &self,
        file: &Path,
        read: impl FnOnce(&Path) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let turn = self.turn(file);
        let path = file.to_owned();
        let done = async {
            let turn = turn.lock_owned().await;
            let reading = tokio::task::spawn_blocking(move || {
                let done = read(&path);
                drop(turn);
                done
            });
            reading.await.map_err(|error| ApiError::internal(error.to_string()))?
        };
        tokio::time::timeout(WITHIN, done).await.unwrap_or_else(|_| Err(no_answer(file)))
    }

    /// Whose lock a read of the file holds.
    pub(crate) fn turn(&self, file: &Path) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(file.to_owned()).or_default())
    }
}

fn no_answer(file: &Path) -> ApiError {
    let (file, seconds) = (file.display(), WITHIN.as_secs());
    ApiError::invalid(format!("{file} was not read within {seconds} seconds")).hint(format!(
        "Its drive may not answer: see whether `cat {file}` ends. Name a file on a local disk instead"
    ))
}

/// The content of a regular file of at most `largest` bytes. Waits at no pipe.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for what is no such file, and what the system says.
pub(crate) fn read_regular(path: &Path, largest: u64) -> io::Result<Vec<u8>> {
    let refused = |why: String| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    // Links are followed: certificates that are renewed are often links.
    let file: File = without_waiting(OpenOptions::new().read(true)).open(path)?;
    if !file.metadata()?.is_file() {
        return refused("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        return refused(format!("it is larger than {} MiB", largest >> 20));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_file_that_does_not_answer_keeps_one_thread_and_no_reader() {
        tokio::time::pause();
        let reads = FileReads::default();
        let file = Path::new("/gone/tls.pem");
        let (answer, answered) = mpsc::channel::<()>();
        let (started, begun) = tokio::sync::oneshot::channel();
        let hanging = reads.clone();
        let first = tokio::spawn(async move {
            let hang = move |_: &Path| {
                started.send(()).unwrap();
                answered.recv().unwrap_err();
                Ok(())
            };
            hanging.of(file, hang).await
        });
        begun.await.unwrap();
        tokio::time::advance(WITHIN * 2).await;
        let error = first.await.unwrap().unwrap_err();
        assert!(error.message.contains("/gone/tls.pem was not read within"), "{error}");
        assert!(error.hint.contains("local disk"), "{error}");
        // The next one starts no read, and other files are read meanwhile.
        let second = reads.clone();
        let second = tokio::spawn(async move {
            second.of(file, |_| -> Result<(), ApiError> { panic!("a second thread") }).await
        });
        reads.of(Path::new("/other"), |_| Ok(())).await.unwrap();
        tokio::task::yield_now().await;
        tokio::time::advance(WITHIN * 2).await;
        second.await.unwrap().unwrap_err();
        drop(answer);
        reads.of(file, |_| Ok(())).await.unwrap();
    }

    #[test]
    fn a_file_is_read_if_it_is_a_regular_one_and_not_too_large() {
        let here = tempfile::tempdir().unwrap();
        let (file, link) = (here.path().join("file"), here.path().join("link"));
        std::fs::write(&file, vec![b'x'; 1 << 20]).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(read_regular(&link, 1 << 20).unwrap().len(), 1 << 20);
        std::fs::write(&file, vec![b'x'; (1 << 20) + 1]).unwrap();
        let refused = |path: &Path| read_regular(path, 1 << 20).unwrap_err().to_string();
        assert_eq!(refused(&link), "it is larger than 1 MiB");
        assert_eq!(refused(here.path()), "it is not a regular file");
        let pipe = here.path().join("pipe");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, 0o600.into(), 0).unwrap();
        assert_eq!(refused(&pipe), "it is not a regular file");
        assert_eq!(refused(Path::new("/dev/zero")), "it is not a regular file");
    }
}
