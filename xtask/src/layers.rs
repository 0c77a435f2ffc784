//! Checks the boundaries between the parts of the code on the sources.
//!
//! `docs/architecture.md` describes them. This checks what the compiler cannot: which crate may
//! depend on which, where SQL may be, which code may start or signal processes, and that modules do
//! not import each other in a circle.

mod circles;

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::step::output;
use crate::workspace::{self, Source};

/// Which crates of the workspace each crate may depend on.
const MAY_USE: &[(&str, &[&str])] = &[
    ("claude-worker-api", &[]),
    ("claude-worker-os", &[]),
    ("claude-worker-paths", &["claude-worker-api", "claude-worker-os"]),
    ("claude-worker-supervisor", &["claude-worker-api", "claude-worker-os"]),
    ("claude-worker-agents", &["claude-worker-api", "claude-worker-supervisor"]),
    (
        "claude-worker-engine",
        &[
            "claude-worker-api",
            "claude-worker-os",
            "claude-worker-paths",
            "claude-worker-supervisor",
            "claude-worker-agents",
        ],
    ),
    // A library for programs of other people: neither the engine nor the supervisor.
    ("claude-worker-client", &["claude-worker-api", "claude-worker-os", "claude-worker-paths"]),
    (
        "claude-worker-server",
        &[
            "claude-worker-api",
            "claude-worker-os",
            "claude-worker-paths",
            "claude-worker-supervisor",
            "claude-worker-engine",
            "claude-worker-client",
        ],
    ),
    (
        "claude-worker-cli",
        &[
            "claude-worker-api",
            "claude-worker-os",
            "claude-worker-paths",
            "claude-worker-supervisor",
            "claude-worker-agents",
            "claude-worker-engine",
            "claude-worker-client",
            "claude-worker-server",
        ],
    ),
    (
        "claude-worker-mcp",
        &["claude-worker-api", "claude-worker-os", "claude-worker-agents", "claude-worker-client"],
    ),
    ("claude-worker", &["claude-worker-cli", "claude-worker-mcp"]),
    ("claude-worker-desktop", &["claude-worker-api", "claude-worker-os", "claude-worker-paths"]),
    (
        "claude-worker-app",
        &[
            "claude-worker-api",
            "claude-worker-os",
            "claude-worker-supervisor",
            "claude-worker-engine",
            "claude-worker-client",
            "claude-worker-server",
            "claude-worker-desktop",
        ],
    ),
    ("scripted-api", &[]),
];

/// What the names of a crate's direct and indirect dependencies must not contain.
const WITHOUT: &[(&str, &[&str])] = &[
    ("claude-worker", DESKTOP),
    ("claude-worker-desktop", DESKTOP),
    // Libraries for programs of other people, which would compile all of it.
    ("claude-worker-api", &["sqlite", "hyper", "tokio"]),
    ("claude-worker-client", &["sqlite", "claude-worker-engine", "claude-worker-supervisor"]),
    ("claude-worker-mcp", &["sqlite", "claude-worker-engine"]),
];

/// Libraries of the desktop.
const DESKTOP: &[&str] = &["gtk", "webkit", "tauri", "wry", "gdk"];

/// Words that may occur only below some paths.
struct Confined {
    /// What the words mean, for messages.
    what: &'static str,
    words: &'static [&'static str],
    /// Where they may occur: beginnings of paths.
    only_in: &'static [&'static str],
}

