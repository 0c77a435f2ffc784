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
    let offset = after.map(|after| filter.after(query.order, after)).unwrap_or_default();
    let order = match query.order {
        Order::NewestFirst => "ORDER BY task.id DESC".to_owned(),
        Order::OldestFirst => "ORDER BY task.id ASC".to_owned(),
        Order::NextFirst => {
            // As the index has it, or it would not be used.
            filter.condition("status IN ('pending', 'waiting')".to_owned());
            "ORDER BY queue_position, task.id".to_owned()
        }
        Order::EndedLast => {
            filter.condition("ended_at IS NOT NULL".to_owned());
            "ORDER BY ended_at DESC, task.id DESC".to_owned()
        }
        Order::Longest => format!("ORDER BY {RUN_TIME} DESC, task.id DESC"),
        Order::MostExpensive => format!("ORDER BY {COST} DESC, task.id DESC"),
        Order::ByName => "ORDER BY name COLLATE NOCASE, task.id DESC".to_owned(),
    };
    filter.of_query(query, project);
    let is_filtered = is_filtered(query, project);
    let few = is_few(query);
    let filter_text = filter.text();
    let clause = if filter_text.is_empty() { "" } else { "WHERE" };
    let sql = if query.attention {
        // By the number in the index that is gone through, so that nothing is sorted.
        let order = order.replace("task.id", "unseen.task_id");
        format!(
            "SELECT {columns} FROM unseen INDEXED BY unseen_needy
             CROSS JOIN task ON task.id = unseen.task_id WHERE unseen.kind > 1 {and} {filter_text}
             {order} LIMIT {limit} {offset}",
            and = if filter_text.is_empty() { "" } else { "AND" },
        )
    } else if is_filtered && !few && by_number {
        format!(
            "SELECT {columns} FROM task WHERE id IN (SELECT id FROM task INDEXED BY task_search
             WHERE {filter_text} {order} LIMIT {limit}) {order}"
        )
    } else if is_sorted(query.order) && !few {
        // Only the numbers are sorted, and the rows of one page are read.
        let index =
            if query.order == Order::ByName { "INDEXED BY task_search" } else { "NOT INDEXED" };
        format!(
            "SELECT {columns} FROM task WHERE id IN (SELECT id FROM task {index}
             {clause} {filter_text} {order} LIMIT {limit} {offset}) {order}"
        )
    } else {
        // SQLite would rather go by the status, and sort.
        let queue = query.order == Order::NextFirst && !few;
        let index = if queue { "INDEXED BY task_in_queue" } else { "" };
        format!(
            "SELECT {columns} FROM task {index} {clause} {filter_text} {order} LIMIT {limit} {offset}"
        )
    };
    (sql, filter.values)
}

/// The statement that counts the tasks of a query by agent and model, and its parameters.
pub(super) fn count(query: &ListQuery, project: Option<ProjectId>) -> (String, Vec<Value>) {
    let mut filter = Filter::default();
    match query.order {
        Order::NextFirst => filter.condition("status IN ('pending', 'waiting')".to_owned()),
        Order::EndedLast => filter.condition("ended_at IS NOT NULL".to_owned()),
        _ => {}
    }
    filter.of_query(query, project);
    let from = if query.attention {
        filter.condition("unseen.kind > 1".to_owned());
        "unseen INDEXED BY unseen_needy CROSS JOIN task ON task.id = unseen.task_id"
    } else if is_few(query) || query.submitted_by.is_some() || query.order == Order::EndedLast {
        "task"
    } else {
        "task INDEXED BY task_search"
    };
    let filter_text = filter.text();
    let clause = if filter_text.is_empty() { "" } else { "WHERE" };
    let sql = format!(
        "SELECT agent, model, count(*) AS tasks FROM {from} {clause} {filter_text}
         GROUP BY agent, model ORDER BY tasks DESC, model"
    );
    (sql, filter.values)
}

/// How long the newest run of a finished task took: what [`Order::Longest`] compares. No index has it,
/// because each one would cost every submission or end of a task something, and a list is rarely asked for
/// in this order.
const RUN_TIME: &str = "coalesce(ended_at - started_at, -1)";
/// What [`Order::MostExpensive`] compares, in millionths of a dollar. A damaged column costs nothing.
const COST: &str = "CASE WHEN json_valid(usage) \
     THEN coalesce(CAST(round(usage ->> '$.cost_usd' * 1e6) AS INTEGER), -1) ELSE -1 END";

/// Whether all tasks in question are sorted for a page, because no index has their order.
const fn is_sorted(order: Order) -> bool {
    matches!(order, Order::Longest | Order::MostExpensive | Order::ByName)
}

/// Whether only few tasks are in question, which are found by their numbers.
const fn is_few(query: &ListQuery) -> bool {
    query.attention || !query.ids.is_empty()
}

