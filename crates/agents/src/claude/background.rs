//! The commands and subagents that a run has in the background.

use claude_worker_api::Note;

use super::message::Background as Change;
use crate::object::Object;
use crate::text::one_line;

/// How many commands are remembered, including those that have ended.
const MAX_COMMANDS: usize = 64;
/// How many notes about stopped or left commands are kept.
const MAX_NOTES: usize = 8;
/// The longest description of a command, in characters.
const MAX_DESCRIPTION: usize = 80;
/// The longest reason why a command was stopped, in characters.
const MAX_REASON: usize = 80;

/// The commands and subagents that a run has started in the background, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Background {
    /// The newest [`MAX_COMMANDS`], oldest first.
    commands: Vec<Command>,
    /// The ids of commands that the agent itself stopped.
    stopped_by_agent: Vec<String>,
    stopped: Vec<Note>,
}

#[derive(Debug)]
struct Command {
    id: String,
    description: String,
    runs: bool,
}

impl Background {
    /// Applies a change that the CLI reports.
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Began { id, what } => self.begin(id, &what),
            Change::Ended { id } => self.end(&id),
            Change::Stopped { id, what, why } => {
                self.end(&id);
                if self.stopped_by_agent.contains(&id) || self.stopped.len() >= MAX_NOTES {
                    return;
                }
                let known = self.commands.iter().find(|command| command.id == id);
                let what = known.map_or(what, |command| command.description.clone());
                self.stopped.push(Note::BackgroundStopped {
                    what: one_line(&what, MAX_DESCRIPTION),
                    why: one_line(&why, MAX_REASON),
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

    /// Notes a tool call of the agent with which it stops a command. Such a stop needs no note.
    pub(super) fn note_stop_call(&mut self, tool: &str, input: &str) {
        if !matches!(tool, "TaskStop" | "KillShell" | "KillBash") {
            return;
        }
        let Some(input) = Object::parse(input) else { return };
        let id = ["task_id", "shell_id"].into_iter().find_map(|key| input.owned(key));
        if self.stopped_by_agent.len() < MAX_COMMANDS {
            self.stopped_by_agent.extend(id);
        }
    }

    /// The descriptions of what runs now.
    pub(super) fn running(&self) -> impl Iterator<Item = &str> {
        self.commands
            .iter()
            .filter(|command| command.runs)
            .map(|command| command.description.as_str())
    }

    /// Notes about commands that were stopped, or still ran at the end of the run.
    pub(super) fn notes(&self) -> Vec<Note> {
        let left = self.running().map(|what| Note::BackgroundLeft { what: what.to_owned() });
        self.stopped.iter().cloned().chain(left).take(MAX_NOTES).collect()
    }

    fn begin(&mut self, id: String, what: &str) {
        if let Some(command) = self.commands.iter_mut().find(|command| command.id == id) {
            command.runs = true;
            return;
        }
        if self.commands.len() >= MAX_COMMANDS {
            let oldest = self.commands.iter().position(|command| !command.runs).unwrap_or(0);
            self.commands.remove(oldest);
        }
        self.commands.push(Command {
            id,
            description: one_line(what, MAX_DESCRIPTION),
            runs: true,
        });
    }

    fn end(&mut self, id: &str) {
        if let Some(command) = self.commands.iter_mut().find(|command| command.id == id) {
            command.runs = false;
        }
    }
}
