//! `changes`: lists the files that a task changed.

use claude_worker_api::{ChangeSource, ChangedFile, ChangedFiles, FileChange, NoLines, TaskApi};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::figures::plural;
use crate::render::text::{clean_line, width};
use crate::render::{Paint, Tone};
use crate::selection::{OneTask, resolve_one};

/// The arguments of `changes`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: claude-worker changes 12\n\nThe lines themselves: claude-worker diff 12"
)]
pub struct Args {
    /// The task: a number, or last for the newest
    #[arg(value_name = "ID")]
    pub task: OneTask,
}

/// Prints a line for each file, and how many lines were added and removed.
///
/// # Errors
/// `not_found`; when no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let id = resolve_one(api, args.task).await?;
    let changed = api.changes(id).await?;
    if console.json {
        console.document(&changed)?;
        return Ok(Exit::Done);
    }
    let paint = console.view.paint;
    let names: Vec<String> = changed.files.iter().map(name).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or_default();
    // Names that are much longer than others do not move all figures away.
    let column = widest.min(console.width().saturating_sub(24).max(20));
    for (file, name) in changed.files.iter().zip(&names) {
        let padding = " ".repeat(column.saturating_sub(width(name)));
        let line = format!("{} {name}{padding}  {}", letter(file, paint), figures(file, paint));
        console.line(line.trim_end())?;
    }
    for remark in remarks(&changed) {
        console.remark(&paint.tone(Tone::Quiet, &remark))?;
    }
    Ok(Exit::Done)
}

fn name(file: &ChangedFile) -> String {
    let path = clean_line(&file.path);
    match &file.from {
        Some(from) => format!("{} → {path}", clean_line(from)),
        None => path,
    }
}

fn letter(file: &ChangedFile, paint: Paint) -> String {
    let tone = match file.change {
        FileChange::Added => Tone::Good,
        FileChange::Deleted => Tone::Bad,
        FileChange::Modified | FileChange::Renamed | FileChange::Unknown(_) => Tone::Attention,
    };
    paint.tone(tone, &file.change.letter().to_string())
}

/// How many lines, or why that is not told.
fn figures(file: &ChangedFile, paint: Paint) -> String {
    let quiet = |text: &str| paint.tone(Tone::Quiet, text);
    match file.no_lines {
        Some(NoLines::Binary) => quiet("binary"),
        Some(NoLines::TooLarge) => quiet("too large to keep"),
        Some(NoLines::NotKept | NoLines::Unknown(_)) => quiet("lines not kept"),
        None => counts(file.added, file.removed, paint),
    }
}

fn counts(added: u64, removed: u64, paint: Paint) -> String {
    let one = |count: u64, sign: char, tone| {
        if count == 0 { String::new() } else { paint.tone(tone, &format!("{sign}{count}")) }
    };
    let both = [one(added, '+', Tone::Good), one(removed, '-', Tone::Bad)];
    both.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The lines below the list of files.
fn remarks(changed: &ChangedFiles) -> Vec<String> {
    let all = changed.files.len() as u64 + changed.more;
    let mut remarks = Vec::new();
    if changed.more > 0 {
        remarks.push(format!("and {} more", plural(changed.more, "file")));
    }
    let so_far = if changed.running { " so far" } else { "" };
    remarks.push(if all == 0 {
        format!("No files were changed{so_far}")
    } else {
        let lines = counts(changed.added, changed.removed, Paint::NONE);
        format!("{} changed{so_far}  {lines}", plural(all, "file")).trim_end().to_owned()
    });
    match &changed.source {
        ChangeSource::NoRepository => remarks.push(
            "The task worked in no git repository: files that commands changed are not listed"
                .to_owned(),
        ),
        ChangeSource::GitFailed { reason } => remarks.push(format!(
            "Only the edits of the agent's tools are listed, because git did not answer: {}",
            clean_line(reason)
        )),
        ChangeSource::Git { .. } | ChangeSource::Unknown(_) => {}
    }
    if !changed.shared_with.is_empty() {
        let others: Vec<_> = changed.shared_with.iter().map(|id| format!("#{id}")).collect();
        remarks.push(format!(
            "In the same directory at the same time ran {}: its changes are in the list, too",
            others.join(", ")
        ));
    }
    remarks
}
