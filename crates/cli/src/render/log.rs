//! A log as a conversation: prose as prose, tool calls in one line each, results in a few.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use claude_worker_api::{DeniedTool, LogEntry, LogItem, Run, ToolOutcome, Usage};

use super::next_step::question_line;
use super::text::{clean, clean_line, clean_lines, is_blank, truncate};
use super::{Paint, Tone, figures, overwrite};

/// How many lines of tool results and of reasoning are shown; `--json` and `--raw` have the rest.
const RESULT_LINES: usize = 6;
/// Lines shown of each side of an edit.
const DIFF_LINES: usize = 8;
/// The width of a time like `14:00:05.123`.
const TIME_WIDTH: usize = 12;
/// How many tool calls are remembered, to name the call of a late result.
const CALLS_REMEMBERED: usize = 32;

/// Turns log entries into text, in order. It remembers a bounded amount, so that following a
/// log of any size takes the same memory.
#[derive(Debug, Clone)]
pub struct LogText {
    paint: Paint,
    /// The hash of the newest prose: the final answer is usually that prose once more.
    prose: Option<u64>,
    /// The newest call. Its result is shown without its name when it follows directly.
    calls: VecDeque<(String, String)>,
    last_call: Option<String>,
    /// Whether the newest line is blank.
    after_blank: bool,
}

impl LogText {
    /// Starts at the beginning of a log.
    #[must_use]
    pub const fn new(paint: Paint) -> Self {
        Self { paint, prose: None, calls: VecDeque::new(), last_call: None, after_blank: false }
    }

    /// The line that separates a further run from what came before it.
    #[must_use]
    pub fn run_heading(&mut self, run: &Run) -> String {
        self.prose = None;
        let mut title = format!("Run {}", run.number);
        if let Some(follow_up) = &run.follow_up {
            let _ = write!(title, ": {}", truncate(&clean_line(follow_up), 200));
        }
        let heading = format!("\n{}\n", self.paint.tone(Tone::Strong, &title));
        self.after_others(heading)
    }

    /// The text without the blank line at its beginning, if there is one before it already.
    fn after_others(&mut self, mut text: String) -> String {
        if self.after_blank && text.starts_with('\n') {
            text.remove(0);
        }
        if !text.is_empty() {
            self.after_blank = text.ends_with("\n\n");
        }
        text
    }

    /// One entry as text: whole lines, or nothing.
    #[must_use]
    pub fn entry(&mut self, entry: &LogEntry) -> String {
        let text = match &entry.item {
            LogItem::Started { model, version, .. } => self.started(model.as_deref(), version),
            LogItem::Text { text } => self.prose(text),
            LogItem::Thinking { text } => self.few(text, "  ", Tone::Quiet),
            LogItem::ToolCall { id, tool, summary, input } => self.call(id, tool, summary, input),
            LogItem::ToolResult { id, outcome, text, .. } => self.result(id, *outcome, text),
            LogItem::Retry { attempt, max_attempts, delay_ms, reason } => {
                let wait = figures::short(delay_ms.saturating_add(999));
                let reason = clean_line(reason);
                self.note(
                    Tone::Attention,
                    &format!("Retry {attempt} of {max_attempts} in {wait}: {reason}"),
                )
            }
            LogItem::Note { text } => self.note(Tone::Quiet, &clean_line(text)),
            LogItem::Result { is_error, text, usage, denied_tools } => {
                self.end(*is_error, text, usage, denied_tools)
            }
            LogItem::Output { text, stderr } => {
                let mut shown = String::with_capacity(text.len() + 1);
                self.output(text, *stderr, &mut shown);
                shown
            }
            LogItem::Unknown(item) => {
                let text = item.text("text").map(clean_line).unwrap_or_default();
                let words = format!("An entry this version does not know: {} {text}", item.name);
                self.note(Tone::Quiet, truncate(words.trim_end(), 400).as_ref())
            }
        };
        if !matches!(entry.item, LogItem::ToolCall { .. }) {
            self.last_call = None;
        }
        if matches!(entry.item, LogItem::Output { .. }) { text } else { self.after_others(text) }
    }

    /// One entry as text, with its time at the first line and room for it at the others.
    #[must_use]
    pub fn with_time(&mut self, time: &str, entry: &LogEntry) -> String {
        let text = self.entry(entry);
        let mut time = self.paint.tone(Tone::Quiet, &format!("{time:TIME_WIDTH$}  "));
        let mut shown = String::new();
        for line in text.lines() {
            if !line.is_empty() {
                shown += &time;
                time = " ".repeat(TIME_WIDTH + 2);
            }
            shown += line;
            shown.push('\n');
        }
        shown
    }

