//! What commands that wait cost while they wait.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Home, Kept, until};

/// How many events there are while the commands wait.
const EVENTS: usize = 20;
/// The longest prompt that Claude Code takes, in bytes.
const PROMPT: usize = 10_000_000;

/// An agent that says the next thing whenever the test lets it.
const AGENT: &str = r#"#!/bin/sh
cat > /dev/null
n=1
while [ $n -le 20 ]; do
    until [ -e "step.$n" ]; do sleep 0.02; done
    echo '{"type":"assistant","message":{"content":[{"type":"text","text":"step '$n'"}]}}'
    n=$((n + 1))
done
until [ -e end ]; do sleep 0.02; done
echo '{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"x","usage":{}}'
"#;

/// A way to the engine that counts the bytes of its answers.
struct Counted {
    socket: PathBuf,
    bytes: Arc<AtomicUsize>,
}

impl Counted {
    fn new(home: &Home, name: &str) -> Self {
        let socket = home.place(name);
        let listener = UnixListener::bind(&socket).unwrap();
        let engine = home.data().join("engine.sock");
        let bytes = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&bytes);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, engine) = (client.unwrap(), UnixStream::connect(&engine).unwrap());
                let (from, to) = (client.try_clone().unwrap(), engine.try_clone().unwrap());
                std::thread::spawn(move || copy(from, to, &AtomicUsize::new(0)));
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || copy(engine, client, &counted));
            }
        });
        Self { socket, bytes }
    }

    fn command(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = home.command();
        command
            .env("CLAUDE_WORKER_SERVER_URL", format!("unix://{}", self.socket.display()))
            .args(arguments)
            .stdout(Stdio::null());
        command
    }

    fn read(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

fn copy(mut from: UnixStream, mut to: UnixStream, counted: &AtomicUsize) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        counted.fetch_add(length, Ordering::Relaxed);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// So many tasks have begun.
fn until_running(home: &Home, count: u64) {
    until("they run", || home.json(["list"])["counts"]["running"] == count);
}

#[test]
fn a_long_prompt_is_not_read_again_at_each_event() {
    let place = Home::new();
    let claude = place.place("claude");
    std::fs::write(&claude, AGENT).unwrap();
    std::fs::set_permissions(&claude, PermissionsExt::from_mode(0o755)).unwrap();
    let home = Home::with_config(&format!("agents.claude = {claude:?}\n"));
    home.run(["server", "start", "--no-http"]).ok();
    let prompt = home.place("prompt");
    std::fs::write(&prompt, vec![b'x'; PROMPT]).unwrap();
    let prompt = prompt.to_str().unwrap();

    let submit = |name: &str, how: &str| {
        let way = Counted::new(&home, name);
        let child = way.command(&home, &["run", prompt, how]).spawn().unwrap();
        (way, Kept(child))
    };
    let follow = |name: &str, arguments: &[&str]| {
        let way = Counted::new(&home, name);
        let child = way.command(&home, arguments).spawn().unwrap();
        (way, Kept(child))
    };
    let mut waiting = vec![("run --wait", 1, submit("run-wait", "--wait"))];
    until_running(&home, 1);
    waiting.push(("run --watch", 2, submit("run-watch", "--watch")));
    until_running(&home, 2);
    waiting.push(("wait", 0, follow("wait", &["wait", "1", "2"])));
    waiting.push(("logs -f", 3, follow("logs", &["logs", "1", "-f"])));

    for step in 1..=EVENTS {
        std::fs::write(home.work().join(format!("step.{step}")), "").unwrap();
        let said = format!("step {step}");
        until("both say it", || {
            let list = home.json(["list"]);
            list["tasks"].as_array().unwrap().iter().all(|task| task["last_action"] == *said)
        });
    }
    std::fs::write(home.work().join("end"), "").unwrap();
    for (what, prompts, (way, mut command)) in waiting {
        let ended = |child: &mut Child| child.wait().unwrap();
        assert!(ended(&mut command.0).success(), "{what}");
        let read = way.read();
        println!("{what}: {read} bytes read, {} for each event", read / EVENTS);
        // The prompt for each run that it shows, and once at the end; and a little for each event.
        let most = prompts * PROMPT + 500_000;
        assert!(read < most, "{what} read {read} bytes, more than {most}");
    }
}
