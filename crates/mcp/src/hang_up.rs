//! Noticing that a client has closed our input, however much of it is unread.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::oneshot;

/// How much memory the thread that waits may use for its stack, in bytes.
const STACK: usize = 64 * 1024;

/// What is waited for besides a pipe's hang-up, which is always told: Node's children have sockets,
/// of which only one direction is closed.
#[cfg(target_os = "linux")]
const HUNG_UP: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const HUNG_UP: PollFlags = PollFlags::empty();

/// Returns when nobody can write to standard input any more; never where that cannot be told, as
/// of a file, which is read to its end anyway.
pub(crate) async fn of_standard_input() {
    let (tell, told) = oneshot::channel();
    // A thread, because the input blocks, and making it do otherwise would do so for all who have it.
    let thread = std::thread::Builder::new().name("hang-up".to_owned()).stack_size(STACK);
    let spawned = thread.spawn(move || {
        let input = std::io::stdin();
        loop {
            match poll(&mut [PollFd::new(&input, HUNG_UP)], None) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => {
                    // Whoever asked may have gone.
                    let _ = tell.send(());
                    break;
                }
                Err(_) => break,
            }
        }
    });
    if spawned.is_err() || told.await.is_err() {
        std::future::pending::<()>().await;
    }
}
