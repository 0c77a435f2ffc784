//! Changing one entry of a JSON file and nothing else: order, spacing and comments stay.
//!
//! Clients and people write these files, some with comments and commas that JSON itself does not
//! have, so what is not changed must not even be rewritten. The text is scanned, and only the
//! entry's own characters are replaced.

use std::ops::Range;

use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// Why a text cannot be changed: what is wrong and where.
pub(super) type Wrong = String;

/// The value at `section.name`; none when there is none.
///
/// # Errors
/// When the text is no JSON object.
pub(super) fn get(text: &str, section: &str, name: &str) -> Result<Option<Value>, Wrong> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let root = Object::root(text)?;
    let Some(member) = root.member(section) else { return Ok(None) };
    let inner = Object::at(text, member.value.start)?;
    let Some(member) = inner.member(name) else { return Ok(None) };
    let plain = without_comments(&text[member.value.clone()]);
    serde_json::from_str(&plain).map(Some).map_err(|error| format!("{section}.{name}: {error}"))
}

/// The text with this value at `section.name`.
///
/// # Errors
/// When the text is no JSON object.
pub(super) fn set(text: &str, section: &str, name: &str, value: &Value) -> Result<String, Wrong> {
    if text.trim().is_empty() {
        let whole = Value::from_iter([(section, Value::from_iter([(name, value.clone())]))]);
        return Ok(pretty(&whole, "  ", "") + "\n");
    }
    let unit = indent_unit(text);
    let root = Object::root(text)?;
    let Some(member) = root.member(section) else {
        let inner = Value::from_iter([(name, value.clone())]);
        return Ok(root.with(text, section, &inner, &unit));
    };
    let inner = Object::at(text, member.value.start)?;
    match inner.member(name) {
        Some(member) => {
            let base = indent_of(text, member.key_start);
            let value = pretty(value, &unit, &base);
            Ok(spliced(text, member.value.clone(), &value))
        }
        None => Ok(inner.with(text, name, value, &unit)),
    }
}

/// The text without `section.name`; none when it is not there.
///
/// # Errors
/// When the text is no JSON object.
pub(super) fn remove(text: &str, section: &str, name: &str) -> Result<Option<String>, Wrong> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let root = Object::root(text)?;
    let Some(member) = root.member(section) else { return Ok(None) };
    let inner = Object::at(text, member.value.start)?;
    let Some(place) = inner.members.iter().position(|member| member.key == name) else {
        return Ok(None);
    };
    let all = &inner.members;
    let gone = match (place.checked_sub(1).map(|before| &all[before]), all.get(place + 1)) {
        (_, Some(next)) => all[place].key_start..next.key_start,
        (Some(before), None) => before.value.end..all[place].value.end,
        (None, None) => inner.start + 1..inner.end - 1,
    };
    Ok(Some(spliced(text, gone, "")))
}

fn spliced(text: &str, place: Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..place.start], &text[place.end..])
}

/// An entry of an object.
struct Member {
    key: String,
    key_start: usize,
    value: Range<usize>,
    /// Where the comma behind it ends, if there is one.
    comma: Option<usize>,
}

/// An object as it stands in the text.
struct Object {
    /// Where its opening brace is, and where the closing one ends.
    start: usize,
    end: usize,
    members: Vec<Member>,
}

impl Object {
    fn root(text: &str) -> Result<Self, Wrong> {
        let mut scan = Scan { text, at: 0 };
        // Some editors begin a file with a mark.
        scan.at = text.len() - text.trim_start_matches('\u{feff}').len();
        scan.trivia()?;
        let object = Self::at(text, scan.at)?;
        scan.at = object.end;
        scan.trivia()?;
        if scan.at < text.len() { Err(scan.wrong("something follows the end")) } else { Ok(object) }
    }

    fn at(text: &str, start: usize) -> Result<Self, Wrong> {
        let mut scan = Scan { text, at: start };
        scan.expect(b'{')?;
        let mut members = Vec::new();
        loop {
            scan.trivia()?;
            if scan.peek() == Some(b'}') {
                scan.at += 1;
                return Ok(Self { start, end: scan.at, members });
            }
            if members.last().is_some_and(|last: &Member| last.comma.is_none()) {
                return Err(scan.wrong("a comma is missing"));
            }
            let key_start = scan.at;
            scan.string()?;
            let key = serde_json::from_str(&text[key_start..scan.at])
                .map_err(|error| scan.wrong(&error.to_string()))?;
            scan.trivia()?;
            scan.expect(b':')?;
            scan.trivia()?;
            let value_start = scan.at;
            scan.value(0)?;
            let value = value_start..scan.at;
            scan.trivia()?;
            let comma = (scan.peek() == Some(b',')).then(|| {
                scan.at += 1;
                scan.at
            });
            members.push(Member { key, key_start, value, comma });
        }
    }

    /// The entry of this name: the last one counts, as for every reader.
    fn member(&self, key: &str) -> Option<&Member> {
        self.members.iter().rev().find(|member| member.key == key)
    }

