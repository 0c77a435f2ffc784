//! `cargo xtask docs`: builds the documents as a book.
//!
//! The book has the pages of `docs/` and the documents at the root of the repository that people look for
//! beside them. The tests check pages, links and examples without it (`tests/e2e/docs.rs`), so CI does not
//! need mdBook.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::step::{run, step};
use crate::{setup, workspace};

/// Documents at the root of the repository: the file, its page in the book, and the page's title there.
const AT_THE_ROOT: [(&str, &str, &str); 2] = [
    ("CONTRIBUTING.md", "contributing-guide.md", "How code is written"),
    ("CHANGELOG.md", "changelog.md", "Changes"),
];

/// Where pages link files that are not in `docs/`.
const REPOSITORY: &str = "https://github.com/yigitkonur/claude-worker/blob/main/";

/// Builds the book into `target/book` and prints where its first page is.
pub(crate) fn build() -> Result<()> {
    let mdbook = setup::mdbook()?;
    let target = workspace::target()?;
    let (sources, book) = (target.join("book-sources"), target.join("book"));
    step("Book", || {
        collect(&workspace::root(), &sources)?;
        run(Command::new(mdbook).arg("build").arg(&sources).arg("--dest-dir").arg(&book))
    })?;
    println!("{}", book.join("index.html").display());
    Ok(())
}

/// Copies everything that the book is made of into one directory.
fn collect(root: &Path, sources: &Path) -> Result<()> {
    if sources.exists() {
        fs::remove_dir_all(sources)?;
    }
    fs::create_dir_all(sources)?;
    for entry in fs::read_dir(root.join("docs"))? {
        let from = entry?.path();
        let name = from.file_name().context("an entry of docs/ has no name")?;
        if from.extension().is_some_and(|extension| extension == "md") {
            let mut text = within_the_book(&fs::read_to_string(&from)?);
            if name == "SUMMARY.md" {
                for (_, page, title) in AT_THE_ROOT {
                    text.push_str(&format!("- [{title}]({page})\n"));
                }
            }
            fs::write(sources.join(name), text)?;
        } else if from.is_file() {
            fs::copy(&from, sources.join(name))?;
        }
    }
    for (file, page, _) in AT_THE_ROOT {
        let text = fs::read_to_string(root.join(file))?.replace("](docs/", "](");
        fs::write(sources.join(page), within_the_book(&text))?;
    }
    Ok(())
}

/// The page with links to other pages of the book instead of links to the repository.
fn within_the_book(page: &str) -> String {
    AT_THE_ROOT.iter().fold(page.to_owned(), |text, (file, page, _)| {
        text.replace(&format!("]({REPOSITORY}{file}"), &format!("]({page}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_has_the_documents_at_the_root_and_links_them() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("sources");
        collect(&workspace::root(), &place).unwrap();
        let read = |name: &str| fs::read_to_string(place.join(name)).unwrap();
        let (summary, guide) = (read("SUMMARY.md"), read("contributing-guide.md"));
        let development = read("contributing.md");
        assert!(summary.ends_with("](contributing-guide.md)\n- [Changes](changelog.md)\n"));
        assert!(guide.contains("](architecture.md)") && !guide.contains("](docs/"));
        assert!(development.contains("[CONTRIBUTING.md](contributing-guide.md)"));
    }
}
