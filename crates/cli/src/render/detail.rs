//! The text of `status`: one task in full, or the queue.

use std::fmt::Write as _;

use claude_worker_api::{
    Activity, EngineInfo, HostKind, Limits, Queue, Run, State, Task, TaskDetail, Timestamp,
    format_duration,
};

use super::delay::Delay;
use super::fields::duration;
use super::local_time::Zone;
use super::next_step::{NextStep, next_step};
use super::text::{clean, clean_line, truncate, width};
use super::wrap::{hanging, wrap, wrap_lines};
use super::{Paint, Tone, figures, task_line, tone_of};

/// How many lines of a prompt are shown; `--json` has the rest.
const PROMPT_LINES: usize = 12;
/// How many lines of a result are shown: all of any that a person would read here.
const RESULT_LINES: usize = 400;
/// How many denied tool calls are shown.
const DENIED_SHOWN: usize = 10;
/// How many of the newest runs are shown.
const RUNS_SHOWN: usize = 8;

/// One task in full; `delay` is what keeps it from going on.
#[must_use]
pub fn task(
    detail: &TaskDetail,
    delay: Option<&Delay>,
    now: Timestamp,
    zone: &Zone,
    page: usize,
    paint: Paint,
) -> String {
    let task = &detail.task;
    let mut text = String::new();
    let name = clean_line(&task.name);
    // What goes to a file or another program stays in one line.
    let fit = if paint.symbols { page } else { usize::MAX };
    let title = wrap(&format!("Task {}  {name}", task.id), fit);
    let _ = writeln!(text, "{}", paint.tone(Tone::Strong, &title));
    let _ = writeln!(text, "{}", headline(task, now, fit, paint));
    text.push('\n');

    let mut field = |label: &str, value: &str| {
        if !value.is_empty() {
            let label = paint.tone(Tone::Quiet, &format!("{label:<13}"));
            let _ = writeln!(text, "{label}{}", hanging(value, 13, 13, fit));
        }
    };
    if let Some(delay) = delay {
        let name = if *delay == Delay::DiskFullMeanwhile { "Held up" } else { "Waits for" };
        field(name, &format!("{}. {}", delay.cause(now, zone), delay.end()));
    }
    field("Agent", task.agent.name());
    field("Model", &model(detail));
    field("Directory", &clean_line(&task.working_directory));
    let mut by = task.parent.map(|parent| format!(", by task {parent}")).unwrap_or_default();
    if let Some(words) = task.submitted_by.as_ref().and_then(task_line::submitted_by) {
        by = format!("{by}, {words}");
    }
    let instant =
        |at: Timestamp| format!("{} ({})", zone.full(at), figures::ago(now.millis_since(at)));
    field("Submitted", &format!("{}{by}", instant(task.created_at)));
    field("Started", &task.started_at.map(instant).unwrap_or_default());
    field("Ended", &task.state.ended_at().map(instant).unwrap_or_default());
    field("Took", &duration(task, now).map(figures::took).unwrap_or_default());
    field("Limits", &limits(&detail.request.limits));
    field("Permissions", detail.request.permission_mode.map_or("", |mode| mode.name()));
    field("Allowed", &clean_line(&detail.request.allowed_tools.join(", ")));
    let env: Vec<_> = detail.request.env.keys().map(|name| clean_line(name)).collect();
    field("Environment", &env.join(", "));
    field("Used", &figures::usage(&task.usage));
    let session = detail.run_history.iter().rev().find_map(|run| run.session_id.as_deref());
    field("Session", &session.map(clean_line).unwrap_or_default());
    // The line above already has the state.
    let summary = task_line::verdict(&task.state);
    for problem in detail.unreadable.iter().map(|words| clean_line(words)) {
        if problem != summary {
            field("Unreadable", &truncate(&problem, 400));
        }
    }

    for warning in &task.warnings {
        let warning = wrap(&clean_line(warning), fit);
        let _ = writeln!(text, "\n{}", paint.tone(Tone::Attention, &warning));
    }

    if let State::Completed { denied_tools, .. } = &task.state
        && !denied_tools.is_empty()
    {
        heading(&mut text, "Denied", paint);
        for denied in denied_tools.iter().take(DENIED_SHOWN) {
            let call = clean_line(&format!("{} {}", denied.tool, denied.input));
            let line = truncate_line(&format!("  {call}"), page.max(40));
            let _ = writeln!(text, "{}", paint.tone(Tone::Attention, &line));
        }
        let more = denied_tools.len().saturating_sub(DENIED_SHOWN) as u64;
        if more > 0 {
            let _ = writeln!(text, "  … {more} more; claude-worker status {} --json", task.id);
        }
    }

    if task.runs > 1 {
        heading(&mut text, "Runs", paint);
        let skipped = detail.run_history.len().saturating_sub(RUNS_SHOWN);
        if skipped > 0 {
            let _ = writeln!(text, "{}", paint.tone(Tone::Quiet, &format!("  {skipped} earlier")));
        }
        for run in &detail.run_history[skipped..] {
            let _ = writeln!(text, "{}", hanging(&run_line(run, now, zone), 0, 5, fit));
        }
    }
    heading(&mut text, "Prompt", paint);
    excerpt(&mut text, &detail.request.execution_prompt, PROMPT_LINES, paint);
    if let Some(result) = detail.result.as_deref().filter(|result| !result.trim().is_empty()) {
        heading(&mut text, "Result", paint);
        excerpt(&mut text, result, RESULT_LINES, paint);
    }
    if let Some(step) = next_step(detail) {
        let _ = writeln!(text, "\n{}", wrap_lines(&step.lines().join("\n"), fit));
    }
    text
}