    /// The text with one more entry at the object's end.
    fn with(&self, text: &str, key: &str, value: &Value, unit: &str) -> String {
        let key = Value::from(key).to_string();
        let Some(last) = self.members.last() else {
            let base = indent_of(text, self.start);
            let inner = format!("{base}{unit}");
            let value = pretty(value, unit, &inner);
            let body = format!("{{\n{inner}{key}: {value}\n{base}}}");
            return spliced(text, self.start..self.end, &body);
        };
        let first = self.members.first().map_or(self.start, |first| first.key_start);
        if !text[self.start..first].contains('\n') {
            let at = last.value.end;
            return spliced(text, at..last.comma.unwrap_or(at), &format!(", {key}: {value}"));
        }
        let base = indent_of(text, last.key_start);
        let entry = format!("\n{base}{key}: {}", pretty(value, unit, &base));
        match last.comma {
            Some(comma) => spliced(text, comma..comma, &entry),
            None => {
                // A remark behind the last entry stays behind it.
                let rest = &text[last.value.end..];
                let line = &rest[..rest.find('\n').unwrap_or(0)];
                let remark = if line.trim_start().starts_with("//") { line.len() } else { 0 };
                let at = last.value.end + remark;
                format!(
                    "{},{}{entry}{}",
                    &text[..last.value.end],
                    &text[last.value.end..at],
                    &text[at..]
                )
            }
        }
    }
}

/// How deep values may be nested.
const DEEPEST: usize = 100;

/// A place in a text, moving on.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong(&self, what: &str) -> Wrong {
        let line = self.text[..self.at.min(self.text.len())].matches('\n').count() + 1;
        format!("line {line}: {what}")
    }

    fn expect(&mut self, byte: u8) -> Result<(), Wrong> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.wrong(&format!("'{}' is missing", char::from(byte))))
    }

    /// Passes over spaces and comments.
    fn trivia(&mut self) -> Result<(), Wrong> {
        loop {
            let rest = &self.text[self.at..];
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let end = rest.find("*/").ok_or_else(|| self.wrong("a comment does not end"))?;
                self.at += end + 2;
            } else if rest.starts_with([' ', '\t', '\r', '\n']) {
                self.at += 1;
            } else {
                return Ok(());
            }
        }
    }

    fn string(&mut self) -> Result<(), Wrong> {
        self.expect(b'"')?;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.at += 2,
                Some(b'\n') | None => return Err(self.wrong("a text does not end")),
                Some(_) => self.at += 1,
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), Wrong> {
        if depth > DEEPEST {
            return Err(self.wrong("it is nested too deeply"));
        }
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => {
                self.at += 1;
                self.sequence(depth, b'}', |scan| {
                    scan.string()?;
                    scan.trivia()?;
                    scan.expect(b':')?;
                    scan.trivia()
                })
            }
            Some(b'[') => {
                self.at += 1;
                self.sequence(depth, b']', |_| Ok(()))
            }
            _ => {
                let rest = &self.text[self.at..];
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c))
                    .unwrap_or(rest.len());
                if serde_json::from_str::<Value>(&rest[..end]).is_err() {
                    return Err(self.wrong("there is no value"));
                }
                self.at += end;
                Ok(())
            }
        }
    }

    fn sequence(
        &mut self,
        depth: usize,
        close: u8,
        before: fn(&mut Self) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        loop {
            self.trivia()?;
            if self.peek() == Some(close) {
                self.at += 1;
                return Ok(());
            }
            before(self)?;
            self.value(depth + 1)?;
            self.trivia()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {}
                _ => return Err(self.wrong("a comma is missing")),
            }
        }
    }
}

/// The text as JSON itself has it.
fn without_comments(text: &str) -> String {
    let mut plain = String::new();
    let mut scan = Scan { text, at: 0 };
    while let Some(byte) = scan.peek() {
        let from = scan.at;
        let is_trivia = scan.trivia().is_ok() && scan.at > from;
        if is_trivia {
            plain.push(' ');
            continue;
        }
        if byte == b'"' && scan.string().is_ok() {
            plain += &text[from..scan.at];
            continue;
        }
        scan.at = from + text[from..].chars().next().map_or(1, char::len_utf8);
        // A comma that nothing follows.
        if byte == b',' {
            let mut ahead = Scan { text, at: scan.at };
            let closes = ahead.trivia().is_ok() && matches!(ahead.peek(), Some(b'}' | b']') | None);
            if closes {
                continue;
            }
        }
        plain += &text[from..scan.at];
    }
    plain
}

/// The spaces before what stands first on the line of this place.
fn indent_of(text: &str, at: usize) -> String {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[line..].chars().take_while(|c| *c == ' ' || *c == '\t').collect()
}

/// By how much one level is moved in here: as the first line that is.
fn indent_unit(text: &str) -> String {
    let lines = text.lines().map(|line| &line[..line.len() - line.trim_start().len()]);
    lines.into_iter().find(|indent| !indent.is_empty()).unwrap_or("  ").to_owned()
}

