//! An engine without a supervisor, asked in its own process.

use std::sync::atomic::Ordering;

use claude_worker_api::{
    Agent, Edit, ErrorCode, EventKind, EventQuery, HttpSettings, ImportTasks, LONGEST_DURATION,
    ListQuery, Move, NewTask, NewTasks, NewToken, Pause, ProjectsQuery, QueuePlace, SearchHit,
    SearchPlace, SearchQuery, SettingsChange, Status, StopRequest, TaskApi, TaskChanges, TaskQuery,
};
use tempfile::TempDir;

use super::*;
use crate::hosting::{HttpCommands, HttpControl, HttpRequest};
use crate::submitted::Submission;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// An engine with a queue that is paused, and the other end of its HTTP server.
async fn started() -> (TempDir, Engine, HttpCommands) {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    let base = directory.path().join("base").display().to_string();
    let file = Paths::below(directory.path()).config;
    std::fs::write(file, format!("[http]\nbase_directory = \"{base}\"\n")).unwrap();
    settings.http.base_directory = Some(base);
    let claim = Claim::take(Paths::below(directory.path())).unwrap();
    let nothing = SupervisorCommand { program: "/nowhere".into(), args: Vec::new() };
    let (http, commands) = HttpControl::channel();
    let hosting = Hosting { http, ..Hosting::default() };
    let engine = Engine::start(claim, settings, nothing, hosting).unwrap();
    engine.set_paused(Pause { paused: true }).await.unwrap();
    (directory, engine, commands)
}

fn shell(directory: &Path, command: &str) -> NewTask {
    NewTask {
        execution_prompt: command.to_owned(),
        working_directory: directory.display().to_string(),
        agent: Agent::Shell,
        ..NewTask::default()
    }
}

#[tokio::test]
async fn waiting_clients_read_only_what_concerns_their_task() {
    const CLIENTS: usize = 100;
    let (directory, engine, _http) = started().await;
    let awaited = engine.submit(shell(directory.path(), "true")).await.unwrap().id;
    let after = engine.events(EventQuery::default()).await.unwrap().next;
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (this, query) = (engine.clone(), TaskQuery { wait_ms: 60_000 });
        clients.spawn(async move { assert!(this.get(awaited, query).await.is_ok()) });
        let (this, tasks) = (engine.clone(), vec![awaited]);
        let query =
            EventQuery { after: Some(after), tasks, wait_ms: 60_000, ..EventQuery::default() };
        clients.spawn(async move { assert_eq!(this.events(query).await.unwrap().events.len(), 1) });
    }
    let reads = || engine.inner.reads.load(Ordering::Relaxed);
    // All have looked and wait.
    let deadline = Instant::now() + LONG;
    while Arc::strong_count(&engine.inner.shown.event_waiters) < 2 + 2 * CLIENTS
        || engine.inner.reading.own.available_permits() < READS
        || reads() < CLIENTS
    {
        assert!(Instant::now() < deadline, "the clients do not wait");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let before = reads();
    for _ in 0..30 {
        engine.submit(shell(directory.path(), "false")).await.unwrap();
    }
    // On this one thread a task that was woken begins to read.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(reads() - before, 0, "reads for events of other tasks");
    engine.cancel(awaited).await.unwrap();
    tokio::time::timeout(LONG, clients.join_all()).await.expect("each is told of its task");
    assert!(reads() - before <= 3 * CLIENTS, "{} reads", reads() - before);
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_no_change_of_the_settings_half_done() {
    let (_directory, engine, mut http) = started().await;
    let http_settings = json(r#"{ "http": { "listen": "127.0.0.1:1" } }"#);
    let client = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.set_settings(http_settings).await })
    };
    let moved = http.commands.recv().await.unwrap();
    let HttpRequest::Configure(HttpSettings { listen, .. }) = &moved.request else {
        panic!("{moved:?}")
    };
    assert_eq!(listen, "127.0.0.1:1");
    // Moving the listener closes the connection of the request.
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    moved.answer.send(Ok(())).unwrap();
    let deadline = Instant::now() + LONG;
    while engine.settings_now().http.listen != "127.0.0.1:1" {
        assert!(Instant::now() < deadline, "the change is not in force");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let file = std::fs::read_to_string(&engine.paths().config).unwrap();
    assert!(file.contains("127.0.0.1:1"), "{file}");
    assert!(http.commands.try_recv().is_err(), "the listener stays there");
}

