//! Embeds the built web pages: lists the files of `ui/served`, which `npm run build` in `ui/` writes.
//!
//! Without these files the crate compiles too, so that nobody needs npm to build the command line; the
//! server then says that it has no pages. `CLAUDE_WORKER_PAGES=required`, as releases set it, makes
//! that an error, and `CLAUDE_WORKER_PAGES=build` builds them with npm first, for `cargo install`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// One file in its encodings.
#[derive(Default)]
struct Found {
    plain: Option<PathBuf>,
    gzip: Option<PathBuf>,
    brotli: Option<PathBuf>,
}

fn main() {
    println!("cargo::rerun-if-env-changed=CLAUDE_WORKER_PAGES");
    println!("cargo::rerun-if-changed=build.rs");
    let crate_root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let wanted = env::var("CLAUDE_WORKER_PAGES").unwrap_or_default();
    if wanted == "build" {
        build_pages(&crate_root.join("../../ui"));
    }
    let served = crate_root.join("../../ui/served");
    // Cargo would run this again for each build if the directory did not exist. Where it cannot be made,
    // that is all that happens.
    drop(fs::create_dir_all(&served));
    let served = served.canonicalize().unwrap_or(served);
    println!("cargo::rerun-if-changed={}", served.display());
    let mut files = BTreeMap::new();
    collect(&served, "", &mut files).expect("cannot read ui/served");
    assert!(
        wanted.is_empty() || files.contains_key("/index.html"),
        "{} has no pages to embed. Run in ui/: npm ci && npm run build",
        served.display()
    );
    let out = PathBuf::from(variable("OUT_DIR"));
    let table = table(&files, &out).expect("cannot copy ui/served");
    fs::write(out.join("embedded_files.rs"), table).expect("cannot write the list of pages");
}

fn variable(name: &str) -> String {
    env::var(name).expect("Cargo sets it")
}

/// Builds the pages from their sources, which a clone has.
fn build_pages(sources: &Path) {
    for arguments in [&["ci", "--no-audit", "--no-fund"][..], &["run", "build"]] {
        let ended = Command::new("npm").args(arguments).current_dir(sources).status();
        let ended = ended.expect("npm, which builds the pages, cannot be started");
        assert!(ended.success(), "npm {} failed in {}", arguments.join(" "), sources.display());
    }
}

/// Finds the files below `directory`, by their path in an address.
fn collect(directory: &Path, prefix: &str, files: &mut BTreeMap<String, Found>) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().into_string().expect("the bundler writes plain names");
        let path = format!("{prefix}/{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &path, files)?;
        } else if let Some(path) = path.strip_suffix(".br") {
            files.entry(path.to_owned()).or_default().brotli = Some(entry.path());
        } else if let Some(path) = path.strip_suffix(".gz") {
            files.entry(path.to_owned()).or_default().gzip = Some(entry.path());
        } else {
            files.entry(path).or_default().plain = Some(entry.path());
        }
    }
    Ok(())
}

/// The files as a Rust expression of the type `&[File]`, sorted by path. Their contents are copied to
/// `out`, so that a build of the pages does no harm while the compiler is at work.
fn table(files: &BTreeMap<String, Found>, out: &Path) -> io::Result<String> {
    let mut table = String::from("&[\n");
    for (number, (path, found)) in files.iter().enumerate() {
        let mut hasher = DefaultHasher::new();
        let mut embed = |file: &Option<PathBuf>, encoding: &str| -> io::Result<String> {
            let Some(file) = file else { return Ok("None".to_owned()) };
            let content = fs::read(file)?;
            hasher.write(&content);
            let copy = out.join(format!("{number}.{encoding}"));
            fs::write(&copy, content)?;
            Ok(format!("Some(include_bytes!({:?}))", copy.display().to_string()))
        };
        let plain = embed(&found.plain, "plain")?;
        let gzip = embed(&found.gzip, "gzip")?;
        let brotli = embed(&found.brotli, "brotli")?;
        let tag = hasher.finish();
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "    File {{ path: {path:?}, tag: \"W/\\\"{tag:016x}\\\"\", plain: {plain}, gzip: {gzip}, brotli: {brotli} }},"
        );
    }
    table.push(']');
    Ok(table)
}
