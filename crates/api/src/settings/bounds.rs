//! Whether the values of settings are in their bounds.

use serde_json::Value;

use super::{LARGEST_NUMBER, LONGEST_DURATION, Setting, SettingKind, Settings, all_settings};
use crate::{PermissionMode, host_name, listen_address};

impl Settings {
    /// Whether every value is one that can be set.
    ///
    /// # Errors
    /// A sentence that names the setting as `config.toml` does, and what it accepts.
    pub fn check(&self) -> Result<(), String> {
        let values = serde_json::to_value(self).map_err(|error| error.to_string())?;
        all_settings().try_for_each(|setting| match setting.section {
            "" => check(setting, &values[setting.field]),
            section => check(setting, &values[section][setting.field]),
        })?;
        self.http.to_listen().map(drop)
    }
}

fn check(setting: &Setting, value: &Value) -> Result<(), String> {
    let key = setting.file_key();
    let number = value.as_u64().unwrap_or_default();
    match setting.kind {
        SettingKind::Path { .. } if value.as_str().is_some_and(|path| path.contains('\0')) => {
            Err(format!("{key} contains a NUL byte: no path has one"))
        }
        SettingKind::Switch | SettingKind::Path { .. } => Ok(()),
        SettingKind::Address => {
            let text = value.as_str().unwrap_or_default();
            listen_address(text).map(drop).map_err(|error| format!("{key}: {error}"))
        }
        SettingKind::HostNames { .. } => {
            value.as_array().into_iter().flatten().try_for_each(|name| {
                let name = name.as_str().unwrap_or_default();
                host_name(name).map(drop).map_err(|error| format!("{key}: {error}"))
            })
        }
        SettingKind::VariableNames { example } => {
            let mut names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            names.try_for_each(|name| variable_name(name, &key, example))
        }
        SettingKind::Url { example } => match value.as_str() {
            Some(url) if !is_http_url(url) => Err(format!(
                "{key} = \"{url}\": it must be a URL that begins with http:// or https://, like {example}"
            )),
            _ => Ok(()),
        },
        SettingKind::PermissionMode => {
            let mode: PermissionMode =
                serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
            mode.check_known().map_err(|unknown| format!("{key}: {unknown}"))?;
            if mode == PermissionMode::BypassPermissions {
                return Err(format!(
                    "{key} = \"bypassPermissions\": permissions are turned off per task, with \
                     --permission-mode, never for all"
                ));
            }
            Ok(())
        }
        SettingKind::Duration { .. } if number > LONGEST_DURATION => {
            Err(format!("{key} must be at most {}d", LONGEST_DURATION / 86_400_000))
        }
        SettingKind::Duration { .. } => Ok(()),
        SettingKind::Count { min, max, .. } if max < u64::from(u32::MAX) => {
            if (min..=max).contains(&number) {
                return Ok(());
            }
            Err(format!("{key} = {number}: it must be from {min} to {max}"))
        }
        SettingKind::Count { min, max, .. } => in_range(&key, number, min, max),
        SettingKind::Size { min } => in_range(&key, number, min, LARGEST_NUMBER),
    }
}

/// Whether it is the name of a variable, or the beginning of one with `*` behind it.
fn variable_name(name: &str, key: &str, example: &str) -> Result<(), String> {
    let beginning = name.strip_suffix('*').unwrap_or(name);
    let plain = |c: char| !c.is_control() && !matches!(c, '=' | '*');
    if name.is_empty() || !beginning.chars().all(plain) {
        return Err(format!(
            "{key}: \"{}\" must be the name of a variable, or its beginning and *, like {example}",
            name.escape_debug()
        ));
    }
    if beginning.starts_with("CLAUDE_WORKER_") {
        return Err(format!(
            "{key}: variables of Claude Worker itself, like {name}, are for no task"
        ));
    }
    Ok(())
}

/// Whether it is `http://HOST` or `https://HOST`, perhaps with a port and a path, and nothing that could carry a secret.
fn is_http_url(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_graphic() && !"@?#\"<>\\^`{|}".contains(c);
    let port = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map(|(_, port)| port);
    !host.is_empty()
        && !host.starts_with(':')
        && url.chars().all(plain)
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn in_range(key: &str, number: u64, min: u64, max: u64) -> Result<(), String> {
    match number {
        _ if number > max => Err(format!("{key} must be at most {max}")),
        _ if number >= min => Ok(()),
        0 => Err(format!("{key} must be more than 0")),
        _ => Err(format!("{key} must be at least {min}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_that_cannot_work_are_refused() {
        let mut settings = Settings::default();
        settings.http.base_directory = Some("/a\0b".to_owned());
        assert!(settings.check().unwrap_err().contains("http.base_directory"));
        for address in ["224.0.0.1:0", "255.255.255.255:8000", "[ff02::1]:8000"] {
            let error = listen_address(address).unwrap_err();
            assert!(error.contains("many machines"), "{error}");
        }
    }

    #[test]
    fn names_of_variables_may_end_with_a_star() {
        let check = |name: &str| {
            let mut settings = Settings::default();
            settings.env.pass = vec!["PATH".to_owned(), name.to_owned()];
            settings.check()
        };
        for good in ["GITHUB_TOKEN", "GITHUB_*", "*", "no_proxy"] {
            assert_eq!(check(good), Ok(()));
        }
        for bad in ["", "A=b", "A*B", "**", "A\0", "CLAUDE_WORKER_HOME"] {
            assert!(check(bad).unwrap_err().contains("env.pass"), "{bad:?}");
        }
    }
}
