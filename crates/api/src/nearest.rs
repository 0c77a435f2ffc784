//! Which known name a mistyped one most likely means.

/// The name that was most likely meant, if one of these was.
#[must_use]
pub fn nearest_name<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // `turns` for `max_turns`: a part is likelier than a likeness, if there is one only.
    let is_part = |known: &&str| name.len() > 3 && known.contains(name);
    let mut parts = known.iter().copied().filter(is_part);
    if let (Some(only), None) = (parts.next(), parts.next()) {
        return Some(only);
    }
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    let best = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.75).then_some(best)
}
