//! What the tray shows: from the state of the engine to an icon, a tooltip and a menu, as data.

use claude_worker_api::{ApiError, Queue, State, Status, Task, WaitReason};

use crate::icon::Icon;
use crate::launch::Page;
use crate::text::{count, escape_markup, one_line};

/// The maximum number of tasks in the menu.
pub const TASKS_SHOWN: u32 = 6;
/// The maximum length of a task's name in the menu, in characters.
const MAX_NAME: usize = 48;

/// The state of the app's engine, with what the tray shows of it.
#[derive(Debug, Clone, PartialEq)]
pub enum TrayState {
    /// The engine is starting.
    Starting,
    /// The engine accepts requests.
    Running(Overview),
    /// There is no engine: it could not be started, or was stopped.
    Stopped(ApiError),
}

/// The queue and the tasks that the menu lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// The queue.
    pub queue: Queue,
    /// Tasks that need attention, newest first.
    pub attention: Vec<Task>,
    /// The newest tasks.
    pub newest: Vec<Task>,
}

/// What a click in the menu does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrayAction {
    /// Opens a page in the window.
    Show(Page),
    /// Pauses the queue, or resumes it.
    SetPaused(bool),
    /// Turns starting at login on or off.
    SetLogin(bool),
    /// Starts the engine, if there is none.
    StartEngine,
    /// Quits the app; asks first if tasks are running or waiting.
    Quit,
}

/// An entry of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MenuEntry {
    /// Text that cannot be clicked.
    Label(String),
    /// A line between groups.
    Separator,
    /// A button.
    Button(String, TrayAction),
    /// A check box and its value.
    Check(String, bool, TrayAction),
}

/// Everything the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayView {
    /// The icon.
    pub icon: Icon,
    /// The tooltip. Markup is escaped, because a desktop may interpret it.
    pub tooltip: String,
    /// The menu.
    pub menu: Vec<MenuEntry>,
}

/// What the tray shows in this state. `login` says whether the app starts at login; `None` if that
/// cannot be chosen here.
#[must_use]
pub fn view(state: &TrayState, login: Option<bool>) -> TrayView {
    let (icon, tooltip) = summary(state);
    let mut menu = Vec::new();
    match state {
        TrayState::Starting => menu.push(MenuEntry::Label("Starting…".to_owned())),
        TrayState::Stopped(error) => {
            menu.push(MenuEntry::Label(one_line(&error.message, 2 * MAX_NAME)));
            menu.push(MenuEntry::Button("Start the engine".to_owned(), TrayAction::StartEngine));
        }
        TrayState::Running(overview) => {
            menu.push(MenuEntry::Label(counts(&overview.queue)));
            let tasks = listed_tasks(overview);
            if !tasks.is_empty() {
                menu.push(MenuEntry::Separator);
            }
            let button =
                |task: &Task| MenuEntry::Button(line(task), TrayAction::Show(Page::Task(task.id)));
            menu.extend(tasks.into_iter().map(button));
            menu.push(MenuEntry::Separator);
            menu.push(MenuEntry::Button("New task…".to_owned(), TrayAction::Show(Page::New)));
            let (label, paused) = match overview.queue.paused {
                true => ("Resume queue", false),
                false => ("Pause queue", true),
            };
            menu.push(MenuEntry::Button(label.to_owned(), TrayAction::SetPaused(paused)));
        }
    }
    menu.push(MenuEntry::Separator);
    menu.push(MenuEntry::Button("Open window".to_owned(), TrayAction::Show(Page::Any)));
    if let Some(on) = login {
        menu.push(MenuEntry::Check("Start at login".to_owned(), on, TrayAction::SetLogin(!on)));
    }
    menu.push(MenuEntry::Separator);
    menu.push(MenuEntry::Button("Quit".to_owned(), TrayAction::Quit));
    TrayView { icon, tooltip, menu }
}

