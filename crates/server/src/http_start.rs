//! How an engine that starts serves HTTP, and the arguments that say so to its program.

use std::ffi::OsString;

use claude_worker_api::{AUTO, ApiError, HttpChange, HttpSettings};

/// The hidden subcommand of the command line that runs an engine in the background.
pub const SERVE: &str = "serve";

const CHANGE: &str = "--http";
const DEFAULT: &str = "--http-default";

/// How an engine that starts serves HTTP over TCP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum HttpStart {
    /// As `[http]` in `config.toml` says. An address that cannot be bound keeps no engine from starting.
    #[default]
    Settings,
    /// At this port of 127.0.0.1, unless `[http]` names an address or `off`. A port in use keeps no engine
    /// from starting.
    Default(u16),
    /// As a client asked. The engine does not start when that address cannot be bound.
    Change(HttpChange),
    /// As a client asked the engine before, which was not stopped. An address that cannot be bound keeps no
    /// engine from starting.
    Kept(HttpChange),
}

impl From<Option<HttpChange>> for HttpStart {
    /// No change, and an empty one, mean the settings.
    fn from(change: Option<HttpChange>) -> Self {
        change.filter(|change| !change.is_empty()).map_or(Self::Settings, Self::Change)
    }
}

impl HttpStart {
    /// What this changes of the settings.
    pub(crate) fn change(&self, settings: &HttpSettings) -> Option<HttpChange> {
        match self {
            Self::Change(change) | Self::Kept(change) => Some(change.clone()),
            Self::Default(port) if settings.listen == AUTO => Some(HttpChange::at_port(*port)),
            Self::Default(_) | Self::Settings => None,
        }
    }

    /// The arguments of a program that runs an engine in the background: [`SERVE`], and how it serves
    /// HTTP if not as the settings say.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![SERVE.to_owned()];
        match self {
            Self::Settings => {}
            Self::Default(port) => arguments.extend([DEFAULT.to_owned(), port.to_string()]),
            Self::Change(change) | Self::Kept(change) => {
                let change = serde_json::to_string(change).ok();
                arguments.extend(change.into_iter().flat_map(|json| [CHANGE.to_owned(), json]));
            }
        }
        arguments
    }

    /// Reads what follows [`SERVE`].
    ///
    /// # Errors
    /// `invalid_request` with the argument that is wrong.
    pub fn from_arguments(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, ApiError> {
        match arguments.next() {
            None => Ok(Self::Settings),
            Some(flag) if flag == DEFAULT => arguments
                .next()
                .and_then(|port| port.to_str()?.parse().ok())
                .map(Self::Default)
                .ok_or_else(|| ApiError::invalid("serve --http-default needs a port")),
            Some(flag) if flag == CHANGE => arguments
                .next()
                .and_then(|change| serde_json::from_str(change.to_str()?).ok())
                .map(Self::Change)
                .ok_or_else(|| ApiError::invalid("serve --http needs a JSON object")),
            Some(other) => {
                Err(ApiError::invalid(format!("serve does not know {}", other.display())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_a_background_engine_are_read_as_they_were_written() {
        let change = HttpChange { listen: Some("127.0.0.1:0".to_owned()), ..HttpChange::default() };
        for start in [HttpStart::Settings, HttpStart::Default(8000), HttpStart::Change(change)] {
            let arguments = start.arguments().into_iter().skip(1).map(OsString::from);
            assert_eq!(HttpStart::from_arguments(arguments), Ok(start));
        }
        let refusal = |argument: &str| {
            HttpStart::from_arguments([OsString::from(argument)].into_iter()).unwrap_err().message
        };
        assert!(refusal("--http").contains("JSON"));
        assert!(refusal("--https").contains("--https"));
    }

    #[test]
    fn the_default_port_leaves_the_settings_their_say() {
        let settings =
            |listen: &str| HttpSettings { listen: listen.to_owned(), ..HttpSettings::default() };
        let listen = |of: &HttpSettings| HttpStart::Default(9).change(of)?.listen;
        assert_eq!(listen(&HttpSettings::default()).as_deref(), Some("127.0.0.1:9"));
        assert_eq!(listen(&settings("off")), None);
        assert_eq!(listen(&settings("127.0.0.1:1")), None);
    }
}