const CONFINED: &[Confined] = &[
    Confined {
        what: "SQL",
        words: &["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "prepare_cached("],
        only_in: &["crates/engine/src/store/"],
    },
    Confined {
        what: "a signal to a process",
        words: &[
            "kill_process",
            "pidfd_send_signal",
            "libc::kill",
            "process::signal(",
            "kill_group(",
        ],
        only_in: &[
            "crates/os/src/",
            "crates/supervisor/src/",
            // Ends an engine that does not answer, when a person says so.
            "crates/client/src/silent_engine.rs",
            // Ends a setup command that the user stops.
            "src-tauri/src/platform/linux/setup_process.rs",
            // End a login shell, and a program that does not say its version in time.
            "crates/engine/src/login_shell/process.rs",
            "crates/engine/src/locate.rs",
            // Ends git when it takes too long.
            "crates/engine/src/changes/git.rs",
        ],
    },
    Confined {
        what: "the start of a process",
        words: &["process::Command", "Command::new("],
        only_in: &[
            "crates/os/src/",
            "crates/supervisor/src/",
            // A client starts an engine when none is there.
            "crates/client/src/start.rs",
            // Asks a login shell where programs are.
            "crates/engine/src/login_shell/",
            // Runs programs that say their version.
            "crates/engine/src/locate.rs",
            // Asks git what a run changed.
            "crates/engine/src/changes/git.rs",
            // Asks Claude Code for its options.
            "crates/engine/src/claude_help.rs",
            // Has Claude Code change its settings.
            "crates/cli/src/commands/mcp/claude_code.rs",
            // Starts the user's editor.
            "crates/cli/src/editor.rs",
            // Start the desktop app and the browser.
            "crates/cli/src/commands/open.rs",
            "crates/cli/src/commands/open/link.rs",
            // Asks programs for their version.
            "crates/engine/src/doctor/",
            // Starts the app again that was started while it quit.
            "src-tauri/src/platform/linux/relaunch.rs",
            // Installs Claude Code and signs in, when the user says so.
            "src-tauri/src/platform/linux/setup_process.rs",
            "src-tauri/src/platform/linux/terminal.rs",
            // Opens directories and addresses as the desktop would.
            "src-tauri/src/platform/linux/opener.rs",
        ],
    },
    Confined {
        what: "what depends on the operating system",
        words: &[
            "os::unix",
            "os::fd",
            "os::windows",
            "os::linux",
            "windows::",
            "windows_sys",
            "rustix::",
            "libc::",
            "nix::",
            "signal_hook::",
            "/proc/",
        ],
        only_in: &[
            "crates/os/src/",
            // An agent that misbehaves, for the tests of the supervisor.
            "crates/supervisor/src/bin/fake-agent/",
            // The part of the desktop that differs between systems.
            "src-tauri/src/platform/",
        ],
    },
    Confined {
        what: "the desktop",
        words: &["tauri::", "tauri_plugin", "wry::", "tao::"],
        only_in: &["src-tauri/"],
    },
    Confined {
        what: "what depends on the desktop's system",
        words: &["gtk::", "gdk::", "webkit2gtk::", "zbus::", "ksni::", "notify_rust::"],
        only_in: &["src-tauri/src/platform/"],
    },
];

/// Words that must not occur below some paths.
struct Banned {
    /// The rule, for messages.
    what: &'static str,
    words: &'static [&'static str],
    /// Where they must not occur: beginnings of paths.
    from: &'static [&'static str],
    /// Exceptions: beginnings of paths.
    except: &'static [&'static str],
}

const BANNED: &[Banned] = &[
    Banned {
        what: "decisions go by the clock that the dispatcher is given, which tests replace",
        words: &["Timestamp::now()", "Instant::now()", "SystemTime"],
        from: &[
            "crates/engine/src/dispatcher/",
            "crates/engine/src/scheduler/",
            "crates/engine/src/state",
        ],
        except: &[],
    },
    Banned {
        what: "what depends on the system belongs in src-tauri/src/platform/",
        words: &["std::os::", "rustix::", "libc::", "signal::unix", "signal::windows"],
        from: &["src-tauri/src/"],
        except: &["src-tauri/src/platform/"],
    },
];

/// Checks all boundaries; the error lists every violation.
pub(crate) fn check() -> Result<()> {
    let mut breaches = String::new();
    let sources = workspace::rust_sources(&["src", "crates", "src-tauri"], &workspace::root())?;
    for source in &sources {
        let in_product = source.path.starts_with("src/")
            || source.path.starts_with("src-tauri/src/")
            || (source.path.contains("/src/") && !source.path.starts_with("crates/scripted-api/"));
        if in_product {
            words_out_of_place(source, &mut breaches);
        }
    }
    let roots: BTreeSet<&str> = sources
        .iter()
        .filter_map(|source| Some(&source.path[..source.path.find("src/")? + "src/".len()]))
        .collect();
    for root in roots {
        breaches.push_str(&circles::circles(root, &sources));
    }
    dependencies(&mut breaches)?;
    libraries(&mut breaches)?;
    if breaches.is_empty() {
        return Ok(());
    }
    bail!("the layers of docs/architecture.md are not kept:\n{breaches}");
}

fn words_out_of_place(source: &Source, breaches: &mut String) {
    // Tests are exempt.
    if source.path.ends_with("/tests.rs") || source.path.contains("/tests/") {
        return;
    }
    for rule in CONFINED {
        if rule.only_in.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        for number in lines_with(source, rule.words) {
            let (path, what, place) = (&source.path, rule.what, rule.only_in.join(", "));
            let _ = writeln!(breaches, "{path}:{number}: {what} belongs in {place}");
        }
    }
    for rule in BANNED {
        let is_in = |places: &[&str]| places.iter().any(|place| source.path.starts_with(place));
        if is_in(rule.from) && !is_in(rule.except) {
            for number in lines_with(source, rule.words) {
                let _ = writeln!(breaches, "{}:{number}: {}", source.path, rule.what);
            }
        }
    }
}

/// The numbers of the lines of code that contain one of these words, without comments and the tests
/// at the end of a file.
fn lines_with(source: &Source, words: &[&str]) -> Vec<usize> {
    let lines: Vec<&str> = source.text.lines().collect();
    let is_test_file = |n: usize| lines.get(n + 1).is_some_and(|next| next.ends_with(';'));
    let end = (0..lines.len()).find(|n| begins_tests(lines[*n]) && !is_test_file(*n));
    let is_code = |n: &usize| !lines[*n].trim_start().starts_with("//");
    let code = (0..end.unwrap_or(lines.len())).filter(is_code);
    code.filter(|n| words.iter().any(|word| lines[*n].contains(word))).map(|n| n + 1).collect()
}

