//! Clients that others wrote or generated: the examples of the documentation, a client made by
//! openapi-python-client, and Schemathesis, which sends what the description allows and what it forbids.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use scripted_api::rest_clients::RestClients;

use crate::docs::Document;
use crate::docs::examples::desk;
use crate::support::{Home, read, until};

/// The pinned programs; without them there is no test.
fn clients() -> RestClients {
    let clients = RestClients::expected().unwrap();
    assert!(clients.are_there(), "`cargo xtask setup` installs the testers: {clients:?}");
    clients
}

/// An engine that is served over TCP.
struct Served {
    home: Home,
    url: String,
}

impl Served {
    fn new(home: Home) -> Self {
        home.run(["server", "start", "--http", "0"]).ok();
        let url = home.json(["server", "health"])["http"].as_str().unwrap().to_owned();
        Self { home, url }
    }

    fn token(&self) -> String {
        read(&self.home.data().join("token")).trim().to_owned()
    }

    /// A program with the environment of a user's client.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.home.variables().iter().cloned())
            .env("CLAUDE_WORKER_TOKEN", self.token())
            // The programs of the environment call each other.
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", clients().venv.join("bin").display()),
            )
            .current_dir(self.home.work());
        command
    }
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    text
}

fn test_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/rest").join(name)
}

#[test]
fn the_examples_of_the_guide_and_those_of_the_predecessor_run() {
    let served = Served::new(desk());
    let guide = Document::read("docs/rest-api.md");
    let python = clients().program("python");
    let mut said = Vec::new();
    for block in guide.blocks() {
        let (program, file) = match block.language {
            "python" => (python.as_path(), "example.py"),
            "javascript" => (Path::new("node"), "example.mjs"),
            _ => continue,
        };
        let file = served.home.place(file);
        let text = block.text.replace("http://localhost:8000", &served.url);
        std::fs::write(&file, text).unwrap();
        said.push(succeeded(&served.command(program).arg(&file).output().unwrap()));
    }
    assert_eq!(said[0], "completed Done so.\n");
    assert_eq!(said[1], "completed Done so.\n");
    assert!(said[2].starts_with("Task 3: "), "{}", said[2]);
    assert_eq!(said.len(), 4);
    for id in 3..=4 {
        let task = served.home.finished(id);
        assert_eq!(task["status"], "completed", "{task:#}");
        assert!(task["working_directory"].as_str().unwrap().ends_with("/project"), "{task:#}");
    }
}

/// The engine is killed while the clients wait for a task, and started again by another command.
#[test]
fn the_clients_of_the_guide_survive_a_crash_of_the_engine() {
    let served = Served::new(Home::new());
    let guide = Document::read("docs/rest-api.md");
    let python = clients().program("python");
    let gate = served.home.work().join("gate");
    let run = |language: &str, program: &Path, name: &str| {
        let block = guide.blocks().into_iter().find(|block| block.language == language).unwrap();
        let text = block.text.replace("http://localhost:8000", &served.url);
        let wait = "until [ -e gate ]; do sleep 0.01; done";
        // The same client, with a shell task that waits.
        let prompt = ("execution_prompt\": \"Say hello\"", "execution_prompt: \"Say hello\"");
        let text = text
            .replace(prompt.0, &format!("agent\": \"shell\", \"execution_prompt\": \"{wait}\""))
            .replace(prompt.1, &format!("agent: \"shell\", execution_prompt: \"{wait}\""));
        assert!(text.contains(wait), "{text}");
        let file = served.home.place(name);
        std::fs::write(&file, text).unwrap();
        let mut client = served.command(program);
        client.arg(&file).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let clients =
        [run("python", &python, "client.py"), run("javascript", Path::new("node"), "client.mjs")];
    let tasks = || served.home.json(["list"])["tasks"].as_array().unwrap().len();
    until("both are submitted", || tasks() == 2);
    served.home.until_status(1, "running");
    served.home.until_status(2, "running");
    served.home.kill_engine();
    served.home.run(["list"]).ok();
    std::fs::write(&gate, "").unwrap();
    for client in clients {
        let said = succeeded(&client.wait_with_output().unwrap());
        assert!(said.starts_with("completed"), "{said}");
    }
    assert_eq!(tasks(), 2);
}

#[test]
fn a_generated_client_submits_waits_and_reads() {
    let served = Served::new(Home::new());
    let description = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let made = served.home.place("made");
    let output = served
        .command(&clients().program("openapi-python-client"))
        .args(["generate", "--meta", "none", "--path"])
        .arg(description)
        .arg("--output-path")
        .arg(&made)
        .output()
        .unwrap();
    let text = succeeded(&output);
    assert!(!text.contains("Warning"), "every operation can be generated: {text}");
    let output = served
        .command(&clients().program("python"))
        .arg(test_file("generated_client.py"))
        .args([&served.url, served.home.work().to_str().unwrap()])
        .env("PYTHONPATH", made.parent().unwrap())
        .output()
        .unwrap();
    assert_eq!(succeeded(&output), "ok\n");
}

#[test]
fn the_interface_keeps_to_its_description() {
    // Many tasks that end at once, and no limit for programs in the way.
    let served = Served::new(Home::with_config("workers = 2\n[delegation]\nunfinished = 100000\n"));
    let output = served
        .command(&clients().program("schemathesis"))
        .arg("run")
        .arg(format!("{}/openapi.json", served.url))
        .args(["--header", &format!("Authorization: Bearer {}", served.token())])
        .args(["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"])
        // More workers are threads of one Python, and in CPython before 3.11.8 and 3.12.2 two threads that parse
        // source at once, as Hypothesis does, fail with "AST constructor recursion depth mismatch"
        // (python/cpython#106905).
        .args(["--max-examples", "10", "--seed", "1", "--workers", "1", "--no-color"])
        .args(["--max-failures", "20"])
        // It ends the engine; it ends the server; they are for browsers; it never ends; it starts
        // programs that take seconds; it needs a database that the Python version has made.
        .args(["--exclude-operation-id", "stop"])
        .args(["--exclude-operation-id", "set_http"])
        .args(["--exclude-operation-id", "redeem_login"])
        .args(["--exclude-operation-id", "log_out"])
        .args(["--exclude-operation-id", "event_stream"])
        .args(["--exclude-operation-id", "doctor"])
        .args(["--exclude-operation-id", "import"])
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", test_file("schemathesis"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("WORK", served.home.work())
        .output()
        .unwrap();
    succeeded(&output);
}
