//! `cargo xtask docs`: builds the documents as a book.
//!
//! The tests check pages, links and examples without it (`tests/e2e/docs.rs`), so CI does not need mdBook.

use std::process::Command;

use anyhow::Result;

use crate::step::{run, step};
use crate::{setup, workspace};

/// Builds `docs/` into `target/book` and prints where its first page is.
pub(crate) fn build() -> Result<()> {
    let mdbook = setup::mdbook()?;
    let book = workspace::target()?.join("book");
    step("Book", || {
        let mut build = Command::new(mdbook);
        build.arg("build").arg(workspace::root().join("docs")).arg("--dest-dir").arg(&book);
        run(&mut build)
    })?;
    println!("{}", book.join("index.html").display());
    Ok(())
}
