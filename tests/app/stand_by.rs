//! The queue continues when the app dies, although no client sends a request.

use crate::desktop::{App, Desktop, Parts};
use crate::process::{self, is_gone, never, read, terminate, until, until_some};

/// A desktop with one worker, on which tasks are shell commands. Without Claude Code, `config.toml` has no
/// table before these lines.
fn desktop() -> Desktop {
    Desktop::of(Parts { claude: false, ..Parts::FULL }, "workers = 1\n[limits]\ngrace = \"2s\"\n")
}

/// Submits a task that runs until it is released, and one that waits for it.
fn submit_two(desktop: &Desktop) {
    let wait = "touch works; until [ -e go ]; do sleep 0.1; done";
    desktop.worker(["run", "--agent", "shell", wait]);
    desktop.worker(["run", "--agent", "shell", "touch second"]);
    until("the first task runs", || desktop.work().join("works").exists());
}

/// Releases the first task and waits until the second one runs. It starts no engine: no command is run.
#[track_caller]
fn until_the_queue_continues(desktop: &Desktop) {
    desktop.release();
    until("the waiting task runs", || desktop.work().join("second").exists());
    for id in ["1", "2"] {
        let task = desktop.until_status(id, "completed");
        assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
    }
}

/// The processes of this desktop with this word in their command line.
fn with_word(desktop: &Desktop, word: &str) -> Option<u32> {
    desktop.processes().into_iter().find(|pid| process::command_line(*pid).contains(word))
}

#[test]
fn the_queue_continues_without_a_request_when_the_app_is_killed() {
    let desktop = desktop();
    let app = desktop.start_hidden();
    submit_two(&desktop);
    app.kill();
    until_the_queue_continues(&desktop);
    let log = read(&desktop.data().join("engine.log"));
    assert!(log.contains("the app has died without quitting"), "{log}");
}

#[test]
fn the_queue_continues_when_the_window_takes_the_app_with_it() {
    for helper in ["WebKitNetworkProcess", "WebKitWebProcess"] {
        let desktop = desktop();
        // A background engine, from which the app takes over while its window opens.
        submit_two(&desktop);
        let mut app = desktop.start([]);
        let helper = until_some("the helper starts", || with_word(&desktop, helper));
        process::kill(helper);
        // WebKit aborts the app if the helper has not identified itself yet.
        let status = app.wait();
        assert!(!status.success(), "{status}");
        until_the_queue_continues(&desktop);
        assert!(app.output().contains("a library ends the app"), "{}", app.output());
    }
}

#[test]
fn the_queue_continues_when_the_app_dies_while_it_takes_over_or_hands_back() {
    for point in claude_worker_server::HAND_OVER_FAULT_POINTS {
        let mut desktop = desktop();
        let hands_back = point.starts_with("hand_back");
        let engine = desktop.engine();
        assert_eq!(engine, None);
        let start = |desktop: &mut Desktop| -> App {
            desktop.variable("CLAUDE_WORKER_FAULT", point);
            let app = desktop.start(["--hidden"]);
            desktop.variable("CLAUDE_WORKER_FAULT", "");
            app
        };
        let mut app = if hands_back {
            let panel = crate::panel::Panel::on(&desktop);
            let app = start(&mut desktop);
            desktop.until_engine(app.pid());
            submit_two(&desktop);
            panel.icon().click("Quit");
            // The last of three buttons keeps the tasks running.
            crate::screen::Screen::of(&desktop).press_button("Quit Claude Worker", 2, 3);
            app
        } else {
            submit_two(&desktop);
            start(&mut desktop)
        };
        let status = app.wait();
        assert!(!status.success(), "{point}: {status}");
        until_the_queue_continues(&desktop);
    }
}

#[test]
fn an_app_that_quits_leaves_no_engine_and_no_stand_by() {
    let desktop = desktop();
    let mut app = desktop.start_hidden();
    let stand_by = until_some("there is a stand-by", || with_word(&desktop, "stand-by"));
    terminate(app.pid());
    assert!(app.wait().success(), "{}", app.output());
    until("the stand-by has ended", || is_gone(stand_by));
    assert!(desktop.processes().is_empty());
    assert_eq!(desktop.engine(), None);
}

#[test]
fn an_engine_that_was_stopped_stays_stopped_when_the_app_is_killed() {
    let desktop = desktop();
    let app = desktop.start_hidden();
    desktop.worker(["server", "stop"]);
    until("the stand-by has ended", || with_word(&desktop, "stand-by").is_none());
    app.kill();
    never("an engine", std::time::Duration::from_secs(1), || !desktop.processes().is_empty());
}
