//! Suggests a known name for a mistyped one.

/// The known name that is most similar to `name`, if one is similar enough.
#[must_use]
pub fn nearest_name<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // A name that contains the typed one comes first, if it is the only one: `max_turns` for `turns`.
    let is_part = |known: &&str| name.len() > 3 && known.contains(name);
    let mut parts = known.iter().copied().filter(is_part);
    if let (Some(only), None) = (parts.next(), parts.next()) {
        return Some(only);
    }
    // Then the first whose last words are the typed ones, or the other way round: `prompt` for
    // `execution_prompt`.
    let is_end = |of: &str, end: &str| of.strip_suffix(end).is_some_and(|rest| rest.ends_with('_'));
    if let Some(found) = known.iter().find(|known| is_end(known, name) || is_end(name, known)) {
        return Some(found);
    }
    let similarity = |known: &str| strsim::jaro_winkler(name, known);
    let best = known.iter().copied().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
    (similarity(best) > 0.75).then_some(best)
}
