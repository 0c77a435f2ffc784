//! Changing `config.toml` without harming what a person wrote there.

use std::io;
use std::path::Path;

use claude_worker_api::Settings;
use claude_worker_os::files::{self, Replace, kept_permissions};
use claude_worker_paths::read_own;
use toml_edit::{DocumentMut, Item, TableLike};

use super::to_toml;
use crate::EngineError;

/// The file's text; that of a missing one is empty.
pub(super) fn read(path: &Path) -> Result<String, EngineError> {
    match read_own(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(EngineError::io(format!("cannot read {}", path.display()))),
    }
}

/// The text with those keys set anew that differ between the two settings. Comments, order,
/// blank lines and all other keys stay as they are.
pub(crate) fn edit(text: &str, before: &Settings, after: &Settings) -> Result<String, String> {
    let parse = |text: &str| text.parse::<DocumentMut>().map_err(|error| error.to_string());
    let mut document = parse(text)?;
    let (before, after) = (parse(&to_toml(before))?, parse(&to_toml(after))?);
    change(document.as_table_mut(), before.as_table(), after.as_table());
    Ok(document.to_string())
}

/// The text without a key, and without the comment that is directly above it or behind it.
pub(super) fn without(text: &str, section: &str, field: &str) -> Result<String, String> {
    let mut document = text.parse::<DocumentMut>().map_err(|error| error.to_string())?;
    let table = match section {
        "" => Some(document.as_table_mut() as &mut dyn TableLike),
        section => document.get_mut(section).and_then(Item::as_table_like_mut),
    };
    if let Some(table) = table {
        table.remove(field);
    }
    Ok(document.to_string())
}

/// Carries over into `table` what differs between `before` and `after`.
fn change(table: &mut dyn TableLike, before: &dyn TableLike, after: &dyn TableLike) {
    for (key, _) in before.iter() {
        if after.get(key).is_none() {
            table.remove(key);
        }
    }
    for (key, wanted) in after.iter() {
        let known = before.get(key);
        if let Some(wanted) = wanted.as_table_like() {
            let nothing = toml_edit::Table::new();
            let known = known.and_then(Item::as_table_like).unwrap_or(&nothing);
            if same(known, wanted) {
                continue;
            }
            let section = table.entry(key).or_insert_with(toml_edit::table);
            if let Some(section) = section.as_table_like_mut() {
                change(section, known, wanted);
            }
        } else if known.map(plain) != Some(plain(wanted)) {
            set(table, key, wanted);
        }
    }
}

fn same(one: &dyn TableLike, other: &dyn TableLike) -> bool {
    let plain_entries = |table: &dyn TableLike| -> Vec<(String, String)> {
        table.iter().map(|(key, item)| (key.to_owned(), plain(item))).collect()
    };
    plain_entries(one) == plain_entries(other)
}

fn plain(item: &Item) -> String {
    item.to_string().trim().to_owned()
}

/// Sets a key; what stands around its old value, a comment behind it say, stays.
fn set(table: &mut dyn TableLike, key: &str, wanted: &Item) {
    let Some(wanted) = wanted.as_value() else { return };
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(value) => {
            let around = value.decor().clone();
            *value = wanted.clone();
            *value.decor_mut() = around;
        }
        None => {
            table.insert(key, Item::Value(wanted.clone()));
        }
    }
}

/// Puts a new text in the file's place: whole or not at all, whatever happens meanwhile.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), EngineError> {
    // A person may have let others read it.
    let permissions = kept_permissions(path);
    files::replace(
        path,
        text.as_bytes(),
        &Replace { flush: true, permissions, ..Replace::default() },
    )
    .map(drop)
    .map_err(EngineError::io(format!("cannot write {}", path.display())))
}
