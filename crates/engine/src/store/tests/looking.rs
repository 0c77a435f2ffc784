//! Finding tasks, and what nobody has looked at.

use claude_worker_api::{
    Cursor, DeniedTool, Order, ProjectId, Spent, SubmittedBy, Unseen as Counts, WaitReason,
};

use super::super::UnseenKind;
use super::super::list;
use super::*;

/// What a search, a filter or an order gives.
fn listed(readers: &Readers, query: &ListQuery) -> Vec<i64> {
    readers.list(query, 100).unwrap().0.iter().map(|stored| stored.task.id.0).collect()
}

/// A finished task: failed, completed, or completed with something denied.
fn ended(writer: &mut Writer, position: i64, end: &str) -> TaskId {
    let id = insert(writer, position);
    let old = writer.task(id).unwrap().unwrap().state;
    let ended_at = at(position);
    let denied = DeniedTool {
        tool: "Bash".to_owned(),
        input: "ls".to_owned(),
        rule: None,
        ..DeniedTool::default()
    };
    let new = match end {
        "failed" => TaskState::Failed { ended_at, failure: Failure::Lost },
        "denied" => {
            TaskState::Completed { ended_at, denied_tools: vec![denied], notes: Vec::new() }
        }
        "done" => TaskState::Completed { ended_at, denied_tools: Vec::new(), notes: Vec::new() },
        _ => TaskState::Cancelled { ended_at },
    };
    writer.set_state(id, &Columns::from(&old), &new, None).unwrap();
    id
}

#[test]
fn a_finished_task_is_unseen_until_a_person_sees_it() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let ids: Vec<TaskId> = ["failed", "denied", "done", "cancelled", "failed"]
        .iter()
        .zip(1..)
        .map(|(end, position)| ended(&mut writer, position, end))
        .collect();
    insert(&mut writer, 6);
    let unseen = |failed, denied| Counts { failed, denied };
    assert_eq!(writer.unseen().unwrap(), unseen(2, 1));
    let attention = ListQuery { attention: true, ..ListQuery::default() };
    let oldest = ListQuery { order: Order::OldestFirst, ..attention.clone() };
    let completed = ListQuery { statuses: vec![Status::Completed], ..attention.clone() };
    assert_eq!(listed(&readers, &attention), [5, 2, 1]);
    assert_eq!(listed(&readers, &oldest), [1, 2, 5]);
    assert_eq!(listed(&readers, &completed), [2]);
    let later = ListQuery { cursor: Some(TaskId(2).into()), ..oldest };
    assert_eq!(listed(&readers, &later), [5]);
    let flags = |readers: &Readers| -> Vec<bool> {
        readers.list(&ListQuery::default(), 9).unwrap().0.iter().map(|t| t.task.unseen).collect()
    };
    assert_eq!(flags(&readers), [false, true, true, true, true, true]);

    assert_eq!(writer.mark_seen(ids[0]).unwrap(), UnseenKind::Failed);
    assert_eq!(writer.mark_seen(ids[0]).unwrap(), UnseenKind::Nothing);
    assert_eq!(writer.mark_seen(ids[2]).unwrap(), UnseenKind::End);
    assert_eq!(writer.mark_seen(TaskId(99)).unwrap(), UnseenKind::Nothing);
    // Queued again and removed, they need nobody any more.
    let old = writer.task(ids[1]).unwrap().unwrap().state;
    writer
        .set_state(ids[1], &Columns::from(&old), &TaskState::pending(Plan::New), Some(9))
        .unwrap();
    writer.delete_task(ids[4]).unwrap();
    assert_eq!(writer.unseen().unwrap(), unseen(0, 0));
    assert_eq!(listed(&readers, &attention), [0; 0]);

    assert_eq!(writer.mark_all_seen().unwrap(), 1, "the cancelled one");
    assert_eq!(writer.mark_all_seen().unwrap(), 0);
    assert!(!flags(&readers).contains(&true));
}

