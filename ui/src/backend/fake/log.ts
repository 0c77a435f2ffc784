// Logs of the fake engine. Every entry counts as 100 bytes of output.
import type { LogEntry, LogItem, LogPage, LogQuery, Task } from "../index";

const ENTRY_BYTES = 100;

const STORY: LogItem[] = [
  {
    type: "started",
    session_id: "5b6a0f1e-7b1c-4f3d-9a53-1c9a4f0d2e77",
    model: "claude-opus-4-5",
    version: "2.1.0",
  },
  { type: "thinking", text: "Where is the middleware used? Search first, then decide what moves." },
  { type: "text", text: "I'll look at how the middleware is used before moving anything." },
  {
    type: "tool_call",
    id: "t1",
    tool: "Grep",
    summary: "middleware::auth",
    input: '{"pattern":"middleware::auth"}',
  },
  {
    type: "tool_result",
    id: "t1",
    outcome: "ok",
    text: "server/src/routes.rs\nserver/src/main.rs\nserver/src/admin.rs",
  },
  {
    type: "tool_call",
    id: "t2",
    tool: "Read",
    summary: "server/src/middleware/auth.rs",
    input: '{"file_path":"server/src/middleware/auth.rs"}',
  },
  {
    type: "tool_result",
    id: "t2",
    outcome: "ok",
    text: "1\tuse crate::session::Session;\n2\tuse crate::policy::Policy;",
  },
  {
    type: "tool_call",
    id: "t3",
    tool: "TodoWrite",
    summary: "4 items",
    input: JSON.stringify({
      todos: [
        { content: "Find what depends on it", status: "completed", activeForm: "Finding" },
        { content: "Create crates/auth", status: "in_progress", activeForm: "Creating" },
        { content: "Re-export the old path", status: "pending", activeForm: "Re-exporting" },
        { content: "Run the tests", status: "pending", activeForm: "Testing" },
      ],
    }),
  },
  { type: "tool_result", id: "t3", outcome: "ok", text: "Todos have been modified" },
  { type: "retry", attempt: 1, max_attempts: 10, delay_ms: 2300, reason: "Overloaded (529)" },
  {
    type: "text",
    text: "The middleware only touches `Session` and `Policy`, so those two types can move with it. I'll create `crates/auth`, re-export them from the old path for one release, and let the tests tell me what else depends on it.\n\n1. New crate\n2. **Re-exports**\n3. Tests\n\n| file | lines |\n|---|---:|\n| routes.rs | 214 |\n| auth.rs | 388 |\n\nSee [the book](https://doc.rust-lang.org/book/).",
  },
  {
    type: "tool_call",
    id: "t4",
    tool: "Write",
    summary: "crates/auth/Cargo.toml",
    input:
      '{"file_path":"crates/auth/Cargo.toml","content":"[package]\\nname = \\"auth\\"\\nversion = \\"0.1.0\\"\\n"}',
  },
  { type: "tool_result", id: "t4", outcome: "ok", text: "File created" },
  {
    type: "tool_call",
    id: "t5",
    tool: "Edit",
    summary: "server/src/routes.rs",
    input: JSON.stringify({
      file_path: "server/src/routes.rs",
      old_string: "use crate::middleware::auth::{Policy, Session};\n",
      new_string: "use auth::{Policy, Session};\n",
    }),
  },
  { type: "tool_result", id: "t5", outcome: "ok", text: "The file has been updated" },
  {
    type: "tool_call",
    id: "t6",
    tool: "Bash",
    summary: "git push origin auth-crate",
    input: '{"command":"git push origin auth-crate"}',
  },
  { type: "tool_result", id: "t6", outcome: "denied", text: "This command requires approval" },
  {
    type: "tool_call",
    id: "t7",
    tool: "mcp__tracker__create_issue",
    summary: "Follow-up: drop the re-export",
    input: '{"title":"Follow-up: drop the re-export"}',
  },
  { type: "tool_result", id: "t7", outcome: "error", text: "tracker: 503 Service Unavailable" },
  {
    type: "tool_call",
    id: "t8",
    tool: "Bash",
    summary: "cargo nextest run -p auth",
    input: '{"command":"cargo nextest run -p auth"}',
  },
];

