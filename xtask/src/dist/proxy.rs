//! The reverse proxies of `docs/deployment.md`, with the settings that stand there: nginx, where it is installed,
//! and Caddy before an engine.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Job;
use super::clean_place::CleanPlace;
use super::namespaces::PATIENCE;
use crate::step::{output, probe, run};
use crate::{setup, workspace};

/// The name of the server in the documents.
const NAME: &str = "worker.example.org";
/// The largest body that an engine takes.
const LARGEST: u64 = 33 * 1024 * 1024;

/// A running proxy. Dropping it ends it.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut kill = Command::new("kill");
        drop(kill.arg(self.0.id().to_string()).status());
        drop(self.0.wait());
    }
}

/// Asks an engine through each proxy.
pub(super) fn check(job: &Job) -> Result<()> {
    let page = fs::read_to_string(workspace::root().join("docs/deployment.md"))?;
    let page = page.split("## A reverse proxy").nth(1).context("deployment.md has no proxies")?;
    let work = job.work("proxy")?;
    let mut place = CleanPlace::new()?;
    place.add_to_path(job.programs.clone());
    let settings = block(page, "toml")?.replace("127.0.0.1:8000", "127.0.0.1:0");
    let data = place.at("home/.claude-worker");
    fs::create_dir_all(&data)?;
    run(Command::new("chmod").arg("700").arg(&data))?;
    fs::write(data.join("config.toml"), settings)?;
    let mut start = place.command("claude-worker");
    let started = output(start.args(["server", "start", "--http-from-config", "--json"]))?;
    let started: serde_json::Value = serde_json::from_str(&started)?;
    let engine = started["http_server"]["address"].as_str().context("HTTP is off")?.to_owned();
    let port = free_port()?;
    let caddy = block(page, "text")?
        .replace("127.0.0.1:8000", &engine)
        .replace(&format!("{NAME} {{"), &format!("{NAME}:{port} {{\n    tls internal"));
    let caddy = format!(
        "{{\n    admin off\n    skip_install_trust\n    auto_https disable_redirects\n}}\n{caddy}"
    );
    fs::write(work.join("Caddyfile"), caddy)?;
    let mut program = place.command(setup::package_linters()?.join("caddy"));
    program.args(["run", "--adapter", "caddyfile", "--config"]).arg(work.join("Caddyfile"));
    try_proxy(&place, &mut program, port, &work.join("caddy.log")).context("Caddy")?;
    match ["/usr/sbin/nginx", "/usr/bin/nginx"].iter().find(|path| Path::new(path).is_file()) {
        Some(nginx) => {
            let port = free_port()?;
            let settings = nginx_settings(&block(page, "nginx")?, &engine, port, &work)?;
            let mut program = place.command(nginx);
            program.arg("-c").arg(settings).arg("-p").arg(&work);
            try_proxy(&place, &mut program, port, &work.join("nginx.log")).context("nginx")?;
        }
        None => eprintln!("── Not checked: nginx is not installed here"),
    }
    run(place.command("claude-worker").args(["server", "stop"]).stdout(Stdio::null()))
}

/// The first block in this language.
fn block(page: &str, language: &str) -> Result<String> {
    let block =
        page.split(&format!("```{language}\n")).nth(1).and_then(|rest| rest.split("```").next());
    block.map(str::to_owned).with_context(|| format!("deployment.md shows no {language}"))
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A whole configuration of nginx around the block of the documents, with a certificate.
fn nginx_settings(server: &str, engine: &str, port: u16, work: &Path) -> Result<PathBuf> {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj"]);
    openssl.arg(format!("/CN={NAME}")).args(["-keyout", "privkey.pem", "-out", "fullchain.pem"]);
    run(openssl.current_dir(work).stderr(Stdio::null()))?;
    let server = server
        .replace("127.0.0.1:8000", engine)
        .replace("listen 443 ssl", &format!("listen 127.0.0.1:{port} ssl"))
        .replace("/etc/letsencrypt/live/worker.example.org", &work.display().to_string());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {}/{kind};\n", work.display()))
        .concat();
    let text = format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n    access_log off;\n{temporary}{server}}}\n"
    );
    let file = work.join("nginx.conf");
    fs::write(&file, text)?;
    Ok(file)
}

/// A probe, a request of the largest size, and an event that arrives while the stream goes on.
fn try_proxy(place: &CleanPlace, program: &mut Command, port: u16, log: &Path) -> Result<()> {
    let errors = File::create(log)?;
    let _proxy = Proxy(program.stdout(errors.try_clone()?).stderr(errors).spawn()?);
    let token = fs::read_to_string(place.at("home/.claude-worker/token"))?;
    let ask = |path: &str, options: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--insecure", "--max-time", "30", "--connect-to"]);
        curl.arg(format!("{NAME}:443:127.0.0.1:{port}")).args(options);
        curl.arg("--header").arg(format!("Authorization: Bearer {}", token.trim()));
        curl.arg(format!("https://{NAME}{path}"));
        curl
    };
    let deadline = Instant::now() + PATIENCE;
    while probe(&mut ask("/health", &["--fail"])).is_none() {
        ensure!(Instant::now() < deadline, "it does not answer; see {}", log.display());
        std::thread::sleep(Duration::from_millis(50));
    }
    let largest = place.at("tmp/largest");
    File::create(&largest)?.set_len(LARGEST)?;
    let body = format!("@{}", largest.display());
    let write = "%{http_code} %{content_type}";
    let json = "Content-Type: application/json";
    let options =
        ["--data-binary", &body, "--header", json, "--output", "/dev/null", "--write-out", write];
    let answer = output(&mut ask("/api/v1/tasks/batch", &options))?;
    ensure!(answer == "400 application/problem+json", "33 MiB that are no JSON: {answer}");
    let events = place.at("tmp/events");
    let mut stream = ask("/api/v1/events/stream?lasting=true", &["--no-buffer"]);
    let _stream = Proxy(stream.stdout(File::create(&events)?).spawn()?);
    while !fs::read_to_string(&events)?.contains("data:") {
        ensure!(Instant::now() < deadline, "no event arrives: {}", fs::read_to_string(&events)?);
        let task = ["run", "--agent", "shell", "--wait", "true"];
        run(place.command("claude-worker").args(task).stdout(Stdio::null()).stderr(Stdio::null()))?;
    }
    Ok(())
}
