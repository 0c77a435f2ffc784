//! The container without Docker: a root directory that debootstrap makes, the steps of the Dockerfile's last stage,
//! and its entry point as the first process of namespaces of its own.
//!
//! What that cannot show: that Docker builds the first two stages, the base images, and the step that installs
//! Claude Code from npm.

use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::Job;
use super::namespaces::{self, PATIENCE, Running};
use super::programs::NAMES;
use super::tree;
use crate::step::{output, probe, run};
use crate::{setup, workspace};

/// The version of Debian in the image.
const SUITE: &str = "bookworm";

/// What the last stage of the Dockerfile says.
#[derive(Debug, Default)]
struct Stage {
    base: String,
    run: Vec<String>,
    environment: Vec<(String, String)>,
    user: String,
    directory: String,
    health: Vec<String>,
    entry: Vec<String>,
    command: Vec<String>,
}

/// Runs the steps and tries the result.
pub(super) fn check(job: &Job) -> Result<()> {
    let stage =
        Stage::read(&fs::read_to_string(workspace::root().join("packaging/docker/Dockerfile"))?)?;
    if !namespaces::can_be_made() {
        eprintln!("── Container: not tried, because only root can change its root directory");
        return Ok(());
    }
    setup::container_tools()?;
    let root = prepare(job, &stage)?;
    Container { root, stage }.check()
}

impl Stage {
    fn read(text: &str) -> Result<Self> {
        let mut stage = Self::default();
        let mut variables: Vec<(String, String)> = Vec::new();
        for line in instructions(text) {
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let rest = variables.iter().fold(rest.to_owned(), |text, (name, value)| {
                text.replace(&format!("${{{name}}}"), value)
            });
            match word {
                "FROM" => stage = Self { base: rest, ..Self::default() },
                "ARG" => variables.extend(assignments(&rest)),
                "ENV" => stage.environment.extend(assignments(&rest)),
                "RUN" => stage.run.push(rest),
                "USER" => stage.user = rest,
                "WORKDIR" => stage.directory = rest,
                "HEALTHCHECK" => {
                    stage.health = words(rest.split_once("CMD ").map_or("", |(_, list)| list))?;
                }
                "ENTRYPOINT" => stage.entry = words(&rest)?,
                "CMD" => stage.command = words(&rest)?,
                _ => {}
            }
        }
        ensure!(stage.base.contains(SUITE), "the image has another base: {}", stage.base);
        Ok(stage)
    }
}

