// Generated from crates/api/src/settings.rs by its test `declared_settings`; do not edit.
// CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-api declared
import type { DeclaredSection } from "./kinds";

/** The sections of the page with the settings in each. */
export const DECLARED: DeclaredSection[] = [
  {
    id: "general",
    title: "General",
    settings: [
      {
        key: "workers",
        label: "Workers",
        hint: "Tasks that run at once",
        kind: "count",
        min: 1,
        max: 256,
      },
      {
        key: "permission_mode",
        label: "Permissions",
        hint: "The mode of tasks that do not choose one",
        kind: "mode",
      },
      {
        key: "agents.claude",
        label: "Claude Code",
        hint: "Path of the program; empty: found as in your shell",
        kind: "path",
      },
      {
        key: "agents.live_text",
        label: "Live text",
        hint: "Show what Claude writes while it writes it",
        kind: "switch",
      },
      {
        key: "env.pass",
        label: "Environment variables",
        hint: "Passed from the shell that submits a task. Names, separated by commas",
        kind: "names",
      },
    ],
  },
  {
    id: "limits",
    title: "Limits of a run",
    note: "They apply to runs that begin later. A task may have its own.",
    settings: [
      {
        key: "limits.timeout_ms",
        label: "Time",
        hint: "A run is ended after this long",
        kind: "duration",
        zero: "never",
      },
      {
        key: "limits.silence_ms",
        label: "Silence",
        hint: "Claude is ended when it prints nothing for this long",
        kind: "duration",
        zero: "never",
      },
      {
        key: "limits.exit_ms",
        label: "Exit",
        hint: "Claude is ended when it has reported its end and does not exit for this long",
        kind: "duration",
        zero: "never",
      },
      {
        key: "limits.grace_ms",
        label: "Grace",
        hint: "Between being asked to end and being killed",
        kind: "duration",
      },
    ],
  },
  {
    id: "usage",
    title: "Usage limit of the account",
    settings: [
      {
        key: "usage_limit.wait",
        label: "Wait and go on",
        hint: "In the same session, when the limit ends. If off, the task fails",
        kind: "switch",
      },
      {
        key: "usage_limit.retry_after_ms",
        label: "Try again after",
        hint: "If Claude Code does not say when the limit ends; doubles each time",
        kind: "duration",
      },
      {
        key: "usage_limit.tries",
        label: "Tries",
        hint: "The task fails after this many in a row without an answer",
        kind: "count",
        min: 0,
        max: 4294967295,
      },
      {
        key: "usage_limit.give_up_after_ms",
        label: "Give up after",
        hint: "The task fails if it would wait longer than this in total",
        kind: "duration",
        zero: "never",
      },
    ],
  },
  {
    id: "rate",
    title: "Rate limit and overloaded API",
    settings: [
      {
        key: "rate_limit.retry_after_ms",
        label: "Try again after",
        hint: "Doubles each time, up to 10 minutes",
        kind: "duration",
      },
      {
        key: "rate_limit.tries",
        label: "Tries",
        hint: "The task fails after this many in a row without an answer",
        kind: "count",
        min: 0,
        max: 4294967295,
      },
    ],
  },
  {
    id: "notifications",
    title: "Notifications",
    note: "From the desktop app, never about what you are looking at.",
    settings: [
      {
        key: "notifications.finished",
        label: "A task is done",
        hint: "One notification for tasks that end together",
        kind: "switch",
      },
      {
        key: "notifications.failed",
        label: "A task failed",
        hint: "With the reason",
        kind: "switch",
      },
      {
        key: "notifications.attention",
        label: "A task needs you",
        hint: "It waits for a usage limit, is silent, or was denied a tool",
        kind: "switch",
      },
    ],
  },
  {
    id: "storage",
    title: "Storage",
    settings: [
      {
        key: "retention.finished_ms",
        label: "Keep finished tasks",
        hint: "For this long after they ended",
        kind: "duration",
        zero: "always",
      },
      {
        key: "caps.output_per_run",
        label: "Output of one run",
        hint: "A run that prints more is ended",
        kind: "size",
        min: 1,
      },
      {
        key: "caps.output_total",
        label: "Output of all runs",
        hint: "When it is full, the oldest output is removed; results stay",
        kind: "size",
        min: 0,
      },
      {
        key: "caps.free_disk",
        label: "Keep free",
        hint: "No task starts with less free disk space than this",
        kind: "size",
        min: 0,
      },
      {
        key: "caps.queued",
        label: "Longest queue",
        hint: "The most tasks that can wait",
        kind: "count",
        min: 0,
        max: 9007199254740991,
      },
    ],
  },
  {
    id: "delegation",
    title: "Tasks that submit tasks",
    settings: [
      {
        key: "delegation.depth",
        label: "Depth",
        hint: "Your task is at 0, a task that it submits at 1; 0: none",
        kind: "count",
        min: 0,
        max: 4294967295,
        zero: "tasks submit none",
      },
      {
        key: "delegation.unfinished",
        label: "Unfinished at once",
        hint: "Tasks that one task or one MCP client has submitted",
        kind: "count",
        min: 0,
        max: 4294967295,
        zero: "tasks submit none",
      },
      {
        key: "mcp.allow_bypass",
        label: "Allow “No checks” over MCP",
        hint: "Whether tasks submitted over MCP may turn permission checks off",
        kind: "switch",
      },
    ],
  },
  {
    id: "http",
    title: "HTTP",
    note: "For scripts, browsers and other machines. A change takes effect at once.",
    settings: [
      {
        key: "http.listen",
        label: "Address",
        hint: "Like 127.0.0.1:8000, off, or auto: only after server start",
        kind: "address",
      },
      {
        key: "http.base_directory",
        label: "Base directory",
        hint: "Relative directories begin here; empty: your home",
        kind: "path",
      },
      {
        key: "http.allow_hosts",
        label: "Host names",
        hint: "Further names of this server, separated by commas",
        kind: "names",
      },
      {
        key: "http.tls_certificate",
        label: "TLS certificate",
        hint: "A PEM file; empty: no TLS",
        kind: "path",
      },
      {
        key: "http.tls_key",
        label: "TLS key",
        hint: "The PEM file with its private key",
        kind: "path",
      },
      {
        key: "http.behind_proxy",
        label: "Behind a proxy",
        hint: "A proxy does TLS for all clients",
        kind: "switch",
      },
    ],
  },
  {
    id: "telemetry",
    title: "Traces",
    settings: [
      {
        key: "telemetry.otlp_endpoint",
        label: "OTLP endpoint",
        hint: "Where a span for each run is sent; empty: none",
        kind: "url",
      },
    ],
  },
];
