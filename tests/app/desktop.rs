//! A private desktop for one test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use scripted_api::ScriptedApi;
use scripted_api::claude::{Installation, environment};
use serde_json::Value;
use tempfile::TempDir;
use zbus::blocking::Connection;

use crate::process::{self, ChildGuard, command_line, is_gone, kill, read, until, until_some};

/// The program under test: the one that Cargo has built, or the one that a package has installed below
/// `CLAUDE_WORKER_INSTALLED`.
pub(crate) fn app() -> PathBuf {
    match std::env::var_os("CLAUDE_WORKER_INSTALLED") {
        Some(root) => Path::new(&root).join("usr/bin/claude-worker-app"),
        None => env!("CARGO_BIN_EXE_claude-worker-app").into(),
    }
}

/// The parts that a desktop has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    /// An X server.
    pub(crate) screen: bool,
    /// A session bus.
    pub(crate) bus: bool,
    /// The Claude Code CLI.
    pub(crate) claude: bool,
}

impl Parts {
    /// All parts.
    pub(crate) const FULL: Self = Self { screen: true, bus: true, claude: true };
}

/// The desktop. Dropping it ends all its processes, and checks that none is left.
pub(crate) struct Desktop {
    root: TempDir,
    variables: BTreeMap<String, String>,
    /// The scripted API that replaces the model.
    pub(crate) api: ScriptedApi,
    bus: Option<ChildGuard>,
    /// Dropped before the screen: it would report that the screen is gone.
    window_manager: Option<ChildGuard>,
    screen: Option<ChildGuard>,
}

impl Desktop {
    /// A desktop with all parts.
    pub(crate) fn new() -> Self {
        Self::of(Parts::FULL, "")
    }

