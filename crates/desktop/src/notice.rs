//! From tasks that ended to the notification to show.

use claude_worker_api::{
    Event, EventKind, NotificationSettings, State, Task, TaskId, Timestamp, Verdict,
};

use crate::launch::Page;
use crate::text::{count, no_markup, one_line};

/// How many tasks a digest names.
const NAMED: usize = 4;
/// How long a title and a line of the body may be, in characters.
const LONGEST_TITLE: usize = 80;
const LONGEST_LINE: usize = 200;

/// A task ended in a way that a person may want to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The event that said so.
    pub seq: i64,
    /// Which task.
    pub task: TaskId,
    /// When. Tells this end from those of other runs.
    pub at: Timestamp,
}

impl Ended {
    /// What an event says about the end of a task. That a person cancelled one is no news to them.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let EventKind::StateChanged { state } = &event.kind else { return None };
        match state {
            State::Completed { ended_at, .. } | State::Failed { ended_at, .. } => {
                Some(Self { seq: event.seq, task: event.task?, at: *ended_at })
            }
            _ => None,
        }
    }
}

/// What a person did not yet look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Finished,
    Failed,
    Attention,
}

/// What a notification offers to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Look at it.
    Open(Page),
    /// Run this task once more.
    Retry(TaskId),
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
    /// The task that can be run again from here.
    pub retry: Option<TaskId>,
    /// Whether something went wrong.
    pub bad: bool,
}

/// The notification for tasks that ended at about the same time; several become one.
///
/// `tasks` are the tasks as they stand now: one that is gone, runs again, or has been looked at is
/// no news any more. `looking_at` is the task in the focused window.
#[must_use]
pub fn notice(
    ended: &[Ended],
    tasks: &[Task],
    wishes: &NotificationSettings,
    looking_at: Option<TaskId>,
) -> Option<Notice> {
    let mut news: Vec<(&Task, Verdict, Kind)> = Vec::new();
    for ended in ended {
        let Some(task) = tasks.iter().find(|task| task.id == ended.task) else { continue };
        let stale = task.state.ended_at() != Some(ended.at) || !task.unseen;
        let told = news.iter().any(|(known, ..)| known.id == task.id);
        if stale || told || looking_at == Some(task.id) {
            continue;
        }
        let Some(verdict) = task.state.verdict() else { continue };
        let Some(kind) = kind(&verdict) else { continue };
        if wanted(kind, wishes) {
            news.push((task, verdict, kind));
        }
    }
    match news.as_slice() {
        [] => None,
        [(task, verdict, kind)] => Some(Notice {
            title: one_line(&task.name, LONGEST_TITLE),
            body: story(task, verdict, *kind),
            open: Page::Task(task.id),
            retry: (*kind != Kind::Finished).then_some(task.id),
            bad: *kind == Kind::Failed,
        }),
        several => Some(digest(several)),
    }
}

fn kind(verdict: &Verdict) -> Option<Kind> {
    match verdict {
        Verdict::Completed { denied_tools } if denied_tools.is_empty() => Some(Kind::Finished),
        Verdict::Completed { .. } => Some(Kind::Attention),
        Verdict::Failed { .. } => Some(Kind::Failed),
        Verdict::Cancelled => None,
    }
}

const fn wanted(kind: Kind, wishes: &NotificationSettings) -> bool {
    match kind {
        Kind::Finished => wishes.finished,
        Kind::Failed => wishes.failed,
        Kind::Attention => wishes.attention,
    }
}

/// The verdict, and below it how the answer begins, where there is one.
fn story(task: &Task, verdict: &Verdict, kind: Kind) -> String {
    let mut body = words(verdict);
    let answer = task.final_summary.as_deref().filter(|_| kind != Kind::Failed).unwrap_or_default();
    let answer = one_line(answer, LONGEST_LINE);
    if !answer.is_empty() {
        body.push('\n');
        body.push_str(&no_markup(&answer));
    }
    body
}

fn words(verdict: &Verdict) -> String {
    no_markup(&one_line(&verdict.words(), LONGEST_LINE))
}

fn digest(news: &[(&Task, Verdict, Kind)]) -> Notice {
    let of = |kind: Kind| news.iter().filter(|(.., other)| *other == kind).count() as u64;
    let (failed, attention) = (of(Kind::Failed), of(Kind::Attention));
    let all = news.len() as u64;
    let mut title = if failed == all {
        format!("{all} tasks failed")
    } else {
        let mut title = count(all, "task ended", "tasks ended");
        if failed > 0 {
            title.push_str(&format!(", {failed} failed"));
        }
        title
    };
    if attention > 0 {
        title.push_str(&format!(", {}", count(attention, "needs you", "need you")));
    }
    // What went wrong is named first.
    let mut sorted: Vec<_> = news.iter().collect();
    sorted.sort_by_key(|(.., kind)| match kind {
        Kind::Failed => 0,
        Kind::Attention => 1,
        Kind::Finished => 2,
    });
    let mut lines: Vec<String> = sorted
        .iter()
        .take(NAMED)
        .map(|(task, verdict, _)| {
            let name = no_markup(&one_line(&task.name, LONGEST_TITLE / 2));
            format!("{name}: {}", words(verdict))
        })
        .collect();
    if news.len() > NAMED {
        lines.push(format!("and {} more", news.len() - NAMED));
    }
    let page = match sorted.as_slice() {
        [(task, ..), (.., second)] if failed == 1 && *second != Kind::Failed => Page::Task(task.id),
        _ => Page::Any,
    };
    Notice { title, body: lines.join("\n"), open: page, retry: None, bad: failed > 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{AT, completed, failed, running, task};

    const ALL: NotificationSettings =
        NotificationSettings { finished: true, failed: true, attention: true };

    fn ended(ids: &[i64]) -> Vec<Ended> {
        ids.iter().map(|id| Ended { seq: *id, task: TaskId(*id), at: AT }).collect()
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
        assert_eq!((broken.retry, broken.bad), (Some(TaskId(1)), true));
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
        let later = State::Completed { ended_at: Timestamp::from_millis(9), denied_tools: vec![] };
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
    fn only_ends_by_themselves_are_ends() {
        let event = |state| Event {
            seq: 5,
            at: AT,
            task: Some(TaskId(1)),
            kind: EventKind::StateChanged { state },
        };
        let expected = Some(Ended { seq: 5, task: TaskId(1), at: AT });
        assert_eq!(Ended::of(&event(completed(0))), expected);
        assert_eq!(Ended::of(&event(failed("x"))), expected);
        assert_eq!(Ended::of(&event(State::Cancelled { ended_at: AT })), None);
        assert_eq!(Ended::of(&event(running())), None);
    }
}
