//! A change of the settings: only what is named changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Settings;
use crate::{ApiError, explain_serde_error, nearest_name, parse_duration};

/// The name of a duration ends with this in JSON, where it is a number of milliseconds.
const MILLIS: &str = "_ms";

/// The settings to change with their new values, as a JSON object like that of [`Settings`]. What it
/// does not name stays. A duration may also have its name from `config.toml` (without `_ms`) and a
/// value with a unit: `{"limits": {"timeout": "90m"}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SettingsChange(Map<String, Value>);

impl From<Map<String, Value>> for SettingsChange {
    fn from(settings: Map<String, Value>) -> Self {
        Self(settings)
    }
}

impl Settings {
    /// The settings that differ from those of `before`, with the values they have here.
    ///
    /// # Errors
    /// `internal`, when the settings cannot be written as JSON.
    pub fn changes_since(&self, before: &Self) -> Result<SettingsChange, ApiError> {
        // The place of the file cannot be changed.
        let after = Self { file: before.file.clone(), ..self.clone() };
        Ok(SettingsChange(difference(&json(before)?, json(&after)?)))
    }

    /// The settings after a change. Whether the new values are in their bounds is not checked here.
    ///
    /// # Errors
    /// `invalid_request` naming the setting that is not known or whose value cannot be read.
    pub fn changed(&self, change: SettingsChange) -> Result<Self, ApiError> {
        let mut settings = json(self)?;
        overlay(&mut settings, change.0, "")?;
        let settings: Self =
            serde_path_to_error::deserialize(Value::Object(settings)).map_err(|error| {
                let place = error.path().to_string();
                let words = explain_serde_error(&place, &error.inner().to_string());
                refused(format!("The settings cannot be read: {words}"))
            })?;
        Ok(Self { file: self.file.clone(), ..settings })
    }
}

fn json(settings: &Settings) -> Result<Map<String, Value>, ApiError> {
    serde_json::to_value(settings)
        .and_then(serde_json::from_value)
        .map_err(|error| ApiError::internal(format!("The settings are not valid JSON: {error}")))
}

/// The values of `after` that are not in `before`.
fn difference(before: &Map<String, Value>, after: Map<String, Value>) -> Map<String, Value> {
    let mut changed = Map::new();
    for (key, after) in after {
        match (before.get(&key), after) {
            (Some(Value::Object(before)), Value::Object(after)) => {
                let section = difference(before, after);
                if !section.is_empty() {
                    changed.insert(key, Value::Object(section));
                }
            }
            (Some(before), after) if *before == after => {}
            (_, after) => drop(changed.insert(key, after)),
        }
    }
    changed
}

/// Puts the values of `change` over those of `settings`, which are those of the section `place`.
fn overlay(
    settings: &mut Map<String, Value>,
    change: Map<String, Value>,
    place: &str,
) -> Result<(), ApiError> {
    let in_two_units = |key: &&String| change.contains_key(&format!("{key}{MILLIS}"));
    if let Some(key) = change.keys().find(in_two_units) {
        return Err(refused(format!("{key} and {key}{MILLIS} are the same setting")));
    }
    let full_key = |key: &str| match place {
        "" => key.to_owned(),
        place => format!("{place}.{key}"),
    };
    for (key, new) in change {
        let full = full_key(&key);
        match (settings.get_mut(&key), new) {
            (Some(Value::Object(section)), Value::Object(new)) => overlay(section, new, &full)?,
            (Some(Value::Object(_)), _) => {
                return Err(refused(format!("{full} must be an object")));
            }
            (Some(setting), new) => *setting = new,
            (None, new) => {
                let Some(setting) = settings.get_mut(&format!("{key}{MILLIS}")) else {
                    let known: Vec<&str> = settings.keys().map(String::as_str).collect();
                    let nearest = nearest_name(&key, &known).map(full_key);
                    let meant = nearest
                        .map_or_else(String::new, |nearest| format!(". Did you mean {nearest}?"));
                    return Err(refused(format!("There is no setting {full}{meant}")));
                };
                *setting = millis(&new, &full)?;
            }
        }
    }
    Ok(())
}

/// The milliseconds of a duration under its name in `config.toml`. There it has a unit: a bare 7 may
/// be meant as days as well as milliseconds.
fn millis(new: &Value, key: &str) -> Result<Value, ApiError> {
    match new {
        Value::String(text) => parse_duration(text)
            .map(Value::from)
            .map_err(|error| refused(format!("{key}: {error}"))),
        Value::Number(number) if number.as_u64() == Some(0) => Ok(Value::from(0)),
        other => Err(refused(format!(
            "{key} = {other} has no unit: write {key}{MILLIS} for milliseconds, or a text like \
             \"90s\", \"10m\" or \"2d\""
        ))),
    }
}

