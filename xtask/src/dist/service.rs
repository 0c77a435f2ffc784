//! The system unit, started by a real systemd: it is the first process of namespaces of its own, with units,
//! control groups and directories that only it sees. Needs root.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Job;
use super::namespaces::{self, PATIENCE, Running};
use super::units::{self, UNIT};
use crate::step::{output, probe, run};
use crate::{setup, workspace};

/// The program of systemd.
const SYSTEMD: &str = "/lib/systemd/systemd";
/// Prepares the namespaces and becomes systemd.
const SCRIPT: &str = include_str!("service.sh");
/// The service that `docs/deployment.md` advises.
const SERVICE: &str = "claude-worker@claude-worker";
/// Its user's number, as the script adds it.
const USER: &str = "61234";
/// Targets that services are ordered by. The real ones would start what belongs to this machine.
const TARGETS: &[&str] = &["basic", "network-online", "shutdown", "sysinit"];

/// Succeeds when the engine answers, which is a moment after systemd has started it.
const HEALTH: &[&str] = &["claude-worker", "server", "health"];

/// What a task may do, and not do, whatever is forbidden besides.
const TASK: &str = "set -e
for file in /tmp/file /var/tmp/file ~/file; do echo x > $file; done
mktemp > /dev/null
for file in /usr/file /etc/file /boot/file; do
    if echo x 2> /dev/null > $file; then echo $file can be written; exit 1; fi
done
# What the sandbox of Claude Code does.
bwrap --unshare-user --unshare-pid --ro-bind / / --proc /proc --dev /dev true
grep -q '^NoNewPrivs:.1$' /proc/self/status";

/// With the drop-in of the documents, tasks see and write less.
const RESTRICTED_TASK: &str = "set -e
if ls /home/ada 2> /dev/null; then echo another home directory is visible; exit 1; fi
if echo x 2> /dev/null > /srv/file; then echo /srv can be written; exit 1; fi";

/// Starts, restarts and stops the service, and runs tasks in it.
pub(super) fn check(job: &Job) -> Result<()> {
    if !Path::new(SYSTEMD).is_file() || !namespaces::can_be_made() {
        eprintln!("── Not started: that needs systemd, and root to make namespaces");
        return Ok(());
    }
    setup::container_tools()?;
    let units = job.work("service")?;
    for target in TARGETS {
        let text = format!("[Unit]\nDescription={target}\nDefaultDependencies=no\n");
        fs::write(units.join(format!("{target}.target")), text)?;
    }
    let unit = fs::read_to_string(workspace::root().join("packaging/systemd").join(UNIT))?;
    fs::write(units.join(UNIT), unit.replace("/usr/bin/", "/run/programs/"))?;
    let work = job.work("service-script")?;
    let script = work.join("service.sh");
    fs::write(&script, SCRIPT)?;
    let log = work.join("systemd.log");
    let groups = ControlGroups::new()?;
    let running = groups.start(&script, &units, &job.programs, File::create(&log)?)?;
    let machine = Machine { running };
    machine.use_service().with_context(|| format!("systemd wrote {}", log.display()))
}

/// Control groups for the namespaces, one below this process's own in each hierarchy. Dropping it removes them.
struct ControlGroups(Vec<PathBuf>);

impl ControlGroups {
    fn new() -> Result<Self> {
        let mut made = Self(Vec::new());
        for line in fs::read_to_string("/proc/self/cgroup")?.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(name), Some(path)) = (parts.next(), parts.next()) else { continue };
            let all = Path::new("/sys/fs/cgroup");
            let hierarchy = match name {
                "" if all.join("cgroup.controllers").is_file() => all.to_owned(),
                "" => all.join("unified"),
                _ => all.join(name.trim_start_matches("name=")),
            };
            let own = hierarchy.join(path.trim_start_matches('/'));
            let group = own.join(format!("claude-worker-check-{}", std::process::id()));
            // A hierarchy that cannot be used is none that systemd needs, or systemd says so.
            if own.join("cgroup.procs").is_file() && fs::create_dir(&group).is_ok() {
                made.0.push(group);
            }
        }
        Ok(made)
    }

    fn start(&self, script: &Path, units: &Path, programs: &Path, log: File) -> Result<Running> {
        // Only built-in commands: the first child must be that of `unshare`.
        let enter = "for group; do [ \"$group\" = -- ] && break; \
            echo $$ 2> /dev/null > \"$group/cgroup.procs\" || :; shift; done; shift; exec \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", enter, "sh"]).args(&self.0).args(["--", "unshare"]);
        command.args(["--pid", "--net", "--mount", "--uts", "--ipc", "--cgroup"]);
        command.args(["--fork", "--kill-child", "sh"]);
        Running::start(command.arg(script).arg(units).arg(programs).stderr(log))
    }
}

