//! The real Claude Code CLI against the scripted API: every directive does what it says.

#![expect(clippy::unwrap_used, reason = "what the tests share may fail them, too")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use scripted_api::{Kind, ScriptedApi, claude};
use serde_json::Value;
use tempfile::TempDir;

/// Far more than any of these runs needs, also on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// A server, and a home and a project for the CLI.
struct World {
    api: ScriptedApi,
    root: TempDir,
}

/// How a run ended.
struct Outcome {
    code: Option<i32>,
    events: Vec<Value>,
}

impl Outcome {
    #[track_caller]
    fn result(&self) -> &Value {
        let result = self.events.iter().rev().find(|event| event["type"] == "result");
        result.unwrap_or_else(|| panic!("no result event in {:#?}", self.events))
    }

    fn has(&self, kind: &str, subtype: &str) -> bool {
        self.events.iter().any(|event| event["type"] == kind && event["subtype"] == subtype)
    }
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["home", "tmp", "project"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        Self { api: ScriptedApi::start().unwrap(), root }
    }

    fn command(&self, prompt: &str, more: &[&str]) -> Command {
        let (home, tmp) = (self.root.path().join("home"), self.root.path().join("tmp"));
        let mut command = Command::new(claude::Installation::find().unwrap().program);
        command
            .args(["-p", "--output-format", "stream-json", "--verbose"])
            .args(["--permission-mode", "acceptEdits", "--allowedTools=Bash"])
            .args(more)
            .arg(prompt)
            .env_clear()
            .envs(claude::environment(&home, &tmp, &self.api.url()))
            .current_dir(self.root.path().join("project"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }

    fn run(&self, prompt: &str, more: &[&str]) -> Outcome {
        Running::start(self.command(prompt, more)).finish()
    }

    /// Runs a prompt that meets an API error, which the CLI must not try to outlast.
    fn run_without_retries(&self, prompt: &str) -> Outcome {
        let mut command = self.command(prompt, &[]);
        command.env("CLAUDE_CODE_MAX_RETRIES", "0");
        Running::start(command).finish()
    }
}

/// A CLI at work, killed when dropped.
struct Running {
    child: Child,
    events: mpsc::Receiver<Value>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (sender, events) = mpsc::channel();
        let stdout: ChildStdout = child.stdout.take().unwrap();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let event = serde_json::from_str(&line.unwrap()).unwrap();
                if sender.send(event).is_err() {
                    break;
                }
            }
        });
        Self { child, events }
    }

    /// Reads until the CLI closes its output, then waits for it.
    fn finish(mut self) -> Outcome {
        let mut events = Vec::new();
        loop {
            match self.events.recv_timeout(DEADLINE) {
                Ok(event) => events.push(event),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("silent after {events:#?}"),
            }
        }
        let status: ExitStatus = self.child.wait().unwrap();
        Outcome { code: status.code(), events }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn says_what_it_is_told() {
    let world = World::new();
    let outcome = world.run("[[say Hello there]]", &[]);
    assert_eq!(outcome.code, Some(0));
    assert_eq!(outcome.result()["result"], "Hello there");
    assert_eq!(outcome.result()["is_error"], false);
    assert!(outcome.result()["total_cost_usd"].as_f64().unwrap() > 0.0);
    assert_eq!(world.api.turns("Hello there"), 1);
    let odd: Vec<_> =
        world.api.requests().into_iter().filter(|r| r.kind == Kind::Unknown).collect();
    assert!(odd.is_empty(), "{odd:#?}");
}

#[test]
fn a_prompt_without_directives_is_answered() {
    let outcome = World::new().run("Who are you?", &[]);
    assert!(outcome.result()["result"].as_str().unwrap().starts_with("Hello"));
}

#[test]
fn tools_really_run_in_their_order() {
    let world = World::new();
    let outcome = world.run(
        "[[say I shall look.]] [[write notes.txt one two]] [[read notes.txt]] \
         [[edit notes.txt two => three]] [[bash cat notes.txt > copy.txt]] [[say All done]]",
        &[],
    );
    assert_eq!(outcome.result()["result"], "All done", "{:#?}", outcome.events);
    assert_eq!(outcome.result()["num_turns"], 5);
    for name in ["notes.txt", "copy.txt"] {
        let content = fs::read_to_string(world.root.path().join("project").join(name)).unwrap();
        assert_eq!(content.trim_end(), "one three", "{name}");
    }
}

#[test]
fn a_tool_that_is_not_allowed_is_denied() {
    let outcome = World::new().run(
        "[[tool WebFetch {\"url\": \"http://127.0.0.1/\", \"prompt\": \"x\"}]] [[say Over]]",
        &[],
    );
    let denials = outcome.result()["permission_denials"].as_array().unwrap();
    assert_eq!(denials[0]["tool_name"], "WebFetch");
    assert_eq!(outcome.code, Some(0));
}

#[test]
fn errors_reach_the_cli_with_their_status() {
    let world = World::new();
    for (prompt, status, text) in [
        ("[[status 401]]", 401, "api key"),
        ("[[status 403]]", 403, ""),
        ("[[status 429 retry-after=3600]]", 429, "rate limit"),
        ("[[status 500]]", 500, ""),
        ("[[status 529]]", 529, ""),
        ("[[error credit]]", 400, "Credit balance is too low"),
        ("[[error model]]", 404, "model"),
    ] {
        let outcome = world.run_without_retries(prompt);
        let result = outcome.result();
        assert_eq!(outcome.code, Some(1), "{prompt}");
        assert_eq!(result["is_error"], true, "{prompt}");
        assert_eq!(result["api_error_status"], status, "{prompt}: {result:#}");
        let said = result["result"].as_str().unwrap().to_lowercase();
        assert!(said.contains(&text.to_lowercase()), "{prompt}: {said}");
    }
}

#[test]
fn an_error_passes_after_its_times() {
    let world = World::new();
    let outcome = world.run("[[status 529 times=1 retry-after=0]] [[say Back again]]", &[]);
    assert!(outcome.has("system", "api_retry"), "{:#?}", outcome.events);
    assert_eq!(outcome.result()["result"], "Back again");
    assert_eq!(world.api.turns("Back again"), 2);
}

#[test]
fn an_error_in_mid_stream_and_a_cut_connection_are_api_errors() {
    let world = World::new();
    for prompt in ["[[say Well,]] [[error stream]]", "[[say Well,]] [[cut]]"] {
        let outcome = world.run_without_retries(prompt);
        assert_eq!(outcome.result()["is_error"], true, "{prompt}: {:#?}", outcome.events);
    }
}

#[test]
fn the_cli_goes_on_after_one_cut() {
    let outcome = World::new().run("[[say Well,]] [[cut times=1]] [[say Recovered]]", &[]);
    assert_eq!(outcome.result()["is_error"], false, "{:#?}", outcome.events);
    assert!(outcome.result()["result"].as_str().unwrap().ends_with("Recovered"));
}

#[test]
fn endless_tool_use_ends_at_the_limits() {
    let world = World::new();
    let turns = world.run("[[loop bash echo hi]]", &["--max-turns=3"]);
    assert_eq!(turns.result()["subtype"], "error_max_turns");
    let budget = world.run("[[loop bash echo hi]]", &["--max-budget-usd=0.01"]);
    assert_eq!(budget.result()["subtype"], "error_max_budget_usd");
}

#[test]
fn slow_and_late_answers_arrive() {
    let outcome = World::new().run("[[pause 50]] [[slow 10 ms]]", &[]);
    let said = outcome.result()["result"].as_str().unwrap();
    assert!(said.starts_with("tick 1 tick 2") && said.ends_with("tick 10"), "{said}");
}

#[test]
fn a_big_answer_arrives_whole() {
    let outcome = World::new().run("[[big 1000000 bytes]]", &[]);
    // The CLI trims the last line break.
    let length = outcome.result()["result"].as_str().unwrap().len();
    assert!((999_990..=1_000_000).contains(&length), "{length}");
}

#[test]
fn stalled_and_hanging_requests_hold_the_cli_until_it_is_killed() {
    for prompt in ["[[say Well]] [[stall]]", "[[hang]]"] {
        let world = World::new();
        let mut running = Running::start(world.command(prompt, &[]));
        assert_eq!(world.api.wait_for_turns(prompt, 1, DEADLINE), 1, "{prompt}");
        let init = running.events.recv_timeout(DEADLINE).unwrap();
        assert_eq!(init["subtype"], "init");
        assert_eq!(running.child.try_wait().unwrap(), None, "{prompt} ended by itself");
        running.child.kill().unwrap();
        let outcome = running.finish();
        assert_eq!(outcome.code, None);
        assert!(!outcome.has("result", "success"), "{prompt}");
    }
}

#[test]
fn a_resumed_session_follows_its_new_prompt() {
    let world = World::new();
    let first = world.run("[[bash echo one]] [[say First]]", &[]);
    let session = first.result()["session_id"].as_str().unwrap().to_owned();
    let resume = ["--resume", session.as_str()];
    let second = world.run("[[bash echo two > two.txt]] [[say Second]]", &resume);
    assert_eq!(second.result()["result"], "Second", "{:#?}", second.events);
    assert!(world.root.path().join("project/two.txt").exists());
    assert_eq!(world.api.turns("[[say Second]]"), 2);
}

#[test]
fn a_dropped_server_leaves_nothing_hanging() {
    let api = ScriptedApi::start().unwrap();
    let address = api.url().trim_start_matches("http://").to_owned();
    let mut hanging = std::net::TcpStream::connect(&address).unwrap();
    hanging.set_read_timeout(Some(DEADLINE)).unwrap();
    let body = r#"{"stream":true,"tools":[{}],"messages":[{"role":"user","content":"[[hang]]"}]}"#;
    let head = format!("POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: {}", body.len());
    std::io::Write::write_all(&mut hanging, format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
    assert_eq!(api.wait_for_turns("[[hang]]", 1, DEADLINE), 1);
    drop(api);
    let mut answer = Vec::new();
    // Closed or reset, but over.
    let _ = hanging.read_to_end(&mut answer);
    assert!(answer.is_empty());
    assert!(std::net::TcpStream::connect(&address).is_err(), "the port is still open");
}
