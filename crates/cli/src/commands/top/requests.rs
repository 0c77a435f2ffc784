//! What `top` asks the engine. Requests are under way while keys are read, so that a key acts at once,
//! however long the engine takes.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use claude_worker_api::{
    ApiError, ListQuery, Order, Pause, Status, Task, TaskApi, TaskApiExt, TaskChanges, TaskId,
};
use claude_worker_client::Reconnect;
use tokio::time::{Sleep, sleep, timeout};

use super::command::Command;
use super::view::Queue;
use crate::commands::again::Again;
use crate::commands::outcome::Then;
use crate::render::Paint;
use crate::render::delay::Delay;
use crate::render::log::LogText;
use crate::render::text::single_emoji;
use crate::shell_env::{inherited_env, left_out_notice};
use crate::transcript::last_lines::{Source, last_lines};
use crate::transcript::{Form, Shown};

/// How many unfinished tasks are shown, and how many that have ended.
const MOST_TASKS: u32 = 200;
/// How long the engine may take for one request.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// A request that is answered sooner is not shown, so that the screen does not flicker.
const SHOWN_AFTER: Duration = Duration::from_millis(300);
/// How many lines of a log can be scrolled through.
const LOG_LINES: u32 = 1000;

/// The tasks and the queue as the engine has them.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) tasks: Vec<Task>,
    pub(super) paused: bool,
    pub(super) queue: Queue,
}

/// What has come of a request.
pub(super) enum Answer {
    /// The tasks; none where they could not be read.
    Tasks(Option<Box<Current>>),
    /// The end of this task's log, or why it could not be read.
    Log(TaskId, Result<Vec<String>, String>),
    /// A command was carried out or refused, in words.
    Command(String),
    /// A command has been under way for [`ANSWER_WITHIN`], in words. It stays under way.
    Overdue(String),
    /// A request has been under way for [`SHOWN_AFTER`].
    Slow,
}

type Request<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + 'a>>;

/// The requests that are under way: at most one of each kind.
pub(super) struct Requests<'a, A> {
    api: &'a A,
    tasks: Option<Request<'a, Current>>,
    log: Option<(TaskId, Request<'a, Vec<String>>)>,
    command: Option<UnderWay<'a>>,
    /// The command that is sent when the one under way was answered.
    next: Option<Command>,
    /// Whether something has changed that was not asked for since.
    stale: bool,
    since: Since,
}

/// A command that was sent. It is not given up, however long the engine takes: it may be carried out.
struct UnderWay<'a> {
    command: Command,
    request: Request<'a, String>,
    /// Until [`ANSWER_WITHIN`] has passed.
    overdue: Option<Pin<Box<Sleep>>>,
}

impl<'a> UnderWay<'a> {
    fn send(api: &'a impl TaskApi, command: Command) -> Self {
        let request = Box::pin(carry_out(api, command));
        Self { command, request, overdue: Some(Box::pin(sleep(ANSWER_WITHIN))) }
    }
}

/// How long some request has been under way.
enum Since {
    None,
    /// Less than [`SHOWN_AFTER`].
    Short(Pin<Box<Sleep>>),
    Long,
}

impl<'a, A: TaskApi> Requests<'a, A> {
    pub(super) const fn new(api: &'a A) -> Self {
        let (tasks, log, command, next) = (None, None, None, None);
        Self { api, tasks, log, command, next, stale: false, since: Since::None }
    }

    /// Whether a request has been under way so long that the screen should show it.
    pub(super) const fn is_slow(&self) -> bool {
        matches!(self.since, Since::Long)
    }

    /// What was read is out of date: it is to be read again.
    pub(super) const fn changed(&mut self) {
        self.stale = true;
    }

    /// Reads what is out of date, unless it is being read: then it is read once more after that. `log` is
    /// the task whose log is on the screen.
    pub(super) fn read_changed(&mut self, log: Option<TaskId>) {
        if !self.stale || self.tasks.is_some() || self.log.is_some() {
            return;
        }
        self.stale = false;
        self.tasks = Some(within(current(self.api)));
        if let Some(id) = log {
            self.read_log(id);
        }
        self.began();
    }

    /// Reads a log. The answer for another one is not waited for any more.
    pub(super) fn read_log(&mut self, id: TaskId) {
        self.log = Some((id, within(log(self.api, id))));
        self.began();
    }

    /// Has a command carried out, after the one that is under way. Returns whether it is: one that finds
    /// another one waiting is dropped, so that keys that were pressed blindly do not add up.
    #[must_use]
    pub(super) fn command(&mut self, command: Command) -> bool {
        if self.command.is_none() {
            self.command = Some(UnderWay::send(self.api, command));
            self.began();
        } else if self.next.is_none() {
            self.next = Some(command);
        } else {
            return false;
        }
        true
    }

