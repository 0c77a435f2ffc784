//! The directives in a prompt, and the turns of the model that they describe.
//!
//! | directive | what the model does |
//! |---|---|
//! | `[[say TEXT]]` | says the text; the last thing said ends the run. Without a text: nothing |
//! | `[[turn]]` | ends the turn: what follows is said when the CLI asks again, as after a background command |
//! | `[[bash COMMAND]]` | calls the Bash tool |
//! | `[[write PATH CONTENT]]` | calls the Write tool |
//! | `[[read PATH]]` | calls the Read tool |
//! | `[[edit PATH OLD => NEW]]` | calls the Edit tool |
//! | `[[tool NAME {"json": …}]]` | calls any tool |
//! | `[[loop …]]` | with a tool directive inside (`[[loop bash echo hi]]`): calls it for ever |
//! | `[[pause MS]]` | waits before the next directive |
//! | `[[slow MS]]` | says ten words, one every so many milliseconds |
//! | `[[big BYTES]]` | says a text of this size |
//! | `[[stop REASON]]` | ends this turn with that stop reason (for example `refusal`), also when asked again |
//! | `[[status CODE name=value…]]` | HTTP error; the pairs become headers |
//! | `[[error credit]]` | the 400 of an empty credit balance |
//! | `[[error context]]` | the 400 of a prompt that is too long |
//! | `[[error disabled]]` | the 400 of a disabled organisation |
//! | `[[error model]]` | the 404 of an unknown model |
//! | `[[error stream]]` | begins to answer, then sends an error event |
//! | `[[cut]]` | begins to answer, then closes the connection |
//! | `[[stall]]` | begins to answer, then is silent |
//! | `[[hang]]` | never answers |
//!
//! A directive ends at the first `]]`. Each tool call ends a turn; text before a tool call belongs to
//! the same turn, and text before a fault is sent before it. After the last tool call the model says
//! `Done.` unless the script has another text. A fault is permanent: the CLI's retries get it again,
//! unless `times=N` follows it (`[[status 529 times=2]]`, `[[cut times=1]]`).

use std::time::Duration;

use serde_json::{Value, json};

/// A piece of the model's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// This text.
    Text(String),
    /// Silence of this length.
    Pause(Duration),
    /// Ten words with this long before each.
    Slow(Duration),
    /// A text of this many bytes.
    Big(usize),
}

/// A tool call.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Its input.
    pub input: Value,
}

/// A failure of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An HTTP error instead of an answer.
    Status {
        /// The status code.
        code: u16,
        /// Headers to send with it.
        headers: Vec<(String, String)>,
        /// The error's message.
        message: String,
    },
    /// An error event in the middle of the stream.
    ErrorEvent,
    /// The connection ends in the middle of the stream.
    Cut,
    /// The stream begins and falls silent.
    Stall,
    /// No answer at all.
    Hang,
}

/// One turn of the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// The model says something and may call a tool. Without a tool call the run ends.
    Speak {
        /// What it says.
        pieces: Vec<Piece>,
        /// The tool call.
        tool: Option<ToolCall>,
        /// The stop reason, if it is not the usual one.
        stop: Option<String>,
    },
    /// The API fails; no turn is added to the conversation.
    Fail {
        /// The text before the fault, if the answer begins before it.
        pieces: Vec<Piece>,
        /// The failure.
        fault: Fault,
        /// How often the fault occurs; none means always.
        times: Option<u32>,
    },
}

impl Turn {
    /// A turn that says a text and ends the run.
    #[must_use]
    pub fn answer(text: &str) -> Self {
        Self::Speak { pieces: vec![Piece::Text(text.to_owned())], tool: None, stop: None }
    }
}

impl Turn {
    /// Whether it says nothing, or has a stop reason of its own: the CLI asks again after it.
    fn is_retried(&self) -> bool {
        match self {
            Self::Speak { stop: Some(_), .. } => true,
            Self::Speak { pieces, tool: None, .. } => {
                pieces.iter().all(|piece| *piece == Piece::Text(String::new()))
            }
            _ => false,
        }
    }
}

