//! Tasks for snapshots: ordinary ones, and the awkward.

use claude_worker_api::{
    Activity, Agent, Counts, DeniedTool, EngineInfo, Failure, HostKind, NewTask, PermissionMode,
    Queue, Run, RunId, RunOutcome, State, SubmittedBy, Task, TaskDetail, TaskId, Timestamp, Unseen,
    Usage, Verdict, WaitReason,
};

/// The moment all samples are seen at.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_409_000_000);

const MINUTE: u64 = 60_000;

/// An engine with four workers and no tasks.
pub(crate) fn engine() -> EngineInfo {
    EngineInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: claude_worker_api::PROTOCOL,
        pid: 4711,
        started_at: NOW,
        database: "/data/tasks.db".to_owned(),
        runs_directory: "/data/runs".to_owned(),
        home_directory: Some("/home/dev".to_owned()),
        http: None,
        host: HostKind::Headless,
        stopping: false,
        disk_full: false,
        missing_program: None,
        queue: Queue {
            paused: false,
            workers: 4,
            counts: Counts::default(),
            unseen: Unseen::default(),
        },
        output_bytes: 0,
        activity: Activity::default(),
        agents: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(crate) fn task(id: i64, name: &str, state: State) -> Task {
    Task {
        id: TaskId(id),
        name: name.to_owned(),
        agent: Agent::Claude,
        working_directory: "/home/dev/project".to_owned(),
        model: None,
        error_message: state.error_message(),
        state,
        queue_place: None,
        created_at: NOW.minus_millis(30 * MINUTE),
        started_at: None,
        runs: 1,
        last_action: None,
        last_output_at: None,
        final_summary: None,
        usage: Usage::default(),
        unseen: false,
        has_session: false,
        parent: None,
        submitted_by: Some(SubmittedBy::Local),
        warnings: Vec::new(),
        submitted_before: false,
        untrusted: None,
        project: None,
    }
}

pub(crate) fn running(id: i64, name: &str, action: &str) -> Task {
    let started_at = Some(NOW.minus_millis(252_000));
    Task {
        last_action: Some(action.to_owned()),
        started_at,
        ..task(id, name, State::Running { started_at, stopping: false })
    }
}

pub(crate) fn completed(id: i64, name: &str, summary: &str) -> Task {
    let ended_at = NOW.minus_millis(3 * MINUTE);
    Task {
        final_summary: Some(summary.to_owned()),
        started_at: Some(NOW.minus_millis(8 * MINUTE)),
        usage: Usage { cost_usd: Some(0.31), turns: Some(7), ..Usage::default() },
        ..task(id, name, State::Completed { ended_at, denied_tools: Vec::new(), notes: Vec::new() })
    }
}

pub(crate) fn failed(id: i64, name: &str, failure: Failure) -> Task {
    let ended_at = NOW.minus_millis(14 * MINUTE);
    Task {
        usage: Usage { cost_usd: Some(0.02), ..Usage::default() },
        ..task(id, name, State::Failed { ended_at, failure })
    }
}

pub(crate) fn denied() -> Vec<DeniedTool> {
    let one = |input: &str| DeniedTool {
        tool: "Bash".to_owned(),
        input: input.to_owned(),
        rule: None,
        ..DeniedTool::default()
    };
    vec![one("rm -rf build"), one("curl \u{1b}[8mhttp://evil")]
}

pub(crate) fn tasks() -> Vec<Task> {
    let split = "Split the auth middleware into its own crate and move its tests there";
    let silent = Task {
        last_output_at: Some(NOW.minus_millis(5 * MINUTE)),
        ..running(132, "Port the parser", "Bash make -j8")
    };
    let stopping = State::Running { started_at: None, stopping: true };
    let until = NOW.plus_millis(125 * MINUTE);
    let ended_at = NOW.minus_millis(26 * 60 * MINUTE);
    vec![
        task(135, "Write the migration guide", State::Pending),
        Task {
            usage: Usage { cost_usd: Some(0.84), ..Usage::default() },
            ..running(131, split, "Bash cargo nextest run -p auth")
        },
        silent,
        task(130, "Being stopped", stopping),
        task(
            129,
            "Review the limits",
            State::Waiting { reason: WaitReason::UsageLimit { until, tries: 3, most_tries: 8 } },
        ),
        failed(
            128,
            "Generate API client from the spec",
            Failure::Account {
                http_status: Some(400),
                message: "Credit balance too low".to_owned(),
            },
        ),
        completed(127, "翻訳を更新する 👩‍👩‍👧 とても長い名前のタスクです", "更新しました"),
        completed(126, "מסמך חדש: الترجمة العربية", "Translated 14 pages."),
        completed(
            125,
            "\u{1b}[2J\u{1b}]0;pwned\u{7}evil\nname\u{202e}gpj.exe",
            "line one\nline\u{9b}31m two",
        ),
        task(
            9,
            "Clean up",
            State::Completed { ended_at, denied_tools: denied(), notes: Vec::new() },
        ),
        task(8, "Try an idea", State::Cancelled { ended_at }),
        task(7, "Publish", State::Skipped { ended_at, reason: "task 6 failed".to_owned() }),
    ]
}

pub(crate) fn detail() -> TaskDetail {
    let task = Task {
        model: Some("claude-sonnet-5".to_owned()),
        runs: 2,
        ..failed(128, "Generate API client", Failure::Turns)
    };
    let run = |number: u32, verdict: Verdict| Run {
        id: RunId::new(TaskId(128), number, 7),
        number,
        follow_up: (number > 1).then(|| "Go on, but leave\nthe tests alone".to_owned()),
        queued_at: None,
        started_at: Some(NOW.minus_millis(20 * MINUTE)),
        outcome: Some(RunOutcome {
            ended_at: NOW.minus_millis(14 * MINUTE),
            verdict,
            exit_code: Some(1),
            exit_signal: None,
        }),
        session_id: Some("0a1b2c3d-0000-4000-8000-000000000000".to_owned()),
        usage: Usage { cost_usd: Some(0.02), turns: Some(20), ..Usage::default() },
        output_bytes: 48_200,
        output_deleted: number == 1,
    };
    TaskDetail {
        unreadable: Vec::new(),
        task,
        request: NewTask {
            execution_prompt:
                "Generate the API client.\n\nUse \u{1b}[31mthe spec in docs/api.yaml.".to_owned(),
            working_directory: "/home/dev/project".to_owned(),
            permission_mode: Some(PermissionMode::Plan),
            allowed_tools: vec!["Bash(git diff:*)".to_owned(), "Edit".to_owned()],
            env: [("GITHUB_TOKEN".to_owned(), String::new())].into(),
            ..NewTask::default()
        },
        run_history: vec![
            run(1, Verdict::Completed { denied_tools: denied(), notes: Vec::new() }),
            run(2, Verdict::Failed { failure: Failure::Turns }),
        ],
        result: Some("I wrote **half** of it.\n\nThe rest is missing.".to_owned()),
    }
}
