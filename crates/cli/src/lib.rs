//! The command line of Claude Worker.
//!
//! # Theory of operation
//!
//! [`main`] does little, because `find … | xargs claude-worker run` starts it once per line: it parses the
//! arguments, makes a runtime with one thread, connects to the engine (which the client starts when there
//! is none), and calls one function in [`commands`].
//!
//! Every command is written against [`TaskApi`] and a
//! [`Console`], so that tests run it with a scripted engine and
//! read what it wrote. Pure functions in [`render`] turn answers of the engine, the time and the width of
//! the page into text. Everything that comes from an agent passes through [`render::text`], which removes
//! control characters and escape sequences.
//!
//! Following a task ([`follow`], [`watch`]) is reading its output with long polls, chunk by chunk
//! ([`transcript`]), so that memory does not grow with the log; while no engine answers for a moment, [`Reconnect`](claude_worker_client::Reconnect)
//! repeats the request. Exit codes are a table in [`exit`]. With `--json`, standard output carries one
//! document (errors included: `{"error":{"code","message","hint"}}`), and standard error has messages for
//! people.
//!
//! Four hidden subcommands are dispatched first, so that their processes stay small: `supervise` is the
//! supervisor of one run, `serve` an engine in the background ([`host`]), `stand-by` waits to run one
//! when the app dies ([`stand_by`]), and `__complete` what shells ask for
//! completions ([`complete`]).

pub mod args;
pub mod color;
mod command_line;
pub mod commands;
mod complete;
mod connect;
pub mod console;
mod delays;
mod doctor;
mod editor;
pub mod error;
pub mod exit;
#[cfg(test)]
mod fake_engine;
pub mod follow;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod host;
mod interrupt;
mod number;
mod partial_line;
mod prompt;
mod prompt_length;
mod redraw;
pub mod render;
pub mod selection;
mod shell_env;
mod since;
mod stand_by;
mod stdin;
pub mod task_options;
pub mod taskbar;
mod topics;
pub mod transcript;
mod usage_error;
pub mod watch;
mod wrong_words;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use claude_worker_api::{ApiError, TaskApi, Timestamp};

use crate::args::Cli;
use crate::color::Color;
use crate::commands::{Command, server};
use crate::connect::{Start, connect};
use crate::console::{Console, View};
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::Paint;
use crate::render::local_time::Zone;

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(first) if first == host::SUPERVISE => {
            let run_directory = arguments.next().unwrap_or_default();
            return claude_worker_supervisor::run(Path::new(&run_directory));
        }
        Some(first) if first == complete::COMPLETE => return complete::main(arguments),
        Some(first) if first == stand_by::STAND_BY => return stand_by::main(arguments),
        Some(first) if first == claude_worker_server::SERVE => return host::background(arguments),
        _ => {}
    }
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(text) = topics::asked(&arguments) {
        return topics::show(&text).into();
    }
    let arguments = command_line::as_meant(arguments, Cli::command);
    let program = OsString::from("claude-worker");
    let definition = Cli::command().color(Color::asked(&arguments).into());
    let parsed = definition
        .try_get_matches_from(std::iter::once(program).chain(arguments.iter().cloned()))
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => interrupt::end_as(run(&cli)),
        Err(error) => usage_error::explain(error, &arguments).into(),
    }
}

/// Runs a command and shows its error, if there is one.
fn run(cli: &Cli) -> Exit {
    let view = if cli.json {
        View { terminal: false, paint: Paint::NONE }
    } else {
        console::detect_view(cli.color)
    };
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut read_answer = console::read_answer;
    let mut console = Console {
        out: &mut out,
        err: &mut err,
        view,
        json: cli.json,
        ask: console::can_ask().then_some(&mut read_answer as _),
        measure: console::measure,
        measure_err: console::measure_err,
        measure_rows: console::measure_rows,
        now: Timestamp::now,
        zone: Zone::system,
        taskbar: taskbar::is_supported(|name| std::env::var_os(name)),
    };
    let result = execute(&cli.command, &mut console);
    conclude(result, &mut console)
}

/// Shows an error as text, and with `--json` as an object too. Returns the exit code.
fn conclude(result: Result<Exit, CliError>, console: &mut Console<'_>) -> Exit {
    match result {
        Ok(exit) => exit,
        // The reader has closed the pipe (`claude-worker list | head -1`).
        Err(error) if error.is_closed_output() => Exit::Done,
        Err(error) => {
            console.complain(&error.as_api());
            if console.json && !matches!(error, CliError::Output(_)) {
                let _ = console.error_document(&error.as_api());
            }
            error.exit()
        }
    }
}