/// A prompt's script.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    turns: Vec<Turn>,
    /// Called for ever once `turns` are used up.
    endless: Option<ToolCall>,
}

/// A parsed directive.
enum Directive {
    Piece(Piece),
    Tool(ToolCall),
    Loop(ToolCall),
    Fault(Fault, Option<u32>),
    Turn,
    Stop(String),
}

impl Script {
    /// Reads a prompt's directives. A prompt without directives yields a greeting; one with an
    /// invalid directive yields a turn with an error message, which the test sees in the result.
    #[must_use]
    pub fn parse(prompt: &str) -> Self {
        let mut turns = Vec::new();
        let mut pieces = Vec::new();
        let mut endless = None;
        let mut any = false;
        for text in directives(prompt) {
            any = true;
            match directive(text) {
                Ok(Directive::Piece(piece)) => pieces.push(piece),
                Ok(Directive::Tool(tool)) => {
                    turns.push(Turn::Speak {
                        pieces: std::mem::take(&mut pieces),
                        tool: Some(tool),
                        stop: None,
                    });
                }
                Ok(Directive::Turn) => {
                    let pieces = std::mem::take(&mut pieces);
                    turns.push(Turn::Speak { pieces, tool: None, stop: None });
                }
                Ok(Directive::Stop(reason)) => {
                    let pieces = std::mem::take(&mut pieces);
                    turns.push(Turn::Speak { pieces, tool: None, stop: Some(reason) });
                    return Self { turns, endless: None };
                }
                Ok(Directive::Loop(tool)) => endless = Some(tool),
                Ok(Directive::Fault(fault, times)) => {
                    turns.push(Turn::Fail { pieces: std::mem::take(&mut pieces), fault, times });
                }
                Err(message) => return Self { turns: vec![Turn::answer(&message)], endless: None },
            }
        }
        if !any {
            let answer = "Hello. I am the scripted model; I was given no directives.";
            return Self { turns: vec![Turn::answer(answer)], endless: None };
        }
        if !pieces.iter().any(|piece| !matches!(piece, Piece::Pause(_))) {
            pieces.push(Piece::Text("Done.".to_owned()));
        }
        if endless.is_none() {
            turns.push(Turn::Speak { pieces, tool: None, stop: None });
        }
        Self { turns, endless }
    }

    /// The next turn after `taken` turns of the model. `failed(i)` is how often the fault at index
    /// `i` has been answered before. Returns the turn and its index.
    pub fn due(&self, taken: usize, mut failed: impl FnMut(usize) -> u32) -> (usize, Turn) {
        let mut left = taken;
        for (place, turn) in self.turns.iter().enumerate() {
            match turn {
                Turn::Fail { times: Some(times), .. } if failed(place) >= *times => {}
                Turn::Fail { .. } => return (place, turn.clone()),
                Turn::Speak { .. } if left == 0 => return (place, turn.clone()),
                Turn::Speak { .. } => left -= 1,
            }
        }
        let turn = match (&self.endless, self.turns.last()) {
            (Some(tool), _) => {
                Turn::Speak { pieces: Vec::new(), tool: Some(tool.clone()), stop: None }
            }
            // The CLI asks again after such a turn, and gets the same one.
            (None, Some(last)) if last.is_retried() => last.clone(),
            // The CLI asked once more than the script expects, for example after a hook.
            (None, _) => Turn::answer("Done."),
        };
        (self.turns.len() + left, turn)
    }
}

/// The texts between `[[` and `]]`.
fn directives(prompt: &str) -> impl Iterator<Item = &str> {
    let mut rest = prompt;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once("[[")?;
        let (inside, after) = after.split_once("]]")?;
        rest = after;
        Some(inside)
    })
}

