//! The wheel for PyPI: the programs and the Python client.

use anyhow::Result;

use super::{Compression, Job};
use crate::step::run;
use crate::{setup, workspace};

/// The platforms on which programs without libraries run: every Linux on x86-64.
const STATIC: &str = "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64";

/// Packs it.
pub(super) fn pack(job: &Job) -> Result<()> {
    let tools = setup::python_build_tools()?;
    let tag = match job.compression {
        Compression::Best => STATIC,
        // The debug build needs the libraries of this machine.
        Compression::Fast => "linux_x86_64",
    };
    let mut build = job.command(tools.join("hatchling"));
    build.args(["build", "--target", "wheel", "--directory"]).arg(&job.place);
    build.current_dir(workspace::root().join("clients/python"));
    build.env("CLAUDE_WORKER_PROGRAMS", &job.programs).env("CLAUDE_WORKER_PLATFORM_TAG", tag);
    build.env("CLAUDE_WORKER_NOTICES", job.notices()?);
    run(build.stdout(std::process::Stdio::null()))
}
