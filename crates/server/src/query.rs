//! A serde deserializer for query strings: pairs of strings, in which lists are separated by commas.

use std::borrow::Cow;

use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Error as _, IntoDeserializer, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

/// A query string.
pub(crate) struct QueryString<'a>(pub(crate) &'a str);

impl<'de> Deserializer<'de> for QueryString<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let pairs = form_urlencoded::parse(self.0.as_bytes());
        let mut map = MapDeserializer::new(pairs.map(|(name, value)| (Text(name), Text(value))));
        let value = visitor.visit_map(&mut map)?;
        map.end()?;
        Ok(value)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A name or value in a query string.
struct Text<'de>(Cow<'de, str>);

impl<'de> IntoDeserializer<'de, Error> for Text<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($deserialize:ident $visit:ident)*) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.0.parse().map_err(Error::custom)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    parsed! {
        deserialize_bool visit_bool
        deserialize_i64 visit_i64
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.into_deserializer().deserialize_enum(name, variants, visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let parts = self.0.split(',').map(str::trim).filter(|part| !part.is_empty());
        let parts: Vec<_> = parts.map(|part| Text(Cow::Owned(part.to_owned()))).collect();
        // An empty filter means all. In a query string it is more likely a mistake: a list from which
        // all entries were removed.
        if parts.is_empty() {
            return Err(Error::custom("an empty list chooses nothing; leave it out for all"));
        }
        visitor.visit_seq(SeqDeserializer::new(parts.into_iter()))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{
        EventQuery, ListQuery, Order, OverviewQuery, SpentQuery, Status, TaskId,
    };
    use serde::Deserialize;

    use super::*;

    fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, String> {
        T::deserialize(QueryString(text)).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_numbers_switches_and_names_are_read() {
        let query: ListQuery = read(
            "status=failed,%20running&ids=3,4&attention=true&order=ended_last&cursor=7.8&limit=9",
        )
        .unwrap();
        assert_eq!(query.statuses, [Status::Failed, Status::Running]);
        assert_eq!(query.ids, [TaskId(3), TaskId(4)]);
        assert_eq!((query.attention, query.order), (true, Order::EndedLast));
        assert_eq!((query.cursor, query.limit), ("7.8".parse().ok(), Some(9)));
        let query: ListQuery = read("ids=%2312").unwrap();
        assert_eq!(query.ids, [TaskId(12)]);
        for since in ["1767225600000", "2026-01-01T00:00:00Z"] {
            let query: SpentQuery = read(&format!("since={since}")).unwrap();
            assert_eq!(query.since.as_millis(), 1_767_225_600_000);
        }
        let query: OverviewQuery =
            read("day_starts=2025-12-31T23:00:00Z,2026-01-01T23:00:00Z&model=-").unwrap();
        let starts: Vec<_> = query.day_starts.iter().map(|start| start.as_millis()).collect();
        assert_eq!(starts, [1_767_222_000_000, 1_767_308_400_000]);
        assert_eq!(query.model.as_deref(), Some("-"));
        assert_eq!(read("").as_ref(), Ok(&ListQuery::default()));
        let query: EventQuery = read("after=-1&tasks=5&lasting=false&wait_ms=10").unwrap();
        assert_eq!((query.after, query.tasks), (Some(-1), vec![TaskId(5)]));
    }

    #[test]
    fn wrong_values_are_refused() {
        for wrong in [
            "status=",
            "status=,",
            "ids=x",
            "ids=0",
            "ids=-1",
            "status=nothing",
            "limit=-1",
            "limit=1&limit=2",
        ] {
            assert!(read::<ListQuery>(wrong).is_err(), "{wrong}");
        }
    }
}
