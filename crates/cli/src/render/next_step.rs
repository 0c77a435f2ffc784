//! What a person can do about how a task ended: the commands to type, for this task and this failure.

use claude_worker_agents::can;
use claude_worker_api::{
    Capability, DeniedTool, Failure, Limits, NewTask, Note, Question, State, Task, TaskDetail,
};
use claude_worker_paths::shell_word;

use super::text::clean_line;

/// What can be done about an ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// What to do, as a phrase that the commands follow. Lines before it say what it is about.
    pub words: String,
    /// The commands, each as it is typed.
    pub commands: Vec<String>,
}

impl NextStep {
    /// The lines of it: the words, and each command on a line of its own.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let (before, words) = self.words.rsplit_once('\n').unwrap_or(("", &self.words));
        let mark = if self.commands.is_empty() { "" } else { ":" };
        let commands = self.commands.iter().map(|command| format!("  {command}"));
        let before = before.lines().map(str::to_owned);
        before.chain([format!("{words}{mark}")]).chain(commands).collect()
    }
}

/// The next step after the end of a task; none when nothing is to be done, and while it has not finished.
#[must_use]
pub fn next_step(detail: &TaskDetail) -> Option<NextStep> {
    let TaskDetail { task, request, .. } = detail;
    let step =
        |words: &str, commands: Vec<String>| Some(NextStep { words: words.to_owned(), commands });
    match &task.state {
        State::Failed { failure, .. } => after_failure(task, request, failure),
        State::Completed { denied_tools, .. } if !denied_tools.is_empty() => {
            after_denials(task, request, denied_tools)
        }
        State::Completed { notes, .. } if notes.iter().any(Note::is_about_work) => {
            let mut commands = vec![log(task)];
            commands.extend(resume(task, ""));
            step("Read its log; if something is missing, let it go on", commands)
        }
        _ => None,
    }
}

