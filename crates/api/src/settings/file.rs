//! The settings as `config.toml` has them: durations and sizes are texts with a unit, and what is not
//! known is refused.
//!
//! Which format the text has is not known here: an error of a key or value is made while that is being
//! read, so that the format's own reader can say in which line it is.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::units::{duration_text, read_duration, read_size, size_text};
use super::{DECLARED_SETTINGS, Setting, SettingKind, Settings, SettingsSection};
use crate::PermissionMode;

/// The settings in the form of `config.toml`. A setting that is not there has its default; whether the
/// values are in their bounds is for [`Settings::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileForm(pub Settings);

/// What a key of the file names.
#[derive(Clone, Copy)]
enum Named {
    Setting(&'static Setting),
    Section(&'static SettingsSection),
}

impl Named {
    fn key(self) -> &'static str {
        match self {
            Self::Setting(setting) => setting.file_field(),
            Self::Section(section) => section.name,
        }
    }
}

/// The settings of a section. Those above the first section are followed by all sections.
fn within(section: &'static SettingsSection) -> impl Iterator<Item = Named> {
    let sections = if section.name.is_empty() { DECLARED_SETTINGS } else { &[] };
    let sections = sections.iter().filter(|section| !section.name.is_empty());
    section.settings.iter().map(Named::Setting).chain(sections.map(Named::Section))
}

impl Serialize for FileForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = serde_json::to_value(&self.0).map_err(serde::ser::Error::custom)?;
        Written { section: &DECLARED_SETTINGS[0], values: &values }.serialize(serializer)
    }
}

struct Written<'a> {
    section: &'static SettingsSection,
    values: &'a Value,
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for named in within(self.section) {
            match named {
                Named::Section(section) => {
                    let values = &self.values[section.name];
                    map.serialize_entry(section.name, &Self { section, values })?;
                }
                Named::Setting(setting) => {
                    let value = in_file(setting, &self.values[setting.field]);
                    if !value.is_null() {
                        map.serialize_entry(setting.file_field(), &value)?;
                    }
                }
            }
        }
        map.end()
    }
}

/// A value of JSON as it is in the file.
fn in_file(setting: &Setting, value: &Value) -> Value {
    match (setting.kind, value.as_u64()) {
        (SettingKind::Duration { .. }, Some(millis)) => duration_text(millis).into(),
        (SettingKind::Size { .. }, Some(bytes)) => size_text(bytes).into(),
        _ => value.clone(),
    }
}

impl<'de> Deserialize<'de> for FileForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let change = Read(&DECLARED_SETTINGS[0]).deserialize(deserializer)?;
        let settings = Settings::default().changed(change.into());
        settings.map(Self).map_err(|error| D::Error::custom(error.message))
    }
}

/// Reads the settings of a section, as a change has them.
struct Read(&'static SettingsSection);

impl<'de> DeserializeSeed<'de> for Read {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Read {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut change = Map::new();
        while let Some(named) = map.next_key_seed(Key(self.0))? {
            match named {
                Named::Section(section) => {
                    let settings = map.next_value_seed(Read(section))?;
                    change.insert(section.name.to_owned(), Value::Object(settings));
                }
                Named::Setting(setting) => {
                    let value = map.next_value_seed(ValueOf(setting))?;
                    change.insert(setting.field.to_owned(), value);
                }
            }
        }
        Ok(change)
    }
}

/// Reads a key of a section.
struct Key(&'static SettingsSection);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Named;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Named, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Named;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a setting")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Named, E> {
        within(self.0).find(|named| named.key() == key).ok_or_else(|| {
            let known: Vec<_> = within(self.0).map(|named| format!("`{}`", named.key())).collect();
            // In the words of serde, which are made plain together with its other errors.
            E::custom(format!("unknown field `{key}`, expected one of {}", known.join(", ")))
        })
    }
}

/// Reads the value of a setting, as JSON has it.
struct ValueOf(&'static Setting);

impl<'de> DeserializeSeed<'de> for ValueOf {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        match self.0.kind {
            SettingKind::Switch => bool::deserialize(source).map(Value::from),
            SettingKind::Count { max, .. } if max <= u64::from(u32::MAX) => {
                u32::deserialize(source).map(Value::from)
            }
            SettingKind::Count { .. } => u64::deserialize(source).map(Value::from),
            SettingKind::Size { .. } => read_size(source).map(Value::from),
            SettingKind::Duration { .. } => read_duration(source).map(Value::from),
            SettingKind::Path { .. } | SettingKind::Address | SettingKind::Url { .. } => {
                String::deserialize(source).map(Value::from)
            }
            SettingKind::HostNames { .. } | SettingKind::VariableNames { .. } => {
                Vec::<String>::deserialize(source).map(Value::from)
            }
            SettingKind::PermissionMode => {
                let mode = PermissionMode::deserialize(source)?;
                serde_json::to_value(mode).map_err(D::Error::custom)
            }
        }
    }
}
