//! The command line while an app takes over and hands back. That the hand-over itself holds in
//! every case is tested in the server crate.

use std::process::{Child, Stdio};
use std::time::Duration;

use claude_worker_api::{HostKind, Settings};
use claude_worker_client::Starter;
use claude_worker_engine::Paths;
use claude_worker_server::{Hosted, take_over};
use claude_worker_supervisor::SupervisorCommand;

use crate::support::{Home, PATIENCE, Ran, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_claude-worker");

/// This process becomes the app.
async fn app(home: &Home) -> Hosted {
    let supervisor =
        SupervisorCommand { program: PROGRAM.into(), args: vec!["supervise".to_owned()] };
    let paths = Paths::below(&home.data());
    take_over(paths, Settings::default(), supervisor, None, HostKind::App, PATIENCE).await.unwrap()
}

/// How the app starts the headless engine in its place.
fn starter(home: &Home) -> Starter {
    let variables = home.variables().iter().map(|(name, value)| format!("{name}={value}"));
    let program = [PROGRAM.to_owned(), "serve".to_owned()];
    let args = std::iter::once("-i".to_owned()).chain(variables).chain(program).collect();
    Starter { program: "/usr/bin/env".into(), args, paths: Paths::below(&home.data()) }
}

fn watch(home: &Home, arguments: &[&str]) -> Child {
    let mut command = home.command();
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_does_not_notice_that_the_engine_changes() {
    let home = Home::new();
    let id = home.shell("echo begun; until [ -e gate ]; do sleep 0.01; done; echo over");
    home.until_status(id, "running");
    let number = id.to_string();
    let watchers = [
        watch(&home, &["logs", &number, "-f"]),
        watch(&home, &["wait", &number]),
        watch(
            &home,
            &[
                "run",
                "--agent",
                "shell",
                "--watch",
                "until [ -e gate ]; do sleep 0.01; done; echo over",
            ],
        ),
    ];
    until("all three are at work", || home.json(["list"])["counts"]["running"] == 2);
    let host = || home.json(["server", "health"])["host"].clone();
    for _ in 0..2 {
        let hosted = app(&home).await;
        assert_eq!(host(), "app");
        home.run(["server", "health"]).ok();
        // What is submitted meanwhile is done by whoever is there.
        home.finished(home.shell("true"));
        hosted.hand_back(&starter(&home)).await.unwrap();
        assert_eq!(host(), "headless");
        assert!(!home.data().join("engine.stopped").exists());
    }
    std::fs::write(home.work().join("gate"), "").unwrap();
    for watcher in watchers {
        let ran = Ran::of(&watcher.wait_with_output().unwrap());
        ran.ok();
        assert!(ran.stdout.contains("over") || ran.stdout.contains("completed"), "{ran:?}");
    }
    assert_eq!(home.json(["status", &number])["run_history"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_cannot_hand_back_leaves_the_queue_to_the_next_command() {
    let home = Home::new();
    let hosted = app(&home).await;
    let id = home.shell("until [ -e gate ]; do sleep 0.01; done");
    home.until_status(id, "running");
    let broken = Starter { program: "/bin/false".into(), ..starter(&home) };
    let began = std::time::Instant::now();
    assert!(hosted.hand_back(&broken).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(20));
    std::fs::write(home.work().join("gate"), "").unwrap();
    assert_eq!(home.finished(id)["status"], "completed");
}
