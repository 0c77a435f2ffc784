//! From what happened to tasks to the notification to show.

use claude_worker_api::{
    Event, EventKind, NotificationSettings, State, Task, TaskId, Timestamp, Verdict, WaitReason,
    format_duration,
};

use crate::launch::Page;
use crate::text::{count, no_markup, one_line};

/// How many tasks a digest names.
const NAMED: usize = 4;
/// How long a title and a line of the body may be, in characters.
const LONGEST_TITLE: usize = 80;
const LONGEST_LINE: usize = 200;

/// Something happened to a task that a person may want to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// The event that said so.
    pub seq: i64,
    /// Which task.
    pub task: TaskId,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It ended at this instant, which tells this end from those of other runs.
    Ended(Timestamp),
    /// It has reached a usage limit, and waits.
    Waits,
    /// Its agent has printed nothing for so many milliseconds, up to this instant.
    Quiet(u64, Timestamp),
}

impl News {
    /// What an event says. That a person cancelled a task is no news to them.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let what = match &event.kind {
            EventKind::Quiet { silent_ms } => What::Quiet(*silent_ms, event.at),
            EventKind::StateChanged { state } => match state {
                State::Completed { ended_at, .. } | State::Failed { ended_at, .. } => {
                    What::Ended(*ended_at)
                }
                // Rate limits pass within minutes, and further tries are no news.
                State::Waiting { reason: WaitReason::UsageLimit { tries: 0 | 1, .. } } => {
                    What::Waits
                }
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { seq: event.seq, task: event.task?, what })
    }

    /// What there is to say about the task as it stands now; nothing when that has changed since.
    fn words(self, task: &Task) -> Option<(String, Kind)> {
        match self.what {
            What::Ended(at) => {
                let current = task.state.ended_at() == Some(at) && task.unseen;
                let verdict = task.state.verdict().filter(|_| current)?;
                Some((words(&verdict.words()), kind(&verdict)?))
            }
            What::Waits => {
                let State::Waiting { reason } = &task.state else { return None };
                Some((words(&format!("{}, goes on by itself", reason.words())), Kind::Waits))
            }
            What::Quiet(silent_ms, at) => {
                let silent = task.last_output_at.is_none_or(|last| last <= at);
                let current = matches!(task.state, State::Running { .. }) && silent;
                let words = format!("Silent for {}", format_duration(silent_ms));
                current.then_some((words, Kind::Quiet))
            }
        }
    }
}

/// What a person did not yet look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Finished,
    Failed,
    Denied,
    Waits,
    Quiet,
}

impl Kind {
    /// Whether the task is over.
    const fn is_end(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Denied)
    }

    /// Whether it needs a person, and did not fail.
    const fn needs_you(self) -> bool {
        matches!(self, Self::Denied | Self::Waits | Self::Quiet)
    }
}

/// A task to run once more, as it was when that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The task.
    pub task: TaskId,
    /// The end after which it was offered.
    pub ended_at: Timestamp,
}

impl Retry {
    /// Whether the offer still stands. A notification stays on the screen, and the task may have
    /// run again since.
    #[must_use]
    pub fn holds(&self, task: &Task) -> bool {
        task.id == self.task && task.state.ended_at() == Some(self.ended_at)
    }
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The task's name, or what several have in common.
    pub title: String,
    /// How it ended, in words. It may be shown as markup, so that there is none in it.
    pub body: String,
    /// What a click on it does.
    pub open: Page,
    /// What can be run again from here.
    pub retry: Option<Retry>,
    /// Whether something went wrong.
    pub bad: bool,
}

/// The notification for what happened at about the same time; several tasks become one.
///
/// `tasks` are the tasks as they stand now: one that is gone, runs again, or has been looked at is
/// no news any more. `looking_at` is the task in the focused window.
#[must_use]
pub fn notice(
    news: &[News],
    tasks: &[Task],
    wishes: &NotificationSettings,
    looking_at: Option<TaskId>,
) -> Option<Notice> {
    let mut told: Vec<Told<'_>> = Vec::new();
    // Of what happened to one task, the last counts.
    for news in news.iter().rev() {
        let Some(task) = tasks.iter().find(|task| task.id == news.task) else { continue };
        if looking_at == Some(task.id) || told.iter().any(|known| known.task.id == task.id) {
            continue;
        }
        if let Some((words, kind)) = news.words(task).filter(|(_, kind)| wanted(*kind, wishes)) {
            told.push(Told { task, words, kind });
        }
    }
    told.reverse();
    match told.as_slice() {
        [] => None,
        [Told { task, words, kind }] => Some(Notice {
            title: one_line(&task.name, LONGEST_TITLE),
            body: story(task, words, *kind),
            open: Page::Task(task.id),
            retry: task
                .state
                .ended_at()
                .filter(|_| kind.is_end() && *kind != Kind::Finished)
                .map(|ended_at| Retry { task: task.id, ended_at }),
            bad: *kind == Kind::Failed,
        }),
        several => Some(digest(several)),
    }
}

