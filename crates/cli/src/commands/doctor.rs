//! `doctor`: what is needed, what is missing, and what to do about it.

use std::fmt::Write as _;

use claude_worker_api::{Check, CheckLevel, TaskApi};

use crate::console::Console;
use crate::doctor::examine;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::clean_line;
use crate::render::{Paint, Tone};

/// Looks at everything and shows it. `api` must be a connection that starts no engine.
///
/// # Errors
/// When the output cannot be written. What is missing is exit code 1.
pub async fn execute(api: &impl TaskApi, console: &mut Console<'_>) -> Result<Exit, CliError> {
    let checks = examine(api).await;
    let ok = checks.iter().all(|check| check.level != CheckLevel::Bad);
    if console.json {
        console.document(&serde_json::json!({ "ok": ok, "checks": checks }))?;
    } else {
        let text = render(&checks, console.view.paint);
        console.print(&text)?;
    }
    Ok(if ok { Exit::Done } else { Exit::Failed })
}

fn render(checks: &[Check], paint: Paint) -> String {
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
        let _ = writeln!(text, "{mark}  {name}  {}", clean_line(&check.found));
        if !check.advice.is_empty() {
            let indent = if paint.symbols { 1 } else { 4 } + 2 + widest + 2;
            let _ = writeln!(text, "{:indent$}{}", "", clean_line(&check.advice));
        }
    }
    let missing = checks.iter().filter(|check| check.level == CheckLevel::Bad).count();
    text.push('\n');
    text += &match missing {
        0 => "Ready to run tasks\n".to_owned(),
        1 => "1 thing is needed before tasks can run\n".to_owned(),
        n => format!("{n} things are needed before tasks can run\n"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> Vec<Check> {
        let check = |name: &str, level, found: &str, advice: &str| Check {
            name: name.to_owned(),
            level,
            found: found.to_owned(),
            advice: advice.to_owned(),
        };
        vec![
            check("Claude Code", CheckLevel::Ok, "2.1.330 (/usr/bin/claude, found in PATH)", ""),
            check(
                "Sign-in",
                CheckLevel::Bad,
                "no key \u{1b}[31mhere",
                "Run `claude` once and log in",
            ),
            check("Disk", CheckLevel::Warn, "400.0 MB free", "Free some space"),
        ]
    }

    #[test]
    fn on_a_terminal() {
        insta::assert_snapshot!(render(&checks(), Paint { colour: false, symbols: true }));
    }

    #[test]
    fn in_a_pipe() {
        insta::assert_snapshot!(render(&checks(), Paint::NONE));
    }
}
