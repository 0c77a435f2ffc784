//! The program `claude-worker`; everything is in the crates.

fn main() -> std::process::ExitCode {
    claude_worker_cli::main()
}
