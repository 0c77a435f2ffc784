//! The licenses of what others have written and the programs contain: crates, and npm packages of the pages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::step::output;
use crate::{ui, workspace};

/// Writes the licenses of everything that this package of the workspace is linked with to `file`.
pub(crate) fn write(package: &str, file: &Path) -> Result<()> {
    let mut found = crates(package)?;
    found.extend(npm_packages()?);
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for part in found {
        texts.entry(part.text()?).or_default().push(part.name);
    }
    let mut whole = String::from(
        "Claude Worker contains the following works of others, under their licenses.\n",
    );
    for (text, names) in texts {
        // Writing to a string cannot fail.
        let _ = write!(whole, "\n{}\n\n{}\n\n{}\n", "=".repeat(80), names.join(", "), text.trim());
    }
    super::tree::write_file(file, whole.as_bytes())
}

/// A crate or an npm package.
struct Part {
    /// With its version.
    name: String,
    /// The expression of SPDX.
    license: String,
    /// Where its files are.
    directory: PathBuf,
}

impl Part {
    /// Its license files, or the name of its license. Of several licenses to choose from, MIT.
    fn text(&self) -> Result<String> {
        let entries = fs::read_dir(&self.directory)
            .with_context(|| format!("the files of {} are not there", self.name))?;
        let mut files: Vec<(String, PathBuf)> = entries
            .flatten()
            .map(|entry| (entry.file_name().to_string_lossy().to_uppercase(), entry.path()))
            .filter(|(name, path)| is_license(name) && path.is_file())
            .collect();
        files.sort();
        let has_mit = files.iter().any(|(name, _)| name.contains("MIT"));
        if self.license.contains("MIT") && has_mit {
            files.retain(|(name, _)| name.contains("MIT") || name.starts_with("NOTICE"));
        }
        let texts = files.iter().map(|(_, path)| fs::read(path));
        let texts: Vec<_> = texts.collect::<Result<_, _>>()?;
        let texts: Vec<_> = texts.iter().map(|text| String::from_utf8_lossy(text)).collect();
        if texts.is_empty() {
            ensure!(!self.license.is_empty(), "{} names no license", self.name);
            return Ok(format!("License: {}", self.license));
        }
        Ok(texts.join("\n").replace("\r\n", "\n"))
    }
}

fn is_license(name: &str) -> bool {
    ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"]
        .iter()
        .any(|begin| name.starts_with(begin))
}

/// The crates of others that a package is linked with on this system.
fn crates(package: &str) -> Result<Vec<Part>> {
    let mut cargo = workspace::cargo();
    cargo.args(["metadata", "--format-version=1", "--locked"]);
    cargo.arg(format!("--filter-platform={}", super::programs::TARGET));
    let read: Value = serde_json::from_str(&output(&mut cargo)?)?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages: BTreeMap<String, Value> = list(&read["packages"])
        .into_iter()
        .map(|package| (text(&package["id"]), package))
        .collect();
    let linked: BTreeMap<String, Vec<String>> = list(&read["resolve"]["nodes"])
        .iter()
        .map(|node| {
            let normal = |dependency: &Value| {
                list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
            };
            let dependencies = list(&node["deps"]);
            let dependencies = dependencies.iter().filter(|dependency| normal(dependency));
            (text(&node["id"]), dependencies.map(|dependency| text(&dependency["pkg"])).collect())
        })
        .collect();
    let root = packages.iter().find(|(_, found)| found["name"] == package);
    let mut open = vec![root.with_context(|| format!("there is no package {package}"))?.0.clone()];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id.clone()) {
            open.extend(linked.get(&id).into_iter().flatten().cloned());
        }
    }
    let of_others =
        seen.iter().filter_map(|id| packages.get(id)).filter(|found| !found["source"].is_null());
    Ok(of_others
        .map(|found| Part {
            name: format!("{} {}", text(&found["name"]), text(&found["version"])),
            license: text(&found["license"]),
            directory: Path::new(&text(&found["manifest_path"]))
                .parent()
                .map(Path::to_owned)
                .unwrap_or_default(),
        })
        .collect())
}

/// The npm packages whose code or fonts are in the pages, and those that they name.
fn npm_packages() -> Result<Vec<Part>> {
    ui::install()?;
    let sources = workspace::root().join("ui");
    let read = |file: PathBuf| -> Result<Value> {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok(serde_json::from_str(&text)?)
    };
    let needs = |manifest: &Value| -> Vec<String> {
        manifest["dependencies"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    };
    let mut open = needs(&read(sources.join("package.json"))?);
    let mut parts = BTreeMap::new();
    while let Some(name) = open.pop() {
        if parts.contains_key(&name) {
            continue;
        }
        let directory = sources.join("node_modules").join(&name);
        let found = read(directory.join("package.json"))?;
        let word = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        open.extend(needs(&found));
        let named = format!("{name} {} (npm)", word("version"));
        parts.insert(name, Part { name: named, license: word("license"), directory });
    }
    Ok(parts.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_licenses_is_mit_and_a_missing_text_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let part = |license: &str| Part {
            name: "a 1".to_owned(),
            license: license.to_owned(),
            directory: directory.path().to_owned(),
        };
        assert_eq!(part("MIT").text().unwrap(), "License: MIT");
        assert!(part("").text().is_err());
        for (file, text) in [
            ("LICENSE-APACHE", "apache"),
            ("license-mit", "mit"),
            ("NOTICE", "of a"),
            ("src.rs", ""),
        ] {
            fs::write(directory.path().join(file), text).unwrap();
        }
        assert_eq!(part("MIT OR Apache-2.0").text().unwrap(), "mit\nof a");
        assert_eq!(part("Apache-2.0").text().unwrap(), "apache\nmit\nof a");
    }
}
