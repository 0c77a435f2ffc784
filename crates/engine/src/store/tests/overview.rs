//! Figures of days, and what happened since a moment.

use claude_worker_api::{
    DeniedTool, FirstTasks, Overview, OverviewQuery, RunFigures, Spread, WaitReason,
};

use super::*;

const DAY: i64 = 1000;

/// A run of a task, and what becomes of the task.
struct Ran<'a> {
    model: Option<&'a str>,
    usd: f64,
    queued: i64,
    started: i64,
    ended: i64,
    state: TaskState,
    follows: WhatFollows,
}

fn completed(ended: i64, is_denied: bool) -> TaskState {
    let denied = DeniedTool { tool: "Bash".to_owned(), ..DeniedTool::default() };
    TaskState::Completed {
        ended_at: at(ended),
        denied_tools: is_denied.then_some(denied).into_iter().collect(),
        notes: Vec::new(),
    }
}

fn failed(ended: i64) -> TaskState {
    TaskState::Failed { ended_at: at(ended), failure: Failure::Lost }
}

/// A task in the project with this root, that has not run.
fn queue(writer: &mut Writer, root: &str) -> TaskId {
    let request = NewTask { working_directory: root.to_owned(), ..request("x") };
    let origin = Origin { project_root: Some(root.into()), ..Origin::default() };
    writer.insert_task(&request, FilledDefaults::default(), "x", 1, &origin, at(0)).unwrap()
}

fn run(writer: &mut Writer, task: TaskId, ran: Ran<'_>) {
    let Ran { model, usd, queued, started, ended, state, follows } = ran;
    let number = writer.task(task).unwrap().unwrap().task.runs + 1;
    let run = RunId::new(task, number, 7);
    writer.set_queued_at(task, at(queued)).unwrap();
    writer.insert_run(task, &run, number, &Plan::New, None).unwrap();
    let verdict = match &state {
        TaskState::Completed { .. } => {
            Verdict::Completed { denied_tools: Vec::new(), notes: Vec::new() }
        }
        TaskState::Cancelled { .. } => Verdict::Cancelled,
        _ => Verdict::Failed { failure: Failure::Lost },
    };
    let outcome = RunOutcome { ended_at: at(ended), verdict, exit_code: None, exit_signal: None };
    let mut end = RunEnd::without_output(outcome);
    end.started_at = Some(at(started));
    end.model = model.map(str::to_owned);
    end.session_id = Some(run.as_str().to_owned());
    end.usage = Usage { cost_usd: Some(usd), ..Usage::default() };
    writer.run_ended(task, &run, &end, follows).unwrap();
    let old = writer.task(task).unwrap().unwrap().state;
    writer.set_state(task, &Columns::from(&old), &state, None).unwrap();
}

/// A task in `root` that ran once.
fn ran(writer: &mut Writer, root: &str, model: &str, usd: f64, state: TaskState) -> TaskId {
    let task = queue(writer, root);
    let ended = state.to_wire().ended_at().unwrap().as_millis();
    let model = Some(model);
    let follows = WhatFollows::TaskEnds;
    let (queued, started) = (ended - 30, ended - 20);
    run(writer, task, Ran { model, usd, queued, started, ended, state, follows });
    task
}

fn overview(readers: &Readers, query: &OverviewQuery) -> Overview {
    let days = [at(0), at(DAY), at(2 * DAY)];
    readers.overview(query, &days, |stored| stored.task).unwrap()
}

fn numbers(list: &FirstTasks) -> (u64, Vec<TaskId>) {
    (list.count, list.tasks.iter().map(|task| task.id).collect())
}

#[test]
fn figures_stay_when_their_task_is_removed_and_go_by_project_and_model() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let shop = ran(&mut writer, "/shop", "opus", 1.0, completed(500, false));
    ran(&mut writer, "/docs", "haiku", 2.0, failed(1500));
    writer.delete_task(shop).unwrap();

    let all = overview(&readers, &OverviewQuery::default());
    let one = RunFigures { run_ms: 20, runs: 1, ..RunFigures::default() };
    let [first, second, third] = all.days[..] else { panic!("{all:?}") };
    assert_eq!(first.figures, RunFigures { cost_usd: 1.0, completed: 1, ..one });
    assert_eq!(second.figures, RunFigures { cost_usd: 2.0, failed: 1, ..one });
    assert_eq!((third.start, third.figures), (at(2 * DAY), RunFigures::default()));
    let projects: Vec<_> =
        all.projects.iter().map(|it| (it.name.as_str(), it.figures.cost_usd)).collect();
    assert_eq!(projects, [("docs", 2.0), ("shop", 1.0)]);
    let models: Vec<_> =
        all.models.iter().map(|it| (it.model.as_deref(), it.figures.cost_usd)).collect();
    assert_eq!(models, [(Some("haiku"), 2.0), (Some("opus"), 1.0)]);
    assert_eq!(all.took, Some(Spread { runs: 2, median_ms: 20, p90_ms: 20 }));
    assert_eq!(all.waited, Some(Spread { runs: 2, median_ms: 10, p90_ms: 10 }));

    let query = OverviewQuery { project: Some("SHOP".to_owned()), ..OverviewQuery::default() };
    let of_shop = overview(&readers, &query);
    assert_eq!((of_shop.total.runs, of_shop.projects.len(), of_shop.models.len()), (1, 2, 1));
    let query = OverviewQuery { project: Some("nothing".to_owned()), ..OverviewQuery::default() };
    let refused = readers.overview(&query, &[at(0)], |stored| stored.task);
    let Err(EngineError::Refused(error)) = refused else { panic!("another answer") };
    assert_eq!(error.message, "There is no project \"nothing\"");
}

