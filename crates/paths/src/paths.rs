//! Where everything is kept.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use claude_worker_api::{ApiError, ErrorCode};
use claude_worker_os::files::{
    create_private_directories, is_open_to_others, make_directory_private,
};
use claude_worker_os::user::is_own;

use crate::home::{expand_home, user_home};
use crate::own_file;

/// The name of the default data directory, in the user's home directory.
const DEFAULT_HOME: &str = ".claude-worker";

/// The places one engine uses. Two engines with the same [`Paths::lock`] cannot both run; a
/// database with a name of its own (`CLAUDE_WORKER_DB`) gets a lock and a socket of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The data directory.
    pub home: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// One directory per run in here.
    pub runs: PathBuf,
    /// Private environment files of tasks, one per task.
    pub env: PathBuf,
    /// The local socket.
    pub socket: PathBuf,
    /// The lock an engine holds all its life.
    pub lock: PathBuf,
    /// The named pipe through which supervisors tell the engine that something happened.
    pub wakeup_pipe: PathBuf,
    /// The configuration file; need not exist.
    pub config: PathBuf,
    /// What a background engine has to say.
    pub log: PathBuf,
    /// The bearer token of the HTTP server.
    pub token: PathBuf,
    /// Which runs were handed to a supervisor and are not in the database as started yet.
    pub launched: PathBuf,
    /// Room that is kept for a full disk.
    pub reserve: PathBuf,
    /// The index for searches, which can be deleted at any time.
    pub search: PathBuf,
    /// The directories that the user has trusted with `claude-worker trust`.
    pub trust: PathBuf,
    /// The templates of tasks.
    pub templates: PathBuf,
}

impl Paths {
    /// The places that the environment names: `CLAUDE_WORKER_HOME` (default
    /// `~/.claude-worker`), `CLAUDE_WORKER_DB` and `CLAUDE_WORKER_LOG_DIR`.
    ///
    /// # Errors
    /// `invalid_request` when no home directory is known, or a place is named by a relative path:
    /// each working directory would have a queue of its own. `forbidden` when the data belong to
    /// another user, or other users can write to their directory.
    pub fn from_env() -> Result<Self, ApiError> {
        let paths = Self::resolve(
            variable("HOME").map(PathBuf::from).as_deref(),
            variable("CLAUDE_WORKER_HOME"),
            variable("CLAUDE_WORKER_DB"),
            variable("CLAUDE_WORKER_LOG_DIR"),
            &env::current_dir().unwrap_or_default(),
        )?;
        paths.are_our_own()?;
        Ok(paths)
    }

