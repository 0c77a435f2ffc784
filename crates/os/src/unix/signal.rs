//! Signal handlers that write into a pipe.

use std::io::{self, PipeReader, Read};
use std::sync::Arc;
#[cfg(feature = "tokio")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::SigSet;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::{flag, low_level};

use crate::signal::{Interruption, Received};
use crate::wait::Readable;

#[derive(Debug)]
pub(crate) struct Signals {
    reader: PipeReader,
    asked_to_end: Arc<AtomicBool>,
}

impl Signals {
    pub(crate) fn install() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        crate::descriptor::never_block(&reader);
        let asked_to_end = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            // Before the pipe's handler: a reader that is woken by that one finds the flag set.
            flag::register(signal, Arc::clone(&asked_to_end))?;
            low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        low_level::pipe::register(SIGCHLD, writer)?;
        // SIGXFSZ would kill where a failing write is what we want; SIGPIPE is ignored already. A
        // handler without effect, because programs that are started do not inherit it.
        let unused = Arc::new(AtomicBool::new(false));
        for signal in [SIGXFSZ, SIGQUIT] {
            flag::register(signal, Arc::clone(&unused))?;
        }
        // The process that started this one may have blocked signals, and a mask is inherited.
        SigSet::empty().thread_set_mask()?;
        Ok(Self { reader, asked_to_end })
    }

    pub(crate) const fn source(&self) -> &dyn Readable {
        &self.reader
    }

    pub(crate) fn take(&self) -> Received {
        let mut bytes = [0; 64];
        let mut child_changed = false;
        while matches!((&self.reader).read(&mut bytes), Ok(1..)) {
            // Every byte counts as a child's: looking once too often is cheap.
            child_changed = true;
        }
        Received { child_changed, asked_to_end: self.asked_to_end.load(Ordering::Relaxed) }
    }
}

#[cfg(feature = "tokio")]
#[derive(Debug)]
pub(crate) struct EndRequests {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(feature = "tokio")]
impl EndRequests {
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: None,
        })
    }

    pub(crate) fn or_hang_up() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut requests = Self::new()?;
        if !is_ignored(SIGHUP) {
            requests.hang_up = Some(signal(SignalKind::hangup())?);
        }
        Ok(requests)
    }

    pub(crate) async fn next(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up => {}
        }
    }
}

/// The signals that a command waits for, as long as this exists.
#[cfg(feature = "tokio")]
#[derive(Debug)]
pub(crate) struct Interruptions {
    listeners: Vec<(Interruption, tokio::signal::unix::Signal)>,
    ends_process: Arc<AtomicBool>,
}

/// Whether the signals end the process as usual.
#[cfg(feature = "tokio")]
static ENDS_PROCESS: OnceLock<Arc<AtomicBool>> = OnceLock::new();

#[cfg(feature = "tokio")]
impl Interruptions {
    pub(crate) fn new() -> io::Result<Self> {
        const ALL: [Interruption; 3] =
            [Interruption::CtrlC, Interruption::Terminated, Interruption::HungUp];
        let known = ENDS_PROCESS.get();
        let ends_process = known.map_or_else(|| Arc::new(AtomicBool::new(false)), Arc::clone);
        let mut listeners = Vec::with_capacity(ALL.len());
        for interruption in ALL {
            let signal = number(interruption);
            if is_ignored(signal) {
                continue;
            }
            if known.is_none() {
                // A handler of the process cannot be taken away again, so it decides each time.
                // Until all are installed, none of them ends the process.
                flag::register_conditional_default(signal, Arc::clone(&ends_process))?;
            }
            let kind = tokio::signal::unix::SignalKind::from_raw(signal);
            listeners.push((interruption, tokio::signal::unix::signal(kind)?));
        }
        let _ = ENDS_PROCESS.set(Arc::clone(&ends_process));
        ends_process.store(false, Ordering::SeqCst);
        Ok(Self { listeners, ends_process })
    }

    pub(crate) async fn next(&mut self) -> Interruption {
        std::future::poll_fn(|context| {
            let mut came = self.listeners.iter_mut().filter_map(|(interruption, listener)| {
                listener.poll_recv(context).is_ready().then_some(*interruption)
            });
            came.next().map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}

#[cfg(feature = "tokio")]
impl Drop for Interruptions {
    fn drop(&mut self) {
        self.ends_process.store(true, Ordering::SeqCst);
    }
}

/// Whether the program that started this process told it to ignore the signal.
#[cfg(feature = "tokio")]
#[expect(unsafe_code, reason = "nix and rustix only read the old action while they set a new one")]
fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with a null action nothing is changed, and `action` is a place for one; all zero bytes are a
    // valid `sigaction`, which it stays when the call fails.
    let action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

const fn number(interruption: Interruption) -> i32 {
    match interruption {
        Interruption::CtrlC => SIGINT,
        Interruption::Terminated => SIGTERM,
        Interruption::HungUp => SIGHUP,
    }
}

#[expect(unsafe_code, reason = "a handler may be replaced only where that breaks nothing")]
pub(crate) fn end_by(interruption: Interruption) {
    use nix::sys::signal::{SigHandler, Signal, raise, signal};
    let Ok(ours) = Signal::try_from(number(interruption)) else { return };
    // SAFETY: the default action runs no code of this process.
    let _ = unsafe { signal(ours, SigHandler::SigDfl) };
    let mut set = SigSet::empty();
    set.add(ours);
    let _ = set.thread_unblock();
    let _ = raise(ours);
}

pub(crate) fn suspend() {
    // To this thread, so that it has stopped when this returns. Where that fails, it just goes on.
    let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGTSTP);
}