/// The status, the clock and the summary in one line.
fn headline(task: &Task, now: Timestamp, page: usize, paint: Paint) -> String {
    let status = paint.status(&task.state);
    let mut rest = String::new();
    let time = task_line::time(task, now);
    if !time.is_empty() {
        let _ = write!(rest, "  {time}");
    }
    let summary = match task_line::verdict(&task.state) {
        verdict if verdict.is_empty() => task_line::summary(task, now),
        verdict => verdict,
    };
    let _ = write!(rest, "  {summary}");
    let tone = tone_of(task.state.status());
    // Here a long reason is shown in full.
    let rest = hanging(&truncate(&rest, 4000), width(&status), 2, page);
    format!("{}{rest}", paint.tone(tone, &status))
}

fn run_line(run: &Run, now: Timestamp, zone: &Zone) -> String {
    let mut parts = vec![match &run.outcome {
        Some(outcome) => clean_line(&outcome.verdict.describe()),
        None => "running".to_owned(),
    }];
    if let (Some(start), Some(outcome)) = (run.started_at, &run.outcome) {
        parts.push(format!("took {}", figures::took(outcome.ended_at.millis_since(start))));
        parts.push(figures::ago(now.millis_since(outcome.ended_at)));
    }
    if let Some(start) = run.started_at {
        parts.push(format!("began {}", zone.clock(start, now)));
    }
    if run.output_deleted {
        parts.push("output deleted".to_owned());
    }
    if let Some(follow_up) = &run.follow_up {
        parts.push(format!("\"{}\"", truncate(&clean_line(follow_up), 60)));
    }
    format!("  {}  {}", run.number, parts.join(" · "))
}

/// The model that the agent reports, and the one that was asked for.
fn model(detail: &TaskDetail) -> String {
    let reported = detail.task.model.as_deref().map(clean_line);
    let asked = detail.request.model.as_deref().map(clean_line);
    match (reported, asked) {
        (Some(reported), Some(asked)) if reported == asked => asked,
        (Some(reported), Some(asked)) => format!("{reported} (asked for: {asked})"),
        (reported, asked) => reported.or(asked).unwrap_or_default(),
    }
}

