//! Noticing that a client has closed our input, however much of it is unread.

use claude_worker_os::stdin::wait_for_hang_up;
use tokio::sync::oneshot;

/// How much memory the thread that waits may use for its stack, in bytes.
const STACK: usize = 64 * 1024;

/// Returns when nobody can write to standard input any more; never where that cannot be told, as
/// of a file, which is read to its end anyway.
pub(crate) async fn of_standard_input() {
    let (tell, told) = oneshot::channel();
    // A thread, because the input blocks, and making it do otherwise would do so for all who have it.
    let thread = std::thread::Builder::new().name("hang-up".to_owned()).stack_size(STACK);
    let spawned = thread.spawn(move || {
        if wait_for_hang_up() {
            // The receiver may have gone.
            let _ = tell.send(());
        }
    });
    if spawned.is_err() || told.await.is_err() {
        std::future::pending::<()>().await;
    }
}
