//! `claude-worker mcp`: the clients on a machine get to know the server.

use std::path::Path;
use std::process::Command;

use scripted_api::claude::{Installation, environment};
use serde_json::{Value, json};

use super::client::{LEGACY, Mcp};
use crate::support::{Home, read};

const SERVER: &str = env!("CARGO_BIN_EXE_claude-worker-mcp");

fn outcome(report: &Value, client: &str) -> String {
    let reports = report["clients"].as_array().unwrap();
    let found = reports.iter().find(|report| report["client"] == client);
    found.unwrap_or_else(|| panic!("{client}: {report:#}"))["outcome"].as_str().unwrap().to_owned()
}

fn json_file(path: &Path) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

#[test]
fn every_client_that_is_here_gets_it_keeps_its_own_and_loses_it_again() {
    let home = Home::new();
    let at = |path: &str| home.place("home").join(path);
    let files = [
        (".cursor/mcp.json", r#"{"mcpServers": {"other": {"command": "x"}}}"#),
        (".config/Code/User/mcp.json", "{\n\t// mine\n\t\"servers\": {},\n\t\"inputs\": []\n}\n"),
        (".gemini/settings.json", "{\n  \"theme\": \"dark\"\n}\n"),
        (".codex/config.toml", "model = \"x\" # mine\n"),
    ];
    for (path, text) in files {
        std::fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        std::fs::write(at(path), text).unwrap();
    }
    // There, without a file yet.
    std::fs::create_dir_all(at(".codeium/windsurf")).unwrap();

    let printed = home.run(["mcp", "install", "--print"]);
    assert!(printed.ok().stdout.contains(SERVER), "{printed:?}");
    for (path, text) in files {
        assert_eq!(read(&at(path)), text, "--print changes nothing");
    }

    let clients = ["cursor", "vscode", "gemini", "codex", "windsurf"];
    let installed = home.json(["mcp", "install"]);
    assert_eq!(installed["clients"].as_array().unwrap().len(), 5, "{installed:#}");
    let again = home.json(["mcp", "install"]);
    let status = home.json(["mcp", "status"]);
    for client in clients {
        assert_eq!(outcome(&installed, client), "added");
        assert_eq!(outcome(&again, client), "already_there");
        assert_eq!(outcome(&status, client), "already_there");
    }
    assert_eq!(outcome(&status, "claude-desktop"), "not_found");
    for (path, text) in files {
        let backup = format!("{path}.before-claude-worker");
        assert_eq!(read(&at(&backup)), text, "{path}");
        assert!(read(&at(path)).contains(SERVER), "{path}");
    }
    assert_eq!(json_file(&at(".cursor/mcp.json"))["mcpServers"]["other"]["command"], "x");
    assert!(read(&at(".config/Code/User/mcp.json")).contains("\t// mine\n"));

    // What stands there works, in an environment that has nothing else.
    let entry =
        json_file(&at(".codeium/windsurf/mcp_config.json"))["mcpServers"]["claude-worker"].clone();
    let mut command = Command::new(entry["command"].as_str().unwrap());
    let variables = entry["env"].as_object().unwrap().iter();
    let variables =
        variables.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    command
        .env_clear()
        .envs(variables)
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home.place("home"));
    let mcp = Mcp::begin(command, LEGACY);
    let database = mcp.ok("health", json!({}))["engine"]["database"].clone();
    assert_eq!(database, home.data().join("tasks.db").display().to_string());

    // Another data directory is another entry.
    let elsewhere = Home::new().variable("HOME", home.place("home").display().to_string());
    assert_eq!(outcome(&elsewhere.json(["mcp", "status"]), "codex"), "different");
    assert_eq!(
        outcome(&elsewhere.json(["mcp", "install", "--client", "codex"]), "codex"),
        "updated"
    );
    assert_eq!(outcome(&home.json(["mcp", "install", "--client", "codex"]), "codex"), "updated");

    let gone = home.json(["mcp", "uninstall"]);
    let again = home.json(["mcp", "uninstall"]);
    for client in clients {
        assert_eq!(outcome(&gone, client), "removed");
        assert_eq!(outcome(&again, client), "not_there");
    }
    for (path, text) in files {
        assert!(!read(&at(path)).contains("claude-worker"), "{path}");
        if path.ends_with(".toml") {
            assert_eq!(read(&at(path)), text);
        }
    }
    assert_eq!(json_file(&at(".cursor/mcp.json"))["mcpServers"]["other"]["command"], "x");
}

