//! Leaving while there is work left: whether to ask, and in which words.

use claude_worker_api::Queue;

use crate::text::count;

/// How the app is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuitMode {
    /// The queue goes on without it, in an engine in the background.
    Background,
    /// What runs is cancelled; what waits is there at the next start.
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

/// What a person is asked before the app is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What stands above.
    pub title: String,
    /// What the choices mean.
    pub text: String,
    /// The choice that keeps the work going; the one to begin with.
    pub background: &'static str,
    /// The choice that ends it.
    pub stop: &'static str,
    /// The choice not to leave.
    pub stay: &'static str,
}

/// The question that leaving needs; none when nothing is lost either way.
#[must_use]
pub fn question(queue: &Queue) -> Option<Question> {
    let running = queue.counts.running;
    let waiting = queue.counts.pending + queue.counts.waiting;
    let title = match (running, waiting) {
        (0, 0) => return None,
        (0, _) => format!("{} in the queue", count(waiting, "task is", "tasks are")),
        (_, 0) => format!("{} running", count(running, "task is", "tasks are")),
        _ => format!(
            "{} running, {waiting} more in the queue",
            count(running, "task is", "tasks are")
        ),
    };
    let stop = if running == 0 {
        "Stop leaves the queue as it is until the next start."
    } else if waiting == 0 {
        "Stop cancels what runs."
    } else {
        "Stop cancels what runs, and leaves the rest in the queue until the next start."
    };
    Some(Question {
        title,
        text: format!("Keep running goes on in the background without the app. {stop}"),
        background: "Keep running",
        stop: "Stop",
        stay: "Do not quit",
    })
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Counts, Unseen};

    use super::*;

    fn asked(running: u64, pending: u64, waiting: u64) -> Option<Question> {
        question(&Queue {
            paused: false,
            workers: 4,
            counts: Counts { running, pending, waiting, completed: 9, ..Counts::default() },
            unseen: Unseen::default(),
        })
    }

    #[test]
    fn only_work_that_is_left_needs_a_question() {
        assert_eq!(asked(0, 0, 0), None);
        assert_eq!(asked(1, 0, 0).unwrap().title, "1 task is running");
        assert_eq!(asked(2, 0, 1).unwrap().title, "2 tasks are running, 1 more in the queue");
        assert_eq!(asked(0, 1, 0).unwrap().title, "1 task is in the queue");
        assert!(asked(0, 3, 0).unwrap().text.contains("leaves the queue as it is"));
        assert!(asked(1, 0, 0).unwrap().text.ends_with("Stop cancels what runs."));
    }
}