/// The limits that were asked for: `20 turns, $2.50, 10 minutes, silent for 5 minutes`.
fn limits(limits: &Limits) -> String {
    let time = |millis: u64| match millis {
        0 => "no limit".to_owned(),
        millis => format_duration(millis),
    };
    let parts = [
        limits.max_turns.map(|turns| figures::plural(u64::from(turns), "turn")),
        limits.max_budget_usd.map(figures::dollars),
        limits.timeout_ms.map(|millis| format!("run: {}", time(millis))),
        limits.silence_ms.map(|millis| format!("silence: {}", time(millis))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What an engine has done, without what it has not; none when that is everything.
fn activity(activity: &Activity) -> Option<String> {
    let counts = [
        (activity.submitted, "submitted"),
        (activity.started, "started"),
        (activity.completed, "completed"),
        (activity.failed, "failed"),
        (activity.lost, "lost"),
        (activity.cancelled, "cancelled"),
        (activity.adopted, "adopted"),
        (activity.failed_commits, "transactions not stored"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// The engine and its queue.
#[must_use]
pub fn overview(info: &EngineInfo, now: Timestamp, page: usize, paint: Paint) -> String {
    let queue = &info.queue;
    let mut text = String::new();
    let mut field = |label: &str, value: &str, tone: Tone| {
        let label = paint.tone(Tone::Quiet, &format!("{label:<9}"));
        let value = hanging(value, 9, 9, page);
        let _ = writeln!(text, "{label}{}", paint.tone(tone, &value));
    };
    field("Tasks", &queue.counts.describe(), Tone::Plain);
    let mut unseen = Vec::new();
    if queue.unseen.failed > 0 {
        unseen.push(format!("{} failed", queue.unseen.failed));
    }
    if queue.unseen.denied > 0 {
        unseen.push(format!("{} with tool calls denied", queue.unseen.denied));
    }
    if !unseen.is_empty() {
        let unseen = format!("{}: claude-worker list --attention", unseen.join(", "));
        field("Unseen", &unseen, Tone::Attention);
    }
    field("Workers", &workers(queue), Tone::Plain);
    if queue.paused {
        let paused = "paused: nothing new is started until claude-worker unpause";
        field("Queue", paused, Tone::Attention);
    }
    field("Output", &figures::bytes(info.output_bytes), Tone::Plain);
    let up = figures::short(now.millis_since(info.started_at));
    let lives = match info.host {
        HostKind::Headless => String::new(),
        HostKind::App => ", in the app".to_owned(),
        HostKind::Unknown(kind) => format!(", in a process of another kind ({kind})"),
    };
    let engine =
        format!("version {}, process {}{lives}, up {up}", clean_line(&info.version), info.pid);
    field("Engine", &engine, Tone::Plain);
    if let Some(activity) = activity(&info.activity) {
        field("Activity", &format!("since its start: {activity}"), Tone::Plain);
    }
    if let Some(http) = &info.http {
        field("HTTP", &clean_line(http), Tone::Plain);
    }
    if info.stopping {
        field("Stopping", "nothing new is started; running tasks are ended first", Tone::Attention);
    }
    for warning in &info.warnings {
        field("Warning", &clean_line(warning), Tone::Attention);
    }
    text
}

/// How many workers are busy. More tasks run when one that waits for another has lent its worker, or when there
/// were more workers as they began.
fn workers(queue: &Queue) -> String {
    let workers = u64::from(queue.workers);
    let text = format!("{} of {workers} busy", queue.counts.running.min(workers));
    match queue.counts.running.saturating_sub(workers) {
        0 => text,
        1 => format!("{text}, and 1 more task runs"),
        more => format!("{text}, and {more} more tasks run"),
    }
}

/// How a task ended, as the last lines of a live view or of `wait`: the verdict, what it used,
/// and the next step.
#[must_use]
pub fn ending(detail: &TaskDetail, paint: Paint) -> String {
    let task = &detail.task;
    let status = paint.status(&task.state);
    let symbol = status.strip_suffix(task.state.status().name()).unwrap_or_default();
    let verdict = format!("{symbol}{}", task_line::verdict(&task.state));
    let mut facts = Vec::new();
    if let (Some(start), Some(end)) = (task.started_at, task.state.ended_at()) {
        facts.push(figures::took(end.millis_since(start)));
    }
    let usage = figures::usage(&task.usage);
    if !usage.is_empty() {
        facts.push(usage);
    }
    let mut text = paint.tone(tone_of(task.state.status()), &verdict);
    if !facts.is_empty() {
        let _ = write!(text, "  {}", paint.tone(Tone::Quiet, &facts.join(" · ")));
    }
    text.push('\n');
    for line in next_step(detail).iter().flat_map(NextStep::lines) {
        let _ = writeln!(text, "{}{line}", if paint.symbols { "  " } else { "" });
    }
    text
}

fn heading(text: &mut String, title: &str, paint: Paint) {
    let _ = writeln!(text, "\n{}", paint.tone(Tone::Strong, title));
}

fn excerpt(text: &mut String, content: &str, most: usize, paint: Paint) {
    let content = clean(content.trim_end());
    let mut lines = content.lines();
    for line in lines.by_ref().take(most) {
        let _ = writeln!(text, "{}", format!("  {line}").trim_end());
    }
    let more = lines.count() as u64;
    if more > 0 {
        let more = format!("  … {}", figures::plural(more, "more line"));
        let _ = writeln!(text, "{}", paint.tone(Tone::Quiet, &more));
    }
}

fn truncate_line(line: &str, page: usize) -> String {
    truncate(line, page).into_owned()
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Counts, Failure, Unseen};

    use super::*;
    use crate::render::samples::{self, NOW};

    const SYMBOLS: Paint = Paint { colour: false, symbols: true };

    #[test]
    fn more_tasks_than_workers_are_told_apart() {
        let check = |running, expected: &str| {
            let counts = Counts { running, ..Counts::default() };
            let queue = Queue { paused: false, workers: 2, counts, unseen: Unseen::default() };
            assert_eq!(workers(&queue), expected);
        };
        check(1, "1 of 2 busy");
        check(2, "2 of 2 busy");
        check(3, "2 of 2 busy, and 1 more task runs");
        check(4, "2 of 2 busy, and 2 more tasks run");
    }

    /// Only paths, commands and what an agent wrote may be wider.
    #[test]
    fn a_narrow_terminal_divides_no_command() {
        let mut detail = samples::detail();
        detail.task.name = "A name that does not fit into forty columns".to_owned();
        detail.task.warnings = vec!["The project has settings that are not trusted".to_owned()];
        insta::assert_snapshot!(task(&detail, None, NOW, &Zone::UTC, 40, SYMBOLS));
    }

    #[test]
    fn a_task_with_several_runs() {
        insta::assert_snapshot!(task(&samples::detail(), None, NOW, &Zone::UTC, 90, SYMBOLS));
    }

    #[test]
    fn denied_tools_limits_and_the_model_asked_for_are_named() {
        let mut detail = samples::detail();
        detail.task = samples::tasks().into_iter().find(|task| task.id.0 == 9).unwrap();
        detail.task.model = Some("claude-sonnet-5".to_owned());
        detail.request.model = Some("sonnet".to_owned());
        detail.request.limits = Limits {
            max_turns: Some(20),
            max_budget_usd: Some(2.5),
            timeout_ms: Some(600_000),
            silence_ms: Some(0),
        };
        let text = task(&detail, None, NOW, &Zone::UTC, 40, SYMBOLS);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_queued_task_says_what_it_waits_for() {
        let mut detail = samples::detail();
        detail.task = samples::task(3, "Test", State::Pending);
        let text = task(&detail, Some(&Delay::QueuePaused), NOW, &Zone::UTC, 90, SYMBOLS);
        let line = "Waits for    the queue is paused. Continue it with: claude-worker unpause\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_queue_that_is_paused_and_warned_about() {
        let info = EngineInfo {
            version: "0.1.0".to_owned(),
            protocol: claude_worker_api::PROTOCOL,
            pid: 4711,
            started_at: NOW.minus_millis(7_200_000),
            database: "/home/dev/.claude-worker/tasks.db".to_owned(),
            runs_directory: "/home/dev/.claude-worker/runs".to_owned(),
            home_directory: Some("/home/dev".to_owned()),
            http: Some("http://127.0.0.1:8000".to_owned()),
            host: HostKind::App,
            stopping: true,
            disk_full: false,
            missing_program: None,
            queue: Queue {
                paused: true,
                workers: 4,
                counts: Counts { running: 3, waiting: 6, completed: 1200, ..Counts::default() },
                unseen: Unseen { failed: 2, denied: 1 },
            },
            output_bytes: 1_234_567_890,
            activity: Activity {
                submitted: 12,
                started: 10,
                completed: 7,
                failed: 1,
                ..Activity::default()
            },
            agents: Vec::new(),
            warnings: vec!["The disk is nearly full: 80 MB are free".to_owned()],
        };
        insta::assert_snapshot!(overview(&info, NOW, 80, SYMBOLS));
        insta::assert_snapshot!("a_queue_on_a_narrow_terminal", overview(&info, NOW, 40, SYMBOLS));
    }

    #[test]
    fn endings_say_what_to_do_next() {
        let tasks = [
            samples::completed(1, "x", "All good"),
            samples::failed(2, "x", Failure::Silent { limit_ms: 600_000, answered: false }),
            samples::tasks().into_iter().find(|task| task.id.0 == 9).unwrap(),
        ];
        let text: Vec<_> = tasks
            .into_iter()
            .map(|task| ending(&TaskDetail { task, ..samples::detail() }, SYMBOLS))
            .collect();
        insta::assert_snapshot!(text.join("---\n"));
    }
}
