//! Linters of what is packed: the Dockerfile, `docker-compose.yml` and the scripts.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Job;
use crate::step::{output, run};
use crate::{setup, workspace};

/// The scripts that are not part of a program.
const SCRIPTS: &[&str] = &["packaging/install.sh", "xtask/src/dist/service.sh"];

/// Reads all of them.
pub(super) fn check(job: &Job) -> Result<()> {
    let tools = setup::package_linters()?;
    let tool = |name: &str| {
        let mut command = Command::new(tools.join(name));
        command.current_dir(workspace::root());
        command
    };
    run(tool("hadolint").arg("packaging/docker/Dockerfile"))?;
    run(tool("shellcheck").args(["--shell=sh", "--severity=style"]).args(SCRIPTS))?;
    // Without a key, and without other variables.
    let mut compose = tool("docker-compose");
    compose.env_clear().env("HOME", job.work("compose")?);
    compose.args(["--file", "docker-compose.yml", "config", "--format", "json"]);
    let read: Value = serde_json::from_str(&output(&mut compose)?)?;
    let service = read.pointer("/services/claude-worker").context("there is no service")?;
    for name in ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"] {
        let value = &service["environment"][name];
        ensure!(value.is_null(), "{name} is {value} where it is not set: it must not be there");
    }
    for port in service["ports"].as_array().context("no port is published")? {
        ensure!(port["host_ip"] == "127.0.0.1", "other machines reach {port}");
    }
    Ok(())
}
