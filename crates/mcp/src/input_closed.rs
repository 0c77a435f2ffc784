//! Notices that a client has closed our standard input, even with unread data in it.

use claude_worker_os::stdin::wait_for_hang_up;
use tokio::sync::oneshot;

/// The size of the stack of the waiting thread, in bytes.
const STACK: usize = 64 * 1024;

/// Completes when the writing end of standard input is closed; never where that cannot be detected, as
/// for a file, which is read to its end anyway.
pub(crate) async fn input_closed() {
    let (tell, told) = oneshot::channel();
    // A thread, because the input blocks, and making it non-blocking would affect all processes that share
    // it.
    let thread = std::thread::Builder::new().name("input-closed".to_owned()).stack_size(STACK);
    let spawned = thread.spawn(move || {
        if wait_for_hang_up() {
            // The receiver may have been dropped.
            let _ = tell.send(());
        }
    });
    if spawned.is_err() || told.await.is_err() {
        std::future::pending::<()>().await;
    }
}
