//! `doctor`: checks what tasks need, or writes a report for a bug report.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use claude_worker_api::{ApiError, CheckLevel, TaskApi, Timestamp};
use serde::Serialize;

use crate::console::Console;
use crate::doctor::{self, Findings};
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::clean_line;
use crate::render::wrap::hanging;
use crate::render::{Paint, Tone};

/// The arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write a report to attach to a bug report, without prompts, results and secrets: to a new file,
    /// or - for standard output [default: claude-worker-report-TIME.txt]
    #[arg(long, value_name = "FILE")]
    pub report: Option<Option<PathBuf>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Reported {
    File { file: PathBuf },
    Text { report: String },
}

/// Checks everything and shows the findings, or writes a report. `api` must be a connection that starts no
/// engine.
///
/// # Errors
/// When the output cannot be written; `conflict` when the report's file exists already. What is
/// missing is exit code 1, except with a report.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    if let Some(file) = &args.report {
        return report(api, console, file.as_deref()).await;
    }
    let findings = doctor::examine(api).await;
    let ok = findings.missing() == 0;
    if console.json {
        console.document(&serde_json::json!({
            "ok": ok, "complete": findings.is_complete, "checks": findings.checks
        }))?;
    } else {
        let text = render(&findings, console.wrap_width(), console.view.paint);
        console.print(&text)?;
    }
    Ok(if ok { Exit::Done } else { Exit::Failed })
}

/// Writes the report to this file, to one with a name of its own, or to standard output.
async fn report(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    file: Option<&Path>,
) -> Result<Exit, CliError> {
    let now = console.now();
    if file == Some(Path::new("-")) {
        let report = doctor::report(api, now).await;
        if console.json {
            console.document(&Reported::Text { report })?;
        } else {
            console.print(&report)?;
        }
        return Ok(Exit::Done);
    }
    let file = file.map_or_else(|| PathBuf::from(default_name(now)), Path::to_owned);
    let shown = clean_line(&file.display().to_string());
    // Made before the report, which takes some seconds.
    let mut place = create(&file).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => ApiError::conflict(format!("{shown} exists already"))
            .hint("Name another file for the report, or - for standard output"),
        _ => ApiError::invalid(format!("{shown} cannot be created: {error}"))
            .hint("Name another file for the report, or - for standard output"),
    })?;
    let text = doctor::report(api, now).await;
    place.write_all(text.as_bytes()).map_err(|error| {
        // A part of a report is in the way of the next one.
        let _ = std::fs::remove_file(&file);
        ApiError::internal(format!("{shown} cannot be written: {error}"))
            .hint("claude-worker doctor --report - writes the report to standard output")
    })?;
    if console.json {
        console.document(&Reported::File { file })?;
    } else {
        console.line(&format!("The report is in {shown}. {CONTENTS}"))?;
    }
    Ok(Exit::Done)
}

const CONTENTS: &str = "\
It has versions, the engine's state, settings, what doctor finds, recent tasks as numbers and outcomes, \
and the end of the engine's log. Prompts, results, names of tasks, environment values and secrets are \
left out; names of directories are not. Read it before you attach it to a bug report";

/// A new file that only this user can read.
fn create(file: &Path) -> io::Result<File> {
    claude_worker_os::files::create_new(file)
}

fn default_name(now: Timestamp) -> String {
    // To the second, without the characters that some file systems refuse.
    let time: String = now.to_string().chars().take(19).filter(|c| *c != ':').collect();
    format!("claude-worker-report-{time}Z.txt")
}

fn render(findings: &Findings, page: usize, paint: Paint) -> String {
    let checks = &findings.checks;
    let mut text = String::new();
    let widest = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in checks {
        let (symbol, word, tone) = match check.level {
            CheckLevel::Ok => ("✓", "ok", Tone::Good),
            CheckLevel::Warn => ("!", "warn", Tone::Attention),
            CheckLevel::Bad => ("✗", "bad", Tone::Bad),
            CheckLevel::Unknown(level) => ("?", level.as_str(), Tone::Attention),
        };
        let mark = if paint.symbols { symbol.to_owned() } else { format!("{word:<4}") };
        let mark = paint.tone(tone, &mark);
        let name = format!("{:<widest$}", check.name);
        let indent = if paint.symbols { 1 } else { 4 } + 2 + widest + 2;
        let fit = |words: &str| hanging(&clean_line(words), indent, indent, page);
        let _ = writeln!(text, "{mark}  {name}  {}", fit(&check.found));
        if !check.advice.is_empty() {
            let _ = writeln!(text, "{:indent$}{}", "", fit(&check.advice));
        }
    }
    text.push('\n');
    text += &match findings.missing() {
        0 if !findings.is_complete => {
            "Nothing is known to be missing, but not everything was examined\n".to_owned()
        }
        0 => "Ready to run tasks\n".to_owned(),
        1 => "1 thing is needed before tasks can run\n".to_owned(),
        n => format!("{n} things are needed before tasks can run\n"),
    };
    text
}

#[cfg(test)]
mod tests {
    use claude_worker_api::Check;

    use super::*;

    fn findings() -> Findings {
        let check = |name: &str, level, found: &str, advice: &str| Check {
            name: name.to_owned(),
            level,
            found: found.to_owned(),
            advice: advice.to_owned(),
            remedy: None,
        };
        let checks = vec![
            check("Claude Code", CheckLevel::Ok, "2.1.330 (/usr/bin/claude, found in PATH)", ""),
            check(
                "Sign-in",
                CheckLevel::Bad,
                "no key \u{1b}[31mhere",
                "Run `claude` once and log in",
            ),
            check("Disk", CheckLevel::Warn, "400.0 MB free", "Free some space"),
        ];
        checks.into()
    }

    #[test]
    fn a_report_gets_a_name_of_its_own_and_overwrites_nothing() {
        let now = Timestamp::from_millis(1_795_409_000_123);
        assert_eq!(default_name(now), "claude-worker-report-2026-11-23T044320Z.txt");
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("report.txt");
        create(&file).unwrap().write_all(b"mine").unwrap();
        assert_eq!(create(&file).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    }

    #[test]
    fn on_a_terminal() {
        insta::assert_snapshot!(render(
            &findings(),
            usize::MAX,
            Paint { colour: false, symbols: true }
        ));
    }

    #[test]
    fn on_a_narrow_terminal() {
        let check = Check::warn(
            "Claude Code",
            "not installed, or not where a login shell finds it",
            "Install it with `npm install -g @anthropic-ai/claude-code`, or set agents.claude",
        );
        let findings = Findings::from(vec![check]);
        insta::assert_snapshot!(render(&findings, 40, Paint { colour: false, symbols: true }));
    }

    #[test]
    fn in_a_pipe() {
        insta::assert_snapshot!(render(&findings(), usize::MAX, Paint::NONE));
    }

    #[test]
    fn what_was_not_examined_is_not_called_ready() {
        let checks = vec![Check::warn("Tasks", "not examined", "")];
        let text = render(&Findings { checks, is_complete: false }, usize::MAX, Paint::NONE);
        assert!(text.ends_with("but not everything was examined\n"), "{text}");
        assert!(
            render(&Vec::new().into(), usize::MAX, Paint::NONE).ends_with("Ready to run tasks\n")
        );
    }
}
