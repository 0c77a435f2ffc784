//! Starting a shell, and reading its answer among all else that it prints.

use std::collections::HashSet;
use std::io::{self, PipeReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use claude_worker_os::process::{ProcessTable, Signal, kill_group, make_dependent, signal};
use claude_worker_os::wait::wait_readable;

/// The most that is read. Start-up files print pictures and the news.
const OUTPUT_CAP: usize = 1024 * 1024;

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// This is between the marks.
    Answered(Vec<u8>),
    /// The shell was not started.
    NotStarted,
    /// It ended, or printed too much, without an answer.
    NoAnswer,
    /// There is no answer after the limit.
    TooSlow,
}

/// Starts the command and reads what it prints between the marks, for at most `limit`. Then all of it is
/// killed, except for what has made a session of its own, such as an agent for keys.
pub(super) fn ask(mut command: Command, marks: (&str, &str), limit: Duration) -> Ended {
    let deadline = Instant::now() + limit;
    let Ok((answers, printed)) = io::pipe() else { return Ended::NotStarted };
    command.stdin(Stdio::null()).stdout(printed).stderr(Stdio::null());
    // A session of its own has no terminal: nothing can be asked there, and no shell is stopped because
    // it reads from one in the background.
    make_dependent(&mut command);
    let Ok(mut child) = command.spawn() else { return Ended::NotStarted };
    // The writing end must be the shell's alone.
    drop(command);
    let ended = read(answers, marks, deadline);
    end(&mut child);
    ended
}

fn read(mut answers: PipeReader, (begin, end): (&str, &str), deadline: Instant) -> Ended {
    let (begin, end) = (begin.as_bytes(), end.as_bytes());
    let mut read = Vec::new();
    let mut piece = [0; 16 * 1024];
    // What is before this has no mark in it.
    let mut looked = 0;
    loop {
        let [is_ready] = wait_readable([Some(&answers)], Some(deadline));
        if Instant::now() >= deadline {
            return Ended::TooSlow;
        }
        if !is_ready {
            continue;
        }
        match answers.read(&mut piece) {
            Ok(0) => return Ended::NoAnswer,
            Ok(count) => read.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Ended::NoAnswer,
        }
        match position(&read[looked..], begin) {
            Some(place) => {
                looked += place;
                let answer = &read[looked + begin.len()..];
                if let Some(length) = position(answer, end) {
                    return Ended::Answered(answer[..length].to_vec());
                }
            }
            None => looked = (read.len() + 1).saturating_sub(begin.len()),
        }
        if read.len() > OUTPUT_CAP {
            return Ended::NoAnswer;
        }
    }
}

fn position(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|part| part == word)
}

/// Kills the shell and what it has left behind in its session.
fn end(child: &mut Child) {
    kill_group(child);
    // A shell with job control starts each program in a process group of its own. Until this process waits
    // for the child, its process number names no other session.
    if let Ok(table) = ProcessTable::open() {
        let left = table.processes(&HashSet::new());
        for process in left.iter().filter(|process| process.session == child.id()) {
            signal(process, Signal::Kill);
        }
    }
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn asked(script: &str, limit: Duration) -> Ended {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        ask(command, ("<<", ">>"), limit)
    }

    #[test]
    fn an_answer_is_read_among_noise_and_without_waiting_for_the_end() {
        let answered = |text: &str| Ended::Answered(text.as_bytes().to_vec());
        assert_eq!(asked("echo news; printf '<<a=1>>'; echo bye", LONG), answered("a=1"));
        assert_eq!(asked("printf '<'; sleep 0.01; printf '<b>>'", LONG), answered("b"));
        let begun = Instant::now();
        assert_eq!(asked("printf '<<c>>'; sleep 600", LONG), answered("c"));
        assert_eq!(asked("sleep 600 & printf '<<d>>'", LONG), answered("d"));
        assert!(begun.elapsed() < LONG);
    }

    #[test]
    fn a_shell_that_does_not_answer_is_ended_with_all_that_it_started() {
        assert_eq!(asked("echo '<<'", LONG), Ended::NoAnswer);
        assert_eq!(asked("exit 3", LONG), Ended::NoAnswer);
        assert_eq!(asked("yes", LONG), Ended::NoAnswer, "endless noise");
        assert_eq!(ask(Command::new("/no/such/shell"), ("<<", ">>"), LONG), Ended::NotStarted);
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("pid");
        let script =
            format!("trap '' TERM HUP; sleep 600 & echo $! > {}; sleep 600", file.display());
        // The limit grows until the script has come that far: a busy machine starts programs slowly.
        let mut limit = Duration::from_millis(300);
        let left = loop {
            assert_eq!(asked(&script, limit), Ended::TooSlow);
            let written = std::fs::read_to_string(&file).unwrap_or_default();
            if let Ok(left) = written.trim().parse::<u32>() {
                break left;
            }
            limit *= 2;
            assert!(limit < LONG, "the script wrote no number");
        };
        let is_gone = || {
            let process = claude_worker_os::process::process(left);
            process.is_none_or(|process| {
                process.state == claude_worker_os::process::ProcessState::Dead
            })
        };
        let deadline = Instant::now() + LONG;
        while !is_gone() {
            assert!(Instant::now() < deadline, "process {left} is left behind");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_terminal_cannot_be_reached() {
        let script =
            "if (: < /dev/tty) 2>/dev/null; then printf '<<yes>>'; else printf '<<no>>'; fi";
        assert_eq!(asked(script, LONG), Ended::Answered(b"no".to_vec()));
    }
}
