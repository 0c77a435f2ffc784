//! Reads the query strings and JSON bodies of requests strictly.
//!
//! Unknown fields and parameters are refused by name, at any depth: a mistyped one would otherwise be
//! ignored, and a filter that is ignored selects everything. Clients read answers leniently, so the
//! strictness is implemented here and not in the types.

use std::fmt::Write as _;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use claude_worker_api::{
    ApiError, MAX_PROMPT_BYTES, Method, ReadArguments, TaskId, Verb, explain_serde_error,
    nearest_name,
};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, IgnoredAny, IntoDeserializer, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::Value;

use crate::query::QueryString;
use crate::refusal::Refusal;

/// The largest request body in bytes: the longest prompt, twice as long in JSON, and the other fields.
pub(crate) const LARGEST_BODY: usize = 2 * MAX_PROMPT_BYTES + 1024 * 1024;

/// The arguments of a request, each of which is read once.
pub(crate) struct RequestArguments {
    id: Option<String>,
    query: Option<String>,
    body: Option<Bytes>,
}

impl RequestArguments {
    /// Takes them from a request for `method`. GET requests have no body.
    ///
    /// # Errors
    /// `invalid_request` for a parameter that the method does not have, and for a body that is too
    /// large (with the status 413) or incomplete.
    pub(crate) async fn of(request: Request, method: &Method) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        if !method.arguments.iter().any(|(name, _)| *name == "query") {
            query::<Nothing>(parts.uri.query().unwrap_or_default())?;
        }
        let path = RawPathParams::from_request_parts(&mut parts, &()).await;
        let path = path.map_err(|error| ApiError::invalid(error.body_text()))?;
        let id = path.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.to_owned());
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let body = if method.verb == Verb::Get {
            Bytes::new()
        } else {
            Bytes::from_request(Request::from_parts(parts, body), &()).await.map_err(|error| {
                let refused = ApiError::invalid(format!(
                    "The request is too large or broken: {}",
                    error.body_text()
                ))
                .hint("A prompt may have 10,000,000 bytes; put more into a file and name it");
                Refusal::with_status(refused, error.status())
            })?
        };
        Ok(Self { id, query: Some(query), body: Some(body) })
    }
}

impl ReadArguments for RequestArguments {
    fn id(&mut self) -> Result<TaskId, ApiError> {
        self.id.take().unwrap_or_default().parse().map_err(ApiError::invalid)
    }

    fn query<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        query(&self.query.take().unwrap_or_default())
    }

    fn body<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        body(&self.body.take().unwrap_or_default())
    }

    fn finish(&mut self) -> Result<(), ApiError> {
        if let Some(text) = self.query.take() {
            query::<Nothing>(&text)?;
        }
        if let Some(bytes) = self.body.take() {
            body::<Nothing>(&bytes)?;
        }
        Ok(())
    }
}

/// A query string or body with nothing in it.
#[derive(Debug, Deserialize)]
pub(crate) struct Nothing {}

/// Reads a query string.
///
/// # Errors
/// `invalid_request` that names the parameter.
pub(crate) fn query<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    read(QueryString(text), "parameter")
}

/// Reads a JSON body.
///
/// # Errors
/// `invalid_request` that names the field.
pub(crate) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    // A list would be read as the values of the fields in the order of their declaration.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(ApiError::invalid("The request cannot be read: it must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = read(&mut json, "field");
    if value.is_ok() && bytes.contains(&b'[') {
        check_objects::<T>(bytes)?;
    }
    // For invalid JSON, its own error is more helpful than any other.
    if value.is_err() || json.end().is_err() {
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| {
            ApiError::invalid(format!("The request is not valid JSON: {error}"))
        })?;
    }
    value
}

/// Refuses a list in place of an object: serde would read it as the values of the object's fields, in the
/// order of their declaration.
fn check_objects<'de, T: Deserialize<'de>>(bytes: &[u8]) -> Result<(), ApiError> {
    // An error is impossible: it was read before.
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else { return Ok(()) };
    let mut left = vec![(Vec::new(), &body)];
    while let Some((place, value)) = left.pop() {
        let inside = |step: String| [place.clone(), vec![step]].concat();
        match value {
            Value::Object(fields) => {
                left.extend(fields.iter().map(|(name, value)| (inside(name.clone()), value)));
            }
            Value::Array(elements) => {
                let steps: Vec<&str> = place.iter().map(String::as_str).collect();
                if !names::<T>(&steps).is_empty() {
                    return Err(unreadable(&format!("{} must be a JSON object", shown(&steps))));
                }
                let numbered = elements.iter().enumerate();
                left.extend(numbered.map(|(n, value)| (inside(n.to_string()), value)));
            }
            _ => {}
        }
    }
    Ok(())
}

fn unreadable(error: &impl std::fmt::Display) -> ApiError {
    ApiError::invalid(format!("The request cannot be read: {error}"))
}

