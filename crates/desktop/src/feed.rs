//! The one reader of the engine's events: it keeps the tray up to date and tells of news.

use std::future::Future;
use std::time::Duration;

use claude_worker_api::{
    ApiError, EventPage, EventQuery, ListQuery, NotificationSettings, Task, TaskApi, TaskId,
};
use tokio::time::{Instant, sleep_until};

use crate::cursor::Cursor;
use crate::notice::{News, Notice, notice};
use crate::tray::{Overview, TASKS_SHOWN};

/// The tray is told at most this often.
const TRAY_EVERY: Duration = Duration::from_millis(250);
/// What happens within this time of the first becomes one notification.
const TOGETHER: Duration = Duration::from_millis(2_000);
/// How long to wait after an engine's error before asking again.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// How long one question for events waits, in milliseconds.
const POLL_MS: u64 = 60_000;
/// How much is kept for one notification. After a long absence there may be much.
const MOST_NEWS: usize = 500;

/// What the feed asks of an engine. Any [`TaskApi`] can answer it.
pub trait Source: Sync {
    /// Lasting events after this one, waiting for some; without `after`, only where the stream
    /// stands.
    fn events(
        &self,
        after: Option<i64>,
    ) -> impl Future<Output = Result<EventPage, ApiError>> + Send;
    /// How things stand.
    fn overview(&self) -> impl Future<Output = Result<Overview, ApiError>> + Send;
    /// These tasks, as far as they are still there.
    fn tasks(&self, ids: Vec<TaskId>) -> impl Future<Output = Result<Vec<Task>, ApiError>> + Send;
    /// What a person wants to be told of.
    fn wishes(&self) -> impl Future<Output = Result<NotificationSettings, ApiError>> + Send;
}

impl<A: TaskApi> Source for A {
    async fn events(&self, after: Option<i64>) -> Result<EventPage, ApiError> {
        let wait_ms = if after.is_some() { POLL_MS } else { 0 };
        let query = EventQuery { after, lasting: true, wait_ms, ..EventQuery::default() };
        TaskApi::events(self, query).await
    }

    async fn overview(&self) -> Result<Overview, ApiError> {
        let limit = Some(TASKS_SHOWN);
        let queue = self.engine().await?.queue;
        let newest = self.list(ListQuery { limit, ..ListQuery::default() }).await?.tasks;
        let attention = if queue.unseen.total() == 0 {
            Vec::new()
        } else {
            let limit = Some(TASKS_SHOWN / 2);
            self.list(ListQuery { limit, attention: true, ..ListQuery::default() }).await?.tasks
        };
        Ok(Overview { queue, attention, newest })
    }

    async fn tasks(&self, ids: Vec<TaskId>) -> Result<Vec<Task>, ApiError> {
        Ok(self.list(ListQuery { ids, ..ListQuery::default() }).await?.tasks)
    }

    async fn wishes(&self) -> Result<NotificationSettings, ApiError> {
        Ok(self.settings().await?.notifications)
    }
}

/// Who is told.
pub trait Audience: Sync {
    /// Things stand like this now.
    fn overview(&self, overview: Overview);
    /// This is to be shown.
    fn notice(&self, notice: Notice);
    /// The task that a person has before their eyes.
    fn looking_at(&self) -> Option<TaskId>;
}

/// Reads events until `stopped`, and tells the audience.
///
/// A notification is told at most once: the cursor is stored before it is shown.
pub async fn follow(
    source: &impl Source,
    cursor: &Cursor,
    audience: &impl Audience,
    stopped: impl Future<Output = ()>,
) {
    tokio::pin!(stopped);
    tokio::select! {
        () = &mut stopped => {}
        () = read(source, cursor, audience) => {}
    }
}

async fn read(source: &impl Source, cursor: &Cursor, audience: &impl Audience) {
    let mut after = begin(source, cursor).await;
    let mut news: Vec<News> = Vec::new();
    // When the next notification is due, and when the tray is; never before `tray_rests_until`.
    let mut tell_at: Option<Instant> = None;
    let mut tray_at: Option<Instant> = Some(Instant::now());
    let mut tray_rests_until = Instant::now();
    let mut poll = Box::pin(source.events(Some(after)));
    loop {
        tokio::select! {
            () = until(tray_at) => {
                tray_rests_until = Instant::now() + TRAY_EVERY;
                tray_at = match source.overview().await {
                    Ok(overview) => {
                        audience.overview(overview);
                        None
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the tray cannot be brought up to date");
                        Some(Instant::now() + AFTER_ERROR)
                    }
                };
            }
            () = until(tell_at) => {
                tell_at = if tell(source, cursor, audience, &news).await {
                    news.clear();
                    None
                } else {
                    Some(Instant::now() + AFTER_ERROR)
                };
            }
            page = &mut poll => {
                match page {
                    Ok(page) => {
                        after = page.next;
                        if !page.events.is_empty() || page.gap {
                            tray_at.get_or_insert(tray_rests_until);
                        }
                        news.extend(page.events.iter().filter_map(News::of));
                        let too_many = news.len().saturating_sub(MOST_NEWS);
                        news.drain(..too_many);
                        if !news.is_empty() {
                            tell_at.get_or_insert_with(|| Instant::now() + TOGETHER);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "events cannot be read");
                        tokio::time::sleep(AFTER_ERROR).await;
                    }
                }
                poll.set(source.events(Some(after)));
            }
        }
    }
}

