//! Which requests are refused, and the launch of the others.

use std::collections::BTreeMap;

use claude_worker_agents::{
    MAX_ARGUMENT_BYTES, MAX_CLAUDE_STDIN_BYTES, Session, launch, validate, validate_follow_up,
};
use claude_worker_api::{Agent, ErrorCode, NewTask, PermissionMode};

fn request(agent: Agent) -> NewTask {
    NewTask {
        execution_prompt: "do it".to_owned(),
        working_directory: "/home/dev".to_owned(),
        agent,
        ..NewTask::default()
    }
}

fn args(request: &NewTask, session: &Session<'_>) -> Vec<String> {
    launch(request, PermissionMode::AcceptEdits, session).expect("a launch").args
}

#[test]
fn claude_gets_its_prompt_on_standard_input() {
    let mut task = request(Agent::Claude);
    task.execution_prompt = "--version".to_owned();
    let launch = launch(&task, PermissionMode::AcceptEdits, &Session::New).expect("a launch");
    assert_eq!(
        launch.args,
        ["-p", "--output-format", "stream-json", "--verbose", "--permission-mode=acceptEdits"]
    );
    assert_eq!(launch.stdin, b"--version");
    assert!(!launch.merge_stderr);
}

#[test]
fn values_cannot_be_read_as_flags() {
    let mut task = request(Agent::Claude);
    task.model = Some("--dangerously-skip-permissions".to_owned());
    task.system_prompt = Some("-v".to_owned());
    task.allowed_tools = vec!["-p".to_owned(), "Bash(git diff:*)".to_owned()];
    task.permission_mode = Some(PermissionMode::Plan);
    task.limits.max_turns = Some(3);
    task.limits.max_budget_usd = Some(0.000_000_5);
    let session = Session::Resume { session_id: "-r", follow_up: "go on" };
    assert_eq!(
        args(&task, &session)[4..],
        [
            "--permission-mode=plan",
            "--model=--dangerously-skip-permissions",
            "--append-system-prompt=-v",
            "--allowedTools=-p,Bash(git diff:*)",
            "--max-turns=3",
            "--max-budget-usd=0.0000005",
            "--resume=-r",
        ]
    );
}

#[test]
fn options_of_claude_code_come_before_arguments_that_are_passed_on() {
    let text = |text: &str| Some(text.to_owned());
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let mut task = NewTask {
        disallowed_tools: list(&["Bash", "Edit"]),
        add_dirs: list(&["/a", "/b"]),
        mcp_config: list(&["/mcp.json", "{}"]),
        settings: text("{}"),
        fallback_model: text("haiku"),
        effort: text("high"),
        json_schema: text("{}"),
        agents: text("{}"),
        continue_session: true,
        agent_args: list(&["--plugin-dir", "/p", "--chrome"]),
        ..request(Agent::Claude)
    };
    let expected = [
        "--disallowedTools=Bash,Edit",
        "--add-dir=/a",
        "--add-dir=/b",
        "--mcp-config=/mcp.json",
        "--mcp-config={}",
        "--settings={}",
        "--fallback-model=haiku",
        "--effort=high",
        "--json-schema={}",
        "--agents={}",
    ];
    let passed_on = ["--plugin-dir", "/p", "--chrome"];
    let copy = [&expected[..], &["--continue", "--fork-session"], &passed_on].concat();
    assert_eq!(args(&task, &Session::New)[5..], copy);
    task.continue_session = false;
    task.resume_session = text("abc");
    let copy = [&expected[..], &["--resume=abc", "--fork-session"], &passed_on].concat();
    assert_eq!(args(&task, &Session::New)[5..], copy);
    // A follow-up goes on in the session of the task itself.
    let session = Session::Resume { session_id: "own", follow_up: "go on" };
    let own = [&expected[..], &["--resume=own"], &passed_on].concat();
    assert_eq!(args(&task, &session)[5..], own);
    // What leaves the project's settings out cannot be taken as the value of another option.
    let mut launch = launch(&task, PermissionMode::AcceptEdits, &Session::New).expect("a launch");
    launch.leave_out_project_settings();
    assert_eq!(launch.args[0], "--setting-sources=user");
}