fn after_failure(task: &Task, request: &NewTask, failure: &Failure) -> Option<NextStep> {
    let id = task.id;
    let step =
        |words: &str, commands: Vec<String>| Some(NextStep { words: words.to_owned(), commands });
    let Limits { max_turns, max_budget_usd, .. } = request.limits;
    match failure {
        Failure::Timeout { answered: true, .. }
        | Failure::Silent { answered: true, .. }
        | Failure::OutputLimit { answered: true, .. } => {
            step("It has answered. Its log says what was still running", vec![log(task)])
        }
        Failure::Timeout { limit_ms, .. } => {
            let more = format!("--timeout {}", duration(limit_ms.saturating_mul(2)));
            step("Give it more time", again(task, &more))
        }
        Failure::Silent { limit_ms, .. } => {
            let more = format!("--silence {}", duration(limit_ms.saturating_mul(2)));
            let commands = [vec![log(task)], again(task, &more)].concat();
            step("Read its log, then give it more time", commands)
        }
        Failure::OutputLimit { .. } => {
            step("Raise caps.output_per_run in the configuration, then", again(task, ""))
        }
        Failure::Spawn { message }
            if message.contains(&format!("directory {} ", request.working_directory)) =>
        {
            let directory = shell_word(&request.working_directory);
            let create = format!("mkdir -p {directory} && claude-worker retry {id}");
            let commands = vec![create, format!("claude-worker retry {id} --dir .")];
            step("Create the directory, or work in the current one", commands)
        }
        Failure::Spawn { .. } => step("See what is missing, then", vec![doctor(), retry(task, "")]),
        failure if failure.is_sign_in() => {
            let words = "Log in again with `claude`, or check the API key, then";
            step(words, [vec![doctor()], again(task, "")].concat())
        }
        Failure::ApiError { http_status: Some(404), .. } => {
            step("Choose another model", vec![retry(task, &another_model(task, request))])
        }
        Failure::ApiError { .. } => step("When the API answers again", again(task, "")),
        Failure::Account { message, .. } if message.contains("redit") => {
            step("Add credit to the account, then", again(task, ""))
        }
        Failure::Account { .. } => step(
            "See to the account, or log in to another one with `claude`, then",
            again(task, ""),
        ),
        Failure::Refusal { .. } => step(
            "Unchanged it meets the same refusal. With another model",
            vec![retry(task, &another_model(task, request))],
        ),
        Failure::ContextFull { .. } => step(
            "In the same session it meets the same limit; a new one has room again, and a smaller task \
             needs less of it",
            vec![retry(task, "")],
        ),
        Failure::RateLimit { .. } => step(
            "In some minutes; with fewer `workers` in the configuration the limit is met less often",
            again(task, ""),
        ),
        Failure::UsageLimit { .. } => step("When the limit is over", again(task, "")),
        Failure::Budget => {
            let more = max_budget_usd.map(|usd| format!("--max-budget-usd {}", dollars(usd * 2.0)));
            step("Give it a larger budget", again(task, &more.unwrap_or_default()))
        }
        Failure::Turns => {
            let more = max_turns.map(|turns| format!("--max-turns {}", turns.saturating_mul(2)));
            step("Give it more turns", again(task, &more.unwrap_or_default()))
        }
        // Claude Code names the file and what is wrong in it, and has not begun.
        Failure::AgentError { message } if message.starts_with("Configuration error in ") => {
            step("Fix that file, then", again(task, ""))
        }
        // The session that it was to go on in is gone.
        Failure::AgentError { message } if message.contains("No conversation found") => {
            step("Begin anew", vec![retry(task, "")])
        }
        Failure::NoResult | Failure::AgentError { .. } => {
            step("Read its log, then", [vec![log(task)], again(task, "")].concat())
        }
        // Taken over from the Python version: what it printed is not here.
        Failure::Lost if task.runs == 0 => {
            step("Nobody knows what it did. Look at the directory, then", vec![retry(task, "")])
        }
        Failure::Lost => {
            step("Look at what it did, then", [vec![log(task)], again(task, "")].concat())
        }
        Failure::DamagedRecord { .. } => {
            step("Submit it anew, and remove this one", vec![format!("claude-worker remove {id}")])
        }
        Failure::NewerRecord { .. } => step("Update Claude Worker, then", vec![retry(task, "")]),
        Failure::Unknown(_) => step("Update Claude Worker to see what to do", Vec::new()),
        Failure::Exit { .. } | Failure::Signal { .. } => {
            step("Once the cause is fixed", again(task, ""))
        }
    }
}

/// After denied tool calls: allow exactly these. What the task itself denies is meant so.
fn after_denials(task: &Task, request: &NewTask, denied: &[DeniedTool]) -> Option<NextStep> {
    let is_meant = |tool: &DeniedTool| {
        let of_tool = |rule: &String| {
            rule.strip_prefix(&tool.tool)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('('))
        };
        request.disallowed_tools.iter().any(of_tool)
    };
    let denied: Vec<_> = denied.iter().filter(|tool| !is_meant(tool)).collect();
    let step =
        |words: &str, commands: Vec<String>| Some(NextStep { words: words.to_owned(), commands });
    let asks = |name: &str| denied.iter().any(|tool| tool.tool == name);
    let mut rules: Vec<String> = Vec::new();
    for tool in &denied {
        let rule = tool.rule.clone().unwrap_or_else(|| tool.tool.clone());
        let is_question = matches!(tool.tool.as_str(), "AskUserQuestion" | "ExitPlanMode");
        if !is_question && !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    let questions: Vec<&Question> = denied.iter().flat_map(|tool| &tool.questions).collect();
    if rules.is_empty() {
        return if asks("ExitPlanMode") {
            step("Let it carry its plan out", resume(task, "--permission-mode acceptEdits"))
        } else if asks("AskUserQuestion") {
            let words = match asked(&questions) {
                asked if asked.is_empty() => "It asked a question. Answer it".to_owned(),
                asked => format!("{asked}Answer it"),
            };
            step(&words, send(task, &answer(&questions), ""))
        } else {
            None
        };
    }
    let is_whole =
        |rule: &&String| denied.iter().any(|tool| tool.rule.is_none() && tool.tool == **rule);
    let words = asked(&questions)
        + &after_denials_words(&rules.iter().filter(is_whole).collect::<Vec<_>>());
    let rules = clean_line(&rules.join(","));
    let options = format!("--allowed-tools {}", shell_word(&rules));
    let message = if questions.is_empty() { "\"Go on\"".to_owned() } else { answer(&questions) };
    let commands = [send(task, &message, &options), vec![retry(task, &options)]].concat();
    step(&words, commands)
}

