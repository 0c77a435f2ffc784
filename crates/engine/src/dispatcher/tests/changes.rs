//! Changes of tasks: with a retry, and before they begin.

use std::collections::BTreeMap;

use claude_worker_api::{Edit, ErrorCode, Retry, Task, TaskChanges, TaskId};

use super::*;
use crate::env_file;

fn task(env: &[(&str, &str)]) -> Request {
    let task = NewTask {
        execution_prompt: "Do it".to_owned(),
        working_directory: "/".to_owned(),
        allowed_tools: vec!["Read".to_owned()],
        env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..NewTask::default()
    };
    Request::Submit(Box::new(Submission { task, sent_directory: None }))
}

/// The variables that were given to a task.
fn given(dispatcher: &Dispatcher, id: TaskId) -> BTreeMap<String, String> {
    let file = dispatcher.writer.env_files(id).unwrap().given.expect("the row names a file");
    env_file::kept(&dispatcher.paths.env, &file).unwrap()
}

/// How many files with variables there are.
fn env_files(place: &Place) -> usize {
    std::fs::read_dir(place.paths().env).unwrap().count()
}

fn edit(id: TaskId, changes: TaskChanges) -> Request {
    Request::Edit(id, Box::new(Edit { changes, ..Edit::default() }))
}

fn shown(answer: Result<Reply, ApiError>) -> Task {
    let Ok(Reply::Task(task)) = answer else { panic!("{answer:?}") };
    *task
}

#[test]
fn a_retry_changes_the_task_and_its_secrets_stay_out_of_the_database() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    std::fs::create_dir_all(&place.paths().env).unwrap();
    let mut asked = |request| dispatcher.asked_by(&Principal::Local, request);
    let id = shown(asked(task(&[("A", "one"), ("B", "two")]))).id;
    asked(Request::Cancel(id)).unwrap();
    let changes = TaskChanges {
        model: Some("opus".to_owned()),
        allowed_tools: vec!["Bash(touch x)".to_owned()],
        env: [("B".to_owned(), "secret".to_owned())].into(),
        ..TaskChanges::default()
    };
    let retry = Retry { changes, ..Retry::default() };
    let task = shown(asked(Request::Retry(id, Box::new(retry))));
    assert_eq!((task.model.as_deref(), task.name.as_str()), (Some("opus"), "Do it"));
    let request = dispatcher.writer.request(id).unwrap().unwrap();
    assert_eq!(request.allowed_tools, ["Read", "Bash(touch x)"]);
    assert_eq!(request.env.values().map(String::as_str).collect::<Vec<_>>(), ["", ""]);
    let kept = given(&dispatcher, id);
    assert_eq!(kept.into_values().collect::<Vec<_>>(), ["one", "secret"]);
    assert_eq!(env_files(&place), 1, "the former file is deleted");
}

#[test]
fn variables_of_a_change_that_is_not_stored_are_taken_back() {
    // One refuses the request alone, the other the whole round.
    for failure in ["ABORT", "ROLLBACK"] {
        let place = Place::new();
        let (mut dispatcher, _) = place.dispatcher();
        dispatcher.memory.paused = true;
        std::fs::create_dir_all(&place.paths().env).unwrap();
        let id = shown(dispatcher.asked_by(&Principal::Local, task(&[("A", "old")]))).id;
        let trigger = format!(
            "CREATE TRIGGER refused BEFORE UPDATE ON request
             BEGIN SELECT RAISE({failure}, 'this row cannot be written'); END"
        );
        place.raw().execute_batch(&trigger).unwrap();
        let changes = TaskChanges {
            env: [("A".to_owned(), "new".to_owned())].into(),
            ..TaskChanges::default()
        };
        let (answer, mut answered) = oneshot::channel();
        let request = Message::Request(edit(id, changes), Principal::Local, answer);
        assert!(dispatcher.round(vec![request]).is_empty());
        assert!(answered.try_recv().unwrap().is_err());
        assert_eq!(dispatcher.failed, failure == "ROLLBACK");
        assert_eq!(given(&dispatcher, id)["A"], "old", "{failure}");
        assert_eq!(env_files(&place), 1, "{failure}");
    }
}

