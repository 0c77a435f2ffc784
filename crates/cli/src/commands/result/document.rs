//! The result as `--json` prints it.

use std::io::Write;

use claude_worker_api::{ApiError, RunId, State, TaskApi, TaskId};
use serde::Serialize;

use crate::commands::logs::{Decoder, each_chunk};
use crate::console::Console;
use crate::error::CliError;
use crate::render::text::escape_json;

/// The document.
#[derive(Serialize)]
pub(super) struct Document {
    pub(super) id: TaskId,
    /// The run that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<u32>,
    #[serde(flatten)]
    pub(super) state: State,
    /// Whether a part of the result is missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) truncated: bool,
    /// The last field, so that it can be written piece by piece.
    pub(super) result: Option<String>,
}

impl Document {
    /// Prints the document with all that the command printed in this run, or the newest, as its result. The output may be larger than
    /// the memory, so it is written as it is read. As in the result that the engine keeps, the last line has
    /// no end. Without any output the result is null.
    ///
    /// # Errors
    /// When the output cannot be read or written. Nothing was written if it cannot be read at all.
    pub(super) async fn print_with_output(
        self,
        api: &impl TaskApi,
        console: &mut Console<'_>,
        run: Option<RunId>,
    ) -> Result<(), CliError> {
        let id = self.id;
        let mut decoder = Decoder::default();
        let mut text = JsonText { before: Some(self), line_end: String::new() };
        each_chunk(api, id, run, |bytes| text.add(&decoder.text(bytes), console.out)).await?;
        text.add(&decoder.finish(), console.out)?;
        match text.before {
            Some(document) => console.document(&Self { result: None, ..document }),
            None => console.print("\"}\n"),
        }
    }
}

/// A document whose result is being written.
struct JsonText {
    /// The document, as long as nothing of it was written.
    before: Option<Document>,
    /// The line end that came last: written when more follows.
    line_end: String,
}

impl JsonText {
    fn add(&mut self, text: &str, out: &mut dyn Write) -> Result<(), CliError> {
        if text.is_empty() {
            return Ok(());
        }
        if let Some(document) = self.before.take() {
            let empty = Document { result: Some(String::new()), ..document };
            let json = json(&empty)?;
            out.write_all(json.strip_suffix("\"}").unwrap_or(&json).as_bytes())?;
        }
        let text = std::mem::take(&mut self.line_end) + text;
        let kept = text.strip_suffix('\n').unwrap_or(&text);
        let kept = kept.strip_suffix('\r').unwrap_or(kept);
        let json = json(&kept)?;
        out.write_all(&json.as_bytes()[1..json.len() - 1])?;
        self.line_end = text[kept.len()..].to_owned();
        Ok(())
    }
}

fn json(value: &impl Serialize) -> Result<String, CliError> {
    let json = serde_json::to_string(value)
        .map_err(|error| ApiError::internal(format!("This cannot be shown as JSON: {error}")))?;
    Ok(escape_json(&json).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::NOW;

    /// The document, whose result comes in these pieces.
    fn written(pieces: &[&str]) -> serde_json::Value {
        let state = State::Cancelled { ended_at: NOW };
        let document = Document { id: TaskId(1), run: None, state, truncated: false, result: None };
        let mut text = JsonText { before: Some(document), line_end: String::new() };
        let mut out = Vec::new();
        for piece in pieces {
            text.add(piece, &mut out).unwrap();
        }
        out.extend_from_slice(b"\"}");
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn where_the_text_is_cut_makes_no_difference() {
        let text = "\"a\" \u{1b}[1m\\\r\n\n日\u{200b}\"\r\n";
        for (cut, _) in text.char_indices().chain([(text.len(), 'x')]) {
            let document = written(&[&text[..cut], &text[cut..]]);
            assert_eq!(document["result"], text.trim_end_matches("\r\n"), "{cut}");
            assert_eq!((&document["id"], &document["status"]), (&1.into(), &"cancelled".into()));
        }
        assert_eq!(written(&["\n", "\n"])["result"], "\n");
    }
}
