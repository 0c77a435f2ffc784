//! Starting at login: the app's file in the autostart directory of the desktop.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use claude_worker_os::files::{Replace, replace};

/// The name of the file. It is the app's identifier, so that it replaces no other program's file.
const NAME: &str = "io.github.yigitkonur.ClaudeWorker.desktop";

/// The autostart file of the app.
#[derive(Debug, Clone)]
pub struct LoginEntry {
    file: PathBuf,
    program: PathBuf,
}

impl LoginEntry {
    /// The file that starts `program`, in the autostart directory below `config_home`
    /// (`XDG_CONFIG_HOME`) or else `home` (`HOME`). `None` if neither is an absolute path.
    #[must_use]
    pub fn of(
        program: PathBuf,
        config_home: Option<OsString>,
        home: Option<OsString>,
    ) -> Option<Self> {
        let set = |value: Option<OsString>| value.map(PathBuf::from).filter(|p| p.is_absolute());
        let config = set(config_home).or_else(|| set(home).map(|home| home.join(".config")))?;
        Some(Self { file: config.join("autostart").join(NAME), program })
    }

    /// Whether the app starts at login.
    #[must_use]
    pub fn is_on(&self) -> bool {
        // The settings of a desktop turn a file off by adding a line.
        std::fs::read_to_string(&self.file).is_ok_and(|text| {
            !text.lines().any(|line| {
                let line = line.replace(' ', "");
                line == "Hidden=true" || line == "X-GNOME-Autostart-enabled=false"
            })
        })
    }

    /// Creates or removes the file.
    ///
    /// # Errors
    /// The file cannot be written or removed.
    pub fn set(&self, on: bool) -> io::Result<()> {
        if !on {
            return match std::fs::remove_file(&self.file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        if let Some(directory) = self.file.parent() {
            std::fs::create_dir_all(directory)?;
        }
        replace(&self.file, entry(&self.program).as_bytes(), &Replace::default()).map(drop)
    }
}

/// The content of the file.
fn entry(program: &Path) -> String {
    format!(
        "[Desktop Entry]\nType=Application\nName=Claude Worker\n\
         Comment=Runs Claude Code tasks in the background\nExec={} --hidden\n\
         Icon=claude-worker-app\nTerminal=false\nX-GNOME-Autostart-enabled=true\n",
        quoted(&program.to_string_lossy())
    )
}

/// Quotes a word of an `Exec` line. The desktop entry format removes its own escapes first and those
/// of the quotes second, so that a backslash in quotes is written as four.
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '\\' => text.push_str("\\\\\\\\"),
            '"' | '`' | '$' => {
                text.push_str("\\\\");
                text.push(c);
            }
            '%' => text.push_str("%%"),
            _ => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(directory: &Path) -> LoginEntry {
        let config = Some(directory.as_os_str().to_owned());
        LoginEntry::of("/usr/bin/claude-worker-app".into(), config, None).unwrap()
    }

    #[test]
    fn the_file_is_created_and_removed() {
        let directory = tempfile::tempdir().unwrap();
        let entry = at(directory.path());
        assert!(!entry.is_on());
        entry.set(false).unwrap();
        entry.set(true).unwrap();
        assert!(entry.is_on());
        let text = std::fs::read_to_string(directory.path().join("autostart").join(NAME)).unwrap();
        assert!(text.contains("Exec=\"/usr/bin/claude-worker-app\" --hidden\n"), "{text}");
        entry.set(false).unwrap();
        assert!(!entry.is_on());
    }

    #[test]
    fn a_file_that_the_desktop_turned_off_is_off() {
        let directory = tempfile::tempdir().unwrap();
        let entry = at(directory.path());
        entry.set(true).unwrap();
        let file = directory.path().join("autostart").join(NAME);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("enabled=true", "enabled=false")).unwrap();
        assert!(!entry.is_on());
        std::fs::write(&file, "[Desktop Entry]\nHidden=true\n").unwrap();
        assert!(!entry.is_on());
    }

    #[test]
    fn the_environment_names_the_directory() {
        let of = |config: Option<&str>, home: Option<&str>| {
            LoginEntry::of("/x".into(), config.map(Into::into), home.map(Into::into))
                .map(|entry| entry.file)
        };
        let below = |place: &str| Some(Path::new(place).join("autostart").join(NAME));
        assert_eq!(of(Some("/c"), Some("/h")), below("/c"));
        assert_eq!(of(Some(""), Some("/h")), below("/h/.config"));
        assert_eq!(of(Some("relative"), Some("/h")), below("/h/.config"));
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn a_program_with_an_odd_name_is_quoted() {
        assert_eq!(quoted("/a b/$x%"), r#""/a b/\\$x%%""#);
        assert_eq!(quoted(r"/a\b"), r#""/a\\\\b""#);
    }
}