/// Whether this line is the attribute of a file's test module.
fn begins_tests(line: &str) -> bool {
    line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test,")
}

/// Checks that each crate depends only on the crates that [`MAY_USE`] allows.
fn dependencies(breaches: &mut String) -> Result<()> {
    let mut cargo = workspace::cargo();
    let metadata = output(cargo.args(["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, may_use)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
            if name != "xtask" {
                let _ = writeln!(breaches, "{name} is missing in MAY_USE of xtask/src/layers.rs");
            }
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev";
            if !for_tests && ours.contains(&used) && !may_use.contains(&used) {
                let _ = writeln!(breaches, "{name} must not depend on {used}");
            }
        }
    }
    Ok(())
}

/// Checks that no crate depends on libraries that [`WITHOUT`] forbids, directly or indirectly.
fn libraries(breaches: &mut String) -> Result<()> {
    for (package, words) in WITHOUT {
        let mut cargo = workspace::cargo();
        cargo.args(["tree", "--package", package, "--edges", "normal,build"]);
        let tree = output(cargo.args(["--prefix", "none", "--format", "{p}"]))?;
        forbidden_libraries(package, words, &tree, breaches);
    }
    Ok(())
}

fn forbidden_libraries(package: &str, words: &[&str], tree: &str, breaches: &mut String) {
    for line in tree.lines() {
        let name = line.split(' ').next().unwrap_or_default();
        if words.iter().any(|word| name.contains(word)) {
            let _ = writeln!(breaches, "{package} must not depend on {line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> String {
        let mut breaches = String::new();
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        words_out_of_place(&source, &mut breaches);
        breaches
    }

    #[test]
    fn words_are_found_where_they_do_not_belong() {
        let sql = "fn f() {}\nlet q = \"SELECT 1\";\n";
        assert!(breaches("crates/cli/src/lib.rs", sql).starts_with("crates/cli/src/lib.rs:2: SQL"));
        assert_eq!(breaches("crates/engine/src/store/reader.rs", sql), "");
        assert!(breaches("crates/engine/src/x.rs", "Command::new(\"sh\")").contains("process"));
    }

    #[test]
    fn calls_of_one_operating_system_stand_in_its_crate() {
        let text = "use std::os::unix::fs::MetadataExt;\n";
        assert!(breaches("crates/engine/src/paths.rs", text).contains("crates/os/src/"));
        assert!(breaches("crates/cli/src/x.rs", "read(\"/proc/self/stat\")").contains("system"));
        assert!(breaches("crates/cli/src/x.rs", "use windows_sys::Win32;").contains("system"));
        assert!(breaches("crates/cli/src/x.rs", "windows::Win32::X()").contains("system"));
        assert_eq!(breaches("crates/os/src/unix/files.rs", text), "");
        assert_eq!(breaches("src-tauri/src/platform/linux/relaunch.rs", text), "");
    }

    #[test]
    fn the_client_needs_no_database() {
        let tree = "claude-worker-client v0.1.0 (/x)\nrusqlite v0.42.0\nclaude-worker-os v0.1.0\n";
        let (package, words) =
            WITHOUT.iter().find(|(package, _)| *package == "claude-worker-client").unwrap();
        let mut breaches = String::new();
        forbidden_libraries(package, words, tree, &mut breaches);
        assert_eq!(breaches, "claude-worker-client must not depend on rusqlite v0.42.0\n");
    }

    #[test]
    fn comments_and_tests_are_not_checked() {
        let text = "// SELECT it\n#[cfg(test)]\nmod tests { const Q: &str = \"SELECT 1\"; }\n";
        assert_eq!(breaches("crates/cli/src/lib.rs", text), "");
        assert_eq!(breaches("crates/engine/src/trust/tests.rs", "query(\"SELECT 1\")"), "");
    }

    #[test]
    fn code_after_a_module_of_tests_is_checked() {
        let text = "#[cfg(test)]\nmod tests;\nconst Q: &str = \"SELECT 1\";\n";
        assert!(
            breaches("crates/cli/src/lib.rs", text).starts_with("crates/cli/src/lib.rs:3: SQL")
        );
    }

    #[test]
    fn the_dispatcher_reads_no_clock_of_its_own() {
        let text = "let now = Timestamp::now();\n";
        assert!(breaches("crates/engine/src/dispatcher/round.rs", text).contains("clock"));
        assert!(breaches("crates/engine/src/state.rs", text).contains("clock"));
        assert_eq!(breaches("crates/engine/src/clock.rs", text), "");
        assert_eq!(breaches("crates/engine/src/dispatcher/tests.rs", text), "");
    }
}
