//! Waiting with `poll`.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub use std::os::fd::AsFd as Readable;

pub(crate) fn wait_readable<const N: usize>(
    sources: [Option<&dyn Readable>; N],
    due: Option<Instant>,
) -> [bool; N] {
    let mut ready = [false; N];
    let mut places = [0; N];
    let mut polled: Vec<PollFd<'_>> = Vec::with_capacity(N);
    for (n, source) in sources.iter().enumerate() {
        if let Some(source) = source {
            places[polled.len()] = n;
            polled.push(PollFd::from_borrowed_fd(source.as_fd(), PollFlags::IN));
        }
    }
    let timeout = due.map(|due| {
        let rest = due.saturating_duration_since(Instant::now());
        Timespec {
            tv_sec: i64::try_from(rest.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(rest.subsec_nanos()),
        }
    });
    if poll(&mut polled, timeout.as_ref()).is_ok() {
        for (fd, n) in polled.iter().zip(places) {
            ready[n] = !fd.revents().is_empty();
        }
    }
    ready
}

pub(crate) fn readable_within(source: &impl Readable, time: Duration) -> bool {
    let mut fds = [PollFd::new(source, PollFlags::IN)];
    let Ok(time) = Timespec::try_from(time) else { return true };
    !matches!(poll(&mut fds, Some(&time)), Ok(0))
}
