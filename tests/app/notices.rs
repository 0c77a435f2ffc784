//! Notifications: which are shown, what they say, what their buttons do.

use zbus::blocking::Proxy;

use crate::desktop::{Desktop, Machine};
use crate::notifications::Notifications;
use crate::process::{Kept, read, until};
use crate::tray::Panel;
use crate::webdriver::Window;

#[test]
fn the_end_of_a_task_is_told_with_its_verdict_and_buttons() {
    let desktop = Desktop::new();
    let notifications = Notifications::on(&desktop);
    let _app = desktop.start_hidden();
    desktop.submit("[[error credit]]", "Translate the manual");
    let notice = notifications.with("Translate the manual");
    assert_eq!(notice.summary, "Translate the manual");
    assert!(notice.body.contains("redit balance"), "{notice:?}");
    assert_eq!(notice.buttons(), ["Open", "Retry"], "{notice:?}");
    assert_eq!(notice.app, "Claude Worker");
}

#[test]
fn open_opens_the_task_and_retry_runs_it_again() {
    let desktop = Desktop::new();
    let notifications = Notifications::on(&desktop);
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    let id = desktop.submit("[[error credit]]", "Costly");
    let notice = notifications.with("Costly");
    notifications.press(&notice, "Retry");
    until("it ran twice", || {
        let task = desktop.json(["status", &id]);
        task["status"] == "failed" && task["run_history"].as_array().unwrap().len() == 2
    });
    until("the second end is told, too", || notifications.all().len() == 2);
    let second = notifications.all().pop().unwrap();
    notifications.press(&second, "Open");
    window.until_place("#/task/1");
}

#[test]
fn retry_on_an_old_notification_only_shows_how_the_task_stands() {
    let desktop = Desktop::new();
    let notifications = Notifications::on(&desktop);
    let _app = desktop.start_hidden();
    let id = desktop.submit("[[error credit]]", "Costly");
    let old = notifications.with("Costly");
    desktop.worker(["retry", &id]);
    until("the second end is told, too", || notifications.all().len() == 2);
    notifications.press(&old, "Retry");
    desktop.until_webviews(1);
    assert_eq!(desktop.json(["status", &id])["run_history"].as_array().unwrap().len(), 2);
}

#[test]
fn open_brings_a_window_where_there_is_none() {
    let desktop = Desktop::new();
    let notifications = Notifications::on(&desktop);
    let _app = desktop.start_hidden();
    desktop.submit("[[say Hello.]]", "Greet");
    let notice = notifications.with("Greet");
    // The verdict, and below it how the answer begins.
    assert_eq!(notice.body, "Done\nHello.", "{notice:?}");
    assert_eq!(notice.buttons(), ["Open"], "there is nothing to retry");
    notifications.press(&notice, "Open");
    desktop.until_webviews(1);
}

/// Lets tasks of these names end together: they wait for a file, which is made when each of them
/// is seen to wait. At most four, as many as there are workers: one more would not begin before
/// another has ended.
fn several(desktop: &Desktop, names: &[&str]) {
    let submit = |(number, name): (usize, &&str)| {
        let script = format!("touch waits-{number}; until [ -e go ]; do sleep 0.05; done");
        desktop.json(["run", "--agent", "shell", &script, "--name", name])["id"].to_string()
    };
    let ids: Vec<String> = names.iter().enumerate().map(submit).collect();
    until("each of them waits", || {
        (0..names.len()).all(|number| desktop.work().join(format!("waits-{number}")).exists())
    });
    std::fs::write(desktop.work().join("go"), "").unwrap();
    for id in &ids {
        desktop.until_status(id, "completed");
    }
}

#[test]
fn several_ends_at_once_are_one_notification() {
    let desktop = Desktop::new();
    let notifications = Notifications::on(&desktop);
    let _app = desktop.start_hidden();
    several(&desktop, &["One", "Two", "Three", "Four"]);
    let digest = notifications.with("4 tasks");
    assert_eq!(digest.buttons(), ["Open"], "{digest:?}");
    assert_eq!(notifications.all(), [digest]);
}

#[test]
fn nothing_is_told_twice_and_nothing_is_forgotten_between_two_starts() {
    let desktop = Desktop::new();
    let notifications = Notifications::on(&desktop);
    let app = desktop.start_hidden();
    desktop.submit("[[say One.]]", "First");
    notifications.with("First");
    app.kill();
    // An engine without a desktop runs this one.
    let id = desktop.submit("[[say Two.]]", "Second");
    desktop.until_status(&id, "completed");
    let _app = desktop.start_hidden();
    notifications.with("Second");
    desktop.submit("[[say Three.]]", "Third");
    notifications.with("Third");
    let titles: Vec<String> = notifications.all().into_iter().map(|n| n.summary).collect();
    assert_eq!(titles, ["First", "Second", "Third"]);
}

#[test]
fn what_is_looked_at_is_not_told() {
    let desktop = Desktop::new();
    let notifications = Notifications::on(&desktop);
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    let seen = desktop.submit_working("Seen.");
    window.go(&format!("#/task/{seen}"));
    window.role("heading", "Seen.");
    desktop.let_on();
    desktop.until_status(&seen, "completed");
    // Told in order: when this one has been told, that one never will be.
    desktop.submit("[[say Elsewhere.]]", "Not looked at");
    let notice = notifications.with("Not looked at");
    assert_eq!(notifications.all(), [notice]);
}

