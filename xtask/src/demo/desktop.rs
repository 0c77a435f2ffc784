//! The demo's desktop: the person's own, or where there is none a screen in memory, of which a
//! picture is taken.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::sandbox::Sandbox;
use crate::step::run;
use crate::{interrupt, workspace};

/// What a program needs to know of the person's desktop.
const VARIABLES: &[&str] =
    &["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"];

/// How long the window may take to show something. The debug build is slow, and so are many
/// machines on which a demo is looked at.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait before looking again.
const GLANCE: Duration = Duration::from_millis(50);

/// How long the app may take to end.
const LEAVING: Duration = Duration::from_secs(10);

/// A session bus on which only is what was put there: no service starts by itself.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// Where the app is shown.
pub(super) enum Desktop {
    /// The person's own.
    Real,
    /// A screen and a session bus of our own, which end with this.
    InMemory {
        /// They end when these are dropped.
        _servers: [Ended; 2],
    },
}

/// A process that is ended when nobody needs it any more.
pub(super) struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Desktop {
    /// The desktop there is, or one in memory. The sandbox's programs see it from now on.
    pub(super) fn find(sandbox: &mut Sandbox) -> Result<Self> {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        if set("DISPLAY") || set("WAYLAND_DISPLAY") {
            for name in VARIABLES {
                if let Some(value) = env::var_os(name) {
                    sandbox.set(name, value);
                }
            }
            return Ok(Self::Real);
        }
        let mut screen = Command::new("Xvfb");
        screen.args(["-displayfd", "1", "-screen", "0", "1280x820x24", "-nolisten", "tcp"]);
        let (screen, number) = first_line(&mut screen)?;
        let config = sandbox.path("bus.conf");
        let socket = sandbox.path("bus");
        fs::write(&config, BUS.replace("SOCKET", &socket.to_string_lossy()))?;
        let mut bus = Command::new("dbus-daemon");
        bus.arg("--config-file").arg(&config).args(["--nofork", "--print-address=1"]);
        let (bus, address) = first_line(&mut bus)?;
        let runtime = sandbox.path("runtime");
        fs::create_dir(&runtime)?;
        sandbox.set("DISPLAY", format!(":{number}"));
        sandbox.set("DBUS_SESSION_BUS_ADDRESS", address);
        sandbox.set("XDG_RUNTIME_DIR", runtime);
        Ok(Self::InMemory { _servers: [screen, bus] })
    }

    /// Shows what has happened: leaves the window to the person, or takes a picture of it.
    pub(super) fn show(&self, app: &mut App) -> Result<()> {
        match self {
            Self::Real if std::io::stdin().is_terminal() => {
                println!("\nThe window is yours. Press Enter here to end the demo.");
                std::io::stdin().read_line(&mut String::new())?;
                interrupt::check()
            }
            // Nobody could press a key.
            Self::Real => Ok(()),
            Self::InMemory { .. } => {
                let picture = workspace::target()?.join("demo.png");
                app.picture(&picture)?;
                println!("\nThere is no display here: {} shows the window.", picture.display());
                Ok(())
            }
        }
    }
}

/// The app with its window.
pub(super) struct App<'a> {
    sandbox: &'a Sandbox,
    /// What it prints.
    said: PathBuf,
    process: Child,
}

impl<'a> App<'a> {
    /// Starts the app; returns when its window shows something.
    pub(super) fn start(sandbox: &'a Sandbox, program: &Path) -> Result<Self> {
        let said = sandbox.path("app.log");
        let log = File::create(&said)?;
        let mut command = sandbox.command(program);
        // Its log says which task the window shows.
        command.env("CLAUDE_WORKER_LOG", "info,claude_worker_app=debug");
        let process = command.stdout(log.try_clone()?).stderr(log).spawn();
        let mut app = Self { sandbox, said, process: process.context("cannot start the app")? };
        app.until_said("the window is painted")?;
        Ok(app)
    }

    /// Waits until the app has written these words into its journal.
    fn until_said(&mut self, words: &str) -> Result<()> {
        let journal = self.sandbox.data().join("engine.log");
        let read = |file: &Path| fs::read_to_string(file).unwrap_or_default();
        let deadline = Instant::now() + PATIENCE;
        while !read(&journal).contains(words) {
            interrupt::check()?;
            if let Some(status) = self.process.try_wait()? {
                bail!("the app ended with {status}:\n{}", read(&self.said));
            }
            if deadline <= Instant::now() {
                bail!("the app does not say \"{words}\":\n{}", read(&journal));
            }
            std::thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// Brings a task onto the screen.
    pub(super) fn open(&mut self, task: &str) -> Result<()> {
        run(&mut self.sandbox.worker(&["open", task]))?;
        self.until_said(&format!("the window shows this task task=Some(TaskId({task}))"))
    }

    /// Takes a picture of the screen as soon as it does not change any more.
    fn picture(&mut self, file: &Path) -> Result<()> {
        let mut last = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut import = self.sandbox.command("import");
            run(import.args(["-window", "root", "+set", "date:create"]).arg(file))?;
            let now = fs::read(file)?;
            if now == last || deadline <= Instant::now() {
                return Ok(());
            }
            last = now;
            std::thread::sleep(4 * GLANCE);
        }
    }

    /// Ends it as the end of a session does: nothing of it is left.
    pub(super) fn end(mut self) -> Result<()> {
        let pid = self.process.id().to_string();
        run(Command::new("kill").args(["-TERM", &pid]))?;
        let deadline = Instant::now() + LEAVING;
        while self.process.try_wait()?.is_none() {
            if deadline <= Instant::now() {
                bail!("the app does not end");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for App<'_> {
    fn drop(&mut self) {
        // After an orderly end this has no effect.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The app, which is built beside the command line.
pub(super) fn program() -> Result<PathBuf> {
    Ok(workspace::target()?.join("debug/claude-worker-app"))
}

/// Starts a server that says in a line where it is.
fn first_line(command: &mut Command) -> Result<(Ended, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Ended(command.spawn().with_context(|| format!("cannot start {name}"))?);
    let stdout = child.0.stdout.take().context("no output to read")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    if line.trim().is_empty() {
        bail!("{name} did not start");
    }
    Ok((child, line.trim().to_owned()))
}
