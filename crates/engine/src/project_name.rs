//! What a project is called. Pure.

use std::path::{Component, Path};

/// The name of the directory `root`, with as many directories above it as it takes to differ from the names that
/// are `taken`. A person's `home` is `~`.
///
/// # Errors
/// Those of `taken`.
pub(crate) fn unique_name<E>(
    root: &str,
    home: Option<&str>,
    mut taken: impl FnMut(&str) -> Result<bool, E>,
) -> Result<String, E> {
    let clean = |text: String| -> String {
        text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
    };
    let mut parts: Vec<String> = Path::new(root)
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(clean(name.to_string_lossy().into_owned())),
            _ => None,
        })
        .collect();
    // A repository without files of its own is a directory like `shop.git`.
    if let Some(last) = parts.last_mut()
        && let Some(stem) = last.strip_suffix(".git").filter(|stem| !stem.is_empty())
    {
        *last = stem.to_owned();
    }
    let whole = clean(root.to_owned());
    let short = home.filter(|home| *home == root).map(|_| "~".to_owned());
    let longer = (1..=parts.len()).map(|count| parts[parts.len() - count..].join("/"));
    let numbered = (2_u64..).map(|number| format!("{whole} ({number})"));
    for name in short.into_iter().chain(longer).chain([whole.clone()]).chain(numbered) {
        if !taken(&name)? {
            return Ok(name);
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_short_as_it_can_be() {
        let name = |root: &str, taken: &[&str]| {
            let is_taken = |name: &str| taken.iter().any(|other| other.eq_ignore_ascii_case(name));
            unique_name(root, Some("/home/me"), |name| Ok::<_, ()>(is_taken(name))).unwrap()
        };
        assert_eq!(name("/home/me/code/shop", &[]), "shop");
        assert_eq!(name("/home/me/code/shop", &["Shop"]), "code/shop");
        assert_eq!(name("/home/me/code/shop", &["shop", "code/shop"]), "me/code/shop");
        assert_eq!(name("/srv/shop.git", &[]), "shop");
        assert_eq!(name("/srv/.git", &[]), ".git");
        assert_eq!(name("/home/me", &[]), "~");
        assert_eq!(name("/home/me", &["~"]), "me");
        assert_eq!(name("/", &[]), "/");
        assert_eq!(name("/", &["/"]), "/ (2)");
        assert_eq!(name("/a", &["a", "/A"]), "/a (2)");
        assert_eq!(name("/a\nb", &[]), "a?b");
    }
}
