// Tasks of the fake engine: an ordinary day, and rare cases.
import type { Failure, Run, State, Task, TaskDetail } from "../index";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The short form of a task; the other fields follow from its state. */
export interface Sketch {
  name: string;
  state: State;
  /** How long before its end (or now) it was submitted and started, in milliseconds. */
  lasted?: number;
  directory?: string;
  model?: string;
  agent?: "claude" | "shell";
  action?: string;
  /** How long ago a running task printed, in milliseconds. */
  silent?: number;
  summary?: string;
  cost?: number;
  turns?: number;
  prompt?: string;
  unseen?: boolean;
  parent?: number;
  runs?: number;
}

export function make(id: number, sketch: Sketch, now: number): TaskDetail {
  const { state } = sketch;
  const end = "ended_at" in state ? Date.parse(state.ended_at) : now;
  const begun = state.status !== "pending" && state.status !== "skipped";
  const start = end - (sketch.lasted ?? 3 * MINUTE);
  const usage =
    sketch.cost === undefined
      ? {}
      : {
          cost_usd: sketch.cost,
          turns: sketch.turns ?? 12,
          input_tokens: 1_200 + id * 7,
          output_tokens: 3_000 + id * 11,
          cache_read_tokens: 184_000,
        };
  const task = {
    id,
    name: sketch.name,
    agent: sketch.agent ?? "claude",
    working_directory: sketch.directory ?? "/home/ada/code/webshop",
    model: sketch.agent === "shell" ? undefined : (sketch.model ?? "opus"),
    created_at: iso(start - 2_000),
    started_at: begun ? iso(start) : undefined,
    runs: begun ? (sketch.runs ?? 1) : 0,
    last_action: sketch.action,
    last_output_at: state.status === "running" ? iso(now - (sketch.silent ?? 800)) : undefined,
    final_summary: sketch.summary,
    usage,
    unseen: sketch.unseen,
    has_session: begun && sketch.agent !== "shell",
    parent: sketch.parent,
    ...state,
  } as Task;
  const prompt =
    sketch.prompt ?? `${sketch.name}. Keep the public interface as it is, and run the tests.`;
  return {
    ...task,
    request: {
      execution_prompt: prompt,
      working_directory: task.working_directory,
      name: task.name,
      agent: task.agent,
      model: task.model,
      permission_mode: "acceptEdits",
      allowed_tools: ["Bash(cargo nextest:*)", "Bash(git diff:*)"],
      limits: { max_turns: 80 },
      env: { RUST_LOG: "" },
    },
    run_history: begun ? runs(task, sketch, start) : [],
    result: state.status === "completed" ? (sketch.summary ?? "Done.") : undefined,
  };
}

function runs(task: Task, sketch: Sketch, start: number): Run[] {
  const count = sketch.runs ?? 1;
  return Array.from({ length: count }, (_, index): Run => {
    const last = index === count - 1;
    const state = task as State;
    const verdict =
      state.status === "failed"
        ? { verdict: "failed" as const, failure: state.failure }
        : state.status === "cancelled"
          ? { verdict: "cancelled" as const }
          : { verdict: "completed" as const };
    const ended = "ended_at" in state ? state.ended_at : undefined;
    return {
      id: `${task.id}-${index + 1}-00c0ffee`,
      number: index + 1,
      follow_up: index > 0 ? "Now do the same for the worker, please." : undefined,
      started_at: iso(start - (count - 1 - index) * HOUR),
      outcome: last
        ? ended === undefined
          ? undefined
          : { ended_at: ended, exit_code: verdict.verdict === "failed" ? 1 : 0, ...verdict }
        : {
            ended_at: iso(start - (count - 1 - index) * HOUR + 20 * MINUTE),
            exit_code: 1,
            verdict: "failed",
            failure: { kind: "turns" },
          },
      session_id: "5b6a0f1e-7b1c-4f3d-9a53-1c9a4f0d2e77",
      usage: task.usage,
      output_bytes: 48_211,
    };
  });
}

export const iso = (millis: number) => new Date(millis).toISOString();