fn directive(text: &str) -> Result<Directive, String> {
    let (word, rest) = split_word(text);
    let parsed = match word {
        "say" => Ok(Directive::Piece(Piece::Text(rest.to_owned()))),
        "pause" => number(rest).map(|ms| Directive::Piece(Piece::Pause(Duration::from_millis(ms)))),
        "slow" => number(rest).map(|ms| Directive::Piece(Piece::Slow(Duration::from_millis(ms)))),
        "big" => number(rest).map(|bytes| Directive::Piece(Piece::Big(bytes))),
        "loop" => tool(rest).map(Directive::Loop),
        "turn" => Ok(Directive::Turn),
        "stop" if rest.is_empty() => Err("a reason is expected".to_owned()),
        "stop" => Ok(Directive::Stop(rest.to_owned())),
        "status" | "error" | "cut" | "stall" | "hang" => fault(word, rest),
        _ => tool(text).map(Directive::Tool),
    };
    parsed.map_err(|why| format!("The directive [[{text}]] is not understood: {why}."))
}

fn tool(text: &str) -> Result<ToolCall, String> {
    let (word, rest) = split_word(text);
    let call = |name: &str, input| Ok(ToolCall { name: name.to_owned(), input });
    match word {
        "bash" => call("Bash", json!({ "command": rest, "description": "As the script says" })),
        "read" => call("Read", json!({ "file_path": rest })),
        "write" => {
            let (path, content) = split_word(rest);
            call("Write", json!({ "file_path": path, "content": content }))
        }
        "edit" => {
            let (path, change) = split_word(rest);
            let (old, new) = change.split_once(" => ").ok_or("\" => \" is missing")?;
            call("Edit", json!({ "file_path": path, "old_string": old, "new_string": new }))
        }
        "tool" => {
            let (name, input) = split_word(rest);
            let input = serde_json::from_str(input).map_err(|e| format!("its JSON: {e}"))?;
            call(name, input)
        }
        _ => Err("no such directive".to_owned()),
    }
}

fn fault(word: &str, rest: &str) -> Result<Directive, String> {
    let mut what = None;
    let mut times = None;
    let mut headers = Vec::new();
    for part in rest.split_whitespace() {
        match part.split_once('=') {
            Some(("times", count)) => times = Some(number(count)?),
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None => what = Some(part),
        }
    }
    let fault = match (word, what) {
        ("cut", None) => Fault::Cut,
        ("stall", None) => Fault::Stall,
        ("hang", None) => Fault::Hang,
        ("error", Some("stream")) => Fault::ErrorEvent,
        ("error", Some("credit")) => {
            Fault::Status { code: 400, headers, message: NO_CREDIT.to_owned() }
        }
        ("error", Some("model")) => {
            Fault::Status { code: 404, headers, message: "model: no-such-model".to_owned() }
        }
        ("error", Some("context")) => {
            Fault::Status { code: 400, headers, message: TOO_LONG.to_owned() }
        }
        ("error", Some("disabled")) => {
            Fault::Status { code: 400, headers, message: DISABLED.to_owned() }
        }
        ("error", _) => {
            return Err("context, credit, disabled, model or stream is expected".to_owned());
        }
        ("status", Some(code)) => {
            let code = number(code)?;
            Fault::Status { code, headers, message: message(code).to_owned() }
        }
        ("status", None) => return Err("a status code is expected".to_owned()),
        _ => return Err("it takes no value".to_owned()),
    };
    Ok(Directive::Fault(fault, times))
}

const NO_CREDIT: &str = "Your credit balance is too low to access the Anthropic API. Please go to \
                         Plans & Billing to upgrade or purchase credits.";

const TOO_LONG: &str = "prompt is too long: 1208842 tokens > 1000000 maximum";
const DISABLED: &str = "This organization has been disabled.";

/// The API's message for a status.
const fn message(code: u16) -> &'static str {
    match code {
        401 => "invalid x-api-key",
        403 => "Request not allowed",
        404 => "Not found",
        429 => "This request would exceed your account's rate limit. Please try again later.",
        529 => "Overloaded",
        500.. => "Internal server error",
        _ => "The request is not valid",
    }
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

