//! The app takes over from a headless engine and hands back, with real processes, while tasks
//! run and clients send requests.
//!
//! On Linux only: the tests look for leftover processes in `/proc`.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "whatever cannot be unwrapped here is a failed test")]

mod home;

use std::time::Duration;

use claude_worker_api::{ErrorCode, EventQuery, HostKind, Status, TaskApi, TaskId, TaskQuery};
use claude_worker_client::{EngineClient, LockHolder};
use claude_worker_server::HAND_OVER_FAULT_POINTS;
use tokio::runtime::Runtime;

use crate::home::{BusyClients, TIMEOUT, TestHome};

/// Waits for a task's end, using only the event stream.
async fn finished(client: &EngineClient, id: TaskId) -> Status {
    let mut after = client.events(EventQuery::default()).await.unwrap().next;
    loop {
        let status = client.get(id, TaskQuery::default()).await.unwrap().task.state.status();
        if status.is_finished() {
            return status;
        }
        let query = EventQuery { after: Some(after), wait_ms: 30_000, ..EventQuery::default() };
        after = client.events(query).await.unwrap().next;
    }
}

/// The end of every test: the long task has run exactly once, and so has every task of the clients.
async fn check_that_tasks_ran_once(
    home: &TestHome,
    client: &EngineClient,
    long: TaskId,
    worked: usize,
) {
    home.end_long_task();
    assert_eq!(finished(client, long).await, Status::Completed);
    assert_eq!(home.lines("begun").len(), 1);
    assert_eq!(home.lines("ended").len(), 1);
    assert_eq!(home.lines("counted").len(), worked);
    let counts = client.engine().await.unwrap().queue.counts;
    assert_eq!(counts.completed, worked as u64 + 1);
    assert_eq!(counts.total(), worked as u64 + 1);
    home.end().await;
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = Runtime::new().unwrap();
    let test = async { tokio::time::timeout(TIMEOUT * 2, test).await.expect("it takes too long") };
    runtime.block_on(test);
}

#[test]
fn no_request_is_refused_while_an_app_takes_over_and_hands_back() {
    block_on(async {
        let home = TestHome::new();
        let client = home.client();
        let long = home.long_task(&client).await;
        let clients = BusyClients::begin(&home).await.with_observer(&home).await;
        for _ in 0..5 {
            let mut app = home.app(None);
            assert_eq!(app.read_line(), "ready");
            let info = client.engine().await.unwrap();
            assert_eq!((info.pid, info.host), (app.pid(), HostKind::App));
            assert!(!home.has_stop_marker());
            app.hand_back();
            assert_eq!(app.read_line(), "back");
            assert!(app.ended());
            let info = client.engine().await.unwrap();
            assert_eq!(info.host, HostKind::Headless);
            assert!(!home.has_stop_marker());
        }
        let worked = clients.stop().await;
        assert!(worked > 0);
        check_that_tasks_ran_once(&home, &client, long, worked).await;
    });
}

#[test]
fn the_next_client_starts_an_engine_after_an_app_is_killed_in_a_hand_over() {
    block_on(async {
        for point in HAND_OVER_FAULT_POINTS {
            let home = TestHome::new();
            let client = home.client();
            let long = home.long_task(&client).await;
            let clients = BusyClients::begin(&home).await;
            let mut app = home.app(Some(point));
            if point.starts_with("hand_back") {
                assert_eq!(app.read_line(), "ready", "{point}");
                app.hand_back();
            }
            assert!(!app.ended(), "{point} is not reached");
            let info = client.engine().await.unwrap();
            assert_eq!(info.host, HostKind::Headless, "{point}");
            assert!(!home.has_stop_marker(), "{point}");
            let worked = clients.stop().await;
            check_that_tasks_ran_once(&home, &client, long, worked).await;
        }
    });
}

#[test]
fn an_app_takes_over_from_a_headless_engine_that_is_killed_while_it_stops() {
    block_on(async {
        let home = TestHome::new();
        let mut headless = home.headless(None, Some("host.closing"));
        let client = home.client();
        let long = home.long_task(&client).await;
        let clients = BusyClients::begin(&home).await;
        let mut app = home.app(None);
        assert_eq!(app.read_line(), "ready");
        assert!(!headless.ended());
        assert_eq!(client.engine().await.unwrap().pid, app.pid());
        let worked = clients.stop().await;
        check_that_tasks_ran_once(&home, &client, long, worked).await;
    });
}

#[test]
fn kills_at_any_instant_lose_nothing() {
    block_on(async {
        let home = TestHome::new();
        let client = home.client();
        let long = home.long_task(&client).await;
        let clients = BusyClients::begin(&home).await;
        for round in 0..12_u64 {
            let mut app = home.app(None);
            // Some are killed before they have the directory, some after, some while they hand back.
            let instant = Duration::from_millis(round * 7);
            if round % 3 == 2 {
                assert_eq!(app.read_line(), "ready");
                app.hand_back();
                tokio::time::sleep(instant / 3).await;
            } else {
                tokio::time::sleep(instant).await;
            }
            app.kill();
        }
        let worked = clients.stop().await;
        check_that_tasks_ran_once(&home, &client, long, worked).await;
    });
}

#[test]
fn an_engine_whose_starter_has_ended_does_not_start() {
    let home = TestHome::new();
    let output = home.headless_without_starter();
    assert!(output.contains("The program that started this engine has ended"), "{output}");
    assert_eq!(LockHolder::of(&home.paths().lock).unwrap(), LockHolder::Free);
}

#[test]
fn an_app_does_not_take_over_from_an_app() {
    block_on(async {
        let home = TestHome::new();
        let mut first = home.app(None);
        assert_eq!(first.read_line(), "ready");
        let mut second = home.app(None);
        let refusal = second.read_line();
        assert!(refusal.contains(&format!("as process {}", first.pid())), "{refusal}");
        assert!(!second.ended());
        assert_eq!(home.observer().engine().await.unwrap().pid, first.pid());
        home.end().await;
    });
}

#[test]
fn two_apps_at_once_end_with_one() {
    block_on(async {
        let home = TestHome::new();
        let client = home.client();
        client.engine().await.unwrap();
        let mut apps = [home.app(None), home.app(None)];
        let mut lines = apps.each_mut().map(home::Program::read_line);
        lines.sort();
        assert!(lines[0].contains("The app is already running"), "{lines:?}");
        assert_eq!(lines[1], "ready");
        assert_eq!(client.engine().await.unwrap().host, HostKind::App);
        home.end().await;
    });
}

#[test]
fn the_app_listens_at_the_address_of_the_engine_before_it() {
    block_on(async {
        let home = TestHome::new();
        let _headless = home.headless(Some("127.0.0.1:0"), None);
        let observer = home::client_of_socket(&home.paths().socket);
        let before = observer.engine().await.unwrap().http;
        assert!(before.as_deref().is_some_and(|url| url.starts_with("http://127.0.0.1:")));
        let mut app = home.app(None);
        assert_eq!(app.read_line(), "ready");
        let info = observer.engine().await.unwrap();
        assert_eq!(info.host, HostKind::App);
        assert_eq!(info.http, before);
        home.end().await;
    });
}

#[test]
fn an_engine_that_is_told_to_stop_leaves_a_stop_marker() {
    block_on(async {
        let home = TestHome::new();
        let mut app = home.app(None);
        assert_eq!(app.read_line(), "ready");
        let client = home.client();
        client.engine().await.unwrap();
        home.end().await;
        assert!(home.has_stop_marker());
        let error = client.engine().await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(error.message.contains("was stopped"), "{error}");
    });
}
