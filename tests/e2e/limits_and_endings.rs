//! The truth at the edges of a run: limits, refusals, agents that do not exit, and what they leave in
//! the background. On the real Claude Code CLI and the scripted API.

use serde_json::{Value, json};

use crate::claude::{World, world, world_with};
use crate::support::{PATIENCE, until};

/// Settings under which limits pass quickly.
const QUICK_LIMITS: &str = "[rate_limit]\nretry_after = \"50ms\"\ntries = 3\n";

/// A background command that the CLI ends by itself after this many milliseconds.
fn background(what: &str, millis: u64) -> String {
    let input = json!({"command": "sleep 600", "description": what, "run_in_background": true,
                       "timeout": millis});
    format!("[[tool Bash {input}]]")
}

fn notes(task: &Value) -> Vec<&str> {
    let notes = task["notes"].as_array().map(Vec::as_slice).unwrap_or_default();
    notes.iter().map(|note| note["note"].as_str().unwrap()).collect()
}

/// The run directories there are.
fn run_directories(world: &World) -> usize {
    std::fs::read_dir(world.home.data().join("runs"))
        .unwrap()
        .flatten()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .count()
}

#[test]
fn a_usage_limit_with_a_reset_is_waited_for_until_then() {
    let world = world_with("").quick().with_subscription();
    let resets = std::time::SystemTime::now() + std::time::Duration::from_secs(20);
    let resets = resets.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    // Only a subscription's limits are told with their end.
    let prompt = format!(
        "[[bash echo begun]] [[status 429 times=1 retry-after=3600 \
         anthropic-ratelimit-unified-status=rejected anthropic-ratelimit-unified-reset={resets} \
         anthropic-ratelimit-unified-representative-claim=five_hour \
         anthropic-ratelimit-unified-5h-utilization=1.0 \
         anthropic-ratelimit-unified-5h-reset={resets}]] [[say Never said.]]"
    );
    let id = world.run(&prompt, &["--allowed-tools", "Bash"]);
    let task = world.home.until_status(id, "waiting");
    assert_eq!(task["reason"]["for"], "usage_limit", "{task}");
    assert_eq!((&task["reason"]["tries"], &task["reason"]["most_tries"]), (&json!(1), &json!(8)));
    let until: String = task["reason"]["until"].as_str().unwrap().to_owned();
    let shown = world.home.run(["status", "1"]).stdout;
    assert!(
        shown.contains("Usage limit reached, goes on ") && shown.contains("try 1 of 8"),
        "{shown}"
    );
    // The time of day, in the time zone of this test: UTC.
    assert!(shown.contains(&until[11..16]), "{shown}");
    // The count is on disk: an engine that comes later goes on with it.
    world.home.kill_engine();
    let task = world.home.finished(id);
    assert_eq!(task["status"], "completed", "{task}");
    let runs = task["run_history"].as_array().unwrap();
    assert_eq!(runs.len(), 2, "{task}");
    assert_eq!(runs[0]["outcome"]["failure"]["kind"], "usage_limit", "{task}");
    assert_eq!(runs[0]["outcome"]["failure"]["resets_at"], until.as_str(), "{task}");
    assert_eq!(runs[0]["session_id"], runs[1]["session_id"], "{task}");
    assert!(runs[1]["started_at"].as_str().unwrap() >= until.as_str(), "{task}");
}

#[test]
fn a_rate_limit_is_tried_again_a_few_times_and_then_told() {
    let world = world_with(QUICK_LIMITS).quick();
    let task = world.outcome("[[status 429]]", &[]);
    assert_eq!(task["status"], "failed", "{task}");
    let failure = &task["failure"];
    assert_eq!((&failure["kind"], &failure["tries"]), (&json!("rate_limit"), &json!(3)), "{task}");
    assert_eq!(task["runs"], 3, "{task}");
    assert_eq!(world.api.turns("[[status 429]]"), 3);
    let shown = world.home.run(["status", "1"]).stdout;
    assert!(shown.contains("(given up after 3 tries)"), "{shown}");
    // Of tries that achieved nothing only the newest keep their directories.
    until("old directories are gone", || run_directories(&world) <= 2);
    // A person's retry counts anew.
    world.home.run(["retry", "1"]).ok();
    assert_eq!(world.home.finished(1)["runs"], 6);
}

#[test]
fn an_overloaded_api_is_tried_again_a_few_times() {
    let world = world_with(QUICK_LIMITS).quick();
    let prompt = "[[bash echo begun]] [[status 529 times=1]] [[say Never said.]]";
    let task = world.outcome(prompt, &["--allowed-tools", "Bash"]);
    assert_eq!((&task["status"], &task["runs"]), (&json!("completed"), &json!(2)), "{task}");
    let follow_up = task["run_history"][1]["follow_up"].as_str().unwrap();
    assert!(follow_up.starts_with("The API answers again"), "{task}");
    let task = world.outcome("[[status 529]]", &[]);
    let failure = &task["failure"];
    assert_eq!((&failure["http_status"], &failure["tries"]), (&json!(529), &json!(3)), "{task}");
}