/// Whether few of the rows are wanted: then the index that holds all that a filter looks at is gone
/// through.
fn is_filtered(query: &ListQuery, project: Option<ProjectId>) -> bool {
    query.search.as_deref().is_some_and(|text| !text.is_empty())
        || query.directory.is_some()
        || project.is_some()
        || !query.agents.is_empty()
        || !query.models.is_empty()
        || query.since.is_some()
}

/// Conditions that all must hold, and their parameters.
#[derive(Default)]
struct Filter {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Filter {
    /// Only what comes after a cursor. Returns what is to be left out besides.
    fn after(&mut self, order: Order, Cursor { id, place }: Cursor) -> String {
        let id = self.parameter(Value::Integer(id.0));
        match order {
            Order::NewestFirst => self.condition(format!("task.id < ?{id}")),
            Order::OldestFirst => self.condition(format!("task.id > ?{id}")),
            Order::NextFirst => {
                let place = self.place(place);
                self.condition(format!("(queue_position, task.id) > (?{place}, ?{id})"));
            }
            Order::EndedLast => {
                let place = self.place(place);
                self.condition(format!("(ended_at, task.id) < (?{place}, ?{id})"));
            }
            Order::Longest => {
                let place = self.place(place);
                self.condition(format!("({RUN_TIME}, task.id) < (?{place}, ?{id})"));
            }
            Order::MostExpensive => {
                let place = self.place(place);
                self.condition(format!("({COST}, task.id) < (?{place}, ?{id})"));
            }
            Order::ByName => {
                // Where the task is gone, so is its name: the list goes on after the others that were shown.
                let place = self.place(place);
                let shown = format!("(SELECT name FROM task WHERE id = ?{id})");
                self.condition(format!(
                    "({shown} IS NULL OR name > {shown} COLLATE NOCASE
                      OR name = {shown} COLLATE NOCASE AND task.id < ?{id})"
                ));
                return format!(
                    "OFFSET CASE WHEN {shown} IS NULL THEN max(?{place} - 1, 0) ELSE 0 END"
                );
            }
        }
        String::new()
    }

    /// What the query says of tasks.
    fn of_query(&mut self, query: &ListQuery, project: Option<ProjectId>) {
        let by_number = query.order.is_by_number();
        if !query.ids.is_empty() {
            let ids: Vec<_> = query.ids.iter().map(ToString::to_string).collect();
            // One statement for all lists of ids, so that it is prepared once.
            let n = self.parameter(Value::Text(format!("[{}]", ids.join(","))));
            self.condition(format!("task.id IN (SELECT value FROM json_each(?{n}))"));
        }
        let few = is_few(query);
        if !query.statuses.is_empty() {
            let names: Vec<_> =
                query.statuses.iter().map(|status| format!("'{}'", status.name())).collect();
            // The plus keeps SQLite from going through a whole status where few tasks are in question,
            // or where that is not the order.
            let other = few || !by_number || query.submitted_by.is_some();
            let plus = if other { "+" } else { "" };
            self.condition(format!("{plus}status IN ({})", names.join(", ")));
        }
        if let Some(submitter) = &query.submitted_by {
            let n = self.parameter(Value::Text(submitter.to_string()));
            // As with statuses: only where it is the way to go through the rows.
            let plus = if few || !by_number { "+" } else { "" };
            self.condition(format!("{plus}submitted_by = ?{n}"));
        }
        if let Some(text) = query.search.as_deref().filter(|text| !text.is_empty()) {
            self.search(text);
        }
        if let Some(directory) = &query.directory {
            self.directory(directory);
        }
        if !query.agents.is_empty() {
            let names: Vec<_> = query.agents.iter().map(|agent| agent.name()).collect();
            self.one_of("agent", &names);
        }
        if !query.models.is_empty() {
            self.one_of("model", &query.models);
        }
        if let Some(project) = project {
            let n = self.parameter(Value::Integer(project.0));
            self.condition(format!(
                "+directory_id IN (SELECT id FROM directory WHERE project_id = ?{n})"
            ));
        }
        if let Some(since) = query.since {
            let n = self.parameter(Value::Integer(since.as_millis()));
            self.condition(format!("created_at >= ?{n}"));
        }
    }

    /// One of these texts. The plus keeps SQLite from taking the filter for the way through the rows.
    fn one_of<T: serde::Serialize>(&mut self, column: &str, texts: &[T]) {
        let texts = serde_json::to_string(texts).unwrap_or_default();
        let n = self.parameter(Value::Text(texts));
        self.condition(format!("+{column} IN (SELECT value FROM json_each(?{n}))"));
    }

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
        // Many tasks share few directories, so that the path of each directory is compared once.
        let mut matches = format!(
            "name LIKE ?{n} ESCAPE '\\' OR directory_id IN
             (SELECT id FROM directory WHERE path LIKE ?{n} ESCAPE '\\')"
        );
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
