//! A turn in the shape the CLI expects: server-sent events, or one JSON message.

use serde_json::{Value, json};

use crate::script::{Fault, Piece, ToolCall};

/// Names one message.
#[derive(Debug, Clone)]
pub struct MessageId {
    /// Unique within one server.
    pub number: u64,
    /// The model to answer as.
    pub model: String,
}

/// Token counts of every turn. They are always the same, so that tests know the costs.
const INPUT_TOKENS: u64 = 1000;
const OUTPUT_TOKENS: u64 = 50;

/// The first event: the model begins to answer.
#[must_use]
pub fn message_start(id: &MessageId) -> String {
    let message = message(id, &json!([]), &Value::Null, 1);
    event("message_start", &json!({ "message": message }))
}

/// The start of a text block; `index` is its position among the blocks of the message.
#[must_use]
pub fn text_start(index: usize) -> String {
    let block = json!({ "type": "text", "text": "" });
    event("content_block_start", &json!({ "index": index, "content_block": block }))
}

/// More of a text block.
#[must_use]
pub fn text_delta(index: usize, text: &str) -> String {
    let delta = json!({ "type": "text_delta", "text": text });
    event("content_block_delta", &json!({ "index": index, "delta": delta }))
}

/// The end of a block.
#[must_use]
pub fn block_stop(index: usize) -> String {
    event("content_block_stop", &json!({ "index": index }))
}

/// A whole tool call.
#[must_use]
pub fn tool_block(index: usize, id: &MessageId, tool: &ToolCall) -> String {
    let block = json!({
        "type": "tool_use", "id": tool_id(id), "name": tool.name, "input": {},
    });
    let delta = json!({ "type": "input_json_delta", "partial_json": tool.input.to_string() });
    [
        event("content_block_start", &json!({ "index": index, "content_block": block })),
        event("content_block_delta", &json!({ "index": index, "delta": delta })),
        block_stop(index),
    ]
    .concat()
}

/// The last events of a turn.
#[must_use]
pub fn message_end(stop: &str) -> String {
    let delta = json!({ "stop_reason": stop, "stop_sequence": null });
    let usage = json!({ "output_tokens": OUTPUT_TOKENS });
    [
        event("message_delta", &json!({ "delta": delta, "usage": usage })),
        event("message_stop", &json!({})),
    ]
    .concat()
}

/// A ping without content.
#[must_use]
pub fn ping() -> String {
    event("ping", &json!({}))
}

/// An error in the middle of a stream.
#[must_use]
pub fn error_event() -> String {
    let error = json!({ "type": "api_error", "message": "Internal server error" });
    event("error", &json!({ "error": error }))
}

/// A whole turn as one JSON message, for requests that do not ask for a stream.
#[must_use]
pub fn whole_message(id: &MessageId, text: &str, tool: Option<&ToolCall>, stop: &str) -> Value {
    let mut content = Vec::new();
    if !text.is_empty() {
        content.push(json!({ "type": "text", "text": text }));
    }
    if let Some(tool) = tool {
        content.push(json!({
            "type": "tool_use", "id": tool_id(id), "name": tool.name, "input": tool.input,
        }));
    }
    message(id, &content.into(), &stop.into(), OUTPUT_TOKENS)
}

/// The text of all pieces.
#[must_use]
pub fn text_of(pieces: &[Piece]) -> String {
    let texts: Vec<String> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.clone()),
            Piece::Pause(_) => None,
            Piece::Slow(_) => Some(slow_words().collect()),
            Piece::Big(bytes) => Some(big_text(*bytes)),
        })
        .collect();
    texts.join("\n")
}

/// The ten words of `[[slow …]]`.
pub fn slow_words() -> impl Iterator<Item = String> {
    (1..=10).map(|n| if n == 1 { "tick 1".to_owned() } else { format!(" tick {n}") })
}

/// A text of exactly this many bytes, in lines of 80.
#[must_use]
pub fn big_text(bytes: usize) -> String {
    let line = format!("{}\n", "0123456789".repeat(8).split_at(79).0);
    let mut text = line.repeat(bytes / line.len() + 1);
    text.truncate(bytes);
    text
}

/// The body of an HTTP error.
#[must_use]
pub fn error_body(code: u16, message: &str) -> Value {
    let kind = match code {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    };
    json!({ "type": "error", "error": { "type": kind, "message": message } })
}

/// Whether the answer begins before the fault.
#[must_use]
pub fn begins(fault: &Fault) -> bool {
    matches!(fault, Fault::ErrorEvent | Fault::Cut | Fault::Stall)
}

fn message(id: &MessageId, content: &Value, stop_reason: &Value, output_tokens: u64) -> Value {
    json!({
        "id": format!("msg_scripted{:08}", id.number),
        "type": "message",
        "role": "assistant",
        "model": id.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": {
            "input_tokens": INPUT_TOKENS,
            "cache_creation_input_tokens": 200,
            "cache_read_input_tokens": 300,
            "output_tokens": output_tokens,
        },
    })
}

fn tool_id(id: &MessageId) -> String {
    format!("toolu_scripted{:08}", id.number)
}

/// The stop reason of a turn: its own, or the usual one for a tool call or an answer.
#[must_use]
pub fn stop_reason(own: Option<&str>, calls_tool: bool) -> &str {
    own.unwrap_or(if calls_tool { "tool_use" } else { "end_turn" })
}

/// One server-sent event; the data carries the event's name as its type.
fn event(name: &str, data: &Value) -> String {
    let mut data = data.clone();
    data["type"] = name.into();
    format!("event: {name}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_big_text_has_exactly_the_size_asked_for() {
        for bytes in [0, 1, 79, 80, 81, 100_000] {
            assert_eq!(big_text(bytes).len(), bytes);
        }
    }

    #[test]
    fn an_event_has_one_line_of_data_for_any_text() {
        let event = text_delta(0, "a\nb\r\n\"c\"");
        assert_eq!(event.lines().count(), 3, "{event}");
        let data = event.lines().nth(1).and_then(|line| line.strip_prefix("data: ")).unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["type"], "content_block_delta");
        assert_eq!(data["delta"]["text"], "a\nb\r\n\"c\"");
    }
}