    /// Adds one line of plain output to `shown`.
    pub fn output(&mut self, line: &str, stderr: bool, shown: &mut String) {
        (self.last_call, self.after_blank) = (None, false);
        let line = overwrite::line(line);
        let line = clean(&line);
        let line = if line.contains('\n') { line.replace('\n', " ").into() } else { line };
        if stderr {
            shown.push_str(&self.paint.tone(Tone::Quiet, &line));
        } else {
            shown.push_str(&line);
        }
        shown.push('\n');
    }

    /// Adds whole lines of plain output to `shown`, all at once; or nothing, if they have to be added
    /// one by one.
    pub fn output_lines(&mut self, lines: &[u8], shown: &mut String) -> bool {
        let Some(lines) = std::str::from_utf8(lines).ok().and_then(clean_lines) else {
            return false;
        };
        (self.last_call, self.after_blank) = (None, false);
        shown.push_str(&lines);
        true
    }

    fn started(&self, model: Option<&str>, version: &Option<String>) -> String {
        let mut parts = vec!["Session began".to_owned()];
        parts.extend(model.map(clean_line));
        parts.extend(version.as_deref().map(|version| format!("version {}", clean_line(version))));
        self.note(Tone::Quiet, &parts.join(", "))
    }

    fn prose(&mut self, text: &str) -> String {
        let text = text.trim();
        if text.is_empty() {
            return String::new();
        }
        self.prose = Some(hash(text));
        format!("\n{}\n\n", clean(text))
    }

    fn call(&mut self, id: &str, tool: &str, summary: &str, input: &str) -> String {
        let tool = clean_line(tool);
        self.calls.push_back((id.to_owned(), tool.clone()));
        if self.calls.len() > CALLS_REMEMBERED {
            self.calls.pop_front();
        }
        self.last_call = Some(id.to_owned());
        let mut line = self.paint.tone(Tone::Running, self.paint.symbol("● "));
        line += &self.paint.tone(Tone::Strong, &tool);
        let summary = clean_line(summary);
        if !summary.is_empty() {
            line += if self.paint.symbols { " " } else { ": " };
            line += &truncate(&summary, 400);
        }
        line.push('\n');
        line + &self.diff(input)
    }

    /// An edit as a small diff: its tool calls carry the text before and after.
    fn diff(&self, input: &str) -> String {
        // Without any name there is nothing to look up.
        if !input.contains("old_string") && !input.contains("\\u") {
            return String::new();
        }
        let Ok(input) = serde_json::from_str::<serde_json::Value>(input) else {
            return String::new();
        };
        let side = |name: &str| input.get(name).and_then(serde_json::Value::as_str);
        let (Some(old), Some(new)) = (side("old_string"), side("new_string")) else {
            return String::new();
        };
        let lines = |text: &str, sign: char, tone: Tone| {
            let text = clean(text);
            let mut shown = String::new();
            for line in text.lines().take(DIFF_LINES) {
                let line = format!("{sign} {}", truncate(line, 400));
                let _ = writeln!(shown, "  {}", self.paint.tone(tone, line.trim_end()));
            }
            let more = text.lines().skip(DIFF_LINES).count();
            shown + &self.more(more, "  ")
        };
        lines(old, '-', Tone::Bad) + &lines(new, '+', Tone::Good)
    }

    fn result(&self, id: &str, outcome: ToolOutcome, text: &str) -> String {
        let mut shown = String::new();
        let silent = outcome == ToolOutcome::Ok && text.trim().is_empty();
        if !silent
            && self.last_call.as_deref() != Some(id)
            && let Some((_, tool)) = self.calls.iter().find(|(call, _)| call == id)
        {
            let _ = writeln!(shown, "  {}", self.paint.tone(Tone::Quiet, &format!("{tool}:")));
        }
        match outcome {
            ToolOutcome::Ok => shown + &self.few(text, "  ", Tone::Quiet),
            ToolOutcome::Error => {
                shown
                    + &format!("  {}\n", self.paint.tone(Tone::Bad, "failed"))
                    + &self.few(text, "  ", Tone::Quiet)
            }
            ToolOutcome::Unknown(outcome) => {
                shown
                    + &format!("  {}\n", self.paint.tone(Tone::Attention, outcome.as_str()))
                    + &self.few(text, "  ", Tone::Quiet)
            }
            ToolOutcome::Denied => {
                let reason = truncate(&clean_line(text), 400).into_owned();
                let words = if reason.is_empty() {
                    "denied".to_owned()
                } else {
                    format!("denied: {reason}")
                };
                shown + &format!("  {}\n", self.paint.tone(Tone::Attention, &words))
            }
        }
    }