fn execute(command: &Command, console: &mut Console<'_>) -> Result<Exit, CliError> {
    match command {
        Command::Completions(args) => {
            return commands::completions::execute(console, args, Cli::command());
        }
        Command::Man(args) => return commands::man::execute(console, args, Cli::command()),
        Command::Mcp(command) => return commands::mcp::execute(console, command),
        Command::Open(args) if !args.needs_engine() => {
            return commands::open::without_engine(console, args);
        }
        Command::Server(server::Command::Start { foreground: true, listen }) => {
            return server::foreground(console, listen);
        }
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Setup)?;
    runtime.block_on(async {
        let start = match command {
            Command::Server(server::Command::Start { listen, .. }) => {
                return server::start(console, listen).await;
            }
            Command::Config(args) => return commands::config::execute(console, args).await,
            Command::Server(server::Command::Http { switch }) => {
                return server::http(console, *switch).await;
            }
            Command::Server(server::Command::Stop { cancel_running, kill }) => {
                return server::stop(console, *cancel_running, *kill).await;
            }
            Command::Server(server::Command::Restart { kill }) => {
                return server::restart(console, *kill).await;
            }
            Command::Server(server::Command::Logs(args)) => {
                return server::logs(console, args).await;
            }
            Command::Server(_) | Command::Doctor(_) => Start::Never,
            _ => Start::IfNeeded,
        };
        let api = connect(&start)?;
        claude_worker_client::lending_worker(dispatch(&api, command, console)).await
    })
}

async fn dispatch(
    api: &impl TaskApi,
    command: &Command,
    console: &mut Console<'_>,
) -> Result<Exit, CliError> {
    use commands::{
        cancel, changes, clean, diff, doctor, edit, export, import, list, logs, open, pause,
        remove, result, resume, retry, run, search, seen, status, template, token, top, trust,
        wait,
    };
    match command {
        Command::Run(args) => run::execute(api, console, args).await,
        Command::List(args) => list::execute(api, console, args).await,
        Command::Search(args) => search::execute(api, console, args).await,
        Command::Status(args) => status::execute(api, console, args).await,
        Command::Top(args) => top::execute(api, console, args).await,
        Command::Result(args) => result::execute(api, console, args).await,
        Command::Logs(args) => logs::execute(api, console, args).await,
        Command::Changes(args) => changes::execute(api, console, args).await,
        Command::Diff(args) => diff::execute(api, console, args).await,
        Command::Wait(args) => wait::execute(api, console, args).await,
        Command::Cancel(args) => cancel::execute(api, console, args).await,
        Command::Edit(args) => edit::execute(api, console, args).await,
        Command::Export(args) => export::execute(api, console, args).await,
        Command::Retry(args) => retry::execute(api, console, args).await,
        Command::Resume(args) => resume::execute(api, console, args).await,
        Command::Remove(args) => remove::execute(api, console, args).await,
        Command::Seen(args) => seen::execute(api, console, args).await,
        Command::Clean(args) => clean::execute(api, console, args).await,
        Command::Pause => pause::execute(api, console, true).await,
        Command::Unpause => pause::execute(api, console, false).await,
        Command::Open(args) => open::execute(api, console, args).await,
        Command::Template(command) => template::execute(api, console, command).await,
        Command::Token(command) => token::execute(api, console, command).await,
        Command::Import(args) => import::execute(api, console, args).await,
        Command::Trust(args) => trust::execute(api, console, args).await,
        Command::Doctor(args) => doctor::execute(api, console, args).await,
        Command::Server(server::Command::Stop { cancel_running, .. }) => {
            server::stop_at(api, console, *cancel_running, None).await
        }
        Command::Server(server::Command::Health) => server::health(api, console).await,
        Command::Completions(_)
        | Command::Man(_)
        | Command::Config(_)
        | Command::Mcp(_)
        | Command::Server(
            server::Command::Start { .. }
            | server::Command::Http { .. }
            | server::Command::Restart { .. }
            | server::Command::Logs(_),
        ) => Err(ApiError::internal("This command needs no engine").into()),
    }
}
