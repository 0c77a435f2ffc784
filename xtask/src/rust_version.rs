//! The Rust version that each crate states: no dependency of it needs a newer one.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::step::output;
use crate::workspace;

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
        too_new(package, &metadata, &mut findings);
    }
    if findings.is_empty() {
        return Ok(());
    }
    bail!("rust-version is not true:\n{findings}");
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text: &str| version(&json!({ "rust_version": text }));
        assert!(version("1.9") < version("1.90") && version("1.90.1") == version("1.90"));
        assert_eq!(super::version(&json!({ "rust_version": null })), None);
    }
}
