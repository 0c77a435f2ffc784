//! From what happened to tasks to the notification to show.

use std::time::Duration;

use claude_worker_api::{
    Event, EventKind, NotificationSettings, State, Task, TaskId, Timestamp, Verdict, WaitReason,
};

use crate::language::Language;
use crate::launch::Page;
use crate::text::{escape_markup, one_line};
use crate::words::Words;

/// The maximum number of tasks that a notification about several tasks names.
const MAX_NAMED: usize = 4;
/// The maximum length of a title and of a line of the body, in characters.
const MAX_TITLE: usize = 80;
const MAX_LINE: usize = 200;
/// How long a notification of something that needs the user stays on the screen. Longer than daemons
/// show others, but not for ever: the tray icon keeps the colour until the task was looked at.
const LATE: Duration = Duration::from_secs(60);

/// A change of a task that may be worth a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskUpdate {
    /// The sequence number of the event.
    pub seq: i64,
    /// The task.
    pub task: TaskId,
    /// What changed.
    pub change: Change,
}

/// What changed about a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The task ended at this time, which identifies the run.
    Ended(Timestamp),
    /// The task met a usage limit and waits.
    UsageLimit,
    /// The agent has printed nothing for so many milliseconds, as of this time.
    Silent(u64, Timestamp),
}

impl TaskUpdate {
    /// The update that an event reports; `None` if it is not worth a notification. A cancelled task
    /// is not, because the user cancelled it.
    #[must_use]
    pub fn from_event(event: &Event) -> Option<Self> {
        let change = match &event.kind {
            EventKind::Quiet { silent_ms } => Change::Silent(*silent_ms, event.at),
            EventKind::StateChanged { state } => match state {
                State::Completed { ended_at, .. } | State::Failed { ended_at, .. } => {
                    Change::Ended(*ended_at)
                }
                // Rate limits pass within minutes, and the user knows of a limit that is tried again.
                State::Waiting { reason: WaitReason::UsageLimit { tries: 0 | 1, .. } } => {
                    Change::UsageLimit
                }
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { seq: event.seq, task: event.task?, change })
    }

    /// Whether it still describes the task: the user has not seen the outcome, and the task has not changed.
    pub(crate) fn is_current(self, task: &Task) -> bool {
        self.describe(task, Words::of(Language::English)).is_some()
    }

    /// The text and category for the task as it is now; `None` if it has changed since.
    fn describe(self, task: &Task, words: &Words) -> Option<(String, Category)> {
        match self.change {
            Change::Ended(at) => {
                let current = task.state.ended_at() == Some(at) && task.unseen;
                let verdict = task.state.verdict().filter(|_| current)?;
                Some((one_line(&(words.completed)(&verdict), MAX_LINE), category(&verdict)?))
            }
            Change::UsageLimit => {
                let State::Waiting { reason } = &task.state else { return None };
                let text = (words.waits)(&reason.describe());
                Some((one_line(&text, MAX_LINE), Category::Waiting))
            }
            Change::Silent(silent_ms, at) => {
                let silent = task.last_output_at.is_none_or(|last| last <= at);
                let current = matches!(task.state, State::Running { .. }) && silent;
                let text = (words.silent)(silent_ms);
                current.then_some((text, Category::Silent))
            }
        }
    }
}

/// What a notification says about a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Category {
    Finished,
    Failed,
    /// Completed, but a tool was denied.
    Denied,
    Waiting,
    Silent,
}

impl Category {
    /// Whether the task has ended.
    const fn is_end(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Denied)
    }

    /// Whether the task needs attention although it did not fail.
    const fn needs_attention(self) -> bool {
        matches!(self, Self::Denied | Self::Waiting | Self::Silent)
    }
}

/// The offer to run a task again, made when one of its runs ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryOffer {
    /// The task.
    pub task: TaskId,
    /// When the run ended for which the offer was made.
    pub ended_at: Timestamp,
}

impl RetryOffer {
    /// Whether the task has not run again since the offer. A notification may stay on the screen for
    /// a long time.
    #[must_use]
    pub fn is_current(&self, task: &Task) -> bool {
        task.id == self.task && task.state.ended_at() == Some(self.ended_at)
    }
}

/// What a click on a notification does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Click {
    /// Opens a page in the window.
    Open(Page),
    /// Runs a task again.
    Retry(RetryOffer),
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The task's name, or a summary of several tasks.
    pub title: String,
    /// The verdict, and a part of the answer, as plain text.
    pub body: String,
    /// The page that a click opens.
    pub open: Page,
    /// The task that its button runs again.
    pub retry: Option<RetryOffer>,
    /// The names of its buttons, to open the page and to run the task again.
    pub buttons: [&'static str; 2],
    /// How long it stays on the screen; `None`: as long as the desktop shows others.
    pub stays: Option<Duration>,
    /// What it reports.
    pub updates: Vec<TaskUpdate>,
}

