//! The operations that are methods of the API.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::schemas::{self, Direction};
use super::{errors, examples, first_sentence, readable};
use crate::{
    Answer, Call, CallVisitor, JSON, Method, OutputHeaders, Problem, Repeat, Scope, visit_calls,
};

/// Groups of operations, by the part of the path behind `/api/v1/`.
pub(super) const TAGS: &[(&str, &str)] = &[
    ("tasks", "Submit tasks, look at them, follow them, change them."),
    ("events", "Follow what happens, in order."),
    ("queue", "The queue as a whole."),
    ("engine", "The engine itself."),
    ("settings", "The settings of `config.toml`."),
    ("templates", "Prompts with fields, from which tasks are made."),
    ("trust", "The directories whose settings tasks of agents may use."),
    ("tokens", "The tokens of programs and browsers."),
    ("monitoring", "For probes and monitoring."),
    ("documentation", "This description."),
];

/// The group of a path.
fn tag(path: &str) -> &str {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let segment = path.trim_start_matches('/').split('/').next().unwrap_or("");
    match segment {
        "mcp" => "tasks",
        "spent" | "projects" | "overview" => "queue",
        "search" => "tasks",
        "doctor" | "about" => "engine",
        "logins" => "tokens",
        "metrics" => "monitoring",
        other => other,
    }
}

struct Operations<'a> {
    paths: &'a mut Map<String, Value>,
    asked: SchemaGenerator,
    answered: SchemaGenerator,
}

/// Writes the operations of all methods into `paths`; returns the schemas that they refer to.
pub(super) fn write(paths: &mut Map<String, Value>) -> Map<String, Value> {
    let mut operations = Operations {
        paths,
        asked: SchemaSettings::draft2020_12().for_deserialize().into_generator(),
        answered: SchemaSettings::draft2020_12().for_serialize().into_generator(),
    };
    visit_calls(&mut operations);
    operations.answered.subschema_for::<Problem>();
    let Operations { paths, mut asked, mut answered } = operations;
    let (mut asked, answered) = (asked.take_definitions(true), answered.take_definitions(true));
    for path in paths.values_mut().filter_map(Value::as_object_mut) {
        for operation in path.values_mut() {
            spread_query(operation, &asked);
            require_body(operation, &asked);
        }
    }
    asked.retain(|name, _| !name.ends_with("Query") || name == "CleanQuery" || name == "SeenQuery");
    schemas::components(asked, answered)
}

impl CallVisitor for Operations<'_> {
    fn visit<C: Call>(&mut self) {
        let method = &C::METHOD;
        let schemas = C::schemas(&mut self.asked, &mut self.answered);
        let description = readable(method.summary);
        let mut operation = json!({
            "operationId": method.name,
            "tags": [tag(method.path)],
            "summary": first_sentence(&description),
            "description": format!("{description}\n\n{}", scope(method.scope)),
            "parameters": [],
        });
        let arguments = method.arguments.iter().zip(schemas.arguments);
        for ((name, _), schema) in arguments {
            match *name {
                "body" => operation["requestBody"] = body(method, &schema.to_value()),
                // Spread into one parameter per field when all types are known.
                "query" => push_parameter(&mut operation, schema.to_value()),
                name => push_parameter(&mut operation, path_parameter(name, &schema.to_value())),
            }
        }
        if matches!(method.repeat, Repeat::Keyed | Repeat::RunsAgain) {
            push_parameter(&mut operation, idempotency_key());
        }
        operation["responses"] =
            Value::Object(responses(method, C::Answer::MEDIA_TYPE, schemas.answer.map(Into::into)));
        let verb = method.verb.name().to_lowercase();
        let path = self.paths.entry(method.path).or_insert_with(|| json!({}));
        path[verb] = operation;
    }
}

fn push_parameter(operation: &mut Value, parameter: Value) {
    if let Some(list) = operation["parameters"].as_array_mut() {
        list.push(parameter);
    }
}

/// What a token must allow, as a sentence.
fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "Needs a token of any scope.",
        Scope::Submit => "Needs a token of the scope `submit` or `full`.",
        Scope::Full | Scope::Unknown(_) => "Needs a token of the scope `full`.",
    }
}

fn path_parameter(name: &str, schema: &Value) -> Value {
    let schema = schemas::parameter(schemas::shape(schema.clone(), Direction::Asked));
    let description = match name {
        "id" => "The task's number.",
        _ => "Its name.",
    };
    json!({
        "name": name, "in": "path", "required": true, "description": description, "schema": schema,
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes the request safe to repeat: the same key with the same request is \
                        carried out once, and answered with the same tasks. With another request it \
                        is refused with 409. Instead of the header, the body may have the key.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" },
    })
}

