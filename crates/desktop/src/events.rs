//! Reads the engine's events: keeps the tray up to date and shows notifications.

use std::future::Future;
use std::time::Duration;

use claude_worker_api::{
    ApiError, EventPage, EventQuery, ListQuery, NotificationSettings, Order, Status, Task, TaskApi,
    TaskId,
};
use tokio::time::{Instant, sleep_until};

use crate::event_cursor::EventCursor;
use crate::language::Language;
use crate::notification::{TaskUpdate, notification};
use crate::open_notifications::{NotificationRequest, OpenNotifications};
use crate::tray::{ATTENTION_SHOWN, NEWEST_READ, Overview, RUNNING_SHOWN};

/// The minimum time between two updates of the tray.
const TRAY_INTERVAL: Duration = Duration::from_millis(250);
/// Updates of tasks within this time after the first become one notification.
const MERGE_WINDOW: Duration = Duration::from_millis(2_000);
/// The delay before a request is sent again after an error.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// How long one request for events waits for new ones, in milliseconds.
const POLL_MS: u64 = 60_000;
/// The maximum number of updates kept for one notification. There may be many after the app was
/// away for long; the oldest are dropped.
const MAX_UPDATES: usize = 500;

/// The requests that the event reader sends to an engine. Every [`TaskApi`] implements them.
pub trait EventSource: Sync {
    /// Lasting events after this sequence number, waiting for new ones if there are none. Without
    /// `after`, only the current end of the stream.
    fn events(
        &self,
        after: Option<i64>,
    ) -> impl Future<Output = Result<EventPage, ApiError>> + Send;
    /// The queue and the tasks that the tray shows.
    fn overview(&self) -> impl Future<Output = Result<Overview, ApiError>> + Send;
    /// These tasks, without those that no longer exist.
    fn tasks(&self, ids: Vec<TaskId>) -> impl Future<Output = Result<Vec<Task>, ApiError>> + Send;
    /// Which kinds of notifications the user wants.
    fn notification_settings(
        &self,
    ) -> impl Future<Output = Result<NotificationSettings, ApiError>> + Send;
}

impl<A: TaskApi> EventSource for A {
    async fn events(&self, after: Option<i64>) -> Result<EventPage, ApiError> {
        let wait_ms = if after.is_some() { POLL_MS } else { 0 };
        let query = EventQuery { after, lasting: true, wait_ms, ..EventQuery::default() };
        TaskApi::events(self, query).await
    }

    async fn overview(&self) -> Result<Overview, ApiError> {
        let queue = self.engine().await?.queue;
        let list = async |limit, query| {
            let page = self.list(ListQuery { limit: Some(limit), ..query }).await?;
            Ok::<_, ApiError>(page.tasks)
        };
        let mut running = Vec::new();
        if queue.counts.running > 0 {
            let (statuses, order) = (vec![Status::Running], Order::OldestFirst);
            let query = ListQuery { statuses, order, ..ListQuery::default() };
            running = list(RUNNING_SHOWN, query).await?;
        }
        let mut attention = Vec::new();
        if queue.unseen.total() > 0 {
            let query = ListQuery { attention: true, ..ListQuery::default() };
            attention = list(ATTENTION_SHOWN, query).await?;
        }
        let newest = list(NEWEST_READ, ListQuery::default()).await?;
        Ok(Overview { queue, running, attention, newest })
    }

    async fn tasks(&self, ids: Vec<TaskId>) -> Result<Vec<Task>, ApiError> {
        Ok(self.list(ListQuery { ids, ..ListQuery::default() }).await?.tasks)
    }

    async fn notification_settings(&self) -> Result<NotificationSettings, ApiError> {
        Ok(self.settings().await?.notifications)
    }
}

/// The parts of the desktop that show what was read.
pub trait Display: Sync {
    /// Updates the tray.
    fn show_overview(&self, overview: Overview);
    /// Shows a notification, or closes one.
    fn notify(&self, request: NotificationRequest);
    /// The task that the user is looking at in the focused window.
    fn visible_task(&self) -> Option<TaskId>;
    /// The language of notifications.
    fn language(&self) -> Language;
    /// Waits until the user may be looking at another task than before.
    fn visible_task_changed(&self) -> impl Future<Output = ()> + Send;
}

