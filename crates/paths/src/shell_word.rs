//! Words of command lines that are shown to people, as a shell reads them.

use std::borrow::Cow;

/// A word in quotes, if a shell would read it as something else.
#[must_use]
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) && !word.starts_with('~') {
        return word.into();
    }
    // Double quotes are easier to read, and safe where a shell looks for nothing inside.
    if !word.contains(['"', '\\', '$', '`', '!', '\n']) {
        return format!("\"{word}\"").into();
    }
    format!("'{}'", word.replace('\'', "'\\''")).into()
}

/// Words as one command line.
#[must_use]
pub fn shell_words(words: &[impl AsRef<str>]) -> String {
    let words: Vec<_> = words.iter().map(|word| shell_word(word.as_ref())).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        for (word, quoted) in [
            ("plain-word_1.5/x:y", "plain-word_1.5/x:y"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("Bash(touch x)", "\"Bash(touch x)\""),
            ("a'b", "\"a'b\""),
            ("a\"b", "'a\"b'"),
            ("$HOME", "'$HOME'"),
            ("it's $5", "'it'\\''s $5'"),
            ("a\nb", "'a\nb'"),
            ("*", "\"*\""),
            ("~", "\"~\""),
            ("a;b", "\"a;b\""),
        ] {
            assert_eq!(shell_word(word), quoted, "{word:?}");
        }
        assert_eq!(shell_words(&["make", "-j4", "all tests"]), "make -j4 \"all tests\"");
    }
}
