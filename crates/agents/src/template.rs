//! Templates: which fields a prompt has, and the prompt with values in their places.
//!
//! A field is `{{name}}`, and `\{{name}}` is that text. Everything else between braces stays as it is, so that
//! prompts about code with braces need no care. The pages have the same rules in `ui/src/templates/fields.ts`;
//! both are tested with `ui/src/templates/fields.json`.

use std::collections::{BTreeMap, BTreeSet};

use claude_worker_api::{
    ApiError, Capability, MAX_TEMPLATE_NAME_CHARS, MAX_TEMPLATE_PROMPT_BYTES, NewTask, Template,
    nearest_name,
};

use crate::agent::can;
use crate::validate::validate;

/// The longest name of a field, in characters.
const MAX_FIELD_CHARS: usize = 40;

/// How many fields a template may have.
const MAX_FIELDS: usize = 50;

/// A part of a template's prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Field(&'a str),
}

/// The names of a template's fields, each once, in the order of the prompt. A command has none.
#[must_use]
pub fn template_fields(template: &Template) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let fields = parts_of(template).into_iter().filter_map(|part| match part {
        Part::Field(name) => Some(name),
        Part::Text(_) => None,
    });
    fields.filter(|name| seen.insert(*name)).collect()
}

/// The task that a template makes with these values. Its directory is empty where the template has none.
///
/// # Errors
/// `invalid_request` that names a field without a value, or a value without a field.
pub fn fill_template(
    template: &Template,
    values: &BTreeMap<String, String>,
) -> Result<NewTask, ApiError> {
    let (name, fields) = (&template.name, template_fields(template));
    if let Some(unknown) = values.keys().find(|field| !fields.contains(&field.as_str())) {
        let hint = match nearest_name(unknown, &fields) {
            Some(nearest) => format!("Did you mean {nearest}?"),
            None if fields.is_empty() => "It has no fields".to_owned(),
            None => format!("Its fields: {}", fields.join(", ")),
        };
        let what = format!("The template \"{name}\" has no field \"{}\"", unknown.escape_debug());
        return Err(ApiError::invalid(what).hint(hint));
    }
    let value = |field: &str| values.get(field).filter(|value| !value.trim().is_empty());
    let missing: Vec<&str> =
        fields.iter().copied().filter(|field| value(field).is_none()).collect();
    if !missing.is_empty() {
        let what = format!("The template \"{name}\" needs a value for {}", missing.join(", "));
        return Err(ApiError::invalid(what).hint("Give a value to each field"));
    }
    let prompt = parts_of(template).into_iter().map(|part| match part {
        Part::Text(text) => text,
        Part::Field(field) => value(field).map_or("", String::as_str),
    });
    let mut task = NewTask { agent: template.agent, ..NewTask::default() };
    let prompt = prompt.collect();
    template.task.apply(&mut task);
    task.execution_prompt = prompt;
    Ok(task)
}

/// Checks a template before it is kept.
///
/// # Errors
/// `invalid_request` when no task could be made of it, and for what a template does not keep.
pub fn validate_template(template: &Template) -> Result<(), ApiError> {
    let (name, task) = (&template.name, &template.task);
    let length = name.chars().count();
    if !(1..=MAX_TEMPLATE_NAME_CHARS).contains(&length)
        || name.trim() != name
        || name.contains(char::is_control)
    {
        let what = format!(
            "The name of a template is one line of 1 to {MAX_TEMPLATE_NAME_CHARS} characters"
        );
        return Err(ApiError::invalid(what).hint("Choose another name for the template"));
    }
    let bytes = task.execution_prompt.as_deref().unwrap_or_default().len();
    if bytes > MAX_TEMPLATE_PROMPT_BYTES {
        let what = format!(
            "The prompt of the template has {bytes} bytes; at most {MAX_TEMPLATE_PROMPT_BYTES} are kept"
        );
        return Err(
            ApiError::invalid(what).hint("Put a part of it into a file that the prompt names")
        );
    }
    if !task.env.is_empty() || task.continue_session.is_some() || task.resume_session.is_some() {
        let what = "A template keeps no environment variables and no session";
        return Err(ApiError::invalid(what).hint("Give them to each task that is made of it"));
    }
    let fields = template_fields(template).len();
    if fields > MAX_FIELDS {
        let what = format!("The template has {fields} fields; at most {MAX_FIELDS} are possible");
        return Err(ApiError::invalid(what).hint("Use fewer fields"));
    }
    let mut example = NewTask { agent: template.agent, ..NewTask::default() };
    "/".clone_into(&mut example.working_directory);
    task.apply(&mut example);
    validate(&example)
}

fn parts_of(template: &Template) -> Vec<Part<'_>> {
    let prompt = template.task.execution_prompt.as_deref().unwrap_or_default();
    if can(template.agent, Capability::CommandLine) {
        vec![Part::Text(prompt)]
    } else {
        parts(prompt)
    }
}