#[test]
fn finished_tasks_need_not_be_told() {
    let desktop = Desktop::of(Machine::FULL, "[notifications]\nfinished = false\n");
    let notifications = Notifications::on(&desktop);
    let _app = desktop.start_hidden();
    let id = desktop.submit("[[say Quiet.]]", "Quiet");
    desktop.until_status(&id, "completed");
    desktop.submit("[[error credit]]", "Loud");
    let notice = notifications.with("Loud");
    assert_eq!(notifications.all(), [notice]);
}

#[test]
fn failed_tasks_and_denied_tools_need_not_be_told() {
    let config = "[notifications]\nfailed = false\nattention = false\n";
    let desktop = Desktop::of(Machine::FULL, config);
    let notifications = Notifications::on(&desktop);
    let _app = desktop.start_hidden();
    let failed = desktop.submit("[[error credit]]", "Failed");
    desktop.until_status(&failed, "failed");
    let prompt = "[[bash touch denied.txt]] [[say Could not.]]";
    let mode = ["--name", "Denied", "--permission-mode", "default"];
    let denied = desktop.json(["run", prompt].into_iter().chain(mode))["id"].to_string();
    let denied = desktop.until_status(&denied, "completed");
    assert_eq!(denied["denied_tools"][0]["tool"], "Bash", "{denied}");
    // Told in order: when this one has been told, those before never will be.
    desktop.submit("[[say Done.]]", "Finished");
    let notice = notifications.with("Finished");
    assert_eq!(notifications.all(), [notice]);
}

#[test]
fn a_usage_limit_and_silence_are_told() {
    let mut desktop = Desktop::of(Machine::FULL, "[limits]\ngrace = \"2s\"\nsilence = \"12s\"\n");
    desktop.variable("CLAUDE_CODE_MAX_RETRIES", "0");
    // Only subscriptions have usage limits.
    desktop.variable("ANTHROPIC_API_KEY", "");
    desktop.variable("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-test-000");
    let notifications = Notifications::on(&desktop);
    let _app = desktop.start_hidden();
    let stalled = desktop.submit("[[stall]]", "Stalled");
    let notice = notifications.with("Silent for");
    assert_eq!(
        (notice.summary.as_str(), notice.buttons()),
        ("Stalled", vec!["Open"]),
        "{notice:?}"
    );
    desktop.until_status(&stalled, "failed");
    assert_eq!(notifications.with("Stopped: silent").buttons(), ["Open", "Retry"]);
    let reached = "[[status 429 retry-after=3600 anthropic-ratelimit-unified-status=rejected]]";
    let limited = ["run", reached, "--name", "Over", "--silence", "10m"];
    let limited = desktop.json(limited)["id"].to_string();
    let notice = notifications.with("Usage limit reached");
    assert_eq!((notice.summary.as_str(), notice.buttons()), ("Over", vec!["Open"]), "{notice:?}");
    assert_eq!(desktop.json(["status", &limited])["status"], "waiting");
}

#[test]
fn a_kind_is_turned_off_in_the_window() {
    let desktop = Desktop::new();
    let notifications = Notifications::on(&desktop);
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    window.go("#/settings");
    window.click("switch", "A task failed");
    until("it is in force", || {
        read(&desktop.data().join("config.toml")).contains("failed = false")
    });
    let id = desktop.submit("[[error credit]]", "Failed");
    desktop.until_status(&id, "failed");
    desktop.submit("[[say Done.]]", "Finished");
    let notice = notifications.with("Finished");
    assert_eq!(notifications.all(), [notice]);
}

#[test]
fn markup_is_only_text() {
    let desktop = Desktop::new();
    let notifications = Notifications::on(&desktop);
    let _app = desktop.start_hidden();
    several(&desktop, &["One <b>bold</b>", "Two <img src=x>"]);
    let digest = notifications.with("2 tasks");
    // A daemon may take the body for markup, the title it does not.
    assert!(digest.body.contains("&lt;b&gt;bold"), "{digest:?}");
    assert!(!digest.body.contains('<'), "{digest:?}");
}

#[test]
fn a_real_daemon_shows_it_and_its_click_opens_the_task() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut dunst = desktop.command("dunst");
    let _dunst = Kept(dunst.spawn().expect("dunst; `cargo xtask setup` installs it"));
    let bus = desktop.connect();
    let dunst = || {
        let path = "/org/freedesktop/Notifications";
        Proxy::new(&bus, "org.freedesktop.Notifications", path, "org.dunstproject.cmd0")
    };
    let _app = desktop.start_hidden();
    panel.icon();
    until("dunst is there", || {
        dunst().is_ok_and(|dunst| dunst.get_property::<u32>("displayedLength").is_ok())
    });
    desktop.submit("[[say Hello.]]", "Greet");
    until("dunst shows it", || {
        dunst().unwrap().get_property::<u32>("displayedLength").unwrap() == 1
    });
    dunst().unwrap().call::<_, _, ()>("NotificationAction", &0_u32).unwrap();
    desktop.until_webviews(1);
}
