//! Reading JSON objects of which only a part is known.
//!
//! Nothing is parsed before it is asked for, and asking for a field that is missing or of another
//! type is no error: agents add and change fields with every release. Memory stays in proportion
//! to what is asked for, so a hostile line cannot blow up.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

/// How many fields of an object, or entries of a list, are read. More are passed over.
const MAX_ENTRIES: usize = 256;

/// A JSON object whose fields are still text.
#[derive(Debug, Default)]
pub(crate) struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Object<'a> {
    /// The object that `json` is, if it is one.
    pub(crate) fn parse(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// A field as JSON text; `null` counts as missing.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().find(|(name, _)| name == key)?;
        Some(value.get()).filter(|json| *json != "null")
    }

    /// A field that is a boolean, a number or the like.
    pub(crate) fn get<T: Deserialize<'a>>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.raw(key)?).ok()
    }

    /// A field that is a string.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        string(self.raw(key)?)
    }

    /// A field that is an object; an empty one when it is not.
    pub(crate) fn object(&self, key: &str) -> Self {
        self.raw(key).and_then(Self::parse).unwrap_or_default()
    }

    /// The entries of a field that is a list, as JSON text; none when it is not.
    pub(crate) fn list(&self, key: &str) -> Vec<&'a str> {
        self.raw(key).map(list).unwrap_or_default()
    }

    /// The first field that is a string.
    pub(crate) fn first_text(&self) -> Option<String> {
        self.0.iter().find_map(|(_, value)| string(value.get()))
    }
}

/// The entries of a JSON list, as JSON text; none when it is not one.
pub(crate) fn list(json: &str) -> Vec<&str> {
    serde_json::from_str::<List<'_>>(json).map_or_else(|_| Vec::new(), |list| list.0)
}

/// The text of a JSON string, if it is one. Half a surrogate pair (which JavaScript writes when
/// it cuts a text inside an emoji) is replaced, not refused.
pub(crate) fn string(json: &str) -> Option<String> {
    serde_json::from_str::<Lossy>(json).ok().map(|text| text.0)
}

struct List<'a>(Vec<&'a str>);

struct Lossy(String);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while fields.len() < MAX_ENTRIES {
                    let Some(field) = map.next_entry::<String, &RawValue>()? else { break };
                    fields.push(field);
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = List<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while entries.len() < MAX_ENTRIES {
                    let Some(entry) = seq.next_element::<&RawValue>()? else { break };
                    entries.push(entry.get());
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(List(entries))
            }
        }
        deserializer.deserialize_seq(Entries)
    }
}

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Lossy;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_wrong_type_are_missing() {
        let object = Object::parse(
            r#"{"n":"3","m":3,"t":7,"null":null,"o":[],"l":{},"half":"a\ud83d","ok":true}"#,
        )
        .expect("an object");
        assert_eq!(object.get::<u32>("n"), None);
        assert_eq!(object.get::<u32>("m"), Some(3));
        assert_eq!(object.get::<bool>("ok"), Some(true));
        assert_eq!(object.text("t"), None);
        assert_eq!(object.text("null"), None);
        assert_eq!(object.raw("null"), None);
        assert!(object.object("o").0.is_empty());
        assert!(object.list("l").is_empty());
        assert_eq!(object.text("half").as_deref(), Some("a\u{FFFD}\u{FFFD}\u{FFFD}"));
        assert_eq!(object.first_text().as_deref(), Some("3"));
        assert!(Object::parse("[]").is_none());
        assert!(Object::parse("{\"cut").is_none());
    }

    #[test]
    fn long_lists_are_read_in_part() {
        let json = format!("[{}0]", "0,".repeat(100_000));
        assert_eq!(list(&json).len(), MAX_ENTRIES);
        assert!(Object::parse(&format!("{{\"k\":{}", "[".repeat(1_000_000))).is_none());
    }
}
