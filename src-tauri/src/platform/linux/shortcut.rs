//! The global keyboard shortcut: from the X server, or on Wayland from the desktop's portal.

use std::sync::{Arc, Mutex, PoisonError};

use claude_worker_desktop::shortcut::Shortcut;
use gtk::glib::prelude::ObjectExt;
use tokio::sync::watch;

use super::key_grab::KeyGrab;
use super::shortcut_portal::{Outcome, serve};

/// Called for each key press, with the X server's time of it where that is known.
type OnPress = Arc<dyn Fn(Option<u32>) + Send + Sync>;

/// The shortcut in force. It ends with the process.
pub(crate) enum Grab {
    X11(KeyGrab),
    Portal(Arc<Portal>),
}

/// A shortcut of the portal, which answers later.
pub(crate) struct Portal {
    wanted: watch::Sender<Option<Shortcut>>,
    state: Mutex<State>,
}

enum State {
    /// The portal has not answered yet.
    Asked,
    Answered(Outcome),
    /// There is no portal: keys are grabbed, which at least programs for X11 let happen.
    Grabbed(KeyGrab, Option<String>),
    /// Shortcuts cannot be set here. A sentence that says why.
    Unsupported(String),
}

/// What is known of the shortcut that was set last.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct InForce {
    /// The keys as the desktop calls them, if it chose them.
    pub(crate) keys: Option<String>,
    /// Why it does not work.
    pub(crate) problem: Option<String>,
    /// Whether shortcuts cannot be set here at all.
    pub(crate) unsupported: bool,
}

impl Grab {
    /// Connects to the X server, or begins to ask the portal. Only on the main thread.
    ///
    /// # Errors
    /// A sentence that says why shortcuts cannot be set here.
    pub(crate) fn new(on_press: OnPress) -> Result<Self, String> {
        // Also a program for X11 that runs in a Wayland session gets no keys that are pressed in others.
        if std::env::var_os("WAYLAND_DISPLAY").is_none_or(|name| name.is_empty()) && is_x11() {
            return KeyGrab::new(Box::new(move |time| on_press(Some(time)))).map(Self::X11);
        }
        let (wanted, wishes) = watch::channel(None);
        let portal = Arc::new(Portal { wanted, state: Mutex::new(State::Asked) });
        let (told, is_x11) = (Arc::clone(&portal), is_x11());
        tauri::async_runtime::spawn(async move {
            let press = Arc::clone(&on_press);
            let on_portal_press = move || press(None);
            let report = |outcome| told.set_state(State::Answered(outcome));
            let Err(error) = serve(wishes, &on_portal_press, report).await else { return };
            tracing::debug!(%error, "no portal for shortcuts");
            told.without_portal(is_x11, on_press);
        });
        Ok(Self::Portal(portal))
    }

    /// Replaces the shortcut; `None` ends it.
    ///
    /// # Errors
    /// A sentence that says why it is not in force. There is none then.
    pub(crate) fn set(&self, shortcut: Option<Shortcut>) -> Result<(), String> {
        match self {
            Self::X11(grab) => grab.set(shortcut),
            Self::Portal(portal) => portal.set(shortcut),
        }
    }

    /// What has become known since.
    pub(crate) fn in_force(&self) -> InForce {
        match self {
            Self::X11(_) => InForce::default(),
            Self::Portal(portal) => portal.in_force(),
        }
    }
}

impl Portal {
    fn set(&self, shortcut: Option<Shortcut>) -> Result<(), String> {
        let mut state = self.state();
        self.wanted.send_replace(shortcut);
        match &mut *state {
            State::Grabbed(grab, problem) => {
                *problem = None;
                grab.set(shortcut)
            }
            State::Unsupported(why) if shortcut.is_some() => Err(why.clone()),
            State::Unsupported(_) => Ok(()),
            State::Asked | State::Answered(_) => {
                *state = State::Asked;
                Ok(())
            }
        }
    }

    fn without_portal(&self, is_x11: bool, on_press: OnPress) {
        let mut state = self.state();
        *state = if !is_x11 {
            State::Unsupported("Wayland lets no program set a shortcut by itself".to_owned())
        } else {
            match KeyGrab::new(Box::new(move |time| on_press(Some(time)))) {
                Ok(grab) => {
                    let set = grab.set(*self.wanted.borrow());
                    State::Grabbed(grab, set.err())
                }
                Err(why) => State::Unsupported(why),
            }
        };
    }

    fn in_force(&self) -> InForce {
        match &*self.state() {
            State::Asked | State::Answered(Outcome::Off) => InForce::default(),
            State::Answered(Outcome::InForce(keys)) => {
                InForce { keys: Some(keys.clone()), ..InForce::default() }
            }
            State::Answered(Outcome::Refused(why)) => {
                InForce { problem: Some(why.clone()), ..InForce::default() }
            }
            State::Grabbed(_, problem) => {
                InForce { problem: problem.clone(), ..InForce::default() }
            }
            State::Unsupported(why) => {
                InForce { problem: Some(why.clone()), unsupported: true, ..InForce::default() }
            }
        }
    }

    fn set_state(&self, state: State) {
        *self.state() = state;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the windows of this program are on an X server. Only on the main thread.
fn is_x11() -> bool {
    gtk::gdk::Display::default().is_some_and(|display| display.type_().name() == "GdkX11Display")
}