#[test]
fn claude_code_is_asked_to_change_its_own_settings() {
    let claude = Installation::find().unwrap();
    let config = format!("[agents]\nclaude = {:?}\n", claude.program);
    let mut home = Home::with_config(&config);
    let nobody = "http://127.0.0.1:9";
    for (name, value) in environment(&home.place("home"), &home.place("tmp"), nobody) {
        home = home.variable(&name, value);
    }
    let change =
        |what: &str| outcome(&home.json(["mcp", what, "--client", "claude-code"]), "claude-code");
    assert_eq!(change("install"), "added");
    assert_eq!(change("install"), "already_there");
    let file = home.place("home").join(".claude.json");
    let entry = json_file(&file)["mcpServers"]["claude-worker"].clone();
    assert_eq!(entry["command"], SERVER);
    assert_eq!(entry["env"]["CLAUDE_WORKER_HOME"], home.data().display().to_string());
    // One of another place is corrected, and what the user has added to it stays.
    let mut settings = json_file(&file);
    let entry = &mut settings["mcpServers"]["claude-worker"];
    entry["command"] = json!("/old/claude-worker-mcp");
    entry["env"]["PATH"] = json!("/my/bin");
    entry["timeout"] = json!(600_000);
    std::fs::write(&file, settings.to_string()).unwrap();
    assert_eq!(outcome(&home.json(["mcp", "status"]), "claude-code"), "different");
    assert_eq!(change("install"), "updated");
    let entry = json_file(&file)["mcpServers"]["claude-worker"].clone();
    assert_eq!(entry["command"], SERVER);
    assert_eq!(entry["env"]["CLAUDE_WORKER_HOME"], home.data().display().to_string());
    assert_eq!((&entry["env"]["PATH"], &entry["timeout"]), (&json!("/my/bin"), &json!(600_000)));
    assert_eq!(change("uninstall"), "removed");
    assert_eq!(change("uninstall"), "not_there");
    assert_eq!(json_file(&file)["mcpServers"], json!({}));
}

#[test]
fn what_the_user_has_added_to_the_entry_stays_and_the_backup_is_of_before() {
    let home = Home::new();
    let elsewhere = Home::new().variable("HOME", home.place("home").display().to_string());
    let file = home.place("home").join(".cursor/mcp.json");
    let backup = home.place("home").join(".cursor/mcp.json.before-claude-worker");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    let original = "{\n  // mine\n  \"mcpServers\": {\n    // none yet\n  }\n}\n";
    std::fs::write(&file, original).unwrap();
    home.run(["mcp", "install"]).ok();
    let own = read(&file)
        .replace("\"args\": []", "\"args\": [],\n      \"timeout\": 600")
        .replace("\"env\": {", "\"env\": {\n        \"PATH\": \"/my/bin\",");
    std::fs::write(&file, &own).unwrap();
    assert_eq!(outcome(&home.json(["mcp", "status"]), "cursor"), "already_there");
    assert_eq!(outcome(&home.json(["mcp", "install"]), "cursor"), "already_there");
    let updated = elsewhere.run(["mcp", "install"]);
    assert!(updated.ok().stdout.contains("as it was before: "), "{updated:?}");
    let (here, there) = (home.data().display().to_string(), elsewhere.data().display().to_string());
    assert_eq!(read(&file), own.replace(&here, &there));
    assert_eq!(read(&backup), own, "the user's own change is what could be lost");
    // Since then only the entry has changed: what was put aside stays.
    let updated = home.run(["mcp", "install"]);
    assert!(updated.ok().stdout.contains("before the earlier changes"), "{updated:?}");
    assert_eq!(read(&backup), own);
    home.run(["mcp", "uninstall"]).ok();
    assert_eq!(read(&file), original);
}

