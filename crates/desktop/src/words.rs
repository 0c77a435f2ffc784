//! The words of tray, notifications and dialogs, by language. Texts of the engine, such as why a task
//! failed, are English in all of them.

use claude_worker_api::{TaskId, Verdict, format_duration};

use crate::language::Language;
use crate::text::count;

/// The words in one language. Functions make the texts that depend on numbers or names.
pub(crate) struct Words {
    pub(crate) starting: &'static str,
    pub(crate) start_engine: &'static str,
    pub(crate) new_task: &'static str,
    pub(crate) quick_entry: &'static str,
    pub(crate) resume_queue: &'static str,
    pub(crate) pause_queue: &'static str,
    pub(crate) open_window: &'static str,
    pub(crate) start_at_login: &'static str,
    pub(crate) quit: &'static str,
    pub(crate) needs_you: &'static str,
    pub(crate) newest: &'static str,
    pub(crate) stopping: &'static str,
    pub(crate) usage_limit: &'static str,
    pub(crate) rate_limit: &'static str,
    pub(crate) overloaded: &'static str,
    pub(crate) nothing_running: &'static str,
    pub(crate) paused: &'static str,
    pub(crate) task: fn(TaskId) -> String,
    pub(crate) more_running: fn(u64) -> String,
    pub(crate) more_need_you: fn(u64) -> String,
    /// How many tasks run, and how many wait.
    pub(crate) running_waiting: fn(u64, u64) -> String,
    pub(crate) failed: fn(u64) -> String,
    pub(crate) denied: fn(u64) -> String,
    /// How a task that completed ended.
    pub(crate) completed: fn(&Verdict) -> String,
    /// What a task waits for, in the engine's words, and that it goes on by itself.
    pub(crate) waits: fn(&str) -> String,
    /// For how many milliseconds a task has been silent.
    pub(crate) silent: fn(u64) -> String,
    pub(crate) tasks_failed: fn(u64) -> String,
    pub(crate) tasks_ended: fn(u64) -> String,
    pub(crate) tasks_need_you: fn(u64) -> String,
    /// After how many tasks ended.
    pub(crate) need_you: fn(u64) -> String,
    pub(crate) and_more: fn(usize) -> String,
    pub(crate) tasks_running: fn(u64) -> String,
    pub(crate) tasks_queued: fn(u64) -> String,
    pub(crate) more_queued: fn(u64) -> String,
    pub(crate) stop_keeps: &'static str,
    pub(crate) stop_cancels: &'static str,
    pub(crate) stop_cancels_and_keeps: &'static str,
    pub(crate) keep_running_explained: &'static str,
    pub(crate) quit_heading: &'static str,
    pub(crate) keep_running: &'static str,
    pub(crate) stop: &'static str,
    pub(crate) do_not_quit: &'static str,
    pub(crate) open: &'static str,
    pub(crate) retry: &'static str,
}

impl Words {
    /// The words of a language.
    pub(crate) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::German => &GERMAN,
        }
    }
}

static ENGLISH: Words = Words {
    starting: "Starting…",
    start_engine: "Start the engine",
    new_task: "New task…",
    quick_entry: "Quick entry…",
    resume_queue: "Resume queue",
    pause_queue: "Pause queue",
    open_window: "Open window",
    start_at_login: "Start at login",
    quit: "Quit",
    needs_you: "Needs you",
    newest: "Newest",
    stopping: "stopping",
    usage_limit: "usage limit",
    rate_limit: "rate limit",
    overloaded: "API overloaded",
    nothing_running: "Nothing running",
    paused: "paused",
    task: |id| format!("Task {id}"),
    more_running: |left| format!("{left} more running"),
    more_need_you: |left| format!("{left} more need you"),
    running_waiting: |running, waiting| format!("{running} running, {waiting} waiting"),
    failed: |tasks| format!("{tasks} failed"),
    denied: |tasks| count(tasks, "was denied a tool", "were denied tools"),
    completed: Verdict::describe,
    waits: |reason| format!("{reason}, goes on by itself"),
    silent: |millis| format!("Silent for {}", format_duration(millis)),
    tasks_failed: |tasks| count(tasks, "task failed", "tasks failed"),
    tasks_ended: |tasks| count(tasks, "task ended", "tasks ended"),
    tasks_need_you: |tasks| count(tasks, "task needs you", "tasks need you"),
    need_you: |tasks| count(tasks, "needs you", "need you"),
    and_more: |left| format!("and {left} more"),
    tasks_running: |tasks| count(tasks, "task is running", "tasks are running"),
    tasks_queued: |tasks| count(tasks, "task is in the queue", "tasks are in the queue"),
    more_queued: |tasks| format!("{tasks} more in the queue"),
    stop_keeps: "Stop keeps the queue until the next start.",
    stop_cancels: "Stop cancels running tasks.",
    stop_cancels_and_keeps: "Stop cancels running tasks and keeps the rest of the queue until the next start.",
    keep_running_explained: "Keep running continues the queue in the background, without the app.",
    quit_heading: "Quit Claude Worker",
    keep_running: "Keep running",
    stop: "Stop",
    do_not_quit: "Do not quit",
    open: "Open",
    retry: "Retry",
};