/// The event to go on after: where a person was last told of something, but nothing that happened
/// before the first start of the app.
async fn begin(source: &impl Source, cursor: &Cursor) -> i64 {
    let newest = loop {
        match source.events(None).await {
            Ok(page) => break page.next,
            Err(error) => {
                tracing::warn!(%error, "the events' end cannot be found");
                tokio::time::sleep(AFTER_ERROR).await;
            }
        }
    };
    // A cursor from another database may be beyond the end.
    match cursor.read().filter(|stored| *stored <= newest) {
        Some(stored) => stored,
        None => {
            remember(cursor, newest);
            newest
        }
    }
}

/// Tells the news, at most once. False when it could not be read what to tell: the cursor stays, so
/// that it is told later, be it by the next start of the app.
async fn tell(
    source: &impl Source,
    cursor: &Cursor,
    audience: &impl Audience,
    news: &[News],
) -> bool {
    let Some(newest) = news.iter().map(|news| news.seq).max() else { return true };
    let ids = news.iter().map(|news| news.task).collect();
    let (tasks, wishes) = match (source.tasks(ids).await, source.wishes().await) {
        (Ok(tasks), Ok(wishes)) => (tasks, wishes),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, "the news cannot be told");
            return false;
        }
    };
    remember(cursor, newest);
    if let Some(notice) = notice(news, &tasks, &wishes, audience.looking_at()) {
        audience.notice(notice);
    }
    true
}

