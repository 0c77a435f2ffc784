//! The last lines of a log, without reading all of it.

use claude_worker_agents::can;
use claude_worker_api::{
    Agent, ApiError, Capability, LogEntry, LogQuery, OutputQuery, RunId, TaskApi, TaskId,
};
use claude_worker_client::Reconnect;

use super::{CHUNK, Form, Place, Shown, Transcript};
use crate::render::log::LogText;

/// Items per request.
const PAGE: u32 = 2000;

/// The end of a log.
pub(crate) struct LastLines {
    /// The lines as text.
    pub(crate) text: String,
    /// Where the log goes on; none when its run has ended.
    pub(crate) next: Option<Place>,
}

/// A run and how its log is shown.
pub(crate) struct Source {
    pub(crate) id: TaskId,
    /// None means the newest.
    pub(crate) run: Option<RunId>,
    pub(crate) agent: Agent,
    pub(crate) form: Form,
    pub(crate) shown: Shown,
}

/// Reads the last `count` lines of a run's log, or entries where they are printed as JSON.
pub(crate) async fn last_lines(
    api: &impl TaskApi,
    reconnect: &Reconnect,
    source: &Source,
    log: &mut LogText,
    count: u32,
) -> Result<LastLines, ApiError> {
    let lines = if can(source.agent, Capability::CommandLine) && source.form != Form::Json {
        of_command(api, reconnect, source, log, count).await?
    } else {
        of_agent(api, reconnect, source, log, count).await?
    };
    Ok(LastLines { text: end_of(&lines.text, count as usize).to_owned(), ..lines })
}

/// Lines of a command are lines of its output, so the bytes are read backwards.
async fn of_command(
    api: &impl TaskApi,
    reconnect: &Reconnect,
    source: &Source,
    log: &mut LogText,
    count: u32,
) -> Result<LastLines, ApiError> {
    let query = OutputQuery { run: source.run.clone(), ..OutputQuery::default() };
    let start = line_start(api, reconnect, source.id, &query, count).await?;
    let mut place = Place::at(source.run.clone(), start);
    let mut transcript = Transcript::at(source.agent, source.form, start, source.shown.clone());
    let mut text = String::new();
    let (mut offset, mut next_line) = (start, start);
    loop {
        let part = place.next(api, reconnect, source.id, 0).await?;
        transcript.read(&part, log, &mut text);
        if part.end {
            return Ok(LastLines { text, next: None });
        }
        if !part.counts() {
            // An incomplete line is read again from there on.
            return Ok(LastLines { text, next: Some(Place::at(source.run.clone(), next_line)) });
        }
        if let Some(at) = memchr::memrchr(b'\n', &part.bytes) {
            next_line = offset + at as u64 + 1;
        }
        offset += part.bytes.len() as u64;
    }
}

/// An entry of an agent's log has any number of lines, so entries are added until there are enough.
async fn of_agent(
    api: &impl TaskApi,
    reconnect: &Reconnect,
    source: &Source,
    log: &mut LogText,
    count: u32,
) -> Result<LastLines, ApiError> {
    let limit = count.clamp(1, PAGE);
    let mut query =
        LogQuery { run: source.run.clone(), tail: true, limit: Some(limit), ..LogQuery::default() };
    let mut page = reconnect.call(|| api.log(source.id, query.clone())).await?;
    let next = (!page.end).then(|| Place::at(page.run.clone(), page.next));
    let mut entries: Vec<LogEntry> = Vec::new();
    loop {
        entries.splice(0..0, std::mem::take(&mut page.entries));
        // Each time anew: what an entry looks like depends on those before it.
        let mut text = String::new();
        let mut all = log.clone();
        let mut transcript = Transcript::at(source.agent, source.form, 0, source.shown.clone());
        for entry in &entries {
            transcript.put(entry.clone(), &mut all, &mut text);
        }
        if page.start == 0 || text.lines().count() >= count as usize {
            *log = all;
            return Ok(LastLines { text, next });
        }
        query = LogQuery {
            run: page.run.clone(),
            tail: false,
            before: Some(page.start),
            // Twice as many in all, so that many entries without a line do not take many rounds.
            limit: Some((entries.len() as u32).clamp(limit, PAGE)),
            ..LogQuery::default()
        };
        page = reconnect.call(|| api.log(source.id, query.clone())).await?;
    }
}

/// Where the last `count` lines of an output begin.
pub(crate) async fn line_start(
    api: &impl TaskApi,
    reconnect: &Reconnect,
    id: TaskId,
    query: &OutputQuery,
    count: u32,
) -> Result<u64, ApiError> {
    let read = |offset: u64, limit: u32| {
        let run = query.run.clone();
        let stream = query.stream;
        async move {
            let query = OutputQuery { run, stream, offset, limit: Some(limit), wait_ms: 0 };
            reconnect.call(|| api.output(id, query.clone())).await
        }
    };
    // An offset beyond the end is one at the end.
    let end = read(i64::MAX as u64, 1).await?.next;
    let mut missing = u64::from(count);
    let mut start = end;
    if missing == 0 {
        return Ok(end);
    }
    while start > 0 {
        let size = start.min(u64::from(CHUNK));
        start -= size;
        let bytes = read(start, size as u32).await?.bytes;
        for at in memchr::memrchr_iter(b'\n', &bytes) {
            let next_line = start + at as u64 + 1;
            // The last line ends with one, too.
            if next_line < end {
                missing -= 1;
                if missing == 0 {
                    return Ok(next_line);
                }
            }
        }
    }
    Ok(0)
}

/// The last `count` lines of a text.
fn end_of(text: &str, count: usize) -> &str {
    if count == 0 {
        return "";
    }
    let ends = memchr::memrchr_iter(b'\n', text.as_bytes());
    // The last line ends with one, too.
    let start = ends.filter(|at| at + 1 < text.len()).nth(count - 1).map_or(0, |at| at + 1);
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_text() {
        for (text, count, expected) in [
            ("a\nb\nc\n", 2, "b\nc\n"),
            ("a\nb\nc", 2, "b\nc"),
            ("a\n\n\n", 2, "\n\n"),
            ("a\n", 5, "a\n"),
            ("a\n", 0, ""),
            ("", 3, ""),
        ] {
            assert_eq!(end_of(text, count), expected, "{text:?} {count}");
        }
    }
}
