//! Notifications: which are shown, their text, and their buttons.

use zbus::blocking::Proxy;

use crate::desktop::{Desktop, Parts};
use crate::notification_daemon::NotificationDaemon;
use crate::panel::Panel;
use crate::process::{ChildGuard, read, until};
use crate::webdriver::Window;

#[test]
fn a_failed_task_is_notified_with_its_verdict_and_buttons() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let _app = desktop.start_hidden();
    desktop.submit("[[error credit]]", "Translate the manual");
    let notification = daemon.with("Translate the manual");
    assert_eq!(notification.summary, "Translate the manual");
    assert!(notification.body.contains("redit balance"), "{notification:?}");
    // A click opens the task. Some daemons have a button for that, so there is no second one.
    let open = ("default".to_owned(), "Open".to_owned());
    assert_eq!(notification.actions[0], open, "{notification:?}");
    assert_eq!(notification.buttons(), ["Retry"], "{notification:?}");
    assert_eq!(notification.app, "Claude Worker");
    // It stays longer than others, but not for ever.
    assert_eq!((notification.urgency, notification.expires), (Some(1), 60_000));
    assert!(
        notification.has_picture,
        "the app is not installed here, so that its icon has no name"
    );
    desktop.submit("[[say Done.]]", "Summarise the manual");
    assert_eq!(daemon.with("Summarise the manual").expires, -1);
}

#[test]
fn a_notification_is_closed_when_its_task_is_seen_runs_again_or_is_removed() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let _app = desktop.start_hidden();
    let fail = |name: &str| {
        let id = desktop.submit("[[error credit]]", name);
        (id, daemon.with(name))
    };
    let (_, stays) = fail("Not looked at");
    // From another client each time.
    let (seen, notification) = fail("Looked at");
    desktop.worker(["seen", &seen]);
    daemon.until_closed(&notification);
    let (removed, notification) = fail("Removed");
    desktop.worker(["rm", &removed]);
    daemon.until_closed(&notification);
    let (again, notification) = fail("Run again");
    desktop.worker(["retry", &again]);
    daemon.until_closed(&notification);
    assert!(!daemon.is_closed(&stays));
}

#[test]
fn a_notification_is_closed_when_the_window_shows_its_task() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    let id = desktop.submit("[[error credit]]", "Costly");
    let notification = daemon.with("Costly");
    assert!(!daemon.is_closed(&notification));
    window.navigate(&format!("#/task/{id}"));
    daemon.until_closed(&notification);
}

#[test]
fn markdown_in_an_answer_is_shown_as_plain_text() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let _app = desktop.start_hidden();
    let id = desktop.submit("[[say **All** tests pass, see `build.rs`.]]", "Fix");
    assert_eq!(daemon.with("Fix").body, "Done\nAll tests pass, see build.rs.");
    assert_eq!(desktop.json(["status", &id])["final_summary"], "All tests pass, see build.rs.");
    assert!(desktop.worker(["list"]).contains("All tests pass, see build.rs."));
}

#[test]
fn the_buttons_open_the_task_and_run_it_again() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    let id = desktop.submit("[[error credit]]", "Costly");
    let notification = daemon.with("Costly");
    daemon.press(&notification, "Retry");
    until("the task ran twice", || {
        let task = desktop.json(["status", &id]);
        task["status"] == "failed" && task["run_history"].as_array().unwrap().len() == 2
    });
    until("there is a notification for the second run", || daemon.all().len() == 2);
    let second = daemon.all().pop().unwrap();
    daemon.press(&second, "Open");
    window.until_page("#/task/1");
}

#[test]
fn retry_on_an_outdated_notification_only_shows_the_task() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let _app = desktop.start_hidden();
    let id = desktop.submit("[[error credit]]", "Costly");
    let old = daemon.with("Costly");
    desktop.worker(["retry", &id]);
    until("there is a notification for the second run", || daemon.all().len() == 2);
    daemon.press(&old, "Retry");
    desktop.until_webviews(1);
    assert_eq!(desktop.json(["status", &id])["run_history"].as_array().unwrap().len(), 2);
}

