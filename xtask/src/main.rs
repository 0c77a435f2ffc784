//! `cargo xtask`: the project's own commands.
//!
//! # Theory of operation
//!
//! One file per command. [`setup`] installs the tools that the others need and is quick when they
//! are installed; each other command begins with the part of it that it needs, so that it works in a
//! fresh clone. [`step`] runs programs and shows how long each step took; [`workspace`] has the paths
//! of the repository.

mod app;
mod bench;
mod book;
mod bundle;
mod cross;
mod demo;
mod dist;
mod fuzz;
mod interrupt;
mod layers;
mod mcpb;
mod pictures;
mod processes;
mod rust_version;
mod sandbox;
mod setup;
mod step;
mod test;
mod ui;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
The project's own commands.

Usage: cargo xtask COMMAND

  setup          Install the tools that tests and demo need and that are missing.
  test           Run every check and every test. What CI runs.
  app            Run the desktop app with pages that reload when their sources change.
  ui             Build the window's pages, and check and test them.
  bundle         Make the Debian package of app, command line and MCP sidecar.
      --check    Pack the debug build instead, install it, and test the installed app.
      --mcpb     Make the extension for Claude Desktop instead, and the registry's server.json.
  dist           Build every package of a release into target/dist: archive with installer, .deb,
                 .rpm, wheel, npm, MCP bundle.
      --check [--release] [PART…]
                 Pack the debug build instead, or the programs that dist has built, and use each package in
                 a clean place.
  cross          Check the code for macOS and Windows, and link the programs for macOS.
  docs           Build the documents of docs/ as a book, with an offline search.
  pictures       Take the pictures of docs/ from the real app.
  demo           Show three tasks with the real Claude Code and a scripted model.
  fuzz [TARGET] [SECONDS]
                 Look for inputs that make a parser fail.
  bench [PART…]  Measure the figures of docs/benchmarks.md: app, claude, latency, logs, mcp,
                 memory, output, queue.
      --write    Put the table into docs/benchmarks.md.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    match run(command, rest) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask {command}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, rest: &[String]) -> Result<ExitCode> {
    if !matches!(command, "bench" | "bundle" | "dist" | "fuzz") && !rest.is_empty() {
        bail!("{command} takes no arguments\n\n{USAGE}");
    }
    match command {
        "setup" => set_up()?,
        "test" => test::everything()?,
        "app" => app::develop()?,
        "cross" => cross::check()?,
        "ui" => ui::build().and_then(|()| ui::check())?,
        "bundle" => match rest {
            [] => bundle::release()?,
            [option] if option == "--check" => bundle::check()?,
            [option] if option == "--mcpb" => mcpb::release()?,
            _ => bail!("bundle knows only --check and --mcpb\n\n{USAGE}"),
        },
        "dist" => match rest {
            [] => dist::release()?,
            [option, parts @ ..] if option == "--check" => dist::check(parts)?,
            _ => bail!("dist knows only --check\n\n{USAGE}"),
        },
        "fuzz" => fuzz::run_targets(rest)?,
        "docs" => book::build()?,
        "pictures" => pictures::take()?,
        "demo" => demo::run_all()?,
        "bench" => return bench::run(rest),
        "help" | "--help" | "-h" => print!("{USAGE}"),
        other => bail!("there is no command {other}\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Installs everything that `test` and `demo` need.
fn set_up() -> Result<()> {
    setup::test_tools()?;
    setup::desktop_packages()?;
    ui::install()?;
    setup::mcp_clients()?;
    setup::rest_clients()?;
    cross::install();
    let claude = setup::claude_code()?;
    eprintln!("Everything is there. Claude Code: {}", claude.display());
    Ok(())
}
