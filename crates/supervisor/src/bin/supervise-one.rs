//! A supervisor and nothing else, for the tests of this crate. (In the product, a hidden
//! subcommand of `claude-worker` is the supervisor.)

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [run_dir] => claude_worker_supervisor::run(Path::new(run_dir)),
        _ => {
            eprintln!("usage: supervise-one RUN_DIR");
            ExitCode::from(2)
        }
    }
}