impl Notification {
    /// The body for a desktop that interprets markup in it.
    #[must_use]
    pub fn body_as_markup(&self) -> String {
        escape_markup(&self.body)
    }
}

/// The notification for these updates; several tasks share one.
///
/// `tasks` are the tasks as they are now: a task that no longer exists, runs again or has been seen
/// is left out. `visible` is the task that the user is looking at; it is left out, too.
#[must_use]
pub fn notification(
    updates: &[TaskUpdate],
    tasks: &[Task],
    settings: &NotificationSettings,
    visible: Option<TaskId>,
    language: Language,
) -> Option<Notification> {
    let words = Words::of(language);
    let mut entries: Vec<Entry<'_>> = Vec::new();
    // Only the last update of a task counts.
    for update in updates.iter().rev() {
        let Some(task) = tasks.iter().find(|task| task.id == update.task) else { continue };
        if visible == Some(task.id) || entries.iter().any(|known| known.task.id == task.id) {
            continue;
        }
        let described =
            update.describe(task, words).filter(|(_, kind)| is_enabled(*kind, settings));
        if let Some((text, category)) = described {
            entries.push(Entry { update: *update, task, text, category });
        }
    }
    entries.reverse();
    match entries.as_slice() {
        [] => None,
        [Entry { update, task, text, category }] => Some(Notification {
            title: one_line(&task.name, MAX_TITLE),
            body: body(task, text, *category),
            open: Page::Task(task.id),
            retry: task
                .state
                .ended_at()
                .filter(|_| category.is_end() && *category != Category::Finished)
                .map(|ended_at| RetryOffer { task: task.id, ended_at }),
            buttons: [words.open, words.retry],
            stays: stays([*category]),
            updates: vec![*update],
        }),
        several => Some(digest(several, words)),
    }
}

/// How long a notification of these categories stays on the screen.
fn stays(categories: impl IntoIterator<Item = Category>) -> Option<Duration> {
    let finished = categories.into_iter().all(|category| category == Category::Finished);
    (!finished).then_some(LATE)
}

/// One task in a notification.
struct Entry<'a> {
    update: TaskUpdate,
    task: &'a Task,
    text: String,
    category: Category,
}

fn category(verdict: &Verdict) -> Option<Category> {
    match verdict {
        Verdict::Completed { denied_tools, .. } if denied_tools.is_empty() => {
            Some(Category::Finished)
        }
        Verdict::Completed { .. } => Some(Category::Denied),
        Verdict::Failed { .. } => Some(Category::Failed),
        Verdict::Cancelled | Verdict::Unknown(_) => None,
    }
}

const fn is_enabled(category: Category, settings: &NotificationSettings) -> bool {
    match category {
        Category::Finished => settings.finished,
        Category::Failed => settings.failed,
        Category::Denied | Category::Waiting | Category::Silent => settings.attention,
    }
}

/// The text, followed by the beginning of the agent's answer, if there is one.
fn body(task: &Task, text: &str, category: Category) -> String {
    let mut body = text.to_owned();
    let has_answer = matches!(category, Category::Finished | Category::Denied);
    let answer = task.final_summary.as_deref().filter(|_| has_answer).unwrap_or_default();
    let answer = one_line(answer, MAX_LINE);
    if !answer.is_empty() {
        body.push('\n');
        body.push_str(&answer);
    }
    body
}