#[test]
fn open_creates_the_window_if_there_is_none() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let _app = desktop.start_hidden();
    desktop.submit("[[say Hello.]]", "Greet");
    let notification = daemon.with("Greet");
    // The verdict, followed by the beginning of the answer.
    assert_eq!(notification.body, "Done\nHello.", "{notification:?}");
    assert!(notification.buttons().is_empty(), "there is nothing to retry");
    daemon.press(&notification, "Open");
    desktop.until_webviews(1);
}

/// Runs tasks of these names that end together: they wait for a file, which is created when all of
/// them wait. At most four, the number of workers: a fifth would not start before another ends.
fn run_together(desktop: &Desktop, names: &[&str]) {
    let submit = |(number, name): (usize, &&str)| {
        let script = format!("touch waits-{number}; until [ -e go ]; do sleep 0.05; done");
        desktop.json(["run", "--agent", "shell", &script, "--name", name])["id"].to_string()
    };
    let ids: Vec<String> = names.iter().enumerate().map(submit).collect();
    until("all tasks wait", || {
        (0..names.len()).all(|number| desktop.work().join(format!("waits-{number}")).exists())
    });
    std::fs::write(desktop.work().join("go"), "").unwrap();
    for id in &ids {
        desktop.until_status(id, "completed");
    }
}

#[test]
fn tasks_that_end_together_share_one_notification() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let _app = desktop.start_hidden();
    run_together(&desktop, &["One", "Two", "Three", "Four"]);
    let digest = daemon.with("4 tasks");
    assert!(digest.buttons().is_empty(), "{digest:?}");
    assert_eq!(daemon.all(), [digest]);
}

#[test]
fn across_restarts_each_ended_task_is_notified_exactly_once() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let app = desktop.start_hidden();
    desktop.submit("[[say One.]]", "First");
    daemon.with("First");
    app.kill();
    // An engine in the background runs this task.
    let id = desktop.submit("[[say Two.]]", "Second");
    desktop.until_status(&id, "completed");
    let _app = desktop.start_hidden();
    daemon.with("Second");
    desktop.submit("[[say Three.]]", "Third");
    daemon.with("Third");
    let titles: Vec<String> = daemon.all().into_iter().map(|n| n.summary).collect();
    assert_eq!(titles, ["First", "Second", "Third"]);
}

#[test]
fn the_visible_task_is_not_notified() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    let seen = desktop.submit_blocked("Seen.");
    window.navigate(&format!("#/task/{seen}"));
    window.role("heading", "Seen.");
    desktop.release();
    desktop.until_status(&seen, "completed");
    // Notifications are shown in order: after this one, there will be none for the first task.
    desktop.submit("[[say Elsewhere.]]", "Not looked at");
    let notification = daemon.with("Not looked at");
    assert_eq!(daemon.all(), [notification]);
}

#[test]
fn notifications_of_finished_tasks_can_be_turned_off() {
    let desktop = Desktop::of(Parts::FULL, "[notifications]\nfinished = false\n");
    let daemon = NotificationDaemon::on(&desktop);
    let _app = desktop.start_hidden();
    let id = desktop.submit("[[say Quiet.]]", "Quiet");
    desktop.until_status(&id, "completed");
    desktop.submit("[[error credit]]", "Loud");
    let notification = daemon.with("Loud");
    assert_eq!(daemon.all(), [notification]);
}

#[test]
fn notifications_of_failed_tasks_and_denied_tools_can_be_turned_off() {
    let config = "[notifications]\nfailed = false\nattention = false\n";
    let desktop = Desktop::of(Parts::FULL, config);
    let daemon = NotificationDaemon::on(&desktop);
    let _app = desktop.start_hidden();
    let failed = desktop.submit("[[error credit]]", "Failed");
    desktop.until_status(&failed, "failed");
    let prompt = "[[bash touch denied.txt]] [[say Could not.]]";
    let mode = ["--name", "Denied", "--permission-mode", "default"];
    let denied = desktop.json(["run", prompt].into_iter().chain(mode))["id"].to_string();
    let denied = desktop.until_status(&denied, "completed");
    assert_eq!(denied["denied_tools"][0]["tool"], "Bash", "{denied}");
    // Notifications are shown in order: after this one, there will be none for the tasks before.
    desktop.submit("[[say Done.]]", "Finished");
    let notification = daemon.with("Finished");
    assert_eq!(daemon.all(), [notification]);
}

