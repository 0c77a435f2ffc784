//! The summary of a tool call, in one line.

use claude_worker_api::Question;

use crate::object::Object;
use crate::text::one_line;

/// The longest summary, in characters.
const MAX_SUMMARY: usize = 200;

/// How many questions of a call, and how many answers of a question, are kept. Claude Code asks up to 4 with up to
/// 4 answers.
const MOST_QUESTIONS: usize = 8;

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

/// The main argument of a call whose arguments are not complete: that of those which are.
pub(super) fn begun_summary(input: &str) -> String {
    // The argument that is being written ends somewhere in the middle.
    let complete = |(at, _): (usize, &str)| {
        let closed = format!("{}}}", &input[..at]);
        Object::parse(&closed).map(|_| summary(&closed))
    };
    if Object::parse(input).is_some() {
        return summary(input);
    }
    let begin = input.char_indices().take(2000).last().map_or(0, |(at, sign)| at + sign.len_utf8());
    input[..begin].rmatch_indices(',').take(20).find_map(complete).unwrap_or_default()
}

/// The questions of a call of `AskUserQuestion`, with the answers that they offer.
pub(super) fn questions(input: &str) -> Vec<Question> {
    let Some(input) = Object::parse(input) else { return Vec::new() };
    let line = |object: &Object<'_>, key| Some(one_line(&object.text(key)?, MAX_SUMMARY));
    let asked = input.list("questions").into_iter().take(MOST_QUESTIONS).filter_map(|json| {
        let asked = Object::parse(json)?;
        let options = asked.list("options").into_iter().take(MOST_QUESTIONS);
        let options = options.filter_map(|option| line(&Object::parse(option)?, "label"));
        Some(Question { question: line(&asked, "question")?, options: options.collect() })
    });
    asked.collect()
}

/// A rule that allows this call and, where the rules of the tool can say so, no other. None when only the
/// whole tool can be allowed, because the call cannot be written as a rule.
pub(super) fn rule(tool: &str, input: &str) -> Option<String> {
    let input = Object::parse(input)?;
    match tool {
        "Bash" => {
            let command = input.text("command")?;
            is_writable(&command).then(|| format!("Bash({command})"))
        }
        "WebFetch" => {
            let url = input.text("url")?;
            let host = url.split_once("://")?.1.split(['/', '?', '#']).next()?;
            let host = host.rsplit('@').next()?.split(':').next()?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
            (!host.is_empty() && host.chars().all(is_name))
                .then(|| format!("WebFetch(domain:{host})"))
        }
        _ => None,
    }
}

/// Whether a rule with this command allows it: in one line of bounded length, and without what Claude Code
/// looks at apart from the text. Measured with 2.1.330: exact rules do not match commands with pipes,
/// redirections, expansions or brackets, and those that are lists of commands with `&&` or `;` do.
fn is_writable(command: &str) -> bool {
    command.trim() == command
        && !command.is_empty()
        && command.chars().count() <= MAX_SUMMARY
        && !command.contains(|c: char| c.is_control() || "|<>$*?`()[]{}\\".contains(c))
}

#[cfg(test)]
mod tests {
    use claude_worker_api::Question;

    use super::{questions, rule, summary};

    #[test]
    fn questions_come_with_the_answers_that_they_offer() {
        let input = r#"{"questions":[{"question":"Which\n database?","header":"DB","multiSelect":false,
            "options":[{"label":"Postgres","description":"p"},{"label":"SQLite"},{"description":"x"},7]},
            {"question":"Why?"},{"options":[]},"?"]}"#;
        let asked = |question: &str, options: &[&str]| Question {
            question: question.to_owned(),
            options: options.iter().map(|label| (*label).to_owned()).collect(),
        };
        let expected = [asked("Which database?", &["Postgres", "SQLite"]), asked("Why?", &[])];
        assert_eq!(questions(input), expected);
        assert_eq!(questions("[]"), []);
    }

    #[test]
    fn a_denied_call_becomes_a_rule_where_it_can_be_written() {
        let check = |tool: &str, input: &str, expected: Option<&str>| {
            assert_eq!(rule(tool, input).as_deref(), expected, "{input}");
        };
        check("Bash", r#"{"command":"touch x"}"#, Some("Bash(touch x)"));
        let list = r#"{"command":"mkdir d && touch 'd/a, b'; true"}"#;
        check("Bash", list, Some("Bash(mkdir d && touch 'd/a, b'; true)"));
        for command in ["a\\nb", "echo (a)", "rm *", "a | b", "a > b", "echo $HOME", "echo `date`"]
        {
            check("Bash", &format!(r#"{{"command":"{command}"}}"#), None);
        }
        check("Bash", &format!(r#"{{"command":"{}"}}"#, "x".repeat(300)), None);
        check("WebFetch", r#"{"url":"https://a.b.org:80/x?y"}"#, Some("WebFetch(domain:a.b.org)"));
        check("WebFetch", r#"{"url":"nonsense"}"#, None);
        check("Write", r#"{"file_path":"/a"}"#, None);
    }

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
