//! `get_task_logs` and `get_result`: a task's log and its result.

use claude_worker_api::{
    ApiError, LogQuery, OutputQuery, RunId, Status, TaskApi, TaskId, TaskQuery,
};
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Effect, task_id, tool};
use crate::answer::{Answer, Answered};
use crate::task_text;
use crate::transcript::{Piece, floor, pieces};

pub(super) const LOGS: &str = "get_task_logs";
pub(super) const RESULT: &str = "get_result";

/// The maximum text on a page of a log or of a result, in bytes, because clients limit what a model sees
/// of one call.
const LOG_PAGE: usize = 24_000;
const RESULT_PAGE: usize = 48_000;
/// Entries per page: default and maximum.
const ENTRIES: u32 = 100;
const MOST_ENTRIES: u32 = 1000;

/// The arguments of `get_task_logs`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogArgs {
    /// The task's number.
    #[serde(deserialize_with = "task_id")]
    #[schemars(range(min = 1))]
    task_id: TaskId,
    /// newer_cursor or older_cursor of another page. Default: the log's end.
    #[serde(default)]
    cursor: Option<String>,
    /// At most this many entries. Default 100. The length of a page is limited too.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    /// The output exactly as the agent printed it, from its beginning, instead of the readable
    /// log.
    #[serde(default)]
    raw: bool,
}

/// A part of a log.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LogAnswer {
    /// The task's number.
    task_id: TaskId,
    /// The run of this log; absent when the task has had no run yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunId>,
    /// What the agent said and did, or printed.
    text: String,
    /// Pass as cursor to read what came before.
    #[serde(skip_serializing_if = "Option::is_none")]
    older_cursor: Option<String>,
    /// Pass as cursor to read what comes after, now or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    newer_cursor: Option<String>,
    /// Whether the run is over and this page reaches its end.
    end: bool,
}

pub(super) fn logs_description() -> Tool {
    const DESCRIPTION: &str = "\
Shows what a task's agent said and did, as a readable transcript. Without a cursor it is the end of \
the log, which is what you want to know how a task gets on or why it failed; older_cursor and \
newer_cursor go on from there. For the final answer alone use get_result.";
    tool::<LogArgs, LogAnswer>(LOGS, "Task log", DESCRIPTION, Effect::Reads)
}

/// A position in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    End,
    After(u64),
    Before(u64),
    Byte(u64),
}

/// A cursor: the run and the position in it.
fn cursor(run: Option<&RunId>, place: Place) -> Option<String> {
    let run = run?;
    Some(match place {
        Place::End => return None,
        Place::After(offset) => format!("{run}:after:{offset}"),
        Place::Before(offset) => format!("{run}:before:{offset}"),
        Place::Byte(offset) => format!("{run}:byte:{offset}"),
    })
}

fn place(text: &str) -> Option<(RunId, Place)> {
    let mut parts = text.splitn(3, ':');
    let run = RunId::try_from(parts.next()?.to_owned()).ok()?;
    let kind = parts.next()?;
    let offset = parts.next()?.parse().ok()?;
    let place = match kind {
        "after" => Place::After(offset),
        "before" => Place::Before(offset),
        "byte" => Place::Byte(offset),
        _ => return None,
    };
    Some((run, place))
}

pub(super) async fn logs(api: &impl TaskApi, args: LogArgs) -> Answered<LogAnswer> {
    let LogArgs { task_id, cursor: text, limit, raw } = args;
    let limit = limit.unwrap_or(ENTRIES).clamp(1, MOST_ENTRIES);
    let (run, place) = match text.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => match place(text) {
            Some((run, place)) => (Some(run), place),
            None => {
                return Err(ApiError::invalid(format!("{text:?} is not a cursor"))
                    .hint("Pass an older_cursor or newer_cursor unchanged, or omit it"));
            }
        },
        None => (None, if raw { Place::Byte(0) } else { Place::End }),
    };
    let value = match place {
        Place::Byte(offset) => bytes(api, task_id, run, offset).await?,
        place => entries(api, task_id, run, place, limit).await?,
    };
    let mut text = value.text.clone();
    if text.is_empty() {
        text = match (value.end, &value.run) {
            (_, None) => "(it has not begun)\n".to_owned(),
            (true, _) => "(nothing more)\n".to_owned(),
            (false, _) => "(nothing new yet)\n".to_owned(),
        };
    }
    if let Some(older) = &value.older_cursor {
        text += &format!("(before this: cursor {older})\n");
    }
    if let (Some(newer), false) = (&value.newer_cursor, value.end) {
        text += &format!("(after this: cursor {newer})\n");
    }
    Ok(Answer { value, text })
}

