//! Random kills of engines, supervisors and the app while tasks begin, run and are ended.
//!
//! A campaign does not depend on the host of the engine; the tests of the command line and those of
//! the app run it, each in an environment of its own. Tasks leave marks in files: one when they begin,
//! and one if they ever continue after the command at which they should be ended. At the end the
//! [`judge`] counts the faults.

mod judge;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use claude_worker_api::{RUN_MARKER, TASK_MARKER};
use serde_json::Value;

use self::judge::{Faults, LINES, Plan, Seen, judge};

/// The environment of a campaign.
pub(crate) trait World {
    /// The command line, with the environment's variables.
    fn command(&self) -> Command;
    /// The data directory.
    fn data(&self) -> PathBuf;
    /// A path that no other part of the test uses.
    fn place(&self, name: &str) -> PathBuf;
    /// Before each round: makes sure that an engine can run, for example by starting the app.
    fn host(&mut self) {}
    /// Whether this process is the app.
    fn is_app(&self, _pid: u32) -> bool {
        false
    }
}

/// How long the tasks may take to finish after the last kill.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest time between the last command of a round and its kill, in microseconds.
const LATEST_KILL: u64 = 9_000;
/// How many tasks that wait to be cancelled or removed there may be at once: each occupies a worker.
const OPEN: usize = 3;

/// The kind of process to kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    /// An engine in the background.
    Engine,
    /// The app, which hosts an engine.
    App,
    /// The supervisor of a run.
    Supervisor,
    /// A supervisor that waits for a run.
    Spare,
}

/// A task that was submitted.
struct Sent {
    id: i64,
    plan: Plan,
    round: u64,
}

/// A running command that ends a task.
struct Ending {
    id: i64,
    verb: &'static str,
    child: Child,
}

/// Runs a campaign of this many kills, prints the result, and fails if there are faults.
pub(crate) fn campaign(world: &mut impl World, kills: u64) {
    let began = Instant::now();
    let mut random = Random::new();
    let mut campaign = Campaign::begin(world);
    let mut killed: BTreeMap<Victim, usize> = BTreeMap::new();
    for round in 0..kills {
        world.host();
        campaign.submit(world, &mut random, round);
        campaign.end_one(world);
        let wanted = match random.below(10) {
            0..6 => Victim::Engine,
            6..9 => Victim::Supervisor,
            _ => Victim::Spare,
        };
        let (victim, pid) = campaign.choose(world, &mut random, wanted);
        let instant = Instant::now() + Duration::from_micros(random.below(LATEST_KILL));
        while Instant::now() < instant {
            std::hint::spin_loop();
        }
        kill(pid);
        *killed.entry(victim).or_default() += 1;
    }
    let kill_time = began.elapsed();
    world.host();
    let supervisors = killed.get(&Victim::Supervisor).copied().unwrap_or_default()
        + killed.get(&Victim::Spare).copied().unwrap_or_default();
    let tasks = campaign.sent.len();
    let faults = campaign.finish(world, supervisors);
    eprintln!(
        "{kills} kills ({killed:?}), {tasks} tasks, {:.1?} and {:.1?}, seed {}: {faults}",
        kill_time,
        began.elapsed() - kill_time,
        random.seed
    );
    assert_eq!(faults, Faults::default(), "CLAUDE_WORKER_SEED={}", random.seed);
}

struct Campaign {
    marks: PathBuf,
    steps: PathBuf,
    sent: Vec<Sent>,
    /// Tasks that are still to be cancelled or removed.
    open: Vec<(i64, &'static str)>,
    ending: Vec<Ending>,
    /// A task that prints during the whole campaign, and the command that follows its log.
    ticker: i64,
    reader: Child,
}

impl Campaign {
    fn begin(world: &impl World) -> Self {
        let (marks, steps) = (world.place("marks"), world.place("steps"));
        std::fs::create_dir(&steps).unwrap();
        let stop = world.place("stop");
        let tick = format!(
            "n=0; while [ ! -e {} ]; do echo tick $n; n=$((n+1)); sleep 0.02; done",
            stop.display()
        );
        let ticker = submit(world, &[&tick]);
        let mut reader = world.command();
        reader.args(["logs", &ticker.to_string(), "-f"]);
        let out = std::fs::File::create(world.place("ticks")).unwrap();
        let reader = reader.stdout(out).stderr(Stdio::null()).spawn().unwrap();
        Self {
            marks,
            steps,
            sent: Vec::new(),
            open: Vec::new(),
            ending: Vec::new(),
            ticker,
            reader,
        }
    }

