//! An agent that misbehaves on request, for the tests of this crate.
//!
//! `fake-agent TOKEN VERB [ARGUMENT...]`. The token only makes its processes recognisable: every
//! process it makes carries it in its command line. Verbs print `ready` when they have got to where
//! they stay.

#[cfg(unix)]
#[expect(unsafe_code, reason = "fork, without which there is no misbehaving")]
mod unix;

use std::io::Write;
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((token, words)) = words.split_first() else { return ExitCode::from(2) };
    match words {
        ["exit", code] => return ExitCode::from(number::<u8>(code)),
        // Both streams, in turns.
        ["turns", count] => {
            for n in 0..number::<u32>(count) {
                say(&format!("out {n}"));
                let _ = writeln!(std::io::stderr(), "err {n}");
            }
        }
        ["cat"] => {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::stdout());
        }
        ["env", names @ ..] => {
            for name in names {
                say(&format!("{name}={}", std::env::var(name).unwrap_or_else(|_| "unset".into())));
            }
            say(&format!("cwd={}", std::env::current_dir().unwrap_or_default().display()));
        }
        ["hang"] => hang(),
        // Ends when asked to, and says so.
        ["obey"] => return unix::obey(),
        ["stubborn"] => {
            unix::ignore_end();
            hang();
        }
        // Hears that it should end, and does not.
        ["deaf"] => {
            unix::hear_end();
            hang();
        }
        ["signal-self"] => unix::kill_self(),
        // Without line breaks, so it is one line however long.
        ["bytes", count] => return print_bytes(number(count)),
        ["flood"] => return print_bytes(u64::MAX),
        // A line each so many milliseconds.
        ["slow", count, millis] => {
            for n in 0..number::<u32>(count) {
                say(&format!("line {n}"));
                sleep(Duration::from_millis(number(millis)));
            }
        }
        // A whole family, of every kind. Then the agent hangs, or exits with a code.
        ["tree", end] => {
            tree(token);
            match end.parse::<u8>() {
                Ok(code) => return ExitCode::from(code),
                Err(_) => hang(),
            }
        }
        // A child in a session of its own and with an empty environment, for the verbs after it.
        ["stranger", rest @ ..] => {
            spawn(token, rest, true);
            hang();
        }
        ["own-session", rest @ ..] => {
            unix::own_session();
            spawn(token, rest, false);
            hang();
        }
        ["daemon"] => {
            unix::daemon();
            hang();
        }
        // Its first thread ends, another goes on for ever.
        ["headless"] => {
            std::thread::spawn(hang);
            unix::end_this_thread();
        }
        // Several processes that each fork and exit at once, for ever, each in a new session.
        ["chain", width] => unix::chain(number(width)),
        _ => {
            eprintln!("fake-agent does not know {words:?}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn number<T: std::str::FromStr + Default>(text: &str) -> T {
    text.parse().unwrap_or_default()
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}");
    let _ = stdout.flush();
}

fn hang() -> ! {
    say("ready");
    loop {
        sleep(Duration::from_secs(3600));
    }
}

fn print_bytes(mut rest: u64) -> ExitCode {
    let block = [b'x'; 64 * 1024];
    let mut stdout = std::io::stdout().lock();
    while rest > 0 {
        let n = usize::try_from(rest).map_or(block.len(), |rest| rest.min(block.len()));
        if stdout.write_all(&block[..n]).and_then(|()| stdout.flush()).is_err() {
            return ExitCode::FAILURE;
        }
        rest -= n as u64;
    }
    ExitCode::SUCCESS
}

/// One child of each kind. Returns when each has got to where it stays.
fn tree(token: &str) {
    let kinds: [&[&str]; 4] = [&["hang"], &["stubborn"], &["own-session", "stubborn"], &["daemon"]];
    for kind in kinds {
        spawn(token, kind, false);
    }
    spawn(token, &["own-session", "stubborn"], true);
}

/// Starts another of these and waits until it says that it is ready.
fn spawn(token: &str, words: &[&str], clear_environment: bool) {
    let Ok(program) = std::env::current_exe() else { return };
    let mut command = Command::new(program);
    command.arg(token).args(words);
    if clear_environment {
        command.env_clear();
    }
    unix::spawn_and_wait_until_ready(&mut command);
}