    /// The variable of the environment that names the data directory; none for the default one.
    #[must_use]
    pub fn named_by(&self) -> Option<&'static str> {
        let default = user_home().map(|home| home.join(DEFAULT_HOME));
        if default.as_deref() == Some(self.home.as_path()) {
            return None;
        }
        ["CLAUDE_WORKER_HOME", "CLAUDE_WORKER_DB"].into_iter().find(|name| variable(name).is_some())
    }

    /// Refuses places that another user owns or can write to.
    fn are_our_own(&self) -> Result<(), ApiError> {
        let parent = self.database.parent().unwrap_or(&self.home);
        let directories = [self.home.as_path(), parent, &self.runs, &self.env];
        directories.into_iter().try_for_each(own_file::check)?;
        // SQLite takes what it finds in the other two for its own, and writes it into the database.
        ["", "-wal", "-shm"].iter().try_for_each(|end| {
            let mut file = self.database.clone().into_os_string();
            file.push(end);
            own_file::check(Path::new(&file))
        })
    }

    /// The places of a data directory of which nothing is elsewhere.
    #[must_use]
    pub fn below(home: &Path) -> Self {
        let place = |name: &str| home.join(name);
        Self {
            home: home.to_owned(),
            database: place("tasks.db"),
            runs: place("runs"),
            env: place("env"),
            socket: place("engine.sock"),
            lock: place("engine.lock"),
            wakeup_pipe: place("engine.bell"),
            config: place("config.toml"),
            log: place("engine.log"),
            token: place("token"),
            launched: place("engine.launched"),
            reserve: place("engine.reserve"),
            search: place("search.db"),
            trust: place("trusted.json"),
            templates: place("templates.json"),
        }
    }

    fn resolve(
        user_home: Option<&Path>,
        home: Option<OsString>,
        database: Option<OsString>,
        log_dir: Option<OsString>,
        current: &Path,
    ) -> Result<Self, ApiError> {
        let given_home = user_home;
        let user_home = given_home.filter(|home| home.is_absolute());
        let expand = |text: OsString| expand_home(Path::new(&text), user_home);
        let absolute = |name: &str, text: Option<OsString>| match text.map(expand) {
            Some(path) if path.is_relative() => Err(ApiError::invalid(format!(
                "{name}={} is not an absolute path",
                path.display()
            ))
            .hint(
                "Give it from the root on; a relative one would be another place in each directory",
            )),
            path => Ok(path),
        };
        let default_home = user_home.map(|home| home.join(DEFAULT_HOME));
        let database = absolute("CLAUDE_WORKER_DB", database)?;
        let home = absolute("CLAUDE_WORKER_HOME", home)?;
        let config_home = home.clone().or_else(|| default_home.clone());
        let home = match (home, &database) {
            (Some(home), _) => Some(home),
            (None, Some(database)) => database.parent().map(Path::to_path_buf),
            (None, None) => default_home,
        };
        let home = home.ok_or_else(|| {
            let what = match given_home {
                Some(home) => format!("HOME={} is not an absolute path", home.display()),
                None => "There is no home directory to keep tasks in".to_owned(),
            };
            ApiError::invalid(what).hint("Set HOME or CLAUDE_WORKER_HOME to a directory of yours")
        })?;
        let database = database.unwrap_or_else(|| home.join("tasks.db"));
        for path in [&home, &database] {
            if path.to_str().is_none() {
                return Err(ApiError::invalid(format!("{} is not valid UTF-8", path.display()))
                    .hint("Set CLAUDE_WORKER_HOME to a directory with another name"));
            }
        }
        let prefix = prefix_of(&database);
        let place = |name: &str| home.join(format!("{prefix}{name}"));
        Ok(Self {
            // The database remembers it, so that a relative one is read only once.
            runs: log_dir.map_or_else(|| place("runs"), |path| current.join(expand(path))),
            env: place("env"),
            socket: place("engine.sock"),
            lock: place("engine.lock"),
            wakeup_pipe: place("engine.bell"),
            log: place("engine.log"),
            token: place("token"),
            launched: place("engine.launched"),
            reserve: place("engine.reserve"),
            search: place("search.db"),
            trust: place("trusted.json"),
            templates: place("templates.json"),
            config: config_home.unwrap_or_else(|| home.clone()).join("config.toml"),
            home,
            database,
        })
    }

    /// The lock of the engine of a database, if its data directory is the database's own directory.
    #[must_use]
    pub fn lock_beside(database: &Path) -> PathBuf {
        database.with_file_name(format!("{}engine.lock", prefix_of(database)))
    }

    /// Makes the directories that are missing, private to this user.
    ///
    /// # Errors
    /// `invalid_request` with the directory's name and the system's reason.
    pub fn create(&self) -> Result<(), ApiError> {
        let parent = self.database.parent().unwrap_or(&self.home);
        for directory in [self.home.as_path(), parent, &self.runs, &self.env] {
            create_private(directory).map_err(|error| {
                let code = match error.kind() {
                    io::ErrorKind::StorageFull => ErrorCode::DiskFull,
                    _ => ErrorCode::InvalidRequest,
                };
                ApiError::new(code, format!("Cannot use {}: {error}", directory.display()))
                    .hint("Check the directory and its permissions, or set CLAUDE_WORKER_HOME")
            })?;
        }
        self.are_our_own()
    }
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Creates a directory with mode 0700. One that is there already is tightened when it is ours
/// alone (its name says so); any other is left as it is, and its files are private by their own
/// modes.
fn create_private(directory: &Path) -> io::Result<()> {
    match std::fs::metadata(directory) {
        Ok(found) if !found.is_dir() => Err(io::ErrorKind::NotADirectory.into()),
        Ok(found) => {
            let ours = matches!(
                directory.file_name().and_then(|name| name.to_str()),
                Some(DEFAULT_HOME | "runs" | "env")
            ) && is_own(&found);
            if ours && is_open_to_others(&found) {
                make_directory_private(directory)?;
            }
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_private_directories(directory)
        }
        Err(error) => Err(error),
    }
}

