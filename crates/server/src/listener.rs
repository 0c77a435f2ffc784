//! The task that owns the HTTP server over TCP: it starts it, moves it to another address, and ends it,
//! while the engine runs.
//!
//! Where it listens is said by `[http]` in the settings, or by a client (`server start`), until `[http]` is
//! changed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use claude_worker_api::{ApiError, HttpChange, HttpSettings, HttpState, Listen};
use claude_worker_engine::{HttpCommand, HttpCommands, HttpRequest};
use claude_worker_paths::Paths;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::connections::until_closed;
use crate::file_reads::FileReads;
use crate::http_start::HttpStart;
use crate::kept_change::KeptChange;
use crate::tcp::{HttpServer, Prepared};

/// How long after a failed attempt to listen the next one follows.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// How long the listener of an address that is given up may take to close.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// The HTTP server of an engine that may not have started yet.
pub(crate) struct HttpListener {
    configured: HttpSettings,
    asked: HttpStart,
    kept: KeptChange,
    commands: HttpCommands,
    token_file: PathBuf,
    reads: FileReads,
    /// What is bound.
    bound: Option<Bound>,
    /// Why it is not, although it should be.
    problem: Option<ApiError>,
}

/// A server that is bound to an address.
struct Bound {
    prepared: Prepared,
    address: SocketAddr,
    serving: Serving,
}

enum Serving {
    /// Bound before the engine has started.
    NotYet(Box<HttpServer>),
    Now {
        /// Ends the server when it is dropped.
        close: watch::Sender<()>,
        /// Resolves when the address is free.
        free: oneshot::Receiver<()>,
    },
}

impl HttpListener {
    /// Binds the address that `asked` names, or else the settings.
    ///
    /// # Errors
    /// `invalid_request`, when a client asked for an address that cannot be bound. When another address
    /// cannot be bound, the engine runs without HTTP, tries again, and says so.
    pub(crate) async fn bind(
        configured: HttpSettings,
        asked: HttpStart,
        commands: HttpCommands,
        paths: &Paths,
    ) -> Result<Self, ApiError> {
        let kept = KeptChange::of(paths);
        let asked = match (asked, kept.change()) {
            (HttpStart::Settings, Some(change)) => HttpStart::Kept(change),
            (asked, _) => asked,
        };
        let mut listener = Self {
            configured,
            asked,
            kept,
            commands,
            token_file: paths.token.clone(),
            reads: FileReads::default(),
            bound: None,
            problem: None,
        };
        let bound = match listener.wanted() {
            Ok(Some(listen)) => match listener.prepare(listen).await {
                Ok(prepared) => prepared.bind().await.map(Some),
                Err(error) => Err(error),
            },
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        match bound {
            Ok(server) => listener.bound = server.map(Bound::new),
            Err(error) if matches!(listener.asked, HttpStart::Change(_)) => return Err(error),
            Err(error) => listener.set_problem(error),
        }
        listener.show();
        Ok(listener)
    }

    /// Reads what is needed to listen there.
    async fn prepare(&self, listen: Listen) -> Result<Prepared, ApiError> {
        Prepared::read(listen, &self.token_file, &self.reads).await
    }

    /// Serves with `serve` until the sender of `closing` is dropped, and carries out the engine's commands.
    pub(crate) async fn run<F: Future<Output = ()> + Send + 'static>(
        mut self,
        serve: impl Fn(HttpServer, watch::Receiver<()>, oneshot::Sender<()>) -> F,
        closing: watch::Receiver<()>,
    ) {
        let mut servers = JoinSet::new();
        let mut closed = std::pin::pin!(until_closed(closing));
        self.start(&serve, &mut servers);
        loop {
            tokio::select! {
                () = &mut closed => break,
                Some(_) = servers.join_next(), if !servers.is_empty() => {}
                command = self.commands.commands.recv() => match command {
                    // A file or client that does not answer keeps no engine from stopping.
                    Some(command) => tokio::select! {
                        () = &mut closed => break,
                        () = self.carry_out(command) => {}
                    },
                    // There are no handles of the engine left.
                    None => break,
                },
                () = tokio::time::sleep(RETRY_AFTER), if self.problem.is_some() => tokio::select! {
                    () = &mut closed => break,
                    () = self.retry() => {}
                },
            }
            self.start(&serve, &mut servers);
            self.show();
        }
        self.bound = None;
        self.asked = HttpStart::Settings;
        self.show();
        while servers.join_next().await.is_some() {}
    }

