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
use serde_json::json;

use super::agents::{api_client, document, signed_out, slow_build, snapshots, split, uploader};
use super::transcript::Transcript;
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
        day.make_repository();
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

    /// Ends what runs and stops the engine, whose window stays.
    pub(crate) fn stop_engine(&self) {
        self.end();
        self.desktop.worker(["server", "stop"]);
    }

    /// Ends what runs, and lets nothing else start. Without the window, no engine would do that.
    pub(crate) fn end(&self) {
        if self.desktop.engine().is_none() {
            return;
        }
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

    /// Makes a repository of the webshop, and gives the tracker settings that are not trusted.
    fn make_repository(&self) {
        let webshop = self.project("webshop");
        for (name, text) in FILES {
            let file = webshop.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "Begin"]] {
            let mut git = self.desktop.command("git");
            git.args(["-c", "user.name=Shop", "-c", "user.email=shop@example.org"]);
            let output = git.args(arguments).current_dir(&webshop).output().unwrap();
            assert!(output.status.success(), "git {arguments:?}: {output:?}");
        }
        let settings = self.project("tracker").join(".claude");
        std::fs::create_dir_all(&settings).unwrap();
        let hook = json!({ "type": "command", "command": "./triage/prepare.sh" });
        let hooks = json!({ "hooks": { "SessionStart": [{ "hooks": [hook] }] } });
        std::fs::write(settings.join("settings.json"), hooks.to_string()).unwrap();
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
            part("Find why the build got slow", &slow_build(opus(9)), CHANGE_FILES),
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

/// Makes a task that has ended older, and its run as long as its transcript says. No engine may run.
fn age(database: &Connection, id: &str, minutes: u32) {
    let back = u64::from(minutes) * 60_000;
    let start = back + RAN;
    let earlier = |column: &str| {
        format!(
            "{column} = json_set({column}, '$.ended_at', strftime('%Y-%m-%dT%H:%M:%fZ', \
             julianday({column} ->> '$.ended_at') - {back} / 86400000.0))"
        )
    };
    let (state, outcome) = (earlier("state"), earlier("outcome"));
    let changes = format!(
        "UPDATE task SET created_at = created_at - {start}, started_at = started_at - {start}, \
         ended_at = ended_at - {back}, {state} WHERE id = {id}; \
         UPDATE run SET queued_at = queued_at - {start}, started_at = started_at - {start}, \
         ended_at = ended_at - {back}, {outcome} \
         WHERE task_id = {id};"
    );
    database.execute_batch(&changes).unwrap();
}

/// How long the runs of such tasks took, in milliseconds.
const RAN: u64 = 7 * 60_000;

const LONG_NAME: &str = "Rename every occurrence of customer_account_identifier to account_id across \
                         the whole workspace, in code, documents, migrations and tests";
const UNBROKEN_NAME: &str =
    "rename_every_occurrence_of_customer_account_identifier_in_the_whole_workspace_and_its_tests";
const UNBROKEN_OUTPUT: &str = "head -c 700 /dev/zero | tr '\\0' x; echo; printf 'a\\tb\\tc\\n'";
const SPLIT: &str = "Split the auth middleware into its own crate";
const SPLIT_PROMPT: &str = "Split the auth middleware into its own crate, `crates/auth`.\n\nKeep the \
                            old path working for one release, and say which crates depend on it.";
const DOCUMENT: &str = "Document every public function in parser/";

/// The files of the webshop.
const FILES: &[(&str, &str)] = &[
    (
        "build.rs",
        "fn main() {\n    let commit = commit();\n    println!(\"cargo::rustc-env=COMMIT={commit}\");\n}\n\n\
         fn commit() -> String {\n    run(\"git\", &[\"rev-parse\", \"HEAD\"])\n}\n",
    ),
    ("docs/building.md", "# Building\n\nRun `cargo build`.\n"),
    ("src/checkout/deprecated_address_form.rs", "pub fn form() -> Form {\n    Form::new()\n}\n"),
];

/// What the task about the slow build changes: files of each kind.
const CHANGE_FILES: &str = "
    sed -i 's/fn main() {/fn main() {\\n    println!(\"cargo::rerun-if-changed=build.rs\");/' build.rs
    printf '\nIt takes 0.3 s when nothing has changed.\n' >> docs/building.md
    rm -r src/checkout
    mkdir -p crates/build_information/src/generated_by_the_build_script
    seq -f 'pub const STEP_%g: &str = \"a long line of generated text that goes on and on beside the others\";' \
        120 > crates/build_information/src/generated_by_the_build_script/constants_of_all_the_steps.rs
    exit 0";