    fn end(
        &mut self,
        is_error: bool,
        text: &str,
        usage: &Usage,
        denied_tools: &[DeniedTool],
    ) -> String {
        let text = text.trim();
        let mut shown = String::new();
        if !is_error && !text.is_empty() && self.prose != Some(hash(text)) {
            let _ = write!(shown, "\n{}\n\n", clean(text));
        }
        self.prose = None;
        let (symbol, words, tone) = if is_error {
            let words = truncate(&clean_line(text), 400).into_owned();
            let words =
                if words.is_empty() { "The agent reports an error".to_owned() } else { words };
            ("✗ ", words, Tone::Bad)
        } else {
            ("✓ ", "Answered".to_owned(), Tone::Quiet)
        };
        let mut line = format!("{}{words}", self.paint.symbol(symbol));
        let used = figures::usage(usage);
        if !used.is_empty() {
            let _ = write!(line, " · {used}");
        }
        let _ = writeln!(shown, "{}", self.paint.tone(tone, &line));
        let asked = denied_tools.iter().flat_map(|denied| &denied.questions);
        for question in asked.map(question_line) {
            let line = format!("  asked: {}", truncate(&question, 1000));
            let _ = writeln!(shown, "{}", self.paint.tone(Tone::Attention, &line));
        }
        for denied in denied_tools.iter().filter(|denied| denied.questions.is_empty()) {
            let call = clean_line(&format!("{} {}", denied.tool, denied.input));
            let line = format!("  denied: {}", truncate(&call, 400));
            let _ = writeln!(shown, "{}", self.paint.tone(Tone::Attention, &line));
        }
        shown
    }

    fn note(&self, tone: Tone, words: &str) -> String {
        let line = format!("{}{}", self.paint.symbol("· "), truncate(words, 400));
        format!("{}\n", self.paint.tone(tone, &line))
    }

    /// The first lines of a longer text.
    fn few(&self, text: &str, indent: &str, tone: Tone) -> String {
        let mut text = overwrite::lines(text.trim_end());
        if text.contains('\u{1b}') {
            // An escape sequence can continue over the end of a line.
            text = clean(&text).into_owned().into();
        }
        let mut shown = String::new();
        let mut lines = text.lines().filter(|line| !is_blank(line));
        for line in lines.by_ref().take(RESULT_LINES) {
            let line = clean(line);
            let line = truncate(line.trim_end(), 400);
            let _ = writeln!(shown, "{indent}{}", self.paint.tone(tone, &line));
        }
        shown + &self.more(lines.count(), indent)
    }