impl Drop for ControlGroups {
    fn drop(&mut self) {
        for group in &self.0 {
            let mut remove = Command::new("find");
            remove.arg(group).args(["-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
            drop(remove.status());
        }
    }
}

/// The namespaces with systemd.
struct Machine {
    running: Running,
}

impl Machine {
    /// Starts, restarts and stops the service, and runs tasks in it.
    fn use_service(&self) -> Result<()> {
        self.until(&["test", "-S", "/run/systemd/private"]).context("systemd does not start")?;
        self.systemctl(&["start", SERVICE])?;
        self.until(HEALTH)?;
        let http = self.claude_worker(&["server", "http"])?;
        ensure!(http.starts_with("HTTP is off"), "nobody asked for it: {http}");
        self.task(TASK)?;
        run(&mut self.user(&["mkfifo", "/var/lib/claude-worker/pipe"]))?;
        self.claude_worker(&["run", "--agent", "shell", "read x < ~/pipe; echo $x"])?;
        self.until(&["sh", "-c", "claude-worker list --status running | grep -q pipe"])?;
        self.systemctl(&["restart", SERVICE])?;
        self.until(HEALTH)?;
        run(&mut self.user(&["sh", "-c", "echo survived > ~/pipe"]))?;
        self.claude_worker(&["wait", "2"])?;
        let shown = self.claude_worker(&["status", "2"])?;
        ensure!(shown.contains("survived"), "a restart ended the task: {shown}");
        // The restrictions that the documents advise.
        run(&mut self.root(&["mkdir", "-p", "/home/ada"]))?;
        let place = format!("/run/units/{UNIT}.d");
        let dropin = units::documented_drop_in()?;
        let write = "mkdir \"$1\" && printf %s \"$2\" > \"$1/override.conf\"";
        run(&mut self.root(&["sh", "-ec", write, "sh", &place, &dropin]))?;
        self.systemctl(&["daemon-reload"])?;
        self.systemctl(&["restart", SERVICE])?;
        self.until(HEALTH)?;
        self.task(TASK)?;
        self.task(RESTRICTED_TASK)?;
        self.systemctl(&["stop", SERVICE])?;
        let answer = self.user(HEALTH).output()?;
        ensure!(answer.status.code() == Some(5), "the engine was not stopped: {answer:?}");
        Ok(())
    }

    /// A command of root.
    fn root(&self, program: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.running.init.to_string(), "--all", "--wd=/"]);
        command.args(program);
        command
    }

    /// A command of the service's user.
    fn user(&self, program: &[&str]) -> Command {
        let mut words =
            vec!["timeout", "30", "setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"];
        words.extend(["env", "-i", "-C", "/", "HOME=/var/lib/claude-worker", "LANG=C.UTF-8"]);
        words.push("PATH=/run/programs:/usr/bin:/bin");
        words.extend(program);
        self.root(&words)
    }

    fn systemctl(&self, arguments: &[&str]) -> Result<()> {
        run(&mut self.root(&[&["systemctl"], arguments].concat()))
    }

    fn claude_worker(&self, arguments: &[&str]) -> Result<String> {
        output(&mut self.user(&[&["claude-worker"], arguments].concat()))
    }

    /// Runs a task of this script, which must succeed.
    fn task(&self, script: &str) -> Result<()> {
        let arguments = ["claude-worker", "run", "--agent", "shell", "--wait", script];
        let done = self.user(&arguments).stdin(Stdio::null()).output()?;
        let told = [done.stdout, done.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        ensure!(done.status.success(), "a task of the service failed: {told}");
        Ok(())
    }

    fn until(&self, program: &[&str]) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while probe(&mut self.user(program)).is_none() {
            ensure!(Instant::now() < deadline, "{program:?} does not succeed");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}
