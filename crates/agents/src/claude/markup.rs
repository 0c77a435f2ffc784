//! The markup that the CLI puts into texts for the model, taken out for people.
//!
//! Only where the CLI puts it: the same words in the middle of a file that was read stay.

/// Tags around a whole text, or around each of its parts.
const WRAPPERS: [&str; 6] = [
    "tool_use_error",
    "local-command-stdout",
    "local-command-stderr",
    "command-name",
    "command-args",
    "bash-stdout",
];

/// Tags of parts that only the model needs.
const HIDDEN: [&str; 3] = ["system-reminder", "command-message", "local-command-caveat"];

/// The text without markup at its ends.
pub(super) fn without_markup(text: String) -> String {
    let begins = text.trim_start().starts_with('<');
    if !begins && !text.trim_end().ends_with('>') {
        return text;
    }
    let mut rest = text.as_str();
    let mut parts: Vec<&str> = Vec::new();
    // From its beginning on, one element after the other.
    while let Some((tag, inside, after)) = element(rest.trim_start()) {
        if WRAPPERS.contains(&tag) {
            parts.push(inside.trim_matches('\n'));
        } else if !HIDDEN.contains(&tag) {
            break;
        }
        rest = after;
    }
    // Reminders come last.
    let mut end = rest.trim_end();
    while let Some(before) = HIDDEN.iter().find_map(|tag| before_last(end, tag)) {
        end = before.trim_end();
    }
    if parts.is_empty() && end.len() == text.trim_end().len() {
        return text;
    }
    parts.push(end.trim_start_matches('\n'));
    parts.retain(|part| !part.trim().is_empty());
    parts.join("\n")
}

/// The element that a text begins with: its tag, what is inside, and what follows.
fn element(text: &str) -> Option<(&'static str, &str, &str)> {
    let name = text.strip_prefix('<')?.split('>').next()?;
    let tag = WRAPPERS.into_iter().chain(HIDDEN).find(|tag| *tag == name)?;
    let inside = &text[tag.len() + 2..];
    let close = format!("</{tag}>");
    let end = inside.find(&close)?;
    Some((tag, &inside[..end], &inside[end + close.len()..]))
}

/// What is before an element that a text ends with.
fn before_last<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let text = text.strip_suffix(&format!("</{tag}>"))?;
    let at = text.rfind(&format!("<{tag}>"))?;
    // Within a line it is a part of that line.
    (at == 0 || text[..at].ends_with('\n')).then(|| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::without_markup;

    #[test]
    fn markup_of_the_protocol_is_not_shown() {
        let check = |text: &str, expected: &str| {
            assert_eq!(without_markup(text.to_owned()), expected, "{text}");
        };
        check(
            "<tool_use_error>File has not been read yet.</tool_use_error>",
            "File has not been read yet.",
        );
        check("1\thello\n\n<system-reminder>\nConsider it.\n</system-reminder>\n", "1\thello");
        check("<system-reminder>a</system-reminder>", "");
        check("<local-command-stdout>Compacted </local-command-stdout>", "Compacted ");
        check(
            "<command-message>review</command-message>\n<command-name>/review</command-name>\n\
             <command-args>12</command-args>",
            "/review\n12",
        );
        check("<tool_use_error>No</tool_use_error>\n<system-reminder>x</system-reminder>", "No");
    }

    #[test]
    fn what_an_agent_reads_or_writes_stays() {
        for text in [
            "plain",
            "<html>\n<body/>\n</html>",
            "grep: \"<system-reminder>\" in x\nand </system-reminder>",
            "a <system-reminder>b</system-reminder>",
            "<tool_use_error>not closed",
            "  <p>\n",
            "",
        ] {
            assert_eq!(without_markup(text.to_owned()), text);
        }
    }
}