/// Reads events until `stopped` completes, and updates the display.
///
/// The cursor is stored before a notification is shown, so that none is shown twice. `open` are the
/// notifications on the screen, which may be older than this engine.
pub async fn follow(
    source: &impl EventSource,
    cursor: &EventCursor,
    display: &impl Display,
    open: &mut OpenNotifications,
    stopped: impl Future<Output = ()>,
) {
    tokio::pin!(stopped);
    tokio::select! {
        () = &mut stopped => {}
        () = read(source, cursor, display, open) => {}
    }
}

async fn read(
    source: &impl EventSource,
    cursor: &EventCursor,
    display: &impl Display,
    open: &mut OpenNotifications,
) {
    let mut after = start_position(source, cursor).await;
    let mut updates: Vec<TaskUpdate> = Vec::new();
    // When the next notification, the next update of the tray, and the next check whether notifications
    // are outdated are due.
    let mut notify_at: Option<Instant> = None;
    let mut tray_at: Option<Instant> = Some(Instant::now());
    let mut check_at: Option<Instant> = Some(Instant::now());
    let mut tray_not_before = Instant::now();
    let mut poll = Box::pin(source.events(Some(after)));
    loop {
        tokio::select! {
            () = until(tray_at) => {
                tray_not_before = Instant::now() + TRAY_INTERVAL;
                tray_at = match source.overview().await {
                    Ok(overview) => {
                        display.show_overview(overview);
                        None
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot read the tasks for the tray");
                        Some(Instant::now() + RETRY_DELAY)
                    }
                };
            }
            () = until(check_at) => {
                check_at = match close_outdated(source, display, open).await {
                    Ok(()) => None,
                    Err(error) => {
                        tracing::warn!(%error, "cannot read the tasks of notifications");
                        Some(Instant::now() + RETRY_DELAY)
                    }
                };
            }
            () = display.visible_task_changed() => {
                check_at.get_or_insert_with(Instant::now);
            }
            () = until(notify_at) => {
                notify_at = if notify(source, cursor, display, open, &updates).await {
                    updates.clear();
                    None
                } else {
                    Some(Instant::now() + RETRY_DELAY)
                };
            }
            page = &mut poll => {
                match page {
                    Ok(page) => {
                        after = page.next;
                        if !page.events.is_empty() || page.gap {
                            tray_at.get_or_insert(tray_not_before);
                            check_at.get_or_insert(tray_not_before);
                        }
                        updates.extend(page.events.iter().filter_map(TaskUpdate::from_event));
                        let excess = updates.len().saturating_sub(MAX_UPDATES);
                        updates.drain(..excess);
                        if !updates.is_empty() {
                            notify_at.get_or_insert_with(|| Instant::now() + MERGE_WINDOW);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, after, "cannot read the engine's events");
                        tokio::time::sleep(RETRY_DELAY).await;
                    }
                }
                poll.set(source.events(Some(after)));
            }
        }
    }
}

/// The sequence number to read on from: the stored cursor, or the end of the stream at the first
/// start of the app, so that earlier events show no notification.
async fn start_position(source: &impl EventSource, cursor: &EventCursor) -> i64 {
    let newest = loop {
        match source.events(None).await {
            Ok(page) => break page.next,
            Err(error) => {
                tracing::warn!(%error, "cannot read the end of the engine's events");
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    };
    // The cursor of another database may be beyond the end.
    match cursor.read().filter(|stored| *stored <= newest) {
        Some(stored) => stored,
        None => {
            store(cursor, newest);
            newest
        }
    }
}

/// Shows the notification for these updates, at most once. Returns false if the tasks or settings
/// could not be read: the cursor stays, and the notification is shown later or after the next start.
async fn notify(
    source: &impl EventSource,
    cursor: &EventCursor,
    display: &impl Display,
    open: &mut OpenNotifications,
    updates: &[TaskUpdate],
) -> bool {
    let Some(newest) = updates.iter().map(|update| update.seq).max() else { return true };
    let ids = updates.iter().map(|update| update.task).collect();
    let (tasks, settings) = match (source.tasks(ids).await, source.notification_settings().await) {
        (Ok(tasks), Ok(settings)) => (tasks, settings),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, "cannot read the tasks for a notification");
            return false;
        }
    };
    store(cursor, newest);
    if let Some(shown) =
        notification(updates, &tasks, &settings, display.visible_task(), display.language())
    {
        display.notify(NotificationRequest::Show(open.add(&shown), shown));
    }
    true
}

