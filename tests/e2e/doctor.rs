//! `doctor` looks at the engine that runs the tasks, and says what is different in this shell.

use serde_json::Value;

use crate::support::{Home, Ran};

/// What `doctor` finds in a shell with these variables, as text and by the name of the check.
fn doctor(home: &Home, variables: &[(&str, &str)]) -> Value {
    let mut command = home.command();
    command.args(["doctor", "--json"]).envs(variables.iter().copied());
    let ran = Ran::of(&command.output().unwrap());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[track_caller]
fn check<'a>(found: &'a Value, name: &str) -> &'a Value {
    let checks = found["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{found}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

const KEY: (&str, &str) = ("ANTHROPIC_API_KEY", "sk-ant-test-0");

#[test]
fn a_key_that_only_this_shell_has_is_said_to_travel() {
    let home = Home::new();
    let without = doctor(&home, &[]);
    assert_eq!(check(&without, "Sign-in")["level"], "bad");
    assert!(text(&check(&without, "Sign-in")["advice"]).contains("export ANTHROPIC_API_KEY"));
    // Without an engine, the next command starts one with this key.
    assert_eq!(check(&doctor(&home, &[KEY]), "Sign-in")["level"], "ok");
    home.run(["server", "start", "--no-http"]).ok();
    let sign_in = doctor(&home, &[KEY]);
    let sign_in = check(&sign_in, "Sign-in");
    assert_eq!(sign_in["level"], "warn", "{sign_in}");
    let found = text(&sign_in["found"]);
    assert!(found.contains("ANTHROPIC_API_KEY is set in this shell, which tasks"), "{found}");
    assert!(text(&sign_in["advice"]).contains("claude-worker server restart"), "{sign_in}");
    // The advice works: the next engine has the key.
    let mut command = home.command();
    command.env(KEY.0, KEY.1).args(["server", "restart"]);
    Ran::of(&command.output().unwrap()).ok();
    assert_eq!(check(&doctor(&home, &[KEY]), "Sign-in")["level"], "ok");
    // And now this shell is the one without.
    let variables = doctor(&home, &[]);
    assert!(
        text(&check(&variables, "Variables")["found"]).contains("with ANTHROPIC_API_KEY, which")
    );
    assert!(!variables.to_string().contains(KEY.1));
}

#[test]
fn a_submission_says_once_that_it_uses_a_key_of_the_engine() {
    let home = Home::new();
    let mut command = home.command();
    command.env(KEY.0, KEY.1).args(["server", "start", "--no-http"]);
    Ran::of(&command.output().unwrap()).ok();
    home.run(["pause"]).ok();
    let first = home.run(["run", "Say hello"]);
    assert!(
        first.ok().stderr.contains("The engine was started with ANTHROPIC_API_KEY"),
        "{first:?}"
    );
    assert!(!first.stderr.contains(KEY.1), "{first:?}");
    assert_eq!(home.run(["run", "Say hello"]).ok().stderr, "");
}

#[test]
fn another_programs_database_is_left_to_it() {
    let foreign = |bytes: &[u8]| {
        let home = Home::new();
        let file = home.place("notes.db");
        std::fs::write(&file, bytes).unwrap();
        let home = home.variable("CLAUDE_WORKER_DB", file.display().to_string());
        let found = doctor(&home, &[]);
        assert_eq!(found["ok"], false);
        let data = check(&found, "Data");
        assert_eq!(data["level"], "bad", "{data}");
        assert!(text(&data["advice"]).contains("CLAUDE_WORKER_DB"), "{data}");
        assert_eq!(check(&found, "Engine")["found"], "not running");
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "it was changed");
        text(&data["advice"]).to_owned()
    };
    let here = tempfile::tempdir().unwrap();
    let file = here.path().join("notes.db");
    let notes = rusqlite::Connection::open(&file).unwrap();
    notes.execute_batch("CREATE TABLE note (text); PRAGMA user_version = 10;").unwrap();
    drop(notes);
    let advice = foreign(&std::fs::read(&file).unwrap());
    assert!(!advice.contains("mv "), "{advice}");
    foreign(&[7; 5000]);
}

#[test]
fn a_token_that_may_not_ask_is_not_called_ready() {
    let home = Home::new();
    home.run(["server", "start", "--port", "0"]).ok();
    let url = home.json(["server", "health"])["http"].as_str().unwrap().to_owned();
    let token = home.run(["token", "create", "reader", "--scope", "read"]).ok().stdout.clone();
    let token = token.lines().next().unwrap();
    let mut command = home.command();
    command.env("CLAUDE_WORKER_SERVER_URL", url).env("CLAUDE_WORKER_TOKEN", token).arg("doctor");
    let told = Ran::of(&command.output().unwrap());
    assert!(!told.ok().stdout.contains("Ready to run tasks"), "{told:?}");
    assert!(told.stdout.contains("not everything was examined"), "{told:?}");
}

#[test]
fn an_address_without_an_engine_is_examined_with_a_way_out() {
    let home = Home::new();
    let found = doctor(&home, &[("CLAUDE_WORKER_SERVER_URL", "http://127.0.0.1:9")]);
    assert_eq!(found["ok"], false);
    let connection = check(&found, "Connection");
    assert!(text(&connection["advice"]).contains("without that variable"), "{connection}");
}