/// The questions that were asked, each on a line with the answers that it offers.
fn asked(questions: &[&Question]) -> String {
    questions.iter().map(|question| format!("It asked: {}\n", question_line(question))).collect()
}

/// A question with the answers that it offers: `Which database? (Postgres, SQLite)`.
pub(super) fn question_line(question: &Question) -> String {
    let asked = clean_line(&question.question);
    match &question.options[..] {
        [] => asked,
        options => format!("{asked} ({})", clean_line(&options.join(", "))),
    }
}

/// An answer to these questions as an argument for a shell: the first that each offers.
fn answer(questions: &[&Question]) -> String {
    let first: Vec<&str> =
        questions.iter().filter_map(|of| Some(of.options.first()?.as_str())).collect();
    let text = if first.is_empty() { "The answer".to_owned() } else { first.join(", ") };
    let text = clean_line(&text);
    if text.contains(['"', '$', '`', '\\', '!']) {
        shell_word(&text).into_owned()
    } else {
        format!("\"{text}\"")
    }
}

/// What the commands after denied calls do. A call of `whole_tools` could not be named by a rule.
fn after_denials_words(whole_tools: &[&String]) -> String {
    let mut words = "Allow what it needs, and let it go on or begin anew".to_owned();
    if !whole_tools.is_empty() {
        let tools: Vec<String> = whole_tools.iter().map(|tool| clean_line(tool)).collect();
        words += &format!(". This allows every use of {}, also in later runs", tools.join(" and "));
    }
    if whole_tools.iter().any(|tool| *tool == "Bash") {
        words += "; a rule like \"Bash(git diff:*)\" allows less";
    }
    words
}

/// The commands that let a task go on, if it can, and begin anew.
fn again(task: &Task, options: &str) -> Vec<String> {
    let mut commands = resume(task, options);
    commands.push(retry(task, options));
    commands
}

/// The command that lets a task go on in its session, if it has one.
fn resume(task: &Task, options: &str) -> Vec<String> {
    send(task, "\"Go on\"", options)
}

/// The command that sends this message in a task's session, if it has one.
fn send(task: &Task, message: &str, options: &str) -> Vec<String> {
    let can_resume = task.has_session && can(task.agent, Capability::Sessions);
    let line = format!("claude-worker resume {} {message} {options}", task.id);
    if can_resume { vec![line.trim_end().to_owned()] } else { Vec::new() }
}

fn retry(task: &Task, options: &str) -> String {
    format!("claude-worker retry {} {options}", task.id).trim_end().to_owned()
}

fn log(task: &Task) -> String {
    format!("claude-worker logs {}", task.id)
}

fn doctor() -> String {
    "claude-worker doctor".to_owned()
}

/// A model that the task did not use. Claude Code knows these names for the newest ones.
fn another_model(task: &Task, request: &NewTask) -> String {
    let used = request.model.as_deref().or(task.model.as_deref()).unwrap_or_default();
    let other = if used.contains("sonnet") { "opus" } else { "sonnet" };
    format!("--model {other}")
}

