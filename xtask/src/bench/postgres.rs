//! PostgreSQL as a peer: the rows of a submission, inserted by `pgbench`.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::step::{output, probe, run};
use crate::{interrupt, setup};

/// The tables that a submission writes, with their indexes, as in the engine's database.
const TABLES: &str = "
CREATE TABLE task (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status TEXT NOT NULL,
  state TEXT NOT NULL, run_id TEXT, queue_position BIGINT NOT NULL, due_at BIGINT, ended_at BIGINT,
  name TEXT NOT NULL, agent TEXT NOT NULL, working_directory TEXT NOT NULL, model TEXT,
  created_at BIGINT NOT NULL, started_at BIGINT, runs BIGINT NOT NULL DEFAULT 0, session_id TEXT,
  last_action TEXT, final_summary TEXT, usage TEXT NOT NULL DEFAULT '{}', idempotency_key TEXT UNIQUE,
  parent_id BIGINT, depth BIGINT NOT NULL DEFAULT 0, caller TEXT,
  agent_asked BIGINT NOT NULL DEFAULT 0);
CREATE INDEX task_by_status ON task (status, id);
CREATE INDEX task_due ON task (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX task_by_end ON task (ended_at, id, status) WHERE ended_at IS NOT NULL;
CREATE INDEX task_search ON task (id, status, name, working_directory);
CREATE INDEX task_in_queue ON task (queue_position, id) WHERE status = 'pending';
CREATE INDEX task_of_parent ON task (parent_id) WHERE parent_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX task_of_caller ON task (caller) WHERE caller IS NOT NULL AND ended_at IS NULL;
CREATE TABLE request (task_id BIGINT PRIMARY KEY REFERENCES task (id), request TEXT NOT NULL,
  filled_in TEXT NOT NULL DEFAULT '[]');
CREATE SEQUENCE ordinal;
CREATE TABLE event (seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at BIGINT NOT NULL,
  task_id BIGINT, kind TEXT NOT NULL, lasting BIGINT NOT NULL, ordinal BIGINT NOT NULL);
CREATE UNIQUE INDEX event_by_class ON event (lasting, ordinal);
";

/// One submission: one statement, so that it costs one round trip and one commit.
const INSERT: &str = "
WITH t AS (INSERT INTO task (status, state, queue_position, name, agent, working_directory, created_at)
  VALUES ('pending', '{\"status\":\"pending\",\"plan\":\"new\"}', 1, 'true', 'shell',
    '/tmp/claude-worker-bench/project', 1750000000000) RETURNING id),
r AS (INSERT INTO request (task_id, request) SELECT id,
  '{\"execution_prompt\":\"true\",\"working_directory\":\"/tmp/claude-worker-bench/project\",\"agent\":\"shell\",\"limits\":{}}'
  FROM t)
INSERT INTO event (at, task_id, kind, lasting, ordinal)
  SELECT 1750000000000, id, '{\"kind\":\"submitted\"}', 1, nextval('ordinal') FROM t;
";

/// A server of its own, on the disk of the other sandboxes.
pub(super) struct Postgres {
    directory: TempDir,
    programs: PathBuf,
    port: String,
    server: Option<Child>,
}

impl Postgres {
    pub(super) fn start() -> Result<Self> {
        let programs = setup::postgres()?;
        let directory = tempfile::Builder::new().prefix("claude-worker-postgres-").tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let mut postgres = Self { directory, programs, port, server: None };
        fs::write(postgres.file("tables.sql"), TABLES)?;
        fs::write(postgres.file("insert.sql"), INSERT)?;
        if is_root() {
            run(Command::new("chown").args(["-R", "nobody"]).arg(postgres.directory.path()))?;
        }
        let data = postgres.file("data");
        let mut init = postgres.program("initdb");
        run(init
            .args(["--auth=trust", "--username=bench", "-D"])
            .arg(&data)
            .stdout(Stdio::null()))?;
        let mut server = postgres.program("postgres");
        server.arg("-D").arg(&data).args([
            "-p",
            &postgres.port,
            "-c",
            "listen_addresses=127.0.0.1",
        ]);
        server.args(["-c", "unix_socket_directories=", "-c", "synchronous_commit=on"]);
        server.stdout(Stdio::null()).stderr(Stdio::null());
        postgres.server = Some(server.spawn().context("cannot start postgres")?);
        let deadline = Instant::now() + Duration::from_secs(20);
        while probe(&mut postgres.client("pg_isready")).is_none() {
            interrupt::check()?;
            anyhow::ensure!(Instant::now() < deadline, "postgres does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        let tables = postgres.file("tables.sql");
        run(postgres.client("psql").arg("-q").arg("-f").arg(tables))?;
        Ok(postgres)
    }

    /// How many submissions a second this many clients insert.
    pub(super) fn inserts_per_second(&self, clients: &str, seconds: &str) -> Result<f64> {
        let mut pgbench = self.client("pgbench");
        pgbench.args(["-n", "-M", "prepared", "-j", "2", "-c", clients, "-T", seconds, "-f"]);
        let text = output(pgbench.arg(self.file("insert.sql")))?;
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rate| rate.split_whitespace().next());
        Ok(rate.context("pgbench reports no rate")?.parse()?)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// PostgreSQL refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
        command
    }

    fn client(&self, name: &str) -> Command {
        let mut command = self.program(name);
        command.args(["-h", "127.0.0.1", "-U", "bench", "-p", &self.port]);
        command.env("PGDATABASE", "postgres");
        command
    }
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        probe(stop.args(["stop", "-m", "immediate", "-D"]).arg(self.file("data")));
        if let Some(mut server) = self.server.take() {
            let _ = server.wait();
        }
    }
}
