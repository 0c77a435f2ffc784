//! The MCP server of Claude Worker: how other agents delegate work.
//!
//! # Theory of operation
//!
//! An MCP client starts one `claude-worker-mcp` per session and speaks JSON-RPC with it on
//! standard input and output ([`lines`], [`stdio`], [`input_closed`]). The process keeps no tasks: every
//! call becomes requests to the engine at the local socket, and starts an engine in the background when
//! there is none, as any command does ([`engine`]). So the process does not end when the engine or the app
//! ends: a call that reaches no engine returns an error, and the next call tries again. It ends when the
//! client closes its input; the tasks keep running.
//!
//! [`server`] implements the protocol in both versions: with a handshake (up to 2025-11-25) and without
//! (2026-07-28). Clients can use [`tools`] (one file per group), [`resources`] and [`prompts`];
//! [`subscriptions`] notifies them of changes. Tools are written against
//! [`TaskApi`](claude_worker_api::TaskApi) and return typed values and a short text for the
//! model ([`answer`]); their schemas are generated from the types ([`schema`]).
//!
//! The rights of agents are bounded. [`caller`] identifies the client, so that the engine can bound the
//! depth and number of delegated tasks. [`tools::permission`] keeps permission checks on unless the user's
//! configuration allows to turn them off.

mod answer;
mod caller;
mod engine;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod input_closed;
mod lines;
mod progress;
mod prompts;
mod resources;
mod schema;
mod server;
mod stdio;
mod subscriptions;
mod task_text;
#[cfg(test)]
mod testing;
mod tools;
mod transcript;

use std::ffi::OsStr;
use std::fmt::Display;
use std::process::ExitCode;

use rmcp::service::{ServerInitializeError, serve_server};
use tokio::io::BufReader;
use tokio::sync::watch;

use crate::engine::EngineConnector;
use crate::server::Sidecar;
use crate::stdio::Stdio;

/// The size of the read buffer, in bytes.
const READ_AT_ONCE: usize = 64 * 1024;

const HELP: &str = "\
The MCP server of Claude Worker, on standard input and output. MCP clients start it:

  claude-worker mcp install    adds it to their settings
  claude-worker mcp status     shows which have it

It has no options; the environment variables of `claude-worker --help` apply.
";

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let argument = std::env::args_os().nth(1);
    match argument.as_deref().map(OsStr::to_string_lossy).as_deref() {
        None => {}
        Some("--version" | "-V") => {
            println!("claude-worker-mcp {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Some("--help" | "-h") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("error: claude-worker-mcp has no option {}\n\n{HELP}", safe(other));
            return ExitCode::from(2);
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // One thread reads, one writes, and the third starts an engine when there is none.
        .max_blocking_threads(3)
        .thread_stack_size(256 * 1024)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: claude-worker-mcp cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(serve());
    // A thread that still reads or writes must not keep the process alive.
    runtime.shutdown_background();
    code
}

/// The message with its control characters escaped: it may contain an argument, a path or text from a
/// client.
fn safe(message: impl Display) -> String {
    let mut text = String::new();
    for c in message.to_string().chars() {
        match c {
            '"' | '\'' | '\\' | '\n' => text.push(c),
            c => text.extend(c.escape_debug()),
        }
    }
    text
}

/// Serves the client until it closes its input.
async fn serve() -> ExitCode {
    let connector = match EngineConnector::from_env() {
        Ok(connector) => connector,
        Err(error) => {
            eprintln!("error: {}", safe(&error));
            return ExitCode::from(2);
        }
    };
    let (closed, when_closed) = watch::channel(false);
    let input = BufReader::with_capacity(READ_AT_ONCE, tokio::io::stdin());
    let transport = Stdio::new(input, tokio::io::stdout(), closed, input_closed::input_closed());
    loop {
        let sidecar = Sidecar::new(connector.clone(), when_closed.clone());
        match serve_server(sidecar, transport.clone()).await {
            Ok(service) => {
                drop(service.waiting().await);
                return ExitCode::SUCCESS;
            }
            Err(ServerInitializeError::ConnectionClosed(_)) => return ExitCode::SUCCESS,
            Err(error) if *when_closed.borrow() => {
                eprintln!("error: {}", safe(&error));
                return ExitCode::FAILURE;
            }
            // The first message did not begin a session; the next one may.
            Err(error) => eprintln!("warning: {}", safe(&error)),
        }
    }
}
