//! Private files, files that are replaced in one step, and what tells one file from another.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::system::files as system;

/// Makes a file private (0600) that is about to be created.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    system::private(options)
}

/// Keeps an open from waiting at a named pipe that has the file's place.
pub fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    system::without_waiting(options)
}

/// Keeps an open from waiting at a named pipe, and from following a link.
pub fn without_waiting_or_links(options: &mut OpenOptions) -> &mut OpenOptions {
    system::without_waiting_or_links(options)
}

/// Makes a private directory (0700). Its parent must exist.
///
/// # Errors
/// What the system says.
pub fn create_private_directory(path: &Path) -> io::Result<()> {
    system::create_private_directory(path)
}

/// Makes a private directory (0700), and the missing ones above it.
///
/// # Errors
/// What the system says.
pub fn create_private_directories(path: &Path) -> io::Result<()> {
    system::create_private_directories(path)
}

/// Lets no other user enter a directory of ours.
///
/// # Errors
/// What the system says.
pub fn make_directory_private(path: &Path) -> io::Result<()> {
    system::make_directory_private(path)
}

/// Whether others than the owner can enter the directory, or read or write the file.
#[must_use]
pub fn is_open_to_others(found: &Metadata) -> bool {
    system::mode(found).is_some_and(|mode| mode & 0o077 != 0)
}

/// Whether every user can replace what is in the directory. In one with the sticky bit, like `/tmp`,
/// each user can only replace their own. A group may write: with the usual umask of 002 it has one
/// member, and [`crate::user::foreign_owner`] finds what another user puts there.
#[must_use]
pub fn others_can_write(found: &Metadata) -> bool {
    system::mode(found).is_some_and(|mode| mode & 0o002 != 0 && mode & 0o1000 == 0)
}

/// Whether the file may be started as a program, by its mode.
#[must_use]
pub fn is_executable(found: &Metadata) -> bool {
    system::mode(found).is_none_or(|mode| mode & 0o111 != 0)
}

/// Whether it is a local socket. Looks at what was found without following links.
#[must_use]
pub fn is_socket(found: &Metadata) -> bool {
    system::is_socket(found)
}

/// Whether this process may make and remove files in the directory.
#[must_use]
pub fn can_write_directory(path: &Path) -> bool {
    system::can_write_directory(path)
}

/// Whether this process may list the directory, too.
#[must_use]
pub fn can_use_directory(path: &Path) -> bool {
    system::can_use_directory(path)
}

/// The permissions of the file that is there, for [`Replace::permissions`]: a person may have let
/// others read it. None when there is no file.
#[must_use]
pub fn kept_permissions(path: &Path) -> Option<Permissions> {
    fs::metadata(path).ok().map(|found| system::kept_permissions(&found))
}

/// Opens a regular file for reading: never blocks, follows no link, and refuses what is something
/// else with [`io::ErrorKind::InvalidData`]. For files that an agent can reach.
///
/// # Errors
/// As above, and what the system says.
pub fn open_regular(path: &Path) -> io::Result<File> {
    system::open_regular(path)
}

/// Names a file or directory: two that are equal are of the same file, as long as that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl Identity {
    /// Of what is at `path`; a link is not followed.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::Unsupported`] on Windows.
    pub fn at(path: &Path) -> io::Result<Self> {
        fs::symlink_metadata(path).and_then(|found| Self::of(&found))
    }

    /// Of what was looked at.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] on Windows.
    pub fn of(found: &Metadata) -> io::Result<Self> {
        system::identity(found)
    }

    /// As text, which is the same for each path that leads to the file.
    #[must_use]
    pub fn text(self) -> String {
        format!("{:x}:{:x}", self.device, self.inode)
    }

    /// Whether both are on the same file system.
    #[must_use]
    pub const fn is_beside(self, other: Self) -> bool {
        self.device == other.device
    }
}

/// Changes with each change of a file, and when another file takes its place. On Windows two files
/// of the same length and time of modification have the same version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileVersion {
    /// None where the system does not tell it.
    pub(crate) identity: Option<Identity>,
    pub(crate) length: u64,
    /// When the content or the owner, mode or name last changed, in seconds since 1970 and
    /// nanoseconds. On Unix no program can set this time.
    pub(crate) changed: (i64, i64),
}

