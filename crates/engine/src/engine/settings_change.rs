//! Changes of the settings: the listener of HTTP, the file, and the dispatcher take part.

use std::sync::Arc;

use claude_worker_api::{ApiError, Settings, SettingsChange, TaskApi};

use super::Engine;
use super::answers::unexpected;
use crate::hosting::HttpRequest;
use crate::message::{Reply, Request};
use crate::settings;

impl Engine {
    /// Moves the listener, writes the file, and lets the dispatcher know.
    pub(super) async fn change_settings(
        &self,
        change: SettingsChange,
    ) -> Result<Settings, ApiError> {
        let _turn = self.inner.changing_settings.lock().await;
        let written = self.write_settings(change).await?;
        match self.ask(Request::Configure(Arc::new(written))).await? {
            Reply::Configured => self.settings().await,
            other => Err(unexpected(&other)),
        }
    }

    /// Writes a change of the settings into the file, and returns what the file says then. An address
    /// for HTTP that cannot be used is refused before anything is written.
    async fn write_settings(&self, change: SettingsChange) -> Result<Settings, ApiError> {
        let http = &self.inner.hosting.http;
        let in_force = self.inner.config.now();
        let wanted = in_force.changed(change.clone())?.http;
        let listens_anew = wanted != in_force.http && wanted.to_listen().is_ok();
        if listens_anew {
            http.ask(HttpRequest::Configure(wanted.clone())).await?;
        }
        let written = self
            .read(move |inner| settings::write(&inner.paths, &inner.config.now(), change))
            .await;
        let now = written.as_ref().map_or(&in_force.http, |written| &written.http);
        if *now != if listens_anew { wanted } else { in_force.http.clone() } {
            // What a person wrote into the file meanwhile, or what was in force before.
            drop(http.ask(HttpRequest::Configure(now.clone())).await);
        }
        written
    }
}
