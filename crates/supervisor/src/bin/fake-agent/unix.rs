//! The misbehaviour that needs the system itself.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

pub(crate) fn ignore_end() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        // SAFETY: ignoring a signal runs no code.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Handles SIGTERM by saying so.
pub(crate) fn hear_end() {
    extern "C" fn say_it(_signal: libc::c_int) {
        const ASKED: &[u8] = b"asked\n";
        // SAFETY: `write` may be called in a handler, and the buffer is static.
        unsafe { libc::write(libc::STDOUT_FILENO, ASKED.as_ptr().cast(), ASKED.len()) };
    }
    // SAFETY: the handler calls nothing that a handler must not call.
    unsafe {
        libc::signal(libc::SIGTERM, say_it as extern "C" fn(libc::c_int) as libc::sighandler_t)
    };
}

/// Waits for SIGTERM, says so and exits with 7.
pub(crate) fn obey() -> ExitCode {
    let mut received = 0;
    // SAFETY: the set is initialised before use, and every pointer is to a live local.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGTERM);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        super::say("ready");
        libc::sigwait(&raw const set, &raw mut received);
    }
    super::say("last words");
    ExitCode::from(7)
}

pub(crate) fn kill_self() {
    // SAFETY: signals this process only.
    unsafe { libc::raise(libc::SIGUSR1) };
}

/// Ends the calling thread; the process goes on as long as others do.
pub(crate) fn end_this_thread() {
    // SAFETY: this thread holds nothing that the other one needs.
    unsafe { libc::pthread_exit(std::ptr::null_mut()) }
}

pub(crate) fn own_session() {
    // SAFETY: takes no arguments; fails harmlessly for a group leader.
    unsafe { libc::setsid() };
}

/// Goes on as a process whose parent has gone, in a session of its own.
pub(crate) fn daemon() {
    for _ in 0..2 {
        // SAFETY: this process has one thread; the parent exits at once.
        match unsafe { libc::fork() } {
            0 => own_session(),
            // SAFETY: ends this process without running anything.
            _ => unsafe { libc::_exit(0) },
        }
    }
}

/// `width` processes that each fork and exit, for ever, in a new session each time. This process
/// stays.
pub(crate) fn chain(width: u32) {
    for _ in 0..width {
        // SAFETY: this process has one thread, and the child makes system calls only.
        if unsafe { libc::fork() } == 0 {
            loop {
                // SAFETY: as above.
                unsafe {
                    if libc::fork() != 0 {
                        libc::_exit(0);
                    }
                    libc::setsid();
                }
            }
        }
    }
    super::hang();
}

/// The child keeps the pipe's other end open as its output, so its end would be noticed too; it is
/// not waited for.
pub(crate) fn spawn_and_wait_until_ready(command: &mut Command) {
    let Ok(mut child) = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn() else {
        super::say("could not spawn");
        return;
    };
    if let Some(stdout) = child.stdout.take() {
        let mut line = String::new();
        let mut reader = BufReader::new(stdout);
        let _ = reader.read_line(&mut line);
        // Kept open: the child may print more.
        std::mem::forget(reader);
    }
}
