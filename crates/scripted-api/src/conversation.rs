//! Reads the conversation in a request: the newest prompt and how many turns followed it.

use serde_json::Value;

/// The parts of a `POST /v1/messages` body that decide the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The newest text that a person wrote, without the CLI's additions.
    pub prompt: String,
    /// How many turns the model has taken since.
    pub turns: usize,
    /// The requested model.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the CLI offers no tools: then the request serves the CLI itself (a title, a summary),
    /// not the person's prompt.
    pub side: bool,
    /// The CLI's session id.
    pub session: String,
}

impl Conversation {
    /// Reads a request body. Missing fields count as empty, because newer releases of the CLI may
    /// leave out or add fields.
    #[must_use]
    pub fn read(body: &Value) -> Self {
        let empty = Vec::new();
        let messages = body["messages"].as_array().unwrap_or(&empty);
        let mut turns = 0;
        let mut cut_off = false;
        let mut prompt = String::new();
        for message in messages.iter().rev() {
            // The CLI also sends messages of the role `system`.
            match message["role"].as_str() {
                Some("assistant") if std::mem::take(&mut cut_off) => {}
                Some("assistant") => turns += 1,
                Some("user") => {
                    cut_off = message["content"].to_string().contains(CUT_OFF);
                    if let Some(text) = newest_text(&message["content"]) {
                        prompt = text;
                        break;
                    }
                }
                _ => {}
            }
        }
        Self {
            prompt,
            turns,
            model: body["model"].as_str().unwrap_or_default().to_owned(),
            stream: body["stream"] == true,
            side: body["tools"].as_array().is_none_or(Vec::is_empty),
            session: body["metadata"]["user_id"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// How the CLI asks the model to continue after a stream broke off. The incomplete message does not
/// count as a turn of the script.
const CUT_OFF: &str = "Your response above was cut off mid-stream.";

/// The beginnings of messages that the CLI itself sends to the model.
const BY_CLI: [&str; 4] = [
    "[Request interrupted",
    CUT_OFF,
    "Your response above was stopped by a safety classifier",
    "[Your previous response had no visible output",
];

/// The last text of a user message that a person wrote. A prompt that follows a failed one
/// arrives in the same message, so only the last text block counts.
fn newest_text(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => written_by_person(text),
        Value::Array(blocks) => blocks
            .iter()
            .rev()
            .filter(|block| block["type"] == "text")
            .find_map(|block| written_by_person(block["text"].as_str()?)),
        _ => None,
    }
}

/// The text without the CLI's reminders; none if it has nothing else.
fn written_by_person(text: &str) -> Option<String> {
    const OPEN: &str = "<system-reminder>";
    const CLOSE: &str = "</system-reminder>";
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        kept.push_str(before);
        rest = after.split_once(CLOSE).map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    let kept = kept.trim();
    let by_cli = kept.is_empty() || BY_CLI.iter().any(|words| kept.starts_with(words));
    (!by_cli).then(|| kept.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn user(content: &Value) -> Value {
        json!({ "role": "user", "content": content })
    }

    fn text(text: &str) -> Value {
        json!({ "type": "text", "text": text })
    }

    fn call() -> Value {
        json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": "t", "name": "Bash" }] })
    }

    fn result() -> Value {
        json!({ "type": "tool_result", "tool_use_id": "t", "content": "[[say not this]]" })
    }

    #[track_caller]
    fn check(messages: &[Value], prompt: &str, turns: usize) {
        let read = Conversation::read(&json!({ "messages": messages }));
        assert_eq!((read.prompt.as_str(), read.turns), (prompt, turns));
    }

    #[test]
    fn a_plain_prompt_is_read() {
        check(&[user(&json!("Hi"))], "Hi", 0);
    }

    #[test]
    fn reminders_are_not_the_prompt() {
        let reminder = "<system-reminder>\n[[say no]]\n</system-reminder>\n";
        let content = json!([text(reminder), text("Hi"), text(reminder)]);
        check(&[user(&content)], "Hi", 0);
        check(&[user(&json!(format!("{reminder}Hi")))], "Hi", 0);
    }

    #[test]
    fn system_messages_are_not_the_prompt() {
        let system = json!({ "role": "system", "content": [text("# Environment")] });
        check(&[user(&json!("Hi")), system], "Hi", 0);
    }

    #[test]
    fn tool_results_are_turns_not_prompts() {
        let results = user(&json!([result(), text("<system-reminder>x</system-reminder>")]));
        let messages = vec![user(&json!("Go")), call(), results, call(), user(&json!([result()]))];
        check(&messages, "Go", 2);
    }

    #[test]
    fn a_turn_that_was_cut_off_does_not_count() {
        let half = json!({ "role": "assistant", "content": [text("Well")] });
        check(&[user(&json!("Go")), call(), half, user(&json!([text(CUT_OFF)]))], "Go", 1);
    }

    #[test]
    fn a_follow_up_starts_counting_turns_again() {
        let messages = vec![user(&json!("Go")), call(), user(&json!([result()])), call()];
        check(&[messages.clone(), vec![user(&json!("More"))]].concat(), "More", 0);
        let interrupted = json!([result(), text("[Request interrupted by user]"), text("More")]);
        check(&[messages, vec![user(&interrupted)]].concat(), "More", 0);
    }

    #[test]
    fn a_prompt_after_a_failed_one_shares_its_message() {
        check(&[user(&json!([text("[[hang]]"), text("[[say Hi]]")]))], "[[say Hi]]", 0);
    }

    #[test]
    fn every_field_may_be_missing() {
        let nothing = Conversation::read(&json!({}));
        assert!(nothing.side && nothing.prompt.is_empty());
    }
}
