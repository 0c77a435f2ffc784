//! Converts arguments as models write them into the types of a tool's schema.
//!
//! Models write numbers, lists and objects as strings (`"5"`, `"[1,2]"`), `null` for omitted arguments,
//! and numbers with commas for a list (`"1,2"`). Where the schema allows only one interpretation, the
//! value is converted. An unknown argument is an error, so that it is not ignored silently.

use claude_worker_api::{ApiError, nearest_name};
use rmcp::model::JsonObject;
use serde_json::{Number, Value};

/// The arguments, converted to the types of the tool's `schema`.
///
/// # Errors
/// `invalid_request` with the name of an unknown argument.
pub(super) fn read(
    tool: &str,
    schema: &JsonObject,
    arguments: JsonObject,
) -> Result<JsonObject, ApiError> {
    fields(tool, "", schema, arguments)
}

/// The fields of an object inside the arguments; `place` is its path, like `limits.`.
fn fields(
    tool: &str,
    place: &str,
    schema: &JsonObject,
    given: JsonObject,
) -> Result<JsonObject, ApiError> {
    let Some(Value::Object(known)) = schema.get("properties") else { return Ok(given) };
    let mut read = JsonObject::new();
    for (name, value) in given {
        let Some(schema) = known.get(&name) else {
            return Err(no_such(tool, place, &name, known, schema.get("required")));
        };
        if !value.is_null() {
            read.insert(name.clone(), meant(tool, &format!("{place}{name}"), schema, value)?);
        }
    }
    Ok(read)
}

/// A value converted to its schema, or unchanged when there is no single interpretation.
fn meant(tool: &str, place: &str, schema: &Value, value: Value) -> Result<Value, ApiError> {
    let kind = schema["type"].as_str().unwrap_or_default();
    let value = match (kind, value) {
        ("integer" | "number" | "boolean" | "array" | "object", Value::String(text)) => {
            from_text(kind, text)
        }
        ("integer", Value::Number(number)) => Value::Number(whole(number)),
        (_, value) => value,
    };
    match (kind, value) {
        ("array", Value::Array(items)) => items
            .into_iter()
            .map(|item| meant(tool, place, &schema["items"], item))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        // Only for numbers: in a list of strings, the comma may belong to a string.
        ("array", Value::String(text))
            if text.contains(',') && schema["items"]["type"] == "integer" =>
        {
            let numbers = text.split(',').map(|item| from_text("integer", item.trim().to_owned()));
            let numbers: Vec<Value> = numbers.collect();
            let all = numbers.iter().all(Value::is_number);
            Ok(if all { Value::Array(numbers) } else { Value::String(text) })
        }
        // A single value means a list of one, unless it is a string with a comma.
        ("array", Value::String(text)) if !text.contains(',') => {
            Ok(Value::Array(vec![meant(tool, place, &schema["items"], Value::String(text))?]))
        }
        ("array", value @ Value::Number(_)) => {
            Ok(Value::Array(vec![meant(tool, place, &schema["items"], value)?]))
        }
        ("object", Value::Object(object)) => match schema {
            Value::Object(schema) => {
                fields(tool, &format!("{place}."), schema, object).map(Value::Object)
            }
            _ => Ok(Value::Object(object)),
        },
        (_, value) => Ok(value),
    }
}

/// The value that a string contains, if it is of this type.
fn from_text(kind: &str, text: String) -> Value {
    let value = serde_json::from_str(text.trim()).unwrap_or_default();
    let fits = match (kind, &value) {
        ("integer", Value::Number(number)) => !whole(number.clone()).is_f64(),
        ("number", Value::Number(_))
        | ("boolean", Value::Bool(_))
        | ("array", Value::Array(_))
        | ("object", Value::Object(_)) => true,
        _ => false,
    };
    match value {
        Value::Number(number) if fits && kind == "integer" => Value::Number(whole(number)),
        value if fits => value,
        _ => Value::String(text),
    }
}

/// `5.0` as `5`; other numbers unchanged.
fn whole(number: Number) -> Number {
    /// Above this, floating point numbers cannot represent every integer.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            Number::from(float as i64)
        }
        _ => number,
    }
}