fn pretty(value: &Value, unit: &str, base: &str) -> String {
    use serde::Serialize;
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(unit.as_bytes());
    let mut serializer = Serializer::with_formatter(&mut bytes, formatter);
    // Writing a value into memory does not fail.
    drop(value.serialize(&mut serializer));
    String::from_utf8_lossy(&bytes).replace('\n', &format!("\n{base}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn added(text: &str) -> String {
        set(text, "servers", "ours", &json!({ "command": "/x" })).unwrap()
    }

    #[test]
    fn a_file_that_is_not_there_yet() {
        let expected =
            "{\n  \"servers\": {\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n  }\n}\n";
        assert_eq!(added(""), expected);
        assert_eq!(added(" \n"), expected);
    }

    #[test]
    fn everything_else_stays_as_it_was_written() {
        let before = "\
// mine
{
\t\"z\": [1,2 , 3], // odd
\t\"servers\": {
\t\t\"other\": { \"command\": \"a b\" } // keep
\t},
\t\"a\": 1e3,
}
";
        let after = "\
// mine
{
\t\"z\": [1,2 , 3], // odd
\t\"servers\": {
\t\t\"other\": { \"command\": \"a b\" }, // keep
\t\t\"ours\": {
\t\t\t\"command\": \"/x\"
\t\t}
\t},
\t\"a\": 1e3,
}
";
        assert_eq!(added(before), after);
        let removed = remove(after, "servers", "ours").unwrap().unwrap();
        assert_eq!(get(&removed, "servers", "ours").unwrap(), None);
        assert!(removed.contains("\"other\": { \"command\": \"a b\" }"), "{removed}");
        // Once more is the same as once.
        assert_eq!(added(after), after);
    }

    #[test]
    fn wherever_there_is_room_for_it() {
        let check = |before: &str, after: &str| {
            assert_eq!(added(before), after);
            assert_eq!(get(after, "servers", "ours").unwrap(), Some(json!({ "command": "/x" })));
        };
        check(
            "{}",
            "{\n  \"servers\": {\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n  }\n}",
        );
        check(
            "{\n  \"servers\": {}\n}",
            "{\n  \"servers\": {\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n  }\n}",
        );
        check(r#"{"a":1}"#, r#"{"a":1, "servers": {"ours":{"command":"/x"}}}"#);
        check(
            r#"{"servers":{"ours":[1,{"x":"}"}]},"b":2}"#,
            "{\"servers\":{\"ours\":{\n  \"command\": \"/x\"\n}},\"b\":2}",
        );
        check(
            "{\n  \"servers\": {\n    \"b\": 1,\n  }\n}",
            "{\n  \"servers\": {\n    \"b\": 1,\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n  }\n}",
        );
    }

    #[test]
    fn removing_leaves_what_is_before_and_behind() {
        let check = |before: &str, after: &str| {
            assert_eq!(remove(before, "s", "x").unwrap().as_deref(), Some(after));
        };
        check(r#"{"s":{"x":1}}"#, r#"{"s":{}}"#);
        check(r#"{"s":{"a":0, "x":1}}"#, r#"{"s":{"a":0}}"#);
        check(r#"{"s":{"x":1, "b":2}}"#, r#"{"s":{"b":2}}"#);
        check("{\"s\":{\n  \"a\": 0,\n  \"x\": 1\n}}", "{\"s\":{\n  \"a\": 0\n}}");
        for without in ["", "{}", r#"{"s":{}}"#, r#"{"t":{"x":1}}"#] {
            assert_eq!(remove(without, "s", "x").unwrap(), None);
        }
    }

    #[test]
    fn what_is_no_object_is_left_alone() {
        for wrong in
            ["[]", "{", "{\"a\"}", "{} x", "{\"a\":}", "{\"s\": 3, \"a\" 4}", "{\"a\":1 \"b\":2}"]
        {
            let error = set(wrong, "s", "x", &json!(1)).unwrap_err();
            assert!(error.starts_with("line 1: "), "{wrong}: {error}");
        }
        assert!(set("{\"s\": 3}", "s", "x", &json!(1)).is_err());
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
        assert!(set(&deep, "s", "x", &json!(1)).unwrap_err().contains("deeply"));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<i32>().prop_map(Value::from),
            "[ -~ä\\n]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-d\"{},:]{0,3}", inner, 0..3)
                    .prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_file_keeps_all_its_other_entries(
            others in prop::collection::btree_map("[a-c]{1,2}", any_value(), 0..4),
            servers in prop::collection::btree_map("[a-c]{1,2}", any_value(), 0..4),
            is_pretty: bool,
        ) {
            let mut file = Value::from_iter(others);
            file["servers"] = Value::from_iter(servers);
            let before = if is_pretty { format!("{file:#}") } else { file.to_string() };
            let after = added(&before);
            let mut expected = file.clone();
            expected["servers"]["ours"] = json!({ "command": "/x" });
            prop_assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), expected);
            let back = remove(&after, "servers", "ours").unwrap().unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&back).unwrap(), file);
        }
    }
}
