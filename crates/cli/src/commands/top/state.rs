//! What `top` shows and what keys do. Pure: keys in, actions out.

use claude_worker_api::{Agent, State, Status, Task, TaskId};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;
use super::log_page::LogPage;
use crate::render::text::{clean_line, single_emoji};

/// The state of the view.
#[derive(Debug, Default)]
pub(super) struct Top {
    /// The tasks in the order in which they are shown.
    tasks: Vec<Task>,
    /// The task that keys are for.
    selected: Option<TaskId>,
    /// Only tasks whose name, directory, status or number has this text are shown.
    pub(super) filter: String,
    /// Only tasks that have not ended are shown.
    pub(super) unfinished_only: bool,
    /// What is on the screen.
    pub(super) mode: Mode,
    /// The outcome of the last action.
    pub(super) message: Option<String>,
    /// Whether the queue is paused.
    pub(super) paused: bool,
}

/// What is on the screen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// The list.
    #[default]
    List,
    /// The list, with the filter being typed.
    Filter,
    /// The list, with a question.
    Confirm(Question),
    /// The end of this task's log.
    Log {
        /// The task.
        id: TaskId,
        /// What of it.
        page: LogPage,
    },
    /// What the keys do.
    Help,
}

/// A question that is answered with y or n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether to cancel this task.
    Cancel(TaskId),
    /// Whether to run this task again, which costs money.
    Retry(TaskId),
}

/// What is to be done after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Draw.
    Draw,
    /// Draw everything anew, as after another program has written to the terminal.
    Redraw,
    /// End.
    Quit,
    /// End, as after Ctrl-C.
    Interrupt,
    /// Give the terminal back to the shell (Ctrl-Z).
    Suspend,
    /// Read the log of this task.
    ReadLog(TaskId),
    /// Have the engine do this.
    Ask(Command),
}

/// How many rows a page key moves.
const PAGE: isize = 10;

impl Top {
    /// Shows these tasks: what runs, then what waits, then what has ended.
    pub(super) fn set_tasks(&mut self, tasks: Vec<Task>) {
        let place = self.selected_place();
        self.tasks = tasks;
        self.tasks.sort_by_key(|task| match task.state.status() {
            Status::Running => (0, task.id.0),
            Status::Pending => (1, task.queue_place.unwrap_or(task.id.0)),
            Status::Waiting | Status::Unknown(_) => (2, task.id.0),
            _ => (3, task.state.ended_at().map_or(0, |at| -at.as_millis())),
        });
        // A task that has gone leaves its place to the next one.
        if self.selected_place().is_none() {
            self.select(place.unwrap_or(0));
        }
    }

    /// The tasks that match the filter.
    pub(super) fn shown(&self) -> Vec<&Task> {
        let wanted = self.filter.to_lowercase();
        let matches = |task: &&Task| {
            let text_matches = wanted.is_empty()
                || task.name.to_lowercase().contains(&wanted)
                || task.working_directory.to_lowercase().contains(&wanted)
                || task.state.status().name().contains(&wanted)
                || task.id.to_string() == wanted.trim_start_matches('#');
            text_matches && !(self.unfinished_only && task.state.is_finished())
        };
        self.tasks.iter().filter(matches).collect()
    }

    /// The row of the selected task.
    pub(super) fn selected_place(&self) -> Option<usize> {
        self.shown().iter().position(|task| Some(task.id) == self.selected)
    }