/// Reads a value and refuses unknown parts; `part` is what messages call a part.
fn read<'de, T, D>(source: D, part: &str) -> Result<T, ApiError>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let mut unknown = None;
    let mut note = |path: serde_ignored::Path<'_>| {
        unknown.get_or_insert_with(|| path.to_string());
    };
    let mut track = serde_path_to_error::Track::new();
    let source = serde_path_to_error::Deserializer::new(source, &mut track);
    let value = T::deserialize(serde_ignored::Deserializer::new(source, &mut note));
    // An unknown part is reported first: often it is a misspelled name of a part that is missing.
    if let Some(path) = unknown {
        return Err(no_such::<T>(&path, part));
    }
    value.map_err(|error| {
        let path = track.path().to_string();
        let place = if path == "." { "" } else { &path };
        unreadable(&explain_serde_error(place, &error.to_string()))
    })
}

/// The error for an unknown part, with the most similar known name.
fn no_such<'de, T: Deserialize<'de>>(path: &str, part: &str) -> ApiError {
    // Each `Option` adds a step `?` to the path.
    let steps: Vec<&str> = path.split('.').filter(|step| *step != "?").collect();
    let (name, place) = steps.split_last().map_or((path, &[][..]), |(name, rest)| (*name, rest));
    let known = names::<T>(place);
    let mut message = format!("There is no {part} {}", shown(&steps));
    // `execution_prompt` where the field is `prompt`.
    let ends_so =
        |field: &&&str| name.strip_suffix(**field).is_some_and(|rest| rest.ends_with('_'));
    let beside = known.iter().find(ends_so);
    // The name may be right, and one level too high.
    let deeper =
        known.iter().find(|field| names::<T>(&[place, &[**field]].concat()).contains(&name));
    let meant = match (beside, deeper) {
        (Some(field), _) => Some([place, &[*field]].concat()),
        (None, Some(field)) => Some([place, &[*field, name]].concat()),
        (None, None) => nearest_name(name, known).map(|nearest| [place, &[nearest]].concat()),
    };
    if let Some(meant) = meant {
        let _ = write!(message, ". Did you mean {}?", shown(&meant));
    }
    let inside = if place.is_empty() { String::new() } else { format!(" in {}", shown(place)) };
    ApiError::invalid(message).hint(match known {
        [] => format!("This address takes no {part}s{inside}"),
        known => format!("The {part}s{inside} are {}", known.join(", ")),
    })
}

/// A path as messages show it: `tasks[0].limits`.
fn shown(steps: &[&str]) -> String {
    let mut path = String::new();
    for step in steps {
        match step.parse::<usize>() {
            Ok(number) => drop(write!(path, "[{number}]")),
            Err(_) if path.is_empty() => path.push_str(step),
            Err(_) => drop(write!(path, ".{step}")),
        }
    }
    path
}

/// The names of the fields that `T` has at a place within it. Derived `Deserialize` code passes them to
/// the deserializer; `FieldNames` records them and reads nothing.
fn names<'de, T: Deserialize<'de>>(place: &[&str]) -> &'static [&'static str] {
    let mut found: &[&str] = &[];
    drop(T::deserialize(FieldNames { place, found: &mut found }));
    found
}

