//! What the pages in the window may call, and what they are told unasked.
//!
//! [`tasks`] is the engine's interface, one command per method of `TaskApi`, with the same names
//! and types. [`desktop`] is what needs a desktop. Both reject with an `ApiError` as JSON. Events
//! and asks from outside come through two channels: [`EventMessage`] ([`events`]) and
//! [`WindowMessage`].

#![expect(clippy::needless_pass_by_value, reason = "Tauri hands over by value what a call has")]

pub(crate) mod desktop;
pub(crate) mod events;
pub(crate) mod tasks;

use claude_worker_api::{ApiError, Event};
use serde::Serialize;

/// What a page that subscribed to events is told, in order.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum EventMessage {
    /// Events, each once. The first message of an engine may have none: it says where the stream
    /// stands, and that the engine is there.
    Events {
        /// The events, in order.
        events: Vec<Event>,
        /// Pass as `after` to go on.
        next: i64,
        /// Whether some were missed: read the tasks anew.
        gap: bool,
    },
    /// There is no engine. `Events` follows when there is one again.
    Away {
        /// Why.
        error: ApiError,
    },
}

/// What the pages are told by the desktop.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum WindowMessage {
    /// Go to this page.
    Open {
        /// Its address, as in `location.hash`: `#/task/12`.
        route: String,
    },
    /// Files are held over the window, or no longer.
    Hovering {
        /// Whether they are.
        over: bool,
    },
    /// Files were dropped on the window. `read_dropped` reads them.
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
    /// Where it is.
    path: String,
    /// Whether it is a directory.
    directory: bool,
}

impl DroppedPath {
    pub(crate) fn of(path: &std::path::Path) -> Self {
        Self { path: path.display().to_string(), directory: path.is_dir() }
    }
}