fn refused(message: String) -> ApiError {
    ApiError::invalid(message).hint("GET at this address shows them all")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(json: Value) -> SettingsChange {
        serde_json::from_value(json).unwrap()
    }

    fn changed(settings: &Settings, json: Value) -> Result<Settings, ApiError> {
        settings.changed(change(json))
    }

    #[test]
    fn only_differing_settings_are_changes() {
        let before = Settings::default();
        let mut after = Settings { workers: 9, file: "/elsewhere".to_owned(), ..before.clone() };
        after.limits.timeout_ms = 60_000;
        after.agents.claude = Some("/bin/x".to_owned());
        let changes = after.changes_since(&before).unwrap();
        let expected = json!({
            "workers": 9, "limits": { "timeout_ms": 60_000 }, "agents": { "claude": "/bin/x" }
        });
        assert_eq!(changes, change(expected));
        let back = before.changes_since(&after).unwrap();
        assert_eq!(back.0["agents"], json!({ "claude": null }));
        assert_eq!(before.changes_since(&before).unwrap(), SettingsChange::default());
    }

    #[test]
    fn a_change_keeps_what_another_client_changed_meanwhile() {
        let before = Settings::default();
        let mut now = before.clone();
        now.limits.timeout_ms = 60_000;
        now.caps.queued = 7;
        let mut after = before.clone();
        after.limits.grace_ms = 1_000;
        after.caps.queued = 8;
        let settings = now.changed(after.changes_since(&before).unwrap()).unwrap();
        assert_eq!((settings.limits.timeout_ms, settings.limits.grace_ms), (60_000, 1_000));
        assert_eq!(settings.caps.queued, 8, "the last change of the same setting counts");
        let settings = settings.changed(before.changes_since(&after).unwrap()).unwrap();
        assert_eq!(
            (settings.limits.timeout_ms, settings.limits.grace_ms),
            (60_000, before.limits.grace_ms)
        );
    }

    #[test]
    fn named_settings_change_and_the_others_stay() {
        let mut before = Settings { workers: 9, ..Settings::default() };
        before.agents.claude = Some("/bin/x".to_owned());
        let after = changed(&before, json!({ "limits": { "timeout_ms": 60_000 } })).unwrap();
        assert_eq!(after.limits.timeout_ms, 60_000);
        assert_eq!(after.limits.silence_ms, before.limits.silence_ms);
        assert_eq!(after.workers, 9);
        assert_eq!(after.agents, before.agents);
        let after = changed(&before, json!({ "agents": { "claude": null } })).unwrap();
        assert_eq!(after.agents.claude, None);
    }

    #[test]
    fn all_settings_are_a_change_too() {
        let file = |file: &str| Settings { file: file.to_owned(), ..Settings::default() };
        let after = Settings { workers: 2, ..file("/elsewhere") };
        let whole = serde_json::to_value(&after).unwrap();
        let expected = Settings { workers: 2, ..file("/here") };
        assert_eq!(changed(&file("/here"), whole).unwrap(), expected);
    }

    #[test]
    fn unknown_settings_and_unreadable_values_are_refused_by_name() {
        let refusal = |changes: Value| changed(&Settings::default(), changes).unwrap_err().message;
        assert!(refusal(json!({ "wrokers": 3 })).contains("no setting wrokers"));
        assert!(refusal(json!({ "limits": { "time": 3 } })).contains("no setting limits.time"));
        assert!(refusal(json!({ "limits": 3 })).contains("limits must be an object"));
        assert!(refusal(json!({ "workers": "many" })).contains("many"));
        assert!(refusal(json!({ "workers": -1 })).contains("workers must be a whole number"));
        assert!(refusal(json!({ "wrokers": 3 })).contains("Did you mean workers?"));
        let message = refusal(json!({ "limits": { "timeout": "90m", "timeout_ms": 5 } }));
        assert!(message.contains("timeout and timeout_ms are the same setting"), "{message}");
        let message = refusal(json!({ "limits": { "timeuot": 3 } }));
        assert!(message.contains("Did you mean limits.timeout_ms?"), "{message}");
        let message = refusal(json!({ "retention": { "finished": "7" } }));
        assert!(message.contains("retention.finished: \"7\" has no unit: write 7d"), "{message}");
    }

    #[test]
    fn a_duration_has_its_unit_in_its_name_or_in_its_value() {
        let whole = serde_json::to_value(Settings::default()).unwrap();
        let mut durations = 0;
        for (group, settings) in whole.as_object().unwrap() {
            let names = settings.as_object().into_iter().flat_map(|settings| settings.keys());
            for in_millis in names.filter(|name| name.ends_with(MILLIS)) {
                durations += 1;
                let name = in_millis.strip_suffix(MILLIS).unwrap();
                let change = |name: &str, value: Value| -> Result<Value, ApiError> {
                    let change = json!({ group: { name: value } });
                    let after = changed(&Settings::default(), change)?;
                    Ok(serde_json::to_value(after).unwrap()[group][in_millis].clone())
                };
                assert_eq!(change(in_millis, json!(7)), Ok(json!(7)));
                assert_eq!(change(name, json!("7d")), Ok(json!(604_800_000)));
                assert_eq!(change(name, json!(0)), Ok(json!(0)));
                let refusal = |value| change(name, value).unwrap_err();
                let expected = format!("{group}.{name} = 7 has no unit: write {group}.{in_millis}");
                let error = refusal(json!(7));
                assert!(error.message.contains(&expected), "{error}");
                assert_eq!(error.code, crate::ErrorCode::InvalidRequest);
                assert!(refusal(json!(null)).message.contains("null has no unit"));
                assert!(change(in_millis, json!("7d")).is_err());
            }
        }
        assert_eq!(durations, 8);
    }
}
