//! The messages that the app sends to the pages in its window.

use std::path::Path;

use claude_worker_api::{ApiError, Event};
use serde::Serialize;

/// A message to a page that has subscribed to the engine's events.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum EventMessage {
    /// Events, each exactly once. The first message of an engine may be empty: it reports the end of
    /// the stream, and that the engine is there.
    Events {
        /// The events, in order.
        events: Vec<Event>,
        /// The value for `after` to continue from here.
        next: i64,
        /// Whether events were skipped: the page must read the tasks again.
        gap: bool,
    },
    /// There is no engine. `Events` follows as soon as there is one.
    Away {
        /// The reason.
        error: ApiError,
    },
}

/// A message to the pages about the window.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum WindowMessage {
    /// Go to this page.
    Open {
        /// Its address, as in `location.hash`: `#/task/12`.
        route: String,
    },
    /// Files are being dragged over the window, or no longer.
    Hovering {
        /// Whether they are over the window.
        over: bool,
    },
    /// Files were dropped on the window. The command `read_dropped` reads them.
    Dropped {
        /// Their paths.
        paths: Vec<DroppedPath>,
        /// Where, in CSS pixels of the page.
        x: f64,
        /// Where, in CSS pixels of the page.
        y: f64,
    },
}

/// A dropped file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DroppedPath {
    path: String,
    /// Whether it is a directory.
    directory: bool,
}

impl DroppedPath {
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: path.display().to_string(), directory: path.is_dir() }
    }
}
