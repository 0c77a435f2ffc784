//! One engine per directory, and what happens around its start and stop.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use crate::support::{Home, Kept, Ran, read, until};

#[test]
fn there_is_never_a_second_engine_on_one_directory() {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let first = home.engine_pid();
    home.run(["server", "start", "--no-http"]).ok();
    assert_eq!(home.engine_pid(), first);
    home.run(["server", "start", "--foreground", "--no-http"])
        .refused(5, &["Another engine", "server stop"]);
    assert_eq!(home.engine_pid(), first);
}

#[test]
fn many_first_commands_at_once_start_one_engine_and_lose_no_task() {
    let home = Home::with_config("workers = 2");
    let children: Vec<_> = (0..12)
        .map(|n| {
            home.command()
                .args(["run", "--agent", "shell", &format!("echo {n}")])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut ids: Vec<i64> = children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
        })
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=12).collect::<Vec<_>>());
    home.finished(12);
}

#[test]
fn a_foreground_engine_serves_until_it_is_told_to_go() {
    let home = Home::new();
    let mut child = home
        .command()
        .args(["server", "start", "--foreground", "--no-http"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let pid = child.id();
    let child = Kept(child);
    until("it serves", || said.next().is_some_and(|line| line.unwrap().contains("serv")));
    assert_eq!(home.engine_pid(), pid);
    crate::support::signal(pid, rustix::process::Signal::TERM);
    let mut child = child;
    assert!(child.0.wait().unwrap().success());
    assert!(!home.data().join("engine.sock").exists());
}

#[test]
fn a_log_that_is_not_read_does_not_block_a_foreground_engine() {
    let home = Home::new();
    let mut child = Kept(
        home.command()
            .args(["server", "start", "--foreground", "--no-http"])
            .env("CLAUDE_WORKER_LOG", "trace")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut log = BufReader::new(child.0.stderr.take().unwrap());
    until("it serves", || {
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        line.contains("serv")
    });
    // From here on the pipe is not read, and a few of these tasks fill it with lines.
    for _ in 0..150 {
        home.shell("true");
    }
    home.finished(150);
    let pipe_holds = rustix::io::ioctl_fionread(log.get_ref()).unwrap();
    assert!(pipe_holds >= 60 * 1024, "the log did not fill the pipe: {pipe_holds} bytes");
}

#[test]
fn an_engine_that_is_told_twice_to_go_does_not_wait_any_more() {
    let home = Home::new();
    let mut child = Kept(
        home.command()
            .args(["server", "start", "--foreground", "--no-http"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut said = BufReader::new(child.0.stderr.take().unwrap()).lines();
    until("it serves", || said.next().is_some_and(|line| line.unwrap().contains("serv")));
    // Somebody else writes to the database, so that it cannot do what the first signal asks for.
    let database = rusqlite::Connection::open(home.data().join("tasks.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    crate::support::signal(child.0.id(), rustix::process::Signal::TERM);
    // Signals in quick succession are one request, so that the second request comes a moment later.
    until("it has ended", || {
        crate::support::signal(child.0.id(), rustix::process::Signal::INT);
        crate::support::is_gone(child.0.id())
    });
    // An orderly end would have said 0.
    assert_eq!(child.0.wait().unwrap().signal(), Some(2));
}

#[test]
fn an_engine_ends_in_order_when_it_is_asked_twice_at_once_or_while_it_starts() {
    for pause in 0..20 {
        let home = Home::new();
        let child = home.command().args(["server", "start", "--foreground", "--no-http"]).spawn();
        let mut child = Kept(child.unwrap());
        until("it has the data directory", || home.data().join("engine.lock").exists());
        std::thread::sleep(std::time::Duration::from_millis(2 * pause));
        for _ in 0..3 {
            crate::support::signal(child.0.id(), rustix::process::Signal::TERM);
        }
        let status = child.0.wait().unwrap();
        assert!(status.success(), "{status} after {} ms", 2 * pause);
        assert!(!home.data().join("engine.sock").exists());
    }
}

#[test]
fn commands_that_start_an_engine_at_the_same_time_log_no_error() {
    let home = Home::new();
    for _ in 0..5 {
        let begin = |_| home.command().arg("list").stdout(Stdio::null()).spawn().unwrap();
        let commands: Vec<_> = (0..8).map(begin).collect();
        for mut command in commands {
            assert!(command.wait().unwrap().success());
        }
        home.kill_engine();
    }
    let log = read(&home.data().join("engine.log"));
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn what_is_in_the_queue_begins_with_the_engine_alone() {
    let home = Home::new();
    home.run(["pause"]).ok();
    let id = home.shell("echo x > began");
    home.run(["server", "stop"]).ok();
    // Unpaused behind the engine's back: nobody will say anything to the new one.
    let database = rusqlite::Connection::open(home.data().join("tasks.db")).unwrap();
    database.execute("UPDATE setting SET value = 'false' WHERE key = 'paused'", []).unwrap();
    drop(database);
    home.run(["server", "start", "--no-http"]).ok();
    until("the task began by itself", || home.work().join("began").exists());
    assert_eq!(home.finished(id)["status"], "completed");
}

#[test]
fn stop_and_health_never_start_one() {
    let home = Home::new();
    home.run(["server", "health"]).refused(5, &["No engine is running"]);
    // There is nothing left to do.
    assert_eq!(home.run(["server", "stop"]).ok().stdout, "No engine is running\n");
    assert_eq!(home.json(["server", "stop"])["left_running"], 0);
    assert!(!home.data().join("tasks.db").exists());
    // Elsewhere there may be one that does not answer.
    let elsewhere = home.variable("CLAUDE_WORKER_SERVER_URL", "http://127.0.0.1:9");
    elsewhere.run(["server", "stop"]).refused(5, &["127.0.0.1:9"]);
}

#[test]
fn no_engine_is_started_from_inside_a_task() {
    let home = Home::new();
    // The task kills the engine it belongs to and then wants one.
    home.run(["server", "start", "--no-http"]).ok();
    let pid = home.engine_pid();
    let binary = env!("CARGO_BIN_EXE_claude-worker");
    let id = home.shell(&format!("kill -9 {pid}; {binary} list; echo code $?"));
    until("it has been refused", || {
        std::fs::read_dir(home.data().join("runs")).is_ok_and(|runs| {
            runs.flatten().any(|run| {
                std::fs::read_to_string(run.path().join("stdout"))
                    .is_ok_and(|text| text.contains("code 5"))
            })
        })
    });
    assert_eq!(home.finished(id)["status"], "completed");
    assert!(home.run(["logs", "1"]).stdout.contains("inside task"));
}

#[test]
fn a_database_of_its_own_has_an_engine_of_its_own() {
    let home = Home::new();
    let other = home.place("other");
    std::fs::create_dir(&other).unwrap();
    let run = |arguments: &[&str]| {
        let output = home
            .command()
            .env_remove("CLAUDE_WORKER_HOME")
            .env("CLAUDE_WORKER_DB", other.join("nightly.db"))
            .env("CLAUDE_WORKER_LOG_DIR", other.join("logs"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["run", "--agent", "shell", "echo there", "--wait"]).contains("there"));
    assert!(other.join("nightly.db").exists());
    assert_eq!(std::fs::read_dir(other.join("logs")).unwrap().count(), 1);
    assert_eq!(home.shell("true"), 1);
    home.finished(1);
    run(&["server", "stop"]);
}

/// A mistyped one would silently be another, empty queue.
#[test]
fn a_new_data_directory_that_the_environment_names_is_named_once() {
    let home = Home::new();
    let run = |variable: Option<(&str, &str)>, arguments: &[&str]| {
        let mut command = home.command();
        command.env_remove("CLAUDE_WORKER_HOME").envs(variable).args(arguments);
        Ran::of(&command.output().unwrap()).ok().stderr.clone()
    };
    let database = home.place("elsewhere").join("tasks.db").display().to_string();
    let data = home.data().display().to_string();
    for (variable, directory) in [
        (("CLAUDE_WORKER_HOME", data.as_str()), home.data()),
        (("CLAUDE_WORKER_DB", &database), home.place("elsewhere")),
    ] {
        let said = format!("New data directory: {}, from {}\n", directory.display(), variable.0);
        let first = run(Some(variable), &["list"]);
        assert!(first.starts_with(&said), "{first}");
        run(Some(variable), &["server", "stop"]);
        let again = run(Some(variable), &["list"]);
        assert!(!again.contains("New data directory"), "{again}");
        run(Some(variable), &["server", "stop"]);
    }
    let usual = run(None, &["list"]);
    assert!(!usual.contains("New data directory"), "{usual}");
    run(None, &["server", "stop"]);
}

#[test]
fn http_is_off_unless_asked_for_and_wants_the_token() {
    let home = Home::new();
    let mut child = home
        .command()
        .args(["server", "start", "--foreground", "--port", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let _child = Kept(child);
    let mut url = String::new();
    until("it says where", || {
        let line = said.next().unwrap().unwrap();
        match line.split_whitespace().find(|word| word.starts_with("http://")) {
            Some(found) => {
                url = found.trim_end_matches(['.', ',']).to_owned();
                true
            }
            None => false,
        }
    });
    let with_url = |token: &str, arguments: &[&str]| {
        home.command()
            .env("CLAUDE_WORKER_SERVER_URL", &url)
            .env("CLAUDE_WORKER_TOKEN", token)
            .args(arguments)
            .output()
            .unwrap()
    };
    let token = std::fs::read_to_string(home.data().join("token")).unwrap();
    let ran = with_url(&token, &["run", "--agent", "shell", "echo over tcp", "--wait"]);
    assert!(ran.status.success(), "{ran:?}");
    let ran = with_url("wrong", &["list"]);
    assert!(!ran.status.success());
    assert!(String::from_utf8_lossy(&ran.stderr).contains("token"), "{ran:?}");
}

#[test]
fn a_link_for_a_browser_has_a_code_and_the_page_and_not_the_token() {
    let home = Home::with_config("[http]\nlisten = \"127.0.0.1:0\"");
    home.run(["server", "start", "--no-http"]).ok();
    // HTTP is turned on for it.
    home.run(["server", "http", "off"]).ok();
    let turned_on = home.run(["open", "--browser", "--print"]);
    assert!(turned_on.ok().stderr.contains("HTTP is served at http://127.0.0.1:"), "{turned_on:?}");
    let server = home.json(["server", "health"])["http"].as_str().unwrap().to_owned();
    let token = std::fs::read_to_string(home.data().join("token")).unwrap();
    let ran = home.run(["open", "--browser", "--print"]);
    let link = ran.ok().stdout.trim();
    let code = link.strip_prefix(&format!("{server}/login#")).expect("a code");
    assert!(code.len() == 32 && !token.contains(code), "{link}");
    assert!(ran.stderr.contains("works once"), "{ran:?}");
    let link = home.json(["open", "12", "--browser"])["url"].as_str().unwrap().to_owned();
    assert!(link.ends_with("&/task/12") && !link.contains(token.trim()), "{link}");
    // A phone cannot reach a loopback address.
    home.run(["open", "--phone"]).refused(5, &["cannot reach", "--host"]);
}

#[test]
fn the_browser_is_opened_with_a_private_file_and_not_with_the_link() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let programs = home.place("programs");
    std::fs::create_dir(&programs).unwrap();
    let opener = programs.join("xdg-open");
    let said = home.place("said");
    let script = format!(
        "#!/bin/sh\necho \"$@\" > '{}'\ncat \"$1\" >> '{}'\n",
        said.display(),
        said.display()
    );
    std::fs::write(&opener, script).unwrap();
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", programs.display());
    let home = home.variable("PATH", path).variable("DISPLAY", ":none");
    home.run(["server", "start", "--http", "127.0.0.1:0"]).ok();
    let ran = home.run(["open", "--browser"]);
    ran.ok();
    let link = ran.stdout.trim();
    let text = read(&said);
    let (arguments, page) = text.split_once('\n').expect("what the opener was given");
    assert_eq!(arguments, home.data().join("open-browser.html").display().to_string());
    assert!(page.contains(&format!("url={link}\"")), "{page}");
    let mode = std::fs::metadata(arguments).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_frozen_engine_is_named_and_ended_only_when_a_person_says_so() {
    let home = Home::new();
    let id = home.shell("exec sleep 600");
    home.until_status(id, "running");
    let pid = home.engine_pid();
    let frozen = |pid: u32| crate::support::signal(pid, rustix::process::Signal::STOP);
    let silent = |pid: u32| {
        format!(
            "The engine (process {pid}) has not answered for 3 s; it is stopped: kill -CONT {pid}"
        )
    };
    frozen(pid);
    let mut child = home.command();
    let child = child.args(["list", "-q"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut told = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut told).unwrap();
    assert_eq!(told.trim_end(), silent(pid));
    crate::support::signal(pid, rustix::process::Signal::CONT);
    assert_eq!(Ran::of(&child.wait_with_output().unwrap()).ok().stdout, format!("{id}\n"));

    frozen(pid);
    let told = home.run(["doctor"]);
    assert!(told.stdout.contains(&format!("process {pid} does not answer")), "{told:?}");
    assert!(told.stdout.contains("Disk"), "what needs no engine is examined: {told:?}");
    home.run(["server", "stop"]).refused(5, &[&silent(pid), "claude-worker server stop --kill"]);
    home.run(["server", "restart"]).refused(5, &["claude-worker server restart --kill"]);
    let ran = home.run(["server", "stop", "--kill"]);
    assert!(ran.ok().stdout.contains(&format!("process {pid}) did not answer and was killed")));
    home.until_status(id, "running");
    let next = home.engine_pid();
    assert_ne!(next, pid);
    // One that answers is not killed.
    home.run(["server", "restart", "--kill"]).ok();
    for (option, http) in [("--port=0", "HTTP is served at"), ("--no-http", "HTTP is off")] {
        home.run(["server", "start", option]).ok();
        let last = home.engine_pid();
        frozen(last);
        let ran = home.run(["server", "restart", "--kill"]);
        assert!(ran.ok().stdout.contains(http), "{ran:?}");
        assert_ne!(home.engine_pid(), last);
    }
    assert_eq!(home.json(["status", &id.to_string()])["status"], "running");
    home.run(["cancel", "all", "--yes"]).ok();
}