    async fn carry_out(&mut self, HttpCommand { request, answer }: HttpCommand) {
        let before = (self.configured.clone(), self.asked.clone());
        match request {
            HttpRequest::Change(change) => {
                self.asked = HttpStart::from(Some(change));
            }
            HttpRequest::Configure(settings) => {
                // Not by a change of the base directory, say.
                if settings.to_listen() != self.configured.to_listen() {
                    self.asked = HttpStart::Settings;
                }
                self.configured = settings;
            }
        }
        let done = match self.wanted() {
            Ok(listen) => self.switch(listen).await,
            Err(error) => Err(error),
        };
        match &done {
            Ok(()) => self.problem = None,
            Err(_) => (self.configured, self.asked) = before,
        }
        // Before the answer, so that a client that has it finds the new state.
        self.show();
        // The client may have disconnected.
        drop(answer.send(done));
    }

    /// Tries again what the settings say, for example when the address belonged to another program.
    async fn retry(&mut self) {
        let bound = match self.wanted() {
            Ok(listen) => self.switch(listen).await,
            Err(error) => Err(error),
        };
        match bound {
            Ok(()) => self.problem = None,
            Err(error) => self.set_problem(error),
        }
    }

    /// Where it should listen.
    fn wanted(&self) -> Result<Option<Listen>, ApiError> {
        let change = self.asked.change(&self.configured).unwrap_or_default();
        let settings = change.over(&self.configured);
        settings.to_listen().map_err(|error| ApiError::invalid(error).hint("Nothing was changed"))
    }

    /// Listens there instead of where it does now. After an error it listens as before.
    async fn switch(&mut self, wanted: Option<Listen>) -> Result<(), ApiError> {
        let is_same = match (&self.bound, &wanted) {
            (Some(bound), Some(wanted)) => bound.prepared.listen == *wanted,
            (None, None) => true,
            _ => false,
        };
        if is_same {
            return Ok(());
        }
        let Some(wanted) = wanted else {
            self.release().await;
            tracing::info!("HTTP is off");
            return Ok(());
        };
        let (port, prepared) = (wanted.address.port(), self.prepare(wanted).await?);
        // Two sockets cannot share a port of this machine.
        let same_port = self.bound.as_ref().is_some_and(|bound| bound.address.port() == port);
        let before = if same_port { self.release().await } else { None };
        match prepared.bind().await {
            Ok(server) => {
                self.release().await;
                self.bound = Some(Bound::new(server));
                Ok(())
            }
            Err(error) => {
                if let Some(before) = before {
                    match before.bind().await {
                        Ok(server) => self.bound = Some(Bound::new(server)),
                        Err(error) => self.set_problem(error),
                    }
                }
                Err(error)
            }
        }
    }

    /// Stops listening. Returns where it listened, with the port that the system chose.
    async fn release(&mut self) -> Option<Prepared> {
        let Bound { mut prepared, address, serving } = self.bound.take()?;
        if let Serving::Now { close, free } = serving {
            // Requests that are being answered have some time to end.
            drop(close);
            drop(tokio::time::timeout(CLOSED_WITHIN, free).await);
        }
        prepared.listen.address = address;
        Some(prepared)
    }

    /// Serves what is bound and not yet served.
    fn start<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        serve: &impl Fn(HttpServer, watch::Receiver<()>, oneshot::Sender<()>) -> F,
        servers: &mut JoinSet<()>,
    ) {
        let Some(bound) = &mut self.bound else { return };
        if matches!(bound.serving, Serving::Now { .. }) {
            return;
        }
        let (close, closing) = watch::channel(());
        let (hold, free) = oneshot::channel();
        let serving = std::mem::replace(&mut bound.serving, Serving::Now { close, free });
        if let Serving::NotYet(server) = serving {
            tracing::info!(address = %bound.address, tls = bound.prepared.listen.tls.is_some(), "HTTP is on");
            servers.spawn(serve(*server, closing, hold));
        }
    }

    fn set_problem(&mut self, error: ApiError) {
        if self.problem.as_ref() != Some(&error) {
            tracing::error!(%error, "HTTP is not served");
        }
        self.problem = Some(error);
    }

    /// Tells clients where it listens.
    fn show(&mut self) {
        let bound = self.bound.as_ref();
        let listen = bound.map(|bound| &bound.prepared.listen);
        let change = self.asked.change(&self.configured).map(|change| match bound {
            // With the port that the system chose, which the next engine shall keep.
            Some(bound) if change.listen.is_some() => {
                HttpChange { listen: Some(bound.address.to_string()), ..change }
            }
            _ => change,
        });
        self.kept.keep(change.clone());
        // An engine that is asked for it does not start if the port is still in use.
        let must_bind = matches!(self.asked, HttpStart::Change(_));
        let change = change.filter(|_| bound.is_some() || must_bind);
        let state = HttpState {
            url: bound.map(|bound| bound.prepared.listen.local_url(bound.address)),
            address: bound.map(|bound| bound.address.to_string()),
            allow_hosts: listen.map(|listen| listen.allow_hosts.clone()).unwrap_or_default(),
            behind_proxy: listen.is_some_and(|listen| listen.behind_proxy),
            problem: self.problem.as_ref().map(HttpState::problem_of),
            configured: self.configured.listen.clone(),
            change,
            token_file: self.token_file.display().to_string(),
        };
        self.commands.state.send_if_modified(|shown| {
            let differs = *shown != state;
            *shown = state;
            differs
        });
    }
}

