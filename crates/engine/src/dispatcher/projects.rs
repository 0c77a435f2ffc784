//! The projects of the directories that tasks work in.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use claude_worker_api::{EventKind, Timestamp};

use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::message::DirectoryPlace;
use crate::projects::ProjectRoots;

/// What the dispatcher needs to find projects.
pub(crate) struct ProjectFinder {
    /// The roots that were found last.
    pub(crate) roots: Arc<ProjectRoots>,
    /// Directories that are to be looked at.
    pub(crate) look: Sender<String>,
}

impl Dispatcher {
    /// Has the project of each new directory found from now on, and of those that have none yet.
    pub(crate) fn find_projects(&mut self, finder: ProjectFinder) -> Result<(), EngineError> {
        for directory in self.writer.unplaced_directories()? {
            drop(finder.look.send(directory));
        }
        self.projects = Some(finder);
        Ok(())
    }

    /// The root of the directory's project. Where it is not known, it is looked for after the commit.
    pub(super) fn project_root(
        &self,
        directory: &str,
        after: &mut AfterCommit,
    ) -> Option<Arc<str>> {
        let root = self.projects.as_ref()?.roots.of(directory);
        if root.is_none() {
            after.unplaced_directories.push(directory.to_owned());
        }
        root
    }

    /// Has the project of these directories found.
    pub(super) fn look_for_projects(&self, directories: Vec<String>) {
        let Some(finder) = &self.projects else { return };
        for directory in directories {
            drop(finder.look.send(directory));
        }
    }

    /// Stores where directories belong.
    pub(super) fn place_directories(
        &mut self,
        places: &[DirectoryPlace],
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let mut is_news = false;
        for DirectoryPlace { directory, root } in places {
            is_news |= self.writer.place_directory(directory, root)?;
        }
        if is_news {
            self.event(None, &EventKind::ProjectsChanged, now)?;
        }
        Ok(())
    }
}