/** An ordinary day, the newest first. */
export function ordinary(now: number): Sketch[] {
  const running = (ago: number): State => ({ status: "running", running_since: iso(now - ago) });
  const done = (ago: number): State => ({ status: "completed", ended_at: iso(now - ago) });
  const failed = (ago: number, failure: Failure): State => ({
    status: "failed",
    ended_at: iso(now - ago),
    failure,
  });
  const pending: State = { status: "pending" };
  return [
    { name: "Write the migration guide", state: pending, directory: "/home/ada/code/webshop/docs" },
    { name: "Review these changes", state: pending, model: "sonnet" },
    {
      name: "Port the CLI tests to snapshots",
      state: {
        status: "waiting",
        reason: {
          for: "usage_limit",
          until: iso(now + 95 * MINUTE),
          tries: 1,
          most_tries: 8,
        },
      },
      lasted: 40 * MINUTE,
      action: "Edit tests/cli/list.rs",
      cost: 0.31,
    },
    { name: "Nightly: triage new issues", state: pending, directory: "/home/ada/code/tracker" },
    {
      name: "اكتب دليل الترحيل إلى الإصدار الخامس",
      state: pending,
      directory: "/home/ada/code/متجر",
      prompt: "اكتب دليل الترحيل إلى الإصدار الخامس، مع أمثلة.",
    },
    {
      name:
        "Rename every occurrence of the legacy customer identifier across services, migrations, " +
        "fixtures, dashboards and documentation, and then prove that nothing else refers to it",
      state: pending,
      directory: "/home/ada/code/" + "a-directory-with-a-very-long-name/".repeat(5),
    },
    {
      name: "Split the auth middleware into its own crate",
      state: running(4 * MINUTE + 12_000),
      lasted: 4 * MINUTE + 12_000,
      action: "Running cargo nextest run -p auth",
      cost: 0.84,
      turns: 17,
      prompt:
        "Split the auth middleware into its own crate.\n\n- Keep the old path working for one release.\n- Move `Session` and `Policy` with it.\n- Run the tests of every crate that depends on it.",
    },
    {
      name: "Document every public function in parser/",
      state: running(MINUTE + 3_000),
      lasted: MINUTE + 3_000,
      action: "Editing parser/src/lexer.rs",
      cost: 0.12,
      parent: 131,
    },
    {
      name: "Upgrade the payment client to v5",
      state: running(11 * MINUTE + 40_000),
      lasted: 11 * MINUTE + 40_000,
      action: "Running npm test",
      silent: 6 * MINUTE + 30_000,
      cost: 1.02,
    },
    {
      name: "Find why the build got slow",
      state: done(2 * MINUTE),
      lasted: 9 * MINUTE,
      summary: "A build script reruns on every change; fixed in build.rs by naming its inputs.",
      cost: 0.66,
    },
    {
      name: "Generate API client from the spec",
      state: failed(14 * MINUTE, {
        kind: "api_error",
        http_status: 400,
        message: "Credit balance too low",
      }),
      cost: 0.02,
      unseen: true,
    },
    {
      name: "Add retry with backoff to the uploader",
      state: {
        status: "completed",
        ended_at: iso(now - 31 * MINUTE),
        denied_tools: [
          { tool: "Bash", input: "git push origin main" },
          { tool: "WebFetch", input: "https://example.org/backoff" },
        ],
      },
      summary: "The uploader retries three times. I was not allowed to push.",
      cost: 0.41,
      unseen: true,
    },
    {
      name: "make check",
      agent: "shell",
      state: failed(44 * MINUTE, { kind: "exit", code: 2, message: "make: *** [check] Error 2" }),
      prompt: "make check",
    },
    {
      name: "Try the new bundler on the admin pages",
      state: { status: "cancelled", ended_at: iso(now - 52 * MINUTE) },
      cost: 0.09,
    },
    {
      name: "Translate the onboarding mails",
      state: failed(3 * HOUR, { kind: "silent", limit_ms: 10 * MINUTE }),
      runs: 2,
      cost: 0.58,
    },
    { name: "Delete unused feature flags", state: failed(4 * HOUR, { kind: "turns" }), cost: 2.4 },
    {
      name: "Explain the flaky checkout test",
      state: failed(5 * HOUR, { kind: "api_error", http_status: 529, message: "Overloaded" }),
    },
    { name: "Squash the old migrations", state: failed(26 * HOUR, { kind: "budget" }), cost: 5 },
    { name: "Profile the search page", state: failed(27 * HOUR, { kind: "lost" }), cost: 0.3 },
    {
      name: "Update the licence headers",
      state: failed(28 * HOUR, { kind: "timeout", limit_ms: 2 * HOUR }),
    },
    {
      name: "Index the wiki",
      state: failed(29 * HOUR, {
        kind: "usage_limit",
        message: "You have hit your limit",
        resets_at: iso(now - 20 * HOUR),
      }),
    },
    {
      name: "Compare image formats",
      state: failed(30 * HOUR, { kind: "output_limit", limit_bytes: 256_000_000 }),
    },
    { name: "Lint everything", state: failed(31 * HOUR, { kind: "signal", signal: 9 }) },
    {
      name: "Draft release notes",
      state: failed(32 * HOUR, { kind: "spawn", message: "There is no claude in PATH" }),
    },
    {
      name: "Check links in docs",
      state: failed(33 * HOUR, { kind: "agent_error", message: "Execution stopped by a hook" }),
    },
    { name: "Sort the imports", state: failed(34 * HOUR, { kind: "no_result" }) },
    {
      name: "Write the follow-up to the audit",
      state: { status: "skipped", ended_at: iso(now - 35 * HOUR), reason: "its dependency failed" },
    },
    {
      name: "Answer with a very long log",
      state: done(36 * HOUR),
      summary: "100,000 lines were printed.",
      agent: "shell",
      prompt: "seq 100000",
    },
    {
      name: "<script>alert(1)</script> & \u202Eelif.exe",
      state: done(50 * HOUR),
      summary: "Hostile **Markdown**: <img src=x onerror=alert(1)> [click](javascript:alert(1))",
    },
  ];
}

const VERBS = [
  "Fix",
  "Explain",
  "Test",
  "Move",
  "Rename",
  "Document",
  "Speed up",
  "Remove",
  "Port",
];
const THINGS = [
  "the login form",
  "the invoice export",
  "a flaky test",
  "the search index",
  "dead code in billing",
  "the cache keys",
  "the release script",
  "date handling",
];

/** Any number of finished tasks behind the ordinary ones. */
export function older(index: number, now: number): Sketch {
  const end = now - 2.2 * DAY - index * 11 * MINUTE;
  const trouble = index % 17 === 5;
  return {
    name: `${VERBS[index % VERBS.length]} ${THINGS[(index * 5) % THINGS.length]}`,
    state: trouble
      ? { status: "failed", ended_at: iso(end), failure: { kind: "turns" } }
      : { status: "completed", ended_at: iso(end) },
    summary: trouble ? undefined : "Changed 3 files, all tests pass.",
    model: index % 3 ? "sonnet" : "opus",
    cost: 0.04 + (index % 40) / 50,
  };
}