impl FileVersion {
    /// The version of what is at `path`, links followed; none when that cannot be looked at.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|found| Self::of(&found))
    }

    /// Of what was looked at.
    #[must_use]
    pub fn of(found: &Metadata) -> Self {
        system::version(found)
    }

    /// When the file last changed, in seconds since 1970.
    #[must_use]
    pub const fn changed_seconds(&self) -> i64 {
        self.changed.0
    }
}

/// Creates the empty file `path`, private, or finds it there. Other processes see it; a power cut
/// may undo it.
///
/// # Errors
/// What the system says.
pub fn create_visible(path: &Path) -> io::Result<()> {
    without_waiting_or_links_private(OpenOptions::new().create(true).truncate(false).write(true))
        .open(path)
        .map(drop)
}

/// [`private`] and [`without_waiting_or_links`].
pub fn without_waiting_or_links_private(options: &mut OpenOptions) -> &mut OpenOptions {
    without_waiting_or_links(private(options))
}

/// Creates the empty file `path`, or finds it there, and gets its directory entry onto the disk.
/// An empty file is nothing but that entry, so the directory is all there is to flush.
///
/// # Errors
/// What the system says.
pub fn create_marker(path: &Path) -> io::Result<()> {
    create_visible(path)?;
    sync_parent(path)
}

/// Creates a private file instead of the file, pipe or link that may be there: waits at no pipe and
/// follows no link. A directory stays.
///
/// # Errors
/// What the system says.
pub fn create_anew(path: &Path) -> io::Result<File> {
    match create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            create_new(path)
        }
        made => made,
    }
}

/// Creates a private file that must not exist yet, and opens it for appending.
///
/// # Errors
/// What the system says.
pub fn create_new(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().create_new(true).append(true)).open(path)
}

/// Writes a new private file; it must not exist yet.
///
/// # Errors
/// What the system says.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_new(path)?.write_all(bytes)
}

/// Gets the entries of the directory that `path` is in onto the disk. On Windows, which cannot flush
/// a directory, this does nothing.
///
/// # Errors
/// What the system says.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), system::sync_directory)
}

/// How [`replace`] writes a file.
#[derive(Debug, Clone, Default)]
pub struct Replace {
    /// Whether file and directory entry must be on disk when the call returns. Otherwise other
    /// processes see the new content, and a power cut may undo it. On Windows only the file is
    /// flushed, so that after a power cut the old file may be there again.
    pub flush: bool,
    /// Whether a directory in the file's place gives way, with all that is in it: for places that an
    /// agent can reach.
    pub clear_directory: bool,
    /// The permissions of the new file; without any it is private.
    pub permissions: Option<Permissions>,
}

/// Puts `bytes` at `path` in one step: readers find the old content or all of the new. Returns the
/// new file, opened for appending. After an error the old content is there, unless only the flush of the
/// directory failed.
///
/// The draft beside it has a fixed name, so that one that a crash has left is overwritten the next
/// time. (The `tempfile` crate gives each draft a name of its own, and those would pile up.)
/// Two processes must not replace the same file at the same time.
///
/// # Errors
/// What the system says.
pub fn replace(path: &Path, bytes: &[u8], how: &Replace) -> io::Result<File> {
    let draft = draft_of(path);
    let written: io::Result<File> = (|| {
        let mut file = match create_new(&draft) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                clear(&draft)?;
                create_new(&draft)?
            }
            made => made?,
        };
        file.write_all(bytes)?;
        if let Some(permissions) = &how.permissions {
            file.set_permissions(permissions.clone())?;
        }
        if how.flush {
            file.sync_all()?;
        }
        match system::replace_file(&draft, path) {
            // A directory does not give way by itself.
            Err(error) if how.clear_directory && is_in_the_way(&error) => {
                clear(path)?;
                system::replace_file(&draft, path)?;
            }
            renamed => renamed?,
        }
        Ok(file)
    })();
    if written.is_err() {
        // A draft on a full disk takes room that others need. It may not exist at all.
        let _ = fs::remove_file(&draft);
    }
    let file = written?;
    if how.flush {
        sync_parent(path)?;
    }
    Ok(file)
}