#[test]
fn a_resumed_session_gets_only_the_follow_up() {
    let session = Session::Resume { session_id: "abc", follow_up: "and now?" };
    let task = request(Agent::Claude);
    let resumed = launch(&task, PermissionMode::Default, &session).expect("a launch");
    assert_eq!(resumed.stdin, b"and now?");
    assert_eq!(resumed.args[4..], ["--permission-mode=default", "--resume=abc"]);

    for (agent, session_id, follow_up) in [
        (Agent::Claude, "abc", " "),
        (Agent::Claude, "", "go on"),
        (Agent::Claude, "a\0b", "go on"),
        (Agent::Shell, "abc", "go on"),
    ] {
        let session = Session::Resume { session_id, follow_up };
        let refused = launch(&request(agent), PermissionMode::Default, &session);
        let error = refused.expect_err("an error");
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{session:?}");
    }
    assert!(validate_follow_up(Agent::Claude, "go on").is_ok());
}

#[test]
fn a_shell_gets_its_prompt_as_a_command() {
    let launched = |prompt: &str| {
        let task = NewTask { execution_prompt: prompt.to_owned(), ..request(Agent::Shell) };
        launch(&task, PermissionMode::AcceptEdits, &Session::New).expect("a launch")
    };
    let echo = launched("echo $HOME");
    assert_eq!(echo.args, ["-c", "echo $HOME"]);
    assert!(echo.stdin.is_empty() && echo.merge_stderr);
    // Without the space a shell would read it as options.
    assert_eq!(launched("-o; echo").args, ["-c", " -o; echo"]);
}

#[test]
fn variables_of_a_surrounding_session_are_removed() {
    let mut task = request(Agent::Claude);
    task.env = BTreeMap::from([("CLAUDE_CODE_ENTRYPOINT".to_owned(), "mine".to_owned())]);
    for agent in [Agent::Claude, Agent::Shell] {
        task.agent = agent;
        let launch = launch(&task, PermissionMode::AcceptEdits, &Session::New).expect("a launch");
        let removed = |name: &str| launch.env_remove.iter().any(|removed| removed == name);
        for name in ["CLAUDECODE", "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_SSE_PORT"] {
            assert!(removed(name), "{name}");
        }
        // Variables of the task, of the account and of general behaviour stay.
        for name in [
            "CLAUDE_CODE_ENTRYPOINT",
            "ANTHROPIC_API_KEY",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CLAUDE_CODE_MAX_RETRIES",
            "CLAUDE_CONFIG_DIR",
        ] {
            assert!(!removed(name), "{name}");
        }
        assert_eq!(launch.env, task.env);
    }
}

