//! A change of the settings as HTTP has it: only what is named changes.

use claude_worker_api::{ApiError, Settings, nearest_name, parse_duration, plain_words};
use serde_json::Value;

/// What the name of a duration ends with here: it is a number of milliseconds.
const MILLIS: &str = "_ms";

/// The settings with the values of `changes` over theirs, object by object.
///
/// # Errors
/// `invalid_request` naming a setting that there is not, or what cannot be read.
pub(crate) fn changed(settings: &Settings, changes: Value) -> Result<Settings, ApiError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        ApiError::invalid(format!("The settings cannot be read: {error}")).hint(SEE)
    };
    let mut merged = serde_json::to_value(settings).map_err(|error| unreadable(&error))?;
    overlay(&mut merged, changes, "")?;
    // The path is a part of what this error says.
    serde_path_to_error::deserialize(merged).map_err(|error| {
        let place = error.path().to_string();
        unreadable(&plain_words(&place, &error.inner().to_string()))
    })
}

const SEE: &str = "GET at this address shows them all";

/// `place` is where in the settings this is.
fn overlay(settings: &mut Value, changes: Value, place: &str) -> Result<(), ApiError> {
    match (settings, changes) {
        (Value::Object(settings), Value::Object(changes)) => {
            let in_two_units = |key: &&String| changes.contains_key(&format!("{key}{MILLIS}"));
            if let Some(key) = changes.keys().find(in_two_units) {
                return Err(refused(format!("{key} and {key}{MILLIS} are the same setting")));
            }
            for (key, change) in changes {
                let within = |key: &str| match place {
                    "" => key.to_owned(),
                    place => format!("{place}.{key}"),
                };
                if let Some(setting) = settings.get_mut(&key) {
                    overlay(setting, change, &within(&key))?;
                    continue;
                }
                let in_millis = format!("{key}{MILLIS}");
                if let Some(setting) = settings.get_mut(&in_millis) {
                    *setting = millis(&change, &within(&key))?;
                    continue;
                }
                let known: Vec<&str> = settings.keys().map(String::as_str).collect();
                let meant = nearest_name(&key, &known)
                    .map_or_else(String::new, |meant| format!(". Did you mean {}?", within(meant)));
                let place = within(&key);
                return Err(refused(format!("There is no setting {place}{meant}")));
            }
        }
        (Value::Object(_), _) => {
            let what = if place.is_empty() { "The settings" } else { place };
            return Err(refused(format!("{what} must be an object")));
        }
        (setting, change) => *setting = change,
    }
    Ok(())
}

/// A duration under its name in `config.toml`, where it has a unit. Whoever writes 7 there may mean
/// days as well as milliseconds.
fn millis(change: &Value, place: &str) -> Result<Value, ApiError> {
    match change {
        Value::String(text) => parse_duration(text)
            .map(Value::from)
            .map_err(|error| refused(format!("{place}: {error}"))),
        Value::Number(number) if number.as_u64() == Some(0) => Ok(Value::from(0)),
        other => Err(refused(format!(
            "{place} = {other} has no unit: write {place}{MILLIS} for milliseconds, or a text like \
             \"90s\", \"10m\" or \"2d\""
        ))),
    }
}

fn refused(message: String) -> ApiError {
    ApiError::invalid(message).hint(SEE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_named_changes_and_the_rest_stays() {
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
        let after = Settings { workers: 2, ..Settings::default() };
        let whole = serde_json::to_value(&after).unwrap();
        assert_eq!(changed(&Settings::default(), whole).unwrap(), after);
    }

    #[test]
    fn what_there_is_not_is_named() {
        let refusal = |changes: Value| changed(&Settings::default(), changes).unwrap_err().message;
        assert!(refusal(json!({ "wrokers": 3 })).contains("no setting wrokers"));
        assert!(refusal(json!({ "limits": { "time": 3 } })).contains("no setting limits.time"));
        assert!(refusal(json!({ "limits": 3 })).contains("limits must be an object"));
        assert!(refusal(json!([])).contains("The settings must be an object"));
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
                let said = format!("{group}.{name} = 7 has no unit: write {group}.{in_millis}");
                let error = refusal(json!(7));
                assert!(error.message.contains(&said), "{error}");
                assert_eq!(error.code, claude_worker_api::ErrorCode::InvalidRequest);
                assert!(refusal(json!(null)).message.contains("null has no unit"));
                assert!(change(in_millis, json!("7d")).is_err());
            }
        }
        assert_eq!(durations, 8);
    }
}
