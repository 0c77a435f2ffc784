//! The answer with all metrics.

use schemars::generate::SchemaGenerator;
use schemars::{Schema, json_schema};

use crate::ApiError;
use crate::call::{Answer, Reply};

/// All metrics of an engine, in Prometheus' text format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetricsText(pub String);

impl Answer for MetricsText {
    const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    fn into_reply(self) -> Result<Reply, ApiError> {
        Ok(Reply { media_type: Self::MEDIA_TYPE, headers: Vec::new(), body: self.0.into_bytes() })
    }

    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        Some(json_schema!({ "type": "string" }))
    }

    fn from_reply(_: impl Fn(&str) -> Option<String>, body: Vec<u8>) -> Result<Self, ApiError> {
        Ok(Self(String::from_utf8_lossy(&body).into_owned()))
    }
}
