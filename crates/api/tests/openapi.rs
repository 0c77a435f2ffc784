//! The OpenAPI description in the repository is that of the code.
//!
//! `CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-api openapi` writes it again.

#[path = "openapi/reference.rs"]
mod reference;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use claude_worker_api::{
    self as api, ApiError, Call, CallVisitor, METHODS, ReadArguments, TaskId, openapi,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The same value with the keys of objects in alphabetical order, whatever order the build keeps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.iter().collect();
            Value::Object(fields.into_iter().map(|(k, v)| (k.clone(), sorted(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[test]
fn openapi_description_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let made = openapi::openapi();
    if std::env::var_os("CLAUDE_WORKER_UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&sorted(&made)).unwrap() + "\n";
        std::fs::write(&file, text).unwrap();
    }
    let committed: Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).expect("it is JSON");
    for part in ["paths", "components"] {
        for (name, value) in made[part].as_object().unwrap() {
            assert_eq!(
                &committed[part][name], value,
                "docs/openapi.json differs in {name}. Run this test with CLAUDE_WORKER_UPDATE=1"
            );
        }
    }
    assert!(committed == made, "docs/openapi.json differs. Run with CLAUDE_WORKER_UPDATE=1");
}

#[test]
fn openapi_reference_in_the_documentation_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rest-reference.md");
    let made = reference::reference(&openapi::openapi());
    if std::env::var_os("CLAUDE_WORKER_UPDATE").is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap();
    let first_difference = made.lines().zip(committed.lines()).find(|(new, old)| new != old);
    assert!(
        made == committed,
        "docs/rest-reference.md differs: {first_difference:?}. Run with CLAUDE_WORKER_UPDATE=1"
    );
}

/// Every value of a document, with the path to it.
fn walk<'a>(value: &'a Value, path: &str, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(path, value);
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                walk(field, &format!("{path}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                walk(item, &format!("{path}/{n}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_no_schema_is_left_over() {
    let document = openapi::openapi();
    let mut used = BTreeSet::new();
    walk(&document, "", &mut |path, value| {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return };
        let pointer = reference.strip_prefix('#').expect(reference);
        assert!(document.pointer(pointer).is_some(), "{path}: {reference} leads nowhere");
        used.insert(pointer.to_owned());
    });
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        let pointer = format!("/components/schemas/{name}");
        // Named in the text about the stream of events, too.
        assert!(used.contains(&pointer), "nothing refers to {pointer}");
    }
}

#[test]
fn texts_are_for_readers_who_know_no_rust() {
    walk(&openapi::openapi(), "", &mut |path, value| {
        for field in ["description", "summary"] {
            let Some(text) = value.get(field).and_then(Value::as_str) else { continue };
            assert!(!text.contains("[`") && !text.contains("::"), "{path}: {text}");
        }
    });
}

#[test]
fn every_method_and_every_value_of_an_enum_is_described() {
    let document = openapi::openapi();
    for method in METHODS {
        let operation = &document["paths"][method.path][method.verb.name().to_lowercase()];
        assert_eq!(operation["operationId"], method.name);
        for field in ["summary", "description"] {
            let text = operation[field].as_str().unwrap_or_default();
            assert!(text.len() > 8, "{} has no {field}", method.name);
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{}: {parameter}", method.name);
        }
    }
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    for status in api::Status::ALL {
        let listed = schema("Task")["properties"]["status"].clone();
        assert!(listed["enum"].as_array().unwrap().contains(&status.name().into()), "{listed}");
        assert!(listed["description"].as_str().unwrap().contains(&format!("`{}`", status.name())));
    }
    for kind in ["exit", "usage_limit", "lost"] {
        let listed = schema("Failure")["properties"]["kind"].clone();
        assert!(listed["enum"].as_array().unwrap().contains(&kind.into()), "{listed}");
    }
    walk(&document["components"]["schemas"], "", &mut |path, value| {
        let Some(properties) = value.get("properties").and_then(Value::as_object) else { return };
        for (name, property) in properties {
            // A field of which nothing but its type is to be said has the description of the type.
            let described = property.get("description").is_some() || property.get("$ref").is_some();
            assert!(described, "{path}/{name} is not described");
        }
    });
}

/// Gives a call the body of an example.
struct FromExample(Option<Value>);

impl ReadArguments for FromExample {
    fn id(&mut self) -> Result<TaskId, ApiError> {
        Ok(TaskId(1))
    }
    fn query<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        Err(ApiError::internal("examples have no query"))
    }
    fn body<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        let body = self.0.take().unwrap_or_default();
        serde_json::from_value(body).map_err(|error| ApiError::invalid(error.to_string()))
    }
    fn finish(&mut self) -> Result<(), ApiError> {
        Ok(())
    }
}

#[test]
fn examples_are_valid_requests() {
    struct Check(usize);
    impl CallVisitor for Check {
        fn visit<C: Call>(&mut self) {
            for example in openapi::examples().iter().filter(|it| it.method == C::METHOD.name) {
                let read = C::read(&mut FromExample(Some(example.body())));
                assert!(read.is_ok(), "{}: {:?}", example.name, read.err());
                self.0 += 1;
            }
        }
    }
    let mut check = Check(0);
    api::visit_calls(&mut check);
    assert_eq!(check.0, openapi::examples().len(), "an example belongs to no method");
}
