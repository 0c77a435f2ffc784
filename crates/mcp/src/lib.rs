//! The MCP server of Claude Worker: how other agents delegate work.
//!
//! # Theory of operation
//!
//! An MCP client starts one `claude-worker-mcp` per session and speaks JSON-RPC with it on
//! standard input and output ([`lines`], [`stdio`], [`hang_up`]). The process keeps no tasks: every call
//! becomes requests to the engine at the local socket, and where there is no engine the call
//! starts one in the background, as any command does ([`engine`]). So it never ends because the
//! engine or the app went away; a call that meets nobody says so in its result, and the next call
//! tries again. It ends when the client closes its input, and the tasks go on.
//!
//! [`server`] is the protocol, in both eras: with a handshake (up to 2025-11-25) and without
//! (2026-07-28). What a client can do is in [`tools`] (one file per group), [`resources`] and
//! [`prompts`]; [`subscriptions`] tells of changes. Tools are written against
//! [`TaskApi`](claude_worker_api::TaskApi) and give typed values and a short text for the model
//! ([`answer`]); their schemas are made from the types ([`schema`]).
//!
//! Agents are not people: what they may ask for is bounded. [`caller`] says who asks, so that the
//! engine can bound depth and number of delegated tasks; [`tools::permission`] keeps permission
//! checks on unless the user's configuration says otherwise.

mod answer;
mod caller;
mod engine;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod hang_up;
mod lines;
mod progress;
mod prompts;
mod resources;
mod schema;
mod server;
mod stdio;
mod subscriptions;
#[cfg(test)]
mod testing;
mod tools;
mod transcript;
mod words;

use std::ffi::OsStr;
use std::fmt::Display;
use std::process::ExitCode;

use rmcp::service::{ServerInitializeError, serve_server};
use tokio::io::BufReader;
use tokio::sync::watch;

use crate::engine::EngineDoor;
use crate::server::Sidecar;
use crate::stdio::Stdio;

/// How much of standard input is read at once, in bytes.
const READ_AT_ONCE: usize = 64 * 1024;

const HELP: &str = "\
The MCP server of Claude Worker, on standard input and output. MCP clients start it:

  claude-worker mcp install    adds it to one
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
            eprintln!("error: claude-worker-mcp does not know {}\n\n{HELP}", safe(other));
            return ExitCode::from(2);
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // One reads, one writes; the third starts an engine when there is none.
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
    // A thread that still reads or writes must not keep the process.
    runtime.shutdown_background();
    code
}

/// A message with escapes for what a terminal would obey: it may repeat an argument, a path or what a
/// client sent.
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
    let door = match EngineDoor::from_env() {
        Ok(door) => door,
        Err(error) => {
            eprintln!("error: {}", safe(&error));
            return ExitCode::from(2);
        }
    };
    let (closed, when_closed) = watch::channel(false);
    let input = BufReader::with_capacity(READ_AT_ONCE, tokio::io::stdin());
    let transport = Stdio::new(input, tokio::io::stdout(), closed, hang_up::of_standard_input());
    loop {
        let sidecar = Sidecar::new(door.clone(), when_closed.clone());
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
            // A message out of turn before the session began: the next one may begin it.
            Err(error) => eprintln!("warning: {}", safe(&error)),
        }
    }
}
