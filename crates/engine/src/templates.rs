//! The list of templates, which is a file in the data directory.
//!
//! It is a file and no table because it belongs to a person and not to the queue: it can be copied to another
//! machine, and it outlives the database.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::path::Path;

use claude_worker_agents::validate_template;
use claude_worker_api::{
    ApiError, ErrorCode, MAX_TEMPLATE_PROMPT_BYTES, MAX_TEMPLATES, SaveTemplate, Template,
    Templates,
};
use claude_worker_os::files::{Replace, replace, without_waiting};

use crate::EngineError;

/// The longest list that is read, in bytes. As JSON a prompt may take six times its length.
const LONGEST: u64 = (MAX_TEMPLATES * MAX_TEMPLATE_PROMPT_BYTES * 6) as u64;

/// Reads the list; a missing file is an empty one.
///
/// # Errors
/// `invalid_request` when the file is damaged.
pub(crate) fn read(path: &Path) -> Result<Templates, EngineError> {
    let unreadable = |what: String| {
        EngineError::Refused(
            ApiError::invalid(format!("{} cannot be read: {what}", path.display()))
                .hint("Correct or delete the file: then there are no templates"),
        )
    };
    match content(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Templates::default()),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Keeps a template.
///
/// # Errors
/// As those of `save_template`.
pub(crate) fn save(path: &Path, save: &SaveTemplate) -> Result<Templates, EngineError> {
    validate_template(&save.template).map_err(EngineError::Refused)?;
    let mut list = read(path)?;
    if with(&mut list.templates, save).map_err(EngineError::Refused)? {
        write(path, &list)?;
    }
    Ok(list)
}

/// Removes a template.
///
/// # Errors
/// `not_found`.
pub(crate) fn remove(path: &Path, name: &str) -> Result<Templates, EngineError> {
    let mut list = read(path)?;
    let place = find(&list.templates, name).ok_or_else(|| EngineError::Refused(missing(name)))?;
    list.templates.remove(place);
    write(path, &list)?;
    Ok(list)
}

/// Puts a template into the list. Tells whether that changes the list: a repeated request changes nothing.
fn with(templates: &mut Vec<Template>, save: &SaveTemplate) -> Result<bool, ApiError> {
    let SaveTemplate { template, replaces } = save;
    let at = find(templates, &template.name);
    if at.is_some_and(|at| templates[at] == *template) {
        return Ok(false);
    }
    let replaced = match replaces {
        Some(name) => Some(find(templates, name).ok_or_else(|| missing(name))?),
        None => None,
    };
    if at.is_some() && at != replaced {
        let what = format!("There is a template \"{}\" already", template.name);
        return Err(ApiError::new(ErrorCode::Conflict, what)
            .hint("Choose another name, or change that one"));
    }
    match replaced {
        Some(at) => templates[at] = template.clone(),
        None if templates.len() >= MAX_TEMPLATES => {
            let what = format!("There are {MAX_TEMPLATES} templates, which is the most");
            return Err(ApiError::invalid(what).hint("Remove some first"));
        }
        None => templates.push(template.clone()),
    }
    templates.sort_by_key(|template| template.name.to_lowercase());
    Ok(true)
}

fn find(templates: &[Template], name: &str) -> Option<usize> {
    let wanted = name.to_lowercase();
    templates.iter().position(|template| template.name.to_lowercase() == wanted)
}

fn missing(name: &str) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("There is no template \"{}\"", name.escape_debug()))
        .hint("claude-worker template list shows all")
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let file = without_waiting(OpenOptions::new().read(true)).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() || found.len() > LONGEST {
        return Err(io::Error::other("it is not a file of a usual size"));
    }
    let mut content = Vec::new();
    file.take(LONGEST).read_to_end(&mut content)?;
    Ok(content)
}

fn write(path: &Path, list: &Templates) -> Result<(), EngineError> {
    serde_json::to_vec_pretty(list)
        .map_err(io::Error::from)
        .and_then(|text| replace(path, &text, &Replace { flush: true, ..Replace::default() }))
        .map(drop)
        .map_err(EngineError::io(format!("cannot write {}", path.display())))
}

#[cfg(test)]
mod tests {
    use claude_worker_api::TaskChanges;

    use super::*;

    fn new(name: &str, prompt: &str) -> SaveTemplate {
        let task =
            TaskChanges { execution_prompt: Some(prompt.to_owned()), ..TaskChanges::default() };
        let template = Template { name: name.to_owned(), task, ..Template::default() };
        SaveTemplate { template, replaces: None }
    }

    fn change(of: &str, name: &str, prompt: &str) -> SaveTemplate {
        SaveTemplate { replaces: Some(of.to_owned()), ..new(name, prompt) }
    }

    fn names(list: &Templates) -> Vec<&str> {
        list.templates.iter().map(|template| template.name.as_str()).collect()
    }

    fn code(answer: Result<Templates, EngineError>) -> ErrorCode {
        ApiError::from(answer.unwrap_err()).code
    }

    #[test]
    fn templates_are_kept_renamed_and_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("templates.json");
        assert_eq!(read(&path).unwrap(), Templates::default());
        save(&path, &new("review", "Review {{file}}")).unwrap();
        let list = save(&path, &new("Document", "Document {{file}}")).unwrap();
        assert_eq!(names(&list), ["Document", "review"], "by name, whatever the case");
        assert_eq!(read(&path).unwrap(), list);
        // A repeated request changes nothing.
        assert_eq!(save(&path, &new("review", "Review {{file}}")).unwrap(), list);
        assert_eq!(code(save(&path, &new("Review", "Another"))), ErrorCode::Conflict);
        assert_eq!(code(save(&path, &change("Document", "REVIEW", "x"))), ErrorCode::Conflict);
        assert_eq!(code(save(&path, &change("gone", "new", "x"))), ErrorCode::NotFound);
        assert_eq!(read(&path).unwrap(), list, "what is refused changes nothing");
        let rename = change("review", "Audit", "Audit {{file}}");
        assert_eq!(names(&save(&path, &rename).unwrap()), ["Audit", "Document"]);
        assert_eq!(names(&save(&path, &rename).unwrap()), ["Audit", "Document"], "repeated");
        // Only the case of a name changes.
        assert_eq!(
            names(&save(&path, &change("Audit", "audit", "Audit {{file}}")).unwrap()),
            ["audit", "Document"]
        );
        assert_eq!(names(&remove(&path, "DOCUMENT").unwrap()), ["audit"]);
        assert_eq!(code(remove(&path, "Document")), ErrorCode::NotFound);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("templates.json");
        assert_eq!(code(save(&path, &new("empty", " "))), ErrorCode::InvalidRequest);
        let templates = (0..MAX_TEMPLATES).map(|n| new(&format!("t{n}"), "x").template).collect();
        write(&path, &Templates { templates }).unwrap();
        assert_eq!(code(save(&path, &new("more", "x"))), ErrorCode::InvalidRequest);
        save(&path, &change("t7", "t7", "y")).unwrap();
        std::fs::write(&path, "{").unwrap();
        assert_eq!(code(read(&path)), ErrorCode::InvalidRequest);
    }
}