/// The icon and the tooltip.
fn summary(state: &TrayState) -> (Icon, String) {
    let overview = match state {
        TrayState::Starting => return (Icon::Off, "Starting".to_owned()),
        TrayState::Stopped(error) => {
            return (Icon::Off, escape_markup(&one_line(&error.message, 200)));
        }
        TrayState::Running(overview) => overview,
    };
    let Queue { paused, workers, counts, unseen } = overview.queue;
    let icon = if unseen.failed > 0 {
        Icon::Failed
    } else if unseen.denied > 0 {
        Icon::Attention
    } else if counts.running > 0 {
        Icon::Running { quarters: quarters(counts.running, workers) }
    } else if paused {
        Icon::Paused
    } else {
        Icon::Idle
    };
    let mut parts = vec![self::counts(&overview.queue)];
    if unseen.failed > 0 {
        parts.push(format!("{} failed", unseen.failed));
    }
    if unseen.denied > 0 {
        parts.push(count(unseen.denied, "was denied a tool", "were denied tools"));
    }
    (icon, parts.join(", "))
}

/// `3 running, 6 waiting`.
fn counts(queue: &Queue) -> String {
    let running = queue.counts.running;
    let waiting = queue.counts.pending + queue.counts.waiting;
    let text = match (running, waiting) {
        (0, 0) => "Nothing running".to_owned(),
        _ => format!("{running} running, {waiting} waiting"),
    };
    if queue.paused { format!("{text} (paused)") } else { text }
}

/// How many quarters of the ring are filled: at least one if a task runs, all four only if every
/// worker is busy.
fn quarters(running: u64, workers: u32) -> u8 {
    let workers = u64::from(workers).max(1);
    let full = (running.min(workers) * 4) / workers;
    u8::try_from(full).unwrap_or(4).clamp(1, 4)
}

/// The tasks to list: first those that need attention, then the newest, each once.
fn listed_tasks(overview: &Overview) -> Vec<&Task> {
    let known = |task: &&Task| overview.attention.iter().all(|other| other.id != task.id);
    overview
        .attention
        .iter()
        .chain(overview.newest.iter().filter(known))
        .take(TASKS_SHOWN as usize)
        .collect()
}