fn no_such(
    tool: &str,
    place: &str,
    name: &str,
    known: &JsonObject,
    required: Option<&Value>,
) -> ApiError {
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    let required: Vec<&str> = required
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let shown = crate::task_text::line(&format!("{place}{name}"), 80);
    let mut message = format!("{tool} has no argument {shown}");
    // A required argument is more likely meant: `prompt` for `execution_prompt`.
    if let Some(nearest) = nearest_name(name, &required).or_else(|| nearest_name(name, &names)) {
        message += &format!(". Did you mean {place}{nearest}?");
    }
    let inside = if place.is_empty() {
        String::new()
    } else {
        format!(" in {}", place.trim_end_matches('.'))
    };
    ApiError::invalid(message).hint(match names.as_slice() {
        [] => format!("{tool} takes no arguments"),
        names => format!("The arguments{inside} are {}", names.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> JsonObject {
        let list = |items: &str| json!({ "type": "array", "items": { "type": items } });
        let schema = json!({ "properties": {
            "count": { "type": "integer" }, "money": { "type": "number" },
            "flag": { "type": "boolean" }, "text": { "type": "string" },
            "ids": list("integer"), "names": list("string"),
            "limits": { "type": "object", "properties": { "max_turns": { "type": "integer" } } },
        } });
        schema.as_object().unwrap().clone()
    }

    fn read_as(given: &Value) -> Result<Value, ApiError> {
        let given = given.as_object().unwrap().clone();
        read("a_tool", &schema(), given).map(Value::Object)
    }

    #[test]
    fn strings_are_converted_to_the_types_of_the_schema() {
        let cases = [
            (json!({ "count": "5" }), json!({ "count": 5 })),
            (json!({ "count": " -5 " }), json!({ "count": -5 })),
            (json!({ "count": 5.0 }), json!({ "count": 5 })),
            (json!({ "count": "5.0" }), json!({ "count": 5 })),
            (json!({ "money": "0.5" }), json!({ "money": 0.5 })),
            (json!({ "flag": "true" }), json!({ "flag": true })),
            (json!({ "ids": "[1, \"2\"]" }), json!({ "ids": [1, 2] })),
            (json!({ "ids": ["1", 2] }), json!({ "ids": [1, 2] })),
            (json!({ "ids": "7" }), json!({ "ids": [7] })),
            (json!({ "ids": 7 }), json!({ "ids": [7] })),
            (json!({ "ids": "1,2" }), json!({ "ids": [1, 2] })),
            (json!({ "ids": " 3 , 4.0,5" }), json!({ "ids": [3, 4, 5] })),
            (json!({ "names": "Bash" }), json!({ "names": ["Bash"] })),
            (json!({ "names": "[\"a\",\"b\"]" }), json!({ "names": ["a", "b"] })),
            (json!({ "limits": "{\"max_turns\":\"3\"}" }), json!({ "limits": { "max_turns": 3 } })),
            // A string stays a string, whatever it contains.
            (json!({ "text": "5" }), json!({ "text": "5" })),
            (json!({ "text": "[1]" }), json!({ "text": "[1]" })),
        ];
        for (given, expected) in cases {
            assert_eq!(read_as(&given).unwrap(), expected, "{given}");
        }
    }

    #[test]
    fn ambiguous_values_stay_unchanged_and_are_refused() {
        for given in [
            json!({ "count": "five" }),
            json!({ "count": "1.5" }),
            json!({ "count": "" }),
            json!({ "count": "true" }),
            json!({ "flag": "yes" }),
            json!({ "flag": 1 }),
            json!({ "names": "Bash(a,b),Edit" }),
            json!({ "ids": "1,two" }),
            json!({ "ids": "1,,2" }),
            json!({ "ids": "1,2," }),
            json!({ "limits": "none" }),
            json!({ "text": 7 }),
            json!({ "count": 1e300 }),
        ] {
            assert_eq!(read_as(&given).unwrap(), given, "{given}");
        }
    }

    #[test]
    fn null_means_omitted_and_unknown_arguments_are_refused() {
        let given = json!({ "count": null, "limits": { "max_turns": null }, "ids": null });
        assert_eq!(read_as(&given).unwrap(), json!({ "limits": {} }));
        let refused = |given: Value| {
            let error = read_as(&given).unwrap_err();
            format!("{} | {}", error.message, error.hint)
        };
        let error = refused(json!({ "cuont": 1 }));
        assert!(
            error.starts_with("a_tool has no argument cuont. Did you mean count? | "),
            "{error}"
        );
        assert!(error.contains("are count, flag, ids, limits, money, names, text"), "{error}");
        // Also with null, and inside an object that is written as a string.
        assert!(refused(json!({ "zzz": null })).starts_with("a_tool has no argument zzz |"));
        let error = refused(json!({ "limits": "{\"turns\":1}" }));
        assert!(
            error.contains("no argument limits.turns. Did you mean limits.max_turns?"),
            "{error}"
        );
        assert!(error.contains("The arguments in limits are max_turns"), "{error}");
    }
}