    /// Submits the tasks of a round: two of random kinds.
    fn submit(&mut self, world: &impl World, random: &mut Random, round: u64) {
        for round in [2 * round, 2 * round + 1] {
            let mark = format!("echo {round} >> {}", self.marks.display());
            let step = format!("{mark}; sleep 1000; touch {}/{round}", self.steps.display());
            let wanted = match random.below(20) {
                0..6 => Plan::Itself,
                6..12 => Plan::Lines,
                12..15 => Plan::Timeout,
                15..18 => Plan::Cancel,
                _ => Plan::Remove,
            };
            let must_be_ended = matches!(wanted, Plan::Cancel | Plan::Remove);
            let plan = if must_be_ended && self.open.len() >= OPEN { Plan::Itself } else { wanted };
            let limit = format!("{}ms", 1 + random.below(60));
            let id = match plan {
                Plan::Itself => submit(world, &[&format!("{mark}; sleep 0.0{}", random.below(5))]),
                Plan::Lines => {
                    let print = format!(
                        "{mark}; n=0; while [ $n -lt {LINES} ]; do echo line $n; n=$((n+1)); done"
                    );
                    submit(world, &[&print])
                }
                Plan::Timeout => submit(world, &[&step, "--timeout", &limit]),
                Plan::Cancel | Plan::Remove => submit(world, &[&step]),
            };
            match plan {
                Plan::Cancel => self.open.push((id, "cancel")),
                Plan::Remove => self.open.push((id, "remove")),
                Plan::Itself | Plan::Lines | Plan::Timeout => {}
            }
            self.sent.push(Sent { id, plan, round });
        }
    }

