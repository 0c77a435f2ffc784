//! This process among its parent and children.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, WaitOptions};

use crate::process::{ChildEnd, Reaped};

pub(crate) fn kill_self() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
    std::process::abort()
}

pub(crate) fn own_group(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

pub(crate) fn kill_group(child: &Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

pub(crate) fn leave_session() {
    // Fails only for a group leader: then it has a session or group of its own already.
    let _ = rustix::process::setsid();
}

pub(crate) fn detach() -> io::Result<()> {
    leave_session();
    // Or a mounted file system, or a directory that is to be removed, would be kept busy.
    std::env::set_current_dir("/")?;
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        // Descriptors that came from the engine's own parent are not for the agent.
        crate::descriptor::keep_from_children();
    }
    Ok(())
}

pub(crate) fn make_dependent(command: &mut Command) {
    let parent = rustix::process::getpid();
    let prepare = move || {
        rustix::process::setsid()?;
        // What was ignored would stay ignored in the program. (The mask is emptied by `Command`.)
        for signal in 1..32 {
            // SAFETY: `signal` with SIG_DFL is async-signal-safe; for SIGKILL and SIGSTOP it fails
            // without effect.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // It may have died before it was asked for.
        if rustix::process::getppid() != Some(parent) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    };
    // SAFETY: `prepare` runs between fork and exec. It makes system calls only: no allocation (the
    // error is a plain kind), no locks, no access to anything another thread could have held.
    unsafe { command.pre_exec(prepare) };
}

pub(crate) fn reap() -> Reaped {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => {
                let end = match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => ChildEnd::Exited(code),
                    (None, Some(signal)) => ChildEnd::Signalled(signal),
                    // Stopped or continued: not asked for, and not an end.
                    (None, None) => continue,
                };
                return Reaped::Process { pid: pid.as_raw_nonzero().get().unsigned_abs(), end };
            }
            Ok(None) => return Reaped::NoneDead,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Reaped::NoChildren,
        }
    }
}
