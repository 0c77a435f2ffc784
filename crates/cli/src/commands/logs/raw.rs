//! The output of a run, byte for byte.

use std::pin::pin;

use claude_worker_api::{OutputQuery, OutputStream, RunId, TaskApi, TaskId};
use claude_worker_client::Reconnect;

use super::Args;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::follow::WAIT_MS;
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
    let stream = if args.stderr { OutputStream::Stderr } else { OutputStream::Stdout };
    let wait_ms = if args.follow { WAIT_MS } else { 0 };
    let mut query = OutputQuery { run, stream, offset: 0, limit: Some(CHUNK), wait_ms };
    if let Some(lines) = args.tail {
        let reconnect = Reconnect::while_following();
        query.offset = line_start(api, &reconnect, id, &query, lines).await?;
    }
    output(api, console, id, query).await
}

/// Prints the whole standard output of a finished task's newest run.
pub(crate) async fn whole_output(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
) -> Result<(), CliError> {
    let query = OutputQuery { limit: Some(CHUNK), ..OutputQuery::default() };
    output(api, console, id, query).await.map(drop)
}

/// Prints the raw output to its current end or, when the query waits, until the run has ended.
async fn output(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
    mut query: OutputQuery,
) -> Result<Exit, CliError> {
    let reconnect = Reconnect::while_following();
    let follow = query.wait_ms > 0;
    let mut decoder = Decoder::default();
    // Without `--follow` there is nothing to say, and the signal ends the process as usual.
    let mut interrupt =
        pin!(async { if follow { interrupted().await } else { std::future::pending().await } });
    loop {
        let chunk = tokio::select! {
            chunk = reconnect.call(|| api.output(id, query.clone())) => chunk?,
            by = &mut interrupt => return Ok(by.into()),
        };
        if console.view.terminal {
            let text = decoder.text(&chunk.bytes);
            console.print(&reveal(&text))?;
        } else {
            console.out.write_all(&chunk.bytes)?;
            console.out.flush()?;
        }
        let stands = chunk.next == query.offset && chunk.bytes.is_empty();
        if chunk.end || (stands && !follow) {
            return Ok(Exit::Done);
        }
        query = OutputQuery { run: chunk.run, offset: chunk.next, ..query };
    }
}

/// Turns chunks of bytes into text. A chunk can end in the middle of a character.
#[derive(Debug, Default)]
struct Decoder {
    rest: Vec<u8>,
}

impl Decoder {
    fn text(&mut self, bytes: &[u8]) -> String {
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
            assert_eq!(whole, text, "cut at {cut}");
        }
        assert_eq!(Decoder::default().text(b"a\xff\xfeb"), "a\u{fffd}\u{fffd}b");
    }
}
