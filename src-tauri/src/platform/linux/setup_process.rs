//! Runs the command of a setup step, with its output for the page and its standard input from it.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use claude_worker_os::environment::without_own_variables;
use claude_worker_os::process::{kill_group, own_group};

/// How often it is looked whether the process has ended. A background process that it left may hold its output
/// open, so the end of the output does not tell.
const LOOK: Duration = Duration::from_millis(100);

/// How long output that was written before the end may take to arrive.
const LAST_OUTPUT: Duration = Duration::from_millis(300);

/// A command that runs. When this value is dropped, the command ends with the processes that it has started. After
/// its own end, processes that it has left go on.
pub(crate) struct SetupProcess {
    child: Arc<Mutex<Option<Child>>>,
    input: Option<ChildStdin>,
}

/// What a command tells.
pub(crate) enum SetupNews {
    /// A piece of its output.
    Output(String),
    /// It has ended; the code is absent if a signal ended it.
    Ended(Option<i32>),
}

impl SetupProcess {
    /// Starts a command line with `/bin/sh`. `told` is called on other threads.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn start(
        command_line: &str,
        path: Option<&str>,
        told: impl Fn(SetupNews) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", command_line]).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(path) = path {
            command.env("PATH", path);
        }
        without_own_variables(own_group(&mut command));
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let told = Arc::new(told);
        let outputs: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|it| Box::new(it) as Box<dyn Read + Send>),
            child.stderr.take().map(|it| Box::new(it) as Box<dyn Read + Send>),
        ];
        for output in outputs.into_iter().flatten() {
            let told = Arc::clone(&told);
            std::thread::spawn(move || read(output, &*told));
        }
        let child = Arc::new(Mutex::new(Some(child)));
        let watched = Arc::clone(&child);
        std::thread::spawn(move || {
            let ended = wait(&watched);
            std::thread::sleep(LAST_OUTPUT);
            told(SetupNews::Ended(ended));
        });
        Ok(Self { child, input })
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write_line(&mut self, line: &str) -> io::Result<()> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        input.write_all(format!("{line}\n").as_bytes())?;
        input.flush()
    }
}

impl Drop for SetupProcess {
    fn drop(&mut self) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            kill_group(&mut child);
            // Reaps it; it was killed.
            drop(child.wait());
        }
    }
}

/// Waits for the end of the process; returns its code.
fn wait(child: &Mutex<Option<Child>>) -> Option<i32> {
    loop {
        {
            let mut locked = child.lock().unwrap_or_else(PoisonError::into_inner);
            // It is killed where it is taken out.
            let running = locked.as_mut()?;
            if let Ok(Some(status)) = running.try_wait() {
                *locked = None;
                return status.code();
            }
        }
        std::thread::sleep(LOOK);
    }
}

/// Passes output on. A character that is cut in two by the end of a piece is passed on with the next one.
fn read(mut output: impl Read, told: &impl Fn(SetupNews)) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = output.read(&mut piece) {
        bytes.extend_from_slice(&piece[..count]);
        let whole = claude_worker_desktop::output::whole_characters(&bytes);
        let text = String::from_utf8_lossy(&bytes[..whole]).into_owned();
        bytes.drain(..whole);
        if !text.is_empty() {
            told(SetupNews::Output(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn start(command: &str) -> (SetupProcess, Receiver<SetupNews>) {
        let (sender, news) = channel();
        let sender = Mutex::new(sender);
        let process = SetupProcess::start(command, Some("/usr/bin:/bin"), move |told| {
            drop(sender.lock().unwrap().send(told));
        });
        (process.unwrap(), news)
    }

    /// All output up to the end, and the code.
    fn rest(news: &Receiver<SetupNews>) -> (String, Option<i32>) {
        let mut text = String::new();
        loop {
            match news.recv_timeout(LONG).unwrap() {
                SetupNews::Output(piece) => text.push_str(&piece),
                SetupNews::Ended(code) => return (text, code),
            }
        }
    }

    #[test]
    fn output_input_and_code_are_passed_on() {
        let (mut process, news) =
            start("echo größer; read answer; echo \"got $answer\" >&2; exit 3");
        process.write_line("code#1").unwrap();
        let (text, code) = rest(&news);
        assert!(text.contains("größer\n") && text.contains("got code#1\n"), "{text}");
        assert_eq!(code, Some(3));
    }

    #[test]
    fn a_command_ends_with_its_value_and_with_what_it_has_started() {
        let (process, news) = start("sleep 600 & echo $!; wait");
        let SetupNews::Output(child) = news.recv_timeout(LONG).unwrap() else {
            panic!("no output")
        };
        drop(process);
        assert_eq!(rest(&news).1, None);
        let child = format!("/proc/{}/stat", child.trim());
        let is_gone = || std::fs::read_to_string(&child).map_or(true, |stat| stat.contains(") Z "));
        let deadline = std::time::Instant::now() + LONG;
        while !is_gone() {
            assert!(std::time::Instant::now() < deadline, "the process is still there");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn the_end_is_told_while_a_process_that_was_left_holds_the_output() {
        let (process, news) = start("sleep 30 & echo done");
        let (text, code) = rest(&news);
        assert_eq!((text.as_str(), code), ("done\n", Some(0)));
        drop(process);
    }
}