fn remember(cursor: &Cursor, seq: i64) {
    if let Err(error) = cursor.write(seq) {
        tracing::warn!(%error, "what was told cannot be remembered");
    }
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use claude_worker_api::{Counts, Event, EventKind, Queue, State, Unseen};
    use tokio::sync::watch;

    use super::*;
    use crate::samples::{AT, completed, failed, running, task};

    /// An engine whose events a test makes; what is told is written down.
    struct Stage {
        events: Mutex<Vec<Event>>,
        grown: watch::Sender<usize>,
        tasks: Mutex<Vec<Task>>,
        told: watch::Sender<Vec<Notice>>,
        drawn: watch::Sender<Vec<Instant>>,
        /// So many questions for tasks fail.
        failing: Mutex<u32>,
    }

    impl Stage {
        fn new() -> Self {
            Self {
                events: Mutex::default(),
                grown: watch::channel(0).0,
                tasks: Mutex::default(),
                told: watch::channel(Vec::new()).0,
                drawn: watch::channel(Vec::new()).0,
                failing: Mutex::default(),
            }
        }

        fn happens(&self, id: i64, state: State) {
            let mut tasks = self.tasks.lock().unwrap();
            tasks.retain(|task| task.id != TaskId(id));
            tasks.push(task(id, &format!("T{id}"), state.clone()));
            let mut events = self.events.lock().unwrap();
            let seq = i64::try_from(events.len()).unwrap() + 1;
            let kind = EventKind::StateChanged { state };
            events.push(Event { seq, at: AT, task: Some(TaskId(id)), kind });
            self.grown.send_replace(events.len());
        }

        /// Follows the events for so long.
        async fn follow_for(&self, cursor: &Cursor, time: Duration) {
            follow(self, cursor, self, tokio::time::sleep(time)).await;
        }

        fn titles(&self) -> Vec<String> {
            self.told.borrow().iter().map(|notice| notice.title.clone()).collect()
        }
    }

    impl Source for Stage {
        async fn events(&self, after: Option<i64>) -> Result<EventPage, ApiError> {
            let mut grown = self.grown.subscribe();
            loop {
                grown.borrow_and_update();
                let events = self.events.lock().unwrap().clone();
                let newest = events.last().map_or(0, |event| event.seq);
                let from = after.unwrap_or(newest);
                let events: Vec<_> = events.into_iter().filter(|e| e.seq > from).collect();
                if !events.is_empty() || after.is_none() {
                    return Ok(EventPage { events, next: newest, gap: false });
                }
                grown.changed().await.unwrap();
            }
        }

        async fn overview(&self) -> Result<Overview, ApiError> {
            let (counts, unseen) = (Counts::default(), Unseen::default());
            let queue = Queue { paused: false, workers: 4, counts, unseen };
            Ok(Overview { queue, attention: Vec::new(), newest: Vec::new() })
        }

        async fn tasks(&self, ids: Vec<TaskId>) -> Result<Vec<Task>, ApiError> {
            let mut failing = self.failing.lock().unwrap();
            if let Some(left) = failing.checked_sub(1) {
                *failing = left;
                return Err(ApiError::internal("not now"));
            }
            let tasks = self.tasks.lock().unwrap();
            Ok(tasks.iter().filter(|task| ids.contains(&task.id)).cloned().collect())
        }

        async fn wishes(&self) -> Result<NotificationSettings, ApiError> {
            Ok(NotificationSettings { finished: true, failed: true, attention: true })
        }
    }

    impl Audience for Stage {
        fn overview(&self, _: Overview) {
            self.drawn.send_modify(|drawn| drawn.push(Instant::now()));
        }

        fn notice(&self, notice: Notice) {
            self.told.send_modify(|told| told.push(notice));
        }

        fn looking_at(&self) -> Option<TaskId> {
            None
        }
    }

    fn cursor() -> (tempfile::TempDir, Cursor) {
        let directory = tempfile::tempdir().unwrap();
        let cursor = Cursor::at(directory.path().join("told"));
        (directory, cursor)
    }

    const LONG: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn what_ended_before_the_first_start_is_not_told_and_later_ends_are_told_once() {
        let (_directory, cursor) = cursor();
        let stage = Stage::new();
        stage.happens(1, completed(0));
        stage.follow_for(&cursor, LONG).await;
        assert_eq!(cursor.read(), Some(1));
        // While the app was away.
        stage.happens(2, failed("no"));
        for _ in 0..2 {
            stage.follow_for(&cursor, LONG).await;
            assert_eq!(stage.titles(), ["T2"]);
        }
        assert_eq!(cursor.read(), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn ends_within_two_seconds_are_one_notification() {
        let (_directory, cursor) = cursor();
        let stage = Stage::new();
        stage.happens(9, running());
        let ends = async {
            // At first the end of the stream is looked for.
            for (pause, id) in [(100, 1), (1_000, 2), (900, 3), (2_500, 4)] {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                stage.happens(id, completed(0));
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stage.follow_for(&cursor, LONG) => {}
            () = ends => {}
        }
        assert_eq!(stage.titles(), ["3 tasks ended", "T4"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_that_was_not_yet_told_is_told_after_a_restart() {
        let (_directory, cursor) = cursor();
        let stage = Stage::new();
        stage.happens(9, running());
        stage.follow_for(&cursor, LONG).await;
        stage.happens(1, completed(0));
        stage.follow_for(&cursor, TOGETHER / 2).await;
        assert_eq!(stage.titles(), [""; 0]);
        stage.follow_for(&cursor, LONG).await;
        assert_eq!(stage.titles(), ["T1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_told_is_told_later() {
        let (_directory, cursor) = cursor();
        let stage = Stage::new();
        stage.happens(9, running());
        stage.follow_for(&cursor, LONG).await;
        *stage.failing.lock().unwrap() = 2;
        stage.happens(1, completed(0));
        stage.follow_for(&cursor, LONG).await;
        assert_eq!(stage.titles(), ["T1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_tray_is_told_at_most_four_times_a_second() {
        let (_directory, cursor) = cursor();
        let stage = Stage::new();
        stage.happens(1, running());
        let events = async {
            for _ in 0..200 {
                stage.happens(1, running());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stage.follow_for(&cursor, LONG) => {}
            () = events => {}
        }
        let drawn = stage.drawn.borrow().clone();
        assert!((8..=10).contains(&drawn.len()), "{}", drawn.len());
        assert!(drawn.windows(2).all(|two| two[1] - two[0] >= TRAY_EVERY));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cursor_of_another_database_is_forgotten() {
        let (_directory, cursor) = cursor();
        cursor.write(1_000).unwrap();
        let stage = Stage::new();
        stage.happens(1, completed(0));
        stage.follow_for(&cursor, LONG).await;
        assert_eq!(cursor.read(), Some(1));
    }
}
