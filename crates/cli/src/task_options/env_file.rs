//! Files with variables, one `NAME=value` a line, as other programs have them in `.env`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Read;
use std::iter::Peekable;
use std::path::Path;
use std::str::Chars;

use claude_worker_os::files::without_waiting;

use crate::error::CliError;

/// No file with variables is larger, in bytes: a task may not have more.
const LARGEST: u64 = 1024 * 1024;

/// The variables of a file.
///
/// # Errors
/// A usage error with the line; it shows no value, because they may be secrets.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, String>, CliError> {
    let shown = path.display();
    let refused = |what: String| CliError::usage(format!("--env-file {shown}: {what}"), HINT);
    // A pipe nobody writes to would be waited for.
    let file = without_waiting(OpenOptions::new().read(true)).open(path);
    let file = file.map_err(|error| refused(error.to_string()))?;
    if !file.metadata().is_ok_and(|found| found.is_file()) {
        return Err(refused("it is not a regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| refused(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(refused("it is larger than 1 MiB".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8 text".to_owned()))?;
    parse(&text).map_err(|(line, what)| refused(format!("line {line}: {what}")))
}

const HINT: &str =
    "Write NAME=value on each line; quote values with spaces at their ends, or of several lines";

/// The variables of a text, or the number of the line with what is wrong there.
fn parse(text: &str) -> Result<BTreeMap<String, String>, (usize, &'static str)> {
    let mut variables = BTreeMap::new();
    let mut reader =
        Reader { left: text.trim_start_matches('\u{feff}').chars().peekable(), line: 1 };
    while let Some((name, value)) = reader.variable()? {
        // The last one counts, as in a shell.
        variables.insert(name, value);
    }
    Ok(variables)
}

type Wrong = (usize, &'static str);

struct Reader<'a> {
    left: Peekable<Chars<'a>>,
    line: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.left.next()?;
        self.line += usize::from(next == '\n');
        Some(next)
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        if self.left.peek().is_some_and(|c| wanted(*c)) { self.next() } else { None }
    }

    fn skip(&mut self, unwanted: impl Fn(char) -> bool) {
        while self.next_if(&unwanted).is_some() {}
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) =
            self.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        {
            word.push(c);
        }
        word
    }

    fn blanks(&mut self) {
        self.skip(|c| matches!(c, ' ' | '\t' | '\r'));
    }

    /// The next variable; nothing at the end.
    fn variable(&mut self) -> Result<Option<(String, String)>, Wrong> {
        loop {
            self.skip(char::is_whitespace);
            match self.left.peek() {
                None => return Ok(None),
                Some('#') => self.skip(|c| c != '\n'),
                Some(_) => break,
            }
        }
        let line = self.line;
        let mut name = self.word();
        self.blanks();
        if name == "export" && self.left.peek() != Some(&'=') {
            name = self.word();
            self.blanks();
        }
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err((line, "a name of a variable is missing"));
        }
        if self.next_if(|c| c == '=').is_none() {
            return Err((line, "= is missing behind the name"));
        }
        self.blanks();
        let value = match self.left.peek() {
            Some('\'') => self.quoted('\'')?,
            Some('"') => self.quoted('"')?,
            _ => self.plain(),
        };
        if value.contains('\0') {
            return Err((line, "the value has a NUL byte"));
        }
        Ok(Some((name, value)))
    }

    /// A value without quotes: to the end of the line, or to a comment.
    fn plain(&mut self) -> String {
        let mut value = String::new();
        while let Some(c) = self.next_if(|c| c != '\n') {
            if c == '#' && (value.is_empty() || value.ends_with([' ', '\t'])) {
                self.skip(|c| c != '\n');
                break;
            }
            value.push(c);
        }
        value.trim_end().to_owned()
    }

    /// A value in quotes, which may have several lines. In double quotes a backslash has a meaning.
    fn quoted(&mut self, quote: char) -> Result<String, Wrong> {
        let line = self.line;
        self.next();
        let mut value = String::new();
        loop {
            match self.next() {
                None => return Err((line, "the quote is not closed")),
                Some(c) if c == quote => break,
                Some('\\') if quote == '"' => match self.next() {
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some('t') => value.push('\t'),
                    Some(c @ ('"' | '\\' | '$' | '`')) => value.push(c),
                    Some('\n') => {}
                    Some(other) => value.extend(['\\', other]),
                    None => return Err((line, "the quote is not closed")),
                },
                Some(c) => value.push(c),
            }
        }
        self.blanks();
        match self.left.peek() {
            Some('#') => self.skip(|c| c != '\n'),
            None | Some('\n') => {}
            Some(_) => return Err((self.line, "there is something behind the closing quote")),
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().into_iter().collect()
    }

    fn one(text: &str) -> String {
        let [(name, value)] = &parsed(text)[..] else { panic!("{text}") };
        assert_eq!(name, "A");
        value.clone()
    }

    #[test]
    fn values_are_read_as_other_programs_read_them() {
        assert_eq!(one("A=b"), "b");
        assert_eq!(one("\u{feff}export A = b c  # why\r\n\n# end"), "b c");
        assert_eq!(one("A="), "");
        assert_eq!(one("A=#nothing"), "");
        assert_eq!(one("A=a#b=c"), "a#b=c");
        assert_eq!(one("A='  $x \\n # y'  # z"), "  $x \\n # y");
        assert_eq!(one(r#"A="a\n\"b\" \$c \d""#), "a\n\"b\" $c \\d");
        assert_eq!(one("A=\"one\ntwo\""), "one\ntwo");
        assert_eq!(one("A=1\nA=2"), "2");
        assert_eq!(parsed(" \n# none\n"), []);
        assert_eq!(parsed("export=x\nB=y").len(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_without_values() {
        let line = |text: &str| parse(text).unwrap_err();
        assert_eq!(line("A=1\n\nsecret").0, 3);
        assert_eq!(line("A=1\n=secret").0, 2);
        assert_eq!(line("1A=x").0, 1);
        assert_eq!(line("A='x\n\n").0, 1, "where the quote begins");
        assert_eq!(line("A='x' y").0, 1);
        assert_eq!(line("A=\0").0, 1);
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("env");
        std::fs::write(&file, "A=1\nhunter2").unwrap();
        let told = read(&file).unwrap_err().to_string();
        assert!(told.contains("line 2") && !told.contains("hunter2"), "{told}");
        assert!(read(here.path()).unwrap_err().to_string().contains("regular file"));
        assert!(read(&here.path().join("no")).is_err());
    }
}
