//! `docs/terminal.svg`: what a terminal shows, drawn from what the renderers print.
//!
//! `CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-cli picture` draws it anew.

use std::fmt::Write;
use std::path::Path;

use claude_worker_api::{
    Counts, DeniedTool, Failure, LogEntry, LogItem, State, Task, TaskId, ToolOutcome, Usage,
    WaitReason,
};

use super::log::LogText;
use super::samples::{NOW, completed, failed, running, task};
use super::text::width;
use super::{Paint, Tone, table};

const FILE: &str = "docs/terminal.svg";
/// How many characters a line has.
const COLUMNS: usize = 94;
/// The size of a character's cell and the space around the text, in pixels.
const CELL: (f64, f64) = (8.4, 19.0);
const MARGIN: (f64, f64) = (18.0, 20.0);
const PAINT: Paint = Paint { colour: true, symbols: true };

#[test]
fn the_picture_of_the_terminal_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(FILE);
    let made = svg(&screen());
    if std::env::var_os("CLAUDE_WORKER_UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(made == committed, "{FILE} is not current. Run this test with CLAUDE_WORKER_UPDATE=1");
}

#[test]
fn every_colour_becomes_a_class_and_nothing_is_left_of_the_codes() {
    let drawn = svg("a \u{1b}[32m<b>\u{1b}[0m c");
    assert!(drawn.contains("<tspan x=\"34.8\" class=\"c32\">&lt;b&gt;</tspan>"), "{drawn}");
    assert!(!drawn.contains('\u{1b}'), "{drawn}");
}

/// Some tasks in a list, and the log of one.
fn screen() -> String {
    let prompt = |command: &str| format!("{} {command}\n", PAINT.tone(Tone::Good, "$"));
    let ended_at = NOW.minus_millis(26 * 60_000);
    let until = NOW.plus_millis(125 * 60_000);
    let denied = DeniedTool {
        tool: "Bash".to_owned(),
        input: "npm publish".to_owned(),
        rule: None,
        ..DeniedTool::default()
    };
    let tasks = [
        task(12, "Write the migration guide", State::Pending),
        running(11, "Split the auth middleware", "Bash cargo nextest run -p auth"),
        Task {
            usage: Usage { cost_usd: Some(0.84), ..Usage::default() },
            ..running(10, "Port the parser", "Edit src/parser.rs")
        },
        task(
            9,
            "Review the error messages",
            State::Waiting { reason: WaitReason::UsageLimit { until, tries: 1, most_tries: 8 } },
        ),
        failed(
            8,
            "Generate an API client",
            Failure::Account {
                http_status: Some(400),
                message: "Credit balance too low".to_owned(),
            },
        ),
        completed(7, "Translate the README", "Translated 14 sections into Japanese."),
        Task {
            id: TaskId(6),
            usage: Usage { cost_usd: Some(0.12), ..Usage::default() },
            ..task(
                6,
                "Prepare the release",
                State::Completed { ended_at, denied_tools: vec![denied], notes: Vec::new() },
            )
        },
    ];
    let counts =
        Counts { pending: 1, running: 2, waiting: 1, failed: 1, completed: 2, ..Counts::default() };
    let mut text = prompt("claude-worker list");
    text += &table::tasks(&tasks, NOW, COLUMNS, PAINT);
    text += &PAINT.tone(Tone::Quiet, &format!("  {}", counts.describe()));
    text += "\n\n";
    text += &prompt("claude-worker logs 10 -f");
    text + &log()
}

fn log() -> String {
    let call = |id: &str, tool: &str, summary: &str, input: &str| LogItem::ToolCall {
        id: id.to_owned(),
        tool: tool.to_owned(),
        summary: summary.to_owned(),
        input: input.to_owned(),
    };
    let edit = r#"{"old_string":"text.split(',')","new_string":"text.split(',').map(str::trim)"}"#;
    let items = [
        LogItem::Text {
            text: "The old parser drops spaces after a comma; I keep that.".to_owned(),
        },
        call("a", "Edit", "src/parser.rs", edit),
        LogItem::ToolResult {
            id: "a".to_owned(),
            outcome: ToolOutcome::Ok,
            text: String::new(),
            images: vec![],
        },
        call("b", "Bash", "cargo test parser", "{}"),
        LogItem::ToolResult {
            id: "b".to_owned(),
            outcome: ToolOutcome::Ok,
            text: "test result: ok. 14 passed; 0 failed".to_owned(),
            images: vec![],
        },
    ];
    let mut log = LogText::new(PAINT);
    items.map(|item| log.entry(&LogEntry { offset: 0, at: None, item })).concat()
}

/// Text with colour codes as a picture. It follows the reader's light or dark theme.
fn svg(screen: &str) -> String {
    let lines: Vec<&str> = screen.lines().collect();
    #[expect(clippy::cast_precision_loss, reason = "a terminal has few lines and columns")]
    let (columns, rows) = (COLUMNS as f64, lines.len() as f64);
    let (wide, high) = (columns * CELL.0 + 2.0 * MARGIN.0, rows * CELL.1 + 2.0 * MARGIN.1);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide:.0}\" height=\"{high:.0}\" \
         viewBox=\"0 0 {wide:.0} {high:.0}\" role=\"img\">\n\
         <title>claude-worker list and claude-worker logs in a terminal</title>\n\
         <style>\n\
         text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;\
         white-space:pre;fill:#24292f}}\n\
         rect{{fill:#fbfbfa;stroke:#d9d7d2}}\n\
         .c1{{font-weight:700}}.c2{{fill:#6a6f76}}.c31{{fill:#b3261e}}.c32{{fill:#1a6e35}}\
         .c33{{fill:#8a5a00}}.c34{{fill:#0b5cad}}\n\
         @media(prefers-color-scheme:dark){{text{{fill:#e4e2de}}rect{{fill:#1d1d1f;stroke:#3a3a3d}}\
         .c2{{fill:#9a9a9e}}.c31{{fill:#ff8a80}}.c32{{fill:#7fd491}}.c33{{fill:#f0c060}}\
         .c34{{fill:#82b6ff}}}}\n\
         </style>\n\
         <rect x=\".5\" y=\".5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"8\"/>\n",
        wide - 1.0,
        high - 1.0
    );
    let mut baseline = MARGIN.1 + 13.0;
    for line in lines {
        let _ = write!(text, "<text y=\"{baseline:.0}\" xml:space=\"preserve\">");
        let (mut column, mut tone) = (0, String::new());
        for piece in line.split("\u{1b}[") {
            let (code, shown) = match piece.split_once('m') {
                Some((code, shown)) if code.bytes().all(|byte| byte.is_ascii_digit()) => {
                    (code, shown)
                }
                _ => (tone.as_str(), piece),
            };
            let code = code.to_owned();
            if !shown.trim().is_empty() {
                span(&mut text, column, &code, shown);
            }
            column += width(shown);
            tone = code;
        }
        text += "</text>\n";
        baseline += CELL.1;
    }
    text + "</svg>\n"
}

/// A piece of text of one colour. Each has its place, so that no font moves the columns.
fn span(text: &mut String, column: usize, code: &str, shown: &str) {
    let spaces = shown.len() - shown.trim_start_matches(' ').len();
    #[expect(clippy::cast_precision_loss, reason = "a terminal has few columns")]
    let x = MARGIN.0 + (column + spaces) as f64 * CELL.0;
    let escaped = shown.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let class = match code {
        "" | "0" => String::new(),
        code => format!(" class=\"c{code}\""),
    };
    let _ = write!(text, "<tspan x=\"{x:.1}\"{class}>{escaped}</tspan>");
}
