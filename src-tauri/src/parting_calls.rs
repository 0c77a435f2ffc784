//! Calls that a page holds back for some seconds, so that they can be undone. When the page goes away
//! before it makes them, the app makes them.

use claude_worker_api::call_by_name;
use serde::Deserialize;
use serde_json::Value;

use crate::engine_host::EngineHost;
use crate::json_arguments::JsonArguments;

/// A call of a method of the engine, as `call_engine` takes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PartingCall {
    method: String,
    arguments: Value,
}

/// Makes these calls, one after the other.
pub(crate) async fn make(host: EngineHost, calls: Vec<PartingCall>) {
    if calls.is_empty() {
        return;
    }
    let engine = match host.engine().await {
        Ok(engine) => engine,
        Err(error) => return tracing::error!(%error, ?calls, "calls of the window are lost"),
    };
    tracing::info!(calls = calls.len(), "the window went away before it made these calls");
    for PartingCall { method, arguments } in calls {
        if let Err(error) = call_by_name(&engine, &method, &mut JsonArguments(arguments)).await {
            tracing::warn!(method, %error, "a call of the window was refused");
        }
    }
}
