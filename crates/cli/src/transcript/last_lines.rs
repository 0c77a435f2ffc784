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
    /// The incomplete line after them. Where the log goes on is its beginning.
    pub(crate) unfinished: Option<String>,
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
        of_agent(api, reconnect, source, log, count).await?.0
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
            return Ok(LastLines { text, unfinished: None, next: None });
        }
        if !part.counts() {
            // An incomplete line is read again from there on.
            let next = Some(Place::at(source.run.clone(), next_line));
            let unfinished = if count == 0 { None } else { transcript.current_line(log) };
            return Ok(LastLines { text, unfinished, next });
        }
        if let Some(at) = memchr::memrchr(b'\n', &part.bytes) {
            next_line = offset + at as u64 + 1;
        }
        offset += part.bytes.len() as u64;
    }
}

/// An entry of an agent's log has any number of lines, so entries are added until there are enough. The number
/// is how many entries were rendered for that, each as often as it was.
async fn of_agent(
    api: &impl TaskApi,
    reconnect: &Reconnect,
    source: &Source,
    log: &mut LogText,
    count: u32,
) -> Result<(LastLines, usize), ApiError> {
    let limit = count.clamp(1, PAGE);
    let mut query =
        LogQuery { run: source.run.clone(), tail: true, limit: Some(limit), ..LogQuery::default() };
    let mut page = reconnect.call(|| api.log(source.id, query.clone())).await?;
    let next = (!page.end).then(|| Place::at(page.run.clone(), page.next));
    // From the end backwards.
    let mut pages: Vec<Vec<LogEntry>> = Vec::new();
    let (mut entries, mut rendered, mut render_at) = (0, 0, 0);
    loop {
        entries += page.entries.len();
        pages.push(std::mem::take(&mut page.entries));
        let is_all = page.start == 0;
        if is_all || entries >= render_at {
            // Each time anew: what an entry looks like depends on those before it.
            let mut text = String::new();
            let mut all = log.clone();
            let mut transcript = Transcript::at(source.agent, source.form, 0, source.shown.clone());
            for entry in pages.iter().rev().flatten() {
                transcript.put(entry.clone(), &mut all, &mut text);
            }
            rendered += entries;
            let lines = text.lines().count();
            if is_all || lines >= count as usize {
                *log = all;
                return Ok((LastLines { text, unfinished: None, next }, rendered));
            }
            render_at = next_rendering(entries, lines, count as usize);
        }
        query = LogQuery {
            run: page.run.clone(),
            tail: false,
            before: Some(page.start),
            // Twice as many in all, so that many entries without a line do not take many rounds.
            limit: Some((entries as u32).clamp(limit, PAGE)),
            ..LogQuery::default()
        };
        page = reconnect.call(|| api.log(source.id, query.clone())).await?;
    }
}

/// With how many entries to render again, after so many entries gave too few lines: as many as should give
/// the lines that are wanted. A quarter more at least, so that however many entries there are, each is
/// rendered five times on average at most; and twice as many at most, so that few are read in vain.
const fn next_rendering(entries: usize, lines: usize, wanted: usize) -> usize {
    let expected = entries.saturating_mul(wanted) / if lines == 0 { 1 } else { lines };
    let (least, most) = (entries + entries / 4, entries * 2);
    if expected < least {
        least
    } else if expected > most {
        most
    } else {
        expected
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
    use claude_worker_api::LogItem;

    use super::*;
    use crate::fake_engine::FakeEngine;
    use crate::render::Paint;
    use crate::render::samples;

    #[tokio::test(start_paused = true)]
    async fn the_work_grows_no_faster_than_the_log() {
        const ENTRIES: usize = 50_000;
        let engine = FakeEngine::default();
        engine.put(samples::running(1, "Test", "x"));
        let run = engine.begin(1);
        for place in 0..ENTRIES {
            let text = format!("entry {place}");
            engine.add_entry(&run, LogItem::Note { text });
        }
        engine.end_run(&run);
        let reconnect = Reconnect::while_following();
        let (agent, shown) = (Agent::Claude, Shown::default());
        let source = Source { id: TaskId(1), run: Some(run), agent, form: Form::Text, shown };
        for (count, most) in [
            (1_000_000, 5 * ENTRIES),
            // The first page has too few, and what is read next is about enough.
            (7000, 2000 + 4000 + 8000),
            (2500, 2000 + 4000),
            (10, 10),
        ] {
            let mut log = LogText::new(Paint::NONE);
            let (last, rendered) =
                of_agent(&engine, &reconnect, &source, &mut log, count).await.unwrap();
            let text = end_of(&last.text, count as usize);
            let lines = (count as usize).min(ENTRIES);
            assert_eq!(text.lines().count(), lines);
            assert!(text.starts_with(&format!("entry {}\n", ENTRIES - lines)), "{count}");
            assert!(rendered <= most, "{count}: {rendered} entries were rendered");
        }
    }

    #[test]
    fn rendering_is_repeated_with_many_more_entries() {
        assert_eq!(next_rendering(1000, 1000, 1100), 1250);
        assert_eq!(next_rendering(1000, 1000, 1500), 1500);
        assert_eq!(next_rendering(1000, 0, 1_000_000), 2000);
    }

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