/// A duration as an option takes it: `90s`, `20m`, `1h30m`.
fn duration(millis: u64) -> String {
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let seconds = millis.div_ceil(1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let parts = [(hours, "h"), (minutes, "m"), (seconds, "s")];
    parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect()
}

/// An amount without needless digits.
fn dollars(usd: f64) -> String {
    let text = format!("{usd:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Agent, parse_duration};
    use claude_worker_api::{Timestamp, UnknownValue};

    use super::*;
    use crate::render::samples::{self, NOW};

    fn detail(failure: Failure) -> TaskDetail {
        let mut detail = samples::detail();
        detail.task.id = claude_worker_api::TaskId(12);
        detail.task.model = None;
        detail.task.has_session = true;
        detail.request = NewTask {
            working_directory: "/home/dev/my shop".to_owned(),
            limits: Limits { max_turns: Some(30), max_budget_usd: Some(0.25), ..Limits::default() },
            ..NewTask::default()
        };
        detail.task.state = State::Failed { ended_at: NOW, failure };
        detail
    }

    fn told(detail: &TaskDetail) -> String {
        next_step(detail).map_or_else(String::new, |step| step.lines().join("\n"))
    }

    /// One of every kind.
    fn failures() -> Vec<Failure> {
        let text = str::to_owned;
        let api = |http_status| Failure::ApiError { http_status, message: text("x"), tries: 0 };
        let account =
            |message: &str| Failure::Account { http_status: None, message: text(message) };
        vec![
            Failure::Exit { code: 3, message: text("x") },
            Failure::Signal { signal: 9 },
            Failure::Timeout { limit_ms: 600_000, answered: false },
            Failure::Timeout { limit_ms: 600_000, answered: true },
            Failure::Silent { limit_ms: 900_000, answered: false },
            Failure::OutputLimit { limit_bytes: 1, answered: false },
            Failure::Spawn { message: text("claude was not found") },
            Failure::Spawn { message: text("The directory /home/dev/my shop is gone") },
            api(Some(401)),
            api(Some(404)),
            api(Some(529)),
            account("Credit balance is too low"),
            account("The organization is disabled"),
            Failure::Refusal { message: text("no") },
            Failure::ContextFull { message: text("too long") },
            Failure::RateLimit { message: text("x"), tries: 6 },
            Failure::UsageLimit { message: text("x"), resets_at: Some(NOW), tries: 8 },
            Failure::Budget,
            Failure::Turns,
            Failure::AgentError { message: text("Interrupted") },
            Failure::AgentError {
                message: text("Configuration error in /home/me/.claude.json: JSON"),
            },
            Failure::AgentError { message: text("No conversation found with session ID: x") },
            Failure::NoResult,
            Failure::Lost,
            Failure::DamagedRecord { message: text("x") },
            Failure::NewerRecord { message: text("x") },
            Failure::Unknown(UnknownValue::named("of_tomorrow")),
        ]
    }

    #[test]
    fn every_failure_has_commands_of_its_own() {
        let kinds: std::collections::BTreeSet<_> =
            failures().iter().map(|failure| failure.kind().to_owned()).collect();
        assert_eq!(kinds.len(), 20, "one of each kind: {kinds:?}");
        let table: Vec<_> = failures()
            .into_iter()
            .map(|failure| {
                let kind = failure.kind().to_owned();
                format!("{kind}\n{}", told(&detail(failure)))
            })
            .collect();
        insta::assert_snapshot!(table.join("\n\n"));
    }

    #[test]
    fn a_command_line_task_is_never_to_be_resumed() {
        for failure in failures() {
            let mut shell = detail(failure);
            shell.task.agent = Agent::Shell;
            shell.task.has_session = false;
            assert!(!told(&shell).contains("resume"), "{}", told(&shell));
        }
    }

    #[test]
    fn a_lost_task_that_was_imported_has_no_log() {
        let mut imported = detail(Failure::Lost);
        imported.task.runs = 0;
        imported.task.has_session = false;
        assert!(told(&imported).ends_with("\n  claude-worker retry 12"), "{}", told(&imported));
        assert!(!told(&imported).contains("logs"));
    }

    #[test]
    fn what_was_denied_is_allowed_and_quoted_for_the_shell() {
        let denied = |calls: &[(&str, Option<&str>)], denies: &[&str]| {
            let mut detail = detail(Failure::Lost);
            let calls = calls.iter().map(|(tool, rule)| DeniedTool {
                tool: (*tool).to_owned(),
                input: String::new(),
                rule: rule.map(str::to_owned),
                questions: Vec::new(),
            });
            detail.task.state = State::Completed {
                ended_at: Timestamp::default(),
                denied_tools: calls.collect(),
                notes: Vec::new(),
            };
            detail.request.disallowed_tools = denies.iter().map(|of| (*of).to_owned()).collect();
            told(&detail)
        };
        let touch = ("Bash", Some("Bash(touch x)"));
        let lines = denied(&[touch, touch, ("Write", None)], &[]);
        assert!(
            lines.contains("resume 12 \"Go on\" --allowed-tools \"Bash(touch x),Write\""),
            "{lines}"
        );
        assert!(lines.contains("retry 12 --allowed-tools \"Bash(touch x),Write\""), "{lines}");
        let lines = denied(&[("Bash", Some("Bash(echo $HOME)"))], &[]);
        assert!(lines.contains("'Bash(echo $HOME)'"), "{lines}");
        assert_eq!(denied(&[touch], &["Bash"]), "", "the task itself denies it");
        assert_eq!(denied(&[touch], &["Bash(touch:*)"]), "");
        assert!(denied(&[touch], &["BashOutput"]).contains("touch"));
        assert!(denied(&[("AskUserQuestion", None)], &[]).contains("Answer it"));
        assert!(denied(&[("ExitPlanMode", None)], &[]).contains("--permission-mode acceptEdits"));
    }

    #[test]
    fn questions_are_shown_with_the_command_that_answers_them() {
        let question = |question: &str, options: &[&str]| Question {
            question: question.to_owned(),
            options: options.iter().map(|label| (*label).to_owned()).collect(),
        };
        let told = |questions: Vec<Question>, others: &[DeniedTool]| {
            let mut detail = detail(Failure::Lost);
            let tool = "AskUserQuestion".to_owned();
            let asks = DeniedTool { tool, questions, ..DeniedTool::default() };
            detail.task.state = State::Completed {
                ended_at: Timestamp::default(),
                denied_tools: [&[asks], others].concat(),
                notes: Vec::new(),
            };
            told(&detail)
        };
        let database = question("Which database?", &["Postgres", "SQLite"]);
        assert_eq!(
            told(vec![database.clone()], &[]),
            "It asked: Which database? (Postgres, SQLite)\nAnswer it:\n  claude-worker resume 12 \"Postgres\""
        );
        let price = question("Why\u{1b}[1m?", &["It costs $5", "x"]);
        let lines = told(vec![database.clone(), price], &[]);
        assert!(lines.ends_with("resume 12 'Postgres, It costs $5'"), "{lines}");
        assert!(!lines.contains('\u{1b}'), "{lines}");
        assert!(told(vec![question("Why?", &[])], &[]).ends_with("resume 12 \"The answer\""));
        let write = DeniedTool { tool: "Write".to_owned(), ..DeniedTool::default() };
        let lines = told(vec![database], &[write]);
        assert!(
            lines.starts_with("It asked: Which database? (Postgres, SQLite)\nAllow"),
            "{lines}"
        );
        assert!(lines.contains("resume 12 \"Postgres\" --allowed-tools Write"), "{lines}");
    }

    #[test]
    fn limits_are_written_as_options_take_them() {
        for (millis, text) in [
            (500, "500ms"),
            (1500, "2s"),
            (90_000, "1m30s"),
            (7_200_000, "2h"),
            (5_400_000, "1h30m"),
        ] {
            assert_eq!(duration(millis), text);
            assert!(parse_duration(text).unwrap() >= millis);
        }
        assert_eq!(dollars(0.5), "0.5");
        assert_eq!(dollars(5.0), "5");
        assert_eq!(dollars(0.1 + 0.2), "0.3");
    }
}
