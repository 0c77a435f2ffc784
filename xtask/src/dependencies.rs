//! What each crate depends on: nothing unused, and nothing that needs a newer Rust than ours.
//!
//! cargo-machete finds unused dependencies in the same way, by looking for their names in the sources.
//! It takes minutes to build on a fresh machine, and this takes no time.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::step::output;
use crate::workspace;

/// Dependencies that no source names, with the reason why they are there: (crate, dependency).
const UNNAMED: &[(&str, &str)] = &[];

/// Checks everything; the error lists every finding.
///
/// A true build with the stated Rust version would need a second toolchain, which not every machine
/// can download. Instead, Clippy's `incompatible_msrv` refuses what the standard library has got
/// since, and this check refuses dependencies that state a newer version.
pub(crate) fn check() -> Result<()> {
    let mut cargo = workspace::cargo();
    let metadata = output(cargo.args(["metadata", "--locked", "--format-version=1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let mut findings = String::new();
    for package in packages.iter().filter(|package| package["source"].is_null()) {
        unused(package, &mut findings)?;
        too_new(package, &metadata, &mut findings);
    }
    if findings.is_empty() {
        return Ok(());
    }
    bail!("dependencies:\n{findings}");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The Rust version that a package states, as major and minor.
fn version(package: &Value) -> Option<(u32, u32)> {
    let mut parts = package["rust_version"].as_str()?.split('.');
    let mut part = || parts.next().map(str::parse::<u32>);
    Some((part()?.ok()?, part()?.ok()?))
}

/// Writes down what a package depends on, directly or not, that needs a newer Rust than it states.
fn too_new(package: &Value, metadata: &Value, findings: &mut String) {
    let find = |list: &'static str, id: &str| {
        let list = match list {
            "nodes" => &metadata["resolve"]["nodes"],
            list => &metadata[list],
        };
        list.as_array().into_iter().flatten().find(|entry| entry["id"] == id)
    };
    let name = text(&package["name"]);
    let Some(stated) = version(package) else {
        let _ = writeln!(findings, "{name} states no rust-version");
        return;
    };
    let mut reached = BTreeSet::from([text(&package["id"])]);
    let mut open: Vec<&str> = reached.iter().copied().collect();
    while let Some(id) = open.pop() {
        let dependencies = find("nodes", id).and_then(|node| node["dependencies"].as_array());
        for dependency in dependencies.into_iter().flatten().map(text) {
            if reached.insert(dependency) {
                open.push(dependency);
            }
        }
        let needed = find("packages", id).and_then(|package| Some((package, version(package)?)));
        if let Some((package, (major, minor))) = needed.filter(|(_, needed)| *needed > stated) {
            let dependency = text(&package["name"]);
            let _ = writeln!(findings, "{name} depends on {dependency}: Rust {major}.{minor}");
        }
    }
}

/// Writes down the dependencies of a package that none of its targets names.
fn unused(package: &Value, findings: &mut String) -> Result<()> {
    let mut sources = Vec::new();
    let mut directories = Vec::new();
    for target in package["targets"].as_array().into_iter().flatten() {
        let file = Path::new(text(&target["src_path"]));
        if target["kind"][0] == "custom-build" {
            sources.push(fs::read_to_string(file)?);
        } else {
            directories.extend(file.parent().map(Path::to_owned));
        }
    }
    let mut read = BTreeSet::new();
    while let Some(directory) = directories.pop() {
        if !read.insert(directory.clone()) {
            continue;
        }
        for source in workspace::rust_sources(&["."], &directory)? {
            let file = directory.join(&source.path);
            for module in source.text.lines().filter_map(|line| line.strip_prefix("#[path = \"")) {
                let module = file.with_file_name(module.trim_end_matches("\"]"));
                directories.extend(module.canonicalize()?.parent().map(Path::to_owned));
            }
            sources.push(source.text);
        }
    }
    let name = text(&package["name"]);
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let dependency = dependency["rename"].as_str().unwrap_or(text(&dependency["name"]));
        let word = dependency.replace('-', "_");
        let is_known = UNNAMED.contains(&(name, dependency));
        if !is_known && !sources.iter().any(|source| names(source, &word)) {
            let _ = writeln!(findings, "{name} does not use {dependency}");
        }
    }
    Ok(())
}

/// Whether a source has this word in its code.
fn names(source: &str, word: &str) -> bool {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.into_iter().any(|line| {
        line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|other| other == word)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn findings(dependencies: &[&str]) -> String {
        let directory = tempfile::tempdir().unwrap();
        let main = directory.path().join("main.rs");
        fs::write(&main, "// once_cell\nuse serde_json::Value;\nfn f() { toml_edit::x() }\n")
            .unwrap();
        let dependencies: Vec<Value> =
            dependencies.iter().map(|name| json!({ "name": name })).collect();
        let targets = json!([{ "kind": ["bin"], "src_path": main }]);
        let package = json!({ "name": "p", "targets": targets, "dependencies": dependencies });
        let mut findings = String::new();
        unused(&package, &mut findings).unwrap();
        findings
    }

    #[test]
    fn dependencies_that_only_comments_name_are_unused() {
        assert_eq!(findings(&["serde_json", "toml-edit", "toml_edit"]), "");
        let unused = "p does not use once_cell\np does not use serde\np does not use toml\n";
        assert_eq!(findings(&["once_cell", "serde", "toml"]), unused);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text: &str| version(&json!({ "rust_version": text }));
        assert!(version("1.9") < version("1.90") && version("1.90.1") == version("1.90"));
        assert_eq!(super::version(&json!({ "rust_version": null })), None);
    }
}