/// Closes the notifications that report nothing that is still true.
async fn close_outdated(
    source: &impl EventSource,
    display: &impl Display,
    open: &mut OpenNotifications,
) -> Result<(), ApiError> {
    let ids = open.tasks();
    if ids.is_empty() {
        return Ok(());
    }
    let tasks = source.tasks(ids).await?;
    for id in open.remove_outdated(&tasks, display.visible_task()) {
        display.notify(NotificationRequest::Close(id));
    }
    Ok(())
}

fn store(cursor: &EventCursor, seq: i64) {
    if let Err(error) = cursor.write(seq) {
        tracing::warn!(%error, seq, "cannot store up to where notifications were shown");
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
    use crate::notification::Notification;
    use crate::samples::{AT, completed, failed, running, task};

    /// An engine whose events the test makes, and a display that records what is shown.
    struct FakeDesktop {
        events: Mutex<Vec<Event>>,
        grown: watch::Sender<usize>,
        tasks: Mutex<Vec<Task>>,
        notifications: watch::Sender<Vec<Notification>>,
        /// The number of notifications that were closed.
        closed: Mutex<usize>,
        /// The task that the user is looking at.
        visible: watch::Sender<Option<TaskId>>,
        tray_updates: watch::Sender<Vec<Instant>>,
        /// How many of the next requests for tasks fail.
        failures: Mutex<u32>,
    }

    impl FakeDesktop {
        fn new() -> Self {
            Self {
                events: Mutex::default(),
                grown: watch::channel(0).0,
                tasks: Mutex::default(),
                notifications: watch::channel(Vec::new()).0,
                closed: Mutex::default(),
                visible: watch::channel(None).0,
                tray_updates: watch::channel(Vec::new()).0,
                failures: Mutex::default(),
            }
        }

        fn set_state(&self, id: i64, state: State) {
            let mut tasks = self.tasks.lock().unwrap();
            tasks.retain(|task| task.id != TaskId(id));
            tasks.push(task(id, &format!("T{id}"), state.clone()));
            let mut events = self.events.lock().unwrap();
            let seq = i64::try_from(events.len()).unwrap() + 1;
            let kind = EventKind::StateChanged { state };
            events.push(Event { seq, at: AT, task: Some(TaskId(id)), kind });
            self.grown.send_replace(events.len());
        }

        /// Runs the event reader for this time.
        async fn run_for(&self, cursor: &EventCursor, time: Duration) {
            let mut open = OpenNotifications::default();
            follow(self, cursor, self, &mut open, tokio::time::sleep(time)).await;
        }

        fn titles(&self) -> Vec<String> {
            self.notifications.borrow().iter().map(|shown| shown.title.clone()).collect()
        }
    }

    impl EventSource for FakeDesktop {
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
            let (running, attention, newest) = (Vec::new(), Vec::new(), Vec::new());
            Ok(Overview { queue, running, attention, newest })
        }

        async fn tasks(&self, ids: Vec<TaskId>) -> Result<Vec<Task>, ApiError> {
            let mut failures = self.failures.lock().unwrap();
            if let Some(left) = failures.checked_sub(1) {
                *failures = left;
                return Err(ApiError::internal("not now"));
            }
            let tasks = self.tasks.lock().unwrap();
            Ok(tasks.iter().filter(|task| ids.contains(&task.id)).cloned().collect())
        }

        async fn notification_settings(&self) -> Result<NotificationSettings, ApiError> {
            Ok(NotificationSettings { finished: true, failed: true, attention: true })
        }
    }

    impl Display for FakeDesktop {
        fn show_overview(&self, _: Overview) {
            self.tray_updates.send_modify(|updates| updates.push(Instant::now()));
        }

        fn notify(&self, request: NotificationRequest) {
            match request {
                NotificationRequest::Show(_, notification) => {
                    self.notifications.send_modify(|shown| shown.push(notification));
                }
                NotificationRequest::Close(_) => *self.closed.lock().unwrap() += 1,
            }
        }

        fn visible_task(&self) -> Option<TaskId> {
            *self.visible.borrow()
        }

        fn language(&self) -> Language {
            Language::English
        }

        async fn visible_task_changed(&self) {
            self.visible.subscribe().changed().await.unwrap();
        }
    }

    fn cursor() -> (tempfile::TempDir, EventCursor) {
        let directory = tempfile::tempdir().unwrap();
        let cursor = EventCursor::at(directory.path().join("told"));
        (directory, cursor)
    }

    const LONG: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn tasks_that_ended_before_the_first_start_are_not_notified_and_later_ones_once() {
        let (_directory, cursor) = cursor();
        let desktop = FakeDesktop::new();
        desktop.set_state(1, completed(0));
        desktop.run_for(&cursor, LONG).await;
        assert_eq!(cursor.read(), Some(1));
        // While the app is not running.
        desktop.set_state(2, failed("no"));
        for _ in 0..2 {
            desktop.run_for(&cursor, LONG).await;
            assert_eq!(desktop.titles(), ["T2"]);
        }
        assert_eq!(cursor.read(), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_end_within_two_seconds_share_one_notification() {
        let (_directory, cursor) = cursor();
        let desktop = FakeDesktop::new();
        desktop.set_state(9, running());
        let task_ends = async {
            // The reader first asks for the end of the stream.
            for (pause, id) in [(100, 1), (1_000, 2), (900, 3), (2_500, 4)] {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                desktop.set_state(id, completed(0));
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = desktop.run_for(&cursor, LONG) => {}
            () = task_ends => {}
        }
        assert_eq!(desktop.titles(), ["3 tasks ended", "T4"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pending_notification_is_shown_after_a_restart() {
        let (_directory, cursor) = cursor();
        let desktop = FakeDesktop::new();
        desktop.set_state(9, running());
        desktop.run_for(&cursor, LONG).await;
        desktop.set_state(1, completed(0));
        desktop.run_for(&cursor, MERGE_WINDOW / 2).await;
        assert_eq!(desktop.titles(), [""; 0]);
        desktop.run_for(&cursor, LONG).await;
        assert_eq!(desktop.titles(), ["T1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_notification_is_shown_later_when_its_tasks_cannot_be_read_at_first() {
        let (_directory, cursor) = cursor();
        let desktop = FakeDesktop::new();
        desktop.set_state(9, running());
        desktop.run_for(&cursor, LONG).await;
        *desktop.failures.lock().unwrap() = 2;
        desktop.set_state(1, completed(0));
        desktop.run_for(&cursor, LONG).await;
        assert_eq!(desktop.titles(), ["T1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_notification_is_closed_when_its_task_runs_again_or_becomes_visible() {
        let (_directory, cursor) = cursor();
        let desktop = FakeDesktop::new();
        desktop.set_state(9, running());
        let closed = || *desktop.closed.lock().unwrap();
        let changes = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            desktop.set_state(1, failed("no"));
            tokio::time::sleep(Duration::from_secs(3)).await;
            desktop.set_state(2, failed("no"));
            tokio::time::sleep(Duration::from_secs(3)).await;
            assert_eq!((desktop.titles().len(), closed()), (2, 0));
            desktop.set_state(1, running());
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(closed(), 1);
            desktop.visible.send_replace(Some(TaskId(2)));
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(closed(), 2);
        };
        tokio::select! {
            () = desktop.run_for(&cursor, 3 * LONG) => panic!("the reader ended first"),
            () = changes => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_tray_is_updated_at_most_four_times_a_second() {
        let (_directory, cursor) = cursor();
        let desktop = FakeDesktop::new();
        desktop.set_state(1, running());
        let events = async {
            for _ in 0..200 {
                desktop.set_state(1, running());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = desktop.run_for(&cursor, LONG) => {}
            () = events => {}
        }
        let updates = desktop.tray_updates.borrow().clone();
        assert!((8..=10).contains(&updates.len()), "{}", updates.len());
        assert!(updates.windows(2).all(|two| two[1] - two[0] >= TRAY_INTERVAL));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cursor_beyond_the_end_of_the_events_is_reset() {
        let (_directory, cursor) = cursor();
        cursor.write(1_000).unwrap();
        let desktop = FakeDesktop::new();
        desktop.set_state(1, completed(0));
        desktop.run_for(&cursor, LONG).await;
        assert_eq!(cursor.read(), Some(1));
    }
}