/// One notification for several tasks.
fn digest(entries: &[Entry<'_>], words: &Words) -> Notification {
    let count_of = |matches: fn(&Category) -> bool| {
        entries.iter().filter(|entry| matches(&entry.category)).count() as u64
    };
    let failed = count_of(|category| *category == Category::Failed);
    let ended = count_of(|category| category.is_end());
    let attention = count_of(|category| category.needs_attention());
    let mut parts = Vec::new();
    if failed > 0 && failed == ended {
        parts.push((words.tasks_failed)(failed));
    } else if ended > 0 {
        parts.push((words.tasks_ended)(ended));
        if failed > 0 {
            parts.push((words.failed)(failed));
        }
    }
    if attention > 0 {
        let need_you = if ended == 0 { words.tasks_need_you } else { words.need_you };
        parts.push(need_you(attention));
    }
    // Failed tasks come first.
    let mut sorted: Vec<&Entry<'_>> = entries.iter().collect();
    sorted.sort_by_key(|entry| match entry.category {
        Category::Failed => 0,
        Category::Denied | Category::Waiting | Category::Silent => 1,
        Category::Finished => 2,
    });
    let mut lines: Vec<String> = sorted
        .iter()
        .take(MAX_NAMED)
        .map(|Entry { task, text, .. }| format!("{}: {text}", one_line(&task.name, MAX_TITLE / 2)))
        .collect();
    if entries.len() > MAX_NAMED {
        lines.push((words.and_more)(entries.len() - MAX_NAMED));
    }
    let open = match sorted.as_slice() {
        [first, second] if failed == 1 && second.category != Category::Failed => {
            Page::Task(first.task.id)
        }
        _ => Page::Any,
    };
    Notification {
        title: parts.join(", "),
        body: lines.join("\n"),
        open,
        retry: None,
        buttons: [words.open, words.retry],
        stays: stays(entries.iter().map(|entry| entry.category)),
        updates: entries.iter().map(|entry| entry.update).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{AT, completed, failed, running, task, waiting};

    /// The notification in English.
    fn notification(
        updates: &[TaskUpdate],
        tasks: &[Task],
        settings: &NotificationSettings,
        visible: Option<TaskId>,
    ) -> Option<Notification> {
        super::notification(updates, tasks, settings, visible, Language::English)
    }

    const ALL: NotificationSettings =
        NotificationSettings { finished: true, failed: true, attention: true };

    fn ended(ids: &[i64]) -> Vec<TaskUpdate> {
        let update =
            |id: &i64| TaskUpdate { seq: *id, task: TaskId(*id), change: Change::Ended(AT) };
        ids.iter().map(update).collect()
    }

    fn one(state: State) -> Option<Notification> {
        notification(&ended(&[1]), &[task(1, "Fix\nit", state)], &ALL, None)
    }

    #[test]
    fn one_ended_task_is_notified_with_its_name_and_verdict() {
        let done = one(completed(0)).unwrap();
        assert_eq!((done.title.as_str(), done.body.as_str()), ("Fix it", "Done"));
        assert_eq!((done.open, done.retry), (Page::Task(TaskId(1)), None));
        let broken = one(failed("Credit <b>")).unwrap();
        assert_eq!(broken.body, "Credit <b>");
        assert_eq!(broken.body_as_markup(), "Credit &lt;b&gt;");
        let retry = RetryOffer { task: TaskId(1), ended_at: AT };
        assert_eq!(broken.retry, Some(retry));
        assert_eq!((done.stays, broken.stays), (None, Some(LATE)));
        assert!(retry.is_current(&task(1, "Fix it", failed("x"))));
        assert!(!retry.is_current(&task(1, "Fix it", running())));
        let later = State::Completed {
            ended_at: Timestamp::from_millis(9),
            denied_tools: vec![],
            notes: Vec::new(),
        };
        assert!(!retry.is_current(&task(1, "Fix it", later)));
        assert_eq!(one(completed(2)).unwrap().body, "Done, 2 tool calls were denied");
        let answered =
            Task { final_summary: Some("All\n<i>well".to_owned()), ..task(1, "x", completed(0)) };
        let answered = notification(&ended(&[1]), &[answered], &ALL, None).unwrap();
        assert_eq!(answered.body, "Done\nAll <i>well");
    }

    #[test]
    fn words_follow_the_language_and_the_engine_stays_english() {
        let german = |updates: &[TaskUpdate], tasks: &[Task]| {
            super::notification(updates, tasks, &ALL, None, Language::German).unwrap()
        };
        let done = german(&ended(&[1]), &[task(1, "A", completed(2))]);
        assert_eq!(done.body, "Fertig, 2 Werkzeugaufrufe wurden verweigert");
        let tasks = [task(1, "A", completed(0)), task(2, "B", failed("No credit"))];
        let digest = german(&ended(&[1, 2]), &tasks);
        assert_eq!(digest.title, "2 Aufträge beendet, 1 fehlgeschlagen");
        assert_eq!(digest.body, "B: No credit\nA: Fertig");
        let quiet = TaskUpdate { seq: 2, task: TaskId(1), change: Change::Silent(300_000, AT) };
        assert_eq!(german(&[quiet], &[task(1, "x", running())]).body, "Still seit 5 Minuten");
    }

    #[test]
    fn several_ended_tasks_share_one_notification() {
        let tasks = [
            task(1, "A", completed(0)),
            task(2, "B", failed("No credit")),
            task(3, "C", completed(1)),
        ];
        let digest = notification(&ended(&[1, 2, 3]), &tasks, &ALL, None).unwrap();
        assert_eq!(digest.title, "3 tasks ended, 1 failed, 1 needs you");
        assert_eq!(digest.body, "B: No credit\nC: Done, 1 tool call was denied\nA: Done");
        assert_eq!((digest.open, digest.retry, digest.stays), (Page::Any, None, Some(LATE)));
        let two = notification(&ended(&[1, 2]), &tasks, &ALL, None).unwrap();
        assert_eq!(two.open, Page::Task(TaskId(2)));
        let many: Vec<_> = (1..=9).map(|id| task(id, "x", failed("no"))).collect();
        let digest = notification(&ended(&[1, 2, 3, 4, 5, 6, 7, 8, 9]), &many, &ALL, None).unwrap();
        assert_eq!(digest.title, "9 tasks failed");
        assert!(digest.body.ends_with("\nand 5 more"), "{}", digest.body);
    }

    #[test]
    fn a_task_that_is_gone_visible_seen_or_running_again_is_left_out() {
        let none = |tasks: &[Task], looking_at| {
            assert_eq!(notification(&ended(&[1]), tasks, &ALL, looking_at), None);
        };
        none(&[], None);
        none(&[task(1, "x", running())], None);
        none(&[task(1, "x", completed(0))], Some(TaskId(1)));
        none(&[Task { unseen: false, ..task(1, "x", completed(0)) }], None);
        none(&[task(1, "x", State::Cancelled { ended_at: AT })], None);
        let later = State::Completed {
            ended_at: Timestamp::from_millis(9),
            denied_tools: vec![],
            notes: Vec::new(),
        };
        none(&[task(1, "x", later)], None);
    }

    #[test]
    fn a_task_is_listed_once_and_disabled_kinds_never() {
        let tasks = [task(1, "x", failed("no"))];
        assert_eq!(notification(&ended(&[1, 1]), &tasks, &ALL, None).unwrap().title, "x");
        let settings = NotificationSettings { failed: false, ..ALL };
        assert_eq!(notification(&ended(&[1]), &tasks, &settings, None), None);
    }

    #[test]
    fn a_waiting_or_silent_task_needs_attention_until_it_goes_on() {
        let waits = TaskUpdate { seq: 1, task: TaskId(1), change: Change::UsageLimit };
        let shown = notification(&[waits], &[task(1, "x", waiting())], &ALL, None).unwrap();
        assert_eq!((shown.body.as_str(), shown.retry), WAITS);
        assert_eq!(notification(&[waits], &[task(1, "x", running())], &ALL, None), None);
        let quiet = TaskUpdate { seq: 2, task: TaskId(1), change: Change::Silent(300_000, AT) };
        let silent = task(1, "x", running());
        let shown = notification(&[quiet], std::slice::from_ref(&silent), &ALL, None).unwrap();
        assert_eq!(shown.body, "Silent for 5 minutes");
        let later = Task { last_output_at: Some(Timestamp::from_millis(2_000)), ..silent.clone() };
        assert_eq!(notification(&[quiet], &[later], &ALL, None), None);
        assert_eq!(notification(&[quiet], &[task(1, "x", completed(0))], &ALL, None), None);
        let settings = NotificationSettings { attention: false, ..ALL };
        assert_eq!(notification(&[quiet], std::slice::from_ref(&silent), &settings, None), None);
        // Several, and one that has ended.
        let both = [quiet, TaskUpdate { task: TaskId(2), ..waits }];
        let tasks = [silent, task(2, "y", waiting()), task(3, "z", completed(0))];
        assert_eq!(notification(&both, &tasks, &ALL, None).unwrap().title, "2 tasks need you");
        let all = [both.as_slice(), &ended(&[3])].concat();
        assert_eq!(
            notification(&all, &tasks, &ALL, None).unwrap().title,
            "1 task ended, 2 need you"
        );
    }

    const WAITS: (&str, Option<RetryOffer>) =
        ("Usage limit reached, try 1 of 8, goes on by itself", None);

    #[test]
    fn only_the_last_update_of_a_task_counts() {
        let quiet = TaskUpdate { seq: 1, task: TaskId(1), change: Change::Silent(1, AT) };
        let updates = [quiet, ended(&[1])[0]];
        let shown = notification(&updates, &[task(1, "x", failed("no"))], &ALL, None).unwrap();
        assert_eq!(shown.body, "no");
    }

    #[test]
    fn only_some_events_are_worth_a_notification() {
        let from =
            |kind| TaskUpdate::from_event(&Event { seq: 5, at: AT, task: Some(TaskId(1)), kind });
        let state = |state| from(EventKind::StateChanged { state });
        let some = |change| Some(TaskUpdate { seq: 5, task: TaskId(1), change });
        assert_eq!(state(completed(0)), some(Change::Ended(AT)));
        assert_eq!(state(failed("x")), some(Change::Ended(AT)));
        assert_eq!(state(waiting()), some(Change::UsageLimit));
        assert_eq!(from(EventKind::Quiet { silent_ms: 7 }), some(Change::Silent(7, AT)));
        assert_eq!(state(State::Cancelled { ended_at: AT }), None);
        assert_eq!(state(running()), None);
        assert_eq!(from(EventKind::Progress { last_action: String::new() }), None);
    }
}
