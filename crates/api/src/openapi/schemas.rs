//! JSON schemas of the wire types in the form that readers and generators of clients can use.
//!
//! The derived schemas of an enum with fields are lists of objects, one per variant, and a type that
//! such an enum is flattened into has its own fields beside the list. Many generators lose one or the
//! other. So each becomes one object here, which has the fields of all variants; the description of a
//! field says with which variants it comes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::readable;

/// Whether a schema is for reading what clients send, or for what the engine writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Requests: unknown fields are refused.
    Asked,
    /// Answers: fields without a value are left out, and later versions may add some.
    Answered,
}

/// The schemas of all types under their names. A type whose form in answers is another one than in
/// requests has a second entry; [`answer_name`] says under which name.
pub(super) fn components(
    asked: Map<String, Value>,
    answered: Map<String, Value>,
) -> Map<String, Value> {
    let asked: BTreeMap<_, _> = shaped(asked, Direction::Asked).collect();
    let mut all = Map::new();
    for (name, schema) in shaped(answered, Direction::Answered) {
        match asked.get(&name) {
            Some(same) if *same == schema => {}
            Some(_) => drop(all.insert(answer_name(&name), schema)),
            None => drop(all.insert(name, schema)),
        }
    }
    all.extend(asked);
    let differing: Vec<String> =
        all.keys().filter_map(|name| name.strip_suffix(ANSWER).map(str::to_owned)).collect();
    // Answers refer to the forms for answers.
    let of_answers = |name: &str, schema: &Value| {
        name.ends_with(ANSWER) || schema.get("additionalProperties") != Some(&json!(false))
    };
    let names: Vec<String> = all.keys().cloned().collect();
    for name in names {
        let Some(schema) = all.get_mut(&name) else { continue };
        if of_answers(&name, schema) {
            refer_to_answers(schema, &differing);
        }
    }
    all
}

/// The ending of the name of a type's form in answers.
const ANSWER: &str = "InAnswer";

/// The name of a type's form in answers, where it differs from that in requests.
fn answer_name(name: &str) -> String {
    format!("{name}{ANSWER}")
}

fn refer_to_answers(schema: &mut Value, differing: &[String]) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get_mut("$ref")
                && let Some(name) = reference.rsplit('/').next()
                && differing.iter().any(|one| one == name)
            {
                *reference = format!("#/components/schemas/{}", answer_name(name));
            }
            fields.values_mut().for_each(|field| refer_to_answers(field, differing));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| refer_to_answers(item, differing));
        }
        _ => {}
    }
}

fn shaped(
    schemas: Map<String, Value>,
    direction: Direction,
) -> impl Iterator<Item = (String, Value)> {
    schemas.into_iter().map(move |(name, schema)| {
        // Numbers and names have the same form in both directions.
        let is_simple = schema.get("type").is_some_and(|kind| kind != "object");
        let direction = if is_simple { Direction::Asked } else { direction };
        (name, shape(schema, direction))
    })
}

/// A derived schema in the form used here.
pub(super) fn shape(mut schema: Value, direction: Direction) -> Value {
    let Value::Object(fields) = &mut schema else { return schema };
    if let Some(names) = names_of(fields) {
        return names;
    }
    merge_variants(fields);
    for part in ["properties", "$defs"] {
        if let Some(Value::Object(parts)) = fields.get_mut(part) {
            for part in parts.values_mut() {
                *part = shape(part.take(), direction);
            }
        }
    }
    for part in ["items", "additionalProperties"] {
        if let Some(part) = fields.get_mut(part) {
            *part = shape(part.take(), direction);
        }
    }
    for part in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(parts)) = fields.get_mut(part) {
            for part in parts.iter_mut() {
                *part = shape(part.take(), direction);
            }
        }
    }
    if let Some(Value::String(description)) = fields.get_mut("description") {
        *description = readable(description);
    }
    if let Some(Value::String(reference)) = fields.get_mut("$ref") {
        *reference = reference.replace("#/$defs/", "#/components/schemas/");
    }
    with_known_format(fields, direction);
    match direction {
        Direction::Answered => without_null(fields),
        Direction::Asked if fields.contains_key("properties") => {
            fields.entry("additionalProperties").or_insert(json!(false));
        }
        Direction::Asked => {}
    }
    schema
}

