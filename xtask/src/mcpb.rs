//! `cargo xtask bundle --mcpb`: the extension for Claude Desktop and other clients, a file with the
//! MCP server and the engine that it starts, and its entry for the registry of MCP servers.

use std::env::consts::{ARCH, EXE_SUFFIX, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use scripted_api::mcp_clients::McpClients;
use serde_json::{Value, json};

use crate::step::{output, run, step};
use crate::{setup, workspace};

/// The manifest without the values that differ between bundles.
const MANIFEST: &str = "crates/mcp/mcpb/manifest.json";
/// The programs in it: the server, and the engine that it starts.
const PROGRAMS: &[&str] = &["claude-worker-mcp", "claude-worker"];
/// Where releases are.
const RELEASES: &str = "https://github.com/yigitkonur/claude-worker/releases/download";
/// The name of the entry for the registry.
const SERVER_JSON: &str = "server.json";
/// The registry's name for the server: its namespace is the account that publishes it.
const REGISTRY_NAME: &str = "io.github.yigitkonur/claude-worker";

/// Builds the programs for release and makes the bundle for this machine's platform.
pub(crate) fn release() -> Result<()> {
    let clients = setup::mcp_clients()?;
    step("Build for release", || {
        let mut build = workspace::cargo();
        run(build.args(["build", "--quiet", "--release", "--package", "claude-worker"]))
    })?;
    let built = workspace::target()?.join("release");
    let place = workspace::target()?.join("bundle");
    let bundle = step("Pack the MCP bundle", || pack(&clients, &built, &place))?;
    write_server_json(&bundle, &place)?;
    let megabytes = fs::metadata(&bundle)?.len() as f64 / 1e6;
    eprintln!("{} ({megabytes:.1} MB)", bundle.display());
    eprintln!("For the registry: {}", place.join(SERVER_JSON).display());
    Ok(())
}

/// Packs the programs in `built`; returns the bundle, which is in `place`.
pub(crate) fn pack(clients: &McpClients, built: &Path, place: &Path) -> Result<PathBuf> {
    let version = env!("CARGO_PKG_VERSION");
    let bundle = place.join(file_name(version));
    let stage = place.join("work/mcpb");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    prepare(built, &stage, version)?;
    run(Command::new(clients.mcpb()).arg("validate").arg(stage.join("manifest.json")))?;
    run(Command::new(clients.mcpb()).arg("pack").args([&stage, &bundle]))?;
    Ok(bundle)
}

/// Writes the entry for the registry into `place`.
pub(crate) fn write_server_json(bundle: &Path, place: &Path) -> Result<()> {
    let entry = server_json(env!("CARGO_PKG_VERSION"), &sha256(bundle)?);
    fs::write(place.join(SERVER_JSON), format!("{entry:#}\n"))?;
    Ok(())
}

fn file_name(version: &str) -> String {
    // The name must be different for each platform; the registry requires "mcp" in it.
    format!("claude-worker-{version}-{OS}-{ARCH}.mcpb")
}

/// Copies the bundle's files into `stage`.
fn prepare(built: &Path, stage: &Path, version: &str) -> Result<()> {
    let root = workspace::root();
    fs::create_dir_all(stage.join("server"))?;
    for name in PROGRAMS {
        let name = format!("{name}{EXE_SUFFIX}");
        fs::copy(built.join(&name), stage.join("server").join(&name))
            .with_context(|| format!("{name} has not been built"))?;
    }
    fs::copy(root.join("icons/icon.png"), stage.join("icon.png"))?;
    fs::copy(root.join("LICENSE"), stage.join("LICENSE"))?;
    let manifest: Value = serde_json::from_str(&fs::read_to_string(root.join(MANIFEST))?)?;
    let manifest = manifest_for(manifest, version)?;
    fs::write(stage.join("manifest.json"), format!("{manifest:#}\n"))?;
    Ok(())
}

/// The manifest for this version and platform.
fn manifest_for(mut manifest: Value, version: &str) -> Result<Value> {
    let platform = match OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    manifest["version"] = json!(version);
    manifest["compatibility"]["platforms"] = json!([platform]);
    for place in ["/server/entry_point", "/server/mcp_config/command"] {
        let program = manifest.pointer_mut(place).context("the manifest names no server")?;
        *program = json!(format!("{}{EXE_SUFFIX}", program.as_str().unwrap_or_default()));
    }
    Ok(manifest)
}

/// The server's entry for the registry. The packages for npm and PyPI are not in it: hosts run
/// `npx IDENTIFIER@VERSION` and `uvx IDENTIFIER==VERSION`, which starts the program with the package's name,
/// and that is the command line.
fn server_json(version: &str, sha256: &str) -> Value {
    json!({
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": REGISTRY_NAME,
        "title": "Claude Worker",
        "description": "Delegate work to Claude Code tasks that run in the background",
        "version": version,
        "repository": { "url": "https://github.com/yigitkonur/claude-worker", "source": "github" },
        "packages": [{
            "registryType": "mcpb",
            "identifier": format!("{RELEASES}/v{version}/{}", file_name(version)),
            "version": version,
            "fileSha256": sha256,
            "transport": { "type": "stdio" },
        }],
    })
}

/// The checksum of a file, in hexadecimal.
pub(crate) fn sha256(file: &Path) -> Result<String> {
    let program = if cfg!(target_os = "macos") { "shasum" } else { "sha256sum" };
    let mut command = Command::new(program);
    if cfg!(target_os = "macos") {
        command.args(["-a", "256"]);
    }
    let printed = output(command.arg(file))?;
    let hash = printed.split_whitespace().next().unwrap_or_default().to_owned();
    ensure!(hash.len() == 64, "{program} printed {printed}");
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_entry_meets_the_requirements() {
        let server = server_json("1.2.3", &"0".repeat(64));
        assert!(server["description"].as_str().unwrap().len() <= 100);
        assert_eq!(server["name"].as_str().unwrap().matches('/').count(), 1);
        let [package] = &server["packages"].as_array().unwrap()[..] else {
            panic!(
                "hosts start the command of the package's name, which is not the server: {server}"
            );
        };
        assert_eq!(package["registryType"], "mcpb");
        let identifier = package["identifier"].as_str().unwrap();
        assert!(identifier.contains("mcp") && identifier.contains("/v1.2.3/"), "{identifier}");
        assert_eq!(package["version"], server["version"]);
    }

    #[test]
    fn the_manifest_is_completed() {
        let text = fs::read_to_string(workspace::root().join(MANIFEST)).unwrap();
        let manifest = manifest_for(serde_json::from_str(&text).unwrap(), "1.2.3").unwrap();
        assert_eq!(manifest["version"], "1.2.3");
        assert_eq!(manifest["compatibility"]["platforms"].as_array().unwrap().len(), 1);
    }
}