/// How the names of files beside a database begin: one called otherwise than `tasks.db` may share its
/// directory with another one.
fn prefix_of(database: &Path) -> String {
    match database.file_stem().and_then(|stem| stem.to_str()) {
        Some("tasks") | None => String::new(),
        Some(stem) => format!("{stem}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(home: Option<&str>, database: Option<&str>, logs: Option<&str>) -> Paths {
        Paths::resolve(
            Some(Path::new("/u")),
            home.map(Into::into),
            database.map(Into::into),
            logs.map(Into::into),
            Path::new("/cwd"),
        )
        .unwrap()
    }

    #[test]
    fn the_default_is_one_directory_in_the_home() {
        let paths = resolve(None, None, None);
        assert_eq!(paths.database, Path::new("/u/.claude-worker/tasks.db"));
        assert_eq!(paths.socket, Path::new("/u/.claude-worker/engine.sock"));
        assert_eq!(paths.config, Path::new("/u/.claude-worker/config.toml"));
        assert_eq!(paths, Paths::below(Path::new("/u/.claude-worker")));
    }

    #[test]
    fn naming_the_default_database_changes_nothing() {
        assert_eq!(
            resolve(None, Some("/u/.claude-worker/tasks.db"), None),
            resolve(None, None, None)
        );
        assert_eq!(
            resolve(None, Some("~/.claude-worker/tasks.db"), None),
            resolve(None, None, None)
        );
    }

    #[test]
    fn another_database_has_its_own_lock_and_socket() {
        let paths = resolve(None, Some("/data/nightly.db"), Some("logs"));
        assert_eq!(paths.lock, Path::new("/data/nightly.engine.lock"));
        assert_eq!(paths.socket, Path::new("/data/nightly.engine.sock"));
        assert_eq!(paths.runs, Path::new("/cwd/logs"));
        assert_eq!(paths.config, Path::new("/u/.claude-worker/config.toml"));
    }

    #[test]
    fn without_any_home_it_says_what_to_set() {
        let error = Paths::resolve(None, None, None, None, Path::new("/")).unwrap_err();
        assert!(error.hint.contains("CLAUDE_WORKER_HOME"));
    }

    #[test]
    fn no_place_is_another_one_in_each_directory() {
        let resolve = |user_home: &str, home: Option<&str>, database: Option<&str>| {
            let user_home = Some(Path::new(user_home));
            let (home, database) = (home.map(Into::into), database.map(Into::into));
            Paths::resolve(user_home, home, database, None, Path::new("/cwd"))
                .map(|paths| paths.home)
                .map_err(|error| error.message)
        };
        let refused = |name: &str| Err(format!("{name} is not an absolute path"));
        assert_eq!(resolve("home", None, None), refused("HOME=home"));
        assert_eq!(resolve("/u", Some("data"), None), refused("CLAUDE_WORKER_HOME=data"));
        assert_eq!(resolve("/u", None, Some("x.db")), refused("CLAUDE_WORKER_DB=x.db"));
        assert_eq!(resolve("home", Some("~/data"), None), refused("CLAUDE_WORKER_HOME=~/data"));
        // What is named as a whole needs no home.
        assert_eq!(resolve("home", Some("/data"), None), Ok("/data".into()));
    }
}