#[test]
fn an_engine_that_dies_before_the_commit_leaves_a_task_its_variables() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    std::fs::create_dir_all(&place.paths().env).unwrap();
    let id = shown(dispatcher.asked_by(&Principal::Local, task(&[("A", "old")]))).id;
    let edit = Edit {
        changes: TaskChanges {
            env: [("A".to_owned(), "new".to_owned())].into(),
            ..TaskChanges::default()
        },
        ..Edit::default()
    };
    // All of a round but its end.
    dispatcher.writer.begin().unwrap();
    dispatcher.edit(id, &edit, Timestamp::default(), &mut AfterCommit::default()).unwrap();
    assert_eq!(env_files(&place), 2);
    drop(dispatcher);
    let (dispatcher, _) = place.dispatcher();
    assert_eq!(given(&dispatcher, id)["A"], "old");
    env_file::sweep(&place.paths().env, |name| dispatcher.writer.is_env_file_used(name).unwrap());
    assert_eq!((given(&dispatcher, id)["A"].as_str(), env_files(&place)), ("old", 1));
}

#[test]
fn variables_do_not_grow_beyond_the_bound_by_changes() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    std::fs::create_dir_all(&place.paths().env).unwrap();
    let mut asked = |request| dispatcher.asked_by(&Principal::Local, request);
    let large = "x".repeat(100_000);
    let variables = |names: std::ops::Range<usize>| -> BTreeMap<String, String> {
        names.map(|n| (format!("LARGE_{n}"), large.clone())).collect()
    };
    let changes = |names| TaskChanges { env: variables(names), ..TaskChanges::default() };
    let id = shown(asked(task(&[("A", &large)]))).id;
    shown(asked(edit(id, changes(0..6))));
    let refused = asked(edit(id, changes(6..12))).unwrap_err();
    assert!(refused.message.contains("take") && refused.message.contains("together"));
    // The same ones again take no more.
    shown(asked(edit(id, changes(0..6))));
    asked(Request::Cancel(id)).unwrap();
    let retry = |of_shell| {
        Request::Retry(id, Box::new(Retry { inherited_env: of_shell, ..Retry::default() }))
    };
    assert_eq!(asked(retry(variables(6..12))).unwrap_err().code, ErrorCode::InvalidRequest);
    shown(asked(retry(variables(6..8))));
    // Those of the shell count, too.
    let refused = asked(edit(id, changes(8..10))).unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidRequest, "{refused:?}");
}

#[test]
fn a_change_that_could_not_be_submitted_leaves_the_task_as_it_was() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    let mut asked = |request| dispatcher.asked_by(&Principal::Local, request);
    let id = shown(asked(task(&[]))).id;
    asked(Request::Cancel(id)).unwrap();
    let changes = TaskChanges { shell: Some("bash".to_owned()), ..TaskChanges::default() };
    let refused =
        asked(Request::Retry(id, Box::new(Retry { changes, ..Retry::default() }))).unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidRequest, "{refused:?}");
    let stored = dispatcher.writer.task(id).unwrap().unwrap();
    assert!(stored.task.state.is_finished(), "{stored:?}");
    assert_eq!(dispatcher.writer.request(id).unwrap().unwrap().shell, None);
}

#[test]
fn a_task_is_edited_until_it_begins() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    let mut asked = |request| dispatcher.asked_by(&Principal::Local, request);
    let id = shown(asked(task(&[]))).id;
    let prompt = |text: &str| TaskChanges {
        execution_prompt: Some(text.to_owned()),
        ..TaskChanges::default()
    };
    let task = shown(asked(edit(id, prompt("Do this instead"))));
    assert_eq!(task.name, "Do this instead", "its name is the prompt's first line");
    let named = TaskChanges { name: Some("Mine".to_owned()), ..TaskChanges::default() };
    assert_eq!(shown(asked(edit(id, named))).name, "Mine");
    assert_eq!(shown(asked(edit(id, prompt("Or that")))).name, "Mine");
    asked(Request::Cancel(id)).unwrap();
    let refused = asked(edit(id, prompt("Too late"))).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict, "{refused:?}");
    assert!(refused.hint.contains(&format!("claude-worker retry {id}")), "{refused:?}");
    assert_eq!(asked(edit(TaskId(99), prompt("x"))).unwrap_err().code, ErrorCode::NotFound);
    let request = dispatcher.writer.request(id).unwrap().unwrap();
    assert_eq!(request.execution_prompt, "Or that");
}