/// The draft of a file that is being replaced. Named after this program, because some files that are
/// replaced are in directories of other programs.
fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".claude-worker-draft");
    PathBuf::from(name)
}

/// Whether something at the new name is why a file could not be renamed.
fn is_in_the_way(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::IsADirectory
            | io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists
    )
}

/// Removes whatever is at `path`.
fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A path as the system knows it; none where it cannot be told in bytes.
#[must_use]
pub fn path_to_bytes(path: &Path) -> Option<Vec<u8>> {
    system::path_to_bytes(path)
}

/// The other way round.
#[must_use]
pub fn path_from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    system::path_from_bytes(bytes)
}

/// Whether an error says that the system lacks something just now (room, processes, memory,
/// descriptors, a program that is being written), so that the same call may work in a moment.
#[must_use]
pub fn is_shortage(error: &io::Error) -> bool {
    system::is_shortage(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_has_the_new_content_and_is_open_for_appending() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("file");
        replace(&path, b"one", &Replace::default()).unwrap();
        let how = Replace { flush: true, ..Replace::default() };
        let mut file = replace(&path, b"two", &how).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        file.write_all(b" more").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two more");
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_directory_gives_way_only_where_that_was_asked_for() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("file");
        fs::create_dir_all(path.join("full")).unwrap();
        replace(&path, b"new", &Replace::default()).unwrap_err();
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1, "the draft is removed");
        let how = Replace { clear_directory: true, ..Replace::default() };
        replace(&path, b"new", &how).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
}

/// Modes, links, named pipes and times of change.
#[cfg(all(test, unix))]
mod unix_tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it exists").permissions().mode() & 0o777
    }

    fn entries(directory: &Path) -> usize {
        fs::read_dir(directory).expect("it can be listed").count()
    }

    #[test]
    fn a_replaced_file_is_private_or_has_the_permissions_that_were_asked_for() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("file");
        replace(&path, b"one", &Replace::default()).unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"one".to_vec(), 0o600));
        fs::set_permissions(&path, Permissions::from_mode(0o664)).unwrap();
        let how =
            Replace { flush: true, permissions: kept_permissions(&path), ..Replace::default() };
        replace(&path, b"two", &how).unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"two".to_vec(), 0o664));
        replace(&path, b"three", &Replace::default()).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(entries(here.path()), 1);
    }

    #[test]
    fn whatever_has_the_draft_s_name_gives_way_and_no_link_is_followed() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("file");
        let draft = draft_of(&path);
        let other = here.path().join("other");
        fs::write(&other, "mine").unwrap();
        let put: [&dyn Fn(); 4] = [
            &|| fs::write(&draft, "what a crash has left").unwrap(),
            &|| fs::create_dir_all(draft.join("full")).unwrap(),
            &|| symlink(&other, &draft).unwrap(),
            &|| crate::pipe::listen(&draft).map(drop).unwrap(),
        ];
        for put in put {
            put();
            replace(&path, b"new", &Replace::default()).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            assert_eq!(fs::read(&other).unwrap(), b"mine");
            assert_eq!(entries(here.path()), 2);
        }
    }

    #[test]
    fn a_directory_is_open_to_every_user_without_the_sticky_bit_only() {
        let here = tempfile::tempdir().unwrap();
        for (mode, open) in
            [(0o700, false), (0o755, false), (0o1777, false), (0o777, true), (0o775, false)]
        {
            fs::set_permissions(here.path(), Permissions::from_mode(mode)).unwrap();
            let found = fs::metadata(here.path()).unwrap();
            assert_eq!(others_can_write(&found), open, "{mode:o}");
        }
    }

    #[test]
    fn a_file_that_was_changed_or_replaced_has_another_version() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("file");
        fs::write(&path, "one").unwrap();
        let first = FileVersion::at(&path);
        assert_eq!(FileVersion::at(&path), first);
        fs::write(&path, "longer").unwrap();
        let second = FileVersion::at(&path);
        assert_ne!(second, first);
        replace(&path, b"longer", &Replace::default()).unwrap();
        assert_ne!(FileVersion::at(&path), second);
    }
}
