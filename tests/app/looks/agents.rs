//! What the agents of a day print.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::transcript::{Outcome, Transcript};

const MINUTE: Duration = Duration::from_secs(60);

const AUTH_TESTS: &str = "   Compiling auth v0.1.0 (crates/auth)
    Starting 42 tests across 2 binaries
        \u{1b}[32mPASS\u{1b}[0m [   0.004s] auth policy::denies_unknown_role
        \u{1b}[32mPASS\u{1b}[0m [   0.011s] auth session::expires_after_ttl
     Summary [   0.312s] 42 tests run: 42 passed, 0 skipped
";

/// At work, with something of everything in its log.
pub(super) fn split(agent: Transcript, path: &dyn Fn(&str) -> String) -> Transcript {
    agent
        .thinks("Where is the middleware used? Search first, then decide what moves.")
        .says("I'll look at how the middleware is used before moving anything.")
        .calls(
            "Grep",
            &json!({ "pattern": "middleware::auth", "path": path("server/src") }),
            "server/src/routes.rs\nserver/src/main.rs\nserver/src/admin.rs",
            150,
        )
        .calls(
            "Read",
            &json!({ "file_path": path("server/src/middleware/auth.rs") }),
            "1\tuse crate::session::Session;\n2\tuse crate::policy::Policy;",
            150,
        )
        .calls("TodoWrite", &todos(), "Todos have been modified", 20)
        .retries(1, 2300, 529, "overloaded")
        .says(
            "The middleware only touches `Session` and `Policy`, so those two types can move with \
             it. I'll create `crates/auth`, re-export them from the old path for one release, and \
             let the tests tell me what else depends on it.",
        )
        .calls(
            "Write",
            &json!({
                "file_path": path("crates/auth/Cargo.toml"),
                "content": "[package]\nname = \"auth\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                            [dependencies]\ntime = \"0.3\"\n",
            }),
            "File created",
            150,
        )
        .calls(
            "Edit",
            &json!({
                "file_path": path("server/src/routes.rs"),
                "old_string": "use crate::middleware::auth::{Policy, Session};\nuse axum::Router;\n",
                "new_string": "use auth::{Policy, Session};\nuse axum::Router;\n",
            }),
            "The file has been updated",
            150,
        )
        .calls(
            "Bash",
            &json!({
                "command": "cargo nextest run -p auth",
                "description": "Run the tests of the new crate",
            }),
            AUTH_TESTS,
            38_000,
        )
        .says("All 42 tests pass. Next: the crates that depend on it.")
        .waits_for("Bash", &json!({ "command": "cargo nextest run --workspace" }))
}

fn todos() -> Value {
    json!({ "todos": [
        { "content": "Find what depends on it", "status": "completed", "activeForm": "Finding" },
        { "content": "Create crates/auth", "status": "in_progress", "activeForm": "Creating" },
        { "content": "Re-export the old path", "status": "pending", "activeForm": "Re-exporting" },
    ] })
}

pub(super) fn document(agent: Transcript, path: &dyn Fn(&str) -> String) -> Transcript {
    agent.says("I'll go through the modules one by one.").waits_for(
        "Edit",
        &json!({
            "file_path": path("parser/src/lexer.rs"),
            "old_string": "pub fn next",
            "new_string": "/// The next token.\npub fn next",
        }),
    )
}

/// Done, but two of its tool calls were denied.
pub(super) fn uploader(agent: Transcript, path: &dyn Fn(&str) -> String) -> Transcript {
    let denied = "This command requires approval";
    let answer = "The change is made, but I was not allowed to commit or push it.";
    agent
        .says(
            "The uploader gives up after the first failure. I'll add a retry with growing pauses.",
        )
        .calls(
            "Edit",
            &json!({
                "file_path": path("uploader/src/lib.rs"),
                "old_string": "    self.send(part).await?;\n",
                "new_string": "    let mut pause = FIRST_PAUSE;\n    while let Err(error) = \
                    self.send(part).await {\n        if !error.is_transient() || pause > \
                    LONGEST_PAUSE {\n            return Err(error);\n        }\n        \
                    sleep(pause).await;\n        pause *= 2;\n    }\n",
            }),
            "The file has been updated",
            150,
        )
        .fails(
            "Bash",
            &json!({ "command": "git commit -am 'Uploader: retry with backoff'" }),
            denied,
            Outcome::Denied,
        )
        .fails(
            "Bash",
            &json!({ "command": "git push origin uploader-retry" }),
            denied,
            Outcome::Denied,
        )
        .says(answer)
        .ends(answer, 0.42, 6, None)
}

/// Failed because the credit balance is too low.
pub(super) fn api_client(agent: Transcript, path: &dyn Fn(&str) -> String) -> Transcript {
    agent
        .says("I'll read the spec first.")
        .calls("Read", &json!({ "file_path": path("api/openapi.yaml") }), "1\topenapi: 3.1.0", 150)
        .fails(
            "mcp__tracker__create_issue",
            &json!({ "title": "The spec lacks an id for refunds" }),
            "tracker: 503 Service Unavailable",
            Outcome::Failed,
        )
        .ends(
            "API Error: 400 Your credit balance is too low to access the Anthropic API. Please go \
             to Plans & Billing to upgrade or purchase credits.",
            0.02,
            2,
            Some(400),
        )
}

/// Failed because Claude Code is not signed in.
pub(super) fn signed_out(agent: Transcript) -> Transcript {
    agent.ends("Invalid API key · Please run /login", 0.0, 1, Some(401))
}

const SLOW_BUILD: &str = "A build script reruns on every change; fixed in `build.rs`.

## What I found

1. `build.rs` printed no `rerun-if-changed`, so **every** build ran it again.
2. It asked `git` for the commit, which touches `.git/index`.

| build | before | after |
|---|---:|---:|
| nothing changed | 41 s | 0.3 s |
| one file changed | 48 s | 6.1 s |

```rust
println!(\"cargo::rerun-if-changed=build.rs\");
println!(\"cargo::rerun-if-changed=migrations\");
let profile = std::env::var(\"PROFILE\").expect(\"Cargo sets PROFILE for every build script that it runs\");
```

See [the chapter on build scripts](https://doc.rust-lang.org/cargo/reference/build-scripts.html).";

/// Done, with an answer worth reading.
pub(super) fn slow_build(agent: Transcript) -> Transcript {
    agent
        .says("I'll measure first.")
        .calls(
            "Bash",
            &json!({ "command": "cargo build --timings" }),
            "Finished `dev` profile in 41.02s",
            41_000,
        )
        .says(SLOW_BUILD)
        .ends(SLOW_BUILD, 1.31, 17, None)
}

/// Waits for a usage limit to end.
pub(super) fn snapshots(
    agent: Transcript,
    path: &dyn Fn(&str) -> String,
    now: SystemTime,
) -> Transcript {
    let resets = now + MINUTE * 95;
    let seconds = resets.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    agent
        .says("I'll begin with the tests of `list`.")
        .calls(
            "Edit",
            &json!({
                "file_path": path("tests/cli/list.rs"),
                "old_string": "assert_eq!(out, EXPECTED);",
                "new_string": "assert_snapshot!(out);",
            }),
            "The file has been updated",
            150,
        )
        .limit_reached(resets)
        .ends(&format!("Claude AI usage limit reached|{seconds}"), 0.31, 4, Some(429))
}
