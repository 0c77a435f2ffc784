//! The program in tmux, whose panes and server end while it runs.

use std::process::{Command, Stdio};

use crate::support::{Home, Ran, read, shell, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_claude-worker");

/// A server of tmux of its own, with one session that has one pane. It is ended with the test.
struct Tmux<'a> {
    home: &'a Home,
}

impl<'a> Tmux<'a> {
    /// Runs a program in a pane.
    fn running(home: &'a Home, program: &[&str]) -> Self {
        let tmux = Self { home };
        // Several words are a program and its arguments. One word would be a command for the shell that SHELL
        // names, which in tests is one that refuses every command.
        assert!(program.len() > 1, "{program:?}");
        tmux.run(&[&["new-session", "-d", "-x", "200", "-y", "50"], program].concat()).ok();
        tmux
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(shell("tmux"));
        command.arg("-S").arg(self.home.place("tmux")).args(["-f", "/dev/null"]).args(arguments);
        command.env_clear().envs(self.home.variables().iter().cloned());
        command.env("TERM", "xterm-256color").current_dir(self.home.work()).stdin(Stdio::null());
        Ran::of(&command.output().unwrap())
    }

    fn type_keys(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat()).ok();
    }

    /// What is on the screen of the pane.
    fn screen(&self) -> String {
        self.run(&["capture-pane", "-p"]).ok().stdout.trim_end().to_owned()
    }

    /// Waits until all of this is on the screen, and returns the screen.
    #[track_caller]
    fn until_shown(&self, texts: &[&str]) -> String {
        let mut screen = String::new();
        until(&format!("the pane shows {texts:?}"), || {
            screen = self.screen();
            texts.iter().all(|text| screen.contains(text))
        });
        screen
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the pane:\n{:?}", self.run(&["capture-pane", "-p"]));
        }
        self.run(&["kill-server"]);
    }
}

/// Whether a process of this home follows a task.
fn is_followed(home: &Home) -> bool {
    let follows = |pid: u32| {
        let command = read(std::path::Path::new(&format!("/proc/{pid}/cmdline")));
        command.starts_with(PROGRAM) && command.contains("\0--watch\0")
    };
    home.processes().into_iter().any(follows)
}

#[test]
fn a_task_outlives_the_pane_that_follows_it() {
    for end in ["kill-pane", "kill-server"] {
        let home = Home::new();
        let command = "echo hello; until [ -e end ]; do sleep 0.02; done; echo done";
        let tmux = Tmux::running(&home, &[PROGRAM, "run", "--watch", "--shell", command]);
        tmux.until_shown(&["Task 1 queued", "\nhello\n", "● running"]);
        assert!(is_followed(&home));
        tmux.run(&[end]).ok();
        until("the pane has ended", || !is_followed(&home));
        assert_eq!(home.json(["status", "1"])["status"], "running", "{end}");
        std::fs::write(home.work().join("end"), "").unwrap();
        assert_eq!(home.finished(1)["status"], "completed", "{end}");
        assert_eq!(home.run(["result", "1"]).ok().stdout, "hello\ndone\n", "{end}");
    }
}

#[test]
fn top_in_a_pane_leaves_the_screen_as_it_was() {
    let home = Home::new().variable("PS1", "ready> ");
    let id = home.shell("exec sleep 100");
    home.until_status(id, "running");
    let tmux = Tmux::running(&home, &["/usr/bin/env", "sh"]);
    // What is typed before the prompt is there is shown twice.
    tmux.until_shown(&["ready>"]);
    tmux.type_keys(&["printf 'be%s\\n' fore", "Enter"]);
    let before = tmux.until_shown(&["\nbefore\nready>"]);
    let top = format!("{PROGRAM} top");
    tmux.type_keys(&[&top, "Enter"]);
    tmux.until_shown(&["● running", "? help", "1 running"]);
    tmux.type_keys(&["q"]);
    let after = format!("{before} {top}\nready>");
    until("the screen is as it was", || tmux.screen() == after);
}
