//! The summary of a tool call, in one line.

use crate::object::Object;
use crate::text::one_line;

/// The longest summary, in characters.
const MAX_SUMMARY: usize = 200;

/// Fields that can be a call's main argument, the most informative first.
const MAIN_ARGUMENTS: [&str; 14] = [
    "command",
    "file_path",
    "notebook_path",
    "pattern",
    "url",
    "query",
    "path",
    "description",
    "skill",
    "subject",
    "title",
    "name",
    "prompt",
    "question",
];

/// A call's main argument in one line: the command, the path, the pattern. Empty when it has
/// none. `input` is the call's arguments as JSON text.
pub(super) fn summary(input: &str) -> String {
    let Some(input) = Object::parse(input) else { return String::new() };
    let known = MAIN_ARGUMENTS.iter().find_map(|key| input.text(key));
    let question = || {
        let first = input.list("questions").into_iter().next().and_then(Object::parse)?;
        first.text("question")
    };
    let main = known.or_else(question).or_else(|| input.first_text()).unwrap_or_default();
    one_line(&main, MAX_SUMMARY)
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn the_main_argument_is_found() {
        let check = |input: &str, expected: &str| assert_eq!(summary(input), expected, "{input}");
        check(r#"{"description":"Run tests","command":"cargo test\n -q"}"#, "cargo test -q");
        check(r#"{"file_path":"/a/b.rs","old_string":"x","new_string":"y"}"#, "/a/b.rs");
        check(r#"{"pattern":"fn main","path":"src"}"#, "fn main");
        check(r#"{"description":"Look around","prompt":"Long text"}"#, "Look around");
        check(r#"{"questions":[{"question":"Which colour?"}]}"#, "Which colour?");
        check(r#"{"n":1,"answer":"42"}"#, "42");
        check(r#"{"todos":[{"content":"a"}]}"#, "");
        check("[]", "");
        check("", "");
    }
}