/// The instructions of a Dockerfile, each in one line.
fn instructions(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let joined: String = lines.map(|line| format!("{line}\n")).collect();
    let joined = joined.replace("\\\n", " ");
    joined.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// `A=1 B=2`, without quotes.
fn assignments(text: &str) -> Vec<(String, String)> {
    let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A list in JSON, as in `CMD ["a", "b"]`.
fn words(list: &str) -> Result<Vec<String>> {
    serde_json::from_str(list).with_context(|| format!("{list} is not a list of words"))
}

/// Makes the root directory, with the programs of this build. What the steps of the Dockerfile make of Debian's
/// base is kept until they change.
fn prepare(job: &Job, stage: &Stage) -> Result<PathBuf> {
    let mut hash = std::hash::DefaultHasher::new();
    stage.run.hash(&mut hash);
    let kept = workspace::target()?.join(format!("container-{SUITE}-{:016x}.tar", hash.finish()));
    let root = job.work("container")?;
    if kept.is_file() {
        run(Command::new("tar").arg("-C").arg(&root).arg("-xf").arg(&kept))?;
    } else {
        run_steps(&root, stage)?;
        let part = kept.with_extension("part");
        run(Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&part).arg("."))?;
        fs::rename(&part, &kept)?;
    }
    for name in NAMES {
        tree::copy(&job.programs.join(name), &root.join("usr/local/bin").join(name))?;
    }
    Ok(root)
}

/// Debian's base and the steps of the Dockerfile.
fn run_steps(root: &Path, stage: &Stage) -> Result<()> {
    let mut debootstrap = Command::new("debootstrap");
    debootstrap.args(["--variant=minbase", SUITE]).arg(root);
    run(debootstrap.stdout(Stdio::null()))?;
    // The clients of this machine know the way to its package registries.
    fs::remove_file(root.join("etc/apt/sources.list"))?;
    for file in ["resolv.conf", "apt/apt.conf.d", "apt/sources.list.d", "apt/sources.list"] {
        let from = Path::new("/etc").join(file);
        if from.exists() {
            run(Command::new("cp").arg("-rT").arg(&from).arg(root.join("etc").join(file)))?;
        }
    }
    // The image of Node.js has this user.
    in_root(root, "useradd --uid 1000 --user-group --create-home node")?;
    let (skipped, steps): (Vec<_>, Vec<_>) =
        stage.run.iter().partition(|line| line.starts_with("npm "));
    ensure!(skipped.len() == 1, "these steps would be left out: {skipped:?}");
    steps.into_iter().try_for_each(|line| in_root(root, line))
}

/// Runs a step of the Dockerfile.
fn in_root(root: &Path, line: &str) -> Result<()> {
    let mut chroot = Command::new("chroot");
    chroot.arg(root).args(["/bin/sh", "-c", line]).env("DEBIAN_FRONTEND", "noninteractive");
    run(chroot.stdout(Stdio::null()).stdin(Stdio::null()))
}

/// The container: its root directory and what its image says.
struct Container {
    root: PathBuf,
    stage: Stage,
}

impl Container {
    fn check(&self) -> Result<()> {
        let first = self.start()?;
        self.until_healthy(&first)?;
        let name = self.exec(&first, &["cat", "/proc/1/comm"])?;
        ensure!(name.trim() == "tini", "the first process is {name}");
        let user = self.exec(&first, &["id", "-u"])?;
        ensure!(user.trim() == "1000", "the engine runs as user {user}");
        let printed = self
            .exec(&first, &["claude-worker", "run", "--agent", "shell", "--wait", "echo works"])?;
        ensure!(printed.trim() == "works", "the task printed {printed}");
        self.answers_over_tcp(&first)?;
        self.orphans_are_reaped(&first)?;
        self.ends_cleanly(first)?;
        // The volume outlives the container.
        let second = self.start()?;
        self.until_healthy(&second)?;
        let shown = self.exec(&second, &["claude-worker", "status", "1", "--json"])?;
        let task: serde_json::Value = serde_json::from_str(&shown)?;
        ensure!(task["result"] == "works", "after the restart task 1 is {shown}");
        self.ends_cleanly(second)
    }

    /// The variables and the user of the image, as `env` and `chroot` take them.
    fn inside(&self, user: &str, program: &[String]) -> Vec<String> {
        let mut words = vec!["chroot".to_owned(), format!("--userspec={user}")];
        words.push(self.root.display().to_string());
        words.extend(["/usr/bin/env", "-i", "-C"].map(str::to_owned));
        words.push(self.stage.directory.clone());
        words.push("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
        words.extend(self.stage.environment.iter().map(|(name, value)| format!("{name}={value}")));
        words.extend(program.iter().cloned());
        words
    }

    fn start(&self) -> Result<Running> {
        let program = [&self.stage.entry[..], &self.stage.command[..]].concat();
        // What Docker does before the first program: devices, the loopback device.
        let script = "mount --bind /dev \"$1/dev\"; ip link set lo up; shift; exec \"$@\"";
        let mut unshare = Command::new("unshare");
        unshare.args(["--pid", "--net", "--ipc", "--uts", "--mount", "--fork"]);
        unshare.arg(format!("--mount-proc={}", self.root.join("proc").display()));
        unshare.args(["sh", "-ec", script, "sh"]).arg(&self.root);
        unshare.args(self.inside(&self.stage.user, &program));
        // Signals of the terminal are not meant for it.
        Running::start(unshare.process_group(0))
    }

    /// A command in the running container, as `docker exec` runs it.
    fn exec_command(&self, running: &Running, program: &[&str]) -> Command {
        let program: Vec<_> = program.iter().map(|word| (*word).to_owned()).collect();
        let mut command = Command::new("nsenter");
        command.args(["--target", &running.init.to_string(), "--pid", "--net", "--mount"]);
        command.args(self.inside(&self.stage.user, &program));
        command
    }

    fn exec(&self, running: &Running, program: &[&str]) -> Result<String> {
        output(&mut self.exec_command(running, program))
    }

    fn until_healthy(&self, running: &Running) -> Result<()> {
        let health: Vec<_> = self.stage.health.iter().map(String::as_str).collect();
        let deadline = Instant::now() + PATIENCE;
        while probe(&mut self.exec_command(running, &health)).is_none() {
            ensure!(Instant::now() < deadline, "{health:?} does not succeed");
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// A request to the published port, with the Host name that a client on the host sends.
    fn answers_over_tcp(&self, running: &Running) -> Result<()> {
        let script = "exec 3<>/dev/tcp/127.0.0.1/8000; printf 'GET /api/v1/tasks HTTP/1.1\\r\\nHost: \
            localhost:8000\\r\\nAuthorization: Bearer %s\\r\\nConnection: close\\r\\n\\r\\n' \
            \"$(cat ~/.claude-worker/token)\" >&3; cat <&3";
        let answer = self.exec(running, &["bash", "-c", script])?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "the port answers {answer}");
        Ok(())
    }

    /// A process that loses its parent gets the first process as its parent, which must reap it. And an agent whose
    /// supervisor is killed must leave nothing.
    fn orphans_are_reaped(&self, running: &Running) -> Result<()> {
        self.exec(running, &["sh", "-c", "(sleep 0.2 &)"])?;
        self.exec(running, &["claude-worker", "run", "--agent", "shell", "echo on; sleep 1000"])?;
        let deadline = Instant::now() + PATIENCE;
        // From the sleeping process up to the supervisor. The engine has another one ready, for the next run.
        let kill = "pid=$(grep -l '^sleep$' /proc/[0-9]*/comm | cut -d/ -f3); \
            until tr '\\0' ' ' </proc/$pid/cmdline | grep -q '^claude-worker: task '; \
            do pid=$(sed -n 's/^PPid:.//p' /proc/$pid/status); done; kill -9 $pid && echo killed";
        let wait = "claude-worker logs 2 | grep -q on";
        while probe(&mut self.exec_command(running, &["sh", "-c", wait])).is_none() {
            ensure!(Instant::now() < deadline, "the task does not start");
        }
        let killed = self.exec_command(running, &["sh", "-c", kill]).output()?;
        ensure!(
            String::from_utf8_lossy(&killed.stdout).contains("killed"),
            "there is no supervisor"
        );
        let lost = self.exec_command(running, &["claude-worker", "wait", "2"]).output()?;
        ensure!(
            lost.status.code() == Some(14),
            "the task without a supervisor ends with {}",
            lost.status
        );
        let zombies = "for p in /proc/[0-9]*; do if grep -qs '^State:.Z' $p/status; \
            then grep -Es '^(Name|Pid|PPid):' $p/status; fi; done";
        loop {
            let found = self.exec(running, &["sh", "-c", zombies])?;
            if found.trim().is_empty() {
                break;
            }
            ensure!(Instant::now() < deadline, "nobody reaps {found}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let sleeping = self
            .exec_command(running, &["sh", "-c", "grep -ls '^sleep$' /proc/[0-9]*/comm"])
            .output()?;
        ensure!(sleeping.stdout.is_empty(), "a process of the lost task is left");
        Ok(())
    }

    /// What `docker stop` does: SIGTERM to the first process.
    fn ends_cleanly(&self, mut running: Running) -> Result<()> {
        run(Command::new("kill").args(["-TERM", &running.init.to_string()]))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = running.unshare.try_wait()? {
                ensure!(status.success(), "after SIGTERM the container ends with {status}");
                return Ok(());
            }
            if Instant::now() >= deadline {
                bail!("the container does not end after SIGTERM");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_of_the_dockerfile_is_read() {
        let file = workspace::root().join("packaging/docker/Dockerfile");
        let stage = Stage::read(&fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(stage.user, "1000:1000", "not root");
        assert_eq!(stage.entry, ["/usr/bin/tini", "--"]);
        assert_eq!(stage.command[..4], ["claude-worker", "server", "start", "--foreground"]);
        assert!(stage.environment.contains(&("HOME".to_owned(), "/data".to_owned())), "{stage:?}");
        assert_eq!(stage.run.len(), 3);
        assert_eq!(stage.health, ["claude-worker", "server", "health"]);
    }

    #[test]
    fn the_image_has_the_tested_release_of_claude_code() {
        let file = workspace::root().join("packaging/docker/Dockerfile");
        let text = fs::read_to_string(file).unwrap();
        let pinned = format!("ARG CLAUDE_CODE_VERSION={}\n", scripted_api::claude::VERSION);
        assert!(text.contains(&pinned), "{pinned}");
    }
}
