//! The fields of a task for programs: `list --output` with field names or a template.

use claude_worker_api::{Status, Task, Timestamp};

use super::text::clean_line;
use super::{figures, task_line};

/// Writes one value of a task; an absent one is empty.
type Write = fn(&Task, Timestamp) -> String;

/// A field: its name and how it is written.
struct Field {
    name: &'static str,
    write: Write,
}

fn some(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn input_tokens(task: &Task) -> Option<u64> {
    let usage = &task.usage;
    let parts = [usage.input_tokens, usage.cache_read_tokens, usage.cache_creation_tokens];
    parts.iter().any(Option::is_some).then(|| parts.into_iter().flatten().sum())
}

/// How long the newest run has taken so far, or took, in milliseconds.
#[must_use]
pub fn duration(task: &Task, now: Timestamp) -> Option<u64> {
    let start = task.started_at?;
    let running = task.state.status() == Status::Running;
    let end = task.state.ended_at().or_else(|| running.then_some(now))?;
    Some(end.millis_since(start))
}

const FIELDS: &[Field] = &[
    Field { name: "id", write: |task, _| task.id.to_string() },
    Field { name: "status", write: |task, _| task.state.status().name().to_owned() },
    Field { name: "name", write: |task, _| clean_line(&task.name) },
    Field { name: "agent", write: |task, _| task.agent.name().to_owned() },
    Field { name: "model", write: |task, _| clean_line(task.model.as_deref().unwrap_or_default()) },
    Field { name: "directory", write: |task, _| clean_line(&task.working_directory) },
    Field { name: "submitted", write: |task, _| task.created_at.to_string() },
    Field { name: "started", write: |task, _| some(task.started_at) },
    Field { name: "ended", write: |task, _| some(task.state.ended_at()) },
    // Seconds, so that programs can add and compare it.
    Field {
        name: "duration",
        write: |task, now| some(duration(task, now).map(|millis| millis as f64 / 1e3)),
    },
    Field { name: "runs", write: |task, _| task.runs.to_string() },
    Field { name: "cost", write: |task, _| some(task.usage.cost_usd) },
    Field { name: "turns", write: |task, _| some(task.usage.turns) },
    Field { name: "tokens_in", write: |task, _| some(input_tokens(task)) },
    Field { name: "tokens_out", write: |task, _| some(task.usage.output_tokens) },
    Field { name: "now", write: |task, now| task_line::summary(task, now) },
    Field {
        name: "error",
        write: |task, _| clean_line(task.error_message.as_deref().unwrap_or_default()),
    },
    Field { name: "parent", write: |task, _| some(task.parent) },
    Field {
        name: "submitted_by",
        write: |task, _| some(task.submitted_by.as_ref().map(|by| clean_line(&by.to_string()))),
    },
];

/// Other words for fields: those of `--json`, and short ones.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("dir", "directory"),
    ("working_directory", "directory"),
    ("created", "submitted"),
    ("created_at", "submitted"),
    ("started_at", "started"),
    ("ended_at", "ended"),
    ("cost_usd", "cost"),
    ("error_message", "error"),
    ("state", "status"),
    ("summary", "now"),
];

fn find(name: &str) -> Result<&'static Field, String> {
    let wanted = name.trim().to_ascii_lowercase();
    let wanted = OTHER_NAMES.iter().find(|(other, _)| *other == wanted).map_or(&*wanted, |it| it.1);
    FIELDS.iter().find(|field| field.name == wanted).ok_or_else(|| {
        let names: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
        format!("there is no field \"{name}\": the fields are {}", names.join(", "))
    })
}

/// How each task is written: text and fields in turn.
#[derive(Clone)]
pub struct Template(Vec<Piece>);

#[derive(Clone)]
enum Piece {
    Text(String),
    Field(&'static Field),
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Field(field) => field.name,
        });
        f.debug_list().entries(pieces).finish()
    }
}