    /// Starts a command that ends the oldest open task; an engine that dies may make it fail.
    fn end_one(&mut self, world: &impl World) {
        let mut still = Vec::new();
        for mut ending in self.ending.drain(..) {
            match ending.child.try_wait().unwrap() {
                None => still.push(ending),
                Some(status) if status.success() => {}
                // The engine may not have received the request: try again later.
                Some(_) => self.open.push((ending.id, ending.verb)),
            }
        }
        self.ending = still;
        if self.open.len() + self.ending.len() >= OPEN && !self.open.is_empty() {
            let (id, verb) = self.open.remove(0);
            let mut command = world.command();
            command.args([verb, &id.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
            self.ending.push(Ending { id, verb, child: command.spawn().unwrap() });
        }
    }

    /// Chooses the process to kill: a random one of the wanted kind, or else the engine.
    fn choose(&self, world: &impl World, random: &mut Random, wanted: Victim) -> (Victim, u32) {
        let mut found = Vec::new();
        if wanted != Victim::Engine {
            let agents = agents(&world.data());
            let ticker = self.ticker.to_string();
            for pid in processes(&world.data()) {
                // A supervisor's new child looks like a supervisor until it becomes the agent.
                let is_child = status(pid).is_none_or(|(_, parent)| is_supervisor(parent));
                if is_child || !is_supervisor(pid) {
                    continue;
                }
                let tasks: Vec<_> =
                    agents.iter().filter(|agent| agent.parent == pid).map(|a| &a.task).collect();
                let victim = if tasks.is_empty() { Victim::Spare } else { Victim::Supervisor };
                // The ticker must run to the end. Its supervisor always has a child.
                if victim == wanted && !tasks.iter().any(|task| **task == ticker) {
                    found.push((victim, pid));
                }
            }
        }
        if found.is_empty() {
            let pid = engine(world);
            return (if world.is_app(pid) { Victim::App } else { Victim::Engine }, pid);
        }
        let count = u64::try_from(found.len()).unwrap();
        found[usize::try_from(random.below(count)).unwrap()]
    }

    /// Ends the remaining open tasks, waits for all tasks, and counts the faults.
    fn finish(mut self, world: &impl World, supervisors_killed: usize) -> Faults {
        for mut ending in std::mem::take(&mut self.ending) {
            if !ending.child.wait().unwrap().success() {
                self.open.push((ending.id, ending.verb));
            }
        }
        for (id, verb) in std::mem::take(&mut self.open) {
            // The task may have finished already: the judge checks how it ended.
            drop(world.command().args([verb, &id.to_string()]).output().unwrap());
        }
        std::fs::write(world.place("stop"), "").unwrap();
        let deadline = Instant::now() + PATIENCE;
        let tasks = loop {
            let tasks = list(world);
            let unfinished = |task: &&Value| {
                matches!(task["status"].as_str(), Some("pending" | "running" | "waiting"))
            };
            if tasks.values().filter(unfinished).count() == 0 || Instant::now() > deadline {
                break tasks;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let orphans = agents(&world.data()).len();
        let mut marks: BTreeMap<u64, usize> = BTreeMap::new();
        for line in std::fs::read_to_string(&self.marks).unwrap_or_default().lines() {
            *marks.entry(line.parse().unwrap()).or_default() += 1;
        }
        let ends = ends(&world.data());
        let seen: Vec<Seen> = self
            .sent
            .iter()
            .map(|Sent { id, plan, round }| {
                let text = |value: &Value| value.as_str().map(str::to_owned);
                let status = tasks.get(id).and_then(|task| {
                    Some((text(&task["status"])?, text(&task["failure"]["kind"])))
                });
                let output = match plan {
                    Plan::Lines => printed(world, *id),
                    _ => String::new(),
                };
                Seen {
                    id: *id,
                    plan: *plan,
                    status,
                    marks: marks.get(round).copied().unwrap_or_default(),
                    ends: ends.get(id).copied().unwrap_or_default(),
                    stepped: self.steps.join(round.to_string()).exists(),
                    output,
                }
            })
            .collect();
        let mut faults = judge(&seen, supervisors_killed, orphans);
        self.read_to_the_end(world, &mut faults);
        faults
    }

    /// Checks that `logs -f` showed the ticker's whole output, across all engines.
    fn read_to_the_end(&mut self, world: &impl World, faults: &mut Faults) {
        let followed = self.reader.wait().unwrap();
        let ticks = std::fs::read_to_string(world.place("ticks")).unwrap();
        let expected: String = (0..ticks.lines().count()).map(|n| format!("tick {n}\n")).collect();
        let printed = printed(world, self.ticker);
        if !followed.success() || ticks != expected || printed != expected {
            faults.gaps += 1;
            let (read, all) = (ticks.lines().count(), printed.lines().count());
            faults.cases.push(format!("`logs -f` showed {read} of {all} ticks: {followed}"));
        }
    }
}

/// Queues a shell command and returns the task's id. `run` starts an engine if none runs, and tries
/// again if the engine dies.
fn submit(world: &impl World, arguments: &[&str]) -> i64 {
    let mut command = world.command();
    command.args(["run", "--json", "--agent", "shell"]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    let task: Value = serde_json::from_slice(&output.stdout).unwrap();
    task["id"].as_i64().unwrap()
}

/// The process that hosts the engine.
fn engine(world: &impl World) -> u32 {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let output = world.command().args(["server", "health", "--json"]).output().unwrap();
        let health: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        if let Some(pid) = health["pid"].as_u64() {
            return u32::try_from(pid).unwrap();
        }
        // The engine may just have died. `status` starts another one.
        assert!(Instant::now() < deadline, "no engine runs: {output:?}");
        drop(world.command().args(["status"]).output().unwrap());
    }
}

/// All tasks.
fn list(world: &impl World) -> BTreeMap<i64, Value> {
    let output = world.command().args(["list", "--all", "--json"]).output().unwrap();
    let page: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let tasks = page["tasks"].as_array().unwrap_or_else(|| panic!("no list: {output:?}"));
    tasks.iter().map(|task| (task["id"].as_i64().unwrap(), task.clone())).collect()
}

/// The output of a task's newest run.
fn printed(world: &impl World, id: i64) -> String {
    let output = world.command().args(["logs", &id.to_string(), "--raw"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// How often each task ended, according to the event stream.
pub(crate) fn ends(data: &Path) -> BTreeMap<i64, i64> {
    let database = rusqlite::Connection::open_with_flags(
        data.join("tasks.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    let mut statement = database
        .prepare(
            "SELECT task_id, count(*) FROM event
             WHERE json_extract(kind, '$.kind') = 'state_changed'
             AND json_extract(kind, '$.status') IN ('completed', 'failed', 'cancelled')
             GROUP BY task_id",
        )
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// A process of a run.
struct AgentProcess {
    parent: u32,
    task: String,
}

/// The running processes with this data directory and a run's marker in their environment.
fn agents(data: &Path) -> Vec<AgentProcess> {
    let mut found = Vec::new();
    for pid in processes(data) {
        let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else { continue };
        let value = |name: &str| {
            let prefix = format!("{name}=");
            let mut variables = environment.split(|byte| *byte == 0);
            let value = variables.find_map(|variable| variable.strip_prefix(prefix.as_bytes()));
            value.map(|value| String::from_utf8_lossy(value).into_owned())
        };
        let (Some(_), Some(task)) = (value(RUN_MARKER), value(TASK_MARKER)) else { continue };
        let Some(parent) = status(pid).map(|(_, parent)| parent) else { continue };
        found.push(AgentProcess { parent, task });
    }
    found
}

/// The running processes with this data directory in their environment.
fn processes(data: &Path) -> BTreeSet<u32> {
    let own = format!("CLAUDE_WORKER_HOME={}", data.display());
    let has = |pid: &u32| {
        std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
            environment.split(|byte| *byte == 0).any(|variable| variable == own.as_bytes())
        })
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| has(pid) && status(*pid).is_some()).collect()
}

fn is_supervisor(pid: u32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.starts_with(b"claude-worker: task ")
        || line.split(|byte| *byte == 0).nth(1) == Some(b"supervise")
}

/// A process's state and parent; none when it has ended.
fn status(pid: u32) -> Option<(char, u32)> {
    let mut stat = String::new();
    std::fs::File::open(format!("/proc/{pid}/stat")).ok()?.read_to_string(&mut stat).ok()?;
    let mut words = stat.rsplit(')').next()?.split_whitespace();
    let (state, parent) = (words.next()?.chars().next()?, words.next()?.parse().ok()?);
    (!matches!(state, 'Z' | 'X')).then_some((state, parent))
}

/// Kills a process and waits until it has ended.
fn kill(pid: u32) {
    if let Some(handle) = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()) {
        let _ = rustix::process::kill_process(handle, rustix::process::Signal::KILL);
    }
    let deadline = Instant::now() + PATIENCE;
    while status(pid).is_some() {
        assert!(Instant::now() < deadline, "process {pid} cannot be killed");
        std::thread::yield_now();
    }
}

/// The number of kills: `CLAUDE_WORKER_KILLS`, or this default.
pub(crate) fn kills(default: u64) -> u64 {
    std::env::var("CLAUDE_WORKER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Random numbers. The seed is printed, and can be set in `CLAUDE_WORKER_SEED` to repeat a campaign.
struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    fn new() -> Self {
        use std::hash::{BuildHasher, RandomState};
        let seed = std::env::var("CLAUDE_WORKER_SEED")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| RandomState::new().hash_one(0) | 1);
        Self { seed, state: seed }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % limit
    }
}
