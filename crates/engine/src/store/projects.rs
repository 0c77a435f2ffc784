//! Directories that tasks work in, and the projects that they belong to.

use claude_worker_api::{ApiError, Project, ProjectId, TaskId, Timestamp};
use claude_worker_paths::user_home;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Readers, Writer};
use crate::EngineError;
use crate::project_name::unique_name;

impl Writer {
    /// The number of a directory, which gets one when it has none. `root` is that of its project, if it is known.
    pub(super) fn directory(&mut self, path: &str, root: Option<&str>) -> Result<i64, EngineError> {
        let known: Option<(i64, Option<String>)> = self
            .connection
            .prepare_cached(
                "SELECT directory.id, project.root FROM directory
                 LEFT JOIN project ON project.id = directory.project_id WHERE path = ?1",
            )?
            .query_row([path], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (id, known_root) = match known {
            Some(known) => known,
            None => {
                self.connection
                    .prepare_cached("INSERT INTO directory (path) VALUES (?1)")?
                    .execute([path])?;
                (self.connection.last_insert_rowid(), None)
            }
        };
        if let Some(root) = root.filter(|root| known_root.as_deref() != Some(root)) {
            let project = self.project(root)?;
            self.connection
                .prepare_cached("UPDATE directory SET project_id = ?1 WHERE id = ?2")?
                .execute(params![project, id])?;
        }
        Ok(id)
    }

    /// Stores where a directory belongs. Says whether that is news.
    pub(crate) fn place_directory(&mut self, path: &str, root: &str) -> Result<bool, EngineError> {
        let before = self.connection.total_changes();
        self.directory(path, Some(root))?;
        Ok(self.connection.total_changes() != before)
    }

    /// The directories whose project is not known.
    pub(crate) fn unplaced_directories(&self) -> Result<Vec<String>, EngineError> {
        let mut statement = self
            .connection
            .prepare("SELECT path FROM directory WHERE project_id IS NULL ORDER BY id DESC")?;
        let paths = statement.query_map([], |row| row.get(0))?;
        Ok(paths.collect::<Result<_, _>>()?)
    }

    /// The number of the project with this root, which is made when there is none.
    fn project(&mut self, root: &str) -> Result<i64, EngineError> {
        let known = self
            .connection
            .prepare_cached("SELECT id FROM project WHERE root = ?1")?
            .query_row([root], |row| row.get(0))
            .optional()?;
        if let Some(known) = known {
            return Ok(known);
        }
        let home = user_home();
        let home = home.as_deref().and_then(std::path::Path::to_str);
        let name = {
            let mut taken =
                self.connection.prepare_cached("SELECT 1 FROM project WHERE name = ?1")?;
            unique_name(root, home, |name| taken.exists([name]))?
        };
        self.connection
            .prepare_cached("INSERT INTO project (root, name) VALUES (?1, ?2)")?
            .execute([root, name.as_str()])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// One task more works in this directory, or one less.
    pub(super) fn count_tasks(&mut self, directory: i64, change: i64) -> Result<(), EngineError> {
        self.connection
            .prepare_cached("UPDATE directory SET tasks = tasks + ?1 WHERE id = ?2")?
            .execute([change, directory])?;
        Ok(())
    }

    /// The number of the directory that a task works in.
    pub(super) fn directory_of(&self, id: TaskId) -> Result<Option<i64>, EngineError> {
        Ok(self
            .connection
            .prepare_cached("SELECT directory_id FROM task WHERE id = ?1")?
            .query_row([id.0], |row| row.get(0))
            .optional()?
            .flatten())
    }
}

impl Readers {
    /// All projects with tasks, or with costs since `since`; the most expensive first. Reads as many rows as there
    /// are directories, running tasks, and runs since then.
    pub(crate) fn projects(&self, since: Timestamp) -> Result<Vec<Project>, EngineError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "WITH spent AS MATERIALIZED (
                     SELECT project_id, total(usd) AS usd FROM spending
                     JOIN directory ON directory.id = spending.directory_id
                     WHERE ended_at >= ?1 GROUP BY project_id
                 ), running AS MATERIALIZED (
                     SELECT project_id, count(*) AS number FROM task
                     JOIN directory ON directory.id = task.directory_id
                     WHERE status = 'running' GROUP BY project_id
                 ), known AS MATERIALIZED (
                     SELECT project_id, sum(tasks) AS number FROM directory GROUP BY project_id
                 )
                 SELECT project.id, name, root, coalesce(known.number, 0),
                     coalesce(running.number, 0), coalesce(spent.usd, 0.0)
                 FROM project LEFT JOIN known ON known.project_id = project.id
                     LEFT JOIN running ON running.project_id = project.id
                     LEFT JOIN spent ON spent.project_id = project.id
                 WHERE known.number > 0 OR spent.usd > 0
                 ORDER BY spent.usd DESC NULLS LAST, name COLLATE NOCASE",
            )?;
            let projects = statement.query_map([since.as_millis()], |row| {
                Ok(Project {
                    id: ProjectId(row.get(0)?),
                    name: row.get(1)?,
                    root: row.get(2)?,
                    tasks: row.get::<_, i64>(3)?.unsigned_abs(),
                    running: row.get::<_, i64>(4)?.unsigned_abs(),
                    cost_usd: row.get(5)?,
                })
            })?;
            Ok(projects.collect::<Result<_, _>>()?)
        })
    }
}

/// The project with this name or root.
///
/// # Errors
/// `invalid_request` when there is none.
pub(super) fn by_name(connection: &Connection, text: &str) -> Result<ProjectId, EngineError> {
    let wanted = if text.len() > 1 { text.trim_end_matches('/') } else { text };
    let found = connection
        .prepare_cached(
            "SELECT id FROM project WHERE name = ?1 OR root = ?1 ORDER BY root = ?1 DESC",
        )?
        .query_row([wanted], |row| row.get(0).map(ProjectId))
        .optional()?;
    found.ok_or_else(|| {
        EngineError::Refused(
            ApiError::invalid(format!("There is no project \"{}\"", text.escape_debug()))
                .hint("Name a project by its name or by its directory"),
        )
    })
}