#[test]
fn a_search_looks_at_names_directories_and_numbers() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    for (position, (name, directory)) in
        [("Fix the parser", "/srv/Alpha"), ("Answer 7", "/srv/beta"), ("100 % done", "/srv/a_b")]
            .iter()
            .zip(1..)
            .map(|(task, position)| (position, task))
    {
        let request = NewTask { working_directory: (*directory).to_owned(), ..request("x") };
        writer
            .insert_task(
                &request,
                FilledDefaults::default(),
                name,
                position,
                &Origin::default(),
                at(position),
            )
            .unwrap();
    }
    let check = |text: &str, expected: &[i64]| {
        let search = ListQuery { search: Some(text.to_owned()), ..ListQuery::default() };
        assert_eq!(listed(&readers, &search), expected, "{text}");
        let ids = vec![TaskId(1), TaskId(2), TaskId(3)];
        assert_eq!(listed(&readers, &ListQuery { ids, ..search.clone() }), expected, "{text}");
        let pending = ListQuery { statuses: vec![Status::Pending], ..search.clone() };
        assert_eq!(listed(&readers, &pending), expected, "{text}");
        let failed = ListQuery { statuses: vec![Status::Failed], ..search };
        assert_eq!(listed(&readers, &failed), [0; 0], "{text}");
    };
    check("PARSER", &[1]);
    check("alpha", &[1]);
    check("/srv", &[3, 2, 1]);
    check("#3", &[3]);
    check(" 2 ", &[2]);
    check("7", &[2]);
    check("1", &[3, 1]);
    check("%", &[3]);
    check("_", &[3]);
    check("", &[3, 2, 1]);
    check("nothing", &[]);
}

#[test]
fn a_directory_stands_for_all_below_it_and_an_instant_for_all_since() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    for (directory, position) in
        ["/srv/a", "/srv/a/b c", "/srv/a.b", "/srv/ab", "/srv", "/srv/a0", "/srv/a%"]
            .iter()
            .zip(1..)
    {
        let request = NewTask { working_directory: (*directory).to_owned(), ..request("x") };
        let defaults = FilledDefaults::default();
        writer
            .insert_task(&request, defaults, "x", position, &Origin::default(), at(position))
            .unwrap();
    }
    let below = |directory: &str| {
        let query = ListQuery { directory: Some(directory.to_owned()), ..ListQuery::default() };
        let searched = ListQuery { search: Some("srv".to_owned()), ..query.clone() };
        assert_eq!(listed(&readers, &query), listed(&readers, &searched));
        listed(&readers, &query)
    };
    assert_eq!(below("/srv/a"), [2, 1]);
    assert_eq!(below("/srv/a/"), [2, 1]);
    assert_eq!(below("/srv/a%"), [7]);
    assert_eq!(below("/"), [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(below("/sr"), [0; 0]);
    let since = ListQuery { since: Some(at(6)), ..ListQuery::default() };
    assert_eq!(listed(&readers, &since), [7, 6]);
    let directory = Some("/srv/a%".to_owned());
    assert_eq!(listed(&readers, &ListQuery { directory, ..since }), [7]);
}

#[test]
fn tasks_that_ended_last_are_listed_first_page_by_page() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    // The first task runs the longest; two end at the same instant; one does not end.
    let ids: Vec<TaskId> = (1..=6).map(|position| insert(&mut writer, position)).collect();
    for (id, end) in ids.iter().zip([90, 30, 30, 20, 40]) {
        let old = writer.task(*id).unwrap().unwrap().state;
        let new =
            TaskState::Completed { ended_at: at(end), denied_tools: Vec::new(), notes: Vec::new() };
        let failed = TaskState::Failed { ended_at: at(end), failure: Failure::Lost };
        writer
            .set_state(*id, &Columns::from(&old), if end == 20 { &failed } else { &new }, None)
            .unwrap();
    }
    let all = ListQuery { order: Order::EndedLast, ..ListQuery::default() };
    assert_eq!(listed(&readers, &all), [1, 5, 3, 2, 4]);
    let completed = ListQuery { statuses: vec![Status::Completed], ..all.clone() };
    assert_eq!(listed(&readers, &completed), [1, 5, 3, 2]);
    let search = ListQuery { search: Some("4".to_owned()), ..all.clone() };
    assert_eq!(listed(&readers, &search), [4]);
    let after = |id: i64, end| ListQuery {
        cursor: Some(Cursor { id: TaskId(id), place: Some(at(end).as_millis()) }),
        ..all.clone()
    };
    assert_eq!(listed(&readers, &after(1, 90)), [5, 3, 2, 4]);
    assert_eq!(listed(&readers, &after(3, 30)), [2, 4]);
    assert_eq!(listed(&readers, &after(4, 20)), [0; 0]);
    // It goes on there although the task has gone on, or has gone.
    let old = writer.task(ids[2]).unwrap().unwrap().state;
    writer
        .set_state(ids[2], &Columns::from(&old), &TaskState::pending(Plan::New), Some(9))
        .unwrap();
    assert_eq!(listed(&readers, &after(3, 30)), [2, 4]);
}

