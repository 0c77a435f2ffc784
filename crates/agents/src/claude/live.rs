//! What the model is writing, from the CLI's partial messages.

use claude_worker_api::LogItem;

use super::tool;
use crate::agent_program::LiveText;
use crate::object::Object;

/// Makes the CLI print partial messages.
pub(crate) const PARTIAL_MESSAGES: &str = "--include-partial-messages";

/// How the lines of partial messages begin. The CLI prints the same texts as whole messages afterwards.
pub(crate) const LIVE_PREFIX: &str = r#"{"type":"stream_event""#;

/// How a line with a whole message of the model begins.
const WHOLE: &str = r#"{"type":"assistant""#;

/// The longest text of a block, in bytes. Of a longer one the end is shown.
const MOST_TEXT: usize = 64 * 1024;
/// The most blocks that are written at once.
const MOST_BLOCKS: usize = 8;

/// The blocks of the main conversation that are being written.
#[derive(Debug, Default)]
pub(super) struct Partial {
    blocks: Vec<Block>,
    /// The output has the newest block as a whole, so that the rest of its pieces is not shown again.
    is_whole: bool,
}

#[derive(Debug)]
struct Block {
    index: u64,
    kind: Kind,
    text: String,
}

#[derive(Debug)]
enum Kind {
    Text,
    Thinking,
    Call { id: String, tool: String },
}

impl LiveText for Partial {
    fn read(&mut self, line: &str) -> bool {
        let Some(line) = Object::parse(line) else { return false };
        // What a subagent writes is not part of this conversation.
        if line.text("parent_tool_use_id").is_some() {
            return false;
        }
        let event = line.object("event");
        let index = event.get::<u64>("index").unwrap_or(0);
        let event_type = event.text("type");
        let event_type = event_type.as_deref().unwrap_or_default();
        self.is_whole &= event_type == "content_block_delta";
        match event_type {
            "message_start" | "message_stop" => self.clear(),
            "content_block_start" => {
                self.blocks.retain(|block| block.index != index);
                let Some(kind) = kind(&event.object("content_block")) else { return false };
                if self.blocks.len() < MOST_BLOCKS {
                    self.blocks.push(Block { index, kind, text: String::new() });
                }
                true
            }
            "content_block_delta" => self.append(index, &event.object("delta")),
            "content_block_stop" => {
                let before = self.blocks.len();
                self.blocks.retain(|block| block.index != index);
                self.blocks.len() < before
            }
            _ => false,
        }
    }

    fn read_kept(&mut self, line: &str) -> bool {
        // It has a text that was written until now. Those of subagents have a name there.
        let is_whole = !self.blocks.is_empty()
            && line.starts_with(WHOLE)
            && Object::parse(line).is_some_and(|line| line.text("parent_tool_use_id").is_none());
        self.is_whole |= is_whole;
        is_whole && self.clear()
    }

    fn items(&self) -> Vec<LogItem> {
        let item = |block: &Block| {
            let text = block.text.clone();
            match &block.kind {
                Kind::Text => LogItem::Text { text },
                Kind::Thinking => LogItem::Thinking { text },
                Kind::Call { id, tool } => LogItem::ToolCall {
                    id: id.clone(),
                    tool: tool.clone(),
                    summary: tool::begun_summary(&text),
                    input: text,
                },
            }
        };
        let is_begun = |block: &&Block| {
            !block.text.trim().is_empty() || matches!(block.kind, Kind::Call { .. })
        };
        self.blocks.iter().filter(is_begun).map(item).collect()
    }
}

impl Partial {
    fn clear(&mut self) -> bool {
        !std::mem::take(&mut self.blocks).is_empty()
    }

