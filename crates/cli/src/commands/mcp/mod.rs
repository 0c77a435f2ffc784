//! `mcp`: adds the MCP server to the settings of the clients on this machine, or removes it.

mod claude_code;
mod clients;
mod file;
pub(crate) mod json;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use claude_worker_api::{ApiError, ErrorCode};
use claude_worker_client::installed_program;
use claude_worker_engine::Paths;
use serde::Serialize;

use self::claude_code::Claude;
use self::clients::{CLIENTS, Client, Entry, Kind, Places, VARIABLES};
use self::file::Backup;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::clean;

/// The subcommands of `mcp`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add it to the clients on this machine, or to one
    #[command(visible_alias = "add")]
    Install {
        /// The clients to change.
        #[command(flatten)]
        which: Which,
        /// Show what would be added, without changing anything
        #[arg(long)]
        print: bool,
    },
    /// Remove it from the clients that have it, or from one
    #[command(visible_alias = "remove", alias = "rm")]
    Uninstall {
        /// The clients to change.
        #[command(flatten)]
        which: Which,
    },
    /// Show which clients are installed and which have it
    #[command(visible_alias = "list", alias = "ls")]
    Status,
}

/// The clients to change.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Only this client, even when it is not found
    #[arg(long, value_name = "CLIENT", value_parser = client())]
    client: Option<&'static str>,
}

fn client() -> impl TypedValueParser<Value = &'static str> {
    PossibleValuesParser::new(CLIENTS.iter().map(|client| client.id))
        .map(|id| Client::named(&id).map_or("", |client| client.id))
}

/// The outcome for a client, or its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Added,
    Updated,
    AlreadyThere,
    Removed,
    NotThere,
    /// There is an entry, but for another program or data directory.
    Different,
    NotFound,
    Failed,
}

#[derive(Debug, Serialize)]
struct Report {
    client: &'static str,
    outcome: Outcome,
    file: PathBuf,
    /// A backup of the file from before this change, or from before all our changes since another
    /// program changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<PathBuf>,
    #[serde(skip)]
    backup_is_recent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ApiError>,
}

#[derive(Serialize)]
struct Reports {
    clients: Vec<Report>,
}

/// Runs the subcommand. Needs no engine.
///
/// # Errors
/// When no client is found, or the server's program is missing. An error of one client is reported and
/// does not stop the others.
pub fn execute(console: &mut Console<'_>, command: &Command) -> Result<Exit, CliError> {
    let places = Places::from_env()?;
    match command {
        Command::Status => status(console, &places),
        Command::Install { which, print: true } => print(console, &places, which),
        Command::Install { which, .. } => {
            let entry = entry()?;
            let chosen = chosen(which, &places)?;
            let report = |client| {
                changed(client, &places, |client, text| install(client, &places, text, &entry))
            };
            conclude(console, chosen.into_iter().map(report).collect())
        }
        Command::Uninstall { which } => {
            let chosen = chosen(which, &places)?;
            let report =
                |client| changed(client, &places, |client, text| uninstall(client, &places, text));
            conclude(console, chosen.into_iter().map(report).collect())
        }
    }
}

/// The clients to change: the one that is named, or all that are installed.
fn chosen(which: &Which, places: &Places) -> Result<Vec<&'static Client>, ApiError> {
    if let Some(client) = which.client.and_then(Client::named) {
        return Ok(vec![client]);
    }
    let here: Vec<_> = CLIENTS.iter().filter(|client| client.is_here(places)).collect();
    if here.is_empty() {
        return Err(ApiError::new(ErrorCode::NotFound, "No MCP client was found on this machine")
            .hint("Name one with --client, or use --print to see what to add by hand"));
    }
    Ok(here)
}

/// The entry with which clients start the server.
fn entry() -> Result<Entry, ApiError> {
    let program = installed_program("claude-worker-mcp").ok_or_else(|| {
        ApiError::unavailable("The program claude-worker-mcp is not installed here")
            .hint("Install it next to claude-worker, or into a directory in PATH")
    })?;
    let command = program.into_os_string().into_string().map_err(|path| {
        ApiError::invalid(format!("The path {} is not UTF-8", path.display()))
            .hint("Install claude-worker in another directory")
    })?;
    // A client starts the server with another environment. So that it finds the same engine, the entry
    // has the paths that are set here.
    let paths = Paths::from_env()?;
    let mut env = BTreeMap::new();
    for (name, place) in VARIABLES.into_iter().zip([&paths.home, &paths.database, &paths.runs]) {
        if std::env::var_os(name).is_some_and(|value| !value.is_empty()) {
            let place = place.to_str().ok_or_else(|| {
                ApiError::invalid(format!("The path {} is not UTF-8", place.display()))
                    .hint(format!("Set {name} to a directory with another name"))
            })?;
            env.insert(name.to_owned(), place.to_owned());
        }
    }
    Ok(Entry { command, env, is_plain: true })
}