#[test]
fn tasks_that_start_next_are_listed_first_page_by_page() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let ids: Vec<TaskId> = (1..=5).map(|position| insert(&mut writer, position)).collect();
    let mut set = |id: TaskId, new: TaskState, position| {
        let old = writer.task(id).unwrap().unwrap().state;
        writer.set_state(id, &Columns::from(&old), &new, position).unwrap();
    };
    // One has ended; another one has, too, and is to run again, so it comes last; one waits.
    set(ids[2], TaskState::Cancelled { ended_at: at(1) }, None);
    set(ids[0], TaskState::Cancelled { ended_at: at(2) }, None);
    set(ids[0], TaskState::pending(Plan::New), Some(6));
    let reason = WaitReason::UsageLimit { until: at(9), tries: 1, most_tries: 8 };
    set(ids[1], TaskState::Waiting { reason, plan: Plan::New, tried: Attempts::default() }, None);
    let all = ListQuery { order: Order::NextFirst, ..ListQuery::default() };
    assert_eq!(listed(&readers, &all), [2, 4, 5, 1]);
    let places: Vec<_> =
        readers.list(&all, 9).unwrap().0.iter().map(|t| t.task.queue_place).collect();
    assert_eq!(places, [Some(2), Some(4), Some(5), Some(6)]);
    let ended = readers.task(ids[2]).unwrap().unwrap().task;
    assert_eq!(ended.queue_place, None, "it is not in the queue");
    let pending = ListQuery { statuses: vec![Status::Pending], ..all.clone() };
    assert_eq!(listed(&readers, &pending), [4, 5, 1]);
    let search = ListQuery { search: Some("#5".to_owned()), ..all.clone() };
    assert_eq!(listed(&readers, &search), [5]);
    let after = |id: i64, place| ListQuery {
        cursor: Some(Cursor { id: TaskId(id), place: Some(place) }),
        ..all.clone()
    };
    assert_eq!(listed(&readers, &after(4, 4)), [5, 1]);
    assert_eq!(listed(&readers, &after(1, 6)), [0; 0]);
    // It goes on there although the task begins meanwhile, or has gone.
    assert_eq!(listed(&readers, &after(3, 3)), [4, 5, 1]);
}