    fn append(&mut self, index: u64, delta: &Object<'_>) -> bool {
        let (key, kind) = match delta.text("type").as_deref().unwrap_or_default() {
            "text_delta" => ("text", Kind::Text),
            "thinking_delta" => ("thinking", Kind::Thinking),
            "input_json_delta" => ("partial_json", Kind::Text),
            _ => return false,
        };
        let Some(more) = delta.text(key) else { return false };
        let at = self.blocks.iter().position(|block| block.index == index);
        let block = match at {
            Some(at) => &mut self.blocks[at],
            // The file was emptied after its beginning. Of a call, the name is missing then.
            None if self.is_whole || key == "partial_json" || self.blocks.len() >= MOST_BLOCKS => {
                return false;
            }
            None => {
                self.blocks.push(Block { index, kind, text: String::new() });
                self.blocks.last_mut().expect("it was added")
            }
        };
        block.text.push_str(&more);
        if block.text.len() > 2 * MOST_TEXT {
            let mut from = block.text.len() - MOST_TEXT;
            while !block.text.is_char_boundary(from) {
                from += 1;
            }
            block.text.replace_range(..from, "… ");
        }
        true
    }
}

fn kind(block: &Object<'_>) -> Option<Kind> {
    match block.text("type")?.as_ref() {
        "text" => Some(Kind::Text),
        "thinking" => Some(Kind::Thinking),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => Some(Kind::Call {
            id: block.owned("id").unwrap_or_default(),
            tool: block.owned("name").unwrap_or_default(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event: &str) -> String {
        format!(r#"{LIVE_PREFIX},"event":{event},"session_id":"x","parent_tool_use_id":null}}"#)
    }

    fn delta(text: &str) -> String {
        event(&format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#
        ))
    }

    const START: &str =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;

    #[test]
    fn a_text_grows_until_it_is_whole() {
        let mut partial = Partial::default();
        assert!(!partial.read(&event(r#"{"type":"message_start"}"#)));
        assert!(partial.read(&event(START)));
        assert_eq!(partial.items(), []);
        assert!(partial.read(&delta("Hello ")) && partial.read(&delta("there")));
        assert_eq!(partial.items(), [LogItem::Text { text: "Hello there".to_owned() }]);
        let of_subagent = delta("no").replace(":null", r#":"toolu_1""#);
        assert!(!partial.read(&of_subagent));
        let whole = r#"{"type":"assistant","message":{},"parent_tool_use_id":"toolu_1"}"#;
        assert!(!partial.read_kept(whole), "of a subagent");
        assert!(partial.read_kept(&whole.replace(r#""toolu_1""#, "null")));
        assert_eq!(partial.items(), []);
        assert!(!partial.read(&delta("again")), "the output has it already");
        assert!(!partial.read(&event(r#"{"type":"content_block_stop","index":0}"#)));
        assert!(partial.read(&event(START)) && partial.read(&delta("next")));
        assert_eq!(partial.items(), [LogItem::Text { text: "next".to_owned() }]);
    }

    #[test]
    fn a_text_whose_beginning_is_gone_is_shown_all_the_same() {
        let mut partial = Partial::default();
        assert!(partial.read(&delta("end")));
        assert_eq!(partial.items().len(), 1);
        assert!(!partial.read("nonsense") && !partial.read("{}"));
        assert!(partial.read(&event(r#"{"type":"message_start"}"#)), "another try of the API");
        assert_eq!(partial.items(), []);
    }

    #[test]
    fn a_long_text_is_bounded() {
        let mut partial = Partial::default();
        for _ in 0..300 {
            partial.read(&delta(&"ä".repeat(1000)));
        }
        let [LogItem::Text { text }] = &partial.items()[..] else { panic!() };
        assert!(text.len() <= 2 * MOST_TEXT + 8 && text.ends_with('ä'));
    }

    #[test]
    fn a_call_is_named_while_its_arguments_are_written() {
        let mut partial = Partial::default();
        partial.read(&event(
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t1","name":"Write","input":{}}}"#,
        ));
        let json = r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"file_path\":\"/a/b.rs\",\"cont"}}"#;
        assert!(partial.read(&event(json)));
        let [LogItem::ToolCall { tool, summary, input, .. }] = &partial.items()[..] else {
            panic!()
        };
        assert_eq!((tool.as_str(), summary.as_str()), ("Write", "/a/b.rs"));
        assert!(input.ends_with("cont"));
    }
}
