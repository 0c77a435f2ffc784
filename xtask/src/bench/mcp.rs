//! The cost of delegation over MCP: a call, the server's start, its memory.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Bench;
use super::figure::{Figure, Limit, Unit, mebibytes, median, millis, quantile};
use crate::interrupt;
use crate::processes;
use crate::sandbox::{NO_API, Sandbox};

const CALLS: usize = 500;
const STARTS: usize = 50;

/// An MCP server with its input and output.
struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    asked: u64,
}

impl Server {
    fn start(bench: &Bench, sandbox: &Sandbox) -> Result<Self> {
        let program = bench.worker.with_file_name("claude-worker-mcp");
        let mut command = sandbox.command(program);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().context("it has no input")?;
        let stdout = BufReader::new(child.stdout.take().context("it has no output")?);
        let mut server = Self { child, stdin, stdout, asked: 0 };
        let client = json!({ "name": "bench", "version": "1" });
        let version = "2025-11-25";
        let params =
            json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
        server.ask("initialize", &params)?;
        writeln!(server.stdin, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#)?;
        Ok(server)
    }

    fn ask(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.asked += 1;
        let request =
            json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
        writeln!(self.stdin, "{request}")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let mut answer: Value =
            serde_json::from_str(&line).context("the server ended or did not answer with JSON")?;
        ensure!(answer["error"].is_null(), "{method}: {answer}");
        Ok(answer["result"].take())
    }

    fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        let result = self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }))?;
        ensure!(result["isError"] == false, "{tool}: {result}");
        Ok(result)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let sandbox = Sandbox::new(&bench.worker, &bench.claude, NO_API, "workers = 2")?;
    sandbox.start_engine()?;
    let id = sandbox.submit(&["--agent", "shell", "echo done"])?;
    sandbox.wait(std::slice::from_ref(&id))?;
    let task = json!({ "task_id": id });

    let mut starts = Vec::new();
    for _ in 0..=STARTS {
        let begin = Instant::now();
        let mut server = Server::start(bench, &sandbox)?;
        server.call("get_task_status", &task)?;
        starts.push(begin.elapsed());
        interrupt::check()?;
    }
    starts.remove(0); // The first one reads the program from disk.

    let mut server = Server::start(bench, &sandbox)?;
    server.ask("tools/list", &json!({}))?;
    let mut calls: Vec<Duration> = Vec::new();
    for _ in 0..CALLS {
        let begin = Instant::now();
        server.call("get_task_status", &task)?;
        calls.push(begin.elapsed());
    }
    // The other calls of an ordinary session.
    server.call("list_tasks", &json!({}))?;
    server.call("get_task_logs", &task)?;
    server.call("wait_for_tasks", &json!({ "task_ids": [id] }))?;
    let pid = server.child.id();
    let (now, peak) = (processes::rss_kib(pid)?, processes::peak_rss_kib(pid)?);
    let own = processes::pss_kib(pid)?;
    drop(server);
    sandbox.stop()?;
    Ok(vec![
        Figure {
            what: "MCP: `get_task_status` over stdio, median".to_owned(),
            value: millis(median(&calls)),
            unit: Unit::Milliseconds,
            limit: Limit::AtMost(2.0),
            detail: format!("p99 {:.2} ms; {CALLS} calls", millis(quantile(&calls, 0.99))),
        },
        Figure {
            what: "MCP server: start to first answer of a tool, median".to_owned(),
            value: millis(median(&starts)),
            unit: Unit::Milliseconds,
            limit: Limit::AtMost(50.0),
            detail: format!(
                "with an engine running; p99 {:.2} ms; {STARTS} starts",
                millis(quantile(&starts, 0.99))
            ),
        },
        Figure {
            what: "MCP server, RSS".to_owned(),
            value: mebibytes(now),
            unit: Unit::MiB,
            limit: Limit::AtMost(12.0),
            detail: format!(
                "after {CALLS} calls and more; peak {:.1} MiB, PSS {:.1} MiB",
                mebibytes(peak),
                mebibytes(own)
            ),
        },
    ])
}
