//! The directory of the project that a working directory belongs to.

use std::path::{Path, PathBuf};

use crate::git;

/// The root of the repository that `directory` is in; of a worktree, the root of its repository. Without a
/// repository it is the directory itself. `home` counts as a repository only for tasks that work in it: people
/// keep settings in one there, and all their projects are below. Looks at the disk, which need not answer.
pub(crate) fn root_of(directory: &Path, home: Option<&Path>) -> PathBuf {
    let real = real_path(directory);
    let home = home.map(real_path);
    for path in real.ancestors() {
        let is_too_high = path.parent().is_none() || Some(path) == home.as_deref();
        if is_too_high && path != real {
            break;
        }
        if git::is_repository(path) {
            return match git::common_directory_of_worktree(path) {
                Some(common) if common.ends_with(".git") => {
                    common.parent().unwrap_or(&common).to_owned()
                }
                // A repository without files of its own.
                Some(common) => common,
                None => path.to_owned(),
            };
        }
    }
    real
}

/// The path without symbolic links, as far as it exists.
fn real_path(path: &Path) -> PathBuf {
    for existing in path.ancestors() {
        if let Ok(real) = existing.canonicalize() {
            let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
            return real.join(rest).components().collect();
        }
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Disk {
        place: tempfile::TempDir,
    }

    impl Disk {
        fn new() -> Self {
            Self { place: tempfile::tempdir().unwrap() }
        }

        fn at(&self, path: &str) -> PathBuf {
            self.place.path().canonicalize().unwrap().join(path)
        }

        fn directory(&self, path: &str) -> PathBuf {
            fs::create_dir_all(self.at(path)).unwrap();
            self.at(path)
        }

        /// A worktree as `git worktree add` makes it.
        fn worktree(&self, common: &str, path: &str) {
            let entry = self.directory(&format!("{common}/worktrees/w"));
            let tree = self.directory(path);
            fs::write(tree.join(".git"), format!("gitdir: {}\n", entry.display())).unwrap();
            fs::write(entry.join("commondir"), "../..\n").unwrap();
            fs::write(entry.join("gitdir"), format!("{}\n", tree.join(".git").display())).unwrap();
        }

        fn root(&self, path: &str) -> String {
            let root = root_of(&self.at(path), Some(&self.at("home")));
            root.strip_prefix(self.at("")).unwrap().display().to_string()
        }
    }

    #[test]
    fn a_directory_in_a_repository_or_worktree_belongs_to_the_repository() {
        let disk = Disk::new();
        disk.directory("home/shop/.git");
        disk.directory("home/shop/src/api");
        assert_eq!(disk.root("home/shop"), "home/shop");
        assert_eq!(disk.root("home/shop/src/api"), "home/shop");
        disk.worktree("home/shop/.git", "elsewhere/shop-fix");
        disk.directory("elsewhere/shop-fix/src");
        assert_eq!(disk.root("elsewhere/shop-fix/src"), "home/shop");
        disk.worktree("bare/tool.git", "bare/main");
        assert_eq!(disk.root("bare/main"), "bare/tool.git");
    }

    #[test]
    fn a_file_that_only_claims_to_be_of_a_repository_is_a_project_of_its_own() {
        let disk = Disk::new();
        let entry = disk.directory("home/shop/.git/worktrees/w");
        fs::write(entry.join("commondir"), "../..\n").unwrap();
        fs::write(entry.join("gitdir"), "/another/.git\n").unwrap();
        let copy = disk.directory("copy");
        fs::write(copy.join(".git"), format!("gitdir: {}\n", entry.display())).unwrap();
        assert_eq!(disk.root("copy"), "copy");
    }

    #[test]
    fn a_directory_in_no_repository_is_its_own_project() {
        let disk = Disk::new();
        disk.directory("home/.git");
        disk.directory("home/notes/2026");
        assert_eq!(
            disk.root("home/notes/2026"),
            "home/notes/2026",
            "not all of the home directory"
        );
        assert_eq!(disk.root("home"), "home");
        disk.directory("plain/a");
        assert_eq!(disk.root("plain/a"), "plain/a");
    }

    #[test]
    fn links_are_followed_and_removed_directories_keep_their_place() {
        let disk = Disk::new();
        disk.directory("home/shop/.git");
        std::os::unix::fs::symlink(disk.at("home/shop"), disk.at("link")).unwrap();
        assert_eq!(disk.root("link"), "home/shop");
        assert_eq!(disk.root("link/gone/deep"), "home/shop");
        assert_eq!(disk.root("nowhere/at/all"), "nowhere/at/all");
    }
}