    fn more(&self, lines: usize, indent: &str) -> String {
        if lines == 0 {
            return String::new();
        }
        let words = format!("… {}", figures::plural(lines as u64, "more line"));
        format!("{indent}{}\n", self.paint.tone(Tone::Quiet, &words))
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> Vec<LogEntry> {
        let call = |id: &str, tool: &str, summary: &str, input: &str| LogItem::ToolCall {
            id: id.to_owned(),
            tool: tool.to_owned(),
            summary: summary.to_owned(),
            input: input.to_owned(),
        };
        let result = |id: &str, outcome, text: &str| LogItem::ToolResult {
            id: id.to_owned(),
            outcome,
            text: text.to_owned(),
            images: vec![],
        };
        let lines: Vec<String> = (1..=20).map(|n| format!("line {n}")).collect();
        let items = vec![
            LogItem::Started {
                session_id: Some("s".to_owned()),
                model: Some("claude-sonnet-5".to_owned()),
                version: Some("2.1.330".to_owned()),
            },
            LogItem::Thinking { text: "First I look.\nThen I leap.".to_owned() },
            LogItem::Text { text: "I'll split the crate.\n\n- one\n- two\n".to_owned() },
            call("a", "Bash", "cargo test\n  -p auth", r#"{"command":"cargo test"}"#),
            result("a", ToolOutcome::Ok, &lines.join("\n")),
            call(
                "b",
                "Edit",
                "src/lib.rs",
                r#"{"old_string":"let a = 1;","new_string":"let a = 2;\nlet b = 3;"}"#,
            ),
            call("c", "Bash", "rm -rf /\u{1b}[8m hidden", "{not json"),
            result("b", ToolOutcome::Ok, ""),
            result("c", ToolOutcome::Denied, "This command requires approval"),
            call("d", "Read", "missing.txt", "{}"),
            result("d", ToolOutcome::Error, "File does not exist"),
            LogItem::Retry {
                attempt: 2,
                max_attempts: 10,
                delay_ms: 3_600,
                reason: "529 overloaded".to_owned(),
            },
            LogItem::Note { text: "A background command goes on".to_owned() },
            LogItem::Output { text: "\u{1b}[32mok\u{1b}[0m\ttest\u{7}".to_owned(), stderr: false },
            LogItem::Output { text: "warning: \u{202e}odd".to_owned(), stderr: true },
            LogItem::Text { text: "Done.".to_owned() },
            LogItem::Result {
                is_error: false,
                text: "Done.".to_owned(),
                usage: Usage { cost_usd: Some(0.84), turns: Some(12), ..Usage::default() },
                denied_tools: crate::render::samples::denied(),
            },
            LogItem::Result {
                is_error: true,
                text: "Credit balance too low".to_owned(),
                usage: Usage::default(),
                denied_tools: Vec::new(),
            },
        ];
        items.into_iter().map(|item| LogEntry { offset: 0, at: None, item }).collect()
    }

    fn render(paint: Paint) -> String {
        let mut log = LogText::new(paint);
        entries().iter().map(|entry| log.entry(entry)).collect()
    }

    #[test]
    fn a_conversation_on_a_terminal() {
        insta::assert_snapshot!(render(Paint { colour: false, symbols: true }));
    }

    #[test]
    fn a_conversation_in_colour() {
        let text = render(Paint { colour: true, symbols: true });
        insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
    }

    #[test]
    fn a_conversation_in_a_pipe() {
        insta::assert_snapshot!(render(Paint::NONE));
    }

    #[test]
    fn a_final_answer_that_is_new_is_shown() {
        let mut log = LogText::new(Paint::NONE);
        let item = LogItem::Result {
            is_error: false,
            text: "The answer".to_owned(),
            usage: Usage::default(),
            denied_tools: Vec::new(),
        };
        let text = log.entry(&LogEntry { offset: 0, at: None, item });
        assert!(text.contains("\nThe answer\n"));
    }

    #[test]
    fn one_blank_line_is_between_two_texts() {
        let mut log = LogText::new(Paint::NONE);
        let shown = ["One.", "Two.\n\nThree.\n\n"].map(|text| {
            let item = LogItem::Text { text: text.to_owned() };
            log.entry(&LogEntry { offset: 0, at: None, item })
        });
        assert_eq!(shown.concat(), "\nOne.\n\nTwo.\n\nThree.\n\n");
    }

    #[test]
    fn nothing_an_agent_prints_reaches_a_terminal_as_a_control() {
        for text in [render(Paint::NONE), render(Paint { colour: false, symbols: true })] {
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        }
    }

    /// The first lines of a text whose every line is made safe.
    fn few_of_all(log: &LogText, text: &str) -> String {
        let text: Vec<_> = text.trim_end().lines().map(overwrite::line).collect();
        let text = text.join("\n");
        let text = clean(&text);
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let first: String = lines
            .by_ref()
            .take(RESULT_LINES)
            .map(|line| format!("  {}\n", truncate(line.trim_end(), 400)))
            .collect();
        first + &log.more(lines.count(), "  ")
    }

    #[test]
    fn lines_with_colours_are_added_at_once() {
        let mut log = LogText::new(Paint::NONE);
        let mut shown = String::new();
        assert!(log.output_lines(b"\x1b[32mok\x1b[0m 1\n\x1b]0;title\x07ok 2\n", &mut shown));
        assert_eq!(shown, "ok 1\nok 2\n");
        assert!(!log.output_lines(b"\x1b]0;a title\nthat goes on\x07\n", &mut shown));
    }

    proptest! {
        #[test]
        fn lines_that_are_not_shown_count_the_same(
            text in "([a-c\t \r\n\u{b}\u{85}\u{a0}\u{2028}\u{202e}é]{0,9}(\n|\r\n|\u{1b}\\[1m|\u{1b}\\]|\u{7})){0,30}"
        ) {
            let log = LogText::new(Paint::NONE);
            prop_assert_eq!(log.few(&text, "  ", Tone::Quiet), few_of_all(&log, &text));
        }

        #[test]
        fn many_lines_at_once_look_the_same(
            text in "([a-c\t \u{b}\u{85}\u{2028}\u{202e}é]{0,9}(\u{1b}\\[1m|\u{1b}\\[|\u{1b}\\(|\u{1b}|\u{1b}\\]|\u{7}|)(\n|\r\n)){0,30}"
        ) {
            let mut log = LogText::new(Paint::NONE);
            let mut at_once = String::new();
            if log.output_lines(text.as_bytes(), &mut at_once) {
                let mut one_by_one = String::new();
                for line in text.split_terminator('\n') {
                    let line = line.strip_suffix('\r').unwrap_or(line);
                    log.output(line, false, &mut one_by_one);
                }
                prop_assert_eq!(at_once, one_by_one);
            } else {
                prop_assert_eq!(at_once, "");
            }
        }
    }
}
