//! `cargo xtask test`: every check and every test, the quick ones first.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::step::{run, step};
use crate::{bundle, cross, dist, fuzz, layers, rust_version, setup, ui, workspace};

/// Libraries for programs of other people.
const LIBRARIES: [&str; 2] = ["claude-worker-api", "claude-worker-client"];

/// Runs everything. The test runner comes last, so that its summary closes the output.
pub(crate) fn everything() -> Result<()> {
    setup::test_tools()?;
    setup::desktop_packages()?;
    setup::claude_code()?;
    setup::mcp_clients()?;
    setup::rest_clients()?;
    step("Format", || run(workspace::cargo().args(["fmt", "--all", "--check"])))?;
    step("Layers", layers::check)?;
    step("Unused dependencies", || {
        // It looks for names, so it reads sources that are there, not all that a build would see.
        run(workspace::cargo().args(["machete", "--skip-target-dir"]))
    })?;
    step("Rust version", rust_version::check)?;
    step("Lock file of the fuzzers", fuzz::check_lock_file)?;
    // Without advisories: their database is on a git host that a build may not be able to reach.
    step("Licenses and sources of dependencies", || {
        let mut deny = workspace::cargo();
        deny.args(["deny", "--log-level", "error", "check", "--hide-inclusion-graph"]);
        run(deny.args(["bans", "licenses", "sources"]))
    })?;
    // The build of the app embeds the pages.
    ui::build()?;
    step("Clippy", || {
        let mut clippy = workspace::cargo();
        clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--"]);
        run(clippy.args(["-D", "warnings"]))
    })?;
    step("Documentation", || {
        let mut doc = workspace::cargo();
        doc.args(["doc", "--quiet", "--workspace", "--no-deps"]);
        // Contributors read it, so it includes private items, and links to them are allowed.
        let flags = "--document-private-items -A rustdoc::private_intra_doc_links -D warnings";
        run(doc.env("RUSTDOCFLAGS", flags))?;
        // What users of the libraries read has links to public items only.
        let mut doc = workspace::cargo();
        doc.args(["doc", "--quiet", "--no-deps"]);
        for library in LIBRARIES {
            doc.args(["--package", library]);
        }
        run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    cross::check()?;
    step("Doc tests", || {
        for manifest in manifests_with_doc_tests(&workspace::root())? {
            run(workspace::cargo().args([
                "test",
                "--quiet",
                "--doc",
                "--manifest-path",
                &manifest,
            ]))?;
        }
        Ok(())
    })?;
    step("Build", || {
        let mut build = workspace::cargo();
        run(build.args(["nextest", "run", "--cargo-quiet", "--workspace", "--no-run"]))
    })?;
    // The browser tests use the program that has just been built.
    ui::check()?;
    bundle::check()?;
    dist::check(&[])?;
    eprintln!("── Tests");
    run(workspace::cargo().args(["nextest", "run", "--cargo-quiet", "--workspace"]))
}

/// The manifests of the crates of which a documentation comment has Rust code to run. For others, the
/// step would only link empty programs.
fn manifests_with_doc_tests(root: &Path) -> Result<BTreeSet<String>> {
    let sources = workspace::rust_sources(&["src", "crates", "src-tauri", "xtask"], root)?;
    let with_code = sources.iter().filter(|source| runs_code(&source.text));
    let manifest = |path: &str| Some(format!("{}Cargo.toml", &path[..path.find("src/")?]));
    Ok(with_code.filter_map(|source| manifest(&source.path)).collect())
}

fn runs_code(source: &str) -> bool {
    let mut inside = false;
    for line in source.lines().map(str::trim_start) {
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let Some(language) = comment.and_then(|text| text.trim().strip_prefix("```")) else {
            continue;
        };
        inside = !inside;
        let first = language.split(',').next().unwrap_or_default();
        if inside && matches!(first, "" | "rust" | "no_run" | "should_panic" | "compile_fail") {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_libraries_are_run() {
        let manifests = manifests_with_doc_tests(&workspace::root()).unwrap();
        let expected = ["crates/api/Cargo.toml", "crates/client/Cargo.toml"];
        assert!(expected.iter().all(|manifest| manifests.contains(*manifest)), "{manifests:?}");
    }

    #[test]
    fn only_rust_code_in_documentation_counts() {
        assert!(runs_code("/// Adds.\n/// ```\n/// assert!(true);\n/// ```\n"));
        assert!(runs_code("    //! ```no_run\n    //! x()\n    //! ```\n"));
        assert!(!runs_code("//! ```text\n//! a picture\n//! ```\n"));
        assert!(!runs_code("let fence = \"```\";\n// ```\n"));
    }
}