/// What is told of one task.
struct Told<'a> {
    task: &'a Task,
    words: String,
    kind: Kind,
}

fn kind(verdict: &Verdict) -> Option<Kind> {
    match verdict {
        Verdict::Completed { denied_tools, .. } if denied_tools.is_empty() => Some(Kind::Finished),
        Verdict::Completed { .. } => Some(Kind::Denied),
        Verdict::Failed { .. } => Some(Kind::Failed),
        Verdict::Cancelled | Verdict::Unknown(_) => None,
    }
}

const fn wanted(kind: Kind, wishes: &NotificationSettings) -> bool {
    match kind {
        Kind::Finished => wishes.finished,
        Kind::Failed => wishes.failed,
        Kind::Denied | Kind::Waits | Kind::Quiet => wishes.attention,
    }
}

/// The words, and below them how the answer begins, where there is one.
fn story(task: &Task, words: &str, kind: Kind) -> String {
    let mut body = words.to_owned();
    let has_answer = matches!(kind, Kind::Finished | Kind::Denied);
    let answer = task.final_summary.as_deref().filter(|_| has_answer).unwrap_or_default();
    let answer = one_line(answer, LONGEST_LINE);
    if !answer.is_empty() {
        body.push('\n');
        body.push_str(&no_markup(&answer));
    }
    body
}

fn words(text: &str) -> String {
    no_markup(&one_line(text, LONGEST_LINE))
}

