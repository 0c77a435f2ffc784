//! What the tray shows: from the state of the engine to an icon, a tooltip and a menu, as data.

use claude_worker_api::{ApiError, Queue, State, Status, Task, TaskId, Timestamp, WaitReason};

use crate::icon::Icon;
use crate::language::Language;
use crate::launch::Page;
use crate::text::{clock, escape_markup, one_line};
use crate::words::Words;

/// The maximum number of running tasks in the menu.
pub const RUNNING_SHOWN: u32 = 5;
/// The maximum number of tasks in the menu that need the user.
pub const ATTENTION_SHOWN: u32 = 3;
/// The maximum number of other tasks in the menu.
const NEWEST_SHOWN: u32 = 4;
/// The number of newest tasks that are read, because some of them run or need the user.
pub const NEWEST_READ: u32 = RUNNING_SHOWN + ATTENTION_SHOWN + NEWEST_SHOWN;
/// The maximum length of a task's name in the menu, in characters.
const MAX_NAME: usize = 40;
/// The maximum length of what follows the name.
const MAX_DETAIL: usize = 36;

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
    /// Tasks that run, oldest first; at most [`RUNNING_SHOWN`].
    pub running: Vec<Task>,
    /// Tasks that need attention, newest first; at most [`ATTENTION_SHOWN`].
    pub attention: Vec<Task>,
    /// The newest tasks; at most [`NEWEST_READ`].
    pub newest: Vec<Task>,
}

/// What a click in the menu does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrayAction {
    /// Opens a page in the window.
    Show(Page),
    /// Opens the small window for a new task.
    QuickEntry,
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

/// What the tray shows, as the app knows it. The view also depends on the time.
#[derive(Debug, Clone, PartialEq)]
pub struct TrayContent {
    /// The state of the engine.
    pub state: TrayState,
    /// Whether the app starts at login; `None` if that cannot be chosen here.
    pub login: Option<bool>,
    /// The language of its words.
    pub language: Language,
}

impl TrayContent {
    /// What the tray shows at this time.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> TrayView {
        let words = Words::of(self.language);
        let (icon, tooltip) = summary(&self.state, words);
        TrayView { icon, tooltip, menu: menu(&self.state, self.login, now, words) }
    }
}

fn menu(state: &TrayState, login: Option<bool>, now: Timestamp, words: &Words) -> Vec<MenuEntry> {
    let button = |label: &str, action| MenuEntry::Button(label.to_owned(), action);
    let mut menu = Vec::new();
    match state {
        TrayState::Starting => menu.push(MenuEntry::Label(words.starting.to_owned())),
        TrayState::Stopped(error) => {
            menu.push(MenuEntry::Label(one_line(&error.message, 2 * MAX_NAME)));
            menu.push(button(words.start_engine, TrayAction::StartEngine));
        }
        TrayState::Running(overview) => {
            menu.extend(task_entries(overview, now, words));
            menu.push(MenuEntry::Separator);
            menu.push(button(words.new_task, TrayAction::Show(Page::New)));
            menu.push(button(words.quick_entry, TrayAction::QuickEntry));
            let (label, paused) = match overview.queue.paused {
                true => (words.resume_queue, false),
                false => (words.pause_queue, true),
            };
            menu.push(button(label, TrayAction::SetPaused(paused)));
        }
    }
    menu.push(MenuEntry::Separator);
    menu.push(button(words.open_window, TrayAction::Show(Page::Any)));
    if let Some(on) = login {
        menu.push(MenuEntry::Check(words.start_at_login.to_owned(), on, TrayAction::SetLogin(!on)));
    }
    menu.push(MenuEntry::Separator);
    menu.push(button(words.quit, TrayAction::Quit));
    menu
}

/// The entries about tasks: first those that run, with their time, then those that need the user, then
/// the newest. Each task is listed once.
fn task_entries(overview: &Overview, now: Timestamp, words: &Words) -> Vec<MenuEntry> {
    let Overview { queue, running, attention, newest } = overview;
    let more = |total: u64, shown: &[Task], label: fn(u64) -> String| {
        let left = total.saturating_sub(shown.len() as u64);
        (left > 0).then(|| MenuEntry::Button(label(left), TrayAction::Show(Page::Any)))
    };
    let mut entries = vec![MenuEntry::Label(counts(queue, words))];
    entries.extend(running.iter().map(|task| entry(task, running_time(task, now, words), words)));
    entries.extend(more(queue.counts.running, running, words.more_running));
    if !attention.is_empty() {
        entries.push(MenuEntry::Separator);
        entries.push(MenuEntry::Label(words.needs_you.to_owned()));
        entries.extend(attention.iter().map(|task| entry(task, outcome(task, words), words)));
        entries.extend(more(queue.unseen.total(), attention, words.more_need_you));
    }
    let listed: Vec<TaskId> = running.iter().chain(attention).map(|task| task.id).collect();
    let mut others = newest.iter().filter(|task| !listed.contains(&task.id)).peekable();
    if others.peek().is_some() {
        entries.push(MenuEntry::Separator);
        entries.push(MenuEntry::Label(words.newest.to_owned()));
        let others = others.take(NEWEST_SHOWN as usize);
        entries.extend(others.map(|task| entry(task, wait(task, words).map(str::to_owned), words)));
    }
    entries
}

