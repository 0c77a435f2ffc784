//! The documents are true: what they tell people to type works, and what they name exists.

mod book;
pub(crate) mod examples;
mod troubleshooting;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use claude_worker_api::Settings;
use claude_worker_cli::exit;
use claude_worker_engine::metrics::METRICS;
use claude_worker_engine::settings;

use crate::support::{Home, read};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository that people read.
pub(crate) struct Document {
    /// Relative to the root.
    path: PathBuf,
    pub(crate) text: String,
}

/// A fenced block.
pub(crate) struct Block<'a> {
    pub(crate) language: &'a str,
    /// Where its first line stands, counted from 1.
    line: usize,
    pub(crate) text: String,
}

impl Block<'_> {
    /// What stands behind each `$`, with the lines that continue it.
    fn commands(&self) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        let mut continues = false;
        for line in self.text.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                commands.push(command.to_owned());
            } else if let Some(command) = commands.last_mut().filter(|_| continues) {
                *command += &format!("\n{line}");
            }
            continues = line.ends_with('\\') && !commands.is_empty();
        }
        commands
    }
}

impl Document {
    pub(crate) fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        Self { path: path.into(), text }
    }

    fn all() -> Vec<Self> {
        let in_docs = std::fs::read_dir(root().join("docs")).unwrap().flatten();
        let mut paths: Vec<String> = in_docs
            .map(|entry| format!("docs/{}", entry.file_name().to_string_lossy()))
            .filter(|path| path.ends_with(".md"))
            .collect();
        paths.sort();
        paths.extend(["README.md", "CONTRIBUTING.md"].map(str::to_owned));
        paths.iter().map(|path| Self::read(path)).collect()
    }

    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut open: Option<Block<'_>> = None;
        // A block in a list is indented.
        let mut indent = 0;
        for (number, line) in self.text.lines().enumerate() {
            match (line.trim_start().strip_prefix("```"), &mut open) {
                (Some(language), None) => {
                    indent = line.len() - line.trim_start().len();
                    open = Some(Block { language, line: number + 2, text: String::new() });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => {
                    let line = line.get(indent..).unwrap_or_default();
                    block.text += &format!("{line}\n");
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.path.display());
        blocks
    }

    /// The text without its fenced blocks.
    fn prose(&self) -> String {
        let mut inside = false;
        let outside = |line: &&str| {
            let fence = line.trim_start().starts_with("```");
            inside ^= fence;
            !inside && !fence
        };
        self.text.lines().filter(outside).collect::<Vec<_>>().join("\n")
    }

    /// What stands between backticks in the prose.
    fn code(&self) -> Vec<String> {
        self.prose().split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// The commands of `console` blocks.
    fn shown_commands(&self) -> Vec<String> {
        let blocks = self.blocks().into_iter().filter(|block| block.language == "console");
        blocks.flat_map(|block| block.commands()).collect()
    }
}

/// Whether `claude-worker`'s help knows the subcommand and every option of this command line.
fn check_against_help(home: &Home, line: &str, place: &str) {
    let Some(at) = line.find("claude-worker ") else { return };
    let words: Vec<&str> = line[at..]
        .split_whitespace()
        .skip(1)
        .take_while(|word| !word.starts_with(['#', '|']))
        .collect();
    let is_name = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    let has_subcommands = matches!(words.first(), Some(&("server" | "mcp")));
    let names = if has_subcommands { 2 } else { 1 };
    let mut command: Vec<&str> = words.iter().take(names).take_while(is_name).copied().collect();
    command.push("--help");
    let help = home.run(&command);
    assert_eq!(help.code, 0, "{place}: {line}: {help:?}");
    let known: BTreeSet<&str> =
        help.stdout.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
    for option in words.iter().filter(|word| word.starts_with('-')) {
        assert!(known.contains(option), "{place}: {line}: there is no {option}");
    }
}

#[test]
fn what_is_shown_and_not_run_is_known_to_the_programs() {
    let home = Home::new();
    let xtask = read(&root().join("xtask/src/main.rs"));
    let mut tried = 0;
    for document in Document::all() {
        let place = document.path.display().to_string();
        for line in document.shown_commands().iter().chain(&document.code()) {
            if let Some((_, rest)) = line.split_once("cargo xtask ") {
                let command = rest.split_whitespace().next().unwrap();
                let known = xtask.contains(&format!("\"{command}\" =>"));
                assert!(known, "{place}: there is no cargo xtask {command}");
                tried += 1;
            }
            // The repository's and the unit's names look like commands, too.
            if line.starts_with("claude-worker ") {
                check_against_help(&home, line, &place);
                tried += 1;
            }
        }
    }
    assert!(tried >= 10, "only {tried} commands were found in the documents");
}

/// All Rust sources in one text.
fn sources() -> String {
    let mut open: Vec<PathBuf> =
        ["src", "src-tauri/src", "crates", "tests", "xtask"].map(|d| root().join(d)).into();
    let mut text = String::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(path).unwrap();
        }
    }
    text
}

