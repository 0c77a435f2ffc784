//! What the fuzzers call in this crate.

use claude_worker_client::{Address, EngineClient};
use rmcp::model::{ClientRequest, JsonRpcMessage};
use rmcp::service::{RoleServer, RxJsonRpcMessage};
use tokio::io::BufReader;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::lines::{Line, Lines};
use crate::stdio::{id_near, refusal};
use crate::tools::{self, Call, wait};

/// The longest line of these inputs, in bytes.
const LONGEST: usize = 2048;

/// Lines of an MCP client: they are cut, read as messages or refused, and their tools are called
/// with an engine that is not there. The first byte is the size of the pieces.
pub fn lines(input: &[u8]) {
    thread_local! {
        static RUNTIME: Runtime =
            Builder::new_current_thread().enable_all().build().expect("a runtime");
    }
    let Some((&piece, input)) = input.split_first() else { return };
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let input = BufReader::with_capacity(1 + usize::from(piece), input);
            let mut lines = Lines::new(input, LONGEST);
            while let Some(line) = lines.next().await.expect("bytes can be read") {
                match line {
                    Line::Whole(line) => message(&line).await,
                    Line::TooLong(beginning, end) => drop(id_near(&beginning, &end)),
                }
            }
        });
    });
}

async fn message(line: &[u8]) {
    let message = match serde_json::from_slice::<RxJsonRpcMessage<RoleServer>>(line) {
        Ok(message) => message,
        Err(error) => {
            if let Some(answer) = refusal(line, &error) {
                let is_json = serde_json::from_slice::<serde_json::Value>(&answer).is_ok();
                assert!(is_json, "{answer:?}");
            }
            return;
        }
    };
    let JsonRpcMessage::Request(request) = message else { return };
    let ClientRequest::CallToolRequest(request) = request.request else { return };
    let name = request.params.name;
    // It would wait for the engine to come back.
    if !tools::is_known(&name) || name == wait::NAME {
        return;
    }
    let api = EngineClient::new(Address::Socket("/nonexistent/engine.sock".into()));
    let (_open, closed) = watch::channel(false);
    let call = Call { caller: "mcp:fuzz:0".to_owned(), is_patient: false, progress: None, closed };
    let arguments = request.params.arguments.unwrap_or_default();
    let result = tools::call(&api, &call, &name, arguments).await;
    drop(serde_json::to_vec(&result).expect("an answer can be sent"));
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn inputs_that_fuzzers_found_are_read() {
        corpus::replay("mcp_lines", super::lines);
    }
}
