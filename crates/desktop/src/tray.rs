//! What the tray shows: from how things stand to an icon, a tooltip and a menu, as data.

use claude_worker_api::{ApiError, Queue, State, Status, Task, WaitReason};

use crate::icon::Icon;
use crate::launch::Page;
use crate::text::{count, no_markup, one_line};

/// How many tasks the menu shows.
pub const TASKS_SHOWN: u32 = 6;
/// How many characters of a task's name the menu shows.
const LONGEST_NAME: usize = 48;

/// How the app's engine stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// It is being started.
    Starting,
    /// It works.
    Up(Overview),
    /// There is none: it could not be started, or was told to stop.
    Down(ApiError),
}

/// The queue and the tasks worth a line in the menu.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// The queue.
    pub queue: Queue,
    /// Tasks that need a person, newest first.
    pub attention: Vec<Task>,
    /// The newest tasks.
    pub newest: Vec<Task>,
}

/// What a menu item does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Shows a page in the window.
    Show(Page),
    /// Pauses the queue, or lets it go on.
    SetPaused(bool),
    /// Makes the app start at login, or not.
    SetLogin(bool),
    /// Starts an engine, where there is none.
    StartEngine,
    /// Leaves the app, after a question when there is work left.
    Quit,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Words only.
    Words(String),
    /// A line between groups.
    Line,
    /// Something to click.
    Button(String, Act),
    /// Something to turn on or off.
    Check(String, bool, Act),
}

/// Everything the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The icon.
    pub icon: Icon,
    /// The tooltip's text; may be shown as markup, so that there is none in it.
    pub tooltip: String,
    /// The menu.
    pub menu: Vec<Item>,
}

/// What the tray shows when things stand like this. `login` says whether the app starts at login;
/// none where that cannot be chosen.
#[must_use]
pub fn view(standing: &Standing, login: Option<bool>) -> View {
    let (icon, tooltip) = summary(standing);
    let mut menu = Vec::new();
    match standing {
        Standing::Starting => menu.push(Item::Words("Starting…".to_owned())),
        Standing::Down(error) => {
            menu.push(Item::Words(one_line(&error.message, 2 * LONGEST_NAME)));
            menu.push(Item::Button("Start the engine".to_owned(), Act::StartEngine));
        }
        Standing::Up(overview) => {
            menu.push(Item::Words(counts(&overview.queue)));
            let tasks = worth_a_line(overview);
            if !tasks.is_empty() {
                menu.push(Item::Line);
            }
            let button = |task: &Task| Item::Button(line(task), Act::Show(Page::Task(task.id)));
            menu.extend(tasks.into_iter().map(button));
            menu.push(Item::Line);
            menu.push(Item::Button("New task…".to_owned(), Act::Show(Page::New)));
            let (words, paused) = match overview.queue.paused {
                true => ("Resume queue", false),
                false => ("Pause queue", true),
            };
            menu.push(Item::Button(words.to_owned(), Act::SetPaused(paused)));
        }
    }
    menu.push(Item::Line);
    menu.push(Item::Button("Open window".to_owned(), Act::Show(Page::Any)));
    if let Some(on) = login {
        menu.push(Item::Check("Start at login".to_owned(), on, Act::SetLogin(!on)));
    }
    menu.push(Item::Line);
    menu.push(Item::Button("Quit".to_owned(), Act::Quit));
    View { icon, tooltip, menu }
}

