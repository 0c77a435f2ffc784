//! The app takes over from a headless engine and hands back, with real processes, while tasks
//! run and clients ask.
//!
//! On Linux only: what is left behind is looked for in `/proc`.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "whatever cannot be unwrapped here is a failed test")]

mod world;

use std::time::Duration;

use claude_worker_api::{ErrorCode, EventQuery, HostKind, Status, TaskApi, TaskId};
use claude_worker_client::{EngineClient, LockHolder};
use claude_worker_server::HAND_OVER_FAULT_POINTS;
use tokio::runtime::Runtime;

use crate::world::{Hammer, PATIENCE, World};

/// Waits for a task's end by the event stream alone.
async fn finished(client: &EngineClient, id: TaskId) -> Status {
    let mut after = client.events(EventQuery::default()).await.unwrap().next;
    loop {
        let status = client.get(id).await.unwrap().task.state.status();
        if status.is_finished() {
            return status;
        }
        let query = EventQuery { after: Some(after), wait_ms: 30_000, ..EventQuery::default() };
        after = client.events(query).await.unwrap().next;
    }
}

/// The end of every test: the long task has run once, from beginning to end, whoever was there.
async fn all_was_done_once(world: &World, client: &EngineClient, long: TaskId, worked: usize) {
    world.open_gate();
    assert_eq!(finished(client, long).await, Status::Completed);
    assert_eq!(world.lines("begun").len(), 1);
    assert_eq!(world.lines("ended").len(), 1);
    assert_eq!(world.lines("counted").len(), worked);
    let counts = client.engine().await.unwrap().queue.counts;
    assert_eq!(counts.completed, worked as u64 + 1);
    assert_eq!(counts.total(), worked as u64 + 1);
    world.end().await;
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = Runtime::new().unwrap();
    let test = async { tokio::time::timeout(PATIENCE * 2, test).await.expect("it takes too long") };
    runtime.block_on(test);
}

#[test]
fn an_app_takes_over_and_hands_back_and_nobody_is_refused() {
    block_on(async {
        let world = World::new();
        let client = world.client();
        let long = world.long_task(&client).await;
        let hammer = Hammer::begin(&world).await.with_onlooker(&world).await;
        for _ in 0..5 {
            let mut app = world.app(None);
            assert_eq!(app.word(), "ready");
            let info = client.engine().await.unwrap();
            assert_eq!((info.pid, info.host), (app.pid(), HostKind::App));
            assert!(!world.farewell());
            app.hand_back();
            assert_eq!(app.word(), "back");
            assert!(app.ended());
            let info = client.engine().await.unwrap();
            assert_eq!(info.host, HostKind::Headless);
            assert!(!world.farewell());
        }
        let worked = hammer.rest().await;
        assert!(worked > 0);
        all_was_done_once(&world, &client, long, worked).await;
    });
}

#[test]
fn an_app_that_is_killed_on_the_way_leaves_the_queue_to_the_next_client() {
    block_on(async {
        for point in HAND_OVER_FAULT_POINTS {
            let world = World::new();
            let client = world.client();
            let long = world.long_task(&client).await;
            let hammer = Hammer::begin(&world).await;
            let mut app = world.app(Some(point));
            if point.starts_with("hand_back") {
                assert_eq!(app.word(), "ready", "{point}");
                app.hand_back();
            }
            assert!(!app.ended(), "{point} is not passed");
            let info = client.engine().await.unwrap();
            assert_eq!(info.host, HostKind::Headless, "{point}");
            assert!(!world.farewell(), "{point}");
            let worked = hammer.rest().await;
            all_was_done_once(&world, &client, long, worked).await;
        }
    });
}

#[test]
fn a_headless_engine_that_is_killed_while_it_lets_go_keeps_nobody() {
    block_on(async {
        let world = World::new();
        let mut headless = world.headless(None, Some("host.closing"));
        let client = world.client();
        let long = world.long_task(&client).await;
        let hammer = Hammer::begin(&world).await;
        let mut app = world.app(None);
        assert_eq!(app.word(), "ready");
        assert!(!headless.ended());
        assert_eq!(client.engine().await.unwrap().pid, app.pid());
        let worked = hammer.rest().await;
        all_was_done_once(&world, &client, long, worked).await;
    });
}

#[test]
fn kills_at_any_instant_lose_nothing() {
    block_on(async {
        let world = World::new();
        let client = world.client();
        let long = world.long_task(&client).await;
        let hammer = Hammer::begin(&world).await;
        for round in 0..12_u64 {
            let mut app = world.app(None);
            // Some die before they have the directory, some after, some while they hand back.
            let instant = Duration::from_millis(round * 7);
            if round % 3 == 2 {
                assert_eq!(app.word(), "ready");
                app.hand_back();
                tokio::time::sleep(instant / 3).await;
            } else {
                tokio::time::sleep(instant).await;
            }
            app.kill();
        }
        let worked = hammer.rest().await;
        all_was_done_once(&world, &client, long, worked).await;
    });
}

#[test]
fn an_engine_that_comes_when_its_starter_is_gone_does_not_begin() {
    let world = World::new();
    let said = world.headless_for_nobody();
    assert!(said.contains("Whoever started this engine is gone"), "{said}");
    assert_eq!(LockHolder::of(&world.paths().lock).unwrap(), LockHolder::Free);
}

#[test]
fn an_app_does_not_take_over_from_an_app() {
    block_on(async {
        let world = World::new();
        let mut first = world.app(None);
        assert_eq!(first.word(), "ready");
        let mut second = world.app(None);
        let refusal = second.word();
        assert!(refusal.contains(&format!("as process {}", first.pid())), "{refusal}");
        assert!(!second.ended());
        assert_eq!(world.onlooker().engine().await.unwrap().pid, first.pid());
        world.end().await;
    });
}

#[test]
fn two_apps_at_once_end_with_one() {
    block_on(async {
        let world = World::new();
        let client = world.client();
        client.engine().await.unwrap();
        let mut apps = [world.app(None), world.app(None)];
        let mut words = apps.each_mut().map(world::Program::word);
        words.sort();
        assert!(words[0].contains("The app runs already"), "{words:?}");
        assert_eq!(words[1], "ready");
        assert_eq!(client.engine().await.unwrap().host, HostKind::App);
        world.end().await;
    });
}

#[test]
fn whoever_knew_the_address_finds_the_app_there() {
    block_on(async {
        let world = World::new();
        let _headless = world.headless(Some("127.0.0.1:0"), None);
        let onlooker = world::at_socket(&world.paths().socket);
        let before = onlooker.engine().await.unwrap().http;
        assert!(before.as_deref().is_some_and(|url| url.starts_with("http://127.0.0.1:")));
        let mut app = world.app(None);
        assert_eq!(app.word(), "ready");
        let info = onlooker.engine().await.unwrap();
        assert_eq!(info.host, HostKind::App);
        assert_eq!(info.http, before);
        world.end().await;
    });
}

#[test]
fn an_engine_that_is_stopped_for_good_says_goodbye() {
    block_on(async {
        let world = World::new();
        let mut app = world.app(None);
        assert_eq!(app.word(), "ready");
        let client = world.client();
        client.engine().await.unwrap();
        world.end().await;
        assert!(world.farewell());
        let error = client.engine().await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(error.message.contains("was stopped"), "{error}");
    });
}
