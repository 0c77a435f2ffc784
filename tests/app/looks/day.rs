//! Tasks of an ordinary day, with one of every kind.
//!
//! To add one: a line in [`Day::past`] or [`Day::present`], with a key that pages use in their address
//! (`#/task/{key}`), and what its agent prints.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::transcript::{Outcome, Transcript};
use crate::desktop::Desktop;
use crate::process::{command_line, kill, until};

/// The tasks by their keys.
pub(crate) struct Day<'a> {
    desktop: &'a Desktop,
    ids: BTreeMap<&'static str, String>,
    /// What the agent does for each prompt.
    parts: Vec<Part>,
}

/// What the stand-in for Claude Code does for one prompt.
struct Part {
    prompt: String,
    prints: String,
    then: &'static str,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: u32 = 60;
const DAY: u32 = 24 * HOUR;

/// The settings: two tasks at a time, so that others wait.
pub(crate) const CONFIG: &str = "workers = 2\n[limits]\ngrace = \"2s\"\n";

impl<'a> Day<'a> {
    /// What ended before the window opens.
    pub(crate) fn past(desktop: &'a Desktop) -> Self {
        let mut day = Self { desktop, ids: BTreeMap::new(), parts: Vec::new() };
        for project in ["webshop", "docs", "tracker"] {
            std::fs::create_dir_all(day.project(project)).unwrap();
        }
        let text = format!("{CONFIG}[agents]\nclaude = \"{}\"\n", day.program().display());
        std::fs::write(desktop.data().join("config.toml"), text).unwrap();
        day.cast();

        // Minutes since each ended.
        let mut ages = Vec::new();
        let mut old = |day: &mut Self, key, minutes, name: &str, command: &str, status: &str| {
            day.shell(key, name, command, &[]);
            day.until(key, status);
            ages.push((day.id(key), minutes));
        };
        old(
            &mut day,
            "upgrade",
            3 * DAY,
            "Upgrade the payment client to v5",
            "exit 0",
            "completed",
        );
        old(
            &mut day,
            "arabic",
            26 * HOUR,
            "اكتب دليل الترحيل إلى الإصدار الخامس",
            "exit 0",
            "completed",
        );
        let refuses = "echo 'tracker: 503 Service Unavailable' >&2; exit 1";
        old(&mut day, "exited", 25 * HOUR, "Nightly: triage new issues", refuses, "failed");
        old(
            &mut day,
            "long",
            3 * HOUR,
            LONG_NAME,
            "echo '214 files changed'; seq 400",
            "completed",
        );
        old(&mut day, "unbroken", 2 * HOUR, UNBROKEN_NAME, UNBROKEN_OUTPUT, "completed");
        old(
            &mut day,
            "emoji",
            95,
            "🚀 Ship it 🎉 release-notes für Größe & <b>Maß</b>",
            "echo 🎉",
            "completed",
        );
        desktop.worker(["seen", "--all"]);
        let mut ended =
            |day: &mut Self, key, minutes, name: &str, status: &str, options: &[&str]| {
                let prompt = day.parts.iter().find(|part| part.prompt.starts_with(name)).unwrap();
                let prompt = prompt.prompt.clone();
                day.claude(key, name, &prompt, options);
                day.until(key, status);
                if minutes > 0 {
                    ages.push((day.id(key), minutes));
                }
            };
        let opus = ["--model", "opus"];
        ended(&mut day, "denied", 31, "Add retry with backoff to the uploader", "completed", &opus);
        ended(&mut day, "failed", 14, "Generate API client from the spec", "failed", &opus);
        ended(&mut day, "login", 12, "Check the licences of all dependencies", "failed", &opus);
        ended(&mut day, "done", 2, "Find why the build got slow", "completed", &opus);
        ended(
            &mut day,
            "limited",
            0,
            "Port the CLI tests to snapshots",
            "waiting",
            &["--model", "sonnet"],
        );
        day.shell("timeout", "Fuzz the parser", "echo fuzzing; sleep 60", &["--timeout", "1s"]);
        day.until("timeout", "failed");
        day.shell("cancelled", "Rebuild the search index", "echo 1 of 900; sleep 60", &[]);
        day.until("cancelled", "running");
        desktop.worker(["cancel", &day.id("cancelled")]);
        day.until("cancelled", "cancelled");
        day.shell("lost", "Compress the pictures", "echo a.png; sleep 60", &[]);
        day.until("lost", "running");
        day.lose();
        day.until("lost", "failed");
        desktop.worker(["server", "stop"]);
        until("the engine has stopped", || desktop.engine().is_none());
        let database = Connection::open(desktop.data().join("tasks.db")).unwrap();
        for (id, minutes) in ages {
            age(&database, &id, minutes);
        }
        drop(database);
        day
    }

