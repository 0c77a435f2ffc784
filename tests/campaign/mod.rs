//! Random kills of everything that can be killed, while tasks begin, work and are ended.
//!
//! A campaign does not depend on the host of the engine; the tests of the command line and those of
//! the app run it, each in a world of its own. Tasks leave marks in files: one when they begin, and one
//! if they ever go on after the command at which they are to be ended. When all is over, the
//! [`judge`] counts what went wrong.

mod judge;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use claude_worker_supervisor::{RUN_MARKER, TASK_MARKER};
use serde_json::Value;

use self::judge::{Faults, LINES, Plan, Seen, judge};

/// Where a campaign takes place.
pub(crate) trait World {
    /// The command line, with the world's environment.
    fn command(&self) -> Command;
    /// The data directory.
    fn data(&self) -> PathBuf;
    /// A place that no other part of the test uses.
    fn place(&self, name: &str) -> PathBuf;
    /// Makes sure that there may be an engine in a moment, before each round.
    fn host(&mut self) {}
    /// Whether this process is the app.
    fn is_app(&self, _pid: u32) -> bool {
        false
    }
}

/// How long anything may take when all kills are done.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest time between the last command of a round and its kill, in microseconds.
const LATEST_KILL: u64 = 9_000;
/// How many tasks that are to be cancelled or removed may be open at once: each holds a worker.
const OPEN: usize = 3;

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    /// An engine in the background.
    Engine,
    /// The app, which is an engine too.
    App,
    /// The supervisor of a run.
    Supervisor,
    /// One that waits for a run.
    Spare,
}

/// A task that was submitted.
struct Sent {
    id: i64,
    plan: Plan,
    round: u64,
}

/// A command that ends a task, on its way.
struct Ending {
    id: i64,
    verb: &'static str,
    child: Child,
}

/// Runs a campaign of this many kills, prints what came of it, and fails at the first fault.
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
        let until_then = Instant::now() + Duration::from_micros(random.below(LATEST_KILL));
        while Instant::now() < until_then {
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
    /// Tasks that are to be ended and were not yet.
    open: Vec<(i64, &'static str)>,
    ending: Vec<Ending>,
    /// A task that prints during the whole campaign, and the process that follows it.
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

    /// Submits what a round has: two tasks of any kind.
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

    /// Has the oldest open task ended, by a command that may meet a dying engine.
    fn end_one(&mut self, world: &impl World) {
        let mut still = Vec::new();
        for mut ending in self.ending.drain(..) {
            match ending.child.try_wait().unwrap() {
                None => still.push(ending),
                Some(status) if status.success() => {}
                // Whether it was heard is not known: it is said again.
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

    /// The process to be killed: of the kind that is wanted, or the engine.
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
                // The ticker is to go on to the end. Its supervisor always has a child.
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

    /// Ends what is to be ended, waits for the rest, and judges.
    fn finish(mut self, world: &impl World, supervisors_killed: usize) -> Faults {
        for mut ending in std::mem::take(&mut self.ending) {
            if !ending.child.wait().unwrap().success() {
                self.open.push((ending.id, ending.verb));
            }
        }
        for (id, verb) in std::mem::take(&mut self.open) {
            // It may be over already: the judge knows what was meant.
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

    /// What was read along, from one engine to the next, is all that was printed.
    fn read_to_the_end(&mut self, world: &impl World, faults: &mut Faults) {
        let followed = self.reader.wait().unwrap();
        let ticks = std::fs::read_to_string(world.place("ticks")).unwrap();
        let expected: String = (0..ticks.lines().count()).map(|n| format!("tick {n}\n")).collect();
        let printed = printed(world, self.ticker);
        if !followed.success() || ticks != expected || printed != expected {
            faults.gaps += 1;
            let (read, there) = (ticks.lines().count(), printed.lines().count());
            faults.cases.push(format!("{read} of {there} ticks were read along: {followed}"));
        }
    }
}

/// Queues a shell command and returns the task's id. The command starts an engine where there is
/// none, and asks again where one dies under it.
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
        // A command that ends something may have met a dying engine; any other starts one.
        assert!(Instant::now() < deadline, "there is no engine: {output:?}");
        drop(world.command().args(["status"]).output().unwrap());
    }
}

/// All tasks there are.
fn list(world: &impl World) -> BTreeMap<i64, Value> {
    let output = world.command().args(["list", "--all", "--json"]).output().unwrap();
    let page: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let tasks = page["tasks"].as_array().unwrap_or_else(|| panic!("no list: {output:?}"));
    tasks.iter().map(|task| (task["id"].as_i64().unwrap(), task.clone())).collect()
}

/// What a task's newest run printed.
fn printed(world: &impl World, id: i64) -> String {
    let output = world.command().args(["logs", &id.to_string(), "--raw"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// How often each task reached an end, by the event stream.
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

/// The living processes that carry a run's marker of this data directory.
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

/// The living processes with this data directory in their environment.
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
    line.split(|byte| *byte == 0).nth(1) == Some(b"supervise")
}

/// A process's state and parent; none when it has ended.
fn status(pid: u32) -> Option<(char, u32)> {
    let mut stat = String::new();
    std::fs::File::open(format!("/proc/{pid}/stat")).ok()?.read_to_string(&mut stat).ok()?;
    let mut words = stat.rsplit(')').next()?.split_whitespace();
    let (state, parent) = (words.next()?.chars().next()?, words.next()?.parse().ok()?);
    (!matches!(state, 'Z' | 'X')).then_some((state, parent))
}

/// Kills a process and waits until it is gone.
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

/// How many kills are asked for: this many in an ordinary run, as many as one likes on demand
/// (`CLAUDE_WORKER_KILLS=10000`).
pub(crate) fn kills(ordinary: u64) -> u64 {
    std::env::var("CLAUDE_WORKER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(ordinary)
}

/// Numbers that differ from run to run; the seed is printed, and can be given again in
/// `CLAUDE_WORKER_SEED`.
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
