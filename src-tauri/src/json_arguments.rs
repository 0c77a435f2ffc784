//! The arguments of a call of the engine's API, as the pages write them.

use claude_worker_api::{ApiError, ReadArguments, TaskId};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An object that holds the arguments under `id`, `query` and `body`.
pub(crate) struct JsonArguments(pub(crate) Value);

impl JsonArguments {
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ApiError> {
        let value = self.0.get_mut(name).map(Value::take).unwrap_or_default();
        serde_json::from_value(value).map_err(|error| ApiError::invalid(format!("{name}: {error}")))
    }
}

impl ReadArguments for JsonArguments {
    fn id(&mut self) -> Result<TaskId, ApiError> {
        self.take("id")
    }

    fn query<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        self.take("query")
    }

    fn body<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        self.take("body")
    }

    fn finish(&mut self) -> Result<(), ApiError> {
        Ok(())
    }
}