static GERMAN: Words = Words {
    starting: "Startet …",
    start_engine: "Engine starten",
    new_task: "Neuer Auftrag …",
    quick_entry: "Schnelleingabe …",
    resume_queue: "Warteschlange fortsetzen",
    pause_queue: "Warteschlange anhalten",
    open_window: "Fenster öffnen",
    start_at_login: "Bei der Anmeldung starten",
    quit: "Beenden",
    needs_you: "Zu klären",
    newest: "Neueste",
    stopping: "hält an",
    usage_limit: "Nutzungslimit",
    rate_limit: "Ratenlimit",
    overloaded: "API überlastet",
    nothing_running: "Nichts läuft",
    paused: "angehalten",
    task: |id| format!("Auftrag {id}"),
    more_running: |left| format!("{left} weitere laufen"),
    more_need_you: |left| format!("{left} weitere zu klären"),
    running_waiting: |running, waiting| format!("{running} laufen, {waiting} warten"),
    failed: |tasks| format!("{tasks} fehlgeschlagen"),
    denied: |tasks| format!("{tasks} mit verweigertem Werkzeug"),
    completed: |verdict| match verdict {
        Verdict::Completed { denied_tools, notes } if notes.is_empty() => {
            match denied_tools.len() {
                0 => "Fertig".to_owned(),
                1 => "Fertig, 1 Werkzeugaufruf wurde verweigert".to_owned(),
                calls => format!("Fertig, {calls} Werkzeugaufrufe wurden verweigert"),
            }
        }
        other => other.describe(),
    },
    waits: |reason| format!("{reason}, geht von selbst weiter"),
    silent: |millis| format!("Still seit {}", german_duration(millis)),
    tasks_failed: |tasks| count(tasks, "Auftrag fehlgeschlagen", "Aufträge fehlgeschlagen"),
    tasks_ended: |tasks| count(tasks, "Auftrag beendet", "Aufträge beendet"),
    tasks_need_you: |tasks| count(tasks, "Auftrag zu klären", "Aufträge zu klären"),
    need_you: |tasks| format!("{tasks} zu klären"),
    and_more: |left| format!("und {left} weitere"),
    tasks_running: |tasks| count(tasks, "Auftrag läuft", "Aufträge laufen"),
    tasks_queued: |tasks| {
        count(tasks, "Auftrag ist in der Warteschlange", "Aufträge sind in der Warteschlange")
    },
    more_queued: |tasks| format!("{tasks} weitere in der Warteschlange"),
    stop_keeps: "„Anhalten“ behält die Warteschlange bis zum nächsten Start.",
    stop_cancels: "„Anhalten“ bricht laufende Aufträge ab.",
    stop_cancels_and_keeps: "„Anhalten“ bricht laufende Aufträge ab und behält den Rest der Warteschlange bis zum nächsten Start.",
    keep_running_explained: "„Weiterlaufen“ setzt die Warteschlange im Hintergrund fort, ohne die App.",
    quit_heading: "Claude Worker beenden",
    keep_running: "Weiterlaufen",
    stop: "Anhalten",
    do_not_quit: "Nicht beenden",
    open: "Öffnen",
    retry: "Wiederholen",
};

/// The words of the dialog that chooses a directory.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryChooser {
    /// The heading.
    pub title: &'static str,
    /// The button that takes the directory.
    pub choose: &'static str,
    /// The button that closes the dialog.
    pub cancel: &'static str,
}

/// The words of the dialog that chooses a directory.
#[must_use]
pub const fn directory_chooser(language: Language) -> DirectoryChooser {
    match language {
        Language::English => {
            DirectoryChooser { title: "Choose a directory", choose: "Choose", cancel: "Cancel" }
        }
        Language::German => DirectoryChooser {
            title: "Verzeichnis auswählen",
            choose: "Auswählen",
            cancel: "Abbrechen",
        },
    }
}

/// A duration in words: `45 Sekunden`, `5 Minuten`, `2 Stunden`.
fn german_duration(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..120 => count(seconds, "Sekunde", "Sekunden"),
        120..7200 => count(seconds / 60, "Minute", "Minuten"),
        _ => count(seconds / 3600, "Stunde", "Stunden"),
    }
}