#[test]
fn what_is_named_exists() {
    let sources = sources();
    // Fields of the HTTP interface can have as many.
    let openapi = read(&root().join("docs/openapi.json"));
    let mut tests = 0;
    for document in Document::all() {
        let place = document.path.display();
        for name in document.code() {
            let is_path =
                ["crates/", "docs/", "tests/", "xtask/"].iter().any(|d| name.starts_with(d));
            if is_path {
                assert!(root().join(&name).exists(), "{place}: {name} does not exist");
            }
            // A name of so many words is a test's; or a metric's, or an index's of the database, which
            // other tests look up.
            let words = name.split('_').count();
            let is_metric = METRICS.iter().any(|metric| metric.name == name);
            if words >= 4
                && !is_metric
                && !sources.contains(&format!("INDEX {name} ON"))
                && !openapi.contains(&format!("\"{name}\""))
                && name.bytes().all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b))
            {
                assert!(
                    sources.contains(&format!("fn {name}(")),
                    "{place}: there is no test {name}"
                );
                tests += 1;
            }
            if name.starts_with("CLAUDE_WORKER_") {
                // It may be shown as it is set: `NAME=value command`.
                let name = name.split('=').next().unwrap();
                let quoted = format!("\"{name}\"");
                assert!(sources.contains(&quoted), "{place}: nothing reads {name}");
            }
        }
        for link in document.prose().split("](").skip(1) {
            check_link(&document, link.split(')').next().unwrap());
        }
    }
    assert!(tests >= 40, "only {tests} tests were found in the documents");
}

/// Follows a link within the repository, to its heading if it names one.
fn check_link(document: &Document, link: &str) {
    if link.starts_with("http") {
        return;
    }
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let path = match file {
        "" => root().join(&document.path),
        file => root().join(&document.path).parent().unwrap().join(file),
    };
    assert!(path.exists(), "{}: {link} leads nowhere", document.path.display());
    let slug = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().replace(' ', "-")
    };
    let found = read(&path).lines().any(|line| line.starts_with('#') && slug(line) == heading);
    assert!(heading.is_empty() || found, "{}: {link} leads nowhere", document.path.display());
}

#[test]
fn the_code_map_names_every_crate_and_only_files_that_exist() {
    let document = Document::read("docs/architecture.md");
    let prose = document.prose();
    let (_, map) = prose.split_once("## Code map\n").expect("a code map");
    let map = map.split("\n## ").next().unwrap();
    let mut rooms = BTreeSet::new();
    for section in map.split("\n### ").skip(1) {
        let (title, text) = section.split_once('\n').unwrap();
        let titles: Vec<&str> = title.split('`').skip(1).step_by(2).collect();
        rooms.extend(titles.iter().map(|title| (*title).to_owned()));
        // `x.rs` is in the room of its section; `a/b.rs` and `a/` may be named from the root.
        let places: Vec<PathBuf> = titles
            .iter()
            .flat_map(|title| [root().join(title).join("src"), root().join(title)])
            .chain([root()])
            .collect();
        let within = |name: &str| {
            let below = |place: &Path| {
                std::fs::read_dir(place).into_iter().flatten().flatten().any(|entry| {
                    // One level down, for "`schema.rs` in it".
                    entry.path().join(name).exists()
                })
            };
            places.iter().any(|place| place.join(name).exists())
                || places.iter().any(|place| place.ends_with("src") && below(place))
        };
        for name in text.split('`').skip(1).step_by(2) {
            if name.ends_with(".rs") || name.ends_with('/') {
                assert!(within(name), "{title}: {name} is not there");
            }
        }
    }
    for entry in std::fs::read_dir(root().join("crates")).unwrap().flatten() {
        let room = format!("crates/{}", entry.file_name().to_string_lossy());
        assert!(rooms.contains(&room), "the code map does not name {room}");
    }
    for room in ["src", "tests", "xtask"] {
        assert!(rooms.contains(room), "the code map does not name {room}");
    }
}

#[test]
fn the_settings_shown_are_all_there_are_with_their_defaults() {
    let document = Document::read("docs/configuration.md");
    let block = document.blocks().into_iter().find(|block| block.language == "toml").unwrap();
    let settings = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    };
    assert_eq!(settings(&block.text), settings(&settings::to_toml(&Settings::default())));
    // The one that has no default is shown as a comment; it must be right all the same.
    let shown = block.text.replace("# claude = ", "claude = ");
    assert!(settings::parse(&shown).unwrap().agents.claude.is_some());
}

/// The first cells of the table rows below a heading.
fn rows(document: &Document, heading: &str) -> Vec<String> {
    let prose = document.prose();
    let (_, rest) = prose.split_once(&format!("## {heading}\n")).expect(heading);
    let lines = rest.split("\n## ").next().unwrap().lines();
    lines.filter(|line| line.starts_with("| ")).skip(1).map(str::to_owned).collect()
}

#[test]
fn every_exit_code_is_documented_in_the_words_of_the_help() {
    let document = Document::read("docs/configuration.md");
    let expected: Vec<String> = exit::TABLE
        .iter()
        .map(|(code, meaning)| format!("| {} | {meaning} |", *code as u8))
        .collect();
    assert_eq!(rows(&document, "Exit codes"), expected);
}

#[test]
fn every_environment_variable_of_the_help_is_documented() {
    let document = Document::read("docs/configuration.md");
    let rows = rows(&document, "Environment variables");
    let help = Home::new().run(["--help"]).ok().stdout.clone();
    let (_, variables) = help.split_once("Environment:\n").expect("a list of variables");
    let in_help: BTreeSet<&str> = variables
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let documented: BTreeSet<&str> = rows.iter().filter_map(|row| row.split('`').nth(1)).collect();
    assert_eq!(documented, in_help);
}