/// The outcome, and the backup of the file.
type Done = Result<(Outcome, Option<Backup>), ApiError>;

/// Changes a client and reports on it.
fn changed(
    client: &'static Client,
    places: &Places,
    change: impl FnOnce(&Client, &str) -> Done,
) -> Report {
    let file = client.file(places);
    let done = file::read(&file).and_then(|text| change(client, &text));
    let (outcome, backup, error) = match done {
        Ok((outcome, backup)) => (outcome, backup, None),
        Err(error) => (Outcome::Failed, None, Some(error)),
    };
    let (backup, backup_is_recent) =
        backup.map_or((None, false), |backup| (Some(backup.file), backup.is_recent));
    Report { client: client.id, outcome, file, backup, backup_is_recent, error }
}

fn install(client: &Client, places: &Places, text: &str, entry: &Entry) -> Done {
    let outcome = match &current(client, places, text)? {
        Some(before) if before == entry => return Ok((Outcome::AlreadyThere, None)),
        Some(_) => Outcome::Updated,
        None => Outcome::Added,
    };
    let unreadable = |what: String| unreadable(client, places, &what);
    if client.kind == Kind::ClaudeCode {
        install_through_claude(client, places, text, entry)?;
        return Ok((outcome, None));
    }
    let changed = client.kind.set(text, entry).map_err(unreadable)?;
    let says_all = |older: &str| is_only_ours(client.kind, older, text, entry);
    Ok((outcome, file::replace(&client.file(places), &changed, says_all)?))
}

/// Adds the entry through Claude Code, which cannot replace one: the old entry is removed first, and
/// added again if the new one is not accepted.
fn install_through_claude(
    client: &Client,
    places: &Places,
    text: &str,
    entry: &Entry,
) -> Result<(), ApiError> {
    let now = || current(client, places, &file::read(&client.file(places))?);
    let whole =
        |text: &str| client.kind.get_whole(text).map_err(|what| unreadable(client, places, &what));
    let Some(old) = whole(text)? else {
        let commands = [claude_code::add_arguments(entry)];
        through_claude(&commands)?;
        return if now()?.as_ref() == Some(entry) { Ok(()) } else { Err(did_not(&commands)) };
    };
    let new = client.kind.set(text, entry).map_err(|what| unreadable(client, places, &what))?;
    let new = whole(&new)?.unwrap_or_default();
    let add = match new == entry.to_json(true) {
        true => claude_code::add_arguments(entry),
        false => claude_code::add_whole_arguments(&new),
    };
    let commands = [claude_code::remove_arguments(), add];
    through_claude(&commands)?;
    match now()? {
        Some(found) if found == *entry => return Ok(()),
        Some(_) => return Err(did_not(&commands)),
        None => {}
    }
    let back = [claude_code::add_whole_arguments(&old)];
    through_claude(&back)?;
    Err(match now()? {
        Some(_) => did_not(&commands),
        None => ApiError::internal(
            "Claude Code removed the old entry and accepted neither the new one nor the old one",
        )
        .hint(format!("Add it again with: {}", claude_code::shown(&back[0]))),
    })
}

/// Whether a text differs from an older one only in our entry.
fn is_only_ours(kind: Kind, older: &str, now: &str, entry: &Entry) -> bool {
    let again = match kind.get(now) {
        Ok(Some(found)) => kind.set(older, &found).map(Some),
        Ok(None) => kind.set(older, entry).and_then(|text| kind.remove(&text)),
        Err(_) => return false,
    };
    again.is_ok_and(|text| text.as_deref() == Some(now))
}

fn uninstall(client: &Client, places: &Places, text: &str) -> Done {
    let Some(entry) = current(client, places, text)? else {
        return Ok((Outcome::NotThere, None));
    };
    if client.kind == Kind::ClaudeCode {
        let commands = [claude_code::remove_arguments()];
        through_claude(&commands)?;
        return match current(client, places, &file::read(&client.file(places))?)? {
            None => Ok((Outcome::Removed, None)),
            Some(_) => Err(did_not(&commands)),
        };
    }
    match client.kind.remove(text).map_err(|what| unreadable(client, places, &what))? {
        Some(changed) => {
            let says_all = |older: &str| is_only_ours(client.kind, older, text, &entry);
            Ok((Outcome::Removed, file::replace(&client.file(places), &changed, says_all)?))
        }
        None => Ok((Outcome::NotThere, None)),
    }
}

fn current(client: &Client, places: &Places, text: &str) -> Result<Option<Entry>, ApiError> {
    client.kind.get(text).map_err(|what| unreadable(client, places, &what))
}

fn unreadable(client: &Client, places: &Places, what: &str) -> ApiError {
    let file = client.file(places);
    ApiError::invalid(format!("{} cannot be read: {what}", file.display()))
        .hint("Correct the file first; nothing was changed there")
}

