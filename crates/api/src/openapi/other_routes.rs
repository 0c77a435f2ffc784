//! The routes that are no methods of the API.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::errors;
use super::operations::query_parameters;
use crate::{EventQuery, JSON};

/// The path of this description.
pub const OPENAPI_PATH: &str = "/openapi.json";
/// The path of the page that shows it.
pub const DOCS_PATH: &str = "/docs";
/// The path of the stream of events.
pub const STREAM_PATH: &str = "/api/v1/events/stream";
/// The path for probes that ask whether the process answers.
pub const HEALTH_PATH: &str = "/health";
/// The path for probes that ask whether the engine can take on and run tasks.
pub const READY_PATH: &str = "/ready";

/// The path at which a browser logs in with a code.
pub const REDEEM_PATH: &str = "/api/v1/logins/redeem";
/// The path at which a browser logs out.
pub const LOGOUT_PATH: &str = "/api/v1/logins/logout";

/// Writes them into `paths`, and the schemas that they refer to into `components`.
pub(super) fn write(paths: &mut Map<String, Value>, components: &mut Map<String, Value>) {
    paths.insert(STREAM_PATH.to_owned(), json!({ "get": stream() }));
    paths.insert(REDEEM_PATH.to_owned(), json!({ "post": redeem() }));
    paths.insert(LOGOUT_PATH.to_owned(), json!({ "post": logout() }));
    components.insert(
        "Health".to_owned(),
        json!({
            "type": "object",
            "description": "The answer to a probe.",
            "properties": {
                "status": {
                    "type": "string",
                    "description": "`ok`, or why the engine is not ready: `stopping`, `disk_full`, \
                                    `storage_lost`, `storage_unresponsive`.",
                },
                "version": {
                    "type": "string",
                    "description": "The engine's version. At the local socket only.",
                },
            },
            "required": ["status"],
        }),
    );
    let health = json!({ "$ref": "#/components/schemas/Health" });
    paths.insert(
        HEALTH_PATH.to_owned(),
        json!({ "get": page(
            "health",
            "monitoring",
            "Whether the process answers",
            JSON,
            &health,
        ) }),
    );
    let mut ready =
        page("ready", "monitoring", "Whether the engine can take on and run tasks", JSON, &health);
    ready["responses"]["503"] = json!({
        "description": "It cannot; the status says why.",
        "content": { JSON: { "schema": health } },
    });
    paths.insert(READY_PATH.to_owned(), json!({ "get": ready }));
    paths.insert(
        OPENAPI_PATH.to_owned(),
        json!({ "get": page(
            "openapi",
            "documentation",
            "This description",
            JSON,
            &json!({ "type": "object" }),
        ) }),
    );
    paths.insert(
        DOCS_PATH.to_owned(),
        json!({ "get": page(
            "docs",
            "documentation",
            "A page that shows this description and can send requests",
            "text/html",
            &json!({ "type": "string" }),
        ) }),
    );
}

/// A route that takes nothing and needs no token.
fn page(name: &str, tag: &str, summary: &str, media_type: &str, schema: &Value) -> Value {
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({ "description": "Done.", "content": { media_type: { "schema": schema } } }),
    );
    errors::add_statuses(&mut responses, &[400, 403]);
    json!({
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "description": format!("{summary}. Needs no token."),
        "security": [],
        "responses": responses,
    })
}

/// The login of a browser, which only a server over TCP has.
fn redeem() -> Value {
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "The browser is logged in.",
            "headers": { "Set-Cookie": {
                "description": "The cookie of the login.",
                "schema": { "type": "string" },
            } },
            "content": { JSON: { "schema": { "type": "object" } } },
        }),
    );
    errors::add_statuses(&mut responses, &[400, 403, 408, 411, 413, 415, 429, 500, 503]);
    json!({
        "operationId": "redeem_login",
        "tags": ["tokens"],
        "summary": "Logs a browser in with a code",
        "description": "Logs a browser in with the code of a link of `claude-worker open --browser`, \
                        which works once and for 2 minutes. Only over TCP. Needs no token.",
        "security": [],
        "requestBody": {
            "required": true,
            "content": { JSON: { "schema": {
                "type": "object",
                "properties": { "code": { "type": "string", "description": "The code." } },
                "required": ["code"],
                "additionalProperties": false,
            } } },
        },
        "responses": responses,
    })
}

fn logout() -> Value {
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "The login has ended, and its cookie is removed.",
            "content": { JSON: { "schema": { "type": "object" } } },
        }),
    );
    errors::add_statuses(&mut responses, &[400, 401, 403, 404, 408, 413, 415, 500, 503]);
    json!({
        "operationId": "log_out",
        "tags": ["tokens"],
        "summary": "Ends the login of the browser that asks",
        "description": "Ends the login of the browser that asks. Only over TCP, and with a cookie.",
        "security": [{ "login": [] }],
        "requestBody": {
            "required": true,
            "content": { JSON: { "schema": {
                "type": "object",
                "additionalProperties": false,
            } } },
        },
        "responses": responses,
    })
}

fn stream() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let query = generator.root_schema_for::<EventQuery>().to_value();
    let mut parameters = query_parameters(&query);
    // The server waits and reads in pages by itself.
    parameters.retain(|one| one["name"] != "wait_ms" && one["name"] != "limit");
    for parameter in &mut parameters {
        if parameter["name"] == "after" {
            parameter["description"] = json!("Only events after this one. Absent: from now on.");
        }
    }
    parameters.push(json!({
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The number of the last event that the client has seen; it replaces `after`. \
                        Browsers send it when they connect again.",
        "schema": { "type": "integer", "format": "int64" },
    }));
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "Events as server-sent events, until one side disconnects. The `data` of \
                            each is an `Event` as JSON, its `id` the event's number. An event named \
                            `gap` says that events are missing because they are no longer stored: \
                            read the tasks again. When nothing was sent for 15 seconds, a heartbeat \
                            follows: a line that begins with a colon, or an `id` without `data` that \
                            names the position of the stream.",
            "content": { "text/event-stream": { "schema": { "type": "string" } } },
        }),
    );
    errors::add_statuses(&mut responses, &[400, 401, 403, 426, 500, 503]);
    let about = "The same events as server-sent events, as they happen.";
    json!({
        "operationId": "event_stream",
        "tags": ["events"],
        "summary": "Events as they happen",
        "description": format!("{about}\n\nNeeds a token of any scope."),
        "parameters": parameters,
        "responses": responses,
    })
}
