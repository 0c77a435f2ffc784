//! Changing one entry of a JSON file and nothing else: order, spacing and comments stay.
//!
//! Clients and people write these files, some with comments and commas that JSON itself does not
//! have, so what is not changed must not even be rewritten. The text is scanned, and only the
//! entry's own characters are replaced.

mod scan;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use self::scan::{Scan, without_comments};

/// Why a text cannot be changed: what is wrong and where.
pub(crate) type Wrong = String;

/// The value at the end of this path of names; none when there is none.
///
/// # Errors
/// When the text is no JSON object, or something on the way is none.
pub(crate) fn get(text: &str, path: &[&str]) -> Result<Option<Value>, Wrong> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let (object, rest) = way(text, path)?;
    let [name] = rest else { return Ok(None) };
    let Some(member) = object.member(name) else { return Ok(None) };
    let plain = without_comments(&text[member.value.clone()]);
    serde_json::from_str(&plain).map(Some).map_err(|error| format!("{}: {error}", path.join(".")))
}

/// The text with this value at the end of the path; objects that are missing on the way are made.
///
/// # Errors
/// When the text is no JSON object, or something on the way is none.
pub(crate) fn set(text: &str, path: &[&str], value: &Value) -> Result<String, Wrong> {
    if text.trim().is_empty() {
        return Ok(pretty(&nested(path, value), "  ", "") + "\n");
    }
    let unit = indent_unit(text);
    let (object, rest) = way(text, path)?;
    let [name, below @ ..] = rest else { return Ok(text.to_owned()) };
    match object.member(name) {
        Some(member) => {
            let base = indent_of(text, member.key_start);
            let value = pretty(&nested(below, value), &unit, &base);
            Ok(spliced(text, member.value.clone(), &value))
        }
        None => Ok(object.with(text, name, &nested(below, value), &unit)),
    }
}

/// The text without what is at the end of the path; none when nothing is. Of all that others wrote,
/// only a comma goes with it, and the line where it stood alone.
///
/// # Errors
/// When the text is no JSON object, or something on the way is none.
pub(crate) fn remove(text: &str, path: &[&str]) -> Result<Option<String>, Wrong> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let (object, rest) = way(text, path)?;
    let [name] = rest else { return Ok(None) };
    let Some(place) = object.members.iter().position(|member| member.key == *name) else {
        return Ok(None);
    };
    let text = object.without(text, place);
    // A name that stands there twice would come to light again.
    Ok(Some(remove(&text, path)?.unwrap_or(text)))
}

/// The innermost object on the way, and the names of the path that are left in it.
fn way<'a>(text: &str, mut path: &'a [&'a str]) -> Result<(Object, &'a [&'a str]), Wrong> {
    let mut object = Object::root(text)?;
    while let [name, below @ ..] = path
        && !below.is_empty()
        && let Some(member) = object.member(name)
    {
        object = Object::at(text, member.value.start)?;
        path = below;
    }
    Ok((object, path))
}

/// The value inside objects with these names.
fn nested(path: &[&str], value: &Value) -> Value {
    let within = |value, name: &&str| Value::from_iter([(*name, value)]);
    path.iter().rev().fold(value.clone(), within)
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
            let entry = format!("\n{inner}{key}: {}", pretty(value, unit, &inner));
            // Before the comments that may be there: behind them, one might swallow it.
            let inside = self.start + 1..self.end - 1;
            return match text[inside.clone()].trim() {
                "" => spliced(text, inside, &format!("{entry}\n{base}")),
                _ => spliced(text, inside.start..inside.start, &entry),
            };
        };
        let at = last.value.end;
        let first = self.members.first().map_or(self.start, |first| first.key_start);
        if !text[self.start..first].contains('\n') {
            return match last.comma {
                Some(comma) => spliced(text, comma..comma, &format!(" {key}: {value}")),
                None => spliced(text, at..at, &format!(", {key}: {value}")),
            };
        }
        let base = indent_of(text, last.key_start);
        let entry = format!("\n{base}{key}: {}", pretty(value, unit, &base));
        // A remark behind the last entry stays behind it.
        let behind = end_of_remark(text, last.comma.unwrap_or(at));
        let comma = if last.comma.is_some() { "" } else { "," };
        format!("{}{comma}{}{entry}{}", &text[..at], &text[at..behind], &text[behind..])
    }

    /// The text without the entry at this place.
    fn without(&self, text: &str, place: usize) -> String {
        let member = &self.members[place];
        let (start, end) = (member.key_start, member.value.end);
        // The comma behind it, or if it is the last one, the comma before.
        let before = place.checked_sub(1).and_then(|before| self.members[before].comma);
        let comma = member.comma.or(before).map(|comma| comma - 1..comma);
        let behind = match member.comma {
            Some(comma) if text[end..comma - 1].trim().is_empty() => comma,
            _ => end,
        };
        let entry = with_its_space(text, start..behind, member.comma.is_none() && before.is_some());
        let left = match comma {
            // From behind, so that the other place stays where it is.
            Some(comma) if comma.start >= entry.end => {
                spliced(&spliced(text, comma, ""), entry, "")
            }
            Some(comma) if comma.end <= entry.start => {
                spliced(&spliced(text, entry, ""), comma, "")
            }
            _ => spliced(text, entry, ""),
        };
        // What was empty before it came is so again.
        let inside = self.start + 1..self.end - 1 - (text.len() - left.len());
        if left[inside.clone()].trim().is_empty() { spliced(&left, inside, "") } else { left }
    }
}

/// What goes with an entry that is cut out: its line if it stood there alone, or else the space on
/// one of its sides.
fn with_its_space(text: &str, entry: Range<usize>, is_last: bool) -> Range<usize> {
    let is_space = |c: char| c == ' ' || c == '\t' || c == '\r';
    let before = text[..entry.start].trim_end_matches(is_space);
    let behind = text[entry.end..].trim_start_matches(is_space);
    let (start, end) = (before.len(), text.len() - behind.len());
    match (before.ends_with('\n'), behind.starts_with('\n')) {
        (true, true) => start..end + 1,
        (false, true) => start..end,
        (false, false) if is_last => start..entry.end,
        (_, false) => entry.start..end,
    }
}

/// Where the comments end that follow on the same line, if nothing else does; else this place.
fn end_of_remark(text: &str, at: usize) -> usize {
    let line = at + text[at..].find('\n').unwrap_or(0);
    let mut scan = Scan { text: &text[..line], at };
    let is_remark = scan.trivia().is_ok() && scan.at == line;
    // Only what JSON takes for space: a form feed belongs to the comment.
    if is_remark { text[..line].trim_end_matches([' ', '\t', '\r']).len().max(at) } else { at }
}

/// The spaces before what stands first on the line of this place.
fn indent_of(text: &str, at: usize) -> String {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[line..].chars().take_while(|c| *c == ' ' || *c == '\t').collect()
}

/// By how much one level is moved in here: as the first line that is.
fn indent_unit(text: &str) -> String {
    let lines =
        text.lines().map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]);
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