/// Runs these commands of Claude Code, where it is installed.
fn through_claude(commands: &[Vec<String>]) -> Result<(), ApiError> {
    let Some(claude) = Claude::find() else {
        let lines: Vec<_> = commands.iter().map(|command| claude_code::shown(command)).collect();
        return Err(ApiError::unavailable(
            "Claude Code is not found here, and only Claude Code may change its settings",
        )
        .hint(format!("Where it is installed, run: {}", lines.join(" && "))));
    };
    for command in commands {
        claude.run(command);
    }
    Ok(())
}

fn did_not(commands: &[Vec<String>]) -> ApiError {
    let lines: Vec<_> = commands.iter().map(|command| claude_code::shown(command)).collect();
    ApiError::internal("Claude Code did not change its settings")
        .hint(format!("See its messages with: {}", lines.join(" && ")))
}

fn conclude(console: &mut Console<'_>, reports: Vec<Report>) -> Result<Exit, CliError> {
    let mut exit = Exit::Done;
    let mut anew = false;
    for report in &reports {
        let client = Client::named(report.client);
        let title = client.map_or(report.client, |client| client.title);
        let file = clean(&report.file.display().to_string()).into_owned();
        if let Some(error) = &report.error {
            exit = exit.or(Exit::of_error(error.code));
            console.complain(&ApiError {
                message: format!("{title}: {}", error.message),
                ..error.clone()
            });
            continue;
        }
        let changes = matches!(report.outcome, Outcome::Added | Outcome::Updated);
        anew |= changes;
        if console.json {
            continue;
        }
        console.line(&match report.outcome {
            Outcome::Added => format!("{title}: added to {file}"),
            Outcome::Updated => format!("{title}: updated in {file}"),
            Outcome::AlreadyThere => format!("{title}: already in {file}"),
            Outcome::Removed => format!("{title}: removed from {file}"),
            _ => format!("{title}: not in {file}"),
        })?;
        if let Some(backup) = &report.backup {
            let when = match report.backup_is_recent {
                true => "as it was before",
                false => "as it was before the earlier changes by claude-worker",
            };
            console.line(&format!("  {when}: {}", clean(&backup.display().to_string())))?;
        }
        if let Some(client) = client.filter(|client| changes && !client.remark.is_empty()) {
            console.line(&format!("  {}", client.remark))?;
        }
    }
    if console.json {
        console.document(&Reports { clients: reports })?;
    } else if anew {
        console.remark("Running clients load the change in their next session")?;
    }
    Ok(exit)
}

fn status(console: &mut Console<'_>, places: &Places) -> Result<Exit, CliError> {
    let wanted = entry().ok();
    let mut reports = Vec::new();
    for client in CLIENTS {
        let report = changed(client, places, |client, text| {
            let outcome = match current(client, places, text)? {
                Some(found) if Some(&found) == wanted.as_ref() => Outcome::AlreadyThere,
                Some(_) => Outcome::Different,
                None if client.is_here(places) => Outcome::NotThere,
                None => Outcome::NotFound,
            };
            Ok((outcome, None))
        });
        if !console.json {
            let words = match report.outcome {
                Outcome::AlreadyThere => "installed",
                Outcome::Different => "a different entry: `claude-worker mcp install` corrects it",
                Outcome::NotThere => "not installed",
                Outcome::Failed => "its file cannot be read",
                _ => "client not found",
            };
            console.line(&format!("{:<16}{words}", client.title))?;
        }
        reports.push(report);
    }
    if console.json {
        console.document(&Reports { clients: reports })?;
    } else if wanted.is_none() {
        console.remark("The program claude-worker-mcp is not installed here")?;
    }
    Ok(Exit::Done)
}

/// Shows what to add by hand.
fn print(console: &mut Console<'_>, places: &Places, which: &Which) -> Result<Exit, CliError> {
    let entry = entry()?;
    let chosen = match chosen(which, places) {
        Ok(chosen) => chosen,
        Err(_) => CLIENTS.iter().collect(),
    };
    if console.json {
        let typed = chosen.iter().any(|client| client.kind == Kind::ClaudeCode);
        console.document(&entry.to_json(typed))?;
        return Ok(Exit::Done);
    }
    for client in chosen {
        let file = client.file(places).display().to_string();
        let text = match client.kind {
            Kind::ClaudeCode => claude_code::shown(&claude_code::add_arguments(&entry)) + "\n",
            kind => kind.set("", &entry).map_err(ApiError::internal)?,
        };
        let place = match client.kind {
            Kind::ClaudeCode => "in a terminal".to_owned(),
            _ => format!("in {}", clean(&file)),
        };
        console.remark(&format!("{}, {place}:", client.title))?;
        console.print(&text)?;
    }
    Ok(Exit::Done)
}