#[test]
fn an_account_that_is_out_a_refusal_and_a_full_context_are_told_at_once() {
    let world = world_with(QUICK_LIMITS).quick();
    let check = |prompt: &str, kind: &str, step: &str| {
        let task = world.outcome(prompt, &[]);
        assert_eq!(task["failure"]["kind"], kind, "{prompt}: {task}");
        assert_eq!(task["runs"], 1, "{prompt}: {task}");
        let shown = world.home.run(["status", &task["id"].to_string()]).stdout;
        assert!(shown.contains(step), "{prompt}: {shown}");
    };
    check("[[error credit]]", "account", "Add credit to the account");
    check("[[error disabled]]", "account", "See to the account");
    check("[[say I cannot.]] [[stop refusal]]", "refusal", "With another model");
    check("[[error context]]", "context_full", "a smaller task");
}

/// A home whose CLI does not exit: a hook of the user's hangs at the end of the session.
fn hanging(config: &str) -> World {
    let world = world_with(config);
    let settings = world.home.place("home").join(".claude");
    std::fs::create_dir(&settings).unwrap();
    let hook = json!({"type": "command", "command": "sleep 600", "timeout": 600});
    let hooks = json!({"hooks": {"SessionEnd": [{"hooks": [hook]}]}});
    std::fs::write(settings.join("settings.json"), hooks.to_string()).unwrap();
    world
}

#[test]
fn an_agent_that_does_not_exit_after_its_success_is_ended_and_done() {
    let world = hanging("exit = \"500ms\"\n");
    let task = world.outcome("[[say All is done.]]", &[]);
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(task["result"], "All is done.", "{task}");
    assert_eq!(notes(&task), ["did_not_exit"], "{task}");
    assert!(world.home.agents().is_empty());
    let shown = world.home.run(["status", "1"]).stdout;
    assert!(shown.contains("Done, did not exit by itself"), "{shown}");
    // What it reported is how it ended, a failure too.
    let task = world.outcome("[[error credit]]", &[]);
    assert_eq!(task["failure"]["kind"], "account", "{task}");
}

#[test]
fn that_it_does_not_exit_outlasts_the_engine_and_yields_to_a_cancel() {
    let world = hanging("exit = \"3s\"\n");
    let has_answered = |id: i64| {
        until("it has answered", || {
            world.home.run(["logs", &id.to_string()]).stdout.contains("All is done.")
        });
    };
    let id = world.run("[[say All is done.]]", &[]);
    has_answered(id);
    world.home.kill_engine();
    let task = world.home.finished(id);
    assert_eq!((&task["status"], notes(&task)), (&json!("completed"), vec!["did_not_exit"]));
    // Whoever cancels is told that it was cancelled; the answer is kept.
    let id = world.run("[[say All is done.]]", &[]);
    has_answered(id);
    world.home.run(["cancel", &id.to_string()]).ok();
    let task = world.home.finished(id);
    assert_eq!(task["status"], "cancelled", "{task}");
    assert_eq!(task["result"], "All is done.", "{task}");
}

#[test]
fn what_runs_in_the_background_is_waited_for_and_told_when_it_is_stopped() {
    // It waits for longer than an agent may take to exit.
    let world = world_with("exit = \"3s\"\n");
    let prompt = format!("{} [[say It is up.]] [[turn]] [[say Over.]]", background("Serve", 6000));
    let id = world.run(&prompt, &["--allowed-tools", "Bash"]);
    let waiting = "Waiting for background command: Serve";
    until("it says what it waits for", || {
        let task = world.home.json(["status", &id.to_string()]);
        assert_ne!(task["status"], "failed", "{task}");
        task["last_action"] == waiting
    });
    let shown = world.home.run(["list"]).stdout;
    assert!(shown.contains(waiting), "{shown}");
    let task = world.home.finished(id);
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(task["result"], "Over.", "{task}");
    assert_eq!(notes(&task), ["background_stopped"], "{task}");
    assert_eq!(task["notes"][0]["what"], "Serve", "{task}");
    let shown = world.home.run(["list"]).stdout;
    assert!(shown.contains("Done, a background command was stopped"), "{shown}");
}

#[test]
fn an_answer_that_had_come_outlasts_a_timeout() {
    let world = world();
    let prompt = format!("{} [[say It is up.]]", background("Serve", 600_000));
    let id = world.run(&prompt, &["--allowed-tools", "Bash", "--timeout", "20s"]);
    let task = world.home.finished(id);
    let failure = &task["failure"];
    assert_eq!(
        (&failure["kind"], &failure["answered"]),
        (&json!("timeout"), &json!(true)),
        "{task}"
    );
    assert_eq!(task["result"], "It is up.", "{task}");
    let shown = world.home.run(["status", "1"]).stdout;
    assert!(shown.contains("after it had answered"), "{shown}");
}

#[test]
fn an_answer_without_words_is_what_was_said_before_or_is_told() {
    let world = world();
    let task =
        world.outcome("[[say The plan.]] [[bash true]] [[say ]]", &["--allowed-tools", "Bash"]);
    assert_eq!((&task["status"], &task["result"]), (&json!("completed"), &json!("The plan.")));
    assert_eq!(notes(&task), [""; 0], "{task}");
    let task = world.outcome("[[say ]]", &[]);
    assert_eq!((&task["status"], notes(&task)), (&json!("completed"), vec!["no_answer"]), "{task}");
    assert_eq!(task["result"], Value::Null, "{task}");
    assert!(world.api.wait_for_turns("[[say ]]", 1, PATIENCE) >= 1);
}
