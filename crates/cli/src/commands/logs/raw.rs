//! The output of a run, byte for byte.

use std::pin::pin;

use claude_worker_agents::can;
use claude_worker_api::{
    Capability, OutputQuery, OutputStream, RunId, TaskApi, TaskApiExt, TaskId,
};
use claude_worker_client::Reconnect;

use super::Args;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::follow::{WAIT_MS, removed_or};
use crate::interrupt::interrupted;
use crate::render::text::reveal;
use crate::transcript::CHUNK;
use crate::transcript::last_lines::line_start;

/// Prints the output, or its last lines.
pub(super) async fn raw(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
    id: TaskId,
    run: Option<RunId>,
) -> Result<Exit, CliError> {
    if args.stderr && can(api.row(id).await?.agent, Capability::CommandLine) {
        console.notice(&format!(
            "A shell command's standard error is in the same log as its standard output: claude-worker logs {id} --raw"
        ));
        return Ok(Exit::Done);
    }
    let stream = if args.stderr { OutputStream::Stderr } else { OutputStream::Stdout };
    let wait_ms = if args.follow { WAIT_MS } else { 0 };
    let mut query = OutputQuery { run, stream, offset: 0, limit: Some(CHUNK), wait_ms };
    if let Some(lines) = args.tail() {
        let reconnect = Reconnect::while_following();
        query.offset = line_start(api, &reconnect, id, &query, lines).await?;
    }
    output(api, console, id, query).await
}

/// Prints the whole standard output of a run that has ended, the task's newest where none is named. On a
/// terminal, a last line without an end gets one, so that what follows is on a line of its own.
///
/// # Errors
/// When the output cannot be read or written.
pub(crate) async fn whole_output(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
    run: Option<RunId>,
) -> Result<(), CliError> {
    let query = OutputQuery { run, limit: Some(CHUNK), ..OutputQuery::default() };
    output(api, console, id, query).await.map(drop)
}

/// Passes the whole standard output of a run that has ended to `each`, chunk by chunk; one empty chunk where
/// nothing was printed. Where no run is named, it is the task's newest.
///
/// # Errors
/// When the output cannot be read, and those of `each`.
pub(crate) async fn each_chunk(
    api: &impl TaskApi,
    id: TaskId,
    run: Option<RunId>,
    each: impl FnMut(&[u8]) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let query = OutputQuery { run, limit: Some(CHUNK), ..OutputQuery::default() };
    read(api, id, query, each).await
}

/// Prints the raw output to its current end or, when the query waits, until the run has ended.
async fn output(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
    query: OutputQuery,
) -> Result<Exit, CliError> {
    let follow = query.wait_ms > 0;
    let mut decoder = Decoder::default();
    let mut is_open = false;
    // Without `--follow` there is nothing to say, and the signal ends the process as usual.
    let interrupt =
        pin!(async { if follow { interrupted().await } else { std::future::pending().await } });
    let ended = {
        let read = pin!(read(api, id, query, |bytes| {
            is_open = bytes.last().map_or(is_open, |last| *last != b'\n');
            if console.view.terminal {
                return console.print(&reveal(&decoder.text(bytes)));
            }
            console.out.write_all(bytes)?;
            console.out.flush()?;
            Ok(())
        }));
        tokio::select! {
            read = read => read.map(|()| Exit::Done)?,
            by = interrupt => return Ok(by.into()),
        }
    };
    if console.view.terminal {
        let end = if is_open { "\n" } else { "" };
        console.print(&format!("{}{end}", reveal(&decoder.finish())))?;
    }
    Ok(ended)
}

/// Passes the output to `each`, chunk by chunk, to its current end or, when the query waits, until the run
/// has ended.
async fn read(
    api: &impl TaskApi,
    id: TaskId,
    mut query: OutputQuery,
    mut each: impl FnMut(&[u8]) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let reconnect = Reconnect::while_following();
    let mut known = false;
    loop {
        let chunk = match reconnect.call(|| api.output(id, query.clone())).await {
            Ok(chunk) => chunk,
            Err(error) if known => return Err(removed_or(api, &reconnect, id, error).await.into()),
            Err(error) => return Err(error.into()),
        };
        known = true;
        each(&chunk.bytes)?;
        let stands = chunk.next == query.offset && chunk.bytes.is_empty();
        if chunk.end || (stands && query.wait_ms == 0) {
            return Ok(());
        }
        query = OutputQuery { run: chunk.run, offset: chunk.next, ..query };
    }
}

/// Turns chunks of bytes into text. A chunk can end in the middle of a character.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    rest: Vec<u8>,
}

impl Decoder {
    pub(crate) fn text(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        // At most three bytes at the end can be an incomplete character.
        let tail = all.len().saturating_sub(3);
        let cut = (tail..all.len())
            .find(|at| {
                std::str::from_utf8(&all[*at..])
                    .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
            })
            .unwrap_or(all.len());
        self.rest = all.split_off(cut);
        String::from_utf8_lossy(&all).into_owned()
    }

    /// What an incomplete character at the end of the last chunk is shown as.
    pub(crate) fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.rest)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_may_be_divided_between_chunks() {
        let text = "aé日👩b";
        for cut in 0..=text.len() {
            let (first, second) = text.as_bytes().split_at(cut);
            let mut decoder = Decoder::default();
            let whole = decoder.text(first) + &decoder.text(second);
            assert_eq!(whole + &decoder.finish(), text, "cut at {cut}");
        }
        assert_eq!(Decoder::default().text(b"a\xff\xfeb"), "a\u{fffd}\u{fffd}b");
        let mut decoder = Decoder::default();
        assert_eq!(decoder.text(b"a\xe6\x97") + &decoder.finish(), "a\u{fffd}");
    }
}
