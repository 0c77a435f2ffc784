//! The statement behind a list of tasks.
//!
//! Each kind of question has an index that yields tasks in the order of the list, so that a page
//! costs what is on it, however many tasks there are. Only a search for a rare text reads on: in
//! an index that holds little more than the texts.

use claude_worker_api::{ListQuery, Order, TaskId};
use rusqlite::types::Value;

use super::rows;

/// The statement for one page of a list, from after `cursor` on, and its parameters.
pub(super) fn statement(
    query: &ListQuery,
    cursor: Option<TaskId>,
    limit: usize,
) -> (String, Vec<Value>) {
    let columns = rows::TASK;
    let (after, direction) = match query.order {
        Order::NewestFirst => ("<", "DESC"),
        Order::OldestFirst => (">", "ASC"),
    };
    let mut filter = Filter::default();
    if let Some(cursor) = cursor {
        let n = filter.parameter(Value::Integer(cursor.0));
        filter.condition(format!("task.id {after} ?{n}"));
    }
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
        // The plus keeps SQLite from going through a whole status where few tasks are in question.
        let plus = if few { "+" } else { "" };
        filter.condition(format!("{plus}status IN ({})", names.join(", ")));
    }
    let search = query.search.as_deref().filter(|text| !text.is_empty());
    if let Some(text) = search {
        filter.search(text);
    }
    let filter_text = filter.text();
    let order = format!("ORDER BY task.id {direction}");
    let sql = if query.attention {
        format!(
            "SELECT {columns} FROM unseen INDEXED BY unseen_needy
             CROSS JOIN task ON task.id = unseen.task_id WHERE unseen.kind > 1 {and} {filter_text}
             ORDER BY unseen.task_id {direction} LIMIT {limit}",
            and = if filter_text.is_empty() { "" } else { "AND" },
        )
    } else if search.is_some() && !few {
        format!(
            "SELECT {columns} FROM task WHERE id IN (SELECT id FROM task INDEXED BY task_search
             WHERE {filter_text} {order} LIMIT {limit}) {order}"
        )
    } else {
        let clause = if filter_text.is_empty() { "" } else { "WHERE" };
        format!("SELECT {columns} FROM task {clause} {filter_text} {order} LIMIT {limit}")
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

    fn text(&self) -> String {
        self.conditions.join(" AND ")
    }
}
