//! Every state with every input, in a table and in any order.

use claude_worker_api::{TaskId, Verdict};
use proptest::prelude::*;

use super::transition::Transition;
use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000);

fn run(n: u32) -> RunId {
    RunId::new(TaskId(7), n, 0xabcd)
}

fn states() -> Vec<(&'static str, TaskState)> {
    let at = Timestamp::from_millis(500);
    let resume = Plan::Resume { session_id: "s".to_owned(), follow_up: "go on".to_owned() };
    let running = |requested_end, started_at| TaskState::Running {
        run: run(1),
        plan: Plan::New,
        started_at,
        requested_end,
        tried: Attempts { tries: 2, all: 5, since: Some(at) },
    };
    vec![
        (
            "waiting",
            TaskState::Waiting {
                reason: WaitReason::UsageLimit { until: at, tries: 2, most_tries: 8 },
                plan: resume.clone(),
                tried: Attempts { tries: 2, all: 5, since: Some(at) },
            },
        ),
        ("pending", TaskState::pending(Plan::New)),
        ("pending-resume", TaskState::pending(resume)),
        ("launching", running(RequestedEnd::None, None)),
        ("launching-cancel", running(RequestedEnd::Cancel, None)),
        ("launching-remove", running(RequestedEnd::Remove, None)),
        ("running", running(RequestedEnd::None, Some(at))),
        ("running-cancel", running(RequestedEnd::Cancel, Some(at))),
        ("running-remove", running(RequestedEnd::Remove, Some(at))),
        ("completed", TaskState::Completed { ended_at: at, denied_tools: vec![], notes: vec![] }),
        ("failed", TaskState::Failed { ended_at: at, failure: Failure::Lost }),
        ("cancelled", TaskState::Cancelled { ended_at: at }),
    ]
}

fn inputs() -> Vec<(&'static str, Input)> {
    let ended = |run, verdict, retry| Input::Ended { run, at: NOW, verdict, retry };
    let limit =
        Verdict::Failed { failure: Failure::RateLimit { message: "limit".to_owned(), tries: 0 } };
    let retry = LimitRetry {
        reason: WaitReason::RateLimit {
            until: Timestamp::from_millis(9_000),
            tries: 3,
            most_tries: 6,
        },
        plan: Plan::Resume { session_id: "s".to_owned(), follow_up: "go on".to_owned() },
        tried: Attempts { tries: 3, all: 6, since: Some(Timestamp::from_millis(500)) },
    };
    let done = Verdict::Completed { denied_tools: vec![], notes: vec![Note::DidNotExit] };
    vec![
        ("dispatch", Input::Dispatch { run: run(2) }),
        ("started", Input::Started { run: run(1), at: NOW }),
        ("started-stale", Input::Started { run: run(9), at: NOW }),
        ("ended-done", ended(run(1), done.clone(), None)),
        ("ended-lost", ended(run(1), Verdict::Failed { failure: Failure::Lost }, None)),
        ("ended-limit", ended(run(1), limit, Some(retry))),
        ("ended-cancelled", ended(run(1), Verdict::Cancelled, None)),
        ("ended-stale", ended(run(9), done, None)),
        ("never-started", Input::NeverStarted { run: run(1) }),
        ("never-started-stale", Input::NeverStarted { run: run(9) }),
        ("due", Input::Due),
        ("cancel", Input::Cancel),
        ("remove", Input::Remove),
        ("retry", Input::Retry),
        (
            "resume",
            Input::Resume { session_id: Some("s".to_owned()), follow_up: "more".to_owned() },
        ),
        (
            "resume-without-session",
            Input::Resume { session_id: None, follow_up: "more".to_owned() },
        ),
    ]
}

/// The whole table, for people to read in a review.
#[test]
fn every_state_with_every_input() {
    let mut table = String::new();
    for (state_name, state) in states() {
        for (input_name, input) in inputs() {
            let answer = match transition(&state, input, NOW) {
                Ok(Transition { state, effects }) => {
                    let effects: String = effects
                        .into_iter()
                        .map(|effect| match effect {
                            Effect::Launch { run } => format!(" + launch {run}"),
                            Effect::RequestEnd { run } => format!(" + request end of {run}"),
                        })
                        .collect();
                    format!("{}{effects}", serde_json::to_string(&state).unwrap())
                }
                Err(illegal) => format!("illegal: {illegal:?}"),
            };
            table.push_str(&format!("{state_name:16} {input_name:22} {answer}\n"));
        }
    }
    insta::assert_snapshot!(table);
}

fn any_input() -> impl Strategy<Value = usize> {
    0..inputs().len()
}

proptest! {
    /// Whatever happens in whatever order: a live run is launched exactly once before it is
    /// reported ended, a finished task has had its verdict exactly once since it was queued,
    /// and reports of other runs change nothing.
    #[test]
    fn one_launch_and_one_verdict_per_run(script in prop::collection::vec(any_input(), 1..60)) {
        let mut state = TaskState::pending(Plan::New);
        let mut next_run = 1;
        let mut launched: Vec<RunId> = Vec::new();
        let mut ended: Vec<RunId> = Vec::new();
        for index in script {
            let live = state.live_run().cloned();
            let (_, input) = inputs().swap_remove(index);
            // Reports are made of the live run, so that they have a chance to apply.
            let input = match input {
                Input::Dispatch { .. } => { next_run += 1; Input::Dispatch { run: run(next_run) } }
                Input::Started { run: r, at } if r == run(1) => Input::Started { run: live.clone().unwrap_or(r), at },
                Input::Ended { run: r, at, verdict, retry } if r == run(1) =>
                    Input::Ended { run: live.clone().unwrap_or(r), at, verdict, retry },
                Input::NeverStarted { run: r } if r == run(1) => Input::NeverStarted { run: live.clone().unwrap_or(r) },
                other => other,
            };
            let is_end = matches!(input, Input::Ended { .. });
            let Ok(next) = transition(&state, input, NOW) else { continue };
            for effect in &next.effects {
                let Effect::Launch { run } = effect else { continue };
                prop_assert!(!launched.contains(run), "launched twice: {run}");
                prop_assert_eq!(next.state.live_run(), Some(run));
                launched.push(run.clone());
            }
            if is_end {
                let run = live.expect("only a live run can end");
                prop_assert!(!ended.contains(&run), "ended twice: {run}");
                prop_assert!(next.state.live_run().is_none());
                ended.push(run);
            }
            state = next.state;
            if state == TaskState::Gone { break; }
        }
    }
}