    /// What runs and what waits, once the window is open.
    pub(crate) fn present(&mut self) {
        self.claude("running", SPLIT, SPLIT_PROMPT, &["--model", "opus"]);
        self.until("running", "running");
        self.claude("second", DOCUMENT, DOCUMENT, &["--model", "opus"]);
        self.until("second", "running");
        self.claude(
            "queued",
            "Review these changes",
            "Review these changes",
            &["--model", "sonnet"],
        );
        let docs = self.project("docs").display().to_string();
        self.claude("guide", "Write the migration guide", "Write the guide", &["--dir", &docs]);
        let tracker = self.project("tracker").display().to_string();
        self.claude(
            "triage",
            "Triage new issues",
            "Triage",
            &["--dir", &tracker, "--model", "haiku"],
        );
    }

    /// Ends what runs, and lets nothing else start. Without the window, no engine would do that.
    pub(crate) fn end(&self) {
        self.desktop.worker(["pause"]);
        for key in ["running", "second"] {
            self.desktop.worker(["cancel", &self.ids[key]]);
            self.until(key, "cancelled");
        }
    }

    /// An address in which `{key}` stands for the number of that task.
    pub(crate) fn address(&self, template: &str) -> String {
        let mut address = template.to_owned();
        for (key, id) in &self.ids {
            address = address.replace(&format!("{{{key}}}"), id);
        }
        address
    }

    fn id(&self, key: &str) -> String {
        self.ids[key].clone()
    }

    fn until(&self, key: &str, status: &str) {
        self.desktop.until_status(&self.ids[key], status);
    }

    fn project(&self, name: &str) -> PathBuf {
        self.desktop.place("home/code").join(name)
    }

    /// The program that plays Claude Code.
    fn program(&self) -> PathBuf {
        self.desktop.place("claude")
    }

    fn shell(&mut self, key: &'static str, name: &str, command: &str, options: &[&str]) {
        self.submit(key, name, command, &[&["--agent", "shell"], options].concat());
    }

    fn claude(&mut self, key: &'static str, name: &str, prompt: &str, options: &[&str]) {
        self.submit(key, name, prompt, options);
    }

    fn submit(&mut self, key: &'static str, name: &str, prompt: &str, options: &[&str]) {
        let webshop = self.project("webshop").display().to_string();
        let mut arguments = vec!["run", prompt, "--name", name];
        arguments.extend(options);
        if !options.contains(&"--dir") {
            arguments.extend(["--dir", &webshop]);
        }
        let task = self.desktop.json(arguments);
        self.ids.insert(key, task["id"].to_string());
    }

    /// Kills the supervisors of tasks, so that their tasks are lost.
    fn lose(&self) {
        let supervisors = || {
            let all = self.desktop.processes().into_iter();
            all.filter(|pid| command_line(*pid).starts_with("claude-worker: task"))
                .collect::<Vec<_>>()
        };
        until("there is a supervisor", || !supervisors().is_empty());
        supervisors().into_iter().for_each(kill);
    }

    /// Writes the program that plays Claude Code.
    fn cast(&mut self) {
        let webshop = self.project("webshop").display().to_string();
        let now = SystemTime::now();
        let began = |minutes: u32| now - MINUTE * minutes;
        let opus = |minutes| Transcript::new(&webshop, "opus", began(minutes));
        let path = |name: &str| format!("{webshop}/{name}");
        self.parts = vec![
            part("Add retry with backoff to the uploader", &uploader(opus(31), &path), "exit 0"),
            part("Generate API client from the spec", &api_client(opus(14), &path), "exit 1"),
            part("Check the licences of all dependencies", &signed_out(opus(12)), "exit 1"),
            part("Find why the build got slow", &slow_build(opus(9)), "exit 0"),
            part("Port the CLI tests to snapshots", &snapshots(opus(0), &path, now), "exit 1"),
            part(SPLIT, &split(opus(1), &path), "exec sleep 600"),
            part(DOCUMENT, &document(opus(1), &path), "exec sleep 600"),
        ];
        let mut script = String::from(
            "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '2.1.330 (Claude Code)'; exit; fi\n\
             case \"$(cat)\" in\n",
        );
        for (index, part) in self.parts.iter().enumerate() {
            let file = self.desktop.place(&format!("{index}.jsonl"));
            std::fs::write(&file, &part.prints).unwrap();
            let (prompt, then) = (&part.prompt, part.then);
            writeln!(script, "'{prompt}'*) cat '{}'; {then};;", file.display()).unwrap();
        }
        script += "esac\nsleep 600\n";
        std::fs::write(self.program(), script).unwrap();
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.program(), executable).unwrap();
    }
}