    /// A desktop with these parts, and these lines at the end of `config.toml`.
    pub(crate) fn of(parts: Parts, config: &str) -> Self {
        let root = tempfile::Builder::new().prefix("cw-").tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for name in ["home", "tmp", "work", "data", "runtime", "xdg"] {
            std::fs::create_dir(path(name)).unwrap();
            let private = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(path(name), private).unwrap();
        }
        // TOML allows each table once, and `config` may contain this one.
        let limits = if config.contains("[limits]") { "" } else { "[limits]\ngrace = \"2s\"\n" };
        let mut text = limits.to_owned();
        if parts.claude {
            let claude = Installation::find().unwrap();
            text += &format!("[agents]\nclaude = \"{}\"\n", claude.program.display());
        }
        std::fs::write(path("data/config.toml"), text + config).unwrap();

        let api = ScriptedApi::start().unwrap();
        let mut variables: BTreeMap<_, _> =
            environment(&path("home"), &path("tmp"), &api.url()).into_iter().collect();
        let mut set = |name: &str, value: String| drop(variables.insert(name.to_owned(), value));
        set("CLAUDE_WORKER_HOME", path("data").display().to_string());
        set("XDG_RUNTIME_DIR", path("runtime").display().to_string());
        for (name, below) in
            [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "share"), ("XDG_CACHE_HOME", "cache")]
        {
            set(name, path("xdg").join(below).display().to_string());
        }
        if !parts.claude {
            // A login shell finds no `claude` here.
            set("PATH", "/usr/bin:/bin".to_owned());
        }
        // The services of GTK would be other processes on the bus, which do not run here.
        for (name, value) in
            [("NO_AT_BRIDGE", "1"), ("GSETTINGS_BACKEND", "memory"), ("GIO_USE_VFS", "local")]
        {
            set(name, value.to_owned());
        }
        let mut desktop =
            Self { root, variables, api, bus: None, window_manager: None, screen: None };
        if parts.screen {
            desktop.start_screen("1280x800");
        }
        if parts.bus {
            desktop.start_bus();
        }
        desktop
    }

    /// A desktop with a large screen and a window manager, which gives windows the size that they are
    /// asked to have. Claude Code is missing.
    pub(crate) fn with_window_manager() -> Self {
        let mut desktop = Self::of(Parts { screen: false, claude: false, ..Parts::FULL }, "");
        desktop.start_screen("2600x1500");
        let mut manager = Command::new("openbox");
        manager
            .env_clear()
            .envs(["DISPLAY", "HOME", "PATH"].map(|name| (name, desktop.value(name))));
        manager.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        desktop.window_manager = Some(ChildGuard(manager.spawn().unwrap()));
        crate::screen::Screen::of(&desktop).until_managed();
        desktop
    }

    /// Starts an X server with a screen of this size on the first free display.
    fn start_screen(&mut self, size: &str) {
        let mut server = Command::new("Xvfb");
        let screen = format!("{size}x24");
        server.args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp"]);
        let (server, number) = first_line(server.env("TMPDIR", self.place("tmp")));
        self.screen = Some(server);
        self.variable("DISPLAY", &format!(":{number}"));
    }

    /// Starts a session bus that starts no services by itself.
    fn start_bus(&mut self) {
        let address = format!("unix:path={}", self.place("bus").display());
        let config = self.place("bus.conf");
        std::fs::write(&config, BUS_CONFIG.replace("ADDRESS", &address)).unwrap();
        let mut daemon = Command::new("dbus-daemon");
        daemon.arg(format!("--config-file={}", config.display()));
        let (daemon, _) = first_line(daemon.args(["--nofork", "--print-address=1"]));
        self.bus = Some(daemon);
        self.variable("DBUS_SESSION_BUS_ADDRESS", &address);
    }

    /// Kills the session bus.
    pub(crate) fn end_bus(&mut self) {
        self.bus = None;
    }

    /// Sets an environment variable for every program that is started from now on.
    pub(crate) fn variable(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Removes an environment variable from every program that is started from now on.
    pub(crate) fn remove_variable(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// The value of an environment variable; empty if it is not set.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }

    /// A connection to the session bus.
    pub(crate) fn connect(&self) -> Connection {
        self.bus_builder().build().unwrap()
    }

    /// A builder for a connection to the session bus.
    pub(crate) fn bus_builder(&self) -> zbus::blocking::connection::Builder<'static> {
        let address: zbus::Address =
            self.value("DBUS_SESSION_BUS_ADDRESS").parse().expect("a desktop with a bus");
        zbus::blocking::connection::Builder::address(address).unwrap()
    }

    /// A path in the test's own directory.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The working directory of the tasks.
    pub(crate) fn work(&self) -> PathBuf {
        self.place("work")
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.place("data")
    }

    /// A command with the desktop's environment only.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.variables).current_dir(self.work()).stdin(Stdio::null());
        command
    }

    /// Starts the app; its output goes to a file that [`App::output`] reads.
    pub(crate) fn start<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> App {
        let log = self.place("app.log");
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = self.command(app());
        command.args(arguments).stdout(file.try_clone().unwrap()).stderr(file);
        let engine_log = self.data().join("engine.log");
        let screenshot = self.screen.is_some().then(|| self.command("import"));
        App { child: ChildGuard(command.spawn().unwrap()), logs: [log, engine_log], screenshot }
    }

    /// Starts the app without a window and waits until it runs the engine and reads its events. A task
    /// that ends earlier would show no notification.
    pub(crate) fn start_hidden(&self) -> App {
        let app = self.start(["--hidden"]);
        self.until_engine(app.pid());
        // Tasks that end before the cursor exists show no notification.
        until("the app reads the events", || self.data().join("engine.told").exists());
        app
    }

    /// Waits until this process runs the engine.
    #[track_caller]
    pub(crate) fn until_engine(&self, pid: u32) {
        until("the app runs the engine", || self.engine() == Some(pid));
    }

    /// Runs the command line, expects it to succeed, and returns what it printed.
    pub(crate) fn worker<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        let mut command = self.command(worker());
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the command line with `--json` and parses its output.
    pub(crate) fn json<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Value {
        let text = self.worker(arguments.into_iter().chain(["--json"]));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"))
    }

    /// Submits a task for the real Claude Code CLI and returns its id.
    pub(crate) fn submit(&self, prompt: &str, name: &str) -> String {
        self.json(["run", prompt, "--name", name])["id"].to_string()
    }

    /// Submits a task that runs until it is [released](Self::release) and then answers with `answer`.
    /// Waits until it runs. One per desktop.
    pub(crate) fn submit_blocked(&self, answer: &str) -> String {
        let wait = "touch works; until [ -e go ]; do sleep 0.1; done";
        let id = self.submit(&format!("[[bash {wait}]] [[say {answer}]]"), answer);
        until("the task runs", || self.work().join("works").exists());
        self.until_status(&id, "running");
        id
    }

    /// Lets the blocked task continue.
    pub(crate) fn release(&self) {
        std::fs::write(self.work().join("go"), "").unwrap();
    }

    /// Waits until a task has this status; returns the task.
    #[track_caller]
    pub(crate) fn until_status(&self, id: &str, status: &str) -> Value {
        let mut last = Value::Null;
        until(&format!("task {id} is {status}"), || {
            last = self.json(["status", id]);
            last["status"] == status
        });
        last
    }

    /// The process that runs the engine, if there is one.
    pub(crate) fn engine(&self) -> Option<u32> {
        let output = self.command(worker()).args(["server", "health", "--json"]).output().unwrap();
        let health: Value = serde_json::from_slice(&output.stdout).ok()?;
        u32::try_from(health["pid"].as_u64()?).ok()
    }

    /// All processes of this desktop, except its X server and bus.
    pub(crate) fn processes(&self) -> BTreeSet<u32> {
        process::with_variable(&format!("CLAUDE_WORKER_HOME={}", self.data().display()))
    }

    /// The number of processes of this desktop that run this program.
    pub(crate) fn running(&self, program: &str) -> usize {
        let runs = |pid: &u32| {
            let line = command_line(*pid);
            let path = line.split(' ').next().unwrap_or_default();
            Path::new(path).file_name().is_some_and(|name| name == program)
        };
        self.processes().iter().filter(|pid| runs(pid)).count()
    }

    /// Waits until there are so many processes of the app. A second start takes a moment to end, and a
    /// child looks like the app between fork and exec.
    #[track_caller]
    pub(crate) fn until_apps(&self, count: usize) {
        until(&format!("there are {count} apps"), || self.running("claude-worker-app") == count);
    }

    /// Waits until there are so many webviews.
    #[track_caller]
    pub(crate) fn until_webviews(&self, count: usize) {
        until(&format!("there are {count} webviews"), || self.running("WebKitWebProcess") == count);
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let stop = || {
            let mut command = self.command(worker());
            command.args(["server", "stop", "--cancel-running"]).output().unwrap()
        };
        if std::thread::panicking() {
            drop(stop());
            self.processes().into_iter().for_each(kill);
            return;
        }
        let stopped = stop();
        // Exit code 5: there was no engine to stop.
        assert!(matches!(stopped.status.code(), Some(0 | 5)), "{stopped:?}");
        let left = || self.processes().into_iter().map(command_line).collect::<Vec<_>>();
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until("no process is left", || {
                let is_empty = self.processes().is_empty();
                if !is_empty {
                    // The app was killed with its handle, and its stand-by is starting an engine.
                    drop(stop());
                }
                is_empty
            });
        }));
        if ended.is_err() {
            let left = left();
            self.processes().into_iter().for_each(kill);
            panic!("left behind: {left:?}");
        }
    }
}