    /// The task whose log is on the screen.
    pub(super) const fn log_task(&self) -> Option<TaskId> {
        match self.mode {
            Mode::Log { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Fits the log to the part of the screen that it has.
    pub(super) fn fit_log(&mut self, columns: usize, rows: usize) {
        if let Mode::Log { page, .. } = &mut self.mode {
            page.fit(columns, rows);
        }
    }

    fn selected(&self) -> Option<&Task> {
        self.shown().into_iter().find(|task| Some(task.id) == self.selected)
    }

    /// The name of a task, for a question.
    pub(super) fn name(&self, id: TaskId) -> String {
        let task = self.tasks.iter().find(|task| task.id == id);
        task.map(|task| single_emoji(&clean_line(&task.name)).into_owned()).unwrap_or_default()
    }

    fn select(&mut self, place: usize) {
        let shown = self.shown();
        let last = shown.len().saturating_sub(1);
        self.selected = shown.get(place.min(last)).map(|task| task.id);
    }

    fn step(&mut self, rows: isize) {
        let place = self.selected_place().unwrap_or(0);
        self.select(place.saturating_add_signed(rows));
    }

    /// Carries out a key.
    pub(super) fn key(&mut self, key: KeyEvent) -> Action {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Action::Interrupt,
            KeyCode::Char('z') if control => return Action::Suspend,
            KeyCode::Char('l') if control => return Action::Redraw,
            _ => {}
        }
        self.message = None;
        match &mut self.mode {
            Mode::List => return self.key_in_list(key.code),
            Mode::Filter => {
                match key.code {
                    KeyCode::Char('u') if control => self.filter.clear(),
                    KeyCode::Char('w') if control => {
                        let before = self.filter.trim_end();
                        let word = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
                        self.filter.truncate(word);
                    }
                    KeyCode::Char(c) if !control => self.filter.push(c),
                    KeyCode::Backspace => drop(self.filter.pop()),
                    KeyCode::Esc => {
                        self.filter.clear();
                        self.mode = Mode::List;
                    }
                    KeyCode::Enter => self.mode = Mode::List,
                    _ => {}
                }
                if self.selected_place().is_none() {
                    self.select(0);
                }
            }
            Mode::Confirm(question) => {
                let question = *question;
                self.mode = Mode::List;
                let yes = matches!(key.code, KeyCode::Char('y' | 'Y'));
                match question {
                    Question::Cancel(id) if yes => return Action::Ask(Command::Cancel(id)),
                    Question::Retry(id) if yes => return Action::Ask(Command::Retry(id)),
                    Question::Cancel(id) => {
                        self.message = Some(format!("Task {id} was not cancelled"));
                    }
                    Question::Retry(id) => {
                        self.message = Some(format!("Task {id} was not run again"));
                    }
                }
            }
            Mode::Log { page, .. } => match key.code {
                KeyCode::Char('k') | KeyCode::Up => page.scroll(1),
                KeyCode::Char('j') | KeyCode::Down => page.scroll(-1),
                KeyCode::PageUp => page.scroll(PAGE),
                KeyCode::PageDown => page.scroll(-PAGE),
                KeyCode::Char('G') | KeyCode::End => page.scroll(isize::MIN),
                KeyCode::Char('g') | KeyCode::Home => page.scroll(isize::MAX),
                KeyCode::Char('q') | KeyCode::Esc | KeyCode::Left | KeyCode::Backspace => {
                    self.mode = Mode::List;
                }
                _ => {}
            },
            Mode::Help => self.mode = Mode::List,
        }
        Action::Draw
    }

    fn key_in_list(&mut self, code: KeyCode) -> Action {
        match code {
            KeyCode::Char('q') => return Action::Quit,
            KeyCode::Esc if self.filter.is_empty() => return Action::Quit,
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Char('j') | KeyCode::Down => self.step(1),
            KeyCode::Char('k') | KeyCode::Up => self.step(-1),
            KeyCode::PageDown => self.step(PAGE),
            KeyCode::PageUp => self.step(-PAGE),
            KeyCode::Char('g') | KeyCode::Home => self.select(0),
            KeyCode::Char('G') | KeyCode::End => self.select(usize::MAX),
            KeyCode::Char('/') => self.mode = Mode::Filter,
            KeyCode::Char('a') => {
                let place = self.selected_place().unwrap_or(0);
                self.unfinished_only = !self.unfinished_only;
                if self.selected_place().is_none() {
                    self.select(place);
                }
            }
            KeyCode::Char('?' | 'h') => self.mode = Mode::Help,
            KeyCode::Char('p') => return Action::Ask(Command::SetPaused(!self.paused)),
            KeyCode::Char('c' | 'r' | 'l') | KeyCode::Enter | KeyCode::Right => {
                return self.key_for_task(code);
            }
            _ => {}
        }
        Action::Draw
    }

    /// A key that is for the selected task.
    fn key_for_task(&mut self, code: KeyCode) -> Action {
        let Some(task) = self.selected() else {
            self.message = Some("No task is selected".to_owned());
            return Action::Draw;
        };
        let (id, finished) = (task.id, task.state.is_finished());
        let is_free = task.agent == Agent::Shell;
        let stopping = matches!(task.state, State::Running { stopping: true, .. });
        match code {
            KeyCode::Char('c') if finished => {
                self.message = Some(format!("Task {id} has already ended"));
            }
            KeyCode::Char('c') if stopping => {
                self.message = Some(format!("Task {id} is being stopped"));
            }
            KeyCode::Char('c') => self.mode = Mode::Confirm(Question::Cancel(id)),
            KeyCode::Char('r') if finished && is_free => return Action::Ask(Command::Retry(id)),
            KeyCode::Char('r') if finished => self.mode = Mode::Confirm(Question::Retry(id)),
            KeyCode::Char('r') => self.message = Some(format!("Task {id} has not ended yet")),
            _ => {
                self.mode = Mode::Log { id, page: LogPage::default() };
                return Action::ReadLog(id);
            }
        }
        Action::Draw
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    fn top() -> Top {
        let mut top = Top::default();
        top.set_tasks(samples::tasks());
        top
    }

    fn press(top: &mut Top, keys: &str) -> Action {
        let code = |c| match c {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        let keys = keys.chars().map(|c| top.key(KeyEvent::new(code(c), KeyModifiers::NONE)));
        keys.last().unwrap()
    }

    #[test]
    fn what_runs_comes_first_and_what_ended_last_after_it() {
        let ids: Vec<i64> = top().shown().iter().map(|task| task.id.0).collect();
        assert_eq!(ids, [130, 131, 132, 135, 129, 127, 126, 125, 128, 9, 8, 7]);
    }

    #[test]
    fn keys_are_for_the_selected_task() {
        let mut top = top();
        assert_eq!(press(&mut top, "jl"), Action::ReadLog(TaskId(131)));
        assert_eq!(press(&mut top, "q"), Action::Draw, "back to the list");
        assert_eq!(press(&mut top, "q"), Action::Quit);
        assert_eq!(press(&mut top, "Gkry"), Action::Ask(Command::Retry(TaskId(8))));
        assert_eq!(press(&mut top, "gr"), Action::Draw);
        assert_eq!(top.message.as_deref(), Some("Task 130 has not ended yet"));
        assert_eq!(press(&mut top, "p"), Action::Ask(Command::SetPaused(true)));
    }

    #[test]
    fn a_task_is_cancelled_only_after_a_yes() {
        let mut top = top();
        assert_eq!(press(&mut top, "jcn"), Action::Draw);
        assert_eq!(press(&mut top, "c\n"), Action::Draw);
        assert_eq!(press(&mut top, "cy"), Action::Ask(Command::Cancel(TaskId(131))));
        assert_eq!(press(&mut top, "Gcy"), Action::Draw, "it has ended");
    }

    #[test]
    fn only_a_retry_that_costs_money_is_asked_about() {
        let mut top = top();
        assert_eq!(press(&mut top, "Gr"), Action::Draw);
        assert_eq!(top.mode, Mode::Confirm(Question::Retry(TaskId(7))));
        assert_eq!(press(&mut top, "n"), Action::Draw);
        assert_eq!(top.message.as_deref(), Some("Task 7 was not run again"));
        let mut tasks = samples::tasks();
        tasks.iter_mut().for_each(|task| task.agent = Agent::Shell);
        top.set_tasks(tasks);
        assert_eq!(press(&mut top, "r"), Action::Ask(Command::Retry(TaskId(7))));
    }

    #[test]
    fn tasks_that_have_ended_can_be_left_out() {
        let mut top = top();
        press(&mut top, "Ga");
        let ids: Vec<i64> = top.shown().iter().map(|task| task.id.0).collect();
        assert_eq!(ids, [130, 131, 132, 135, 129]);
        assert_eq!(top.selected, Some(TaskId(129)));
        press(&mut top, "a");
        assert_eq!(top.shown().len(), 12);
        assert_eq!(top.selected, Some(TaskId(129)));
    }

    #[test]
    fn the_filter_leaves_tasks_out_and_escape_ends_it() {
        let mut top = top();
        press(&mut top, "/parser\n");
        let ids = |top: &Top| top.shown().iter().map(|task| task.id.0).collect::<Vec<_>>();
        assert_eq!(ids(&top), [132]);
        assert_eq!(press(&mut top, "\n"), Action::ReadLog(TaskId(132)));
        press(&mut top, "\u{1b}\u{1b}");
        assert_eq!(ids(&top).len(), 12);
        press(&mut top, "/failed\n");
        assert_eq!(ids(&top), [128]);
    }

    #[test]
    fn control_keys_remove_a_word_or_all_of_the_filter() {
        let mut top = top();
        let control = |top: &mut Top, c| {
            top.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
            top.filter.clone()
        };
        press(&mut top, "/fix the parser ");
        assert_eq!(control(&mut top, 'w'), "fix the ");
        assert_eq!(control(&mut top, 'w'), "fix ");
        press(&mut top, "日本");
        assert_eq!(control(&mut top, 'w'), "fix ");
        assert_eq!(control(&mut top, 'u'), "");
        assert_eq!(top.mode, Mode::Filter);
        assert_eq!(control(&mut top, 'w'), "");
    }

    #[test]
    fn the_selection_stays_with_its_task_and_moves_on_when_it_has_gone() {
        let mut top = top();
        press(&mut top, "jj");
        top.set_tasks(samples::tasks().into_iter().filter(|task| task.id.0 != 131).collect());
        assert_eq!(top.selected, Some(TaskId(132)));
        top.set_tasks(samples::tasks().into_iter().filter(|task| task.id.0 < 100).collect());
        assert_eq!(top.selected, Some(TaskId(8)));
        top.set_tasks(Vec::new());
        assert_eq!(press(&mut top, "c"), Action::Draw);
    }
}
