//! Texts in passages of some thousand characters: what is found at once, and shown around what was found. Pure.

use claude_worker_api::{LogEntry, LogItem};

/// How many bytes a passage has about.
const PASSAGE: usize = 4096;
/// How many bytes of one item of a log are searched: tools return whole files.
const ITEM: usize = 16 * 1024;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passage {
    /// Where it begins: a byte of the text, or the offset in the output of its first item.
    pub(crate) offset: u64,
    /// The text.
    pub(crate) text: String,
}

/// A text in passages.
pub(crate) fn of_text(text: &str) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = end_of_passage(text, at, PASSAGE);
        passages.push(Passage { offset: at as u64, text: text[at..end].to_owned() });
        at = end;
    }
    passages
}

/// A log in passages, from its entries in order. An item is never divided.
#[derive(Debug, Default)]
pub(crate) struct LogPassages {
    done: Vec<Passage>,
    current: Option<Passage>,
}

impl LogPassages {
    /// Adds the next entry.
    pub(crate) fn push(&mut self, entry: &LogEntry) {
        let Some(text) = text_of(&entry.item) else { return };
        let current = self
            .current
            .get_or_insert_with(|| Passage { offset: entry.offset, text: String::new() });
        current.text.push_str(&text);
        current.text.push('\n');
        if current.text.len() >= PASSAGE {
            self.done.extend(self.current.take());
        }
    }

    /// How many bytes of text there are so far.
    pub(crate) fn len(&self) -> usize {
        let all = self.done.iter().chain(&self.current);
        all.map(|passage| passage.text.len()).sum()
    }

    /// The passages that are complete.
    pub(crate) fn completed(&self) -> &[Passage] {
        &self.done
    }

    /// All passages, when there are no more entries.
    pub(crate) fn finish(mut self) -> Vec<Passage> {
        self.done.extend(self.current);
        self.done
    }
}

/// What of an item is searched.
fn text_of(item: &LogItem) -> Option<String> {
    let text = match item {
        LogItem::Text { text }
        | LogItem::Thinking { text }
        | LogItem::ToolResult { text, .. }
        | LogItem::Note { text }
        | LogItem::Output { text, .. } => text.clone(),
        LogItem::ToolCall { tool, summary, input, .. } => {
            // Line ends in JSON would make words of their letters.
            let input = input.replace("\\n", "\n").replace("\\t", "\t");
            format!("{tool} {summary}\n{input}")
        }
        LogItem::Retry { reason, .. } => reason.clone(),
        // The final answer is searched as the result.
        LogItem::Started { .. } | LogItem::Result { .. } | LogItem::Unknown(_) => return None,
    };
    let end = end_of_passage(&text, 0, ITEM);
    Some(text[..end].to_owned()).filter(|text| !text.trim().is_empty())
}

/// The end of a passage of at most `length` bytes that begins at `start`: after white space, if there is some in its
/// second half.
fn end_of_passage(text: &str, start: usize, length: usize) -> usize {
    if text.len() - start <= length {
        return text.len();
    }
    let most = (start + 1..=start + length).rev().find(|at| text.is_char_boundary(*at));
    let most = most.unwrap_or(text.len());
    let space = text[start..most].rfind(char::is_whitespace).filter(|space| *space > length / 2);
    let after = |space: usize| {
        start + space + text[start + space..].chars().next().map_or(0, char::len_utf8)
    };
    space.map_or(most, after)
}

#[cfg(test)]
mod tests {
    use claude_worker_api::ToolOutcome;

    use super::*;

    #[test]
    fn a_text_is_divided_between_words_and_nothing_is_lost() {
        let text = "Grüße an alle ".repeat(1000);
        let passages = of_text(&text);
        assert!(passages.len() > 3);
        assert!(passages.iter().all(|passage| passage.text.len() <= PASSAGE));
        assert_eq!(passages.iter().map(|passage| passage.text.as_str()).collect::<String>(), text);
        for passage in &passages {
            assert!(text[usize::try_from(passage.offset).unwrap()..].starts_with(&passage.text));
            assert!(passage.text.ends_with(' '));
        }
        assert_eq!(of_text(&"ü".repeat(5000)).len(), 3, "without spaces, too");
        assert_eq!(of_text(""), []);
    }

    #[test]
    fn a_log_is_divided_between_its_items() {
        let entry = |offset, item| LogEntry { offset, at: None, item };
        let mut log = LogPassages::default();
        log.push(&entry(0, LogItem::Started { session_id: None, model: None, version: None }));
        log.push(&entry(10, LogItem::Text { text: "First I look.".to_owned() }));
        let call = LogItem::ToolCall {
            id: "1".to_owned(),
            tool: "Edit".to_owned(),
            summary: "a.rs".to_owned(),
            input: r#"{"new":"one\ntwo"}"#.to_owned(),
        };
        log.push(&entry(20, call));
        let outcome = ToolOutcome::Ok;
        let text = "x ".repeat(50_000);
        let result = LogItem::ToolResult { id: "1".to_owned(), outcome, text, images: Vec::new() };
        log.push(&entry(30, result));
        assert_eq!(log.completed().len(), 1);
        assert!(log.len() < 20_000, "a large item is searched in part");
        log.push(&entry(40, LogItem::Output { text: "end".to_owned(), stderr: false }));
        let passages = log.finish();
        assert_eq!(passages.iter().map(|passage| passage.offset).collect::<Vec<_>>(), [10, 40]);
        assert!(
            passages[0].text.starts_with("First I look.\nEdit a.rs\n{\"new\":\"one\ntwo\"}\nx x")
        );
        assert_eq!(passages[1].text, "end\n");
    }
}
