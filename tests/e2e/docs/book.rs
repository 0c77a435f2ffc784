//! The documents as a book: `docs/SUMMARY.md` names every page, and pages link only what the book has.

use std::collections::BTreeSet;

use super::{Document, root};

/// Where the repository is shown; links of pages to files outside of `docs/` go there.
const REPOSITORY: &str = "https://github.com/yigitkonur/claude-worker/blob/main/";

fn links(document: &Document) -> Vec<String> {
    let prose = document.prose();
    let links = prose.split("](").skip(1);
    links.map(|rest| rest.split(')').next().unwrap().to_owned()).collect()
}

#[test]
fn the_summary_names_every_page_once() {
    let summary = links(&Document::read("docs/SUMMARY.md"));
    let named: BTreeSet<String> = summary.iter().cloned().collect();
    assert_eq!(named.len(), summary.len(), "a page is named twice in docs/SUMMARY.md");
    let pages: BTreeSet<String> = Document::all()
        .iter()
        .filter_map(|document| document.path.strip_prefix("docs").ok())
        .map(|path| path.display().to_string())
        .filter(|path| path != "SUMMARY.md")
        .collect();
    assert_eq!(named, pages, "docs/SUMMARY.md and the files of docs/ differ");
}

#[test]
fn pages_link_only_what_the_book_has() {
    for document in Document::all() {
        let place = document.path.display();
        for link in links(&document) {
            if let Some(path) = link.strip_prefix(REPOSITORY) {
                let path = path.split('#').next().unwrap();
                assert!(root().join(path).exists(), "{place}: {link} leads nowhere");
            }
            let leaves = document.path.starts_with("docs") && link.starts_with("../");
            assert!(!leaves, "{place}: {link} is not in the book; link {REPOSITORY}… instead");
        }
    }
}

#[test]
fn every_page_has_one_title_at_its_beginning() {
    for document in Document::all() {
        let place = document.path.display();
        let prose = document.prose();
        assert!(prose.starts_with("# "), "{place}: the first line is not the title");
        let titles = prose.lines().filter(|line| line.starts_with("# ")).count();
        assert!(titles == 1 || document.path.ends_with("SUMMARY.md"), "{place}: {titles} titles");
    }
}
