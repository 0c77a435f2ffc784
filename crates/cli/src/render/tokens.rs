//! Tokens and logins of browsers, as a table and as a line.

use std::fmt::Write as _;

use claude_worker_api::{AccessKind, Timestamp, Token};

use super::text::{clean_line, fit, width};
use super::{Paint, Tone, figures};

const HEADING: [&str; 6] = ["NAME", "KIND", "SCOPE", "CREATED", "EXPIRES", "LAST USED"];

/// What it is, in words.
#[must_use]
pub fn kind(kind: AccessKind) -> &'static str {
    match kind {
        AccessKind::Token => "token",
        AccessKind::Browser => "browser login",
        AccessKind::Unknown(name) => name.as_str(),
    }
}

/// One token in a line.
#[must_use]
pub fn line(token: &Token, now: Timestamp) -> String {
    let scope = token.scope.name();
    format!(
        "{}: scope {scope}, {}",
        clean_line(&token.name),
        match token.expires_at {
            Some(_) => format!("expires {}", expires(token, now)),
            None => "does not expire".to_owned(),
        }
    )
}

/// A table of tokens, with its heading.
#[must_use]
pub fn table(tokens: &[Token], now: Timestamp, paint: Paint) -> String {
    let rows: Vec<[String; 6]> = tokens.iter().map(|token| row(token, now)).collect();
    let widths: Vec<usize> = (0..HEADING.len())
        .map(|column| {
            let cells = rows.iter().map(|row| width(&row[column]));
            cells.max().unwrap_or(0).max(HEADING[column].len())
        })
        .collect();
    let joined = |cells: &[&str]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| fit(cell, *width));
        format!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut text = String::new();
    let _ = writeln!(text, "{}", paint.tone(Tone::Quiet, &joined(&HEADING)));
    for row in &rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        let _ = writeln!(text, "{}", joined(&cells));
    }
    text
}

fn row(token: &Token, now: Timestamp) -> [String; 6] {
    let used = token
        .last_used_at
        .map_or_else(|| "never".to_owned(), |at| figures::ago(now.millis_since(at)));
    [
        clean_line(&token.name),
        kind(token.kind).to_owned(),
        token.scope.name().to_owned(),
        figures::ago(now.millis_since(token.created_at)),
        expires(token, now),
        used,
    ]
}

fn expires(token: &Token, now: Timestamp) -> String {
    match token.expires_at {
        None => "never".to_owned(),
        Some(at) if at <= now => "expired".to_owned(),
        // Rounded up, so that a new token for 30 days does not say 29.
        Some(at) => format!("in {}", figures::short(at.millis_since(now).saturating_add(60_000))),
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::Scope;

    use super::*;
    use crate::render::samples::NOW;

    #[test]
    fn tokens_in_a_table() {
        const DAY: u64 = 24 * 3600 * 1000;
        let token = |name: &str, kind, scope, expires_at, last_used_at| Token {
            name: name.to_owned(),
            kind,
            scope,
            created_at: NOW.minus_millis(3 * DAY),
            expires_at,
            last_used_at,
            user_agent: None,
        };
        let (soon, past) = (Some(NOW.plus_millis(30 * DAY)), Some(NOW.minus_millis(1)));
        let tokens = [
            token("ci", AccessKind::Token, Scope::Submit, None, None),
            token("old", AccessKind::Token, Scope::Read, past, Some(NOW.minus_millis(DAY))),
            token(
                "browser-3",
                AccessKind::Browser,
                Scope::Full,
                soon,
                Some(NOW.minus_millis(60_000)),
            ),
        ];
        let shown = "  \
  NAME       KIND           SCOPE   CREATED  EXPIRES  LAST USED
  ci         token          submit  3d ago   never    never
  old        token          read    3d ago   expired  1d ago
  browser-3  browser login  full    3d ago   in 30d   1m ago
";
        assert_eq!(table(&tokens, NOW, Paint::NONE), shown);
        assert_eq!(line(&tokens[0], NOW), "ci: scope submit, does not expire");
        assert_eq!(line(&tokens[2], NOW), "browser-3: scope full, expires in 30d");
    }
}
