//! Which notifications may be on the screen, and which of them are outdated.

use std::collections::VecDeque;

use claude_worker_api::{Task, TaskId};

use crate::notification::{Notification, TaskUpdate};

/// The maximum number of tasks that they are about: as many as one request can name. The oldest are
/// forgotten.
const MAX_TASKS: usize = 1_000;

/// Identifies a notification until the app exits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NotificationId(u64);

/// What is to be done on the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationRequest {
    /// Show a notification.
    Show(NotificationId, Notification),
    /// Close it, if it is still on the screen.
    Close(NotificationId),
}

/// The notifications that may be on the screen, with what they report.
#[derive(Debug, Default)]
pub struct OpenNotifications {
    newest: u64,
    open: VecDeque<(NotificationId, Vec<TaskUpdate>)>,
}

impl OpenNotifications {
    /// Adds one that will be shown.
    pub fn add(&mut self, notification: &Notification) -> NotificationId {
        self.newest += 1;
        let id = NotificationId(self.newest);
        self.open.push_back((id, notification.updates.clone()));
        while self.open.iter().map(|(_, updates)| updates.len()).sum::<usize>() > MAX_TASKS {
            self.open.pop_front();
        }
        id
    }

    /// The tasks that they are about.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskId> {
        let mut tasks: Vec<TaskId> =
            self.open.iter().flat_map(|(_, updates)| updates).map(|update| update.task).collect();
        tasks.sort_unstable();
        tasks.dedup();
        tasks
    }

    /// Removes those that report nothing that is still true: their tasks were looked at, run again, or
    /// no longer exist. `tasks` are the tasks as they are now, `visible` is the one that the user is
    /// looking at.
    pub fn remove_outdated(
        &mut self,
        tasks: &[Task],
        visible: Option<TaskId>,
    ) -> Vec<NotificationId> {
        let is_current = |update: &TaskUpdate| {
            let task = tasks.iter().find(|task| task.id == update.task);
            visible != Some(update.task) && task.is_some_and(|task| update.is_current(task))
        };
        let mut outdated = Vec::new();
        self.open.retain(|(id, updates)| {
            let keep = updates.iter().any(is_current);
            if !keep {
                outdated.push(*id);
            }
            keep
        });
        outdated
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::NotificationSettings;

    use super::*;
    use crate::language::Language;
    use crate::notification::{Change, notification};
    use crate::samples::{AT, completed, failed, running, task};

    /// The notification about the end of these tasks.
    fn about(tasks: &[Task]) -> Notification {
        let all = NotificationSettings { finished: true, failed: true, attention: true };
        let update =
            |task: &Task| TaskUpdate { seq: task.id.0, task: task.id, change: Change::Ended(AT) };
        let updates: Vec<_> = tasks.iter().map(update).collect();
        notification(&updates, tasks, &all, None, Language::English).unwrap()
    }

    /// The number of notifications that are outdated, of one about these tasks.
    fn outdated(about: &[Task], now: &[Task], visible: Option<TaskId>) -> usize {
        let mut open = OpenNotifications::default();
        open.add(&self::about(about));
        assert_eq!(open.tasks().len(), about.len());
        let outdated = open.remove_outdated(now, visible).len();
        assert_eq!(open.tasks().is_empty(), outdated == 1);
        outdated
    }

    #[test]
    fn a_notification_is_outdated_when_its_task_was_seen_runs_again_or_is_gone() {
        let broken = task(1, "x", failed("no"));
        let about = std::slice::from_ref(&broken);
        assert_eq!(outdated(about, about, None), 0);
        assert_eq!(outdated(about, about, Some(TaskId(1))), 1);
        assert_eq!(outdated(about, &[Task { unseen: false, ..broken.clone() }], None), 1);
        assert_eq!(outdated(about, &[task(1, "x", running())], None), 1);
        assert_eq!(outdated(about, &[], None), 1);
    }

    #[test]
    fn a_notification_of_several_tasks_is_outdated_when_all_of_them_are() {
        let about = [task(1, "x", failed("no")), task(2, "y", completed(0))];
        let seen = about.clone().map(|task| Task { unseen: false, ..task });
        assert_eq!(outdated(&about, &about, None), 0);
        assert_eq!(outdated(&about, &[about[0].clone(), seen[1].clone()], None), 0);
        assert_eq!(outdated(&about, &seen, None), 1);
    }

    #[test]
    fn the_number_of_open_notifications_is_bounded() {
        let mut open = OpenNotifications::default();
        for id in 0..2_000 {
            open.add(&about(&[task(id, "x", failed("no"))]));
        }
        assert_eq!(open.tasks().len(), MAX_TASKS);
        assert_eq!(open.tasks().last(), Some(&TaskId(1_999)));
    }
}
