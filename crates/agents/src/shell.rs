//! Plain commands, run as `sh -c PROMPT`.

use claude_worker_api::{
    Agent, Capability, Failure, LogItem, NewTask, PermissionMode, Timestamp, Verdict,
};

use crate::agent_program::{
    AgentProgram, CommandLine, Ended, MAX_ARGUMENT_BYTES, Program, PromptLimit, RunSummary, Session,
};
use crate::text::{clip, one_line};

/// How much of the end of the output is the result, in bytes.
const MAX_RESULT: usize = 4 * 1024;
/// The longest line remembered as the last action, in bytes.
const MAX_LAST_LINE: usize = 1024;
/// The longest last action, in characters.
const MAX_ACTION: usize = 100;
/// The longest message of a failure, in characters.
const MAX_MESSAGE: usize = 300;
/// The longest line that is shown unchanged, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;

/// The agent `shell`.
pub(crate) struct Shell;

impl AgentProgram for Shell {
    fn name(&self) -> Agent {
        Agent::Shell
    }

    fn label(&self) -> &'static str {
        "Shell command"
    }

    fn capabilities(&self) -> &'static [Capability] {
        &[Capability::CommandLine]
    }

    fn program(&self) -> Program {
        Program::At("/bin/sh")
    }

    fn prompt_limit(&self) -> PromptLimit {
        PromptLimit {
            bytes: MAX_ARGUMENT_BYTES,
            hint: "Put the commands into a script and run that",
        }
    }

    fn session_variables(&self) -> &'static [&'static str] {
        &[]
    }

    fn command_line(&self, request: &NewTask, _: PermissionMode, _: &Session<'_>) -> CommandLine {
        let mut command = request.execution_prompt.clone();
        // A shell reads a command that begins like this as more options. A leading space changes
        // nothing else.
        if command.starts_with(['-', '+']) {
            command.insert(0, ' ');
        }
        CommandLine { args: vec!["-c".to_owned(), command], stdin: Vec::new(), merge_stderr: true }
    }

    fn items(&self, line: &str, stderr: bool) -> (Option<Timestamp>, Vec<LogItem>) {
        (None, vec![item(line, stderr)])
    }

    fn summary(&self) -> Box<dyn RunSummary> {
        Box::<Tail>::default()
    }
}

/// A line as a log shows it.
pub(crate) fn item(line: &str, stderr: bool) -> LogItem {
    LogItem::Output { text: clip(line.to_owned(), MAX_OUTPUT), stderr }
}

/// The end of what a command printed.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// At least the last [`MAX_RESULT`] bytes, at most twice that and a line.
    text: String,
    /// The last line that is not blank, shortened.
    last_line: String,
}

impl RunSummary for Tail {
    /// Many times the result, so that it nearly always contains a line that is not blank.
    fn needed_end(&self) -> Option<u64> {
        Some(64 * 1024)
    }

    fn read(&mut self, line: &str, _: bool) {
        let end = last_bytes(line, MAX_RESULT);
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(end);
        if self.text.len() > 2 * MAX_RESULT {
            let cut = self.text.len() - last_bytes(&self.text, MAX_RESULT).len();
            self.text.drain(..cut);
        }
        if !line.trim().is_empty() {
            // A progress bar overwrites its line, so only the text after the last return is visible.
            let visible = line.trim_end().rsplit('\r').next().unwrap_or(line);
            self.last_line.clear();
            self.last_line.push_str(first_bytes(visible, MAX_LAST_LINE));
        }
    }

    /// The last line that is not blank.
    fn last_action(&self) -> Option<String> {
        Some(one_line(&self.last_line, MAX_ACTION)).filter(|line| !line.is_empty())
    }

    /// The end of the output, from the beginning of a line if possible.
    fn result(&self) -> Option<&str> {
        let end = last_bytes(&self.text, MAX_RESULT);
        let is_cut = end.len() < self.text.len();
        let end = match end.split_once('\n') {
            Some((_, lines)) if is_cut && !lines.trim().is_empty() => lines,
            _ => end,
        };
        Some(end).filter(|text| !text.trim().is_empty())
    }

    fn final_summary(&self) -> Option<String> {
        self.last_action()
    }

    fn verdict(&self, ended: Ended) -> Verdict {
        let failure = match ended {
            Ended::Exited(0) | Ended::Finished => {
                return Verdict::Completed { denied_tools: Vec::new(), notes: Vec::new() };
            }
            Ended::Exited(code) => {
                Failure::Exit { code, message: one_line(&self.last_line, MAX_MESSAGE) }
            }
            Ended::Signalled(signal) => Failure::Signal { signal },
        };
        Verdict::Failed { failure }
    }
}

fn first_bytes(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}

fn last_bytes(text: &str, max: usize) -> &str {
    let mut begin = text.len().saturating_sub(max);
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    &text[begin..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(lines: &[&str]) -> Tail {
        lines.iter().fold(Tail::default(), |mut tail, line| {
            tail.read(line, false);
            tail
        })
    }

    #[test]
    fn the_last_action_is_the_last_line_that_is_not_blank() {
        let check = |lines: &[&str], expected: Option<&str>| {
            assert_eq!(tail(lines).last_action().as_deref(), expected, "{lines:?}");
        };
        check(&[], None);
        check(&["", "  "], None);
        check(&["one", "\u{1b}[32mtwo\u{1b}[0m", ""], Some("two"));
        check(&["10 %\r55 %\r100 %\r"], Some("100 %"));
    }

    #[test]
    fn the_result_is_the_end_of_the_output() {
        assert_eq!(tail(&[]).result(), None);
        assert_eq!(tail(&["", " "]).result(), None);
        assert_eq!(tail(&["one", "", "two"]).result(), Some("one\n\ntwo"));

        let lines: Vec<String> = (0..5000).map(|n| format!("line {n:04} é")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let tail = tail(&lines);
        let result = tail.result().expect("a result");
        assert!(result.len() <= MAX_RESULT && result.len() > MAX_RESULT - 20);
        assert!(result.starts_with("line ") && result.ends_with("line 4999 é"));
        assert!(tail.text.capacity() <= 4 * MAX_RESULT);
    }

    #[test]
    fn one_long_line_keeps_its_end() {
        let long = format!("{}end", "é".repeat(100_000));
        let tail = tail(&[&long]);
        let result = tail.result().expect("a result");
        assert!(result.len() <= MAX_RESULT && result.ends_with("éend"));
    }
}
