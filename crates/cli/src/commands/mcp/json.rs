//! Changes one entry of a JSON file and nothing else: order, spacing and comments stay.
//!
//! MCP clients and people write these files, some with comments and trailing commas. `jsonc-parser`
//! reads them and tells where each entry stands; this module replaces only the entry's own characters.
//! The editor of that library (its feature `cst`) is not used: it deletes the comments beside a removed
//! entry and spreads an object on one line over several
//! (`the_editor_of_the_library_changes_other_entries`).

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use claude_worker_api::replace_unpaired_surrogates;
use jsonc_parser::ast::{Object, ObjectProp, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// Why a text cannot be changed: the line and what is wrong there.
pub(crate) type SyntaxError = String;

/// JSON with comments and trailing commas, and none of the other liberties of JSON5.
const SYNTAX: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_loose_object_property_names: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The value at this path of names; none when there is none.
///
/// # Errors
/// When the text, or a value on the way, is not a JSON object.
pub(crate) fn get(text: &str, path: &[&str]) -> Result<Option<Value>, SyntaxError> {
    let (_, text) = split_byte_order_mark(text);
    if text.trim().is_empty() {
        return Ok(None);
    }
    let readable = readable(text);
    let document = Document::parse(text, &readable)?;
    let (object, rest) = document.innermost(path)?;
    let [name] = rest else { return Ok(None) };
    Ok(position(object, name).map(|place| object.properties[place].value.clone().into()))
}

/// The text with this value at the path. Objects that are missing on the way are created.
///
/// # Errors
/// When the text, or a value on the way, is not a JSON object.
pub(crate) fn set(text: &str, path: &[&str], value: &Value) -> Result<String, SyntaxError> {
    let (mark, text) = split_byte_order_mark(text);
    if text.trim().is_empty() {
        return Ok(pretty(&nested(path, value), "  ", "") + "\n");
    }
    let readable = readable(text);
    let document = Document::parse(text, &readable)?;
    let (object, rest) = document.innermost(path)?;
    let [name, below @ ..] = rest else { return Ok(format!("{mark}{text}")) };
    let value = nested(below, value);
    let changed = match position(object, name) {
        Some(place) => document.with_value(&object.properties[place], &value),
        None => document.with_entry(object, name, &value),
    };
    Ok(mark.to_owned() + &changed)
}

/// The text without the entry at the path; none when there is no such entry. Only a comma goes with
/// the entry, and its line if nothing else stands there: all comments stay.
///
/// # Errors
/// When the text, or a value on the way, is not a JSON object.
pub(crate) fn remove(text: &str, path: &[&str]) -> Result<Option<String>, SyntaxError> {
    let (mark, text) = split_byte_order_mark(text);
    if text.trim().is_empty() {
        return Ok(None);
    }
    let readable = readable(text);
    let document = Document::parse(text, &readable)?;
    let (object, rest) = document.innermost(path)?;
    let [name] = rest else { return Ok(None) };
    let Some(place) = position(object, name) else { return Ok(None) };
    let text = document.without_entry(object, place);
    // With a duplicate name, the earlier entry would take effect now.
    let text = remove(&text, path)?.unwrap_or(text);
    Ok(Some(mark.to_owned() + &text))
}

/// Some editors begin a file with a byte order mark.
fn split_byte_order_mark(text: &str) -> (&str, &str) {
    text.split_at(text.len() - text.trim_start_matches('\u{feff}').len())
}

/// The text as the parser takes it, with the same offsets: Claude Code cuts the prompts it remembers in
/// the middle of characters, and the parser would refuse the whole file.
fn readable(text: &str) -> Cow<'_, str> {
    let replaced = replace_unpaired_surrogates(text.as_bytes());
    replaced.and_then(|bytes| String::from_utf8(bytes).ok()).map_or(text.into(), Cow::Owned)
}

/// The place of the entry with this name: the last one counts, as for every reader.
fn position(object: &Object<'_>, name: &str) -> Option<usize> {
    object.properties.iter().rposition(|property| property.name.as_str() == name)
}

/// The value inside objects with these names.
fn nested(path: &[&str], value: &Value) -> Value {
    let within = |value, name: &&str| Value::from_iter([(*name, value)]);
    path.iter().rev().fold(value.clone(), within)
}

fn replaced(text: &str, range: Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..range.start], &text[range.end..])
}

/// A parsed file.
struct Document<'a> {
    text: &'a str,
    root: Object<'a>,
    /// Comments are among them.
    tokens: Vec<TokenAndRange<'a>>,
}

impl<'a> Document<'a> {
    /// Parses `readable`, which is `text` but for characters inside strings.
    fn parse(text: &'a str, readable: &'a str) -> Result<Self, SyntaxError> {
        let collect =
            CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
        let parsed = parse_to_ast(readable, &collect, &SYNTAX)
            .map_err(|error| format!("line {}: {}", error.line_display(), error.kind()))?;
        let Some(Node::Object(root)) = parsed.value else {
            return Err("line 1: Expected an object".to_owned());
        };
        Ok(Self { text, root, tokens: parsed.tokens.unwrap_or_default() })
    }

