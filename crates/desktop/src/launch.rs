//! What the command-line arguments of the app ask for, and the pages of its window.

use std::fmt;

use claude_worker_api::TaskId;

/// A page of the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Page {
    /// The page that the window shows, or the queue in a new window.
    #[default]
    Any,
    /// The form for a new task.
    New,
    /// One task.
    Task(TaskId),
}

impl fmt::Display for Page {
    /// The page's address inside the window, as the pages know it: `#/task/12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("#/"),
            Self::New => f.write_str("#/new"),
            Self::Task(id) => write!(f, "#/task/{id}"),
        }
    }
}

/// What the arguments ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launch {
    /// Start in the tray, without a window. Used when the app starts at login.
    Hidden,
    /// Open the window at a page.
    Show(Page),
    /// Open the small window for a new task.
    QuickEntry,
    /// Print the version and exit.
    Version,
    /// Print the usage and exit.
    Help,
}

/// The output of `--help`.
pub const USAGE: &str = "\
Claude Worker, the desktop app.

Usage: claude-worker-app [COMMAND]

  (nothing)   Show the window
  open [ID]   Show the window, or one task in it
  new         Show the form for a new task
  --quick-entry
              Show one line for a new task; for a shortcut of the desktop
  --hidden    Start in the tray, without a window
  --version   Print the version

If the app is already running, it does this. `claude-worker --help` shows everything else.
";

impl Launch {
    /// Parses the arguments after the program's name.
    ///
    /// # Errors
    /// A sentence that names the unknown arguments.
    pub fn parse(arguments: &[impl AsRef<str>]) -> Result<Self, String> {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        match arguments.as_slice() {
            [] | ["open"] => Ok(Self::Show(Page::Any)),
            ["open", id] => id.parse().map(|id| Self::Show(Page::Task(id))),
            ["new"] => Ok(Self::Show(Page::New)),
            ["--quick-entry"] => Ok(Self::QuickEntry),
            ["--hidden"] => Ok(Self::Hidden),
            ["--version" | "-V"] => Ok(Self::Version),
            ["--help" | "-h" | "help"] => Ok(Self::Help),
            other => Err(format!(
                "claude-worker-app has no command or option \"{}\"",
                other.join(" ").escape_debug()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_parsed() {
        let parse = |line: &[&str]| Launch::parse(line);
        assert_eq!(parse(&[]), Ok(Launch::Show(Page::Any)));
        assert_eq!(parse(&["open"]), Ok(Launch::Show(Page::Any)));
        assert_eq!(parse(&["open", "#12"]), Ok(Launch::Show(Page::Task(TaskId(12)))));
        assert_eq!(parse(&["new"]), Ok(Launch::Show(Page::New)));
        assert_eq!(parse(&["--hidden"]), Ok(Launch::Hidden));
        assert_eq!(parse(&["--quick-entry"]), Ok(Launch::QuickEntry));
        assert!(parse(&["open", "x"]).unwrap_err().contains("not a task id"));
        assert!(parse(&["--hiden"]).unwrap_err().contains("--hiden"));
    }

    #[test]
    fn a_page_has_an_address() {
        assert_eq!(Page::Task(TaskId(7)).to_string(), "#/task/7");
        assert_eq!(Page::New.to_string(), "#/new");
        assert_eq!(Page::Any.to_string(), "#/");
    }
}