/// A task in one line: a symbol for its status, and its name.
fn line(task: &Task) -> String {
    let symbol = match (&task.state, task.state.status()) {
        (State::Completed { denied_tools, .. }, _) if !denied_tools.is_empty() => '!',
        (_, Status::Waiting | Status::Pending) => '◌',
        (_, Status::Running) => '●',
        (_, Status::Completed) => '✓',
        (_, Status::Failed) => '✗',
        (_, Status::Cancelled | Status::Skipped) => '–',
        (_, Status::Unknown(_)) => '?',
    };
    let name = one_line(&task.name, MAX_NAME);
    let name = if name.is_empty() { format!("Task {}", task.id) } else { name };
    match task.state {
        State::Waiting { reason: WaitReason::UsageLimit { .. } } => {
            format!("{symbol} {name} (usage limit)")
        }
        State::Waiting { reason: WaitReason::RateLimit { .. } } => {
            format!("{symbol} {name} (rate limit)")
        }
        State::Waiting { reason: WaitReason::Overloaded { .. } } => {
            format!("{symbol} {name} (API overloaded)")
        }
        _ => format!("{symbol} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Counts, Unseen};

    use super::*;
    use crate::samples::{self, completed, failed, task};

    fn up(counts: Counts, unseen: Unseen) -> TrayState {
        let queue = Queue { paused: false, workers: 4, counts, unseen };
        TrayState::Running(Overview { queue, attention: Vec::new(), newest: Vec::new() })
    }

    fn running(running: u64) -> Counts {
        Counts { running, pending: 4, waiting: 2, ..Counts::default() }
    }

    #[test]
    fn the_icon_shows_the_most_important_status() {
        let icon = |counts, failed, denied| view(&up(counts, Unseen { failed, denied }), None).icon;
        assert_eq!(icon(Counts::default(), 0, 0), Icon::Idle);
        assert_eq!(icon(running(1), 0, 0), Icon::Running { quarters: 1 });
        assert_eq!(icon(running(3), 0, 0), Icon::Running { quarters: 3 });
        assert_eq!(icon(running(9), 0, 0), Icon::Running { quarters: 4 });
        assert_eq!(icon(running(3), 0, 1), Icon::Attention);
        assert_eq!(icon(running(3), 1, 1), Icon::Failed);
        assert_eq!(view(&TrayState::Starting, None).icon, Icon::Off);
    }

    #[test]
    fn a_busy_worker_fills_a_quarter_and_an_idle_one_leaves_a_quarter_empty() {
        assert_eq!(quarters(1, 100), 1);
        assert_eq!(quarters(99, 100), 3);
        assert_eq!(quarters(1, 1), 4);
        assert_eq!(quarters(1, 0), 4);
    }

    #[test]
    fn the_menu_of_a_working_engine() {
        let queue = Queue {
            paused: false,
            workers: 4,
            counts: running(3),
            unseen: Unseen { failed: 1, denied: 0 },
        };
        let broken = task(128, "Generate <b> API_client", failed("Credit balance too low"));
        let overview = Overview {
            queue,
            attention: vec![broken.clone()],
            newest: vec![task(131, "Split", samples::running()), broken, task(7, "", completed(0))],
        };
        let view = view(&TrayState::Running(overview), Some(true));
        assert_eq!(view.tooltip, "3 running, 6 waiting, 1 failed");
        let show = |name: &str, id| {
            MenuEntry::Button(
                name.to_owned(),
                TrayAction::Show(Page::Task(claude_worker_api::TaskId(id))),
            )
        };
        let button = |name: &str, act| MenuEntry::Button(name.to_owned(), act);
        let expected = vec![
            MenuEntry::Label("3 running, 6 waiting".to_owned()),
            MenuEntry::Separator,
            show("✗ Generate <b> API_client", 128),
            show("● Split", 131),
            show("✓ Task 7", 7),
            MenuEntry::Separator,
            button("New task…", TrayAction::Show(Page::New)),
            button("Pause queue", TrayAction::SetPaused(true)),
            MenuEntry::Separator,
            button("Open window", TrayAction::Show(Page::Any)),
            MenuEntry::Check("Start at login".to_owned(), true, TrayAction::SetLogin(false)),
            MenuEntry::Separator,
            button("Quit", TrayAction::Quit),
        ];
        assert_eq!(view.menu, expected);
    }

    #[test]
    fn a_paused_queue_and_denied_tools_are_shown() {
        let mut overview = match up(Counts::default(), Unseen { failed: 0, denied: 2 }) {
            TrayState::Running(overview) => overview,
            other => panic!("{other:?}"),
        };
        overview.queue.paused = true;
        overview.newest = vec![task(1, "x", completed(2)), task(2, "y", samples::waiting())];
        let view = view(&TrayState::Running(overview), None);
        assert_eq!(view.tooltip, "Nothing running (paused), 2 were denied tools");
        let labels = view.menu.iter().filter_map(|item| match item {
            MenuEntry::Button(label, _) => Some(label.as_str()),
            _ => None,
        });
        assert_eq!(
            labels.collect::<Vec<_>>(),
            ["! x", "◌ y (usage limit)", "New task…", "Resume queue", "Open window", "Quit"]
        );
    }

    #[test]
    fn without_an_engine_the_menu_shows_why_and_offers_to_start_one() {
        let error = ApiError::unavailable("The <engine> was stopped");
        let view = view(&TrayState::Stopped(error), None);
        assert_eq!(view.icon, Icon::Off);
        assert_eq!(view.tooltip, "The &lt;engine&gt; was stopped");
        assert_eq!(view.menu[0], MenuEntry::Label("The <engine> was stopped".to_owned()));
        assert_eq!(
            view.menu[1],
            MenuEntry::Button("Start the engine".to_owned(), TrayAction::StartEngine)
        );
    }
}
