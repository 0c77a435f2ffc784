//! Delegation over MCP: the real sidecar, the real engine, and clients of all kinds.

#![expect(clippy::needless_pass_by_value, reason = "messages are written where they are passed")]

mod api;
mod bounds;
mod bundle;
mod client;
mod clients;
mod engines;
mod install;
mod protocol;
mod resources;
mod tools;

pub(crate) use api::McpApi;
pub(crate) use client::Mcp;