#[test]
fn an_invalid_request_is_refused() {
    let check = |agent, expected: &str, change: &dyn Fn(&mut NewTask)| {
        let mut task = request(agent);
        change(&mut task);
        let error = validate(&task).expect_err(expected);
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{expected}");
        assert!(error.message.contains(expected), "{} / {expected}", error.message);
        assert!(!error.hint.is_empty(), "{expected}");
        assert!(!error.message.contains("SECRET"), "{}", error.message);
        assert!(launch(&task, PermissionMode::AcceptEdits, &Session::New).is_err(), "{expected}");
    };
    let long = |length: usize| "x".repeat(length);
    for agent in [Agent::Claude, Agent::Shell] {
        let check = |expected: &str, change: &dyn Fn(&mut NewTask)| check(agent, expected, change);
        check("prompt is empty", &|task| task.execution_prompt = " \n".to_owned());
        check("NUL", &|task| task.execution_prompt.push('\0'));
        check("absolute", &|task| task.working_directory = "src".to_owned());
        check("absolute", &|task| task.working_directory.clear());
        check("NUL", &|task| task.working_directory.push('\0'));
        check("one line", &|task| task.name = Some("a\nb".to_owned()));
        check("one line", &|task| task.name = Some("  ".to_owned()));
        check("200 characters", &|task| task.name = Some("é".repeat(201)));
        check("idempotency key", &|task| task.idempotency_key = Some(String::new()));
        check("idempotency key", &|task| task.idempotency_key = Some(long(201)));
        for control in ["\n", "a\0", "a\u{7f}", "a\u{85}b"] {
            check("idempotency key", &|task| task.idempotency_key = Some(control.to_owned()));
        }
        for name in ["", "A=B", "A\0"] {
            check("environment variable", &|task| {
                task.env.insert(name.to_owned(), "SECRET".to_owned());
            });
        }
        check("reserved", &|task| {
            task.env.insert("CLAUDE_WORKER_DB".to_owned(), "SECRET".to_owned());
        });
        check("NUL", &|task| {
            task.env.insert("A".to_owned(), "SECRET\0".to_owned());
        });
        check("bytes", &|task| {
            task.env.insert("A".to_owned(), long(MAX_ARGUMENT_BYTES));
        });
    }
    let claude = |expected: &str, change: &dyn Fn(&mut NewTask)| {
        check(Agent::Claude, expected, change);
    };
    claude("at most", &|task| task.execution_prompt = long(MAX_CLAUDE_STDIN_BYTES + 1));
    claude("bytes", &|task| task.system_prompt = Some(long(MAX_ARGUMENT_BYTES + 1)));
    claude("NUL", &|task| task.system_prompt = Some("\0".to_owned()));
    claude("model", &|task| task.model = Some(" ".to_owned()));
    claude("model", &|task| task.model = Some("a\nb".to_owned()));
    for rule in ["", "Bash(git", "Bash)(", "A\nB"] {
        claude("rule", &|task| task.allowed_tools = vec!["Read".to_owned(), rule.to_owned()]);
    }
    claude("together", &|task| task.allowed_tools = vec![long(1000); 200]);
    claude("turn", &|task| task.limits.max_turns = Some(0));
    for dollars in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        claude("budget", &|task| task.limits.max_budget_usd = Some(dollars));
    }
    let shell = |expected: &str, change: &dyn Fn(&mut NewTask)| {
        check(Agent::Shell, expected, change);
    };
    shell("at most", &|task| task.execution_prompt = long(MAX_ARGUMENT_BYTES + 1));
    shell("system prompt", &|task| task.system_prompt = Some("x".to_owned()));
    shell("model", &|task| task.model = Some("opus".to_owned()));
    shell("permission mode", &|task| task.permission_mode = Some(PermissionMode::Plan));
    shell("allowed tools", &|task| task.allowed_tools = vec!["Read".to_owned()]);
    shell("turns", &|task| task.limits.max_turns = Some(1));
    shell("budget", &|task| task.limits.max_budget_usd = Some(1.0));
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |expected: &str, change: &dyn Fn(&mut NewTask)| {
        let mut task = request(Agent::Claude);
        change(&mut task);
        let error = validate(&task).expect_err(expected);
        assert!(error.message.contains(expected), "{} / {expected}", error.message);
        assert!(!error.hint.is_empty(), "{expected}");
    };
    let text = |text: &str| Some(text.to_owned());
    refused("is not a rule", &|task| task.disallowed_tools = vec!["Bash(".to_owned()]);
    refused("not an absolute path", &|task| task.add_dirs = vec!["a".to_owned()]);
    refused("must be JSON or an absolute", &|task| task.mcp_config = vec!["a.json".to_owned()]);
    refused("settings must be a JSON object", &|task| task.settings = text("{a}"));
    refused("NUL", &|task| task.settings = text("/a\0b"));
    refused("JSON Schema must be a JSON object", &|task| task.json_schema = text("[]"));
    refused("subagents must be a JSON object", &|task| task.agents = text("reviewer"));
    refused("is empty", &|task| task.effort = text(" "));
    refused("more than", &|task| task.fallback_model = text(&"x".repeat(MAX_ARGUMENT_BYTES + 1)));
    refused("too many", &|task| task.add_dirs = vec!["/a".to_owned(); 101]);
    refused("bytes together", &|task| {
        task.mcp_config = vec![format!("/{}", "x".repeat(MAX_ARGUMENT_BYTES - 1)); 6];
    });
    refused("not from both", &|task| {
        task.continue_session = true;
        task.resume_session = text("x");
    });
    refused("cannot pass --resume on", &|task| task.agent_args = vec!["--resume=x".to_owned()]);
    refused("cannot have a shell", &|task| task.shell = text("bash"));
    let mut task = request(Agent::Shell);
    task.shell = text("tcsh");
    assert!(validate(&task).unwrap_err().message.contains("There is no shell"));
    task.shell = text("bash");
    assert_eq!(validate(&task), Ok(()));
    task.effort = text("high");
    assert!(validate(&task).unwrap_err().message.contains("shell task cannot have an effort"));
}

#[test]
fn a_request_at_its_limits_is_accepted() {
    let mut task = request(Agent::Claude);
    task.execution_prompt = "x".repeat(MAX_CLAUDE_STDIN_BYTES);
    task.system_prompt = Some("x".repeat(MAX_ARGUMENT_BYTES));
    task.name = Some("é".repeat(200));
    task.limits.timeout_ms = Some(0);
    task.limits.silence_ms = Some(0);
    assert_eq!(validate(&task), Ok(()));
    let mut task = request(Agent::Shell);
    task.execution_prompt = "x".repeat(MAX_ARGUMENT_BYTES);
    assert_eq!(validate(&task), Ok(()));
}
