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
        hint: "For tasks that choose none",
        kind: "mode",
      },
      {
        key: "agents.claude",
        label: "Claude Code",
        hint: "Its program; empty: found as your shell finds it",
        kind: "path",
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
        hint: "In the same session, when the limit is over. Otherwise the task fails",
        kind: "switch",
      },
      {
        key: "usage_limit.retry_after_ms",
        label: "Try again after",
        hint: "When Claude Code does not say when the limit ends; then twice as long each time",
        kind: "duration",
      },
      {
        key: "usage_limit.tries",
        label: "Tries",
        hint: "After so many in a row that got no answer the task fails",
        kind: "count",
        min: 0,
        max: 4294967295,
      },
      {
        key: "usage_limit.give_up_after_ms",
        label: "Give up after",
        hint: "A task that would wait longer than this in all fails",
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
        hint: "Then after twice as long each time, up to 10 minutes",
        kind: "duration",
      },
      {
        key: "rate_limit.tries",
        label: "Tries",
        hint: "After so many in a row that got no answer the task fails",
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
        hint: "Several together are told as one",
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
        hint: "Beyond it the oldest lose theirs, and keep result and verdict",
        kind: "size",
        min: 0,
      },
      {
        key: "caps.free_disk",
        label: "Keep free",
        hint: "With less room on the disk nothing new is started",
        kind: "size",
        min: 0,
      },
      {
        key: "caps.queued",
        label: "Longest queue",
        hint: "Tasks that may wait at once",
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
        hint: "Your task is at 0, a task it submits at 1; 0 forbids it",
        kind: "count",
        min: 0,
        max: 4294967295,
        zero: "tasks submit none",
      },
      {
        key: "delegation.unfinished",
        label: "Unfinished at once",
        hint: "That one task, or one MCP client, may have submitted",
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
        hint: "Like 127.0.0.1:8000; off: never; auto: when server start asks for it",
        kind: "address",
      },
      {
        key: "http.base_directory",
        label: "Base directory",
        hint: "Where relative directories of submissions begin; empty: your home",
        kind: "path",
      },
      {
        key: "http.allow_hosts",
        label: "Host names",
        hint: "By which clients reach it; separated by commas",
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
        hint: "That does TLS for all clients",
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
        hint: "A span for each run is sent there; empty: none",
        kind: "url",
      },
    ],
  },
];
