//! `cargo xtask dist`: everything that is published with a release, in `target/dist`.
//!
//! The programs are linked statically with musl, so the same two files run on every Linux system and are in
//! every package: an archive with an installer, `.deb` and `.rpm` of the command line, a wheel for PyPI with the
//! Python client, packages for npm, and the extension for Claude Desktop. One file per kind of package; [`tree`]
//! has the files that several of them install. `--check` packs the debug build instead and uses each package in a
//! clean place ([`check()`]).

mod archive;
mod check;
mod clean_place;
mod container;
mod debian;
mod lint;
mod namespaces;
pub(crate) mod notices;
mod npm;
mod programs;
mod proxy;
mod python;
mod rpm;
mod service;
pub(crate) mod tree;
mod units;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

pub(crate) use check::check;

use crate::mcpb::sha256;
use crate::step::{output, step};
use crate::{mcpb, setup, ui, workspace};

/// The version of all packages.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How well packages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    /// For users.
    Best,
    /// For tests.
    Fast,
}

/// What is packed, and where to.
#[derive(Debug)]
struct Job {
    /// The directory with `claude-worker` and `claude-worker-mcp`.
    programs: PathBuf,
    /// The directory for the packages; everything else is made in `work` in it.
    place: PathBuf,
    compression: Compression,
    /// The time of all files, in seconds of the Unix epoch, so that the same sources make the same packages.
    time: String,
}

impl Job {
    /// A job with an empty place.
    fn new(programs: PathBuf, place: PathBuf, compression: Compression) -> Result<Self> {
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        fs::create_dir_all(place.join("work"))?;
        Ok(Self { programs, place, compression, time: source_time()? })
    }

    /// A new directory for the parts of a package.
    fn work(&self, name: &str) -> Result<PathBuf> {
        let work = self.place.join("work").join(name);
        fs::create_dir_all(&work)?;
        Ok(work)
    }

    /// The file with the licenses of what the programs contain of others.
    fn notices(&self) -> Result<PathBuf> {
        let file = self.place.join("work").join(tree::NOTICES);
        if !file.is_file() {
            notices::write("claude-worker", &file)?;
        }
        Ok(file)
    }

    /// A program that makes a package of these sources.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("SOURCE_DATE_EPOCH", &self.time);
        command
    }
}

/// Builds everything for release.
pub(crate) fn release() -> Result<()> {
    let clients = setup::mcp_clients()?;
    ui::build()?;
    let programs = programs::release()?;
    let place = workspace::target()?.join("dist");
    let job = Job::new(programs, place, Compression::Best)?;
    make(&job)?;
    step("Pack the MCP bundle", || {
        let bundle = mcpb::pack(&clients, &job.programs, &job.place)?;
        mcpb::write_server_json(&bundle, &job.place)
    })?;
    write_sums(&job)?;
    for file in published(&job.place)? {
        let megabytes = fs::metadata(&file)?.len() as f64 / 1e6;
        eprintln!("{megabytes:7.1} MB  {}", file.display());
    }
    Ok(())
}

/// Makes the packages that need only the two programs.
fn make(job: &Job) -> Result<()> {
    setup::package_tools()?;
    step("Pack the archive with its installer", || archive::pack(job))?;
    step("Pack the .deb", || debian::pack(job))?;
    step("Pack the .rpm", || rpm::pack(job))?;
    step("Pack the wheel", || python::pack(job))?;
    step("Pack for npm", || npm::pack(job))?;
    Ok(())
}

/// Writes the checksums of all packages, in the format of `sha256sum`.
fn write_sums(job: &Job) -> Result<()> {
    let mut sums = String::new();
    for file in published(&job.place)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name != SUMS {
            sums += &format!("{}  {name}\n", sha256(&file)?);
        }
    }
    fs::write(job.place.join(SUMS), sums)?;
    Ok(())
}

/// The file with the checksums.
const SUMS: &str = "SHA256SUMS";

/// The files in the place, in order.
fn published(place: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(place)?.flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

/// The only file in the place with this ending.
fn package(place: &Path, ending: &str) -> Result<PathBuf> {
    let mut files = published(place)?;
    files.retain(|file| file.to_string_lossy().ends_with(ending));
    let [file] = &files[..] else {
        anyhow::bail!("not exactly one *{ending} in {}", place.display())
    };
    Ok(file.clone())
}

/// The time of the newest commit, or the one in the environment.
fn source_time() -> Result<String> {
    if let Ok(time) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(time);
    }
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"]).current_dir(workspace::root());
    let time = output(&mut git).context("set SOURCE_DATE_EPOCH where there is no git")?;
    Ok(time.trim().to_owned())
}
