//! Which project a working directory belongs to.
//!
//! To find that out takes a look at the disk, which need not answer. A submission looks at its directory anyway,
//! and the root that is found then is remembered here, so that the dispatcher can store the task with its project.
//! Directories that were not looked at (of imported tasks, and of those from before projects) are looked at by a
//! thread of its own ([`place_directories`]), and the dispatcher is told.

mod root;

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use claude_worker_paths::user_home;
use tokio::sync::mpsc;

use crate::EngineError;
use crate::message::{DirectoryPlace, Message};

/// How many directories are remembered.
const MOST: usize = 4096;
/// How long a directory has to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// After so many directories that do not answer no others are looked at: each keeps a thread.
const UNANSWERED: usize = 4;
/// How many directories one message to the dispatcher places.
const AT_ONCE: usize = 64;

/// The roots that were found last.
#[derive(Debug, Default)]
pub(crate) struct ProjectRoots(Mutex<HashMap<String, Arc<str>>>);

impl ProjectRoots {
    /// The root of the directory's project, as it was last found.
    pub(crate) fn of(&self, directory: &str) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(directory).cloned()
    }

    /// Finds the root of the directory's project and remembers it. Looks at the disk.
    pub(crate) fn look(&self, directory: &str) -> Option<Arc<str>> {
        let root = root::root_of(Path::new(directory), user_home().as_deref());
        let root: Arc<str> = root.to_str()?.into();
        let mut roots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if roots.len() >= MOST && !roots.contains_key(directory) {
            roots.clear();
        }
        roots.insert(directory.to_owned(), Arc::clone(&root));
        Some(root)
    }
}

/// Looks at each directory that comes, on a thread of its own, and tells the dispatcher where it belongs. Ends when
/// the sender of `directories` is gone, or the dispatcher.
pub(crate) fn place_directories(
    directories: Receiver<String>,
    roots: Arc<ProjectRoots>,
    inbox: mpsc::Sender<Message>,
) -> Result<(), EngineError> {
    let mut looks = Looks::new(roots)?;
    thread("projects", move || {
        while let Ok(first) = directories.recv() {
            let more = directories.try_iter().take(AT_ONCE - 1);
            let found: Vec<_> = std::iter::once(first)
                .chain(more)
                .filter_map(|directory| {
                    let root = looks.look(&directory)?;
                    Some(DirectoryPlace { directory, root })
                })
                .collect();
            if !found.is_empty() && inbox.blocking_send(Message::DirectoriesPlaced(found)).is_err()
            {
                return;
            }
        }
    })
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), EngineError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(256 * 1024)
        .spawn(work)
        .map(drop)
        .map_err(EngineError::io("cannot start a thread"))
}

/// A thread that looks at one directory after another. One that does not come back is given up.
struct Looks {
    roots: Arc<ProjectRoots>,
    ask: Sender<String>,
    found: Receiver<Option<Arc<str>>>,
    unanswered: usize,
}

impl Looks {
    fn new(roots: Arc<ProjectRoots>) -> Result<Self, EngineError> {
        let (ask, asked) = channel::<String>();
        let (tell, found) = channel();
        let thread_roots = Arc::clone(&roots);
        thread("project-look", move || {
            while let Ok(directory) = asked.recv() {
                if tell.send(thread_roots.look(&directory)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { roots, ask, found, unanswered: 0 })
    }

    fn look(&mut self, directory: &str) -> Option<Arc<str>> {
        if self.unanswered >= UNANSWERED {
            return None;
        }
        self.ask.send(directory.to_owned()).ok()?;
        match self.found.recv_timeout(PATIENCE) {
            Ok(root) => root,
            Err(RecvTimeoutError::Timeout) => {
                tracing::warn!(
                    directory,
                    "the directory does not answer; its project is not known"
                );
                let unanswered = self.unanswered + 1;
                if let Ok(fresh) = Self::new(Arc::clone(&self.roots)) {
                    *self = fresh;
                }
                self.unanswered = unanswered;
                None
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }
}
