//! `cargo xtask demo`: the main job for real, without a key and at no cost.
//!
//! The real Claude Code CLI works on three tasks in a throw-away project; the model behind it
//! is the project's scripted API. The app hosts the engine and its window shows the queue, while
//! the command line is used beside it. The debug build is shown: it is there after a test run,
//! and speed is what `bench` is for.

mod desktop;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use desktop::{App, Desktop};
use scripted_api::ScriptedApi;
use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::step::{output, run, step};
use crate::{interrupt, setup, ui, workspace};

/// One task of the demo.
struct Task {
    name: &'static str,
    /// What a person would ask for; the script for the model is added to it.
    prompt: &'static str,
    script: &'static str,
    options: &'static [&'static str],
    expected: &'static str,
}

const SCRIPT: &str = "greet.sh";

const TASKS: [Task; 3] = [
    Task {
        name: "explain",
        prompt: "What does greet.sh do?",
        script: "[[read greet.sh]] [[pause 600]] [[say It greets whoever you name, or the world.]]",
        options: &[],
        expected: "completed",
    },
    Task {
        name: "improve",
        prompt: "Make greet.sh say goodbye, too, and try it.",
        script: "[[say I read it first.]] [[read greet.sh]] [[pause 500]] \
                 [[edit greet.sh # The end => echo \"Goodbye, ${1:-world}.\"]] [[pause 500]] \
                 [[bash sh greet.sh Ada]] [[say It greets and says goodbye now; I ran it once.]]",
        options: &["--allowed-tools", "Bash(sh greet.sh:*)"],
        expected: "completed",
    },
    Task {
        name: "translate",
        prompt: "Translate greet.sh into Latin.",
        script: "[[pause 300]] [[error credit]]",
        options: &[],
        expected: "failed",
    },
];

/// Shows everything, checks that it went as told, and leaves nothing behind.
pub(crate) fn run_all() -> Result<()> {
    let claude = setup::claude_code()?;
    setup::desktop_packages()?;
    ui::build()?;
    step("Build claude-worker", || {
        let mut build = workspace::cargo();
        build.args(["build", "--quiet", "--package", "claude-worker"]);
        run(build.args(["--package", "claude-worker-app"]))
    })?;
    let program = workspace::target()?.join("debug/claude-worker");
    let api = ScriptedApi::start().context("cannot start the scripted API")?;
    interrupt::clean_up_on_ctrl_c()?;
    let mut sandbox = Sandbox::new(&program, &claude, &api.url(), "workers = 2")?;
    let desktop = Desktop::find(&mut sandbox)?;
    fs::write(sandbox.project().join(SCRIPT), "echo \"Hello, ${1:-world}.\"\n# The end\n")?;

    let mut app = step("Open the app", || App::start(&sandbox, &desktop::program()?))?;
    println!("\nThree tasks for the real Claude Code, two at a time. The model is scripted: what");
    println!("stands in [[…]] behind a prompt, further down, is what it does and says.\n");
    let ids = submit(&sandbox)?;
    println!();
    follow(&sandbox, &ids)?;

    println!();
    show(&sandbox, &["list"])?;
    for id in &ids {
        println!();
        show(&sandbox, &["status", id])?;
    }
    println!("\n$ cat {SCRIPT}");
    let changed = fs::read_to_string(sandbox.project().join(SCRIPT))?;
    print!("{changed}");
    ensure!(changed.contains("Goodbye"), "{SCRIPT} has not been changed");
    check(&sandbox, &ids)?;

    println!();
    println!("$ claude-worker open {}", ids[1]);
    app.open(&ids[1])?;
    desktop.show(&mut app)?;
    app.end()?;
    sandbox.nothing_runs()?;
    println!("\nNothing is left running. In your own project: claude-worker run \"…\" --watch");
    Ok(())
}

fn submit(sandbox: &Sandbox) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for task in &TASKS {
        println!("$ claude-worker run {:?} --name {}", task.prompt, task.name);
        let prompt = format!("{} {}", task.prompt, task.script);
        let args = [&[prompt.as_str(), "--name", task.name], task.options].concat();
        ids.push(sandbox.submit(&args)?);
    }
    Ok(ids)
}

/// Shows what the tasks do while they do it: the output of `logs -f` for each, as it comes.
fn follow(sandbox: &Sandbox, ids: &[String]) -> Result<()> {
    println!("$ claude-worker logs {} -f   (for all three at once)", ids.join("|"));
    let mut readers = Vec::new();
    for (task, id) in TASKS.iter().zip(ids) {
        let mut logs = sandbox.worker(&["logs", id, "-f"]);
        // How each ended is shown by the commands that follow.
        let mut child = logs.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take().context("no output to read")?;
        readers.push(thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(std::io::Result::ok);
            for line in lines.filter(|line| !line.trim().is_empty()) {
                println!("  {:<9} │ {line}", task.name);
            }
            child.wait()
        }));
    }
    for reader in readers {
        let ended = reader.join().map_err(|_| anyhow::anyhow!("a reader of logs panicked"))?;
        let ended = ended?;
        interrupt::check()?;
        ensure!(ended.success(), "`claude-worker logs` ended with {ended}");
    }
    Ok(())
}

/// Runs a command of the product in front of the audience.
fn show(sandbox: &Sandbox, args: &[&str]) -> Result<()> {
    println!("$ claude-worker {}", args.join(" "));
    run(&mut sandbox.worker(args))
}

fn check(sandbox: &Sandbox, ids: &[String]) -> Result<()> {
    sandbox.wait(ids)?;
    for (task, id) in TASKS.iter().zip(ids) {
        let status = output(&mut sandbox.worker(&["status", id, "--json"]))?;
        let status: Value = serde_json::from_str(&status)?;
        if status["status"] != task.expected {
            bail!("task {} should be {}: {status:#}", task.name, task.expected);
        }
    }
    Ok(())
}
