//! The scripted Messages API as a program, to play with the real CLI by hand.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, thread};

use scripted_api::{ScriptedApi, claude};

const USAGE: &str = "\
Serves the scripted Messages API on the loopback interface until it is ended.

Usage: scripted-api [PORT]

Without PORT, a free one is chosen. The prompt says what the model shall do, for example:
  [[say I shall look.]] [[bash ls]] [[say Done.]]
";

fn main() -> ExitCode {
    let port = match env::args().nth(1).as_deref().map(str::parse::<u16>) {
        None => 0,
        Some(Ok(port)) => port,
        Some(Err(_)) => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The scripted API cannot be served on port {port}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(port: u16) -> io::Result<()> {
    let api = ScriptedApi::start_on(port)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", api.url())?;
    if let Ok(found) = claude::Installation::find() {
        writeln!(out, "\nANTHROPIC_BASE_URL={} ANTHROPIC_API_KEY=sk-ant-test-000 \\", api.url())?;
        writeln!(out, "  {} -p '[[say Hello]]'", found.program.display())?;
    }
    out.flush()?;
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}
