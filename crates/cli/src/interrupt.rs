//! Ctrl-C.

/// Completes on Ctrl-C. Where no handler can be installed it never completes, and the signal ends the
/// process as usual.
pub(crate) async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