#[test]
fn a_run_that_met_a_limit_costs_and_ends_no_task() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let task = queue(&mut writer, "/shop");
    let limited = Ran {
        model: None,
        usd: 1.0,
        queued: 90,
        started: 100,
        ended: 200,
        state: TaskState::pending(Plan::New),
        follows: WhatFollows::TaskGoesOn,
    };
    run(&mut writer, task, limited);
    let total = overview(&readers, &OverviewQuery::default()).total;
    assert_eq!(total, RunFigures { cost_usd: 1.0, run_ms: 100, runs: 1, ..RunFigures::default() });
}

#[test]
fn a_digest_asks_first_and_forgets_no_failure_that_was_not_seen() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let unseen_failure = ran(&mut writer, "/shop", "opus", 1.0, failed(100));
    let seen_failure = ran(&mut writer, "/shop", "opus", 1.0, failed(200));
    let asks = ran(&mut writer, "/shop", "opus", 1.0, completed(300, true));
    let answered = ran(&mut writer, "/shop", "opus", 1.0, completed(400, true));
    ran(&mut writer, "/shop", "opus", 1.0, completed(500, false));
    let done = ran(&mut writer, "/shop", "opus", 4.0, completed(2100, false));
    let asks_late = ran(&mut writer, "/shop", "opus", 8.0, completed(2200, true));
    let failed_late = ran(&mut writer, "/shop", "opus", 16.0, failed(2300));
    let next = queue(&mut writer, "/shop");
    let waits = queue(&mut writer, "/shop");
    let reason = WaitReason::UsageLimit { until: at(9000), tries: 1, most_tries: 8 };
    let old = writer.task(waits).unwrap().unwrap().state;
    let waiting = TaskState::Waiting { reason, plan: Plan::New, tried: Attempts::default() };
    writer.set_state(waits, &Columns::from(&old), &waiting, None).unwrap();
    for seen in [seen_failure, answered] {
        writer.mark_seen(seen).unwrap();
    }

    let digest = overview(&readers, &OverviewQuery::default()).digest;
    assert_eq!(digest.since, at(2 * DAY), "the start of the last day");
    assert_eq!(numbers(&digest.asks), (2, vec![asks_late, asks]));
    assert_eq!(numbers(&digest.failed), (2, vec![failed_late, unseen_failure]));
    assert_eq!(numbers(&digest.finished), (1, vec![done]));
    assert_eq!((digest.cost_usd, digest.run_ms), (28.0, 60));
    assert_eq!(numbers(&digest.next), (2, vec![next, waits]));

    let query = OverviewQuery { since: Some(at(0)), ..OverviewQuery::default() };
    let digest = overview(&readers, &query).digest;
    assert_eq!(numbers(&digest.failed).0, 3, "each once");
    writer.mark_all_seen().unwrap();
    let digest = overview(&readers, &OverviewQuery::default()).digest;
    assert_eq!(numbers(&digest.asks), (0, vec![]));
    assert_eq!(numbers(&digest.failed), (1, vec![failed_late]));
    assert_eq!(numbers(&digest.finished), (2, vec![asks_late, done]));
}

#[test]
fn a_digest_has_the_first_five_of_each_list() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let ids: Vec<_> =
        (1..=7).map(|n| ran(&mut writer, "/a", "opus", 1.0, completed(2000 + n, false))).collect();
    let finished = overview(&readers, &OverviewQuery::default()).digest.finished;
    let newest: Vec<_> = ids.iter().rev().take(5).copied().collect();
    assert_eq!(numbers(&finished), (7, newest));
}

#[test]
fn runs_from_before_the_figures_get_theirs_from_what_is_left_of_them() {
    let place = Place::new();
    let mut writer = place.open();
    ran(&mut writer, "/shop", "opus", 1.0, completed(500, false));
    let again = ran(&mut writer, "/shop", "opus", 1.0, failed(600));
    let (queued, started, ended) = (690, 700, 800);
    let state = completed(ended, false);
    let follows = WhatFollows::TaskEnds;
    let ran_again = Ran { model: None, usd: 1.0, queued, started, ended, state, follows };
    run(&mut writer, again, ran_again);
    let gone = ran(&mut writer, "/shop", "haiku", 1.0, failed(900));
    writer.delete_task(gone).unwrap();
    drop(writer);
    drop(place.without_projects());
    let mut writer = place.open();
    writer.place_directory("/shop", "/shop").unwrap();
    let found = overview(&place.readers(), &OverviewQuery::default());
    drop(writer);
    // Of a task that is gone, and of a failure after which a task ran again, no end is known.
    let expected =
        RunFigures { cost_usd: 4.0, run_ms: 140, runs: 4, completed: 2, failed: 0, cancelled: 0 };
    assert_eq!(found.total, expected);
    let models: Vec<_> =
        found.models.iter().map(|it| (it.model.as_deref(), it.figures.runs)).collect();
    assert_eq!(models, [(Some("opus"), 3), (None, 1)]);
    let projects: Vec<_> =
        found.projects.iter().map(|it| (it.name.as_str(), it.figures.runs)).collect();
    assert_eq!(projects, [("shop", 3)]);
}
