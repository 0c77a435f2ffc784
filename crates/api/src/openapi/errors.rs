//! The answers with errors.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::sample_error;
use crate::{ErrorCode, Method, PROBLEM_JSON, Problem, Verb};

/// What HTTP tells apart and the codes do not: a status, its name here, the code and what it means.
const OF_HTTP: &[(u16, ErrorCode, &str)] = &[
    (401, ErrorCode::Forbidden, "The request has no valid token"),
    (405, ErrorCode::InvalidRequest, "The address does not take this method of HTTP"),
    (408, ErrorCode::InvalidRequest, "The body did not arrive in time"),
    (411, ErrorCode::InvalidRequest, "The request does not say how long its body is"),
    (413, ErrorCode::InvalidRequest, "The body is larger than 33 MiB, or 4096 bytes for a login"),
    (415, ErrorCode::InvalidRequest, "The body is not of the type `application/json`"),
    (429, ErrorCode::Unavailable, "Too many login codes were tried in the last minute"),
];

/// The codes that every method can return.
const COMMON: &[ErrorCode] = &[
    ErrorCode::InvalidRequest,
    ErrorCode::Forbidden,
    ErrorCode::Internal,
    ErrorCode::BadDatabase,
    ErrorCode::Unavailable,
    ErrorCode::VersionMismatch,
];

/// The component of a status: `Error404`.
fn component(status: u16) -> String {
    format!("Error{status}")
}

/// The answers with errors by status, with the codes that each can have.
pub(super) fn responses() -> Value {
    let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for code in ErrorCode::ALL {
        let text = format!("`{}`: {}", code.name(), code.title());
        by_status.entry(code.http_status()).or_default().push(text);
    }
    for (status, code, meaning) in OF_HTTP {
        let text = format!("`{}`: {meaning}", code.name());
        by_status.entry(*status).or_default().push(text);
    }
    let responses = by_status.into_iter().map(|(status, meanings)| {
        let response = json!({
            "description": format!("{}.", meanings.join(". ")),
            "content": {
                PROBLEM_JSON: {
                    "schema": { "$ref": "#/components/schemas/Problem" },
                }
            },
        });
        (component(status), response)
    });
    let mut responses: Map<String, Value> = responses.collect();
    if let Some(not_found) = responses.get_mut(&component(404)) {
        not_found["content"][PROBLEM_JSON]["example"] = json!(Problem::new(sample_error()));
    }
    Value::Object(responses)
}

/// Adds a method's answers with errors to its answers.
pub(super) fn add(responses: &mut Map<String, Value>, method: &Method) {
    let has_body = method.verb != Verb::Get && method.verb != Verb::Delete;
    let mut statuses: Vec<u16> =
        method.errors.iter().chain(COMMON).map(|code| code.http_status()).collect();
    statuses.push(401);
    if has_body {
        statuses.extend([408, 413, 415]);
    }
    add_statuses(responses, &statuses);
}

/// Adds references to the answers of these statuses.
pub(super) fn add_statuses(responses: &mut Map<String, Value>, statuses: &[u16]) {
    for status in statuses {
        let reference = json!({ "$ref": format!("#/components/responses/{}", component(*status)) });
        responses.insert(status.to_string(), reference);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::METHODS;

    #[test]
    fn every_code_that_a_method_declares_has_an_answer() {
        let responses = responses();
        for method in METHODS {
            let mut own = Map::new();
            add(&mut own, method);
            for code in method.errors {
                assert!(own.contains_key(&code.http_status().to_string()), "{}", method.name);
            }
            for reference in own.values() {
                let name = reference["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
                assert!(responses.get(name).is_some(), "{name}");
            }
        }
    }
}
