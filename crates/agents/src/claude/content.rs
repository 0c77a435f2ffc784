//! The content of a message, read in the same pass as its line.
//!
//! Results of tools are by far the largest part of the output. They are three levels down in their
//! line, and reading level by level would scan them once for each level.

use crate::json::Scanner;
use crate::object::{MAX_ENTRIES, Object};

/// The content of the `message` of a line.
#[derive(Debug)]
pub(super) enum Content<'a> {
    /// A string, as JSON text.
    Text(&'a str),
    /// Blocks, each with its JSON text. Empty if there is no content.
    Blocks(Vec<(Object<'a>, &'a str)>),
}

impl<'a> Content<'a> {
    /// Reads a line and the content of its message; `None` if the line is not a JSON object.
    pub(super) fn with_line(line: &'a str) -> Option<(Object<'a>, Self)> {
        let mut content = None;
        let mut scanner = Scanner::new(line);
        let object = Object::scan(&mut scanner, |key, scanner| {
            if key != "message" || content.is_some() {
                return scanner.value();
            }
            let (json, found) = Self::of_message(scanner)?;
            content = Some(found);
            Some(json)
        })?;
        scanner.end()?;
        Some((object?, content.unwrap_or(Self::NONE)))
    }

    const NONE: Self = Self::Blocks(Vec::new());

    fn of_message(scanner: &mut Scanner<'a>) -> Option<(&'a str, Self)> {
        if scanner.peek()? != b'{' {
            return Some((scanner.value()?, Self::NONE));
        }
        let start = scanner.at();
        let mut content = None;
        let message = Object::scan(scanner, |key, scanner| {
            if key != "content" || content.is_some() {
                return scanner.value();
            }
            let first = scanner.peek()?;
            let start = scanner.at();
            content = Some(match first {
                b'"' => Self::Text(scanner.value()?),
                b'[' => Self::blocks(scanner)?,
                _ => scanner.value().map(|_| Self::NONE)?,
            });
            Some(scanner.since(start))
        })?;
        let content = message.and(content).unwrap_or(Self::NONE);
        Some((scanner.since(start), content))
    }

    fn blocks(scanner: &mut Scanner<'a>) -> Option<Self> {
        let mut blocks = Vec::new();
        let mut entries = 0;
        scanner.list(|scanner| {
            entries += 1;
            if scanner.peek()? != b'{' || entries > MAX_ENTRIES {
                return scanner.value().map(drop);
            }
            let start = scanner.at();
            if let Some(block) = Object::scan(scanner, |_, scanner| scanner.value())? {
                blocks.push((block, scanner.since(start)));
            }
            Some(())
        })?;
        Some(Self::Blocks(blocks))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::object::list;

    /// The content, read level by level.
    fn by_levels(line: &str) -> Option<Result<Vec<&str>, &str>> {
        let message = Object::parse(line)?.object("message");
        let content = message.raw("content").unwrap_or("[]");
        if content.starts_with('"') {
            return Some(Err(content));
        }
        Some(Ok(list(content).into_iter().filter(|json| Object::parse(json).is_some()).collect()))
    }

    fn check(line: &str) {
        let found = Content::with_line(line).map(|(object, content)| {
            let parsed = Object::parse(line).map(|object| format!("{object:?}"));
            assert_eq!(Some(format!("{object:?}")), parsed, "{line}");
            match content {
                Content::Text(json) => Err(json),
                Content::Blocks(blocks) => Ok(blocks
                    .into_iter()
                    .map(|(block, json)| {
                        let parsed = Object::parse(json).map(|block| format!("{block:?}"));
                        assert_eq!(Some(format!("{block:?}")), parsed, "{line}");
                        json
                    })
                    .collect()),
            }
        });
        assert_eq!(found, by_levels(line), "{line}");
    }

    #[test]
    fn content_is_the_same_as_when_read_level_by_level() {
        for line in [
            "{}",
            "[]",
            r#"{"message":null,"message":{"content":"x"}}"#,
            r#"{"message":{"content":"x"},"message":null}"#,
            r#"{"message":{"content":null,"content":"x"}}"#,
            r#"{"message":{"content":[{"a":1},2,{"b":[{}]},"x",[],{"\ud83d":1},{}]}}"#,
            r#"{"message":{"content":[{"a":1}],"\ud83d":1},"c":2}"#,
            r#"{"message":{"content":[{"a":1}]},"\ud83d":1}"#,
            r#"{ "\u006dessage" : { "content" : [ { "a" : 1 } , { } ] } }"#,
            r#"{"message":{"content":[{"a":1}]}} "#,
            r#"{"message":{"content":[{"a":1}]}}}"#,
            r#"{"message":{"content":[{"a":1},]}}"#,
            r#"{"message":{"content":{"a":[]}}}"#,
            r#"{"content":[{"a":1}],"message":[{"content":"x"}]}"#,
        ] {
            check(line);
        }
        let many = r#"{"a":1},"#.repeat(MAX_ENTRIES + 1);
        check(&format!(r#"{{"message":{{"content":[{many}{{}}]}}}}"#));
        let fields = r#""a":1,"#.repeat(MAX_ENTRIES);
        check(&format!(r#"{{{fields}"message":{{"content":[{{}}]}}}}"#));
        check(&format!(r#"{{"message":{{{fields}"content":[{{}}]}}}}"#));
    }

    proptest! {
        #[test]
        fn generated_content_is_the_same_as_when_read_level_by_level(
            line in r#"\{("message": ?\{|"content":[\["]|"a":|\{|\}|\[|\]|,|"|1|null|\\ud83d){0,20}"#,
            end in r#"["\]\}]{0,4}"#,
        ) {
            check(&format!("{line}{end}"));
        }
    }
}
