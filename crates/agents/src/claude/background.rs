//! What a run of the CLI has in the background.

use claude_worker_api::Note;

use super::message::Background as Change;
use crate::object::Object;
use crate::text::one_line;

/// How many commands are remembered, those that have ended included.
const MOST: usize = 64;
/// How many notes are made of commands that did not end by themselves.
const MOST_NOTES: usize = 8;
/// The longest description of a command, in characters.
const MAX_WHAT: usize = 80;
/// The longest reason why one was stopped, in characters.
const MAX_WHY: usize = 80;

/// The commands and subagents that a run has started in the background, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Background {
    /// The newest [`MOST`], oldest first.
    commands: Vec<Command>,
    /// Those that the agent itself had stopped.
    stopped_by_agent: Vec<String>,
    stopped: Vec<Note>,
}

#[derive(Debug)]
struct Command {
    id: String,
    what: String,
    runs: bool,
}

impl Background {
    /// Takes what the CLI says of it.
    pub(super) fn take(&mut self, change: Change) {
        match change {
            Change::Began { id, what } => self.begin(id, &what),
            Change::Ended { id } => self.end(&id),
            Change::Stopped { id, what, why } => {
                self.end(&id);
                if self.stopped_by_agent.contains(&id) || self.stopped.len() >= MOST_NOTES {
                    return;
                }
                let known = self.commands.iter().find(|command| command.id == id);
                let what = known.map_or(what, |command| command.what.clone());
                self.stopped.push(Note::BackgroundStopped {
                    what: one_line(&what, MAX_WHAT),
                    why: one_line(&why, MAX_WHY),
                });
            }
            Change::Now(running) => {
                for command in &mut self.commands {
                    command.runs = running.iter().any(|(id, _)| *id == command.id);
                }
                for (id, what) in running {
                    self.begin(id, &what);
                }
            }
        }
    }

    /// Takes a tool call of the agent: it may stop a command by itself, which is no news to it.
    pub(super) fn call(&mut self, tool: &str, input: &str) {
        if !matches!(tool, "TaskStop" | "KillShell" | "KillBash") {
            return;
        }
        let Some(input) = Object::parse(input) else { return };
        let id = ["task_id", "shell_id"].into_iter().find_map(|key| input.owned(key));
        if self.stopped_by_agent.len() < MOST {
            self.stopped_by_agent.extend(id);
        }
    }

    /// What runs now, by name.
    pub(super) fn running(&self) -> impl Iterator<Item = &str> {
        self.commands.iter().filter(|command| command.runs).map(|command| command.what.as_str())
    }

    /// What there is to say at the end of the run of those that did not end by themselves.
    pub(super) fn notes(&self) -> Vec<Note> {
        let left = self.running().map(|what| Note::BackgroundLeft { what: what.to_owned() });
        self.stopped.iter().cloned().chain(left).take(MOST_NOTES).collect()
    }

    fn begin(&mut self, id: String, what: &str) {
        if let Some(command) = self.commands.iter_mut().find(|command| command.id == id) {
            command.runs = true;
            return;
        }
        if self.commands.len() >= MOST {
            let oldest = self.commands.iter().position(|command| !command.runs).unwrap_or(0);
            self.commands.remove(oldest);
        }
        self.commands.push(Command { id, what: one_line(what, MAX_WHAT), runs: true });
    }

    fn end(&mut self, id: &str) {
        if let Some(command) = self.commands.iter_mut().find(|command| command.id == id) {
            command.runs = false;
        }
    }
}
