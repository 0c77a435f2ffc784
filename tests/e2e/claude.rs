//! The real Claude Code CLI, on the scripted API: no key, no network, the real program.

use std::time::{Duration, Instant};

use scripted_api::ScriptedApi;
use scripted_api::claude::{Installation, environment};
use serde_json::Value;

use crate::support::{Home, PATIENCE, until};

/// A home whose `claude` is the real one and whose API is scripted.
pub(crate) struct World {
    // Ends before the API does.
    pub(crate) home: Home,
    pub(crate) api: ScriptedApi,
}

pub(crate) fn world() -> World {
    world_with("")
}

/// With more settings, of `[limits]` first.
pub(crate) fn world_with(config: &str) -> World {
    let claude = Installation::find().unwrap();
    let api = ScriptedApi::start().unwrap();
    let config = format!(
        "[agents]\nclaude = \"{}\"\n[limits]\ngrace = \"2s\"\n{config}",
        claude.program.display()
    );
    let mut home = Home::with_config(&config);
    for (name, value) in environment(&home.place("home"), &home.place("tmp"), &api.url()) {
        home = home.variable(&name, value);
    }
    World { home, api }
}

impl World {
    pub(crate) fn run(&self, prompt: &str, more: &[&str]) -> i64 {
        let mut arguments = vec!["run", prompt];
        arguments.extend(more);
        self.home.json(arguments)["id"].as_i64().unwrap()
    }

    pub(crate) fn outcome(&self, prompt: &str, more: &[&str]) -> Value {
        let id = self.run(prompt, more);
        self.home.finished(id)
    }
}

#[test]
fn an_answer_with_its_cost_and_session() {
    let world = world();
    let task = world.outcome("[[say The answer is 42.]]", &["--name", "The question"]);
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(task["name"], "The question");
    assert_eq!(task["result"], "The answer is 42.");
    assert_eq!(task["final_summary"], "The answer is 42.");
    assert!(task["usage"]["cost_usd"].as_f64().unwrap() > 0.0, "{task}");
    assert!(task["usage"]["output_tokens"].as_u64().unwrap() > 0, "{task}");
    assert_eq!(task["usage"]["turns"], 1, "{task}");
    let run = &task["run_history"][0];
    assert_eq!(run["session_id"].as_str().unwrap().len(), 36, "{task}");
    assert_eq!(run["outcome"]["exit_code"], 0);
    assert_eq!(world.api.turns("The answer is 42."), 1);
    let log = world.home.run(["logs", "1"]);
    assert!(log.ok().stdout.contains("The answer is 42."), "{log:?}");
}

#[test]
fn the_default_permission_mode_lets_it_edit_files_in_its_directory() {
    let world = world();
    let file = world.home.work().join("written.txt");
    let task =
        world.outcome(&format!("[[write {} some content]] [[say Written.]]", file.display()), &[]);
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(task["denied_tools"], Value::Null, "{task}");
    assert!(std::fs::read_to_string(&file).unwrap().contains("some content"));
    let log = world.home.run(["logs", "1"]);
    assert!(log.ok().stdout.contains("Write"), "{log:?}");
    let items = world.home.run(["logs", "1", "--json"]);
    let kinds: Vec<String> = items
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["type"].as_str().unwrap().to_owned()
        })
        .collect();
    for kind in ["started", "tool_call", "tool_result", "text", "result"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind}: {kinds:?}");
    }
}

#[test]
fn a_denied_tool_is_told() {
    let world = world();
    let task = world
        .outcome("[[bash touch denied.txt]] [[say Could not.]]", &["--permission-mode", "default"]);
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(task["denied_tools"][0]["tool"], "Bash", "{task}");
    assert!(!world.home.work().join("denied.txt").exists());
    let list = world.home.run(["list"]).stdout;
    assert!(list.contains("denied"), "{list}");
}

#[test]
fn allowed_tools_are_allowed_each_of_them() {
    let world = world();
    let task = world.outcome(
        "[[bash touch one.txt]] [[bash mkdir two]] [[say Did.]]",
        &["--permission-mode", "default", "--allowed-tools", "Bash(touch:*),Bash(mkdir:*)"],
    );
    assert_eq!(task["denied_tools"], Value::Null, "{task}");
    assert!(world.home.work().join("one.txt").exists());
    assert!(world.home.work().join("two").exists());
}