fn body(method: &Method, schema: &Value) -> Value {
    let mut content = json!({ "schema": schemas::shape(schema.clone(), Direction::Asked) });
    let examples: Map<String, Value> = examples()
        .iter()
        .filter(|example| example.method == method.name)
        .map(|example| {
            let shown = json!({ "summary": example.summary, "value": example.body() });
            (example.name.to_owned(), shown)
        })
        .collect();
    if !examples.is_empty() {
        content["examples"] = Value::Object(examples);
    }
    json!({ "content": { JSON: content } })
}

/// The answers of a method.
fn responses(method: &Method, media_type: &str, answer: Option<Value>) -> Map<String, Value> {
    let mut responses = Map::new();
    let status = if method.repeat == Repeat::Keyed { "201" } else { "200" };
    let response = match answer {
        Some(schema) => json!({
            "description": match status {
                "201" => "Stored.",
                _ => "Done.",
            },
            "content": { media_type: { "schema": schemas::shape(schema, Direction::Answered) } },
        }),
        None => json!({
            "description": "The bytes.",
            "headers": output_headers(),
            "content": { media_type: { "schema": { "type": "string", "format": "binary" } } },
        }),
    };
    responses.insert(status.to_owned(), response);
    errors::add(&mut responses, method);
    responses
}

fn output_headers() -> Value {
    let header = |description: &str, schema: Value, required: bool| json!({ "description": description, "schema": schema, "required": required });
    let whole = json!({ "type": "integer", "minimum": 0 });
    json!({
        OutputHeaders::NEXT: header("Pass as `offset` to read the next chunk.", whole, true),
        OutputHeaders::END: header(
            "Whether the run has ended and these bytes reach the end of its output.",
            json!({ "type": "string", "enum": ["true", "false"] }),
            true,
        ),
        OutputHeaders::RUN: header(
            "The run they belong to; absent when the task has had none yet.",
            json!({ "type": "string" }),
            false,
        ),
    })
}

/// Says whether a body must be sent: only if its type has required fields. None means `{}`.
fn require_body(operation: &mut Value, asked: &Map<String, Value>) {
    let Some(body) = operation.get_mut("requestBody") else { return };
    let reference = body["content"][JSON]["schema"]["$ref"].as_str();
    let schema = reference.and_then(|name| asked.get(name.rsplit('/').next()?));
    body["required"] = json!(schema.is_some_and(|schema| schema.get("required").is_some()));
}

/// Replaces a reference to the type of a query by one parameter per field of the type.
fn spread_query(operation: &mut Value, asked: &Map<String, Value>) {
    let Some(parameters) = operation["parameters"].as_array_mut() else { return };
    let mut spread = Vec::new();
    for parameter in parameters.drain(..) {
        let type_name = parameter.get("$ref").and_then(Value::as_str);
        match type_name.and_then(|name| asked.get(name.rsplit('/').next()?)) {
            Some(query) => spread.extend(query_parameters(query)),
            None => spread.push(parameter),
        }
    }
    *parameters = spread;
}

/// The parameters of the type of a query.
pub(super) fn query_parameters(query: &Value) -> Vec<Value> {
    let shaped = schemas::shape(query.clone(), Direction::Asked);
    let Some(fields) = shaped["properties"].as_object() else { return Vec::new() };
    let required = |name: &str| {
        shaped["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name))
    };
    let parameters = fields.iter().map(|(name, schema)| {
        let mut parameter = json!({
            "name": name,
            "in": "query",
            "required": required(name),
            "description": schema["description"],
            "schema": schemas::parameter(schema.clone()),
        });
        if schema["type"] == "array" {
            // Separated by commas; an empty list is refused.
            parameter["style"] = json!("form");
            parameter["explode"] = json!(false);
            parameter["schema"]["minItems"] = json!(1);
        }
        parameter
    });
    parameters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{METHODS, Verb};

    #[test]
    fn every_group_is_described_and_only_requests_with_a_body_have_examples() {
        for method in METHODS {
            assert!(TAGS.iter().any(|(name, _)| *name == tag(method.path)), "{}", method.path);
            let body = method.arguments.iter().any(|(name, _)| *name == "body");
            assert!(!body || matches!(method.verb, Verb::Post | Verb::Put), "{}", method.name);
        }
    }
}