fn part(prompt: &str, transcript: &Transcript, then: &'static str) -> Part {
    Part { prompt: prompt.to_owned(), prints: transcript.to_string(), then }
}

/// Makes a task that has ended older. No engine may run.
fn age(database: &Connection, id: &str, minutes: u32) {
    let back = u64::from(minutes) * 60_000;
    let earlier = |column: &str| {
        format!(
            "{column} = json_set({column}, '$.ended_at', strftime('%Y-%m-%dT%H:%M:%fZ', \
             julianday({column} ->> '$.ended_at') - {back} / 86400000.0))"
        )
    };
    let (state, outcome) = (earlier("state"), earlier("outcome"));
    let changes = format!(
        "UPDATE task SET created_at = created_at - {back}, started_at = started_at - {back}, \
         ended_at = ended_at - {back}, {state} WHERE id = {id}; \
         UPDATE run SET started_at = started_at - {back}, ended_at = ended_at - {back}, {outcome} \
         WHERE task_id = {id};"
    );
    database.execute_batch(&changes).unwrap();
}

const LONG_NAME: &str = "Rename every occurrence of customer_account_identifier to account_id across \
                         the whole workspace, in code, documents, migrations and tests";
const UNBROKEN_NAME: &str =
    "rename_every_occurrence_of_customer_account_identifier_in_the_whole_workspace_and_its_tests";
const UNBROKEN_OUTPUT: &str = "head -c 700 /dev/zero | tr '\\0' x; echo; printf 'a\\tb\\tc\\n'";
const SPLIT: &str = "Split the auth middleware into its own crate";
const SPLIT_PROMPT: &str = "Split the auth middleware into its own crate, `crates/auth`.\n\nKeep the \
                            old path working for one release, and say which crates depend on it.";
const DOCUMENT: &str = "Document every public function in parser/";

