//! JSON objects that are read field by field.
//!
//! A value is decoded only when it is read, and a field that is missing or has another type is not an
//! error: agents add and change fields with every release. Only the fields that are read need memory,
//! so that a hostile line cannot use much.

use std::borrow::Cow;

use serde::Deserialize;

use crate::json::{Scanner, string, whole_string};

/// How many fields of an object, or entries of a list, are read. The others are skipped.
pub(crate) const MAX_ENTRIES: usize = 256;

/// A JSON object whose fields are still text.
#[derive(Debug, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Object<'a> {
    /// Reads `json`; `None` if it is not an object.
    pub(crate) fn parse(json: &'a str) -> Option<Self> {
        let mut scanner = Scanner::new(json);
        let object = Self::scan(&mut scanner, |_, scanner| scanner.value())?;
        scanner.end()?;
        object
    }

    /// Reads an object; `value` reads the values of its fields. The outer `None` means that the text
    /// is not JSON, the inner one that a key is not valid text.
    pub(crate) fn scan(
        scanner: &mut Scanner<'a>,
        mut value: impl FnMut(&str, &mut Scanner<'a>) -> Option<&'a str>,
    ) -> Option<Option<Self>> {
        let mut fields = Some(Vec::new());
        scanner.object(|scanner, key| {
            let key = whole_string(key);
            match (&mut fields, key) {
                (Some(found), Some(key)) if found.len() < MAX_ENTRIES => {
                    let value = value(&key, scanner)?;
                    found.push((key, value));
                    return Some(());
                }
                (Some(_), Some(_)) => {}
                _ => fields = None,
            }
            scanner.value().map(drop)
        })?;
        Some(fields.map(Self))
    }

    /// A field as JSON text; `null` counts as missing.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a str> {
        let (_, json) = self.0.iter().find(|(name, _)| name == key)?;
        Some(*json).filter(|json| *json != "null")
    }

    /// A field that is a boolean, a number or the like.
    pub(crate) fn get<T: Deserialize<'a>>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.raw(key)?).ok()
    }

    /// A field that is a string.
    pub(crate) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        string(self.raw(key)?)
    }

    /// A field that is a string, copied.
    pub(crate) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(Cow::into_owned)
    }

    /// A field that is an object; an empty object if it is not.
    pub(crate) fn object(&self, key: &str) -> Self {
        self.raw(key).and_then(Self::parse).unwrap_or_default()
    }

    /// The entries of a field that is a list, as JSON text; empty if it is not.
    pub(crate) fn list(&self, key: &str) -> Vec<&'a str> {
        self.raw(key).map(list).unwrap_or_default()
    }

    /// The first field that is a string.
    pub(crate) fn first_text(&self) -> Option<Cow<'a, str>> {
        self.0.iter().find_map(|(_, json)| string(json))
    }
}

/// The entries of a JSON list, as JSON text; empty if it is not a list.
pub(crate) fn list(json: &str) -> Vec<&str> {
    let mut scanner = Scanner::new(json);
    let mut entries = Vec::new();
    let read = scanner.list(|scanner| {
        let entry = scanner.value()?;
        if entries.len() < MAX_ENTRIES {
            entries.push(entry);
        }
        Some(())
    });
    if read.and_then(|()| scanner.end()).is_none() {
        entries.clear();
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_the_wrong_type_counts_as_missing() {
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
    fn a_long_list_is_cut_off() {
        let json = format!("[{}0]", "0,".repeat(100_000));
        assert_eq!(list(&json).len(), MAX_ENTRIES);
        assert!(Object::parse(&format!("{{\"k\":{}", "[".repeat(1_000_000))).is_none());
    }
}
