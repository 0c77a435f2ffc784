//! Words: what a person searches for, and where that stands in a text. Pure.

use claude_worker_api::SnippetPart;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How many characters a snippet has about.
const SNIPPET: usize = 160;
/// How many of them stand before the first word.
const BEFORE: usize = 40;
/// More words than this are not looked for.
const MOST_TERMS: usize = 32;
/// A word of at least so many characters also finds longer ones that begin with it. Shorter ones would find
/// nearly everything, slowly.
const PREFIX: usize = 3;

/// What is searched for: terms that all must be found, each of words that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    terms: Vec<Vec<String>>,
}

impl Words {
    /// Reads what a person typed. None when there is nothing in it to search for.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let terms: Vec<Vec<String>> = quoted(text)
            .into_iter()
            .map(|term| tokens(&term).map(|token| folded(token.text)).collect::<Vec<_>>())
            .filter(|term| !term.is_empty())
            .take(MOST_TERMS)
            .collect();
        (!terms.is_empty()).then_some(Self { terms })
    }

    /// The expression for SQLite's full-text search.
    pub(crate) fn expression(&self) -> String {
        let term = |words: &Vec<String>| {
            let is_prefix = words.last().is_some_and(|last| last.chars().count() >= PREFIX);
            // Letters and digits only: no quotes.
            format!("\"{}\"{}", words.join(" "), if is_prefix { "*" } else { "" })
        };
        self.terms.iter().map(term).collect::<Vec<_>>().join(" AND ")
    }

    /// The part of the text in which the most of the words stand, in one line, with the words marked.
    pub(crate) fn snippet(&self, text: &str) -> Vec<SnippetPart> {
        let found = self.find(text);
        let start = best_start(&found);
        let from = back(text, start, BEFORE);
        let mut parts = Parts::default();
        if from > 0 {
            parts.push("…", false);
        }
        let (mut at, mut shown) = (from, 0);
        for mark in found.iter().filter(|mark| mark.start >= from) {
            let between = &text[at..mark.start.max(at)];
            if shown + between.chars().count() > SNIPPET {
                break;
            }
            shown += parts.push(between, false);
            shown += parts.push(&text[mark.start.max(at)..mark.end.max(at)], true);
            at = mark.end.max(at);
        }
        let rest: String = text[at..].chars().take(SNIPPET.saturating_sub(shown)).collect();
        parts.push(&rest, false);
        if at + rest.len() < text.len() {
            parts.push("…", false);
        }
        parts.0
    }

    /// Where the terms stand, in the order of the text, none within another.
    fn find(&self, text: &str) -> Vec<Mark> {
        let tokens: Vec<(Token<'_>, String)> =
            tokens(text).map(|token| (token, folded(token.text))).collect();
        let mut marks = Vec::new();
        for at in 0..tokens.len() {
            let Some(mark) = self.mark_at(&tokens[at..]) else { continue };
            if marks.last().is_none_or(|last: &Mark| last.end <= mark.start) {
                marks.push(mark);
            }
        }
        marks
    }

    /// The longest term that begins with the first of the tokens.
    fn mark_at(&self, tokens: &[(Token<'_>, String)]) -> Option<Mark> {
        let marks = self.terms.iter().enumerate().filter_map(|(term, words)| {
            let (last, first) = words.split_last()?;
            let here = tokens.get(..words.len())?;
            let fits = first.iter().zip(here).all(|(word, (_, folded))| word == folded);
            let (token, folded) = here.last()?;
            let is_prefix = last.chars().count() >= PREFIX && folded.starts_with(last.as_str());
            if fits && (is_prefix || folded == last) {
                return Some(Mark { start: here[0].0.start, end: token.end(), term });
            }
            // A part of a word like `parseConfig`.
            let (start, end) = (words.len() == 1).then(|| part_at(token, last))??;
            Some(Mark { start, end, term })
        });
        marks.max_by_key(|mark| mark.end - mark.start)
    }
}

/// Where a term stands in a text, in bytes.
#[derive(Debug, Clone, Copy)]
struct Mark {
    start: usize,
    end: usize,
    term: usize,
}

/// Where the window with the most different terms begins.
fn best_start(marks: &[Mark]) -> usize {
    let different = |from: usize| {
        let window =
            marks[from..].iter().take_while(|mark| mark.start < marks[from].start + SNIPPET);
        window.map(|mark| mark.term).collect::<std::collections::BTreeSet<_>>().len()
    };
    let best = (0..marks.len()).max_by_key(|from| (different(*from), std::cmp::Reverse(*from)));
    best.map_or(0, |from| marks[from].start)
}

/// The place so many characters before `at`, moved to the beginning of a word.
fn back(text: &str, at: usize, characters: usize) -> usize {
    let from = text[..at].char_indices().rev().take(characters).last().map_or(at, |(at, _)| at);
    if from == 0 {
        return 0;
    }
    let space = text[from..at].find(char::is_whitespace);
    space.map_or(from, |space| from + space + 1).min(at)
}

/// Pieces of a text, in which white space of any kind is one space.
#[derive(Default)]
struct Parts(Vec<SnippetPart>);

impl Parts {
    /// Adds a piece; returns how many characters that are.
    fn push(&mut self, text: &str, matched: bool) -> usize {
        let mut line = String::with_capacity(text.len());
        let mut after_space = self.0.last().is_none_or(|last| last.text.ends_with(' '));
        for c in text.chars() {
            let is_space = c.is_whitespace() || c.is_control();
            if !(is_space && after_space) {
                line.push(if is_space { ' ' } else { c });
            }
            after_space = is_space;
        }
        let count = line.chars().count();
        match self.0.last_mut() {
            _ if line.is_empty() => {}
            Some(last) if last.matched == matched => last.text += &line,
            _ => self.0.push(SnippetPart { text: line, matched }),
        }
        count
    }
}

/// The pieces that stand between spaces, and in double quotes.
fn quoted(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for (number, piece) in text.split('"').enumerate() {
        if number % 2 == 1 {
            terms.push(piece.to_owned());
        } else {
            terms.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    terms
}

/// A run of letters and digits, as SQLite's tokenizer takes it for a word.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    start: usize,
    text: &'a str,
}

impl Token<'_> {
    const fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let is_part = |c: char| c.is_alphanumeric() || is_combining_mark(c);
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(is_part)?;
        let word = &rest[start..];
        let end = word.find(|c| !is_part(c)).unwrap_or(word.len());
        let token = Token { start: text.len() - rest.len() + start, text: &word[..end] };
        rest = &word[end..];
        Some(token)
    })
}