const TESTS: LogItem = {
  type: "tool_result",
  id: "t8",
  outcome: "ok",
  text: "   Compiling auth v0.1.0 (crates/auth)\n    Starting 42 tests across 2 binaries\n        \u001b[32mPASS\u001b[0m [   0.004s] auth policy::denies_unknown_role\n        \u001b[32mPASS\u001b[0m [   0.011s] auth session::expires_after_ttl",
};

/** Further output of the running task. */
const GOING_ON: LogItem[] = [
  TESTS,
  { type: "text", text: "All 42 tests pass. Next: the crates that depend on it." },
  {
    type: "tool_call",
    id: "g1",
    tool: "Bash",
    summary: "cargo check --workspace",
    input: '{"command":"cargo check --workspace"}',
  },
  { type: "tool_result", id: "g1", outcome: "ok", text: "Finished `dev` profile in 4.21s" },
];

/** One run's log, which may grow. */
export class FakeLog {
  #entries: (index: number) => LogEntry;
  length: number;
  ended: boolean;
  #waiting = new Set<() => void>();
  #grown = new Map<number, LogItem>();

  constructor(task: Task, now: number) {
    this.ended = "ended_at" in task;
    const at = (index: number) => new Date(now - (this.length - index) * 1500).toISOString();
    if (task.agent === "shell") {
      this.length = task.name.includes("long log") ? 100_000 : 120;
      this.#entries = (index) => ({
        offset: index * ENTRY_BYTES,
        type: "output",
        text: index % 9 === 4 ? `warning: line ${index} is odd` : `line ${index + 1}`,
        stderr: index % 9 === 4,
      });
    } else {
      const items = [...STORY];
      if (task.status === "completed") {
        items.push(TESTS, {
          type: "result",
          is_error: false,
          usage: task.usage,
          text: task.final_summary ?? "Done.",
          denied_tools: task.denied_tools,
        });
      } else if (task.status === "waiting") {
        const until = Math.floor(Date.parse(task.reason.until) / 1000);
        const text = `Claude AI usage limit reached|${until}`;
        items.push(
          { type: "note", text: "Usage limit reached (5-hour limit)" },
          { type: "result", is_error: true, text, usage: task.usage },
        );
      } else if (task.status === "failed") {
        items.push({
          type: "result",
          is_error: true,
          text: "It did not work out",
          usage: task.usage,
        });
      }
      this.length = items.length;
      this.#entries = (index) => ({
        offset: index * ENTRY_BYTES,
        at: at(index),
        ...(this.#grown.get(index) ?? items[index]!),
      });
    }
  }

  /** Prints the next entry. */
  grow(step: number) {
    const item = GOING_ON[step % GOING_ON.length]!;
    const round = Math.floor(step / GOING_ON.length);
    // Ids of tool calls are unique.
    this.#grown.set(
      this.length,
      "id" in item && item.id !== "t8" ? { ...item, id: `${item.id}-${round}` } : item,
    );
    this.length += 1;
    for (const wake of this.#waiting) wake();
  }

  async page(run: string, query: LogQuery, signal?: AbortSignal): Promise<LogPage> {
    const limit = query.limit ?? 500;
    const after = Math.ceil((query.after ?? 0) / ENTRY_BYTES);
    if (
      query.wait_ms &&
      query.before == null &&
      !query.tail &&
      after >= this.length &&
      !this.ended
    ) {
      await this.#wait(query.wait_ms, signal);
    }
    const end = query.before != null ? Math.floor(query.before / ENTRY_BYTES) : this.length;
    const from = query.tail || query.before != null ? Math.max(0, end - limit) : after;
    const to = query.tail || query.before != null ? end : Math.min(this.length, from + limit);
    const entries = Array.from({ length: Math.max(0, to - from) }, (_, i) =>
      this.#entries(from + i),
    );
    return {
      run,
      entries,
      start: from * ENTRY_BYTES,
      next: Math.max(to, from) * ENTRY_BYTES,
      end: this.ended && to >= this.length,
    };
  }

  #wait(length: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        if (signal?.aborted) reject(signal.reason as Error);
        else resolve();
      };
      const timer = setTimeout(wake, length);
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }
}
