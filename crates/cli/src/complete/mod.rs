//! Completions for shells: `claude-worker __complete SHELL WORDS…` prints what can stand in the place of the
//! last word. The scripts that `completions` prints call it.
//!
//! The first line says what follows: `words`, one per line, each with a description after a tab; or `files`
//! or `directories`, which the shell completes itself. A person waits for the answer, so a running engine is
//! asked for tasks and tokens with a short timeout, none is started, and errors print nothing.

mod candidates;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory;
use claude_worker_api::{ApiError, ListQuery, Status, Task, TaskApi};

use self::candidates::{Candidate, Wanted, wanted};
use crate::args::Cli;
use crate::connect::{Start, connect};
use crate::exit::Exit;
use crate::render::text::{clean_line, truncate};

/// The hidden subcommand.
pub(crate) const COMPLETE: &str = "__complete";

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_millis(200);
/// At most this many tasks are offered, the newest.
const MOST_TASKS: u32 = 50;
/// The longest description, in columns.
const COLUMNS: usize = 60;

/// Prints the candidates for the last of the arguments that follow [`COMPLETE`] and the shell's name.
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let shell = arguments.next().unwrap_or_default();
    let words: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    let words = if shell == "bash" { candidates::joined_at_equals(words) } else { words };
    let mut definition = Cli::command();
    definition.build();
    let text = match wanted(&definition, &words) {
        Wanted::Files => "files\n".to_owned(),
        Wanted::Directories => "directories\n".to_owned(),
        Wanted::Words(found) => listed(&found),
        Wanted::Tasks { statuses, prefix, more } => {
            let mut found: Vec<Candidate> =
                ask(async |api| tasks(api, statuses).await).iter().map(of_task).collect();
            found.extend(more);
            listed(&candidates::matching(found, &prefix))
        }
        Wanted::Tokens(prefix) => {
            let tokens = ask(async |api| Ok(api.tokens().await?.tokens));
            let found = tokens.iter().map(|token| Candidate::new(token.name.as_str(), ""));
            listed(&candidates::matching(found.collect(), &prefix))
        }
    };
    let _ = io::stdout().write_all(text.as_bytes());
    Exit::Done.into()
}

/// Looks for what can stand in the place of the last word, without an engine.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn check_candidates(definition: &clap::Command, words: Vec<String>) {
    for words in [candidates::joined_at_equals(words.clone()), words] {
        if let Wanted::Words(found) = wanted(definition, &words) {
            assert!(listed(&found).lines().all(|line| !line.contains('\u{1b}')), "{words:?}");
        }
    }
}

fn listed(found: &[Candidate]) -> String {
    let mut text = "words\n".to_owned();
    for Candidate { value, about } in found {
        text.push_str(value);
        if !about.is_empty() {
            text.push('\t');
            text.push_str(&truncate(&clean_line(about), COLUMNS));
        }
        text.push('\n');
    }
    text
}

fn of_task(task: &Task) -> Candidate {
    let about = format!("{}: {}", task.state.status().name(), clean_line(&task.name));
    Candidate::new(&task.id.to_string(), &about)
}

async fn tasks(api: &impl TaskApi, statuses: Vec<Status>) -> Result<Vec<Task>, ApiError> {
    let query = ListQuery { statuses, limit: Some(MOST_TASKS), ..ListQuery::default() };
    Ok(api.list(query).await?.tasks)
}

/// Asks the engine that answers; nothing when none does in time.
fn ask<T>(
    question: impl AsyncFnOnce(&claude_worker_client::EngineClient) -> Result<Vec<T>, ApiError>,
) -> Vec<T> {
    let Ok(api) = connect(&Start::Never) else { return Vec::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return Vec::new() };
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, question(&api)).await });
    answer.map(Result::unwrap_or_default).unwrap_or_default()
}