impl Template {
    /// Parses `{id} {name}`, or `id,name` for columns with a tab between them.
    ///
    /// # Errors
    /// A sentence that names the fields there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.contains('{') {
            let mut pieces = Vec::new();
            for name in text.split(',') {
                if !pieces.is_empty() {
                    pieces.push(Piece::Text("\t".to_owned()));
                }
                pieces.push(Piece::Field(find(name)?));
            }
            return Ok(Self(pieces));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, field)) = rest.split_once('{') {
            let Some((name, after)) = field.split_once('}') else {
                return Err(format!("\"{{{field}\" has no closing }}"));
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(unescaped(before)));
            }
            pieces.push(Piece::Field(find(name)?));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(unescaped(rest)));
        }
        Ok(Self(pieces))
    }

    /// One task, without a line end.
    #[must_use]
    pub fn line(&self, task: &Task, now: Timestamp) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Field(field) => (field.write)(task, now),
        });
        pieces.collect()
    }
}

/// A backslash with `t` or `n`, which shells do not replace in quotes.
fn unescaped(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n")
}

/// The columns of `list --output wide`, each with the heading of what it shows.
const WIDE: &[(&str, Write)] = &[
    ("ID", |task, _| task.id.to_string()),
    ("STATUS", |task, _| task.state.status().name().to_owned()),
    ("NAME", |task, _| clean_line(&task.name)),
    ("AGENT", |task, _| task.agent.name().to_owned()),
    ("MODEL", |task, _| clean_line(task.model.as_deref().unwrap_or("-"))),
    ("RUNS", |task, _| task.runs.to_string()),
    ("SUBMITTED", |task, now| figures::ago(now.millis_since(task.created_at))),
    ("TOOK", |task, now| duration(task, now).map_or_else(|| "-".to_owned(), figures::took)),
    ("COST", |task, _| task.usage.cost_usd.map_or_else(|| "-".to_owned(), figures::dollars)),
    ("DIRECTORY", |task, _| clean_line(&task.working_directory)),
    ("NOW", task_line::summary),
];

/// The tasks with more columns than fit on most pages, and no cell cut.
#[must_use]
pub fn wide(tasks: &[Task], now: Timestamp) -> String {
    let heading: Vec<String> = WIDE.iter().map(|(title, _)| (*title).to_owned()).collect();
    let row = |task| WIDE.iter().map(|(_, write)| write(task, now)).collect();
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(tasks.iter().map(row)).collect();
    let widths: Vec<usize> = (0..WIDE.len())
        .map(|column| rows.iter().map(|row| super::text::width(&row[column])).max().unwrap_or(0))
        .collect();
    let mut table = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| super::text::fit(cell, *width));
        let line = cells.collect::<Vec<_>>().join("  ");
        table += line.trim_end();
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{self, NOW};

    fn line(format: &str, task: &Task) -> String {
        Template::parse(format).unwrap().line(task, NOW)
    }

    #[test]
    fn tasks_are_written_as_the_template_says() {
        let task = samples::completed(7, "a\tname", "ok");
        assert_eq!(line("id,status,name", &task), "7\tcompleted\ta name");
        assert_eq!(line("{id}: {NAME} ({state})\\t{cost}", &task), "7: a name (completed)\t0.31");
        assert_eq!(line("{duration} {parent}.", &task), "300 .");
        let hostile =
            samples::task(1, "\u{1b}]0;x\u{7}evil\u{202e}", claude_worker_api::State::Pending);
        assert_eq!(line("{name}", &hostile), "evil\u{fffd}");
    }

    #[test]
    fn unknown_fields_are_refused_with_the_fields_there_are() {
        for wrong in ["{title}", "id,title", "{{.ID}}", "title", "", "id,"] {
            let error = Template::parse(wrong).unwrap_err();
            assert!(error.contains("the fields are id, status, name"), "{wrong}: {error}");
        }
        assert!(Template::parse("{id").unwrap_err().contains("no closing }"));
    }

    #[test]
    fn the_wide_table_cuts_nothing() {
        insta::assert_snapshot!(wide(&samples::tasks(), NOW));
    }
}