/// The end of the log as text of at most `most` bytes, and whether that is all of it.
pub(crate) async fn transcript_end(
    api: &impl TaskApi,
    id: TaskId,
    most: usize,
) -> Result<(String, bool), ApiError> {
    let query = LogQuery { tail: true, limit: Some(2000), ..LogQuery::default() };
    let page = api.log(id, query).await?;
    let pieces = pieces(&page.entries);
    let shown = last_within(&pieces, most);
    let whole = shown.len() == pieces.len() && page.start == 0;
    Ok((join(shown), whole))
}

async fn entries(
    api: &impl TaskApi,
    task_id: TaskId,
    run: Option<RunId>,
    place: Place,
    limit: u32,
) -> Result<LogAnswer, ApiError> {
    let mut query = LogQuery { run, limit: Some(limit), ..LogQuery::default() };
    match place {
        Place::After(offset) => query.after = offset,
        Place::Before(offset) => query.before = Some(offset),
        Place::End | Place::Byte(_) => query.tail = true,
    }
    let page = api.log(task_id, query).await?;
    let all = pieces(&page.entries);
    let run = page.run;
    // What does not fit is left for the next page: the end when reading forwards, else the beginning.
    let (shown, start, next) = if let Place::After(_) = place {
        let shown = first_within(&all, LOG_PAGE);
        (shown, page.start, all.get(shown.len()).map_or(page.next, |piece| piece.offset))
    } else {
        let shown = last_within(&all, LOG_PAGE);
        let first = shown.first().filter(|_| shown.len() < all.len());
        (shown, first.map_or(page.start, |piece| piece.offset), page.next)
    };
    let end = page.end && next == page.next;
    Ok(LogAnswer {
        task_id,
        text: join(shown),
        older_cursor: cursor(run.as_ref().filter(|_| start > 0), Place::Before(start)),
        newer_cursor: cursor(run.as_ref(), Place::After(next)),
        run,
        end,
    })
}

fn join(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

/// As many of the first pieces as fit, but at least one.
fn first_within(pieces: &[Piece], most: usize) -> &[Piece] {
    let mut length = 0;
    let fits = pieces.iter().take_while(|piece| {
        length += piece.text.len();
        length <= most
    });
    &pieces[..fits.count().max(1).min(pieces.len())]
}

/// As many of the last pieces as fit, but at least one.
fn last_within(pieces: &[Piece], most: usize) -> &[Piece] {
    let mut length = 0;
    let fits = pieces.iter().rev().take_while(|piece| {
        length += piece.text.len();
        length <= most
    });
    &pieces[pieces.len() - fits.count().max(1).min(pieces.len())..]
}

async fn bytes(
    api: &impl TaskApi,
    task_id: TaskId,
    run: Option<RunId>,
    offset: u64,
) -> Result<LogAnswer, ApiError> {
    let limit = Some(LOG_PAGE as u32);
    let chunk =
        api.output(task_id, OutputQuery { run, offset, limit, ..OutputQuery::default() }).await?;
    let mut bytes = chunk.bytes;
    let mut next = chunk.next;
    // A divided character belongs to the next page.
    if let Err(error) = std::str::from_utf8(&bytes)
        && error.error_len().is_none()
        && error.valid_up_to() > 0
    {
        next -= (bytes.len() - error.valid_up_to()) as u64;
        bytes.truncate(error.valid_up_to());
    }
    Ok(LogAnswer {
        task_id,
        text: String::from_utf8_lossy(&bytes).into_owned(),
        older_cursor: None,
        newer_cursor: cursor(chunk.run.as_ref(), Place::Byte(next)),
        run: chunk.run,
        end: chunk.end && next == chunk.next,
    })
}

/// The arguments of `get_result`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResultArgs {
    /// The task's number.
    #[serde(deserialize_with = "task_id")]
    #[schemars(range(min = 1))]
    task_id: TaskId,
    /// next_cursor of the previous page. Default: the beginning.
    #[serde(default)]
    cursor: Option<String>,
}

