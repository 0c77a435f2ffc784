//! A change of the settings as HTTP has it: only what is named changes.

use claude_worker_api::{ApiError, Settings};
use serde_json::Value;

/// The settings with the values of `changes` over theirs, object by object.
///
/// # Errors
/// `invalid_request` naming a setting that there is not, or what cannot be read.
pub(crate) fn changed(settings: &Settings, changes: Value) -> Result<Settings, ApiError> {
    let unreadable = |error: serde_json::Error| {
        ApiError::invalid(format!("The settings cannot be read: {error}")).hint(SEE)
    };
    let mut merged = serde_json::to_value(settings).map_err(unreadable)?;
    overlay(&mut merged, changes, "")?;
    serde_json::from_value(merged).map_err(unreadable)
}

const SEE: &str = "GET at this address shows them all";

/// `place` is where in the settings this is.
fn overlay(settings: &mut Value, changes: Value, place: &str) -> Result<(), ApiError> {
    match (settings, changes) {
        (Value::Object(settings), Value::Object(changes)) => {
            for (key, change) in changes {
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                let Some(setting) = settings.get_mut(&key) else {
                    return Err(ApiError::invalid(format!("There is no setting {place}")).hint(SEE));
                };
                overlay(setting, change, &place)?;
            }
        }
        (Value::Object(_), _) => {
            let what = if place.is_empty() { "The settings" } else { place };
            return Err(ApiError::invalid(format!("{what} must be an object")).hint(SEE));
        }
        (setting, change) => *setting = change,
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
        assert!(refusal(json!({ "workers": -1 })).contains("-1"));
    }
}
