//! The statement behind a list of tasks.
//!
//! Each kind of question has an index that yields tasks in the order of the list, so that a page
//! costs what is on it, however many tasks there are. Only a search for a rare text reads on: in
//! an index that holds little more than the texts.

use claude_worker_api::{Cursor, ListQuery, Order, ProjectId, TaskId};
use rusqlite::types::Value;

use super::rows;

/// The statement for one page of a list, from after a cursor on, and its parameters.
pub(super) fn statement(
    query: &ListQuery,
    project: Option<ProjectId>,
    after: Option<Cursor>,
    limit: usize,
) -> (String, Vec<Value>) {
    let columns = rows::TASK;
    let mut filter = Filter::default();
    let by_number = query.order.is_by_number();
    if let Some(Cursor { id, place }) = after {
        let id = filter.parameter(Value::Integer(id.0));
        match query.order {
            Order::NewestFirst => filter.condition(format!("task.id < ?{id}")),
            Order::OldestFirst => filter.condition(format!("task.id > ?{id}")),
            Order::NextFirst => {
                let place = filter.place(place);
                filter.condition(format!("(queue_position, task.id) > (?{place}, ?{id})"));
            }
            Order::EndedLast => {
                let place = filter.place(place);
                filter.condition(format!("(ended_at, task.id) < (?{place}, ?{id})"));
            }
        }
    }
    let order = match query.order {
        Order::NewestFirst => "ORDER BY task.id DESC",
        Order::OldestFirst => "ORDER BY task.id ASC",
        Order::NextFirst => {
            // As the index has it, or it would not be used.
            filter.condition("status IN ('pending', 'waiting')".to_owned());
            "ORDER BY queue_position, task.id"
        }
        Order::EndedLast => {
            filter.condition("ended_at IS NOT NULL".to_owned());
            "ORDER BY ended_at DESC, task.id DESC"
        }
    };
    if !query.ids.is_empty() {
        let ids: Vec<_> = query.ids.iter().map(ToString::to_string).collect();
        // One statement for all lists of ids, so that it is prepared once.
        let n = filter.parameter(Value::Text(format!("[{}]", ids.join(","))));
        filter.condition(format!("task.id IN (SELECT value FROM json_each(?{n}))"));
    }
    let few = query.attention || !query.ids.is_empty();
    if !query.statuses.is_empty() {
        let names: Vec<_> =
            query.statuses.iter().map(|status| format!("'{}'", status.name())).collect();
        // The plus keeps SQLite from going through a whole status where few tasks are in question,
        // or where that is not the order.
        let other = few || !by_number || query.submitted_by.is_some();
        let plus = if other { "+" } else { "" };
        filter.condition(format!("{plus}status IN ({})", names.join(", ")));
    }
    if let Some(submitter) = &query.submitted_by {
        let n = filter.parameter(Value::Text(submitter.to_string()));
        // As with statuses: only where it is the way to go through the rows.
        let plus = if few || !by_number { "+" } else { "" };
        filter.condition(format!("{plus}submitted_by = ?{n}"));
    }
    let search = query.search.as_deref().filter(|text| !text.is_empty());
    if let Some(text) = search {
        filter.search(text);
    }
    if let Some(directory) = &query.directory {
        filter.directory(directory);
    }
    if let Some(project) = project {
        let n = filter.parameter(Value::Integer(project.0));
        filter.condition(format!(
            "+directory_id IN (SELECT id FROM directory WHERE project_id = ?{n})"
        ));
    }
    if let Some(since) = query.since {
        let n = filter.parameter(Value::Integer(since.as_millis()));
        filter.condition(format!("created_at >= ?{n}"));
    }
    // Where few rows are wanted, the index that holds all that a filter looks at is gone through.
    let is_filtered = search.is_some() || query.directory.is_some() || project.is_some();
    let filter_text = filter.text();
    let sql = if query.attention {
        // By the number in the index that is gone through, so that nothing is sorted.
        let order = order.replace("task.id", "unseen.task_id");
        format!(
            "SELECT {columns} FROM unseen INDEXED BY unseen_needy
             CROSS JOIN task ON task.id = unseen.task_id WHERE unseen.kind > 1 {and} {filter_text}
             {order} LIMIT {limit}",
            and = if filter_text.is_empty() { "" } else { "AND" },
        )
    } else if is_filtered && !few && by_number {
        format!(
            "SELECT {columns} FROM task WHERE id IN (SELECT id FROM task INDEXED BY task_search
             WHERE {filter_text} {order} LIMIT {limit}) {order}"
        )
    } else {
        // SQLite would rather go by the status, and sort.
        let queue = query.order == Order::NextFirst && !few;
        let index = if queue { "INDEXED BY task_in_queue" } else { "" };
        let clause = if filter_text.is_empty() { "" } else { "WHERE" };
        format!("SELECT {columns} FROM task {index} {clause} {filter_text} {order} LIMIT {limit}")
    };
    (sql, filter.values)
}

/// Conditions that all must hold, and their parameters.
#[derive(Default)]
struct Filter {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Filter {
    fn condition(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// Adds a parameter and returns its number.
    fn parameter(&mut self, value: Value) -> usize {
        self.values.push(value);
        self.values.len()
    }

    /// The place of a cursor; without one nothing comes after it.
    fn place(&mut self, place: Option<i64>) -> usize {
        self.parameter(place.map_or(Value::Null, Value::Integer))
    }

    fn search(&mut self, text: &str) {
        let escaped: String = text
            .chars()
            .flat_map(|c| "\\%_".contains(c).then_some('\\').into_iter().chain([c]))
            .collect();
        let n = self.parameter(Value::Text(format!("%{escaped}%")));
        let mut matches =
            format!("name LIKE ?{n} ESCAPE '\\' OR working_directory LIKE ?{n} ESCAPE '\\'");
        if let Ok(id) = text.trim().parse::<TaskId>() {
            matches.push_str(&format!(" OR task.id = {id}"));
        }
        self.condition(format!("({matches})"));
    }

    /// The directory and all below it. A path goes on with a slash, and the next character is `0`.
    fn directory(&mut self, path: &str) {
        let path = path.trim_end_matches('/');
        let [this, first, end] = [path.to_owned(), format!("{path}/"), format!("{path}0")]
            .map(|text| self.parameter(Value::Text(text)));
        self.condition(format!(
            "(working_directory = ?{this} \
              OR working_directory >= ?{first} AND working_directory < ?{end})"
        ));
    }

    fn text(&self) -> String {
        self.conditions.join(" AND ")
    }
}