    /// The innermost object on the path, and the names of the path that are left in it.
    fn innermost<'p>(
        &self,
        mut path: &'p [&'p str],
    ) -> Result<(&Object<'a>, &'p [&'p str]), SyntaxError> {
        let mut object = &self.root;
        while let [name, below @ ..] = path
            && !below.is_empty()
            && let Some(place) = position(object, name)
        {
            let Node::Object(inner) = &object.properties[place].value else {
                let line = self.text[..object.properties[place].start()].matches('\n').count() + 1;
                return Err(format!("line {line}: Expected an object as the value of {name:?}"));
            };
            object = inner;
            path = below;
        }
        Ok((object, path))
    }

    /// The tokens at or after this offset.
    fn tokens_from(&self, offset: usize) -> &[TokenAndRange<'a>] {
        &self.tokens[self.tokens.partition_point(|token| token.start() < offset)..]
    }

    /// The offset of the comma after an entry, if there is one.
    fn comma_after(&self, property: &ObjectProp<'_>) -> Option<usize> {
        let next = self.tokens_from(property.end()).iter().find(|token| !is_comment(token))?;
        (next.token == Token::Comma).then(|| next.start())
    }

    /// Where the comments end that follow on the same line, if nothing else does; else this offset.
    fn end_of_line_comments(&self, offset: usize) -> usize {
        let Some(length) = self.text[offset..].find('\n') else { return offset };
        let line_end = offset + length;
        for token in self.tokens_from(offset) {
            if token.start() >= line_end {
                break;
            }
            if !is_comment(token) || token.end() > line_end {
                return offset;
            }
        }
        // Only what JSON takes for space: a form feed belongs to the comment.
        self.text[..line_end].trim_end_matches([' ', '\t', '\r']).len().max(offset)
    }

    /// The text with another value in this entry.
    fn with_value(&self, property: &ObjectProp<'_>, value: &Value) -> String {
        let base = indent_of(self.text, property.start());
        let value = pretty(value, &indent_unit(self.text), &base);
        replaced(self.text, property.value.start()..property.value.end(), &value)
    }

    /// The text with one more entry at the object's end.
    fn with_entry(&self, object: &Object<'_>, name: &str, value: &Value) -> String {
        let (text, unit) = (self.text, indent_unit(self.text));
        let name = Value::from(name).to_string();
        let [first, ..] = &object.properties[..] else {
            let base = indent_of(text, object.start());
            let inner = format!("{base}{unit}");
            let entry = format!("\n{inner}{name}: {}", pretty(value, &unit, &inner));
            // Before the comments that may be there: after a line comment it would belong to it.
            let content = object.start() + 1..object.end() - 1;
            return match text[content.clone()].trim() {
                "" => replaced(text, content, &format!("{entry}\n{base}")),
                _ => replaced(text, content.start..content.start, &entry),
            };
        };
        let last = object.properties.last().unwrap_or(first);
        let (end, comma) = (last.end(), self.comma_after(last));
        if !text[object.start()..first.start()].contains('\n') {
            return match comma {
                Some(comma) => replaced(text, comma + 1..comma + 1, &format!(" {name}: {value}")),
                None => replaced(text, end..end, &format!(", {name}: {value}")),
            };
        }
        let base = indent_of(text, last.start());
        let entry = format!("\n{base}{name}: {}", pretty(value, &unit, &base));
        // A comment on the line of the last entry stays on that line.
        let behind = self.end_of_line_comments(comma.map_or(end, |comma| comma + 1));
        let new_comma = if comma.is_some() { "" } else { "," };
        format!("{}{new_comma}{}{entry}{}", &text[..end], &text[end..behind], &text[behind..])
    }

    /// The text without the entry at this place.
    fn without_entry(&self, object: &Object<'_>, place: usize) -> String {
        let text = self.text;
        let property = &object.properties[place];
        let own_comma = self.comma_after(property);
        // A last entry has no comma of its own: the one before it goes.
        let before = place.checked_sub(1);
        let comma_before = before.and_then(|before| self.comma_after(&object.properties[before]));
        let end = match own_comma {
            Some(comma) if text[property.end()..comma].trim().is_empty() => comma + 1,
            _ => property.end(),
        };
        let is_last = own_comma.is_none() && comma_before.is_some();
        let entry = with_surrounding_space(text, property.start()..end, is_last);
        let left = match own_comma.or(comma_before) {
            // The later range first, so that the offsets of the other stay right.
            Some(comma) if comma >= entry.end => {
                replaced(&replaced(text, comma..comma + 1, ""), entry, "")
            }
            Some(comma) if comma < entry.start => {
                replaced(&replaced(text, entry, ""), comma..comma + 1, "")
            }
            _ => replaced(text, entry, ""),
        };
        // An object that had only this entry becomes `{}` again.
        let content = object.start() + 1..object.end() - 1 - (text.len() - left.len());
        if left[content.clone()].trim().is_empty() { replaced(&left, content, "") } else { left }
    }
}

fn is_comment(token: &TokenAndRange<'_>) -> bool {
    matches!(token.token, Token::CommentLine(_) | Token::CommentBlock(_))
}

/// An entry with what is removed together with it: its line if it stands there alone, or else the
/// space on one of its sides.
fn with_surrounding_space(text: &str, entry: Range<usize>, is_last: bool) -> Range<usize> {
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

/// The indentation of the line of this offset.
fn indent_of(text: &str, offset: usize) -> String {
    let line = text[..offset].rfind('\n').map_or(0, |end| end + 1);
    text[line..].chars().take_while(|c| *c == ' ' || *c == '\t').collect()
}

/// The indentation of one level: that of the first indented line.
fn indent_unit(text: &str) -> String {
    let mut indents =
        text.lines().map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]);
    indents.find(|indent| !indent.is_empty()).unwrap_or("  ").to_owned()
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
