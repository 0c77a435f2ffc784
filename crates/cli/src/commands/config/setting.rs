//! A setting by its name, and values as people type them. No input or output.

use claude_worker_api::{
    ApiError, FileForm, Setting, SettingKind, Settings, SettingsChange, all_settings, nearest_name,
};
use claude_worker_engine::settings;
use serde_json::{Map, Value, json};

use super::not_json;
use crate::error::CliError;

/// The setting of this name.
///
/// # Errors
/// A usage error that names the nearest one.
pub(super) fn find(key: &str) -> Result<&'static Setting, CliError> {
    let is_named = |setting: &&Setting| setting.file_key() == key || setting.key() == key;
    all_settings().find(is_named).ok_or_else(|| {
        let keys: Vec<String> = all_settings().map(Setting::file_key).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        // A section alone, or the last part of a name.
        let part = keys.iter().find(|known| {
            known.starts_with(&format!("{key}.")) || known.ends_with(&format!(".{key}"))
        });
        let nearest = part.copied().or_else(|| nearest_name(key, &keys));
        let hint = match nearest {
            Some(nearest) => format!("Did you mean {nearest}? claude-worker config shows all"),
            None => "claude-worker config shows all".to_owned(),
        };
        CliError::usage(format!("There is no setting {}", key.escape_debug()), hint)
    })
}

/// The value of a setting, as the file has it; null for none.
pub(super) fn value_of(setting: &Setting, settings: &Settings) -> Result<Value, ApiError> {
    let all = serde_json::to_value(FileForm(settings.clone())).map_err(not_json)?;
    let field = setting.file_field();
    let section = if setting.section.is_empty() { &all } else { &all[setting.section] };
    Ok(section[field].clone())
}

/// The value as a script wants it: texts without quotes, of lists one entry a line.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(entries) => entries.iter().map(shown).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

/// The change that gives the setting the value of these words.
///
/// # Errors
/// A usage error that says what the setting accepts.
pub(super) fn change(setting: &Setting, words: &[String]) -> Result<SettingsChange, CliError> {
    let key = setting.file_key();
    let refused = |what: String| CliError::usage(what, format!("claude-worker config get {key}"));
    let is_list =
        matches!(setting.kind, SettingKind::HostNames { .. } | SettingKind::VariableNames { .. });
    let text = if is_list {
        let entries = words.iter().flat_map(|word| word.split([',', '\n'])).map(str::trim);
        json!(entries.filter(|entry| !entry.is_empty()).collect::<Vec<_>>()).to_string()
    } else {
        let [word] = words else {
            return Err(refused(format!("{key} has one value; quote one with spaces")));
        };
        in_file(setting.kind, word)
    };
    let line = format!("{} = {text}", setting.file_field());
    let file = match setting.section {
        "" => line,
        section => format!("[{section}]\n{line}"),
    };
    let parsed = settings::parse(&file).map_err(|error| {
        // The lines before the last quote a text that is in no file of the user.
        let what = error.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        refused(if what.contains(&key) { what.to_owned() } else { format!("{key}: {what}") })
    })?;
    let all = serde_json::to_value(&parsed).map_err(not_json)?;
    let value = match setting.section {
        "" => &all[setting.field],
        section => &all[section][setting.field],
    };
    Ok(of(setting, value.clone()))
}

/// The change that gives the setting its default.
pub(super) fn to_default(setting: &Setting) -> Result<SettingsChange, ApiError> {
    let all = serde_json::to_value(Settings::default()).map_err(not_json)?;
    let section = if setting.section.is_empty() { &all } else { &all[setting.section] };
    Ok(of(setting, section[setting.field].clone()))
}

fn of(setting: &Setting, value: Value) -> SettingsChange {
    let field = Map::from_iter([(setting.field.to_owned(), value)]);
    SettingsChange::from(match setting.section {
        "" => field,
        section => Map::from_iter([(section.to_owned(), Value::Object(field))]),
    })
}

/// A word as a value of the file.
fn in_file(kind: SettingKind, word: &str) -> String {
    let is_number = word.parse::<u64>().is_ok();
    match kind {
        SettingKind::Switch => match word.to_ascii_lowercase().as_str() {
            "on" | "yes" | "true" | "1" => "true".to_owned(),
            "off" | "no" | "false" | "0" => "false".to_owned(),
            _ => json!(word).to_string(),
        },
        SettingKind::Count { .. } | SettingKind::Size { .. } | SettingKind::Duration { .. }
            if is_number =>
        {
            word.to_owned()
        }
        _ => json!(word).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, words: &[&str]) -> Result<String, String> {
        let setting = find(key).map_err(|error| error.to_string())?;
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let change = change(setting, &words).map_err(|error| error.to_string())?;
        let after = Settings::default().changed(change).unwrap();
        Ok(shown(&value_of(setting, &after).unwrap()))
    }

    #[test]
    fn values_are_typed_as_in_the_file_or_simpler() {
        let is = |key: &str, words: &[&str], expected: &str| {
            assert_eq!(set(key, words).as_deref(), Ok(expected), "{key}");
        };
        is("workers", &["9"], "9");
        is("limits.timeout", &["90m"], "90m");
        is("limits.timeout_ms", &["0"], "0");
        is("caps.free_disk", &["1GB"], "1GB");
        is("usage_limit.wait", &["off"], "false");
        is("permission_mode", &["plan"], "plan");
        is("agents.claude", &["/opt/it's \"here\"/claude"], "/opt/it's \"here\"/claude");
        is(
            "http.allow_hosts",
            &["a.example.org,b.example.org", "c:8000"],
            "a.example.org\nb.example.org\nc:8000",
        );
        is("http.allow_hosts", &[""], "");
    }

    #[test]
    fn what_cannot_be_set_is_refused_by_name() {
        let refused = |key: &str, words: &[&str], part: &str| {
            let told = set(key, words).unwrap_err();
            assert!(told.contains(part), "{told}");
            assert!(!told.contains('\n') && !told.contains(" | "), "{told}");
        };
        refused("wrokers", &["3"], "no setting wrokers");
        refused("workers", &["0"], "workers = 0: it must be from 1 to 256");
        refused("workers", &["many"], "workers: it must be a whole number");
        refused("workers", &["1", "2"], "one value");
        refused("limits.timeout", &["60"], "60 has no unit");
        refused("permission_mode", &["bypassPermissions"], "per task");
        assert!(find("timeout").unwrap_err().to_string().contains("no setting timeout"));
    }

    #[test]
    fn a_default_is_a_change_too() {
        let setting = find("workers").unwrap();
        let nine = Settings { workers: 9, ..Settings::default() };
        assert_eq!(nine.changed(to_default(setting).unwrap()).unwrap().workers, 4);
    }
}
