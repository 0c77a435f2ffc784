//! Values that a newer version has added and this one does not know.
//!
//! An older client may talk to a newer engine, and an older engine may read rows that a newer one has
//! written. So every enum that is read from the wire or from storage has a variant `Unknown`, of two
//! kinds:
//!
//! - An enum of plain names gets `#[serde(untagged)] Unknown(UnknownName)`, which serde tries when no
//!   other variant has the name.
//! - An enum with a tag and fields gets `#[serde(skip)] Unknown(UnknownValue)`,
//!   `#[serde(remote = "Self")]`, and `reads_unknown` with the name of its tag. A known tag with
//!   missing or wrong fields is still an error: the data is damaged, not newer.
//!
//! Requests must not contain unknown values: enums that only appear in requests have no such variant,
//! lists in requests are read with `known`, and the engine refuses the others by name.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The longest name that is kept, in bytes.
const MAX_NAME_BYTES: usize = 64;
/// How many different names are kept; more than all versions together will ever add.
const MAX_NAMES: usize = 256;

/// A name that this version does not know, as it was read. It is safe to show: every character other
/// than letters, digits, dots, dashes and underscores is replaced by a question mark, and the name is
/// cut after 64 characters. Once a process has read 256 different names, further names become
/// `unknown`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownName(&'static str);

impl UnknownName {
    /// The name. Names are kept until the process ends, so that enums with an `Unknown` variant can be
    /// `Copy`; that is why their number is limited.
    #[must_use]
    pub fn new(text: &str) -> Self {
        static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        Self(keep(&mut KEPT.lock().unwrap_or_else(PoisonError::into_inner), text))
    }

    /// The text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

fn keep(kept: &mut BTreeSet<&'static str>, text: &str) -> &'static str {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '?' };
    let name: String = text.chars().take(MAX_NAME_BYTES).map(safe).collect();
    if let Some(name) = kept.get(name.as_str()) {
        return name;
    }
    if kept.len() >= MAX_NAMES || name.is_empty() {
        return "unknown";
    }
    let name: &'static str = Box::leak(name.into_boxed_str());
    kept.insert(name);
    name
}

impl fmt::Debug for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for UnknownName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for UnknownName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&String::deserialize(deserializer)?))
    }
}

/// A tagged value that this version does not know, with all its fields, so that it can be shown and
/// written back. The fields are written back unchanged, the tag as [`UnknownName`] keeps it: unchanged
/// for every name that a version of Claude Worker would use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownValue {
    /// The value of its tag.
    pub name: UnknownName,
    /// Its fields, without the tag.
    pub fields: Map<String, Value>,
}

impl UnknownValue {
    /// A value with a name and no fields.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: UnknownName::new(name), fields: Map::new() }
    }

    /// The value of a field that is a string.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_str()
    }

    /// The value of a field of any type.
    #[must_use]
    pub fn get<T: for<'de> Deserialize<'de>>(&self, field: &str) -> Option<T> {
        T::deserialize(self.fields.get(field)?).ok()
    }

    /// For [`reads_unknown`].
    ///
    /// # Errors
    /// Those of the serializer.
    #[doc(hidden)]
    pub fn write<S: Serializer>(
        &self,
        tag: &'static str,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.fields.len()))?;
        map.serialize_entry(tag, self.name.as_str())?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A tagged enum for which [`reads_unknown`] implements reading of unknown tags.
#[doc(hidden)]
pub trait Tagged: Sized {
    /// The name of the tag.
    const TAG: &'static str;
    /// Reads a known variant, as serde derives it.
    ///
    /// # Errors
    /// For an unknown tag, and for fields that are missing or wrong.
    fn read_known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
    /// The variant for unknown tags.
    fn unknown(value: UnknownValue) -> Self;
}

/// Implements `Serialize` and `Deserialize` for a tagged enum that is declared with
/// `#[serde(remote = "Self")]` and has a variant `Unknown(UnknownValue)`.
#[macro_export]
macro_rules! reads_unknown {
    ($name:ident, $tag:literal) => {
        impl $crate::unknown::Tagged for $name {
            const TAG: &'static str = $tag;
            fn read_known<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                Self::deserialize(deserializer)
            }
            fn unknown(value: $crate::UnknownValue) -> Self {
                Self::Unknown(value)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::unknown::read(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::Unknown(value) => value.write($tag, serializer),
                    known => Self::serialize(known, serializer),
                }
            }
        }
    };
}