struct FieldNames<'a> {
    place: &'a [&'a str],
    found: &'a mut &'static [&'static str],
}

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.place.split_first() {
            Some((step, place)) => {
                let inner = FieldNames { place, found: self.found };
                visitor.visit_map(MapDeserializer::new(std::iter::once((*step, inner))))
            }
            None => {
                *self.found = fields;
                Err(serde::de::Error::custom("recorded"))
            }
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let Some((_, place)) = self.place.split_first() else {
            return Err(serde::de::Error::custom("a list"));
        };
        // Any element: all have the same type.
        let element = FieldNames { place, found: self.found };
        visitor.visit_seq(SeqDeserializer::new(std::iter::once(element)))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("not a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct tuple tuple_struct map enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, serde::de::value::Error> for FieldNames<'_> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{CleanQuery, ErrorCode, FollowUp, LogQuery, NewTask, NewTasks, Retry};

    use super::*;

    fn refused<T: DeserializeOwned>(json: &str) -> ApiError {
        let error = body::<T>(json.as_bytes()).err().expect("a refusal");
        assert_eq!(error.code, ErrorCode::InvalidRequest);
        error
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_nearest_known_one() {
        let error = refused::<CleanQuery>(r#"{"status":["failed"],"older":1}"#);
        assert_eq!(error.message, "There is no field status. Did you mean statuses?");
        assert!(error.hint.starts_with("The fields are statuses, older_than_ms"), "{}", error.hint);
        let error = refused::<CleanQuery>(r#"{"older":1}"#);
        assert_eq!(error.message, "There is no field older. Did you mean older_than_ms?");
        let error = refused::<Nothing>(r#"{"force":true}"#);
        assert_eq!(error.message, "There is no field force");
        assert_eq!(error.hint, "This address takes no fields");
        // It is reported although a required field is missing too.
        let error = refused::<NewTask>(r#"{"prompt":"x","working_directory":"/"}"#);
        assert_eq!(error.message, "There is no field prompt. Did you mean execution_prompt?");
        let error = refused::<FollowUp>(r#"{"execution_prompt":"x"}"#);
        assert_eq!(error.message, "There is no field execution_prompt. Did you mean prompt?");
        let error = refused::<NewTask>(r#"{"max_turns":3}"#);
        assert_eq!(error.message, "There is no field max_turns. Did you mean limits.max_turns?");
    }

    #[test]
    fn a_field_of_a_task_in_a_batch_is_named_with_its_place() {
        let error = refused::<NewTasks>(r#"{"tasks":[{"execution_prompt":"x","workdir":"/"}]}"#);
        assert_eq!(
            error.message,
            "There is no field tasks[0].workdir. Did you mean tasks[0].working_directory?"
        );
        assert!(error.hint.starts_with("The fields in tasks[0] are execution_prompt"), "{error:?}");
        let error = refused::<NewTasks>(
            r#"{"tasks":[{"execution_prompt":"x","working_directory":"/"},{"limits":{"turns":1}}]}"#,
        );
        assert_eq!(
            error.message,
            "There is no field tasks[1].limits.turns. Did you mean tasks[1].limits.max_turns?"
        );
    }

    #[test]
    fn a_field_within_a_field_is_named_with_its_place() {
        let task = |rest: &str| {
            refused::<NewTask>(&format!(
                r#"{{"execution_prompt":"x","working_directory":"/",{rest}}}"#
            ))
        };
        let error = task(r#""limits":{"max_budget":0.01}"#);
        assert_eq!(
            error.message,
            "There is no field limits.max_budget. Did you mean limits.max_budget_usd?"
        );
        assert_eq!(
            error.hint,
            "The fields in limits are max_turns, max_budget_usd, timeout_ms, silence_ms"
        );
        let error = task(r#""limits":{"max_turns":"many"}"#);
        assert!(error.message.contains("limits.max_turns must be a whole number"), "{error}");
        let error = task(r#""allowed_tools":["Edit",3]"#);
        assert!(error.message.contains("allowed_tools[1] must be a text, not 3"), "{error}");
        // Any name of an environment variable is allowed.
        let known = r#"{"execution_prompt":"x","working_directory":"/","env":{"ANY":"1"}}"#;
        assert_eq!(body::<NewTask>(known.as_bytes()).unwrap().env["ANY"], "1");
    }

    #[test]
    fn a_list_is_no_object_within_the_body_either() {
        let error = refused::<Retry>(r#"{"asked_by":[null,null]}"#);
        assert!(error.message.ends_with("asked_by must be a JSON object"), "{error}");
        let error = refused::<NewTasks>(r#"{"tasks":[["x","/"]]}"#);
        assert!(error.message.ends_with("tasks[0] must be a JSON object"), "{error}");
        let tools = r#"{"execution_prompt":"[x]","working_directory":"/","allowed_tools":["A"]}"#;
        assert_eq!(body::<NewTask>(tools.as_bytes()).unwrap().allowed_tools, ["A"]);
    }

    #[test]
    fn a_body_is_one_object() {
        for json in ["[]", " [[\"failed\"], 1]", "{} {}", "3", "\"x\"", "null", "{", "{\"a\"}"] {
            refused::<CleanQuery>(json);
        }
        for broken in ["{} {}", "{", "{\"older_than_ms\":}"] {
            let message = refused::<CleanQuery>(broken).message;
            assert!(message.starts_with("The request is not valid JSON: "), "{message}");
        }
        assert_eq!(body::<CleanQuery>(b"").unwrap(), CleanQuery::default());
        assert!(
            refused::<CleanQuery>(r#"{"statuses":["failed"],"statuses":["failed"]}"#)
                .message
                .contains("statuses is given twice")
        );
    }

    #[test]
    fn an_unknown_parameter_is_refused_too() {
        let error = query::<LogQuery>("afer=3").unwrap_err();
        assert_eq!(error.message, "There is no parameter afer. Did you mean after?");
        let error = query::<LogQuery>("limit=minus").unwrap_err();
        assert!(error.message.contains("limit must be a whole number"), "{error}");
        let error = query::<LogQuery>("limit=1&limit=2").unwrap_err();
        assert!(error.message.contains("limit is given twice"), "{error}");
        assert_eq!(query::<LogQuery>("limit=3&tail=true").unwrap().limit, Some(3));
        assert!(query::<Nothing>("").is_ok());
    }
}