#[test]
fn the_clients_get_the_places_as_the_engine_reads_them() {
    let home = Home::new().variable("CLAUDE_WORKER_HOME", "~/cw");
    let home = home.variable("CLAUDE_WORKER_LOG_DIR", "logs");
    home.run(["mcp", "install", "--client", "cursor"]).ok();
    let file = json_file(&home.place("home").join(".cursor/mcp.json"));
    let env = &file["mcpServers"]["claude-worker"]["env"];
    assert_eq!(env["CLAUDE_WORKER_HOME"], home.place("home").join("cw").display().to_string());
    assert_eq!(env["CLAUDE_WORKER_LOG_DIR"], home.work().join("logs").display().to_string());
    assert_eq!(outcome(&home.json(["mcp", "status"]), "cursor"), "already_there");
}

#[test]
fn an_entry_that_claude_code_does_not_take_is_replaced_by_the_one_before() {
    let home = Home::new();
    let file = home.place("home").join(".claude.json");
    // It removes, and adds only what contains a certain word.
    let claude = home.place("claude");
    let script = |taken: &str| {
        let script = format!(
            "#!/bin/sh\nfor last; do :; done\ncase \"$2 $last\" in\n\
             remove*) echo '{{}}' > '{0}' ;;\n\
             add-json*{taken}*) echo \"{{\\\"mcpServers\\\":{{\\\"claude-worker\\\":$last}}}}\" > '{0}' ;;\n\
             *) exit 1 ;;\nesac\n",
            file.display()
        );
        std::fs::write(&claude, script).unwrap();
    };
    script("/old/");
    std::fs::set_permissions(&claude, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    home.make_data();
    std::fs::write(home.data().join("config.toml"), format!("agents.claude = {claude:?}\n"))
        .unwrap();
    let old = json!({ "mcpServers": { "claude-worker": {
        "type": "stdio", "command": "/old/claude-worker-mcp", "env": { "PATH": "/my/bin" } } } });
    std::fs::write(&file, old.to_string()).unwrap();
    let install = ["mcp", "install", "--client", "claude-code"];
    home.run(install).refused(1, &["did not change its settings", "claude mcp add-json"]);
    assert_eq!(json_file(&file), old);
    script("nothing");
    let refused = home.run(install);
    refused.refused(1, &["accepted neither", "Add it again with: claude mcp add-json", "/my/bin"]);
}

#[test]
fn what_cannot_be_done_is_said_and_changes_nothing() {
    let home = Home::new().variable("SHELL", "/bin/sh");
    home.run(["mcp", "install"]).refused(3, &["No MCP client was found", "--client"]);
    home.run(["mcp", "install", "--client", "claude-code"])
        .refused(5, &["Claude Code is not found", "claude mcp add --scope user claude-worker"]);
    home.run(["mcp", "install", "--client", "emacs"]).refused(2, &["possible values", "cursor"]);
    let cursor = home.place("home").join(".cursor/mcp.json");
    std::fs::create_dir(cursor.parent().unwrap()).unwrap();
    std::fs::write(&cursor, "{ \"mcpServers\": [ }").unwrap();
    home.run(["mcp", "install"]).refused(2, &["mcp.json", "line 1", "nothing was changed"]);
    home.run(["mcp", "status"]).ok();
    assert_eq!(read(&cursor), "{ \"mcpServers\": [ }");
    assert_eq!(std::fs::read_dir(cursor.parent().unwrap()).unwrap().count(), 1);
}
