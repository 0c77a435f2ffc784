//! The program `claude-worker-mcp`; everything is in the crates.

fn main() -> std::process::ExitCode {
    claude_worker_mcp::main()
}
