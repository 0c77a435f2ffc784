//! Words that people know from other programs.

use crate::support::Home;

#[test]
fn commands_have_the_names_that_people_type() {
    let home = Home::new();
    for word in ["add", "submit"] {
        home.run([word, "--agent", "shell", "until [ -e end ]; do sleep 0.02; done"]).ok();
    }
    for word in ["ls", "ps", "list"] {
        assert_eq!(home.run([word]).ok().stdout.lines().count(), 3, "{word}");
    }
    home.run(["stop", "1"]).ok();
    home.run(["kill", "2"]).ok();
    home.run(["rerun", "1"]).ok();
    std::fs::write(home.work().join("end"), "").unwrap();
    home.run(["follow", "1"]).ok();
    home.run(["tail", "-f", "1"]).ok();
    home.run(["delete", "1"]).ok();
    home.run(["rm", "2"]).ok();
    assert_eq!(home.run(["version"]).ok().stdout, home.run(["-v"]).ok().stdout);
    assert!(home.run(["help", "exit-codes"]).ok().stdout.contains("143"));
    assert!(home.run(["help", "follow"]).ok().stdout.contains("logs"));
    home.run(["mcp", "list"]).ok();
}

#[test]
fn a_prompt_may_begin_with_a_dash() {
    let home = Home::new();
    home.run(["pause"]).ok();
    for (id, prompt) in [("1", "- fix the list"), ("2", "--verbose flag is broken, fix it")] {
        home.run(["run", prompt, "--agent", "shell", "--name", "- a name"]).ok();
        let task = home.json(["status", id]);
        assert_eq!(task["request"]["execution_prompt"], prompt);
        assert_eq!(task["name"], "- a name");
    }
    let refused = home.run(["run", "fix", "the", "tests", "--model", "opus"]);
    refused.refused(2, &["claude-worker run \"fix the tests\" --model opus"]);
    let json = home.run(["orchestrate", "--json"]);
    json.refused(2, &["tip: orchestrations"]);
    let error: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(error["error"]["hint"].as_str().unwrap().contains("tasks/batch"), "{error}");
}

#[test]
fn the_engine_is_restarted_and_its_tasks_keep_running() {
    let home = Home::new();
    assert!(home.run(["server", "logs"]).refused(3, &["no engine has run here"]).stdout.is_empty());
    home.run(["server", "start", "--port", "0"]).ok();
    let before = home.json(["server", "status"]);
    let id = home.shell("until [ -e end ]; do sleep 0.02; done");
    home.until_status(id, "running");
    let ran = home.run(["server", "restart"]);
    assert!(ran.ok().stdout.starts_with("The engine runs anew as process"), "{ran:?}");
    let after = home.json(["server", "status"]);
    assert_ne!(before["pid"], after["pid"]);
    assert_eq!(before["http"], after["http"], "HTTP is served at the same address");
    assert_eq!(home.json(["status", &id.to_string()])["status"], "running");
    std::fs::write(home.work().join("end"), "").unwrap();
    assert_eq!(home.finished(id)["status"], "completed");
    let log = home.run(["server", "logs", "-n", "1000"]);
    assert!(log.ok().stdout.lines().count() > 3, "{log:?}");
    assert_eq!(home.run(["server", "logs", "--tail", "1"]).ok().stdout.lines().count(), 1);
    let line = home.json(["server", "logs", "-n1"])["line"].clone();
    assert!(line.as_str().is_some_and(|line| !line.is_empty()), "{line}");
    // With settings that no engine starts with, the one that runs stays.
    let config = home.data().join("config.toml");
    let running = home.json(["server", "status"])["pid"].clone();
    std::fs::write(&config, "workers = 0\n").unwrap();
    home.run(["server", "restart"]).refused(2, &["workers", "config.toml"]);
    assert_eq!(home.json(["server", "status"])["pid"], running);
    // Where none runs, it is `server start`, which needs no port here.
    std::fs::write(&config, "[http]\nlisten = \"off\"\n").unwrap();
    home.run(["server", "stop"]).ok();
    let ran = home.run(["server", "restart"]);
    let started = "No engine was running\nThe engine runs as process";
    assert!(ran.ok().stdout.starts_with(started), "{ran:?}");
    home.run(["server", "health"]).ok();
}