/// Divides a prompt into texts and fields.
fn parts(prompt: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = prompt;
    // How much of the rest is text.
    let mut text = 0;
    while let Some(at) = rest[text..].find("{{").map(|at| text + at) {
        let Some((name, after)) = field(&rest[at..]) else {
            text = at + 1;
            continue;
        };
        let escaped = rest[..at].ends_with('\\');
        parts.push(Part::Text(&rest[..at - usize::from(escaped)]));
        parts.push(if escaped { Part::Text(&rest[at..at + after]) } else { Part::Field(name) });
        rest = &rest[at + after..];
        text = 0;
    }
    parts.push(Part::Text(rest));
    parts
}

/// The name of the field that a text begins with, and where the text goes on.
fn field(text: &str) -> Option<(&str, usize)> {
    const SPACE: [char; 2] = [' ', '\t'];
    let inside = text.strip_prefix("{{")?.trim_start_matches(SPACE);
    let is_first = |c: char| c.is_alphabetic() || c == '_';
    let is_other = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !inside.starts_with(is_first) {
        return None;
    }
    let (after_name, _) =
        inside.char_indices().take(MAX_FIELD_CHARS + 1).find(|(_, c)| !is_other(*c))?;
    let rest = inside[after_name..].trim_start_matches(SPACE).strip_prefix("}}")?;
    Some((&inside[..after_name], text.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Agent, ErrorCode, PermissionMode, TaskChanges};
    use serde::Deserialize;

    use super::*;

    fn template(prompt: &str) -> Template {
        let task =
            TaskChanges { execution_prompt: Some(prompt.to_owned()), ..TaskChanges::default() };
        Template { name: "Review".to_owned(), task, ..Template::default() }
    }

    fn values<const N: usize>(values: [(&str, &str); N]) -> BTreeMap<String, String> {
        values.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[derive(Deserialize)]
    struct Case {
        prompt: String,
        fields: Vec<String>,
        filled: String,
    }

    #[test]
    fn the_pages_and_this_find_the_same_fields() {
        let cases = include_str!("../../../ui/src/templates/fields.json");
        let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
        assert!(cases.len() > 8);
        for Case { prompt, fields, filled } in cases {
            let template = template(&prompt);
            assert_eq!(template_fields(&template), fields, "{prompt}");
            let values = fields.iter().map(|field| (field.clone(), format!("<{field}>"))).collect();
            assert_eq!(fill_template(&template, &values).unwrap().execution_prompt, filled);
        }
    }

    #[test]
    fn a_value_is_never_taken_for_a_field() {
        let filled = fill_template(&template("{{a}} {{b}}"), &values([("a", "{{b}}"), ("b", "c")]));
        assert_eq!(filled.unwrap().execution_prompt, "{{b}} c");
    }

    #[test]
    fn unknown_and_missing_values_are_refused_with_their_names() {
        let template = template("Review {{file}} for {{focus}}");
        let refused = |values| {
            let error = fill_template(&template, &values).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequest);
            (error.message, error.hint)
        };
        let (message, hint) = refused(values([("file", "a.rs"), ("focsu", "bugs")]));
        assert!(message.ends_with("has no field \"focsu\""), "{message}");
        assert_eq!(hint, "Did you mean focus?");
        let (message, _) = refused(values([("file", "a.rs"), ("focus", " ")]));
        assert!(message.ends_with("needs a value for focus"), "{message}");
        let (message, _) = refused(values([]));
        assert!(message.ends_with("needs a value for file, focus"), "{message}");
    }

    #[test]
    fn a_command_has_no_fields() {
        let template = Template { agent: Agent::Shell, ..template("echo {{x}}") };
        assert_eq!(template_fields(&template), [""; 0]);
        let task = fill_template(&template, &values([])).unwrap();
        assert_eq!((task.execution_prompt.as_str(), task.agent), ("echo {{x}}", Agent::Shell));
    }

    #[test]
    fn what_no_task_could_be_made_of_is_not_kept() {
        let refused = |change: fn(&mut Template)| {
            let mut template = template("Review {{file}}");
            change(&mut template);
            validate_template(&template).map_err(|error| error.message)
        };
        assert_eq!(refused(|_| ()), Ok(()));
        let options = |template: &mut Template| {
            template.task.working_directory = Some("/srv/shop".to_owned());
            template.task.permission_mode = Some(PermissionMode::Plan);
        };
        assert_eq!(refused(options), Ok(()));
        let no_task: [fn(&mut Template); 7] = [
            |it| it.name.clear(),
            |it| it.name = " a".to_owned(),
            |it| it.name = "a\nb".to_owned(),
            |it| it.task.execution_prompt = None,
            |it| it.task.working_directory = Some("shop".to_owned()),
            |it| it.task.execution_prompt = Some("x".repeat(MAX_TEMPLATE_PROMPT_BYTES + 1)),
            |it| it.task.env = [("TOKEN".to_owned(), "secret".to_owned())].into(),
        ];
        for change in no_task {
            assert!(refused(change).is_err());
        }
    }
}
