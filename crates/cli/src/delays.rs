//! Says, once, why a task that a command waits for makes no progress.

use std::collections::HashMap;
use std::time::Duration;

use claude_worker_agents::can;
use claude_worker_api::{
    Capability, ListQuery, LogQuery, Order, State, Status, Task, TaskApi, TaskId, Timestamp,
};
use claude_worker_client::Reconnect;
use tokio::time::{Instant, sleep_until, timeout};

use crate::render::delay::Delay;
use crate::render::figures::plural;
use crate::render::local_time::Zone;

/// A task that starts at once is not worth a line.
const FIRST_LOOK_AFTER: Duration = Duration::from_millis(300);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a look may take. A later one says the same.
const LOOK_WITHIN: Duration = Duration::from_secs(2);
/// How many tasks one look asks about.
const MOST_TASKS: usize = 1000;
/// Of how many running tasks the log is looked at.
const MOST_LOGS: usize = 4;

/// The delays that were said and still last.
#[derive(Debug)]
pub(crate) struct Delays {
    next: Instant,
    said: Vec<Delay>,
    /// What each running task did last, when its log was looked at.
    actions: HashMap<TaskId, (Option<String>, Option<Delay>)>,
    /// Whether the log is looked at for repeated requests.
    in_logs: bool,
}

impl Delays {
    /// For a command that does not show the log of the tasks.
    pub(crate) fn new() -> Self {
        let next = Instant::now() + FIRST_LOOK_AFTER;
        Self { next, said: Vec::new(), actions: HashMap::new(), in_logs: true }
    }

    /// For a command that shows the log.
    pub(crate) fn beside_the_log() -> Self {
        Self { in_logs: false, ..Self::new() }
    }

    /// Completes when it is time for [`Delays::look`].
    pub(crate) fn due(&self) -> impl Future<Output = ()> + use<> {
        sleep_until(self.next)
    }

    /// Puts the next look off without looking.
    pub(crate) fn postpone(&mut self) {
        self.next = Instant::now() + LOOK_EVERY;
    }

    /// Looks at these tasks, and returns a sentence for each delay that is new.
    pub(crate) async fn look(
        &mut self,
        api: &impl TaskApi,
        reconnect: &Reconnect,
        ids: &[TaskId],
        now: Timestamp,
        zone: &Zone,
    ) -> Vec<String> {
        let found = if reconnect.is_away() {
            Some(vec![(Delay::NoEngine, ids.to_vec(), 0)])
        } else {
            timeout(LOOK_WITHIN, self.find(api, ids)).await.ok().flatten()
        };
        self.next = Instant::now() + LOOK_EVERY;
        let Some(found) = found else { return Vec::new() };
        let is_new = |delay: &Delay| !self.said.iter().any(|said| said.is_like(delay));
        let sentences = found.iter().filter(|(delay, ..)| is_new(delay)).map(|found| {
            let (delay, tasks, ahead) = found;
            let tasks = match tasks[..] {
                [id] => format!("Task {id}"),
                _ => plural(tasks.len() as u64, "task"),
            };
            delay.sentence(&tasks, *ahead, now, zone)
        });
        let sentences = sentences.collect();
        self.said = found.into_iter().map(|(delay, ..)| delay).collect();
        sentences
    }

    /// Each delay with its tasks, and how many tasks are ahead of the first of them. `None` when that
    /// cannot be found out now.
    async fn find(
        &mut self,
        api: &impl TaskApi,
        ids: &[TaskId],
    ) -> Option<Vec<(Delay, Vec<TaskId>, u64)>> {
        let ids = ids[..ids.len().min(MOST_TASKS)].to_vec();
        let query = ListQuery { ids, order: Order::OldestFirst, ..ListQuery::default() };
        let tasks = api.list(query).await.ok()?.tasks;
        let open = |task: &&Task| !task.state.is_finished();
        let mut found: Vec<(Delay, Vec<TaskId>, u64)> = Vec::new();
        let mut add = |delay: Delay, id: TaskId| match found
            .iter_mut()
            .find(|(known, ..)| known.is_like(&delay))
        {
            Some((_, tasks, _)) => tasks.push(id),
            None => found.push((delay, vec![id], 0)),
        };
        if tasks.iter().any(|task| open(&task)) {
            let engine = api.engine().await.ok()?;
            for task in tasks.iter().filter(open) {
                if let Some(delay) = Delay::of(task, &engine) {
                    add(delay, task.id);
                }
            }
        }
        if self.in_logs {
            let running = tasks.iter().filter(|task| {
                matches!(task.state, State::Running { .. })
                    && !can(task.agent, Capability::CommandLine)
            });
            for task in running.take(MOST_LOGS) {
                if let Some(delay) = self.of_running(api, task).await {
                    add(delay, task.id);
                }
            }
        }
        for (delay, tasks, ahead) in &mut found {
            let is_new = !self.said.iter().any(|said| said.is_like(delay));
            if is_new && matches!(delay, Delay::WorkersBusy { .. }) {
                *ahead = ahead_of(api, tasks[0]).await;
            }
        }
        Some(found)
    }

    /// Whether a running task repeats requests to the API. Its log is read only after it did something.
    async fn of_running(&mut self, api: &impl TaskApi, task: &Task) -> Option<Delay> {
        if let Some((action, delay)) = self.actions.get(&task.id)
            && *action == task.last_action
        {
            return delay.clone();
        }
        let query = LogQuery { tail: true, limit: Some(1), ..LogQuery::default() };
        let page = api.log(task.id, query).await.ok()?;
        let delay = page.entries.last().and_then(|entry| Delay::of_entry(&entry.item));
        self.actions.insert(task.id, (task.last_action.clone(), delay.clone()));
        delay
    }
}

/// How many tasks start before this one, as far as one page of the queue tells.
async fn ahead_of(api: &impl TaskApi, id: TaskId) -> u64 {
    let query = ListQuery {
        statuses: vec![Status::Pending],
        order: Order::NextFirst,
        limit: Some(MOST_TASKS as u32),
        ..ListQuery::default()
    };
    let Ok(page) = api.list(query).await else { return 0 };
    let place = page.tasks.iter().position(|task| task.id == id);
    place.map_or(0, |place| place as u64)
}
