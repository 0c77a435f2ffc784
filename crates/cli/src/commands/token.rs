//! `token`: tokens for programs that use the HTTP interface, and the logins of browsers.

use claude_worker_api::{
    ApiError, CreatedToken, ErrorCode, NewToken, Scope, TaskApi, TokenName, Tokens, parse_duration,
};
use claude_worker_client::surrounding_task;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::clean_line;
use crate::render::{Tone, tokens};

/// What to do with tokens.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create a token and print it; it is shown only this once
    Create {
        /// Its name, like ci: a to z, 0 to 9, dots, underscores and dashes
        name: String,
        /// What it allows: read (look at everything), submit (also submit tasks, and cancel, retry and
        /// resume those it submitted), full (everything)
        #[arg(long, value_name = "SCOPE", default_value = "submit", value_parser = scope)]
        scope: Scope,
        /// When it expires, like 12h or 30d, at most 3650d [default: never]
        #[arg(long, value_name = "TIME", value_parser = parse_duration)]
        expires: Option<u64>,
    },
    /// List tokens and logins of browsers, without their secrets
    List,
    /// Revoke a token or the login of a browser; it is refused at once
    Revoke {
        /// Its name
        name: String,
    },
    /// Give a token a new secret and print it; the old one is refused at once
    Rotate {
        /// Its name
        name: String,
    },
}

fn scope(name: &str) -> Result<Scope, String> {
    Scope::ALL
        .into_iter()
        .find(|scope| scope.name() == name)
        .ok_or_else(|| format!("there is no scope {name}: choose read, submit or full"))
}

/// Creates, lists, revokes or rotates.
///
/// # Errors
/// `forbidden` inside a task; errors of the engine.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    command: &Command,
) -> Result<Exit, CliError> {
    match command {
        Command::Create { name, scope, expires } => {
            only_a_person(api).await?;
            let new = NewToken { name: name.clone(), scope: *scope, expires_after_ms: *expires };
            show_secret(console, &api.create_token(new).await?)?;
        }
        Command::Rotate { name } => {
            only_a_person(api).await?;
            show_secret(console, &api.rotate_token(TokenName { name: name.clone() }).await?)?;
        }
        Command::Revoke { name } => {
            let token = api.revoke_token(TokenName { name: name.clone() }).await?;
            if console.json {
                console.document(&token)?;
            } else {
                let (kind, name) = (tokens::kind(token.kind), clean_line(&token.name));
                console.line(&format!("Revoked the {kind} {name}"))?;
            }
        }
        Command::List => list(console, &api.tokens().await?)?,
    }
    Ok(Exit::Done)
}

/// Refuses to give an agent access of its own.
///
/// # Errors
/// `forbidden` inside a task.
pub(super) async fn only_a_person(api: &impl TaskApi) -> Result<(), ApiError> {
    match surrounding_task(api).await? {
        Some(task) => Err(ApiError::new(
            ErrorCode::Forbidden,
            format!("Task {task} may not give access to this engine: only a person may"),
        )
        .hint("Run the command in a terminal, outside of a task")),
        None => Ok(()),
    }
}

/// Prints a secret alone on standard output, so that a script can take it, and the rest for people.
fn show_secret(console: &mut Console<'_>, created: &CreatedToken) -> Result<(), CliError> {
    if console.json {
        return console.document(created);
    }
    console.line(&clean_line(&created.secret))?;
    let line = tokens::line(&created.token, console.now());
    console.remark(&console.view.paint.tone(Tone::Quiet, &line))?;
    console.remark("It is shown only now. Send it as: Authorization: Bearer TOKEN")
}

fn list(console: &mut Console<'_>, list: &Tokens) -> Result<(), CliError> {
    if console.json {
        return console.document(list);
    }
    if list.tokens.is_empty() {
        return console.remark("No tokens yet. Create one: claude-worker token create NAME");
    }
    let table = tokens::table(&list.tokens, console.now(), console.view.paint);
    console.print(&table)
}
