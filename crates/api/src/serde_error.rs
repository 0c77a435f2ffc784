//! Turns serde's errors into messages for people.
//!
//! serde gives its errors only as text, so they are parsed here. An error of an unknown form is passed
//! on unchanged.

/// Explains serde's `error` about the value at `place`, like `limits.max_turns`; an empty place is
/// the whole value.
#[must_use]
pub fn explain_serde_error(place: &str, error: &str) -> String {
    let (message, position) = without_position(error);
    let subject = if place.is_empty() { "it" } else { place };
    let within = |name: &str| match place {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    if let Some((given, wanted)) = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "))
    {
        return format!("{subject} must be {}, not {}", kind(wanted), value(given));
    }
    if let Some(name) = quoted(message, "missing field ") {
        return format!("{} is missing", within(name));
    }
    if let Some(name) = quoted(message, "duplicate field ") {
        return format!("{} is given twice", within(name));
    }
    if let Some(name) = quoted(message, "unknown field ") {
        return format!("{} is not known{}", within(name), choices(message));
    }
    if let Some(name) = quoted(message, "unknown variant ") {
        let what = if place.is_empty() { "the value" } else { subject };
        let is = if place.is_empty() { "" } else { " =" };
        return format!("{what}{is} {name:?} is not known{}", choices(message));
    }
    if message.starts_with("data did not match any variant") {
        return format!("{subject} has a form that is not known");
    }
    if let Some(wanted) = parsed(message) {
        return format!("{subject} must be {wanted}");
    }
    // Messages from this crate's own types may already contain the place.
    let names_place =
        message.strip_prefix(place).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    if place.is_empty() || names_place {
        return error.to_owned();
    }
    format!("{place}: {message}{position}")
}

/// Splits serde's error into the message and the line and column, which `place` makes unnecessary.
fn without_position(error: &str) -> (&str, &str) {
    let at = error.rfind(" at line ").filter(|at| {
        let words: Vec<&str> = error[*at..].split_whitespace().collect();
        matches!(words.as_slice(), ["at", "line", line, "column", column]
            if line.parse::<u64>().is_ok() && column.parse::<u64>().is_ok())
    });
    error.split_at(at.unwrap_or(error.len()))
}

/// The name in backticks right after `prefix`.
fn quoted<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    Some(message.strip_prefix(prefix)?.strip_prefix('`')?.split_once('`')?.0)
}

/// The known names, from the list at the end of the message.
fn choices(message: &str) -> String {
    let Some((_, list)) = message.split_once(", expected ") else { return String::new() };
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

/// The expected kind of a value in a query string, from the error of parsing it.
fn parsed(message: &str) -> Option<&'static str> {
    match message {
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

    fn explained(value: Value) -> String {
        let base = json!({ "execution_prompt": "x", "working_directory": "/" });
        let (Value::Object(mut base), Value::Object(value)) = (base, value) else { panic!() };
        base.extend(value);
        let text = Value::Object(base).to_string();
        let mut json = serde_json::Deserializer::from_str(&text);
        let error = NewTask::deserialize(&mut json).unwrap_err().to_string();
        explain_serde_error("here", &error)
    }

    #[test]
    fn current_serde_errors_are_explained() {
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
            let message = explained(given.clone());
            assert!(message.contains(expected), "{given}: {message}");
            for word in ["invalid", "expected", "u32", "u64", "struct", "sequence", "at line"] {
                assert!(!message.contains(word), "{given}: {message}");
            }
        }
        let missing = serde_json::from_str::<NewTask>("{}").unwrap_err().to_string();
        assert_eq!(explain_serde_error("", &missing), "execution_prompt is missing");
        assert_eq!(
            explain_serde_error("tasks[0]", &missing),
            "tasks[0].execution_prompt is missing"
        );
    }

    #[test]
    fn names_are_kept_and_other_errors_are_unchanged() {
        let check =
            |error: &str, expected: &str| assert_eq!(explain_serde_error("a.b", error), expected);
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
        assert_eq!(explain_serde_error("", "EOF at line 1 column 2"), "EOF at line 1 column 2");
    }
}