/// Every filter goes by an index that has the order of the list, and so nothing is sorted and no
/// row is read that is not shown.
#[test]
fn no_list_sorts_or_reads_rows_it_does_not_show() {
    let place = Place::new();
    drop(place.open());
    let database = rusqlite::Connection::open(place.database()).unwrap();
    let plan = |query: &ListQuery, after| -> Vec<String> {
        let project = query.project.as_ref().map(|_| ProjectId(1));
        let (sql, values) = list::statement(query, project, after, 50);
        let mut explain = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = explain.query_map(rusqlite::params_from_iter(values), |row| row.get(3));
        steps.unwrap().map(Result::unwrap).collect()
    };
    let position = Cursor { id: TaskId(7), place: Some(7) };
    let check = |query: &ListQuery, step: &str, step_after: &str| {
        for (after, expected) in [(None, step), (Some(position), step_after)] {
            let steps = plan(query, after);
            assert!(steps.iter().any(|step| step.contains(expected)), "{query:?}: {steps:?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
        }
    };
    let failed = ListQuery { statuses: vec![Status::Failed], ..ListQuery::default() };
    let project = ListQuery { project: Some("shop".to_owned()), ..ListQuery::default() };
    for query in [&failed, &project, &ListQuery::default()] {
        let query = ListQuery { order: Order::EndedLast, ..query.clone() };
        check(&query, "task USING INDEX task_by_end", "task_by_end (ended_at>? AND ended_at<?)");
    }
    let waiting = ListQuery { statuses: vec![Status::Waiting], ..ListQuery::default() };
    for query in [&waiting, &project, &ListQuery::default()] {
        let query = ListQuery { order: Order::NextFirst, ..query.clone() };
        check(&query, "task USING INDEX task_in_queue", "task_in_queue (queue_position>?)");
    }
    let attention = ListQuery { attention: true, ..failed.clone() };
    let search = ListQuery { search: Some("text".to_owned()), ..failed.clone() };
    let below = ListQuery { directory: Some("/srv".to_owned()), ..failed.clone() };
    let of_project = ListQuery { project: project.project, ..failed.clone() };
    let since = ListQuery { since: Some(at(7)), ..of_project.clone() };
    let submitted_by = Some(SubmittedBy::Token("ci".to_owned()));
    let submitter = ListQuery { submitted_by, ..failed.clone() };
    for (query, step, step_after) in [
        (submitter, "task USING INDEX task_by_submitter", "task_by_submitter (submitted_by=? AND "),
        (ListQuery::default(), "SCAN task", "task USING INTEGER PRIMARY KEY (rowid"),
        (failed, "task USING INDEX task_by_status", "task USING INDEX task_by_status"),
        (attention, "unseen USING INDEX unseen_needy", "unseen USING INDEX unseen_needy (task_id"),
        (search, "USING COVERING INDEX task_search", "USING COVERING INDEX task_search (id"),
        (of_project, "USING COVERING INDEX task_search", "USING COVERING INDEX task_search (id"),
        (since, "USING COVERING INDEX task_search", "USING COVERING INDEX task_search (id"),
        (below, "USING COVERING INDEX task_search", "USING COVERING INDEX task_search (id"),
    ] {
        for order in [Order::NewestFirst, Order::OldestFirst] {
            check(&ListQuery { order, ..query.clone() }, step, step_after);
        }
    }
}

#[test]
fn a_run_costs_what_it_adds_to_its_session() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let task = insert(&mut writer, 1);
    let resume = |session: &str| Plan::Resume { session_id: session.into(), follow_up: "x".into() };
    let mut run = |number: u32, plan: &Plan, ended: i64, cost_usd: Option<f64>| {
        let run = RunId::new(task, number, number);
        writer.insert_run(task, &run, number, plan, None).unwrap();
        let outcome = RunOutcome {
            ended_at: at(ended),
            verdict: Verdict::Cancelled,
            exit_code: None,
            exit_signal: None,
        };
        let mut end = RunEnd::without_output(outcome);
        end.usage.cost_usd = cost_usd;
        if let Plan::Resume { session_id, .. } = plan {
            end.session_id = Some(session_id.clone());
        }
        writer.run_ended(task, &run, &end, WhatFollows::TaskEnds).unwrap();
    };
    run(1, &resume("a"), 10, Some(1.0));
    run(2, &resume("a"), 20, Some(1.5));
    run(3, &resume("a"), 30, None);
    run(4, &resume("b"), 40, Some(0.25));
    run(5, &resume("a"), 50, Some(1.75));
    let spent = |since: i64| readers.spent(at(since)).unwrap();
    assert_eq!(spent(0), Spent { cost_usd: 2.0, runs: 5 });
    assert_eq!(spent(11), Spent { cost_usd: 1.0, runs: 4 });
    assert_eq!(spent(20), Spent { cost_usd: 1.0, runs: 4 });
    assert_eq!(spent(21), Spent { cost_usd: 0.5, runs: 3 });
    assert_eq!(spent(51), Spent::default());
    writer.delete_task(task).unwrap();
    assert_eq!(spent(0).runs, 5, "removing does not pay back");
}

