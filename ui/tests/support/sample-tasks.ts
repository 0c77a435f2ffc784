// Tasks of an ordinary day, with one of every kind.
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import type { NewTask, Task, TaskId } from "../../src/backend/api";
import type { Engine } from "./engine";
import { age, rewrite } from "./edit-database";
import { stage, type Part } from "./scripted-claude";
import { Transcript } from "./transcript";

/** The day's tasks. */
export interface Day {
  /** At work on a crate; its log has something of everything. */
  splitting: TaskId;
  /** Done, but two of its tool calls were denied. */
  denied: TaskId;
  /** Failed because the credit balance is too low. */
  failed: TaskId;
  /** Waits for a usage limit to end. */
  limited: TaskId;
  /** Done, with an answer worth reading. */
  done: TaskId;
  /** In the queue. */
  queued: TaskId;
}

const AUTH_TESTS = `   Compiling auth v0.1.0 (crates/auth)
    Starting 42 tests across 2 binaries
        \u001b[32mPASS\u001b[0m [   0.004s] auth policy::denies_unknown_role
        \u001b[32mPASS\u001b[0m [   0.011s] auth session::expires_after_ttl
     Summary [   0.312s] 42 tests run: 42 passed, 0 skipped
`;

/** Lets a day's work happen: what ended first, then what runs and what waits. */
export async function live(engine: Engine): Promise<Day> {
  const project = (name: string) => join(engine.root, "code", name);
  for (const name of ["webshop", "docs", "tracker"]) {
    await mkdir(project(name), { recursive: true });
  }
  const webshop = project("webshop");
  const now = Date.now();
  const minutes = (count: number) => now - count * 60_000;
  await stage(engine, [
    uploader(webshop, minutes(31)),
    client(webshop, minutes(14)),
    slowBuild(webshop, minutes(9)),
    splitting(webshop, minutes(0.7)),
    parser(webshop, minutes(1)),
    snapshots(webshop, minutes(0), now + 95 * 60_000),
  ]);
  const submit = (name: string, task: Partial<NewTask> & { prompt: string }) => {
    const { prompt, ...more } = task;
    return engine.submit(prompt, {
      name,
      agent: "claude",
      working_directory: webshop,
      model: "opus",
      ...more,
    });
  };
  const ended = async (task: Promise<Task>) => {
    const { id } = await task;
    await engine.until(id, (task) => "ended_at" in task || task.status === "waiting");
    return id;
  };

  const older: [string, string][] = [
    ["Upgrade the payment client to v5", "exit 0"],
    ["اكتب دليل الترحيل إلى الإصدار الخامس", "exit 0"],
    ["Nightly: triage new issues", "echo 'tracker: 503 Service Unavailable' >&2; exit 1"],
    [
      "Rename every occurrence of customer_account_identifier to account_id across the whole workspace",
      "echo '214 files changed, 1208 insertions(+), 1208 deletions(-)'",
    ],
  ];
  for (const [name, command] of older) {
    await ended(submit(name, { prompt: command, agent: "shell", model: undefined }));
  }
  await engine.call("POST", "tasks/seen", {});
  const denied = await ended(
    submit("Add retry with backoff to the uploader", { prompt: "Add retry with backoff" }),
  );
  const failed = await ended(
    submit("Generate API client from the spec", { prompt: "Generate the API client" }),
  );
  const done = await ended(
    submit("Find why the build got slow", { prompt: "Find out why the build got slow" }),
  );
  const limited = await ended(
    submit("Port the CLI tests to snapshots", {
      prompt: "Port the CLI tests to snapshots",
      model: "sonnet",
    }),
  );
  await rewrite(engine, (database) => {
    for (const [id, age_] of [
      [1, 60 * 24 * 3],
      [2, 60 * 26],
      [3, 60 * 25],
      [4, 60 * 3],
      [denied, 31],
      [failed, 14],
      [done, 2],
    ] as const) {
      age(database, id, age_);
    }
  });

  const { id } = await submit("Split the auth middleware into its own crate", {
    prompt:
      "Split the auth middleware into its own crate, `crates/auth`.\n\nKeep the old path working for one release, and say which crates depend on it.",
  });
  await engine.until(id, (task) => task.last_action?.includes("nextest") ?? false);
  const { id: second } = await submit("Document every public function in parser/", {
    prompt: "Document every public",
  });
  await engine.until(second, (task) => task.last_action?.includes("lexer") ?? false);
  await engine.pause(true);
  const queued = await submit("Review these changes", {
    prompt: "Review these changes",
    model: "sonnet",
  });
  await submit("Write the migration guide", {
    prompt: "Write the migration guide",
    working_directory: project("docs"),
  });
  await submit("Triage new issues", {
    prompt: "Triage new issues",
    working_directory: project("tracker"),
    model: "haiku",
  });
  return { splitting: id, denied, failed, limited, done, queued: queued.id };
}