const AUTH_TESTS: &str = "   Compiling auth v0.1.0 (crates/auth)
    Starting 42 tests across 2 binaries
        \u{1b}[32mPASS\u{1b}[0m [   0.004s] auth policy::denies_unknown_role
        \u{1b}[32mPASS\u{1b}[0m [   0.011s] auth session::expires_after_ttl
     Summary [   0.312s] 42 tests run: 42 passed, 0 skipped
";

/// At work, with something of everything in its log.
fn split(agent: Transcript, path: &dyn Fn(&str) -> String) -> Transcript {
    agent
        .thinks("Where is the middleware used? Search first, then decide what moves.")
        .says("I'll look at how the middleware is used before moving anything.")
        .calls(
            "Grep",
            &json!({ "pattern": "middleware::auth", "path": path("server/src") }),
            "server/src/routes.rs\nserver/src/main.rs\nserver/src/admin.rs",
            150,
        )
        .calls(
            "Read",
            &json!({ "file_path": path("server/src/middleware/auth.rs") }),
            "1\tuse crate::session::Session;\n2\tuse crate::policy::Policy;",
            150,
        )
        .calls("TodoWrite", &todos(), "Todos have been modified", 20)
        .retries(1, 2300, 529, "overloaded")
        .says(
            "The middleware only touches `Session` and `Policy`, so those two types can move with \
             it. I'll create `crates/auth`, re-export them from the old path for one release, and \
             let the tests tell me what else depends on it.",
        )
        .calls(
            "Write",
            &json!({
                "file_path": path("crates/auth/Cargo.toml"),
                "content": "[package]\nname = \"auth\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                            [dependencies]\ntime = \"0.3\"\n",
            }),
            "File created",
            150,
        )
        .calls(
            "Edit",
            &json!({
                "file_path": path("server/src/routes.rs"),
                "old_string": "use crate::middleware::auth::{Policy, Session};\nuse axum::Router;\n",
                "new_string": "use auth::{Policy, Session};\nuse axum::Router;\n",
            }),
            "The file has been updated",
            150,
        )
        .calls(
            "Bash",
            &json!({
                "command": "cargo nextest run -p auth",
                "description": "Run the tests of the new crate",
            }),
            AUTH_TESTS,
            38_000,
        )
        .says("All 42 tests pass. Next: the crates that depend on it.")
        .waits_for("Bash", &json!({ "command": "cargo nextest run --workspace" }))
}

fn todos() -> Value {
    json!({ "todos": [
        { "content": "Find what depends on it", "status": "completed", "activeForm": "Finding" },
        { "content": "Create crates/auth", "status": "in_progress", "activeForm": "Creating" },
        { "content": "Re-export the old path", "status": "pending", "activeForm": "Re-exporting" },
    ] })
}

fn document(agent: Transcript, path: &dyn Fn(&str) -> String) -> Transcript {
    agent.says("I'll go through the modules one by one.").waits_for(
        "Edit",
        &json!({
            "file_path": path("parser/src/lexer.rs"),
            "old_string": "pub fn next",
            "new_string": "/// The next token.\npub fn next",
        }),
    )
}

/// Done, but two of its tool calls were denied.
fn uploader(agent: Transcript, path: &dyn Fn(&str) -> String) -> Transcript {
    let denied = "This command requires approval";
    let answer = "The change is made, but I was not allowed to commit or push it.";
    agent
        .says(
            "The uploader gives up after the first failure. I'll add a retry with growing pauses.",
        )
        .calls(
            "Edit",
            &json!({
                "file_path": path("uploader/src/lib.rs"),
                "old_string": "    self.send(part).await?;\n",
                "new_string": "    let mut pause = FIRST_PAUSE;\n    while let Err(error) = \
                    self.send(part).await {\n        if !error.is_transient() || pause > \
                    LONGEST_PAUSE {\n            return Err(error);\n        }\n        \
                    sleep(pause).await;\n        pause *= 2;\n    }\n",
            }),
            "The file has been updated",
            150,
        )
        .fails(
            "Bash",
            &json!({ "command": "git commit -am 'Uploader: retry with backoff'" }),
            denied,
            Outcome::Denied,
        )
        .fails(
            "Bash",
            &json!({ "command": "git push origin uploader-retry" }),
            denied,
            Outcome::Denied,
        )
        .says(answer)
        .ends(answer, 0.42, 6, None)
}

/// Failed because the credit balance is too low.
fn api_client(agent: Transcript, path: &dyn Fn(&str) -> String) -> Transcript {
    agent
        .says("I'll read the spec first.")
        .calls("Read", &json!({ "file_path": path("api/openapi.yaml") }), "1\topenapi: 3.1.0", 150)
        .fails(
            "mcp__tracker__create_issue",
            &json!({ "title": "The spec lacks an id for refunds" }),
            "tracker: 503 Service Unavailable",
            Outcome::Failed,
        )
        .ends(
            "API Error: 400 Your credit balance is too low to access the Anthropic API. Please go \
             to Plans & Billing to upgrade or purchase credits.",
            0.02,
            2,
            Some(400),
        )
}

/// Failed because Claude Code is not signed in.
fn signed_out(agent: Transcript) -> Transcript {
    agent.ends("Invalid API key · Please run /login", 0.0, 1, Some(401))
}

const SLOW_BUILD: &str = "A build script reruns on every change; fixed in `build.rs`.

## What I found

1. `build.rs` printed no `rerun-if-changed`, so **every** build ran it again.
2. It asked `git` for the commit, which touches `.git/index`.

| build | before | after |
|---|---:|---:|
| nothing changed | 41 s | 0.3 s |
| one file changed | 48 s | 6.1 s |

```rust
println!(\"cargo::rerun-if-changed=build.rs\");
println!(\"cargo::rerun-if-changed=migrations\");
let profile = std::env::var(\"PROFILE\").expect(\"Cargo sets PROFILE for every build script that it runs\");
```

See [the chapter on build scripts](https://doc.rust-lang.org/cargo/reference/build-scripts.html).";

/// Done, with an answer worth reading.
fn slow_build(agent: Transcript) -> Transcript {
    agent
        .says("I'll measure first.")
        .calls(
            "Bash",
            &json!({ "command": "cargo build --timings" }),
            "Finished `dev` profile in 41.02s",
            41_000,
        )
        .says(SLOW_BUILD)
        .ends(SLOW_BUILD, 1.31, 17, None)
}

/// Waits for a usage limit to end.
fn snapshots(agent: Transcript, path: &dyn Fn(&str) -> String, now: SystemTime) -> Transcript {
    let resets = now + MINUTE * 95;
    let seconds = resets.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    agent
        .says("I'll begin with the tests of `list`.")
        .calls(
            "Edit",
            &json!({
                "file_path": path("tests/cli/list.rs"),
                "old_string": "assert_eq!(out, EXPECTED);",
                "new_string": "assert_snapshot!(out);",
            }),
            "The file has been updated",
            150,
        )
        .limit_reached(resets)
        .ends(&format!("Claude AI usage limit reached|{seconds}"), 0.31, 4, Some(429))
}