/// A word without case and accents.
fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The pieces of words like `parseConfig` and `HTTPServer`, for the index: a person remembers one of them.
pub(crate) fn inner_words(text: &str) -> String {
    let mut all = String::new();
    for token in tokens(text) {
        // The first one is found as the beginning of the whole word.
        for (_, piece) in pieces(token.text).into_iter().skip(1) {
            all.push_str(piece);
            all.push(' ');
        }
    }
    all
}

/// A word cut where its capitals say that another begins, with the places of the pieces.
fn pieces(word: &str) -> Vec<(usize, &str)> {
    let mut cuts = vec![0];
    let chars: Vec<(usize, char)> = word.char_indices().collect();
    for (number, window) in chars.windows(2).enumerate() {
        let [(_, before), (at, c)] = *window else { continue };
        let after = chars.get(number + 2).map(|(_, c)| *c);
        let begins =
            c.is_uppercase() && (!before.is_uppercase() || after.is_some_and(char::is_lowercase));
        if begins {
            cuts.push(at);
        }
    }
    if cuts.len() == 1 {
        return vec![(0, word)];
    }
    let ends = cuts.iter().copied().skip(1).chain([word.len()]);
    cuts.iter().copied().zip(ends).map(|(start, end)| (start, &word[start..end])).collect()
}

/// Where a word stands as an inner piece of a token.
fn part_at(token: &Token<'_>, word: &str) -> Option<(usize, usize)> {
    let mut inner = pieces(token.text).into_iter().skip(1);
    let is_prefix = word.chars().count() >= PREFIX;
    let found = inner.find(|(_, piece)| {
        let piece = folded(piece);
        piece == word || (is_prefix && piece.starts_with(word))
    });
    found.map(|(at, piece)| (token.start + at, token.start + at + piece.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        Words::parse(text).unwrap()
    }

    /// A snippet as text, with marks around what was found.
    fn marked(search: &str, text: &str) -> String {
        let mark = |part: SnippetPart| match part.matched {
            true => format!("[{}]", part.text),
            false => part.text,
        };
        words(search).snippet(text).into_iter().map(mark).collect()
    }

    #[test]
    fn what_was_typed_becomes_terms_of_words() {
        let expression = |text: &str| Words::parse(text).map(|words| words.expression());
        assert_eq!(expression("fix  Parser").as_deref(), Some("\"fix\"* AND \"parser\"*"));
        assert_eq!(expression("src/main.rs").as_deref(), Some("\"src main rs\""));
        assert_eq!(
            expression("\"not found\" E0425").as_deref(),
            Some("\"not found\"* AND \"e0425\"*")
        );
        assert_eq!(expression("next_first").as_deref(), Some("\"next first\"*"));
        assert_eq!(expression("Größe für").as_deref(), Some("\"große\"* AND \"fur\"*"));
        assert_eq!(expression("a \"b").as_deref(), Some("\"a\" AND \"b\""));
        for nothing in ["", "  ", "\"\"", "—", "* AND"] {
            let is_word = nothing.contains("AND");
            assert_eq!(expression(nothing).is_some(), is_word, "{nothing}");
        }
    }

    #[test]
    fn words_are_marked_as_they_stand_there() {
        assert_eq!(
            marked("parser", "Fix the Parser, parsers too"),
            "Fix the [Parser], [parsers] too"
        );
        assert_eq!(marked("src/main.rs", "in src/main.rs: 3"), "in [src/main.rs]: 3");
        assert_eq!(marked("uber", "Über den Fluß"), "[Über] den Fluß");
        assert_eq!(marked("to", "tomorrow to"), "tomorrow [to]", "too short to find longer words");
        assert_eq!(marked("config", "call parseConfig now"), "call parse[Config] now");
        assert_eq!(marked("\"not found\"", "found, not\n  found"), "found, [not found]");
        assert_eq!(marked("nothing", "a text"), "a text");
    }

    #[test]
    fn a_snippet_shows_where_most_words_stand_and_is_short() {
        let filler = "lorem ipsum ".repeat(40);
        let text = format!("error {filler}the error of the parser {filler}");
        let snippet = marked("error parser", &text);
        assert!(snippet.starts_with('…') && snippet.ends_with('…'), "{snippet}");
        assert!(snippet.contains("the [error] of the [parser]"), "{snippet}");
        assert!(snippet.chars().count() < SNIPPET + BEFORE + 20, "{}", snippet.len());
        let long = "x".repeat(10_000);
        assert!(marked("yyy", &long).chars().count() <= SNIPPET + 2);
    }

    #[test]
    fn capitals_begin_inner_words() {
        assert_eq!(
            inner_words("parseConfig HTTPServer x_y plain XMLHttpRequest"),
            "Config Server Http Request "
        );
        assert_eq!(marked("server config", "HTTPServer parseConfig"), "HTTP[Server] parse[Config]");
    }
}