#[test]
fn a_task_has_a_session_once_a_run_has_begun_one() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let (with, without) = (insert(&mut writer, 1), insert(&mut writer, 2));
    let has_session = || {
        let query = ListQuery { order: Order::OldestFirst, ..ListQuery::default() };
        let (found, _) = readers.list(&query, 9).unwrap();
        found.into_iter().map(|stored| stored.task.has_session).collect::<Vec<_>>()
    };
    let run = RunId::new(with, 1, 1);
    writer.insert_run(with, &run, 1, &Plan::New, None).unwrap();
    finish(&mut writer, without, 10, 0);
    assert_eq!(has_session(), [false, false], "a run alone is not a session");
    writer.progress(with, &run, None, Some("s"), None).unwrap();
    assert_eq!(has_session(), [true, false]);
}

#[test]
fn unfinished_tasks_of_a_parent_and_of_a_caller_are_counted() {
    let place = Place::new();
    let mut writer = place.open();
    let parent = insert(&mut writer, 1);
    let child =
        NewTask { parent: Some(parent), caller: Some("mcp:1".to_owned()), ..request("child") };
    let ids: Vec<TaskId> = (2..=4)
        .map(|position| {
            writer
                .insert_task(
                    &child,
                    FilledDefaults::default(),
                    "child",
                    position,
                    &Origin { depth: 1, ..Origin::default() },
                    at(position),
                )
                .unwrap()
        })
        .collect();
    let counted = |writer: &Writer| {
        let of_parent = writer.unfinished_of_parent(parent).unwrap();
        assert_eq!(writer.unfinished_of_caller("mcp:1").unwrap(), of_parent);
        of_parent
    };
    assert_eq!(counted(&writer), 3);
    assert_eq!((writer.depth(parent).unwrap(), writer.depth(ids[0]).unwrap()), (Some(0), Some(1)));
    assert_eq!(writer.depth(TaskId(99)).unwrap(), None);
    finish(&mut writer, ids[0], 10, 0);
    assert_eq!(counted(&writer), 2);
    // Run once more, it is unfinished again.
    let old = writer.task(ids[0]).unwrap().unwrap().state;
    writer
        .set_state(ids[0], &Columns::from(&old), &TaskState::pending(Plan::New), Some(9))
        .unwrap();
    assert_eq!(counted(&writer), 3);
    writer.delete_task(ids[1]).unwrap();
    assert_eq!(counted(&writer), 2);
    assert_eq!(writer.unfinished_of_caller("mcp:2").unwrap(), 0);
}

#[test]
fn events_of_some_tasks_or_of_what_lasts() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let progress = EventKind::Progress { last_action: "x".to_owned() };
    for task in 1..=3 {
        writer.append_event(Some(TaskId(task)), &EventKind::Submitted, at(0)).unwrap();
        writer.append_event(Some(TaskId(task)), &progress, at(0)).unwrap();
    }
    writer.append_event(None, &EventKind::Seen, at(0)).unwrap();
    let seqs = |query: EventQuery, limit| -> Vec<i64> {
        let (events, gap) = readers.events(0, limit, &EventFilter::new(&query)).unwrap();
        assert!(!gap);
        events.iter().map(|event| event.seq).collect()
    };
    let of = |tasks: &[i64], lasting| EventQuery {
        tasks: tasks.iter().copied().map(TaskId).collect(),
        lasting,
        ..EventQuery::default()
    };
    assert_eq!(seqs(of(&[], false), 99), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(seqs(of(&[], true), 99), [1, 3, 5, 7]);
    assert_eq!(seqs(of(&[3, 1], false), 99), [1, 2, 5, 6]);
    assert_eq!(seqs(of(&[3, 1], true), 1), [1]);
    assert_eq!(seqs(of(&[9], false), 99), [0; 0]);
}