/// The icon and the tooltip.
fn summary(state: &TrayState, words: &Words) -> (Icon, String) {
    let overview = match state {
        TrayState::Starting => return (Icon::Off, words.starting.to_owned()),
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
    let mut parts = vec![self::counts(&overview.queue, words)];
    if unseen.failed > 0 {
        parts.push((words.failed)(unseen.failed));
    }
    if unseen.denied > 0 {
        parts.push((words.denied)(unseen.denied));
    }
    (icon, parts.join(", "))
}

/// `3 running, 6 waiting`.
fn counts(queue: &Queue, words: &Words) -> String {
    let running = queue.counts.running;
    let waiting = queue.counts.pending + queue.counts.waiting;
    let text = match (running, waiting) {
        (0, 0) => words.nothing_running.to_owned(),
        _ => (words.running_waiting)(running, waiting),
    };
    if queue.paused { format!("{text} ({})", words.paused) } else { text }
}

/// How many quarters of the ring are filled: at least one if a task runs, all four only if every
/// worker is busy.
fn quarters(running: u64, workers: u32) -> u8 {
    let workers = u64::from(workers).max(1);
    let full = (running.min(workers) * 4) / workers;
    u8::try_from(full).unwrap_or(4).clamp(1, 4)
}

/// A button for a task: a symbol for its status, its name, and a detail.
fn entry(task: &Task, detail: Option<String>, words: &Words) -> MenuEntry {
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
    let name = if name.is_empty() { (words.task)(task.id) } else { name };
    let label = match detail {
        Some(detail) => format!("{symbol} {name} · {}", one_line(&detail, MAX_DETAIL)),
        None => format!("{symbol} {name}"),
    };
    MenuEntry::Button(label, TrayAction::Show(Page::Task(task.id)))
}

/// For how long a task has been running; `None` while its agent starts.
fn running_time(task: &Task, now: Timestamp, words: &Words) -> Option<String> {
    match task.state {
        State::Running { stopping: true, .. } => Some(words.stopping.to_owned()),
        State::Running { started_at: Some(at), .. } => Some(clock(now.millis_since(at))),
        _ => None,
    }
}

/// How a finished task ended.
fn outcome(task: &Task, words: &Words) -> Option<String> {
    task.state.verdict().map(|verdict| (words.completed)(&verdict))
}

/// What a waiting task waits for.
const fn wait(task: &Task, words: &Words) -> Option<&'static str> {
    match task.state {
        State::Waiting { reason: WaitReason::UsageLimit { .. } } => Some(words.usage_limit),
        State::Waiting { reason: WaitReason::RateLimit { .. } } => Some(words.rate_limit),
        State::Waiting { reason: WaitReason::Overloaded { .. } } => Some(words.overloaded),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Counts, Unseen};

    use super::*;
    use crate::samples::{self, AT, completed, failed, task};

    const NOW: Timestamp = Timestamp::from_millis(AT.as_millis() + 252_000);

    fn overview(counts: Counts, unseen: Unseen) -> Overview {
        let queue = Queue { paused: false, workers: 4, counts, unseen };
        Overview { queue, running: Vec::new(), attention: Vec::new(), newest: Vec::new() }
    }

    fn view(overview: Overview) -> TrayView {
        TrayContent {
            state: TrayState::Running(overview),
            login: None,
            language: Language::English,
        }
        .view(NOW)
    }

    fn running(running: u64) -> Counts {
        Counts { running, pending: 4, waiting: 2, ..Counts::default() }
    }

    /// The labels of the entries about tasks, with `---` for a separator.
    fn labels(overview: &Overview) -> Vec<String> {
        let label = |entry| match entry {
            MenuEntry::Separator => "---".to_owned(),
            MenuEntry::Label(label) | MenuEntry::Button(label, _) | MenuEntry::Check(label, ..) => {
                label
            }
        };
        task_entries(overview, NOW, Words::of(Language::English)).into_iter().map(label).collect()
    }

    #[test]
    fn the_icon_shows_the_most_important_status() {
        let icon = |counts, failed, denied| view(overview(counts, Unseen { failed, denied })).icon;
        assert_eq!(icon(Counts::default(), 0, 0), Icon::Idle);
        assert_eq!(icon(running(1), 0, 0), Icon::Running { quarters: 1 });
        assert_eq!(icon(running(3), 0, 0), Icon::Running { quarters: 3 });
        assert_eq!(icon(running(9), 0, 0), Icon::Running { quarters: 4 });
        assert_eq!(icon(running(3), 0, 1), Icon::Attention);
        assert_eq!(icon(running(3), 1, 1), Icon::Failed);
        let starting =
            TrayContent { state: TrayState::Starting, login: None, language: Language::English };
        assert_eq!(starting.view(NOW).icon, Icon::Off);
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
        let split = task(131, "Split", samples::running());
        let broken = task(128, "Generate <b> API_client", failed("Credit balance too low"));
        let overview = Overview {
            running: vec![split.clone()],
            attention: vec![broken.clone()],
            newest: vec![split, broken, task(7, "", completed(0))],
            ..overview(running(1), Unseen { failed: 1, denied: 0 })
        };
        let content = TrayContent {
            state: TrayState::Running(overview),
            login: Some(true),
            language: Language::English,
        };
        let view = content.view(NOW);
        assert_eq!(view.tooltip, "1 running, 6 waiting, 1 failed");
        let show = |name: &str, id| {
            MenuEntry::Button(name.to_owned(), TrayAction::Show(Page::Task(TaskId(id))))
        };
        let label = |text: &str| MenuEntry::Label(text.to_owned());
        let button = |name: &str, act| MenuEntry::Button(name.to_owned(), act);
        let expected = vec![
            label("1 running, 6 waiting"),
            show("● Split · 4:12", 131),
            MenuEntry::Separator,
            label("Needs you"),
            show("✗ Generate <b> API_client · Credit balance too low", 128),
            MenuEntry::Separator,
            label("Newest"),
            show("✓ Task 7", 7),
            MenuEntry::Separator,
            button("New task…", TrayAction::Show(Page::New)),
            button("Quick entry…", TrayAction::QuickEntry),
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
    fn what_runs_is_listed_even_if_many_newer_tasks_have_ended() {
        let overview = Overview {
            running: vec![task(1, "Long", samples::running())],
            newest: (2..=20).rev().map(|id| task(id, "Quick", completed(0))).collect(),
            ..overview(running(1), Unseen::default())
        };
        let labels = labels(&overview);
        assert_eq!(labels[1], "● Long · 4:12");
        let newest = labels.iter().filter(|label| label.contains("Quick")).count();
        assert_eq!(newest, NEWEST_SHOWN as usize);
    }

    #[test]
    fn the_menu_counts_what_it_has_no_room_for() {
        let tasks = |count: u32, state: State| -> Vec<Task> {
            (0..count)
                .map(|id| task(i64::from(id) + 1, &"long ".repeat(99), state.clone()))
                .collect()
        };
        let overview = Overview {
            running: tasks(RUNNING_SHOWN, samples::running()),
            attention: tasks(ATTENTION_SHOWN, failed(&"why ".repeat(99))),
            ..overview(running(40), Unseen { failed: 5, denied: 0 })
        };
        let labels = labels(&overview);
        assert!(labels.contains(&"35 more running".to_owned()), "{labels:?}");
        assert!(labels.contains(&"2 more need you".to_owned()), "{labels:?}");
        assert!(labels.iter().all(|label| label.chars().count() <= 2 + MAX_NAME + 3 + MAX_DETAIL));
    }

    #[test]
    fn a_paused_queue_and_denied_tools_are_shown() {
        let mut overview = overview(Counts::default(), Unseen { failed: 0, denied: 2 });
        overview.queue.paused = true;
        overview.newest = vec![task(1, "x", completed(2)), task(2, "y", samples::waiting())];
        let view = view(overview);
        assert_eq!(view.tooltip, "Nothing running (paused), 2 were denied tools");
        let labels = view.menu.iter().filter_map(|item| match item {
            MenuEntry::Button(label, _) => Some(label.as_str()),
            _ => None,
        });
        assert_eq!(
            labels.collect::<Vec<_>>(),
            [
                "! x",
                "◌ y · usage limit",
                "New task…",
                "Quick entry…",
                "Resume queue",
                "Open window",
                "Quit"
            ]
        );
    }

    #[test]
    fn without_an_engine_the_menu_shows_why_and_offers_to_start_one() {
        let error = ApiError::unavailable("The <engine> was stopped");
        let view = TrayContent {
            state: TrayState::Stopped(error),
            login: None,
            language: Language::English,
        }
        .view(NOW);
        assert_eq!(view.icon, Icon::Off);
        assert_eq!(view.tooltip, "The &lt;engine&gt; was stopped");
        assert_eq!(view.menu[0], MenuEntry::Label("The <engine> was stopped".to_owned()));
        assert_eq!(
            view.menu[1],
            MenuEntry::Button("Start the engine".to_owned(), TrayAction::StartEngine)
        );
    }
}