#[test]
fn errors_of_the_api_are_failures_with_their_reason() {
    let world = world_with("[rate_limit]\ntries = 1\n").quick();
    let check = |prompt: &str, kind: &str, status: Option<u16>, words: &str| {
        let task = world.outcome(prompt, &[]);
        assert_eq!(task["status"], "failed", "{prompt}: {task}");
        let failure = &task["failure"];
        assert_eq!(failure["kind"], kind, "{prompt}: {task}");
        if let Some(status) = status {
            assert_eq!(failure["http_status"], status, "{prompt}: {task}");
        }
        assert!(failure.to_string().to_lowercase().contains(words), "{prompt}: {failure}");
    };
    check("[[error credit]]", "account", Some(400), "credit");
    check("[[error model]]", "api_error", Some(404), "model");
    check("[[status 401]]", "api_error", Some(401), "key");
    check("[[status 403]]", "api_error", Some(403), "");
    check("[[status 529]]", "api_error", Some(529), "overload");
    check("[[status 500]]", "api_error", Some(500), "");
}

impl World {
    /// The CLI retries for minutes otherwise.
    pub(crate) fn quick(self) -> Self {
        Self { home: self.home.variable("CLAUDE_CODE_MAX_RETRIES", "0"), api: self.api }
    }

    /// As somebody with a subscription, who has no key.
    pub(crate) fn with_subscription(self) -> Self {
        let token = "sk-ant-oat01-test-000";
        let home = self.home.variable("ANTHROPIC_API_KEY", "");
        Self { home: home.variable("CLAUDE_CODE_OAUTH_TOKEN", token), api: self.api }
    }
}

#[test]
fn a_limit_is_waited_for_and_the_task_goes_on_by_itself() {
    let world = world_with("[rate_limit]\nretry_after = \"300ms\"").quick();
    // The limit strikes in the middle of the work, so that there is a session to go on in.
    let prompt = "[[bash echo begun]] [[status 429 retry-after=3600 times=1]] [[say Never said.]]";
    let id = world.run(prompt, &["--allowed-tools", "Bash"]);
    let task = world.home.finished(id);
    assert_eq!(task["status"], "completed", "{task}");
    let runs = task["run_history"].as_array().unwrap();
    assert_eq!(runs.len(), 2, "{task}");
    assert_eq!(runs[0]["outcome"]["failure"]["kind"], "rate_limit", "{task}");
    assert_eq!(runs[0]["session_id"], runs[1]["session_id"], "{task}");
    let follow_up = runs[1]["follow_up"].as_str().unwrap();
    assert_eq!(world.api.turns(follow_up), 1);
}

#[test]
fn a_usage_limit_can_be_a_failure_instead() {
    let world = world_with("[usage_limit]\nwait = false").quick().with_subscription();
    let reached = "[[status 429 retry-after=3600 anthropic-ratelimit-unified-status=rejected]]";
    let task = world.outcome(reached, &[]);
    assert_eq!(task["failure"]["kind"], "usage_limit", "{task}");
}

#[test]
fn a_waiting_task_says_for_what_and_can_be_cancelled() {
    let world = world().quick();
    let id = world.run("[[status 429 retry-after=3600]]", &[]);
    let task = world.home.until_status(id, "waiting");
    assert_eq!(task["reason"]["for"], "rate_limit", "{task}");
    world.home.run(["cancel", &id.to_string()]).ok();
    assert_eq!(world.home.json(["status", "1"])["status"], "cancelled");
}

#[test]
fn budget_and_turns_end_a_task_by_name() {
    let world = world();
    let endless = "[[loop bash echo hi]]";
    let task = world.outcome(endless, &["--max-turns", "2", "--allowed-tools", "Bash"]);
    assert_eq!(task["failure"]["kind"], "turns", "{task}");
    let task = world.outcome(endless, &["--max-budget-usd", "0.01", "--allowed-tools", "Bash"]);
    assert_eq!(task["failure"]["kind"], "budget", "{task}");
}

#[test]
fn a_stalled_agent_is_noticed_and_ended() {
    let world = world();
    let task = world.outcome("[[stall]]", &["--silence", "2s"]);
    assert_eq!(task["failure"]["kind"], "silent", "{task}");
    assert_eq!(task["failure"]["limit_ms"], 2000, "{task}");
    assert!(world.home.agents().is_empty());
}

#[test]
fn resume_goes_on_in_the_same_session() {
    let world = world();
    let id = world.run("[[say First.]]", &[]);
    let first = world.home.finished(id);
    world.home.run(["resume", "1", "[[say Second.]]"]).ok();
    let task = world.home.finished(id);
    assert_eq!(task["result"], "Second.", "{task}");
    let runs = task["run_history"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[1]["follow_up"], "[[say Second.]]");
    assert_eq!(runs[0]["session_id"], runs[1]["session_id"]);
    // The real conversation went along, and the cost is the session's, not counted twice.
    let last = world.api.requests().pop().unwrap();
    assert!(format!("{last:?}").contains("First.") || world.api.turns("[[say Second.]]") == 1);
    let (one, two) =
        (first["usage"]["cost_usd"].as_f64().unwrap(), task["usage"]["cost_usd"].as_f64().unwrap());
    assert!(two > one && two < 3.0 * one, "{one} then {two}");
}