function splitting(directory: string, began: number): Part {
  const at = (path: string) => join(directory, path);
  const script = new Transcript(directory, "opus", began)
    .thinks("Where is the middleware used? Search first, then decide what moves.")
    .says("I'll look at how the middleware is used before moving anything.")
    .calls(
      "Grep",
      { pattern: "middleware::auth", path: at("server/src") },
      { text: "server/src/routes.rs\nserver/src/main.rs\nserver/src/admin.rs" },
    )
    .calls(
      "Read",
      { file_path: at("server/src/middleware/auth.rs") },
      { text: "1\tuse crate::session::Session;\n2\tuse crate::policy::Policy;" },
    )
    .calls(
      "TodoWrite",
      {
        todos: [
          { content: "Find what depends on it", status: "completed", activeForm: "Finding" },
          { content: "Create crates/auth", status: "in_progress", activeForm: "Creating" },
          { content: "Re-export the old path", status: "pending", activeForm: "Re-exporting" },
        ],
      },
      { text: "Todos have been modified" },
    )
    .retries(1, 2300, 529, "overloaded")
    .says(
      "The middleware only touches `Session` and `Policy`, so those two types can move with it. I'll create `crates/auth`, re-export them from the old path for one release, and let the tests tell me what else depends on it.",
    )
    .calls(
      "Write",
      {
        file_path: at("crates/auth/Cargo.toml"),
        content:
          '[package]\nname = "auth"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]\ntime = "0.3"\n',
      },
      { text: "File created" },
    )
    .calls(
      "Edit",
      {
        file_path: at("server/src/routes.rs"),
        old_string: "use crate::middleware::auth::{Policy, Session};\nuse axum::Router;\n",
        new_string: "use auth::{Policy, Session};\nuse axum::Router;\n",
      },
      { text: "The file has been updated" },
    )
    .calls(
      "Bash",
      { command: "cargo nextest run -p auth", description: "Run the tests of the new crate" },
      { text: AUTH_TESTS, took: 38_000 },
    )
    .says("All 42 tests pass. Next: the crates that depend on it.")
    .calls("Bash", { command: "cargo nextest run --workspace" });
  return { prompt: "Split the auth", prints: script.toString(), goesOn: true };
}

function parser(directory: string, began: number): Part {
  const script = new Transcript(directory, "opus", began)
    .says("I'll go through the modules one by one.")
    .calls("Edit", {
      file_path: join(directory, "parser/src/lexer.rs"),
      old_string: "pub fn next",
      new_string: "/// The next token.\npub fn next",
    });
  return { prompt: "Document every public", prints: script.toString(), goesOn: true };
}

function uploader(directory: string, began: number): Part {
  const script = new Transcript(directory, "opus", began)
    .says("The uploader gives up after the first failure. I'll add a retry with growing pauses.")
    .calls(
      "Edit",
      {
        file_path: join(directory, "uploader/src/lib.rs"),
        old_string: "    self.send(part).await?;\n",
        new_string:
          "    let mut pause = FIRST_PAUSE;\n    while let Err(error) = self.send(part).await {\n        if !error.is_transient() || pause > LONGEST_PAUSE {\n            return Err(error);\n        }\n        sleep(pause).await;\n        pause *= 2;\n    }\n",
      },
      { text: "The file has been updated" },
    )
    .calls(
      "Bash",
      { command: "git commit -am 'Uploader: retry with backoff'" },
      { outcome: "denied", text: "This command requires approval" },
    )
    .calls(
      "Bash",
      { command: "git push origin uploader-retry" },
      { outcome: "denied", text: "This command requires approval" },
    )
    .says("The change is made, but I was not allowed to commit or push it.")
    .ends({
      result: "The change is made, but I was not allowed to commit or push it.",
      cost: 0.42,
      turns: 6,
    });
  return { prompt: "Add retry", prints: script.toString() };
}

function client(directory: string, began: number): Part {
  const credit =
    "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.";
  const script = new Transcript(directory, "opus", began)
    .says("I'll read the spec first.")
    .calls(
      "Read",
      { file_path: join(directory, "api/openapi.yaml") },
      { text: "1\topenapi: 3.1.0" },
    )
    .calls(
      "mcp__tracker__create_issue",
      { title: "The spec lacks an id for refunds" },
      { outcome: "error", text: "tracker: 503 Service Unavailable" },
    )
    .ends({ result: `API Error: 400 ${credit}`, status: 400, cost: 0.02, turns: 2 });
  return { prompt: "Generate the API", prints: script.toString(), exits: 1 };
}

function slowBuild(directory: string, began: number): Part {
  const answer = `A build script reruns on every change; fixed in \`build.rs\`.

## What I found

1. \`build.rs\` printed no \`rerun-if-changed\`, so **every** build ran it again.
2. It asked \`git\` for the commit, which touches \`.git/index\`.

| build | before | after |
|---|---:|---:|
| nothing changed | 41 s | 0.3 s |
| one file changed | 48 s | 6.1 s |

\`\`\`rust
println!("cargo::rerun-if-changed=build.rs");
println!("cargo::rerun-if-changed=migrations");
\`\`\`

See [the chapter on build scripts](https://doc.rust-lang.org/cargo/reference/build-scripts.html).`;
  const script = new Transcript(directory, "opus", began)
    .says("I'll measure first.")
    .calls(
      "Bash",
      { command: "cargo build --timings" },
      { text: "Finished `dev` profile in 41.02s", took: 41_000 },
    )
    .says(answer)
    .ends({ result: answer, cost: 1.31, turns: 17 });
  return { prompt: "Find out why", prints: script.toString() };
}

function snapshots(directory: string, began: number, resets: number): Part {
  const script = new Transcript(directory, "sonnet", began)
    .says("I'll begin with the tests of `list`.")
    .calls(
      "Edit",
      {
        file_path: join(directory, "tests/cli/list.rs"),
        old_string: "assert_eq!(out, EXPECTED);",
        new_string: "assert_snapshot!(out);",
      },
      { text: "The file has been updated" },
    )
    .limitReached(resets)
    .ends({
      result: `Claude AI usage limit reached|${Math.floor(resets / 1000)}`,
      status: 429,
      cost: 0.31,
      turns: 4,
    });
  return { prompt: "Port the CLI", prints: script.toString(), exits: 1 };
}
