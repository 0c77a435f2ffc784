//! Ctrl-C.

/// Ends when the person at the terminal presses Ctrl-C. Where that cannot be noticed it never
/// ends, and the signal ends the process as usual.
pub(crate) async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
