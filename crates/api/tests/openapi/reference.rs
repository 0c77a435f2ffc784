//! The reference of the HTTP interface as Markdown, made from its OpenAPI description.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const HEAD: &str = "# Reference of the HTTP interface\n\n\
    <!-- Made from the code by the test `openapi` of crates/api; do not edit. -->\n\n\
    Every address, field and value that an engine knows. [The guide](rest-api.md) explains how to use \
    them; an engine shows the same at `/docs` and as OpenAPI 3.1 at `/openapi.json`.\n";

/// The reference.
pub(crate) fn reference(document: &Value) -> String {
    let mut text = HEAD.to_owned();
    let tags = document["tags"].as_array().expect("groups");
    for tag in tags {
        let own = operations(document, &tag["name"]);
        if own.is_empty() {
            continue;
        }
        let name = tag["name"].as_str().unwrap_or_default();
        let (first, rest) = name.split_at(1);
        let _ =
            write!(text, "\n## {}{rest}\n\n{}\n", first.to_uppercase(), words(&tag["description"]));
        for (verb, path, operation) in own {
            text.push_str(&one(&verb, &path, operation));
        }
    }
    text.push_str("\n## Errors\n\nErrors are [problem details](rest-api.md#errors).\n\n");
    for (name, response) in object(&document["components"]["responses"]) {
        let status = name.trim_start_matches("Error");
        let _ = writeln!(text, "- {status}: {}", words(&response["description"]));
    }
    text.push_str("\n## Types\n");
    for (name, schema) in object(&document["components"]["schemas"]) {
        let _ = write!(text, "\n### {name}\n\n{}\n", prose(&schema["description"]));
        text.push_str(&fields(schema));
    }
    text
}

fn object(value: &Value) -> Vec<(&String, &Value)> {
    let mut fields: Vec<_> = value.as_object().into_iter().flat_map(Map::iter).collect();
    // Whatever order the build keeps.
    fields.sort_by_key(|(name, _)| name.as_str());
    fields
}

/// The operations of a group, by their paths.
fn operations<'a>(document: &'a Value, tag: &Value) -> Vec<(String, String, &'a Value)> {
    let paths = object(&document["paths"]).into_iter().flat_map(|(path, verbs)| {
        object(verbs)
            .into_iter()
            .map(|(verb, operation)| (verb.to_uppercase(), path.clone(), operation))
    });
    paths.filter(|(_, _, operation)| operation["tags"][0] == *tag).collect()
}

fn one(verb: &str, path: &str, operation: &Value) -> String {
    let mut text = format!("\n### {verb} {path}\n\n{}\n", prose(&operation["description"]));
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.map(|parameter| {
        let place = match parameter["in"].as_str() {
            Some("query") | None => String::new(),
            Some(place) => format!(", in the {place}"),
        };
        let required = if parameter["required"] == true { ", required" } else { "" };
        let name = parameter["name"].as_str().unwrap_or_default();
        let kind = kind(&parameter["schema"]);
        format!("- `{name}` ({kind}{place}{required}): {}\n", words(&parameter["description"]))
    });
    let parameters: String = parameters.collect();
    if !parameters.is_empty() {
        let _ = write!(text, "\nParameters:\n\n{parameters}");
    }
    let body = &operation["requestBody"]["content"]["application/json"];
    if body.is_object() {
        let _ = write!(text, "\nBody: {}\n", kind(&body["schema"]));
        for (_, example) in object(&body["examples"]) {
            let value = serde_json::to_string_pretty(&super::sorted(&example["value"]));
            let value = value.unwrap_or_default();
            let _ = write!(text, "\n{}:\n\n```json\n{value}\n```\n", words(&example["summary"]));
        }
    }
    let mut errors = Vec::new();
    for (status, response) in object(&operation["responses"]) {
        if response.get("$ref").is_some() {
            errors.push(status.as_str());
            continue;
        }
        let content: Vec<String> = object(&response["content"])
            .into_iter()
            .map(|(media, content)| format!("{} as `{media}`", kind(&content["schema"])))
            .collect();
        let _ = write!(text, "\nAnswer: {status}, {}", content.join(" or "));
        text.push('\n');
        for (name, header) in object(&response["headers"]) {
            let _ = write!(text, "\n- header `{name}`: {}", words(&header["description"]));
        }
        if response.get("headers").is_some() {
            text.push('\n');
        }
    }
    let _ = write!(text, "\nErrors: {}\n", errors.join(", "));
    text
}

/// The fields of a type, or what it is.
fn fields(schema: &Value) -> String {
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name))
    };
    let fields = object(&schema["properties"]);
    if fields.is_empty() {
        return format!("\n{}.\n", capital(&kind(schema)));
    }
    let mut text = "\n".to_owned();
    for (name, field) in fields {
        let mark = if required(name) { "" } else { ", optional" };
        let _ = write!(text, "- `{name}` ({}{mark})", kind(field));
        let description = field["description"].as_str().unwrap_or_default();
        let mut lines = description.split('\n').filter(|line| !line.is_empty()).peekable();
        text.push_str(if lines.peek().is_some_and(|line| line.starts_with("- ")) {
            ":"
        } else {
            ""
        });
        for (n, line) in lines.enumerate() {
            match (line.starts_with("- "), n) {
                (true, _) => {
                    let _ = write!(text, "\n  {line}");
                }
                (false, 0) => {
                    let _ = write!(text, ": {line}");
                }
                (false, _) => {
                    let _ = write!(text, " {line}");
                }
            }
        }
        text.push('\n');
    }
    text
}

/// A type in a few words, with a link if it has a name.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(kinds) = schema["anyOf"].as_array() {
        let kinds = kinds.iter().filter(|one| one["type"] != "null");
        return kinds.map(kind).collect::<Vec<_>>().join(" or ");
    }
    let named = match &schema["type"] {
        Value::Array(names) => names.iter().find(|name| *name != "null").cloned(),
        name => Some(name.clone()),
    };
    let named = named.unwrap_or_default();
    let name = named.as_str().unwrap_or("any value");
    let mut text = match name {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"]["type"].is_string() => {
            format!("object of {}", kind(&schema["additionalProperties"]))
        }
        "integer" => "whole number".to_owned(),
        "string" if schema["enum"].is_array() => "name".to_owned(),
        "string" => "text".to_owned(),
        other => other.to_owned(),
    };
    let bound = |name: &str| schema[name].as_i64().filter(|bound| *bound < i64::from(u32::MAX));
    for (name, words) in [("minimum", "from"), ("maximum", "to"), ("maxItems", "at most")] {
        if let Some(bound) = bound(name).filter(|bound| *bound > -1_000_000_000) {
            let _ = write!(text, " {words} {bound}");
        }
    }
    if let Some(most) = bound("maxLength") {
        let _ = write!(text, " of at most {most} characters");
    }
    if let Some(default) = schema.get("default").filter(|it| !it.is_object() && !it.is_null()) {
        let _ = write!(text, ", default `{default}`");
    }
    text
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// A description in one line.
fn words(text: &Value) -> String {
    text.as_str().unwrap_or_default().replace('\n', " ")
}

/// A description with its paragraphs and lists.
fn prose(text: &Value) -> String {
    text.as_str().unwrap_or_default().to_owned()
}
