//! The user's home directory, and `~` in paths.

use std::path::{Path, PathBuf};

/// The user's home directory: `HOME`, where that is an absolute path.
#[must_use]
pub fn user_home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

/// The path with the home directory in the place of a leading `~`. `~name`, the home directory of
/// another user, is left as it is, and so is every path when no home directory is known.
#[must_use]
pub fn expand_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        // `join` would add a separator to the home directory itself.
        (Ok(below), Some(home)) if below.as_os_str().is_empty() => home.to_owned(),
        (Ok(below), Some(home)) => home.join(below),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_users_own_home_directory_is_put_in() {
        let expand = |path: &str| expand_home(Path::new(path), Some(Path::new("/home/me")));
        // As text, because paths that differ by a separator at their end are equal.
        assert_eq!(expand("~").to_str(), Some("/home/me"));
        assert_eq!(expand("~/").to_str(), Some("/home/me"));
        assert_eq!(expand("~//shop").to_str(), Some("/home/me/shop"));
        assert_eq!(expand("~/shop/"), Path::new("/home/me/shop"));
        for other in ["~other", "~other/shop", "/srv/~", "shop/~", "", "./~"] {
            assert_eq!(expand(other), Path::new(other));
        }
        assert_eq!(expand_home(Path::new("~/shop"), None), Path::new("~/shop"));
    }
}
