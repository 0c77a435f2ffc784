//! The OpenAPI description of the HTTP interface, made from the methods of the API.
//!
//! `docs/openapi.json` is the description of this version; the test `openapi` fails when it differs.

mod errors;
mod examples;
mod operations;
mod other_routes;
mod schemas;

use serde_json::{Map, Value, json};

/// The name of the cookie of a browser that is logged in.
pub const LOGIN_COOKIE: &str = "claude_worker_login";

pub use examples::{Example, examples};
pub use other_routes::{
    DOCS_PATH, HEALTH_PATH, LOGOUT_PATH, OPENAPI_PATH, READY_PATH, REDEEM_PATH, STREAM_PATH,
};

use crate::{ApiError, PROTOCOL_HEADER};

/// The OpenAPI 3.1 description of every route of an engine.
#[must_use]
pub fn openapi() -> Value {
    let mut paths = Map::new();
    let mut components = operations::write(&mut paths);
    other_routes::write(&mut paths, &mut components);
    let tags: Vec<Value> = operations::TAGS
        .iter()
        .map(|(name, description)| json!({ "name": name, "description": description }))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Claude Worker",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Runs Claude Code tasks in the background.",
            "description": format!(
                "The HTTP interface of an engine of Claude Worker. Times are RFC 3339 in UTC; \
                 durations are in milliseconds where the name ends in `_ms`. A field that has no \
                 value is left out of an answer. Unknown fields and query parameters of requests are \
                 refused with 400; clients must ignore unknown fields of answers, because later \
                 versions add some. Every answer has the header `{PROTOCOL_HEADER}`."
            ),
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/", "description": "The engine that serves this document." }],
        "security": [{ "token": [] }, { "login": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": errors::responses(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token, as `claude-worker token create` shows it, or the one in \
                                    the file `token` of the data directory. The local socket needs \
                                    none.",
                },
                "login": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": LOGIN_COOKIE,
                    "description": "The cookie of a browser that was logged in with \
                                    `claude-worker open --browser`. After the name follow an underscore \
                                    and the server's port; over TLS, `__Host-` is before it.",
                },
            },
        },
    })
}

/// The documentation comment of a type or method as text for readers of the HTTP interface: Markdown
/// without links to Rust items, and without line breaks within a paragraph.
fn readable(doc: &str) -> String {
    let mut text = String::new();
    for paragraph in doc.trim().split("\n\n").map(str::trim) {
        if paragraph.starts_with("# Errors") {
            break;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        for (n, line) in paragraph.lines().map(str::trim).enumerate() {
            let starts_item = line.starts_with("- ");
            text.push_str(if n == 0 {
                ""
            } else if starts_item {
                "\n"
            } else {
                " "
            });
            text.push_str(line);
        }
    }
    without_links(&text)
}

/// Replaces links to Rust items: ``[`NewTask::caller`]`` becomes `` `caller` ``.
fn without_links(text: &str) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[`") {
        let Some((name, after)) = after.split_once("`]") else { break };
        let name = name.rsplit("::").next().unwrap_or(name);
        done.push_str(before);
        done.push_str(&format!("`{name}`"));
        rest = after;
    }
    done + rest
}

/// The first sentence of a text.
fn first_sentence(text: &str) -> &str {
    let end = text.find(". ").or_else(|| text.find(".\n")).map_or(text.len(), |end| end + 1);
    text[..end].trim_end_matches('.')
}

/// An error that shows what errors look like.
fn sample_error() -> ApiError {
    ApiError::no_task(crate::TaskId(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_text_for_readers_of_the_interface() {
        let doc = "\nPuts a task\ninto [`crate::Queue`]. More.\n\n# Errors\n`queue_full`.\n";
        assert_eq!(readable(doc), "Puts a task into `Queue`. More.");
        assert_eq!(readable("All:\n- one\n  thing\n- two"), "All:\n- one thing\n- two");
        assert_eq!(first_sentence("One. Two."), "One");
        assert_eq!(first_sentence("One, e.g. this"), "One, e.g");
        assert_eq!(first_sentence("Only one."), "Only one");
    }
}