#[test]
fn a_usage_limit_and_a_silent_agent_are_notified() {
    let mut desktop = Desktop::of(Parts::FULL, "[limits]\ngrace = \"2s\"\nsilence = \"12s\"\n");
    desktop.variable("CLAUDE_CODE_MAX_RETRIES", "0");
    // Only subscriptions have usage limits.
    desktop.variable("ANTHROPIC_API_KEY", "");
    desktop.variable("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-test-000");
    let daemon = NotificationDaemon::on(&desktop);
    let _app = desktop.start_hidden();
    let stalled = desktop.submit("[[stall]]", "Stalled");
    let notification = daemon.with("Silent for");
    assert_eq!(
        (notification.summary.as_str(), notification.buttons()),
        ("Stalled", vec![]),
        "{notification:?}"
    );
    desktop.until_status(&stalled, "failed");
    assert_eq!(daemon.with("Stopped: silent").buttons(), ["Retry"]);
    let reached = "[[status 429 retry-after=3600 anthropic-ratelimit-unified-status=rejected]]";
    let limited = ["run", reached, "--name", "Over", "--silence", "10m"];
    let limited = desktop.json(limited)["id"].to_string();
    let notification = daemon.with("Usage limit reached");
    assert_eq!(
        (notification.summary.as_str(), notification.buttons()),
        ("Over", vec![]),
        "{notification:?}"
    );
    assert_eq!(desktop.json(["status", &limited])["status"], "waiting");
}

#[test]
fn the_settings_page_turns_a_kind_of_notification_off() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    window.navigate("#/settings");
    window.click("switch", "A task failed");
    until("the setting is stored", || {
        read(&desktop.data().join("config.toml")).contains("failed = false")
    });
    let id = desktop.submit("[[error credit]]", "Failed");
    desktop.until_status(&id, "failed");
    desktop.submit("[[say Done.]]", "Finished");
    let notification = daemon.with("Finished");
    assert_eq!(daemon.all(), [notification]);
}

#[test]
fn markup_is_escaped_for_a_daemon_that_interprets_it() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::with_markup(&desktop);
    let _app = desktop.start_hidden();
    run_together(&desktop, &["One <b>bold</b>", "Two <img src=x>"]);
    let digest = daemon.with("2 tasks");
    // A daemon may interpret markup in the body, but not in the title.
    assert!(digest.body.contains("&lt;b&gt;bold"), "{digest:?}");
    assert!(!digest.body.contains('<'), "{digest:?}");
}

#[test]
fn text_is_not_escaped_for_a_daemon_that_shows_it_as_it_is() {
    let desktop = Desktop::new();
    let daemon = NotificationDaemon::on(&desktop);
    let _app = desktop.start_hidden();
    run_together(&desktop, &["One <b>bold</b>", "Two & three"]);
    let digest = daemon.with("2 tasks");
    assert!(
        digest.body.contains("<b>bold</b>") && digest.body.contains("Two & three"),
        "{digest:?}"
    );
}

#[test]
fn dunst_shows_a_notification_and_a_click_opens_the_task() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut dunst = desktop.command("dunst");
    let _dunst = ChildGuard(dunst.spawn().expect("dunst; `cargo xtask setup` installs it"));
    let bus = desktop.connect();
    let dunst = || {
        let path = "/org/freedesktop/Notifications";
        Proxy::new(&bus, "org.freedesktop.Notifications", path, "org.dunstproject.cmd0")
    };
    let _app = desktop.start_hidden();
    panel.icon();
    until("dunst has started", || {
        dunst().is_ok_and(|dunst| dunst.get_property::<u32>("displayedLength").is_ok())
    });
    desktop.submit("[[say Hello.]]", "Greet");
    until("dunst shows the notification", || {
        dunst().unwrap().get_property::<u32>("displayedLength").unwrap() == 1
    });
    dunst().unwrap().call::<_, _, ()>("NotificationAction", &0_u32).unwrap();
    desktop.until_webviews(1);
}