    /// Waits for the next answer, and for ever where nothing was asked. Nothing is lost when this is
    /// dropped.
    pub(super) async fn next(&mut self) -> Answer {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Answer> {
        if let Some(UnderWay { command, request, overdue }) = &mut self.command {
            if let Poll::Ready(answer) = request.as_mut().poll(context) {
                self.command = self.next.take().map(|next| UnderWay::send(self.api, next));
                self.stale = true;
                self.ended();
                return Poll::Ready(Answer::Command(answer.unwrap_or_else(|error| error.message)));
            }
            if overdue.as_mut().is_some_and(|limit| limit.as_mut().poll(context).is_ready()) {
                *overdue = None;
                let seconds = ANSWER_WITHIN.as_secs();
                let words =
                    format!("No answer for {seconds} s to: {}; still asking", command.name());
                return Poll::Ready(Answer::Overdue(words));
            }
        }
        if let Some((id, log)) = &mut self.log
            && let Poll::Ready(answer) = log.as_mut().poll(context)
        {
            let id = *id;
            self.log = None;
            self.ended();
            return Poll::Ready(Answer::Log(id, answer.map_err(|error| error.message)));
        }
        if let Some(tasks) = &mut self.tasks
            && let Poll::Ready(answer) = tasks.as_mut().poll(context)
        {
            self.tasks = None;
            self.ended();
            return Poll::Ready(Answer::Tasks(answer.ok().map(Box::new)));
        }
        if let Since::Short(limit) = &mut self.since
            && limit.as_mut().poll(context).is_ready()
        {
            self.since = Since::Long;
            return Poll::Ready(Answer::Slow);
        }
        Poll::Pending
    }

    /// What to say when `top` ends while commands have no answer: one line for each.
    pub(super) fn unanswered(&self) -> Vec<String> {
        let sent = self.command.as_ref().map(|sent| {
            let (name, check) = (sent.command.name(), sent.command.check());
            format!("No answer of the engine to: {name}. It may still do it. See: {check}")
        });
        let unsent = self.next.map(|next| {
            let (name, again) = (next.name(), next.again());
            format!("The engine was not asked to {name}, because it does not answer. Type: {again}")
        });
        sent.into_iter().chain(unsent).collect()
    }

    fn began(&mut self) {
        if matches!(self.since, Since::None) {
            self.since = Since::Short(Box::pin(sleep(SHOWN_AFTER)));
        }
    }

    fn ended(&mut self) {
        if self.tasks.is_none() && self.log.is_none() && self.command.is_none() {
            self.since = Since::None;
        }
    }
}

/// The request with a limit to its time.
fn within<'a, T: 'a>(request: impl Future<Output = Result<T, ApiError>> + 'a) -> Request<'a, T> {
    Box::pin(async {
        let answer = timeout(ANSWER_WITHIN, request).await;
        answer.unwrap_or_else(|_| Err(ApiError::unavailable("The engine does not answer")))
    })
}

/// Reads the tasks and the queue.
pub(super) async fn current(api: &impl TaskApi) -> Result<Current, ApiError> {
    let of = |finished: bool| -> Vec<Status> {
        Status::ALL.into_iter().filter(|status| status.is_finished() == finished).collect()
    };
    let unfinished = ListQuery {
        statuses: of(false),
        limit: Some(MOST_TASKS),
        order: Order::OldestFirst,
        ..ListQuery::default()
    };
    let ended = ListQuery {
        statuses: of(true),
        limit: Some(MOST_TASKS),
        order: Order::EndedLast,
        ..ListQuery::default()
    };
    let page = api.list(unfinished).await?;
    let mut tasks = page.tasks;
    tasks.extend(api.list(ended).await?.tasks);
    let engine = api.engine().await?;
    let queue = Queue { counts: page.counts, delay: Delay::of_queue(&engine) };
    Ok(Current { tasks, paused: engine.queue.paused, queue })
}

/// Carries out a command and says so in words.
async fn carry_out(api: &impl TaskApi, command: Command) -> Result<String, ApiError> {
    match command {
        Command::Cancel(id) => {
            api.cancel(id).await?;
            Ok(format!("Task {id} is being stopped"))
        }
        Command::Retry(id) => {
            let variables = inherited_env(api).await?;
            let left_out = left_out_notice("env.pass", &variables);
            let (changes, inherited_env) = (TaskChanges::default(), variables.passed);
            let again = Again { changes, message: None, added: None, inherited_env };
            again.ask(api, id).await?;
            let parts = [Some(again.queued(id, Then::Return)), left_out];
            Ok(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
        }
        Command::SetPaused(paused) => {
            api.set_paused(Pause { paused }).await?;
            Ok(if paused { "The queue is paused" } else { "The queue goes on" }.to_owned())
        }
    }
}

/// The last lines of a task's log.
async fn log(api: &impl TaskApi, id: TaskId) -> Result<Vec<String>, ApiError> {
    let reconnect = Reconnect::while_following();
    let agent = api.row(id).await?.agent;
    let source = Source { id, run: None, agent, form: Form::Text, shown: Shown::default() };
    // Lines are divided to fit the page, so colours could be divided, too.
    let mut text = LogText::new(Paint { colour: false, symbols: true });
    let last = last_lines(api, &reconnect, &source, &mut text, LOG_LINES).await?;
    let mut lines: Vec<String> =
        last.text.lines().map(|line| single_emoji(line).into_owned()).collect();
    lines.extend(last.unfinished.map(|line| single_emoji(&line).into_owned()));
    if lines.len() >= LOG_LINES as usize {
        lines.insert(0, format!("The last {LOG_LINES} lines; all of it: claude-worker logs {id}"));
    }
    Ok(lines)
}