#[test]
fn cancel_in_the_middle_of_a_tool_leaves_nothing_and_the_session_can_be_resumed() {
    let world = world();
    let file = world.home.place("followed").display().to_string();
    std::fs::write(&file, "").unwrap();
    let id = world.run(&format!("[[bash tail -f {file}]]"), &["--allowed-tools", "Bash"]);
    let following = || {
        let arguments = format!("tail\0-f\0{file}\0");
        std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            std::fs::read(entry.path().join("cmdline"))
                .is_ok_and(|found| found == arguments.as_bytes())
        })
    };
    until("the tool runs", following);
    until("the list shows it", || {
        world.home.json(["status", "1"])["last_action"]
            .as_str()
            .is_some_and(|action| action.contains("tail"))
    });
    world.home.run(["cancel", "1"]).ok();
    assert_eq!(world.home.finished(id)["status"], "cancelled");
    assert!(!following());
    assert!(world.home.agents().is_empty());
    world.home.run(["resume", "1", "[[say Going on.]]"]).ok();
    let task = world.home.finished(id);
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(task["result"], "Going on.", "{task}");
}

#[test]
fn cancel_in_the_middle_of_a_tool_lets_no_next_step_begin_and_claude_ends_by_itself() {
    let world = world();
    for round in 0..4 {
        let mark = |name: &str| world.home.place(&format!("{name}-{round}"));
        let (up, next) = (mark("up"), mark("next"));
        let prompt = format!(
            "[[bash touch {} && sleep 1000; touch {}]] [[say Never said.]]",
            up.display(),
            next.display()
        );
        let id = world.run(&prompt, &["--allowed-tools", "Bash"]);
        until("the tool runs", || up.exists());
        let asked = Instant::now();
        world.home.run(["cancel", &id.to_string()]).ok();
        let took = asked.elapsed();
        let task = world.home.finished(id);
        assert_eq!(task["status"], "cancelled", "{task}");
        // Claude Code handles the request: it is not killed, and does not need the grace period.
        assert_eq!(task["run_history"][0]["outcome"]["exit_code"], 143, "{task}");
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert!(!next.exists());
        // What it had done so far is in its session.
        let answer = format!("[[say Round {round}.]]");
        world.home.run(["resume", &id.to_string(), &answer]).ok();
        let task = world.home.finished(id);
        assert_eq!(task["result"], format!("Round {round}."), "{task}");
        let last = format!("{:?}", world.api.requests().pop().unwrap());
        assert!(last.contains(&format!("next-{round}")), "{last}");
    }
}

#[test]
fn the_engine_dies_in_the_middle_and_the_task_is_done_once() {
    let world = world();
    let id = world.run("[[pause 1500]] [[say Survived.]]", &[]);
    assert_eq!(world.api.wait_for_turns("Survived.", 1, PATIENCE), 1);
    world.home.kill_engine();
    let task = world.home.finished(id);
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(task["result"], "Survived.", "{task}");
    assert_eq!(task["run_history"].as_array().unwrap().len(), 1);
    assert_eq!(world.api.turns("Survived."), 1);
}

#[test]
fn an_answer_of_megabytes_is_kept_whole_and_shown_bounded() {
    let world = world();
    let task = world.outcome("[[big 3000000]]", &[]);
    assert_eq!(task["status"], "completed", "{task}");
    let result = task["result"].as_str().unwrap();
    assert!(result.len() > 900_000 && result.len() < 1_200_000, "{}", result.len());
    let raw = world.home.run(["logs", "1", "--raw"]).stdout;
    assert!(raw.len() > 6_000_000, "{}", raw.len());
}

#[test]
fn without_claude_the_task_says_what_to_do() {
    let home = Home::new().variable("SHELL", "/bin/sh");
    let id = home.json(["run", "hello"])["id"].as_i64().unwrap();
    let task = home.finished(id);
    assert_eq!(task["failure"]["kind"], "spawn", "{task}");
    assert!(task["failure"]["message"].as_str().unwrap().contains("npm install"), "{task}");
}

#[test]
fn system_prompt_and_model_reach_the_api() {
    let world = world();
    let arguments = ["--system", "Speak like a pirate.", "--model", "claude-sonnet-4-5"];
    let task = world.outcome("[[say Arr.]]", &arguments);
    assert_eq!(task["status"], "completed", "{task}");
    let requests = format!("{:?}", world.api.requests());
    assert!(requests.contains("claude-sonnet-4-5"), "{requests}");
}
