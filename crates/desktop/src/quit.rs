//! Quitting the app: whether to ask the user first, and the text of the question.

use claude_worker_api::Queue;

use crate::language::Language;
use crate::words::Words;

/// What happens to the queue when the user quits the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuitMode {
    /// An engine in the background continues the queue.
    Background,
    /// Running tasks are cancelled; the others wait for the next start.
    Stop,
}

impl std::str::FromStr for QuitMode {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "background" => Ok(Self::Background),
            "stop" => Ok(Self::Stop),
            other => Err(format!("\"{other}\" is not a way to quit: background or stop")),
        }
    }
}

/// The question before the app quits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The title of the dialog.
    pub heading: &'static str,
    /// What runs and waits.
    pub title: String,
    /// What the buttons do.
    pub text: String,
    /// The button for [`QuitMode::Background`]; it has the focus.
    pub background: &'static str,
    /// The button for [`QuitMode::Stop`].
    pub stop: &'static str,
    /// The button that closes the question.
    pub cancel: &'static str,
}

/// The question for this queue; `None` if no task is running or waiting.
#[must_use]
pub fn question(queue: &Queue, language: Language) -> Option<Question> {
    let words = Words::of(language);
    let running = queue.counts.running;
    let waiting = queue.counts.pending + queue.counts.waiting;
    let title = match (running, waiting) {
        (0, 0) => return None,
        (0, _) => (words.tasks_queued)(waiting),
        (_, 0) => (words.tasks_running)(running),
        _ => format!("{}, {}", (words.tasks_running)(running), (words.more_queued)(waiting)),
    };
    let stop = if running == 0 {
        words.stop_keeps
    } else if waiting == 0 {
        words.stop_cancels
    } else {
        words.stop_cancels_and_keeps
    };
    Some(Question {
        heading: words.quit_heading,
        title,
        text: format!("{} {stop}", words.keep_running_explained),
        background: words.keep_running,
        stop: words.stop,
        cancel: words.do_not_quit,
    })
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Counts, Unseen};

    use super::*;

    fn asked(running: u64, pending: u64, waiting: u64) -> Option<Question> {
        question(
            &Queue {
                paused: false,
                workers: 4,
                counts: Counts { running, pending, waiting, completed: 9, ..Counts::default() },
                unseen: Unseen::default(),
            },
            Language::English,
        )
    }

    #[test]
    fn only_running_or_waiting_tasks_need_a_question() {
        assert_eq!(asked(0, 0, 0), None);
        assert_eq!(asked(1, 0, 0).unwrap().title, "1 task is running");
        assert_eq!(asked(2, 0, 1).unwrap().title, "2 tasks are running, 1 more in the queue");
        assert_eq!(asked(0, 1, 0).unwrap().title, "1 task is in the queue");
        assert!(asked(0, 3, 0).unwrap().text.contains("keeps the queue until"));
        assert!(asked(1, 0, 0).unwrap().text.ends_with("Stop cancels running tasks."));
    }
}
