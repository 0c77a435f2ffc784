//! JSON schemas of the arguments and results of tools, generated from the types.
//!
//! They are simple, because clients support different parts of JSON Schema: no references, optional
//! arguments are not required and not nullable, and no optional keywords.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// The schema of a tool's arguments.
pub(crate) fn input<T: JsonSchema>() -> Arc<JsonObject> {
    plain::<T>(SchemaSettings::draft2020_12())
}

/// The schema of a tool's structured result. Only its own fields are described, because some clients show
/// it to their model, and the fields inside a task explain themselves.
///
/// Clients check results against it, and a newer engine may send values that this version does not know.
/// So no list of values in it is closed.
pub(crate) fn output<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = plain::<T>(SchemaSettings::draft2020_12().for_serialize());
    if let Some(Value::Object(fields)) = Arc::make_mut(&mut schema).get_mut("properties") {
        for field in fields.values_mut().filter_map(Value::as_object_mut) {
            field.values_mut().for_each(without_descriptions);
        }
        fields.values_mut().for_each(open);
    }
    schema
}

/// Turns a closed list of values into examples, so that other values pass.
fn open(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(open),
        Value::Object(object) => {
            if let Some(names) = names(object) {
                for key in ["enum", "oneOf", "anyOf"] {
                    object.remove(key);
                }
                object.insert("type".to_owned(), Value::from("string"));
                object.insert("examples".to_owned(), names);
            } else if let Some(choices) = choices(object)
                && let Some(tag) = choices.first().and_then(tag)
            {
                let mut choices = choices.clone();
                choices.push(json!({
                    "type": "object",
                    "properties": { tag: { "type": "string" } },
                    "required": [tag],
                }));
                object.remove("oneOf");
                // No alternatives: each of them is an object with a tag.
                object.insert("anyOf".to_owned(), Value::Array(choices));
            }
            object.values_mut().for_each(open);
        }
        _ => {}
    }
}

/// The names of an enum without fields.
fn names(schema: &JsonObject) -> Option<Value> {
    if let Some(names) = schema.get("enum") {
        return Some(names.clone());
    }
    choices(schema)?.iter().map(|choice| choice.get("const").cloned()).collect()
}

fn choices(schema: &JsonObject) -> Option<&Vec<Value>> {
    schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()
}

/// The name of the field that is the tag of the alternatives.
fn tag(choice: &Value) -> Option<&String> {
    let fields = choice.get("properties")?.as_object()?;
    fields.iter().find(|(_, field)| field.get("const").is_some()).map(|(name, _)| name)
}

fn without_descriptions(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_descriptions),
        Value::Object(object) => {
            // A field may have this name; then its value is a schema and not a text.
            if object.get("description").is_some_and(Value::is_string) {
                object.remove("description");
            }
            object.values_mut().for_each(without_descriptions);
        }
        _ => {}
    }
}

fn plain<T: JsonSchema>(mut settings: SchemaSettings) -> Arc<JsonObject> {
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut schema = schema.to_value();
    simplify(&mut schema);
    match schema {
        Value::Object(mut object) => {
            for name in ["$schema", "title", "description"] {
                object.remove(name);
            }
            // A type without fields.
            object.entry("properties").or_insert_with(|| Value::Object(JsonObject::new()));
            Arc::new(object)
        }
        _ => Arc::default(),
    }
}

/// Removes what only some clients support.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(simplify),
        Value::Object(object) => {
            // Formats of numbers (`uint64`) are not standard.
            object.remove("format");
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            // Nullable means optional.
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(options)) = object.get_mut("enum") {
                options.retain(|option| !option.is_null());
            }
            for (key, value) in object.iter_mut() {
                // A field may have the name of a keyword.
                if key == "properties" {
                    if let Value::Object(fields) = value {
                        fields.values_mut().for_each(simplify);
                    }
                } else {
                    simplify(value);
                }
            }
            without_null(object);
        }
        _ => {}
    }
}

/// `anyOf` of a schema and null becomes that schema.
fn without_null(object: &mut JsonObject) {
    let Some(Value::Array(options)) = object.get_mut("anyOf") else { return };
    options.retain(|option| option.get("type").is_none_or(|name| name != "null"));
    if let [Value::Object(only)] = options.as_slice() {
        let only = only.clone();
        object.remove("anyOf");
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use claude_worker_api::{PermissionMode, Task};

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema counts")]
    struct Example {
        /// Counted.
        number: Option<u32>,
        mode: Option<PermissionMode>,
        format: String,
    }

    #[test]
    fn optional_is_not_required_and_not_null() {
        let schema = Value::Object(input::<Example>().as_ref().clone());
        assert_eq!(schema["required"], json!(["format"]));
        let number = json!({ "description": "Counted.", "type": "integer", "minimum": 0 });
        assert_eq!(schema["properties"]["number"], number);
        assert_eq!(schema["properties"]["format"]["type"], "string");
        assert!(!schema["properties"]["mode"].to_string().contains("null"), "{schema:#}");
    }

    #[test]
    fn no_schema_has_keywords_that_some_clients_do_not_support() {
        let text = Value::Object(output::<Task>().as_ref().clone()).to_string();
        for word in ["$ref", "$defs", "\"null\"", "uint", "int64"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }

    /// Values that a newer engine adds must not make a client refuse the whole answer.
    #[test]
    fn no_list_of_values_in_a_result_is_closed() {
        fn check(schema: &Value) {
            let Some(object) = schema.as_object() else {
                return schema.as_array().into_iter().flatten().for_each(check);
            };
            assert!(!object.contains_key("enum") && !object.contains_key("oneOf"), "{schema:#}");
            object.values().for_each(check);
        }
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema counts")]
        struct Answer {
            task: Task,
            mode: Option<PermissionMode>,
            entries: Vec<claude_worker_api::LogEntry>,
        }
        let schema = Value::Object(output::<Answer>().as_ref().clone());
        check(&schema);
        let mode = &schema["properties"]["mode"];
        assert_eq!((&mode["type"], &mode["examples"][2]), (&json!("string"), &json!("plan")));
        let states = schema["properties"]["task"]["anyOf"].as_array().unwrap();
        let any = json!({ "type": "object", "properties": { "status": { "type": "string" } },
            "required": ["status"] });
        assert_eq!(states.last(), Some(&any));
    }

    #[test]
    fn a_result_describes_its_own_fields_and_not_nested_ones() {
        let schema = Value::Object(output::<Outer>().as_ref().clone());
        let field = &schema["properties"]["inner"];
        assert_eq!(field["description"], "Said.");
        assert_eq!(field["properties"]["number"]["type"], "integer");
        assert!(!field["properties"].to_string().contains("Counted"), "{schema:#}");
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema counts")]
    struct Outer {
        /// Said.
        inner: Example,
    }
}
