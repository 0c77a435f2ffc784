//! One contract, held by every way to an engine: in process, over the socket, over TCP.

mod delegation;
mod looking;
mod templates;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use claude_worker_api::{
    Agent, ApiError, CleanQuery, Cleaned, Edit, ErrorCode, EventKind, EventQuery, FollowUp,
    HostKind, HttpChange, ImportTasks, Limits, ListQuery, LogItem, LogQuery, NewTask, OutputQuery,
    Pause, Retry, SeenQuery, Settings, State, Status, StopMode, TaskApi, TaskChanges, TaskId,
    TaskQuery,
};
use claude_worker_client::{Address, EngineClient, LockHolder, ServerUrl};
use claude_worker_engine::{Paths, settings};
use claude_worker_server::{Hosted, HttpStart, host};
use claude_worker_supervisor::SupervisorCommand;

use crate::mcp::McpApi;
use crate::support::Home;

pub(crate) fn shell(work: &Path, command: &str) -> NewTask {
    NewTask {
        execution_prompt: command.to_owned(),
        working_directory: work.display().to_string(),
        agent: Agent::Shell,
        ..NewTask::default()
    }
}

fn code<T: std::fmt::Debug>(answer: Result<T, ApiError>) -> ErrorCode {
    let error = answer.expect_err("a refusal");
    assert!(!error.message.is_empty());
    error.code
}

/// Waits for a task's end by the event stream alone, as a client would.
async fn finished(api: &impl TaskApi, id: TaskId) -> State {
    let mut after = api.events(EventQuery::default()).await.unwrap().next;
    loop {
        let task = api.get(id, TaskQuery::default()).await.unwrap().task;
        if task.state.status().is_finished() {
            return task.state;
        }
        let query = EventQuery { after: Some(after), wait_ms: 20_000, ..EventQuery::default() };
        let page = api.events(query).await.unwrap();
        assert!(!page.events.is_empty(), "nothing happened to task {id}");
        after = page.next;
    }
}

