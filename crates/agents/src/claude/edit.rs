//! The results of the tools that change files.

use crate::edit::{FileEdit, FileState};
use crate::object::Object;

/// The change that a line reports. What a tool returns to the program, as opposed to the model, stands in
/// `tool_use_result`; of a call that failed or was denied it is a string.
pub(super) fn edit(line: &str) -> Option<FileEdit> {
    if !line.starts_with('{') || !line.contains("\"tool_use_result\"") {
        return None;
    }
    let line = Object::parse(line)?;
    if line.text("type").as_deref() != Some("user") {
        return None;
    }
    let result = line.object("tool_use_result");
    if let Some(path) = result.owned("notebook_path") {
        let text = |key| result.owned(key).map_or(FileState::Unknown, FileState::Text);
        let (before, after) = (text("original_file"), text("updated_file"));
        return Some(FileEdit { path, before, after });
    }
    // A Read has its path one level below.
    let path = result.owned("filePath")?;
    let original = result.owned("originalFile").or_else(|| result.owned("originalFileContents"));
    let is_new = result.text("type").as_deref() == Some("create");
    let before = match &original {
        _ if is_new => FileState::Absent,
        Some(text) => FileState::Text(text.clone()),
        None => FileState::Unknown,
    };
    // A person has changed what the tool was given.
    let is_changed = result.get("userModified") == Some(true);
    let after = match (result.owned("content"), original) {
        _ if is_changed => None,
        (Some(content), _) => Some(content),
        (None, Some(original)) => edited(&result, original),
        (None, None) => None,
    };
    Some(FileEdit { path, before, after: after.map_or(FileState::Unknown, FileState::Text) })
}

/// The text after the replacements of an Edit or a MultiEdit.
fn edited(result: &Object<'_>, original: String) -> Option<String> {
    if let (Some(old), Some(new)) = (result.text("oldString"), result.text("newString")) {
        return replaced(&original, &old, &new, result.get("replaceAll") == Some(true));
    }
    let edits = result.list("edits");
    if edits.is_empty() {
        return None;
    }
    edits.into_iter().try_fold(original, |text, edit| {
        let edit = Object::parse(edit)?;
        let all = edit.get("replace_all") == Some(true);
        replaced(&text, &edit.text("old_string")?, &edit.text("new_string")?, all)
    })
}

fn replaced(text: &str, old: &str, new: &str, all: bool) -> Option<String> {
    if old.is_empty() {
        return text.is_empty().then(|| new.to_owned());
    }
    if !text.contains(old) {
        return None;
    }
    Some(if all { text.replace(old, new) } else { text.replacen(old, new, 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(result: &str) -> Option<FileEdit> {
        edit(&format!(r#"{{"type":"user","message":{{}},"tool_use_result":{result}}}"#))
    }

    fn text(text: &str) -> FileState {
        FileState::Text(text.to_owned())
    }

    #[test]
    fn writes_and_edits_say_what_was_there_and_what_is() {
        let check = |result: &str, before: FileState, after: FileState| {
            let expected = FileEdit { path: "a".to_owned(), before, after };
            assert_eq!(reported(result), Some(expected), "{result}");
        };
        let created = r#"{"type":"create","filePath":"a","content":"x","originalFile":null}"#;
        check(created, FileState::Absent, text("x"));
        let updated = r#"{"type":"update","filePath":"a","content":"y","originalFile":"x"}"#;
        check(updated, text("x"), text("y"));
        let once = r#"{"filePath":"a","oldString":"o","newString":"0","originalFile":"oo","replaceAll":false}"#;
        check(once, text("oo"), text("0o"));
        check(&once.replace("false", "true"), text("oo"), text("00"));
        let large = r#"{"filePath":"a","oldString":"o","newString":"0","originalFile":null}"#;
        check(large, FileState::Unknown, FileState::Unknown);
        let changed = r#"{"filePath":"a","oldString":"o","newString":"0","originalFile":"o","userModified":true}"#;
        check(changed, text("o"), FileState::Unknown);
        let several = r#"{"filePath":"a","originalFileContents":"1 2","edits":[
            {"old_string":"1","new_string":"2"},{"old_string":"2","new_string":"3","replace_all":true}]}"#;
        check(several, text("1 2"), text("3 3"));
        let notebook = r#"{"notebook_path":"a","original_file":"{}","updated_file":"[]"}"#;
        check(notebook, text("{}"), text("[]"));
    }

    #[test]
    fn nothing_else_is_an_edit() {
        for result in [
            r#"{"type":"text","file":{"filePath":"a","content":"x"}}"#,
            r#""Error: File has not been read yet""#,
            r#"{"stdout":"","stderr":""}"#,
        ] {
            assert_eq!(reported(result), None, "{result}");
        }
        assert_eq!(edit("tool_use_result"), None);
        let printed = r#"{"type":"assistant","tool_use_result":{"filePath":"a","content":"x"}}"#;
        assert_eq!(edit(printed), None, "only results of tools count");
    }
}