fn digest(told: &[Told<'_>]) -> Notice {
    let of = |which: fn(&Kind) -> bool| told.iter().filter(|it| which(&it.kind)).count() as u64;
    let failed = of(|kind| *kind == Kind::Failed);
    let ended = of(|kind| kind.is_end());
    let need = of(|kind| kind.needs_you());
    let mut parts = Vec::new();
    if failed > 0 && failed == ended {
        parts.push(count(failed, "task failed", "tasks failed"));
    } else if ended > 0 {
        parts.push(count(ended, "task ended", "tasks ended"));
        if failed > 0 {
            parts.push(format!("{failed} failed"));
        }
    }
    if need > 0 {
        let (one, many) = match ended {
            0 => ("task needs you", "tasks need you"),
            _ => ("needs you", "need you"),
        };
        parts.push(count(need, one, many));
    }
    // What went wrong is named first.
    let mut sorted: Vec<&Told<'_>> = told.iter().collect();
    sorted.sort_by_key(|it| match it.kind {
        Kind::Failed => 0,
        Kind::Denied | Kind::Waits | Kind::Quiet => 1,
        Kind::Finished => 2,
    });
    let mut lines: Vec<String> = sorted
        .iter()
        .take(NAMED)
        .map(|Told { task, words, .. }| {
            format!("{}: {words}", no_markup(&one_line(&task.name, LONGEST_TITLE / 2)))
        })
        .collect();
    if told.len() > NAMED {
        lines.push(format!("and {} more", told.len() - NAMED));
    }
    let page = match sorted.as_slice() {
        [first, second] if failed == 1 && second.kind != Kind::Failed => Page::Task(first.task.id),
        _ => Page::Any,
    };
    let (title, body) = (parts.join(", "), lines.join("\n"));
    Notice { title, body, open: page, retry: None, bad: failed > 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{AT, completed, failed, running, task, waiting};

    const ALL: NotificationSettings =
        NotificationSettings { finished: true, failed: true, attention: true };

    fn ended(ids: &[i64]) -> Vec<News> {
        let news = |id: &i64| News { seq: *id, task: TaskId(*id), what: What::Ended(AT) };
        ids.iter().map(news).collect()
    }

    fn one(state: State) -> Option<Notice> {
        notice(&ended(&[1]), &[task(1, "Fix\nit", state)], &ALL, None)
    }

    #[test]
    fn a_single_end_is_told_with_its_name_and_verdict() {
        let done = one(completed(0)).unwrap();
        assert_eq!((done.title.as_str(), done.body.as_str()), ("Fix it", "Done"));
        assert_eq!((done.open, done.retry), (Page::Task(TaskId(1)), None));
        let broken = one(failed("Credit <b>")).unwrap();
        assert_eq!(broken.body, "Credit &lt;b&gt;");
        let retry = Retry { task: TaskId(1), ended_at: AT };
        assert_eq!((broken.retry, broken.bad), (Some(retry), true));
        assert!(retry.holds(&task(1, "Fix it", failed("x"))));
        assert!(!retry.holds(&task(1, "Fix it", running())));
        let later = State::Completed {
            ended_at: Timestamp::from_millis(9),
            denied_tools: vec![],
            notes: Vec::new(),
        };
        assert!(!retry.holds(&task(1, "Fix it", later)));
        assert_eq!(one(completed(2)).unwrap().body, "Done, 2 tool calls were denied");
        let answered =
            Task { final_summary: Some("All\n<i>well".to_owned()), ..task(1, "x", completed(0)) };
        let answered = notice(&ended(&[1]), &[answered], &ALL, None).unwrap();
        assert_eq!(answered.body, "Done\nAll &lt;i&gt;well");
    }

    #[test]
    fn several_ends_are_told_as_one() {
        let tasks = [
            task(1, "A", completed(0)),
            task(2, "B", failed("No credit")),
            task(3, "C", completed(1)),
        ];
        let digest = notice(&ended(&[1, 2, 3]), &tasks, &ALL, None).unwrap();
        assert_eq!(digest.title, "3 tasks ended, 1 failed, 1 needs you");
        assert_eq!(digest.body, "B: No credit\nC: Done, 1 tool call was denied\nA: Done");
        assert_eq!((digest.open, digest.retry, digest.bad), (Page::Any, None, true));
        let two = notice(&ended(&[1, 2]), &tasks, &ALL, None).unwrap();
        assert_eq!(two.open, Page::Task(TaskId(2)));
        let many: Vec<_> = (1..=9).map(|id| task(id, "x", failed("no"))).collect();
        let digest = notice(&ended(&[1, 2, 3, 4, 5, 6, 7, 8, 9]), &many, &ALL, None).unwrap();
        assert_eq!(digest.title, "9 tasks failed");
        assert!(digest.body.ends_with("\nand 5 more"), "{}", digest.body);
    }

    #[test]
    fn what_is_no_news_is_not_told() {
        let none = |tasks: &[Task], looking_at| {
            assert_eq!(notice(&ended(&[1]), tasks, &ALL, looking_at), None);
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
    fn the_same_task_is_told_once_and_unwanted_kinds_never() {
        let tasks = [task(1, "x", failed("no"))];
        assert_eq!(notice(&ended(&[1, 1]), &tasks, &ALL, None).unwrap().title, "x");
        let wishes = NotificationSettings { failed: false, ..ALL };
        assert_eq!(notice(&ended(&[1]), &tasks, &wishes, None), None);
    }

    #[test]
    fn what_waits_or_is_silent_needs_a_person_until_it_goes_on() {
        let waits = News { seq: 1, task: TaskId(1), what: What::Waits };
        let told = notice(&[waits], &[task(1, "x", waiting())], &ALL, None).unwrap();
        assert_eq!((told.body.as_str(), told.retry), WAITS);
        assert_eq!(notice(&[waits], &[task(1, "x", running())], &ALL, None), None);
        let quiet = News { seq: 2, task: TaskId(1), what: What::Quiet(300_000, AT) };
        let silent = task(1, "x", running());
        let told = notice(&[quiet], std::slice::from_ref(&silent), &ALL, None).unwrap();
        assert_eq!(told.body, "Silent for 5 minutes");
        let later = Task { last_output_at: Some(Timestamp::from_millis(2_000)), ..silent.clone() };
        assert_eq!(notice(&[quiet], &[later], &ALL, None), None);
        assert_eq!(notice(&[quiet], &[task(1, "x", completed(0))], &ALL, None), None);
        let wishes = NotificationSettings { attention: false, ..ALL };
        assert_eq!(notice(&[quiet], std::slice::from_ref(&silent), &wishes, None), None);
        // Several, and one that is over.
        let both = [quiet, News { task: TaskId(2), ..waits }];
        let tasks = [silent, task(2, "y", waiting()), task(3, "z", completed(0))];
        assert_eq!(notice(&both, &tasks, &ALL, None).unwrap().title, "2 tasks need you");
        let all = [both.as_slice(), &ended(&[3])].concat();
        assert_eq!(notice(&all, &tasks, &ALL, None).unwrap().title, "1 task ended, 2 need you");
    }

    const WAITS: (&str, Option<Retry>) =
        ("Usage limit reached, try 1 of 8, goes on by itself", None);

    #[test]
    fn of_what_happened_to_a_task_the_last_is_told() {
        let quiet = News { seq: 1, task: TaskId(1), what: What::Quiet(1, AT) };
        let news = [quiet, ended(&[1])[0]];
        let told = notice(&news, &[task(1, "x", failed("no"))], &ALL, None).unwrap();
        assert_eq!(told.body, "no");
    }

    #[test]
    fn not_everything_that_happens_is_news() {
        let of = |kind| News::of(&Event { seq: 5, at: AT, task: Some(TaskId(1)), kind });
        let state = |state| of(EventKind::StateChanged { state });
        let some = |what| Some(News { seq: 5, task: TaskId(1), what });
        assert_eq!(state(completed(0)), some(What::Ended(AT)));
        assert_eq!(state(failed("x")), some(What::Ended(AT)));
        assert_eq!(state(waiting()), some(What::Waits));
        assert_eq!(of(EventKind::Quiet { silent_ms: 7 }), some(What::Quiet(7, AT)));
        assert_eq!(state(State::Cancelled { ended_at: AT }), None);
        assert_eq!(state(running()), None);
        assert_eq!(of(EventKind::Progress { last_action: String::new() }), None);
    }
}
