//! A change of the settings as HTTP has it: only what is named changes.

use claude_worker_api::{ApiError, Settings, parse_duration};
use serde_json::Value;

use crate::request::nearest;

/// The settings that are durations. HTTP has them in milliseconds; a text with a unit is taken, too.
const DURATIONS: [&str; 5] =
    ["limits.timeout", "limits.silence", "limits.grace", RETENTION, "usage_limit.retry_after"];
/// The one that removes tasks: whoever writes 7 does not mean milliseconds.
const RETENTION: &str = "retention.finished";
/// In milliseconds.
const MINUTE: u64 = 60_000;

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
    serde_path_to_error::deserialize(merged).map_err(|error| unreadable(&error))
}

const SEE: &str = "GET at this address shows them all";

/// `place` is where in the settings this is.
fn overlay(settings: &mut Value, changes: Value, place: &str) -> Result<(), ApiError> {
    match (settings, changes) {
        (Value::Object(settings), Value::Object(changes)) => {
            for (key, change) in changes {
                let within = |key: &str| match place {
                    "" => key.to_owned(),
                    place => format!("{place}.{key}"),
                };
                if !settings.contains_key(&key) {
                    let known: Vec<&str> = settings.keys().map(String::as_str).collect();
                    let meant = nearest(&key, &known).map_or_else(String::new, |meant| {
                        format!(". Did you mean {}?", within(meant))
                    });
                    let place = within(&key);
                    let message = format!("There is no setting {place}{meant}");
                    return Err(ApiError::invalid(message).hint(SEE));
                }
                overlay(&mut settings[&key], change, &within(&key))?;
            }
        }
        (Value::Object(_), _) => {
            let what = if place.is_empty() { "The settings" } else { place };
            return Err(ApiError::invalid(format!("{what} must be an object")).hint(SEE));
        }
        (setting, Value::String(text)) if DURATIONS.contains(&place) => {
            let millis = parse_duration(&text)
                .map_err(|error| ApiError::invalid(format!("{place}: {error}")).hint(SEE))?;
            *setting = Value::from(millis);
        }
        (setting, change) => {
            let short = |millis: u64| (1..MINUTE).contains(&millis);
            if place == RETENTION && *setting != change && change.as_u64().is_some_and(short) {
                return Err(ApiError::invalid(format!(
                    "{place} is in milliseconds: {change} would remove finished tasks in less than \
                     a minute"
                ))
                .hint("Write it with its unit, like \"7d\""));
            }
            *setting = change;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_named_changes_and_the_rest_stays() {
        let mut before = Settings { workers: 9, ..Settings::default() };
        before.agents.claude = Some("/bin/x".to_owned());
        let after = changed(&before, json!({ "limits": { "timeout": 60_000 } })).unwrap();
        assert_eq!(after.limits.timeout, 60_000);
        assert_eq!(after.limits.silence, before.limits.silence);
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
        assert!(refusal(json!({ "workers": -1 })).contains("workers: "));
        assert!(refusal(json!({ "wrokers": 3 })).contains("Did you mean workers?"));
        let message = refusal(json!({ "limits": { "timeuot": 3 } }));
        assert!(message.contains("Did you mean limits.timeout?"), "{message}");
        let message = refusal(json!({ "retention": { "finished": "7" } }));
        assert!(message.contains("retention.finished: \"7\" has no unit: write 7d"), "{message}");
        let message = refusal(json!({ "retention": { "finished": 7 } }));
        assert!(message.contains("7 would remove finished tasks"), "{message}");
        let short = changed(&Settings::default(), json!({ "retention": { "finished": "7s" } }));
        let short = short.unwrap();
        let whole = serde_json::to_value(&short).unwrap();
        assert_eq!(changed(&short, whole).unwrap(), short, "nothing of it is a change");
    }

    #[test]
    fn every_duration_can_be_written_with_its_unit() {
        for setting in DURATIONS {
            let (group, key) = setting.split_once('.').unwrap();
            let after = changed(&Settings::default(), json!({ group: { key: "7d" } })).unwrap();
            assert_eq!(serde_json::to_value(after).unwrap()[group][key], 604_800_000);
        }
    }
}
