//! What serde says about a value that cannot be read, in words for people.
//!
//! serde gives its errors only as text, so they are parsed here. An unknown form is passed on unchanged.

/// Says what is wrong with the value at `place`, like `limits.max_turns`; an empty place is the whole.
#[must_use]
pub fn plain_words(place: &str, error: &str) -> String {
    let (said, position) = without_position(error);
    let subject = if place.is_empty() { "it" } else { place };
    let within = |name: &str| match place {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    if let Some((given, wanted)) = said
        .strip_prefix("invalid type: ")
        .or_else(|| said.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "))
    {
        return format!("{subject} must be {}, not {}", kind(wanted), value(given));
    }
    if let Some(name) = quoted(said, "missing field ") {
        return format!("{} is missing", within(name));
    }
    if let Some(name) = quoted(said, "duplicate field ") {
        return format!("{} is given twice", within(name));
    }
    if let Some(name) = quoted(said, "unknown field ") {
        return format!("{} is not known{}", within(name), choices(said));
    }
    if let Some(name) = quoted(said, "unknown variant ") {
        let what = if place.is_empty() { "the value" } else { subject };
        let is = if place.is_empty() { "" } else { " =" };
        return format!("{what}{is} {name:?} is not known{}", choices(said));
    }
    if said.starts_with("data did not match any variant") {
        return format!("{subject} has a form that is not known");
    }
    if let Some(wanted) = parsed(said) {
        return format!("{subject} must be {wanted}");
    }
    // A text of our own may name the place by itself.
    let names_place =
        said.strip_prefix(place).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    if place.is_empty() || names_place {
        return error.to_owned();
    }
    format!("{place}: {said}{position}")
}

/// The message and where in the text it is, which a value's own place says better.
fn without_position(error: &str) -> (&str, &str) {
    let at = error.rfind(" at line ").filter(|at| {
        let words: Vec<&str> = error[*at..].split_whitespace().collect();
        matches!(words.as_slice(), ["at", "line", line, "column", column]
            if line.parse::<u64>().is_ok() && column.parse::<u64>().is_ok())
    });
    error.split_at(at.unwrap_or(error.len()))
}

/// The name in backticks right behind `words`.
fn quoted<'a>(said: &'a str, words: &str) -> Option<&'a str> {
    Some(said.strip_prefix(words)?.strip_prefix('`')?.split_once('`')?.0)
}

/// What there is instead, from the list at the end.
fn choices(said: &str) -> String {
    let Some((_, list)) = said.split_once(", expected ") else { return String::new() };
    let names: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    match names.as_slice() {
        [] => String::new(),
        [name] => format!("; there is {name}"),
        [names @ .., last] => format!("; there are {} and {last}", names.join(", ")),
    }
}

fn kind(wanted: &str) -> &str {
    match wanted {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" | "bool" => "true or false",
        "a string" | "a borrowed string" | "str" | "string" | "string or map" => "a text",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}

fn value(given: &str) -> &str {
    match given {
        "unit value" | "null" | "Option value" => return "null",
        "sequence" => return "a list",
        "map" => return "an object",
        _ => {}
    }
    let plain = ["boolean ", "integer ", "floating point ", "character "]
        .iter()
        .find_map(|kind| given.strip_prefix(kind)?.strip_prefix('`')?.strip_suffix('`'));
    plain.or_else(|| given.strip_prefix("string ")).unwrap_or(given)
}

/// What a text of a query string should have been.
fn parsed(said: &str) -> Option<&'static str> {
    match said {
        "invalid digit found in string"
        | "cannot parse integer from empty string"
        | "number too large to fit in target type"
        | "number too small to fit in target type" => Some("a whole number that is not too large"),
        "invalid float literal" | "cannot parse float from empty string" => Some("a number"),
        "provided string was not `true` or `false`" => Some("true or false"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::NewTask;

    fn told(value: Value) -> String {
        let base = json!({ "execution_prompt": "x", "working_directory": "/" });
        let (Value::Object(mut base), Value::Object(value)) = (base, value) else { panic!() };
        base.extend(value);
        let text = Value::Object(base).to_string();
        let mut json = serde_json::Deserializer::from_str(&text);
        let error = NewTask::deserialize(&mut json).unwrap_err().to_string();
        plain_words("here", &error)
    }

    #[test]
    fn what_serde_says_today_is_said_in_plain_words() {
        let cases = [
            (json!({ "limits": { "max_turns": "many" } }), "not \"many\""),
            (json!({ "limits": { "max_turns": -1 } }), "here must be a whole number from 0 to"),
            (json!({ "limits": { "max_turns": 1.5 } }), "4294967295, not 1.5"),
            (json!({ "limits": { "timeout_ms": true } }), "a whole number, 0 or more, not true"),
            (json!({ "limits": { "max_budget_usd": "x" } }), "here must be a number, not \"x\""),
            (json!({ "limits": 7 }), "here must be an object, not 7"),
            (json!({ "allowed_tools": "Edit" }), "here must be a list, not \"Edit\""),
            (json!({ "allowed_tools": [{}] }), "here must be a text, not an object"),
            (json!({ "name": 7 }), "here must be a text, not 7"),
            (json!({ "execution_prompt": null }), "here must be a text, not null"),
        ];
        for (given, expected) in cases {
            let words = told(given.clone());
            assert!(words.contains(expected), "{given}: {words}");
            for word in ["invalid", "expected", "u32", "u64", "struct", "sequence", "at line"] {
                assert!(!words.contains(word), "{given}: {words}");
            }
        }
        let missing = serde_json::from_str::<NewTask>("{}").unwrap_err().to_string();
        assert_eq!(plain_words("", &missing), "execution_prompt is missing");
        assert_eq!(plain_words("tasks[0]", &missing), "tasks[0].execution_prompt is missing");
    }

    #[test]
    fn names_are_kept_and_other_words_stay() {
        let check = |error: &str, expected: &str| assert_eq!(plain_words("a.b", error), expected);
        check("unknown field `x`, expected `y` or `z`", "a.b.x is not known; there are y and z");
        check(
            "unknown variant `x`, expected one of `k`, `l`, `m`",
            "a.b = \"x\" is not known; there are k, l and m",
        );
        check("unknown variant `x`, expected `k`", "a.b = \"x\" is not known; there is k");
        check("duplicate field `c` at line 1 column 2", "a.b.c is given twice");
        check(
            "data did not match any variant of untagged enum X",
            "a.b has a form that is not known",
        );
        check("invalid digit found in string", "a.b must be a whole number that is not too large");
        check("\"x\" is not a duration", "a.b: \"x\" is not a duration");
        check(
            "invalid type: string \"a, expected b\", expected u64",
            "a.b must be a whole number, 0 or more, not \"a, expected b\"",
        );
        assert_eq!(plain_words("", "EOF at line 1 column 2"), "EOF at line 1 column 2");
    }
}
