//! End-to-end tests: the real binary, real processes, real files.
//!
//! Each test has a [`support::Home`] of its own: data directory, HOME and TMPDIR in a temporary
//! directory, an environment with nothing of the caller's in it, and a promise, checked when it
//! is dropped, that no process is left behind.

#![expect(clippy::unwrap_used, reason = "in a test, what must not fail is unwrapped")]

mod attacks;
mod bad_input;
mod bounds;
#[path = "../campaign/mod.rs"]
mod campaign;
mod claude;
mod command_lines;
mod commands;
mod completions;
mod config;
mod connections;
mod contract;
mod crash;
mod delegation;
mod docs;
mod doctor;
mod engine;
mod environment;
mod hand_over;
mod http;
mod https;
mod import;
mod interrupted;
mod limits_and_endings;
mod login_shell;
mod many_clients;
mod mcp;
mod monitoring;
mod next_steps;
mod output;
mod pages;
mod regressions;
mod removed_files;
mod report;
mod rest;
mod rows;
mod rust_client;
mod settings;
mod shells;
mod stdin;
mod stored_data;
mod stream;
mod support;
mod task_options;
mod terminal;
mod tmux;
mod trees;
mod trust;
mod waiting;
mod words;