/// The command line, in the same directory as the app, as it is when installed.
pub(crate) fn worker() -> PathBuf {
    let program = app().with_file_name("claude-worker");
    assert!(program.is_file(), "it is missing: `cargo build --package claude-worker`");
    program
}

/// A running app.
pub(crate) struct App {
    child: ChildGuard,
    logs: [PathBuf; 2],
    /// The command that takes a screenshot of its screen.
    screenshot: Option<Command>,
}

/// Saves a screenshot, to investigate a failure.
fn save_screenshot(screenshot: &mut Command) {
    let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.png"));
    let taken = screenshot.args(["-window", "root"]).arg(&file).status();
    if taken.is_ok_and(|taken| taken.success()) {
        eprintln!("the screen: {}", file.display());
    }
}

impl App {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Whether it runs.
    pub(crate) fn is_running(&self) -> bool {
        !is_gone(self.pid())
    }

    /// The output and the log of this app and of earlier ones on this desktop.
    pub(crate) fn output(&self) -> String {
        self.logs.iter().map(|log| read(log)).collect()
    }

    /// Waits until it exits.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let child: &mut Child = &mut self.child.0;
        until_some("the app exits", || child.try_wait().unwrap())
    }

    /// Kills it.
    pub(crate) fn kill(self) {
        kill(self.pid());
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let output = self.output();
        if std::thread::panicking() {
            eprintln!("output of the app:\n{output}");
            self.screenshot.iter_mut().for_each(save_screenshot);
        } else {
            assert!(!output.contains("panicked"), "{output}");
        }
    }
}

/// Starts a program that keeps running, and waits for its first line of output.
fn first_line(command: &mut Command) -> (ChildGuard, String) {
    command.env_remove("DISPLAY").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("{command:?}: {error}. `cargo xtask setup` installs what is missing")
    });
    let stdout = child.stdout.take().unwrap();
    let kept = ChildGuard(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    assert!(!line.trim().is_empty(), "{command:?} printed nothing");
    (kept, line.trim().to_owned())
}

const BUS_CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>ADDRESS</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;