/// The contract.
async fn exercise(api: &impl TaskApi, work: &Path) {
    let start = api.events(EventQuery::default()).await.unwrap().next;

    // Submission: accepted, named, listed, and the same when sent twice.
    let mut request = shell(work, "echo first line; echo second; exit 0");
    request.idempotency_key = Some("one".to_owned());
    let first = api.submit(request.clone()).await.unwrap();
    let second = api.submit(request).await.unwrap();
    assert_eq!((first.submitted_before, second.submitted_before), (false, true));
    assert_eq!(second.id, first.id);
    assert_eq!(first.name, "echo first line; echo second; exit 0");
    assert!(matches!(finished(api, first.id).await, State::Completed { .. }));

    // What is wrong with a submission is said.
    assert_eq!(code(api.submit(shell(work, " ")).await), ErrorCode::InvalidRequest);
    assert_eq!(
        code(api.submit(shell(Path::new("/nowhere/at/all"), "true")).await),
        ErrorCode::InvalidRequest
    );
    assert_eq!(
        code(api.submit(shell(Path::new("../relative"), "true")).await),
        ErrorCode::InvalidRequest
    );

    // The log, as items and as bytes, in pages of any size.
    let page = api.log(first.id, LogQuery::default()).await.unwrap();
    let texts: Vec<_> = page
        .entries
        .iter()
        .filter_map(|entry| match &entry.item {
            LogItem::Output { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["first line", "second"]);
    assert!(page.end);
    let query = LogQuery { limit: Some(1), ..LogQuery::default() };
    let one = api.log(first.id, query).await.unwrap();
    assert_eq!(one.entries.len(), 1);
    assert!(!one.end);
    let query = LogQuery { after: one.next, ..LogQuery::default() };
    let rest = api.log(first.id, query).await.unwrap();
    assert_eq!(rest.entries, page.entries[1..]);
    let mut bytes = Vec::new();
    let mut offset = 0;
    loop {
        let query = OutputQuery { offset, limit: Some(7), ..OutputQuery::default() };
        let chunk = api.output(first.id, query).await.unwrap();
        bytes.extend(chunk.bytes);
        offset = chunk.next;
        if chunk.end {
            break;
        }
    }
    assert_eq!(bytes, b"first line\nsecond\n");

    // A failure carries its kind, and a retry is a second run.
    let failing = api.submit(shell(work, "exit 9")).await.unwrap().id;
    let State::Failed { failure, .. } = finished(api, failing).await else {
        panic!("it must fail")
    };
    assert_eq!(failure.kind(), "exit");
    assert!(matches!(
        api.retry(failing, Retry::default()).await.unwrap().state.status(),
        Status::Pending | Status::Running
    ));
    finished(api, failing).await;
    let detail = api.get(failing, TaskQuery::default()).await.unwrap();
    assert_eq!(detail.run_history.len(), 2);
    assert_eq!(detail.task.runs, 2);
    assert!(detail.run_history.iter().all(|run| run.outcome.is_some()));

    // Following a run that goes on: the wait ends when it prints, not when it is over.
    let gate = work.join("gate");
    let slow = api
        .submit(shell(work, "echo early; until [ -e gate ]; do sleep 0.01; done; echo late"))
        .await
        .unwrap()
        .id;
    let mut query = LogQuery { wait_ms: 20_000, ..LogQuery::default() };
    let early = loop {
        let page = api.log(slow, query.clone()).await.unwrap();
        if !page.entries.is_empty() {
            break page;
        }
        query.after = page.next;
    };
    assert_eq!(early.entries.len(), 1);
    assert!(!early.end);
    let state = api.get(slow, TaskQuery::default()).await.unwrap().task.state;
    assert!(matches!(state, State::Running { .. }), "{state:?}");

    // What a running task does not allow.
    assert_eq!(code(api.retry(slow, Retry::default()).await), ErrorCode::Conflict);
    let follow_up = FollowUp { prompt: "more".to_owned(), ..FollowUp::default() };
    assert_eq!(code(api.resume(slow, follow_up.clone()).await), ErrorCode::Conflict);
    let changes = TaskChanges { name: Some("x".to_owned()), ..TaskChanges::default() };
    let edit = Edit { changes, ..Edit::default() };
    assert_eq!(code(api.edit(slow, edit.clone()).await), ErrorCode::Conflict);
    assert_eq!(code(api.edit(TaskId(9999), edit).await), ErrorCode::NotFound);
    std::fs::write(&gate, "").unwrap();
    assert!(matches!(finished(api, slow).await, State::Completed { .. }));
    std::fs::remove_file(&gate).unwrap();
    assert_eq!(code(api.resume(slow, follow_up.clone()).await), ErrorCode::Conflict);
    assert_eq!(code(api.resume(slow, FollowUp::default()).await), ErrorCode::InvalidRequest);

    // Cancelling: while it runs, twice, when it is over, and in the queue.
    let endless = api.submit(shell(work, "sleep 1000")).await.unwrap().id;
    api.cancel(endless).await.unwrap();
    api.cancel(endless).await.unwrap();
    assert!(matches!(finished(api, endless).await, State::Cancelled { .. }));
    api.cancel(endless).await.unwrap();
    assert_eq!(code(api.cancel(first.id).await), ErrorCode::Conflict);
    assert!(api.set_paused(Pause { paused: true }).await.unwrap().paused);
    let queued = api.submit(shell(work, "true")).await.unwrap();
    assert_eq!(queued.state, State::Pending);
    let cancelled = api.cancel(queued.id).await.unwrap();
    assert!(matches!(cancelled.state, State::Cancelled { .. }));
    // Only what is in the queue has a place there, and who comes back comes last.
    assert_eq!(cancelled.queue_place, None);
    let after = api.submit(shell(work, "true")).await.unwrap();
    let again = api.retry(queued.id, Retry::default()).await.unwrap();
    assert!(again.queue_place > after.queue_place && after.queue_place > queued.queue_place);
    api.cancel(queued.id).await.unwrap();
    api.cancel(after.id).await.unwrap();
    assert!(!api.set_paused(Pause { paused: false }).await.unwrap().paused);

    // A limit ends a run with its name.
    let mut limited = shell(work, "sleep 1000");
    limited.limits = Limits { timeout_ms: Some(100), ..Limits::default() };
    let limited = api.submit(limited).await.unwrap().id;
    let State::Failed { failure, .. } = finished(api, limited).await else { panic!("timeout") };
    assert_eq!(failure.kind(), "timeout");

    // Lists: newest first, filtered, paged.
    let page = api.list(ListQuery::default()).await.unwrap();
    assert!(page.tasks.windows(2).all(|pair| pair[0].id > pair[1].id));
    assert_eq!(page.counts.total(), page.tasks.len() as u64);
    let failed = ListQuery { statuses: vec![Status::Failed], ..ListQuery::default() };
    let failed = api.list(failed).await.unwrap();
    assert_eq!(failed.tasks.len() as u64, page.counts.failed);
    let query = ListQuery { limit: Some(2), ..ListQuery::default() };
    let newest = api.list(query).await.unwrap();
    assert_eq!(newest.tasks.len(), 2);
    let query = ListQuery { cursor: newest.next, limit: Some(1), ..ListQuery::default() };
    assert_eq!(api.list(query).await.unwrap().tasks[0].id, page.tasks[2].id);

    // Events: every change of the first task, once, in order.
    let query = EventQuery { after: Some(start), limit: Some(1000), ..EventQuery::default() };
    let events = api.events(query).await.unwrap().events;
    assert!(events.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    let story: Vec<_> = events
        .iter()
        .filter(|event| event.task == Some(first.id))
        .filter_map(|event| match &event.kind {
            EventKind::Submitted => Some("submitted"),
            EventKind::StateChanged { state: State::Completed { .. } } => Some("completed"),
            _ => None,
        })
        .collect();
    assert_eq!(story, ["submitted", "completed"]);
    // A cursor from another life is told so.
    let query = EventQuery { after: Some(i64::MAX), ..EventQuery::default() };
    assert!(api.events(query).await.unwrap().gap);

    settings(api).await;
    let checks = api.doctor().await.unwrap().checks;
    for name in ["Claude Code", "Sign-in", "Settings", "Data", "Disk", "Git"] {
        assert!(checks.iter().any(|check| check.name == name), "{name}: {checks:?}");
    }
    assert!(checks[0].found.starts_with("1.2.3 ("), "{checks:?}");

    // Removal, and what is not there.
    let endless = api.submit(shell(work, "sleep 1000")).await.unwrap().id;
    api.remove(endless).await.unwrap();
    assert_eq!(code(api.get(endless, TaskQuery::default()).await), ErrorCode::NotFound);
    assert_eq!(code(api.remove(endless).await), ErrorCode::NotFound);
    let nowhere = TaskId(999_999);
    assert_eq!(code(api.get(nowhere, TaskQuery::default()).await), ErrorCode::NotFound);
    assert_eq!(code(api.cancel(nowhere).await), ErrorCode::NotFound);
    assert_eq!(code(api.retry(nowhere, Retry::default()).await), ErrorCode::NotFound);
    assert_eq!(code(api.resume(nowhere, follow_up).await), ErrorCode::NotFound);
    assert_eq!(code(api.log(nowhere, LogQuery::default()).await), ErrorCode::NotFound);
    assert_eq!(code(api.output(nowhere, OutputQuery::default()).await), ErrorCode::NotFound);
    let query = CleanQuery { statuses: vec![Status::Running], ..CleanQuery::default() };
    assert_eq!(code(api.clean(query).await), ErrorCode::InvalidRequest);
    // Nobody has looked at anything yet.
    let failed = CleanQuery { statuses: vec![Status::Failed], ..CleanQuery::default() };
    let cleaned = api.clean(failed.clone()).await.unwrap();
    assert_eq!((cleaned.removed, cleaned.kept_unseen), (0, page.counts.failed));
    let query = CleanQuery { unseen: true, ..failed };
    let would = api.clean(CleanQuery { dry_run: true, ..query.clone() }).await.unwrap();
    assert_eq!((would.removed, would.kept_unseen), (0, 0));
    assert_eq!(would.would_remove, Some(page.counts.failed));
    let shown: Vec<_> = would.tasks.iter().map(|task| task.state.status()).collect();
    assert_eq!(shown, vec![Status::Failed; shown.len()]);
    assert_eq!(shown.len() as u64, page.counts.failed);
    assert_eq!(api.clean(query).await.unwrap().removed, page.counts.failed);
    api.seen(SeenQuery::default()).await.unwrap();
    let left = api.list(ListQuery::default()).await.unwrap().tasks.len() as u64;
    let old = CleanQuery { older_than_ms: 86_400_000, ..CleanQuery::default() };
    assert_eq!(api.clean(old).await.unwrap(), Cleaned::default());
    assert_eq!(api.clean(CleanQuery::default()).await.unwrap().removed, left);
    assert_eq!(api.engine().await.unwrap().queue.counts.total(), 0);

    templates::exercise(api).await;
    looking::exercise(api, work).await;
    delegation::exercise(api, work).await;
    assert_eq!(api.engine().await.unwrap().queue.counts.total(), 0);
}

/// Settings are changed for all, at once, and told; what is wrong changes nothing.
async fn settings(api: &impl TaskApi) {
    let page = api.metrics().await.unwrap().0;
    assert!(page.contains("\nclaude_worker_tasks{status=\"completed\"} "), "{page}");
    let no_database = ImportTasks { file: "/etc/hostname".to_owned(), ..ImportTasks::default() };
    assert_eq!(code(api.import(no_database).await), ErrorCode::InvalidRequest);
    let before = api.settings().await.unwrap();
    let after = api.events(EventQuery::default()).await.unwrap().next;
    let changed = Settings { workers: before.workers + 1, ..before.clone() };
    assert_eq!(api.set_settings(changed.changes_since(&before).unwrap()).await.unwrap(), changed);
    assert_eq!(api.settings().await.unwrap(), changed);
    assert_eq!(api.engine().await.unwrap().queue.workers, changed.workers);
    let query = EventQuery { after: Some(after), ..EventQuery::default() };
    let events = api.events(query).await.unwrap().events;
    assert!(events.iter().any(|event| event.kind == EventKind::SettingsChanged), "{events:?}");
    let wrong = Settings { workers: 0, ..changed.clone() };
    let wrong = wrong.changes_since(&changed).unwrap();
    assert_eq!(code(api.set_settings(wrong).await), ErrorCode::InvalidRequest);

    // A client that has not seen this change yet changes something else, and undoes nothing.
    let mut other = before.clone();
    other.limits.timeout_ms += 60_000;
    let both = Settings { limits: other.limits.clone(), ..changed };
    assert_eq!(api.set_settings(other.changes_since(&before).unwrap()).await.unwrap(), both);
    assert_eq!(api.settings().await.unwrap(), both);
    assert_eq!(api.set_settings(before.changes_since(&both).unwrap()).await.unwrap(), before);
}

/// An engine in this process, with all its doors open.
pub(crate) async fn hosted(home: &Home) -> Hosted {
    let paths = Paths::below(&home.data());
    let supervisor = SupervisorCommand {
        program: env!("CARGO_BIN_EXE_claude-worker").into(),
        args: vec!["supervise".to_owned()],
    };
    let any_port = HttpStart::Change(HttpChange::at("127.0.0.1:0"));
    // For `doctor`, which asks it for its version: not the one of whoever runs the tests.
    let claude = home.place("claude");
    std::fs::write(&claude, "#!/bin/sh\necho 1.2.3\n").unwrap();
    std::fs::set_permissions(&claude, Permissions::from_mode(0o755)).unwrap();
    home.make_data();
    std::fs::write(&paths.config, format!("agents.claude = {claude:?}\n")).unwrap();
    let config = settings::load(&paths).unwrap();
    host(paths, config, supervisor, any_port, HostKind::Headless).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_an_engine_holds_the_contract() {
    let home = Home::new();
    let hosted = hosted(&home).await;
    let engine = hosted.engine().clone();
    let info = engine.engine().await.unwrap();
    assert_eq!(info.http, hosted.http().url);
    assert!(info.http.is_some());
    assert_eq!((info.host, info.stopping), (HostKind::Headless, false));
    let home_directory = info.home_directory.as_deref().map(Path::new);
    assert_eq!(home_directory, claude_worker_paths::user_home().as_deref());
    exercise(&engine, &home.work()).await;

    let socket = EngineClient::new(Address::Socket(home.data().join("engine.sock")));
    exercise(&socket, &home.work()).await;

    let http = EngineClient::new(Address::Http {
        url: ServerUrl::parse(&hosted.http().url.unwrap()).unwrap(),
        token: std::fs::read_to_string(home.data().join("token")).unwrap(),
    });
    exercise(&http, &home.work()).await;

    // Over MCP with all that a user can allow, so that its tasks can be plain commands.
    let before = socket.settings().await.unwrap();
    let mut after = before.clone();
    after.mcp.allow_bypass = true;
    socket.set_settings(after.changes_since(&before).unwrap()).await.unwrap();
    exercise(&McpApi::new(&home, socket.clone()), &home.work()).await;

    // Stopping answers everyone who waits, and then nobody is there any more.
    let waiting = tokio::spawn({
        let socket = socket.clone();
        async move {
            let after = Some(socket.events(EventQuery::default()).await.unwrap().next);
            socket.events(EventQuery { after, wait_ms: 50_000, ..EventQuery::default() }).await
        }
    });
    socket.stop(StopMode::LeaveRunning.into()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), hosted.ended()).await.expect("it ends at once");
    drop(waiting.await.unwrap());
    assert_eq!(code(socket.engine().await), ErrorCode::Unavailable);
    // The directory is free, although there is a handle still: of no more use.
    let lock = LockHolder::of(&home.data().join("engine.lock")).unwrap();
    assert_eq!(lock, LockHolder::Free);
    assert_eq!(code(engine.list(ListQuery::default()).await), ErrorCode::Unavailable);
    assert_eq!(code(engine.events(EventQuery::default()).await), ErrorCode::Unavailable);
    assert_eq!(code(engine.set_paused(Pause { paused: true }).await), ErrorCode::Unavailable);
}
