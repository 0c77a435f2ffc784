// Generated from crates/api/src/settings.rs by its test `declared_settings`; do not edit.
// CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-api declared
import type { Settings } from "../index";

export const DEFAULTS = {
  workers: 4,
  permission_mode: "acceptEdits",
  agents: {
    claude: null,
  },
  limits: {
    timeout_ms: 0,
    silence_ms: 900000,
    exit_ms: 10000,
    grace_ms: 5000,
  },
  retention: {
    finished_ms: 0,
  },
  caps: {
    output_per_run: 256000000,
    output_total: 5000000000,
    free_disk: 100000000,
    queued: 100000,
  },
  usage_limit: {
    wait: true,
    retry_after_ms: 900000,
    tries: 8,
    give_up_after_ms: 691200000,
  },
  rate_limit: {
    retry_after_ms: 30000,
    tries: 6,
  },
  delegation: {
    depth: 2,
    unfinished: 50,
  },
  mcp: {
    allow_bypass: false,
  },
  http: {
    listen: "auto",
    base_directory: null,
    allow_hosts: [],
    tls_certificate: null,
    tls_key: null,
    behind_proxy: false,
  },
  telemetry: {
    otlp_endpoint: null,
  },
  notifications: {
    finished: true,
    failed: true,
    attention: true,
  },
  file: "",
} as unknown as Settings;