impl Bound {
    fn new(server: HttpServer) -> Self {
        Self {
            prepared: server.prepared().clone(),
            address: server.address(),
            serving: Serving::NotYet(Box::new(server)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use claude_worker_engine::HttpControl;
    use tokio::sync::mpsc;

    use super::*;

    async fn until_it_is_closed(
        server: HttpServer,
        closing: watch::Receiver<()>,
        hold: oneshot::Sender<()>,
    ) {
        until_closed(closing).await;
        drop((server, hold));
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_of_the_settings_is_tried_again_until_it_is_free() {
        let place = tempfile::tempdir().unwrap();
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = taken.local_addr().unwrap();
        let settings = HttpSettings { listen: at.to_string(), ..HttpSettings::default() };
        let (control, commands) = HttpControl::channel();
        let paths = Paths::below(place.path());
        let listener = HttpListener::bind(settings.clone(), HttpStart::Settings, commands, &paths);
        let listener = listener.await.unwrap();
        let problem = control.state().problem.unwrap();
        assert!(problem.contains(&format!("Port {} is in use", at.port())), "{problem}");
        let (_open, closing) = watch::channel(());
        let run = tokio::spawn(listener.run(until_it_is_closed, closing));
        tokio::time::sleep(RETRY_AFTER * 3).await;
        assert_eq!(control.state().url, None);
        drop(taken);
        tokio::time::sleep(RETRY_AFTER * 2).await;
        let state = control.state();
        assert_eq!((state.url, state.problem), (Some(format!("http://{at}")), None));
        run.abort();
        // An explicit request for the address is refused instead.
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let asked = HttpStart::Change(HttpChange::at(taken.local_addr().unwrap().to_string()));
        let (_control, commands) = HttpControl::channel();
        let refused = HttpListener::bind(settings, asked, commands, &paths).await;
        assert!(refused.err().unwrap().message.contains("is in use"));
    }
    #[tokio::test(start_paused = true)]
    async fn a_certificate_that_is_not_read_closes_no_listener_and_delays_no_end() {
        let place = tempfile::tempdir().unwrap();
        let settings = HttpSettings { listen: "127.0.0.1:0".to_owned(), ..HttpSettings::default() };
        let (asks, commands) = mpsc::channel(8);
        let (state, shown) = watch::channel(HttpState::default());
        let commands = HttpCommands { commands, state };
        let paths = Paths::below(place.path());
        let listener = HttpListener::bind(settings, HttpStart::Settings, commands, &paths);
        let listener = listener.await.unwrap();
        let before = shown.borrow().clone();
        let at = before.address.clone().unwrap();
        // A thread reads the file, and never ends.
        let turn = listener.reads.turn(Path::new("/gone/tls.pem"));
        let _hanging = turn.lock_owned().await;
        let (open, closing) = watch::channel(());
        let run = tokio::spawn(listener.run(until_it_is_closed, closing));
        let ask = || {
            let change = HttpChange {
                tls_certificate: Some("/gone/tls.pem".to_owned()),
                tls_key: Some("/gone/tls.key".to_owned()),
                ..HttpChange::at(at.clone())
            };
            let (answer, answered) = oneshot::channel();
            let request = HttpRequest::Change(change);
            asks.try_send(HttpCommand { request, answer }).unwrap();
            answered
        };
        let error = ask().await.unwrap().unwrap_err();
        assert!(error.message.contains("/gone/tls.pem was not read within"), "{error}");
        assert_eq!(*shown.borrow(), before);
        tokio::net::TcpStream::connect(&at).await.unwrap();
        let asked = ask();
        let start = tokio::time::Instant::now();
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(open);
        run.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 1, "the end waited for the file");
        asked.await.unwrap_err();
        assert_eq!(shown.borrow().url, None);
    }
}