/// An enum of names as one list of names, with their meanings in the description.
fn names_of(fields: &Map<String, Value>) -> Option<Value> {
    let choices = fields.get("oneOf").or_else(|| fields.get("anyOf"))?.as_array()?;
    let mut names = Vec::new();
    let mut meanings = Vec::new();
    for choice in choices {
        if let Some(several) = choice.get("enum").and_then(Value::as_array) {
            names.extend(several.iter().cloned());
            continue;
        }
        let name = choice.get("const")?.as_str()?;
        names.push(json!(name));
        let meaning = choice.get("description").and_then(Value::as_str).unwrap_or_default();
        meanings.push(format!("- `{name}`: {}", readable(meaning)));
    }
    let own = fields.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = [readable(own), meanings.join("\n")].join("\n\n");
    let mut schema = json!({ "type": "string", "enum": names, "description": description.trim() });
    if let Some(default) = fields.get("default") {
        schema["default"] = default.clone();
    }
    Some(schema)
}

/// One variant of an enum with fields.
struct Variant {
    /// The value of its tag.
    name: String,
    fields: Map<String, Value>,
}

/// Replaces the list of an enum's variants by the fields of all of them.
fn merge_variants(fields: &mut Map<String, Value>) {
    let Some(choices) = fields.get("oneOf").and_then(Value::as_array) else { return };
    let Some(tag) = choices.first().and_then(tag_of) else { return };
    let mut variants = Vec::new();
    for choice in choices {
        let Value::Object(choice) = choice else { return };
        let mut choice = choice.clone();
        // A variant may itself be an enum that is flattened into it.
        merge_variants(&mut choice);
        let Some(name) = choice["properties"][&tag]["const"].as_str().map(str::to_owned) else {
            return;
        };
        variants.push(Variant { name, fields: choice });
    }
    fields.remove("oneOf");
    let mut properties = match fields.remove("properties") {
        Some(Value::Object(properties)) => properties,
        _ => Map::new(),
    };
    let meanings = variants.iter().map(|variant| {
        let meaning = variant.fields.get("description").and_then(Value::as_str);
        format!("- `{}`: {}", variant.name, readable(meaning.unwrap_or_default()))
    });
    let description = meanings.collect::<Vec<_>>().join("\n");
    let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
    properties.insert(
        tag.clone(),
        json!({ "type": "string", "enum": names, "description": description }),
    );
    for (name, schema) in merged_fields(&variants, &tag) {
        // A field of the type itself has the same name only by mistake; a test of the type finds it.
        properties.entry(name).or_insert(schema);
    }
    let mut required: Vec<String> = match fields.remove("required") {
        Some(Value::Array(required)) => {
            required.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    required.push(tag);
    fields.insert("type".to_owned(), json!("object"));
    fields.insert("properties".to_owned(), Value::Object(properties));
    fields.insert("required".to_owned(), json!(required));
}

/// The name of the field that tells variants apart.
fn tag_of(choice: &Value) -> Option<String> {
    let properties = choice.get("properties")?.as_object()?;
    properties.iter().find(|(_, field)| field.get("const").is_some()).map(|(name, _)| name.clone())
}

/// The fields that the variants have, apart from the tag.
fn merged_fields(variants: &[Variant], tag: &str) -> BTreeMap<String, Value> {
    let mut found: BTreeMap<String, Vec<(&str, &Value)>> = BTreeMap::new();
    for variant in variants {
        let own = variant.fields.get("properties").and_then(Value::as_object);
        for (name, schema) in own.into_iter().flatten().filter(|(name, _)| *name != tag) {
            found.entry(name.clone()).or_default().push((&variant.name, schema));
        }
    }
    let merged = found.into_iter().map(|(name, uses)| {
        let schema = one_of_these(&uses, variants.len(), tag);
        (name, schema)
    });
    merged.collect()
}

/// The schema of a field that some variants have, each with a schema of its own.
fn one_of_these(uses: &[(&str, &Value)], of_how_many: usize, tag: &str) -> Value {
    let mut kinds: Vec<Value> = Vec::new();
    let mut meanings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (variant, schema) in uses {
        let mut kind = (*schema).clone();
        let mut meaning = String::new();
        if let Value::Object(kind) = &mut kind {
            if let Some(Value::String(text)) = kind.remove("description") {
                meaning = readable(&text);
            }
            kind.remove("default");
        }
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
        meanings.entry(meaning).or_default().push(format!("`{variant}`"));
    }
    let in_all = uses.len() == of_how_many && meanings.len() == 1;
    let description = meanings.iter().map(|(meaning, variants)| match in_all {
        true => meaning.clone(),
        false => format!("With `{tag}` {}: {meaning}", variants.join(", ")),
    });
    let description = description.collect::<Vec<_>>().join("\n\n");
    let mut schema = match kinds.len() {
        1 => kinds.remove(0),
        _ => json!({ "anyOf": kinds }),
    };
    schema["description"] = json!(description);
    schema
}

/// Replaces formats that only Rust has by ones that JSON schemas know. A request gets the bounds that
/// the format stands for.
fn with_known_format(fields: &mut Map<String, Value>, direction: Direction) {
    let Some(format) = fields.get("format").and_then(Value::as_str) else { return };
    let (known, least, most) = match format {
        "uint8" => (Some("int32"), json!(0), json!(u8::MAX)),
        "uint16" => (Some("int32"), json!(0), json!(u16::MAX)),
        "uint32" | "uint" => (Some("int64"), json!(0), json!(u32::MAX)),
        "uint64" => (None, json!(0), json!(u64::MAX)),
        "int32" => (Some("int32"), json!(i32::MIN), json!(i32::MAX)),
        "int64" => (Some("int64"), json!(i64::MIN), json!(i64::MAX)),
        _ => return,
    };
    match known {
        Some(known) => drop(fields.insert("format".to_owned(), json!(known))),
        None => drop(fields.remove("format")),
    }
    if direction == Direction::Asked {
        fields.entry("minimum").or_insert(least);
        fields.entry("maximum").or_insert(most);
    }
}

/// Removes `null` from the types of a field: the engine leaves out fields without a value.
fn without_null(fields: &mut Map<String, Value>) {
    // Some settings are written as `null`.
    if fields.get("default") == Some(&Value::Null) {
        return;
    }
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = &types[..] {
            let one = one.clone();
            fields.insert("type".to_owned(), one);
        }
    }
    let Some(Value::Array(choices)) = fields.get_mut("anyOf") else { return };
    choices.retain(|choice| choice.get("type") != Some(&json!("null")));
    if let [Value::Object(one)] = &choices[..] {
        let one = one.clone();
        fields.remove("anyOf");
        fields.extend(one.into_iter().filter(|(name, _)| name != "description"));
    }
}

/// A schema as that of a parameter, which is never `null`, and in which task numbers are above 0.
pub(super) fn parameter(mut schema: Value) -> Value {
    with_bounded_numbers(&mut schema);
    if let Value::Object(fields) = &mut schema {
        without_null(fields);
        fields.remove("description");
    }
    schema
}

fn with_bounded_numbers(schema: &mut Value) {
    if schema["$ref"] == "#/components/schemas/TaskId" {
        *schema =
            json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX });
    } else if let Some(items) = schema.get_mut("items") {
        with_bounded_numbers(items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_become_one_object_whose_fields_say_when_they_come() {
        let variant = |name: &str, field: &str, schema: Value| {
            json!({
                "type": "object",
                "description": format!("About {name}."),
                "properties": { "kind": { "const": name, "type": "string" }, field: schema },
                "required": ["kind", field],
            })
        };
        let text = json!({ "type": ["string", "null"], "description": "Why." });
        let number = json!({ "type": "integer", "format": "uint16", "description": "How many." });
        let schema = json!({
            "oneOf": [variant("a", "x", text.clone()), variant("b", "x", number), variant("c", "y", text)],
            "properties": { "own": { "type": "boolean" } },
            "required": ["own"],
        });
        let shaped = shape(schema, Direction::Answered);
        assert_eq!(shaped["required"], json!(["own", "kind"]));
        let properties = &shaped["properties"];
        assert_eq!(properties["kind"]["enum"], json!(["a", "b", "c"]));
        assert_eq!(
            properties["kind"]["description"],
            "- `a`: About a.\n- `b`: About b.\n- `c`: About c."
        );
        assert_eq!(properties["y"]["type"], "string");
        assert_eq!(properties["y"]["description"], "With `kind` `c`: Why.");
        let kinds = properties["x"]["anyOf"].as_array().unwrap();
        assert_eq!(kinds[0], json!({ "type": "string" }));
        assert_eq!(kinds[1], json!({ "type": "integer", "format": "int32" }));
    }

    #[test]
    fn an_enum_of_names_is_one_list_with_their_meanings() {
        let schema = json!({
            "description": "When.",
            "oneOf": [
                { "const": "now", "type": "string", "description": "At once." },
                { "const": "later", "type": "string", "description": "Not yet." },
            ],
        });
        let shaped = shape(schema, Direction::Asked);
        assert_eq!(shaped["enum"], json!(["now", "later"]));
        assert_eq!(shaped["description"], "When.\n\n- `now`: At once.\n- `later`: Not yet.");
    }
}