fn json(text: &str) -> SettingsChange {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_batch_that_is_refused_leaves_no_directories_behind() {
    let (directory, engine, _http) = started().await;
    let base = directory.path().join("base");
    let relative = shell(Path::new("a/b"), "true");
    let tasks = vec![relative.clone(), shell(Path::new("/nowhere/at/all"), "true")];
    let refused = engine.submit_batch(NewTasks { tasks, ..NewTasks::default() }).await.unwrap_err();
    assert!(refused.message.contains("tasks[1]"), "{refused}");
    assert!(!base.exists(), "the directory of a task that was refused");
    let tasks = vec![relative.clone(), relative];
    let made = engine.submit_batch(NewTasks { tasks, ..NewTasks::default() }).await.unwrap();
    assert_eq!(made.tasks[1].working_directory, base.join("a/b").display().to_string());
    assert!(base.join("a/b").is_dir());
}

/// A file of the Python claude-worker with a task in the queue.
fn predecessor(file: &Path, directory: &str) {
    let old = rusqlite::Connection::open(file).unwrap();
    old.execute_batch(
        "CREATE TABLE tasks (id INTEGER PRIMARY KEY, status TEXT, working_directory TEXT,
         system_prompt TEXT, execution_prompt TEXT, model TEXT, created_at TEXT, started_at TEXT,
         ended_at TEXT, last_action_cache TEXT, final_summary TEXT, error_message TEXT)",
    )
    .unwrap();
    old.execute(
        "INSERT INTO tasks (id, status, working_directory, execution_prompt, model, created_at)
         VALUES (1, 'PENDING', ?1, 'go on', 'opus', '2025-01-01 00:00:00')",
        [directory],
    )
    .unwrap();
}

#[tokio::test]
async fn an_import_waits_for_directories_as_a_submission_does() {
    let (directory, engine, _http) = started().await;
    // As many looks as may hang at one directory.
    let dead = directory.path().display().to_string();
    let (release, hold) = std::sync::mpsc::channel::<()>();
    let hold = Arc::new(std::sync::Mutex::new(hold));
    for _ in 0..2 {
        let hold = Arc::clone(&hold);
        let hang = move || drop(hold.lock().map(|hold| hold.recv()));
        let looks = &engine.inner.directory_checks;
        looks.look(&dead, Duration::from_millis(10), hang).await.unwrap_err();
    }
    let file = directory.path().join("old.db");
    predecessor(&file, &dead);
    let import = ImportTasks { file: file.display().to_string(), queue: true, dry_run: false };
    let imported = engine.import(import.clone()).await.unwrap();
    assert_eq!((imported.queued, imported.skipped), (0, 1), "{imported:?}");
    assert!(imported.problems[0].contains("did not answer"), "{imported:?}");
    drop(release);
    let deadline = Instant::now() + LONG;
    while engine.import(import.clone()).await.unwrap().queued == 0 {
        assert!(Instant::now() < deadline, "the directory answers again");
    }
}

