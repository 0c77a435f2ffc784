//! A test double of the programs that host an engine, which tests let hand over to each other and
//! kill: `serve` is the headless engine; `app` is the app, which prints `ready` when it has taken over
//! and hands back when it reads a line.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use claude_worker_api::{ApiError, HostKind, HttpChange};
use claude_worker_client::{Ready, Starter};
use claude_worker_engine::{Paths, settings};
use claude_worker_server::{host_awaited, take_over};
use claude_worker_supervisor::SupervisorCommand;

/// How long the running engine may take to release the directory.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let role = arguments.next().unwrap_or_default();
    if role == "supervise" {
        let run_directory = arguments.next().unwrap_or_default();
        return claude_worker_supervisor::run(Path::new(&run_directory));
    }
    // The TCP address, if there is one.
    let http = arguments.next().map(HttpChange::at);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(async {
        let paths = Paths::from_env()?;
        let config = settings::load(&paths)?;
        let program = std::env::current_exe().expect("a path");
        let supervisor =
            SupervisorCommand { program: program.clone(), args: vec!["supervise".to_owned()] };
        if role == "serve" {
            let hosted = host_awaited(paths, config, supervisor, http.into()).await?;
            Ready::tell(Ok(()));
            hosted.ended().await;
            return Ok(());
        }
        let kind = HostKind::App;
        let hosted = take_over(paths.clone(), config, supervisor, http, kind, PATIENCE).await?;
        say("ready");
        let asked = tokio::task::spawn_blocking(|| {
            std::io::stdin().lock().read_line(&mut String::new()).unwrap_or(0) > 0
        });
        if asked.await.unwrap_or(false) {
            let starter = Starter { program, args: vec!["serve".to_owned()], paths };
            hosted.hand_back(&starter).await?;
            say("back");
        }
        Ok(())
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            refuse(&role, &error);
            ExitCode::FAILURE
        }
    }
}

fn say(word: &str) {
    let mut out = std::io::stdout().lock();
    // The test may have ended.
    drop(writeln!(out, "{word}").and_then(|()| out.flush()));
}

fn refuse(role: &str, error: &ApiError) {
    if role == "serve" {
        eprintln!("{error}");
        Ready::tell(Err(error));
    } else {
        say(&error.to_string());
    }
}