/// The icon and the tooltip.
fn summary(standing: &Standing) -> (Icon, String) {
    let overview = match standing {
        Standing::Starting => return (Icon::Off, "Starting".to_owned()),
        Standing::Down(error) => return (Icon::Off, no_markup(&one_line(&error.message, 200))),
        Standing::Up(overview) => overview,
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
    let words = match (running, waiting) {
        (0, 0) => "Nothing running".to_owned(),
        _ => format!("{running} running, {waiting} waiting"),
    };
    if queue.paused { format!("{words} (paused)") } else { words }
}

/// How much of the ring is full: at least one quarter when anything runs, all four only when
/// every worker is busy.
fn quarters(running: u64, workers: u32) -> u8 {
    let workers = u64::from(workers).max(1);
    let full = (running.min(workers) * 4) / workers;
    u8::try_from(full).unwrap_or(4).clamp(1, 4)
}

/// First what needs a person, then the newest, each once.
fn worth_a_line(overview: &Overview) -> Vec<&Task> {
    let known = |task: &&Task| overview.attention.iter().all(|other| other.id != task.id);
    overview
        .attention
        .iter()
        .chain(overview.newest.iter().filter(known))
        .take(TASKS_SHOWN as usize)
        .collect()
}

/// A task in one line: how it stands, as a sign, and its name.
fn line(task: &Task) -> String {
    let sign = match (&task.state, task.state.status()) {
        (State::Completed { denied_tools, .. }, _) if !denied_tools.is_empty() => '!',
        (_, Status::Waiting | Status::Pending) => '◌',
        (_, Status::Running) => '●',
        (_, Status::Completed) => '✓',
        (_, Status::Failed) => '✗',
        (_, Status::Cancelled | Status::Skipped) => '–',
        (_, Status::Unknown(_)) => '?',
    };
    let name = one_line(&task.name, LONGEST_NAME);
    let name = if name.is_empty() { format!("Task {}", task.id) } else { name };
    match task.state {
        State::Waiting { reason: WaitReason::UsageLimit { .. } } => {
            format!("{sign} {name} (usage limit)")
        }
        State::Waiting { reason: WaitReason::RateLimit { .. } } => {
            format!("{sign} {name} (rate limit)")
        }
        State::Waiting { reason: WaitReason::Overloaded { .. } } => {
            format!("{sign} {name} (API overloaded)")
        }
        _ => format!("{sign} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Counts, Unseen};

    use super::*;
    use crate::samples::{self, completed, failed, task};

    fn up(counts: Counts, unseen: Unseen) -> Standing {
        let queue = Queue { paused: false, workers: 4, counts, unseen };
        Standing::Up(Overview { queue, attention: Vec::new(), newest: Vec::new() })
    }

    fn running(running: u64) -> Counts {
        Counts { running, pending: 4, waiting: 2, ..Counts::default() }
    }

    #[test]
    fn the_icon_says_what_matters_most() {
        let icon = |counts, failed, denied| view(&up(counts, Unseen { failed, denied }), None).icon;
        assert_eq!(icon(Counts::default(), 0, 0), Icon::Idle);
        assert_eq!(icon(running(1), 0, 0), Icon::Running { quarters: 1 });
        assert_eq!(icon(running(3), 0, 0), Icon::Running { quarters: 3 });
        assert_eq!(icon(running(9), 0, 0), Icon::Running { quarters: 4 });
        assert_eq!(icon(running(3), 0, 1), Icon::Attention);
        assert_eq!(icon(running(3), 1, 1), Icon::Failed);
        assert_eq!(view(&Standing::Starting, None).icon, Icon::Off);
    }

    #[test]
    fn one_of_many_workers_is_one_quarter_and_not_yet_all_is_not_four() {
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
        let view = view(&Standing::Up(overview), Some(true));
        assert_eq!(view.tooltip, "3 running, 6 waiting, 1 failed");
        let show = |name: &str, id| {
            Item::Button(name.to_owned(), Act::Show(Page::Task(claude_worker_api::TaskId(id))))
        };
        let button = |name: &str, act| Item::Button(name.to_owned(), act);
        let expected = vec![
            Item::Words("3 running, 6 waiting".to_owned()),
            Item::Line,
            show("✗ Generate <b> API_client", 128),
            show("● Split", 131),
            show("✓ Task 7", 7),
            Item::Line,
            button("New task…", Act::Show(Page::New)),
            button("Pause queue", Act::SetPaused(true)),
            Item::Line,
            button("Open window", Act::Show(Page::Any)),
            Item::Check("Start at login".to_owned(), true, Act::SetLogin(false)),
            Item::Line,
            button("Quit", Act::Quit),
        ];
        assert_eq!(view.menu, expected);
    }

    #[test]
    fn a_paused_queue_and_denied_tools_are_said() {
        let mut overview = match up(Counts::default(), Unseen { failed: 0, denied: 2 }) {
            Standing::Up(overview) => overview,
            other => panic!("{other:?}"),
        };
        overview.queue.paused = true;
        overview.newest = vec![task(1, "x", completed(2)), task(2, "y", samples::waiting())];
        let view = view(&Standing::Up(overview), None);
        assert_eq!(view.tooltip, "Nothing running (paused), 2 were denied tools");
        let labels = view.menu.iter().filter_map(|item| match item {
            Item::Button(label, _) => Some(label.as_str()),
            _ => None,
        });
        assert_eq!(
            labels.collect::<Vec<_>>(),
            ["! x", "◌ y (usage limit)", "New task…", "Resume queue", "Open window", "Quit"]
        );
    }

    #[test]
    fn without_an_engine_the_menu_says_why_and_offers_one() {
        let error = ApiError::unavailable("The <engine> was stopped");
        let view = view(&Standing::Down(error), None);
        assert_eq!(view.icon, Icon::Off);
        assert_eq!(view.tooltip, "The &lt;engine&gt; was stopped");
        assert_eq!(view.menu[0], Item::Words("The <engine> was stopped".to_owned()));
        assert_eq!(view.menu[1], Item::Button("Start the engine".to_owned(), Act::StartEngine));
    }
}