/// Reads a tagged enum.
///
/// # Errors
/// When it has no tag, or a known tag with missing or wrong fields.
#[doc(hidden)]
pub fn read<'de, T: Tagged, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(Reader(PhantomData))
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Tagged> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the field `{}`", T::TAG)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        // The engine writes the tag first; then no fields before it have to be kept.
        let mut before = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key != T::TAG {
                before.insert(key, map.next_value()?);
                continue;
            }
            let name: String = map.next_value()?;
            if !is_known::<T>(&name) {
                let mut fields = before;
                while let Some((key, value)) = map.next_entry()? {
                    fields.insert(key, value);
                }
                return Ok(T::unknown(UnknownValue { name: UnknownName::new(&name), fields }));
            }
            if before.is_empty() {
                return T::read_known(MapAccessDeserializer::new(TagFirst {
                    tag: Some(T::TAG),
                    name: Some(name),
                    rest: map,
                }));
            }
            before.insert(key, Value::String(name));
            while let Some((key, value)) = map.next_entry()? {
                before.insert(key, value);
            }
            return T::read_known(Value::Object(before)).map_err(A::Error::custom);
        }
        Err(A::Error::missing_field(T::TAG))
    }
}

/// Whether an enum has a variant of this name. The derived reader is given a value with only the tag:
/// it reports an unknown variant only if there is none of this name.
fn is_known<T: Tagged>(name: &str) -> bool {
    let tag = std::iter::once((T::TAG, name));
    !matches!(
        T::read_known(MapDeserializer::<_, ReadError>::new(tag)),
        Err(ReadError::UnknownVariant)
    )
}

/// The error of a value that cannot be read, reduced to what [`is_known`] needs.
#[derive(Debug)]
enum ReadError {
    UnknownVariant,
    Other,
}

impl Error for ReadError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Other
    }
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::UnknownVariant
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for ReadError {}

/// A map whose tag has already been read.
struct TagFirst<A> {
    tag: Option<&'static str>,
    name: Option<String>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for TagFirst<A> {
    type Error = A::Error;

    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.tag.take() {
            Some(tag) => seed.deserialize(tag.into_deserializer()).map(Some),
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, A::Error> {
        match self.name.take() {
            Some(name) => seed.deserialize(name.into_deserializer()),
            None => self.rest.next_value_seed(seed),
        }
    }
}

/// Reads a list of names in a request and refuses unknown ones. For `deserialize_with`.
///
/// # Errors
/// For an unknown name; the message lists the known ones.
pub(crate) fn known<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err = String>,
    D: Deserializer<'de>,
{
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| name.parse().map_err(D::Error::custom)).collect()
}

/// Reads a filter that must not be an empty list; leaving it out means all.
///
/// # Errors
/// For an empty list.
pub(crate) fn non_empty<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    at_least_one(Vec::deserialize(deserializer)?)
}

/// [`known`] and [`non_empty`].
///
/// # Errors
/// For an empty list, and for an unknown name.
pub(crate) fn known_and_non_empty<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err = String>,
    D: Deserializer<'de>,
{
    at_least_one(known(deserializer)?)
}

fn at_least_one<T, E: Error>(list: Vec<T>) -> Result<Vec<T>, E> {
    if list.is_empty() {
        Err(E::custom("an empty list chooses nothing; leave it out for all"))
    } else {
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe_and_their_number_is_limited() {
        assert_eq!(UnknownName::new("of_tomorrow").as_str(), "of_tomorrow");
        assert_eq!(UnknownName::new("a\u{1b}[31m b").as_str(), "a??31m?b");
        assert_eq!(UnknownName::new("").as_str(), "unknown");
        assert_eq!(UnknownName::new(&"x".repeat(1000)).as_str().len(), MAX_NAME_BYTES);
        let mut kept = BTreeSet::new();
        for n in 0..MAX_NAMES {
            assert_eq!(keep(&mut kept, &format!("name-{n}")), format!("name-{n}"));
        }
        assert_eq!(keep(&mut kept, "one_too_many"), "unknown");
        assert_eq!(keep(&mut kept, "name-7"), "name-7");
    }
}