/// A number that a unit may follow (`250`, `250 ms`, `5000 bytes`).
fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    split_word(text).0.parse().map_err(|_| "a number is expected".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(prompt: &str, taken: usize) -> Turn {
        Script::parse(prompt).due(taken, |_| 0).1
    }

    fn speech(text: &str) -> Vec<Piece> {
        vec![Piece::Text(text.to_owned())]
    }

    #[test]
    fn tool_calls_end_turns_and_text_joins_the_next_tool_call() {
        let prompt =
            "Please: [[say I look.]] [[bash ls -l]] then [[write a.txt one two]] [[say Bye]]";
        let bash = json!({ "command": "ls -l", "description": "As the script says" });
        let write = json!({ "file_path": "a.txt", "content": "one two" });
        let call = |name: &str, input| Some(ToolCall { name: name.to_owned(), input });
        let expected = [
            Turn::Speak { pieces: speech("I look."), tool: call("Bash", bash), stop: None },
            Turn::Speak { pieces: vec![], tool: call("Write", write), stop: None },
            Turn::answer("Bye"),
            Turn::answer("Done."),
        ];
        for (taken, expected) in expected.into_iter().enumerate() {
            assert_eq!(due(prompt, taken), expected, "after {taken} turns");
        }
    }

    #[test]
    fn a_script_that_ends_with_a_tool_call_says_done() {
        assert_eq!(due("[[bash true]]", 1), Turn::answer("Done."));
    }

    #[test]
    fn a_turn_that_goes_wrong_does_so_each_time_it_is_asked_for() {
        let refused =
            Turn::Speak { pieces: speech("No"), tool: None, stop: Some("refusal".to_owned()) };
        let silent = Turn::answer("");
        for taken in [0, 1, 5] {
            assert_eq!(due("[[say No]] [[stop refusal]]", taken), refused);
            assert_eq!(due("[[say ]]", taken), silent);
        }
    }

    #[test]
    fn the_turn_directive_separates_turns() {
        let prompt = "[[say One]] [[turn]] [[say Two]]";
        let expected = ["One", "Two", "Done."].map(Turn::answer);
        assert_eq!([0, 1, 2].map(|taken| due(prompt, taken)), expected);
    }

    #[test]
    fn a_loop_never_ends() {
        for taken in [0, 1, 100] {
            let Turn::Speak { tool: Some(tool), .. } = due("[[loop bash echo hi]]", taken) else {
                panic!("no tool call after {taken} turns");
            };
            assert_eq!(tool.input["command"], "echo hi");
        }
    }

    #[test]
    fn a_fault_passes_after_its_times_and_takes_no_turn() {
        let script = Script::parse("[[status 529 times=2 retry-after=0]] [[say Back again]]");
        let fault = Fault::Status {
            code: 529,
            headers: vec![("retry-after".to_owned(), "0".to_owned())],
            message: "Overloaded".to_owned(),
        };
        let failure = Turn::Fail { pieces: vec![], fault, times: Some(2) };
        assert_eq!(script.due(0, |_| 1), (0, failure));
        assert_eq!(script.due(0, |_| 2), (1, Turn::answer("Back again")));
    }

    #[test]
    fn an_invalid_directive_is_reported_in_the_answer() {
        for prompt in [
            "[[sya x]]",
            "[[pause soon]]",
            "[[status much]]",
            "[[tool Bash {]]",
            "[[edit f x]]",
            "[[hang on]]",
        ] {
            let Turn::Speak { pieces, tool: None, .. } = due(prompt, 0) else {
                panic!("{prompt} was accepted");
            };
            let Piece::Text(text) = &pieces[0] else { panic!("{prompt}: no text") };
            assert!(text.contains("is not understood"), "{text}");
        }
    }

    #[test]
    fn a_prompt_without_directives_is_answered() {
        let Turn::Speak { pieces, tool: None, .. } = due("What is this? [[", 0) else {
            panic!("no answer");
        };
        assert!(matches!(&pieces[0], Piece::Text(text) if text.starts_with("Hello")));
    }
}