#[tokio::test]
async fn a_token_expires_within_ten_years_or_is_not_created() {
    let (_directory, engine, _http) = started().await;
    let new = |after| NewToken {
        name: "ci".to_owned(),
        expires_after_ms: Some(after),
        ..NewToken::default()
    };
    for after in [0, LONGEST_DURATION + 1, u64::MAX] {
        let error = engine.create_token(new(after)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{error}");
    }
    assert_eq!(engine.tokens().await.unwrap().tokens, [], "nothing is stored");
    let created = engine.create_token(new(LONGEST_DURATION)).await.unwrap().token;
    assert_eq!(engine.tokens().await.unwrap().tokens, [created]);
}

#[tokio::test]
async fn a_long_search_is_refused_with_its_bound() {
    let (directory, engine, _http) = started().await;
    engine.submit(shell(directory.path(), "true")).await.unwrap();
    let search = |text: String| ListQuery { search: Some(text), ..ListQuery::default() };
    for longest in ["%".repeat(4096), "\u{10ffff}".repeat(4096)] {
        assert_eq!(engine.list(search(longest)).await.unwrap().tasks, []);
    }
    for long in [4097, 50_000] {
        let error = engine.list(search("a".repeat(long))).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{error}");
        assert!(error.message.contains("4096"), "{error}");
    }
}

#[tokio::test]
async fn a_task_is_submitted_with_the_project_of_its_repository() {
    let (directory, engine, _http) = started().await;
    let shop = directory.path().join("shop");
    std::fs::create_dir_all(shop.join(".git")).unwrap();
    std::fs::create_dir_all(shop.join("src")).unwrap();
    let above = engine.submit(shell(&shop, "true")).await.unwrap();
    let below = engine.submit(shell(&shop.join("src"), "true")).await.unwrap();
    let other = engine.submit(shell(directory.path(), "true")).await.unwrap();
    assert!(above.project.is_some() && above.project == below.project);
    assert!(other.project.is_some() && other.project != above.project);
    let projects = engine.projects(ProjectsQuery::default()).await.unwrap().projects;
    let shop = projects.iter().find(|project| Some(project.id) == above.project).unwrap();
    assert_eq!((shop.name.as_str(), shop.tasks, shop.running), ("shop", 2, 0));
    engine.remove(below.id).await.unwrap();
    let of_shop = ListQuery { project: Some("shop".to_owned()), ..ListQuery::default() };
    let left = engine.list(of_shop).await.unwrap().tasks;
    assert_eq!(left.iter().map(|task| task.id).collect::<Vec<_>>(), [above.id]);
    let directory_of_no_task = shop.root.clone() + "/src";
    let unknown = ListQuery { project: Some(directory_of_no_task), ..ListQuery::default() };
    assert_eq!(engine.list(unknown).await.unwrap_err().code, ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn the_project_of_a_directory_that_was_not_looked_at_is_found_later() {
    let (directory, engine, _http) = started().await;
    let shop = directory.path().join("shop");
    std::fs::create_dir_all(shop.join(".git")).unwrap();
    let task = engine.submit(shell(directory.path(), "true")).await.unwrap();
    let after = engine.events(EventQuery::default()).await.unwrap().next;
    // As an imported task: no client has looked at its directory.
    let submission = Submission { task: shell(&shop.join("gone"), "true"), sent_directory: None };
    let unplaced = engine.ask_for_task(Request::Submit(Box::new(submission))).await.unwrap();
    assert_eq!(unplaced.project, None);
    let deadline = Instant::now() + LONG;
    let mut query = EventQuery { after: Some(after), wait_ms: 1_000, ..EventQuery::default() };
    loop {
        assert!(Instant::now() < deadline, "its project is not found");
        let page = engine.events(query.clone()).await.unwrap();
        if page.events.iter().any(|event| event.kind == EventKind::ProjectsChanged) {
            break;
        }
        query.after = Some(page.next);
    }
    let placed = engine.get(unplaced.id, TaskQuery::default()).await.unwrap().task.project;
    assert!(placed.is_some() && placed != task.project);
}

/// Searches until something is found, or `expected` hits are.
async fn search(engine: &Engine, words: &str, expected: usize) -> Vec<SearchHit> {
    let deadline = Instant::now() + LONG;
    loop {
        let query = SearchQuery { words: words.to_owned(), ..SearchQuery::default() };
        let hits = engine.search(query).await.unwrap().hits;
        if hits.len() == expected {
            return hits;
        }
        assert!(Instant::now() < deadline, "{words}: {hits:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn marked(hit: &SearchHit) -> String {
    let parts = hit.snippet.iter();
    parts
        .map(|part| if part.matched { format!("[{}]", part.text) } else { part.text.clone() })
        .collect()
}

#[tokio::test]
async fn prompts_are_found_while_their_tasks_are_there() {
    let (directory, engine, _http) = started().await;
    let mut ids = Vec::new();
    for command in ["echo migrate the database", "echo other", "echo database of parseConfig"] {
        ids.push(engine.submit(shell(directory.path(), command)).await.unwrap().id);
    }
    let hits = search(&engine, "DATA", 2).await;
    assert_eq!(hits.iter().map(|hit| hit.task.id).collect::<Vec<_>>(), [ids[2], ids[0]]);
    assert_eq!(hits[1].place, SearchPlace::Prompt);
    assert_eq!(marked(&hits[1]), "echo migrate the [database]");
    assert_eq!(marked(&search(&engine, "config", 1).await[0]), "echo database of parse[Config]");
    let edit =
        TaskChanges { execution_prompt: Some("echo else".to_owned()), ..TaskChanges::default() };
    engine.edit(ids[0], Edit { changes: edit, ..Edit::default() }).await.unwrap();
    assert_eq!(search(&engine, "database", 1).await[0].task.id, ids[2]);
    engine.remove(ids[2]).await.unwrap();
    search(&engine, "database", 0).await;
    let query = |words: &str| SearchQuery { words: words.to_owned(), ..SearchQuery::default() };
    assert_eq!(engine.search(query("\" \"")).await.unwrap().hits, []);
    for words in ["else", "word_of_no_task", "\" \""] {
        let unknown = SearchQuery { project: Some("nowhere".to_owned()), ..query(words) };
        assert_eq!(engine.search(unknown).await.unwrap_err().code, ErrorCode::InvalidRequest);
    }
    let running = SearchQuery { statuses: vec![Status::Running], ..query("else") };
    assert_eq!(engine.search(running).await.unwrap().hits, []);
}

#[tokio::test]
async fn an_index_that_is_deleted_while_it_is_used_is_made_anew() {
    let (directory, engine, _http) = started().await;
    engine.submit(shell(directory.path(), "echo migrate the database")).await.unwrap();
    search(&engine, "database", 1).await;
    for ending in ["", "-wal", "-shm"] {
        std::fs::remove_file(directory.path().join(format!("search.db{ending}"))).unwrap();
    }
    // Searches that have the file open find in it what they did; those that do not make the index anew.
    engine.inner.searches.close();
    search(&engine, "database", 1).await;
    engine.submit(shell(directory.path(), "echo another database")).await.unwrap();
    search(&engine, "database", 2).await;
}

#[tokio::test]
async fn a_move_tells_of_the_place_and_not_of_a_state() {
    let (directory, engine, _http) = started().await;
    engine.submit(shell(directory.path(), "echo 1")).await.unwrap();
    let second = engine.submit(shell(directory.path(), "echo 2")).await.unwrap().id;
    let after = engine.events(EventQuery::default()).await.unwrap().next;
    engine.move_task(second, Move { to: QueuePlace::First }).await.unwrap();
    let query = EventQuery { after: Some(after), ..EventQuery::default() };
    let events = engine.events(query).await.unwrap().events;
    let kinds: Vec<_> = events.into_iter().map(|event| (event.task, event.kind)).collect();
    assert_eq!(kinds, [(Some(second), EventKind::Moved)]);
}

#[tokio::test]
async fn a_released_directory_has_no_open_index() {
    let (directory, mut engine, _http) = started().await;
    let open = directory.path().join("search.db-shm");
    for round in 0..20 {
        for number in 0..20 {
            let command = format!("echo {round} {number} {}", "word ".repeat(2000));
            engine.submit(shell(directory.path(), &command)).await.unwrap();
        }
        engine.stop(StopRequest { mode: StopMode::LeaveRunning }).await.unwrap();
        engine.release().await;
        assert!(!open.exists(), "round {round}");
        let claim = Claim::take(Paths::below(directory.path())).unwrap();
        let nothing = SupervisorCommand { program: "/nowhere".into(), args: Vec::new() };
        engine = Engine::start(claim, Settings::default(), nothing, Hosting::default()).unwrap();
    }
}

#[tokio::test]
async fn an_index_that_is_gone_is_made_anew_from_the_tasks() {
    let (directory, engine, _http) = started().await;
    for number in 0..120 {
        let command = format!("echo number{number} alike");
        engine.submit(shell(directory.path(), &command)).await.unwrap();
    }
    search(&engine, "number119", 1).await;
    let paths = engine.paths().clone();
    engine.stop(StopRequest { mode: StopMode::LeaveRunning }).await.unwrap();
    engine.release().await;
    drop(engine);
    std::fs::write(&paths.search, "not an index any more").unwrap();
    let claim = Claim::take(paths).unwrap();
    let nothing = SupervisorCommand { program: "/nowhere".into(), args: Vec::new() };
    let engine = Engine::start(claim, Settings::default(), nothing, Hosting::default()).unwrap();
    search(&engine, "number0", 1).await;
    let mut query = SearchQuery { words: "alike".to_owned(), ..SearchQuery::default() };
    query.limit = Some(50);
    let mut found = 0;
    loop {
        let page = engine.search(query.clone()).await.unwrap();
        found += page.hits.len();
        query.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(found, 120, "page by page");
}