/// A task's result, or a page of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ResultAnswer {
    /// The task's number.
    task_id: TaskId,
    /// The status of the task. Only a finished one has an answer.
    status: Status,
    /// Its state as text; read this before you rely on the answer.
    summary: String,
    /// The answer, word for word; empty when there is none.
    answer: String,
    /// How long the whole answer is, in bytes.
    total_bytes: usize,
    /// Pass as cursor for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// What to do next.
    next_step: String,
}

pub(super) fn result_description() -> Tool {
    const DESCRIPTION: &str = "\
Gives the final answer of a finished task, word for word, in pages when it is long. The summary \
says how the task ended: an answer can come from a task that failed in the end, or that was denied \
tools on the way.";
    tool::<ResultArgs, ResultAnswer>(RESULT, "Task result", DESCRIPTION, Effect::Reads)
}

pub(super) async fn result(api: &impl TaskApi, args: ResultArgs) -> Answered<ResultAnswer> {
    let from: usize = match args.cursor.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => text.parse().map_err(|_| {
            ApiError::invalid(format!("{text:?} is not a cursor"))
                .hint("Pass next_cursor unchanged, or omit it")
        })?,
        None => 0,
    };
    let detail = api.get(args.task_id, TaskQuery::default()).await?;
    let status = detail.task.state.status();
    // While a resumed or retried task runs, the stored answer is the one from before.
    let whole = detail.result.filter(|_| detail.task.state.is_finished()).unwrap_or_default();
    let from = floor(&whole, from);
    let to = floor(&whole, from + RESULT_PAGE);
    let more = to < whole.len();
    let summary = task_text::summary(&detail.task);
    let next_step = if more {
        format!("get_result with cursor {to} gives the rest")
    } else if status == Status::Completed {
        "The answer is complete".to_owned()
    } else {
        task_text::next_step(&detail.task)
    };
    let answer = whole[from..to].to_owned();
    let text = match answer.as_str() {
        "" => format!("{summary}. It has no answer.\n{next_step}."),
        answer => format!("{summary}. Its answer:\n\n{answer}\n\n({next_step}.)"),
    };
    let value = ResultAnswer {
        task_id: args.task_id,
        status,
        summary,
        answer,
        total_bytes: whole.len(),
        next_cursor: more.then(|| to.to_string()),
        next_step,
    };
    Ok(Answer { value, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_have_a_run_and_a_position() {
        let run = RunId::new(TaskId(12), 1, 7);
        for there in [Place::After(0), Place::Before(99), Place::Byte(7)] {
            let text = cursor(Some(&run), there).unwrap();
            assert_eq!(place(&text), Some((run.clone(), there)), "{text}");
        }
        assert_eq!(cursor(None, Place::After(1)), None);
        for wrong in ["", "1", "12-1-00000007:after", "12-1-00000007:on:3", "../x:after:3", ":::"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_page_has_what_fits_and_at_least_one_piece() {
        let all: Vec<Piece> = [3, 3, 3, 50]
            .into_iter()
            .enumerate()
            .map(|(n, length)| Piece { offset: n as u64, text: "x".repeat(length) })
            .collect();
        assert_eq!(first_within(&all, 7).len(), 2);
        assert_eq!(first_within(&all, 1).len(), 1);
        assert_eq!(last_within(&all, 7)[0].offset, 3);
        assert_eq!(last_within(&all, 100).len(), 4);
        assert!(first_within(&[], 7).is_empty() && last_within(&[], 7).is_empty());
    }
}
