//! Markdown as plain text, for lists, notifications and other places that show one line of an answer.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// How much of a text is read, in bytes. Callers keep a few hundred characters.
const MAX_READ: usize = 16 * 1024;

/// The text without the marks of Markdown: emphasis, code, links, headings. Blocks are on lines of their
/// own, list items keep their bullet or number. Code blocks and tables are left out unless there is
/// nothing else: they say little in one line. HTML stays as it is, because prose such as `Vec<T>` looks
/// like it.
#[must_use]
pub fn plain_text(markdown: &str) -> String {
    let end = (0..=MAX_READ.min(markdown.len())).rev().find(|&at| markdown.is_char_boundary(at));
    let read = &markdown[..end.unwrap_or(0)];
    let options =
        Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let mut text = PlainText::default();
    for event in Parser::new_ext(read, options) {
        text.add(event);
    }
    if text.prose.trim().is_empty() { text.other } else { text.prose }
}

/// The text read so far.
#[derive(Default)]
struct PlainText {
    prose: String,
    /// Code blocks and tables.
    other: String,
    /// How many code blocks and tables are open.
    in_other: usize,
    /// The open lists: the number of the next item, or `None` for bullets.
    lists: Vec<Option<u64>>,
}

impl PlainText {
    fn add(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text)
            | Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => self.push(&text),
            Event::SoftBreak | Event::HardBreak => self.push(" "),
            Event::TaskListMarker(true) => self.push("✓ "),
            Event::TaskListMarker(false) | Event::Rule | Event::FootnoteReference(_) => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::CodeBlock(_) | Tag::Table(_) => self.in_other += 1,
            Tag::List(first) => self.lists.push(*first),
            Tag::Item => {
                self.end_line();
                match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let mark = format!("{number}. ");
                        *number = number.saturating_add(1);
                        self.push(&mark);
                    }
                    _ => self.push("• "),
                }
            }
            // Another paragraph of an item, but not its first: that follows its mark.
            Tag::Paragraph if !self.prose.ends_with([' ', '\n']) => self.end_line(),
            Tag::Heading { .. } => self.end_line(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::CodeBlock | TagEnd::Table => {
                self.in_other = self.in_other.saturating_sub(1);
            }
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::TableCell => self.push(" "),
            TagEnd::Heading(_) => {
                // In one line, the text that follows would look like a part of the heading.
                if self.prose.ends_with(char::is_alphanumeric) {
                    self.push(":");
                }
                self.end_line();
            }
            TagEnd::Paragraph | TagEnd::Item => self.end_line(),
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        if self.in_other > 0 { &mut self.other } else { &mut self.prose }.push_str(text);
    }

    fn end_line(&mut self) {
        if !self.prose.is_empty() && !self.prose.ends_with('\n') {
            self.prose.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::one_line;

    fn line(markdown: &str) -> String {
        one_line(&plain_text(markdown), 300)
    }

    #[test]
    fn the_marks_of_markdown_are_left_out() {
        assert_eq!(line("Fixed **the** build in `build.rs`."), "Fixed the build in build.rs.");
        assert_eq!(line("*a* _b_ ~~c~~ [d](https://e.f) ![g](h.png)"), "a b c d g");
        assert_eq!(line("> quoted\n\n---\n\nnot quoted"), "quoted not quoted");
        assert_eq!(line("a\nb  \nc"), "a b c");
    }

    #[test]
    fn headings_and_lists_can_be_told_apart_in_one_line() {
        let answer = "# Summary\n\nAll is well.\n\n- one\n- **two**\n\n1. first\n2. second";
        assert_eq!(line(answer), "Summary: All is well. • one • two 1. first 2. second");
        assert_eq!(line("## Why?\n\n- loose\n\n- list"), "Why? • loose • list");
        assert_eq!(line("- [x] done\n- [ ] open"), "• ✓ done • open");
    }

    #[test]
    fn code_blocks_and_tables_are_shown_only_if_there_is_nothing_else() {
        assert_eq!(line("Ran\n\n```sh\nls\n```\n\nand left"), "Ran and left");
        assert_eq!(line("```\n42\n```"), "42");
        assert_eq!(line("| a | b |\n|---|---|\n| 1 | 2 |"), "a b 1 2");
    }

    #[test]
    fn text_that_only_looks_like_markdown_stays() {
        for text in [
            "It takes 3.1 s, 2 * 3 * 4",
            "snake_case_name and __",
            "a Vec<T> and <br> & more",
            "C:\\dir, 50% of 1,000",
            "",
        ] {
            assert_eq!(line(text), text);
        }
        assert_eq!(line("Call `__init__` with `**kwargs`"), "Call __init__ with **kwargs");
    }

    #[test]
    fn long_texts_are_read_in_part_and_cut_at_a_character() {
        let long = "ä".repeat(MAX_READ);
        assert_eq!(plain_text(&long).trim_end().len(), MAX_READ);
        let nested = "> ".repeat(MAX_READ);
        assert_eq!(line(&nested), "");
    }
}
