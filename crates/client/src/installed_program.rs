//! Finds the other programs of Claude Worker.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Finds a program of Claude Worker: in the directory of the running program, or else the first
/// executable one in `PATH`.
#[must_use]
pub fn installed_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    find(name, std::env::current_exe().ok().as_deref(), &path)
}

fn find(name: &str, running: Option<&Path>, path: &OsStr) -> Option<PathBuf> {
    let beside = running.map(|running| running.with_file_name(name));
    beside
        .filter(|program| program.is_file())
        .or_else(|| which::which_in_global(name, Some(path)).ok()?.next())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_program_beside_the_running_one_comes_before_one_in_the_path() {
        let program = |directory: &tempfile::TempDir, mode| {
            let file = directory.path().join("claude-worker-mcp");
            fs::write(&file, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            file
        };
        let [here, data, there] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let running = here.path().join("claude-worker");
        let path = std::env::join_paths([data.path(), there.path()]).unwrap();
        let found = || find("claude-worker-mcp", Some(&running), &path);
        assert_eq!(found(), None);
        program(&data, 0o644);
        assert_eq!(found(), None, "it is not executable");
        let in_path = program(&there, 0o755);
        assert_eq!(found(), Some(in_path));
        let beside = program(&here, 0o755);
        assert_eq!(found(), Some(beside));
        assert_eq!(find("claude-worker-mcp", None, OsStr::new("")), None);
    }
}
