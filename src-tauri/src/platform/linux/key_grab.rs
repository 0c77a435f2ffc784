//! A global keyboard shortcut on X11: the X server tells this program about the keys, whatever program
//! has the focus (a passive grab).
//!
//! global-hotkey does the same and wakes up twenty times a second to look for key presses; this waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claude_worker_desktop::shortcut::{Modifiers, Shortcut};
use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{ConnectionExt, GrabMode, Keycode, ModMask, Window};
use x11rb::protocol::{ErrorKind, Event};
use x11rb::rust_connection::RustConnection;

/// Caps Lock and Num Lock: the X server compares all modifiers, and these do not matter.
const LOCKS: [ModMask; 2] = [ModMask::LOCK, ModMask::M2];

/// The shortcut in force. It ends with the process.
pub(crate) struct KeyGrab {
    shared: Arc<Shared>,
}

struct Shared {
    connection: RustConnection,
    root: Window,
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    /// The shortcut that was set. A keyboard layout may have no key for it.
    wanted: Option<Shortcut>,
    grabbed: Option<(Shortcut, Keycode)>,
}

impl KeyGrab {
    /// Connects to the X server. `on_press` gets the server's time of the key press.
    ///
    /// # Errors
    /// A sentence that says why shortcuts cannot be set here.
    pub(crate) fn new(on_press: Box<dyn Fn(u32) + Send>) -> Result<Self, String> {
        let (connection, screen) = RustConnection::connect(None)
            .map_err(|error| format!("The X server cannot be reached: {error}"))?;
        let root = connection.setup().roots[screen].root;
        let shared = Arc::new(Shared { connection, root, current: Mutex::default() });
        let waiting = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("shortcut".to_owned())
            .spawn(move || waiting.wait(&*on_press))
            .map_err(|error| format!("No thread can be started: {error}"))?;
        Ok(Self { shared })
    }

    /// Replaces the shortcut; `None` ends it.
    ///
    /// # Errors
    /// A sentence that says why it is not in force. There is none then.
    pub(crate) fn set(&self, shortcut: Option<Shortcut>) -> Result<(), String> {
        self.shared.set(shortcut)
    }
}

impl Shared {
    /// Waits for key presses until the connection ends.
    fn wait(&self, on_press: &dyn Fn(u32)) {
        loop {
            match self.connection.wait_for_event() {
                Ok(Event::KeyPress(event)) => on_press(event.time),
                // Another layout of the keyboard may have the key in another place.
                Ok(Event::MappingNotify(_)) => {
                    let mut current = self.current();
                    let (wanted, had_key) = (current.wanted, current.grabbed.is_some());
                    match self.grab_instead(&mut current, wanted) {
                        Ok(()) if wanted.is_some() && !had_key => {
                            tracing::info!("the shortcut has a key in the keyboard layout again");
                        }
                        Ok(()) => {}
                        Err(error) => {
                            tracing::warn!(error, "the shortcut has no key in the keyboard layout");
                        }
                    }
                }
                Ok(_) => {}
                Err(error) => return tracing::warn!(%error, "the shortcut ends"),
            }
        }
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, shortcut: Option<Shortcut>) -> Result<(), String> {
        let mut current = self.current();
        let set = self.grab_instead(&mut current, shortcut);
        current.wanted = shortcut.filter(|_| set.is_ok());
        set
    }

    fn grab_instead(
        &self,
        current: &mut Current,
        shortcut: Option<Shortcut>,
    ) -> Result<(), String> {
        if let Some((before, keycode)) = current.grabbed.take() {
            self.ungrab(before, keycode);
        }
        let Some(shortcut) = shortcut else { return Ok(()) };
        let failed = |error: &dyn std::fmt::Display| format!("{shortcut} cannot be set: {error}");
        let keycode = self
            .keycode(shortcut.key.keysym())
            .map_err(|error| failed(&error))?
            .ok_or_else(|| format!("This keyboard has no key for {shortcut}"))?;
        if let Err(error) = self.grab(shortcut, keycode) {
            self.ungrab(shortcut, keycode);
            return Err(match error {
                ReplyError::X11Error(error) if error.error_kind == ErrorKind::Access => {
                    format!("Another program uses {shortcut}; choose another shortcut")
                }
                error => failed(&error),
            });
        }
        current.grabbed = Some((shortcut, keycode));
        Ok(())
    }

    fn grab(&self, shortcut: Shortcut, keycode: Keycode) -> Result<(), ReplyError> {
        for mask in masks(shortcut.modifiers) {
            let (root, mode) = (self.root, GrabMode::ASYNC);
            self.connection.grab_key(false, root, mask, keycode, mode, mode)?.check()?;
        }
        Ok(())
    }

    fn ungrab(&self, shortcut: Shortcut, keycode: Keycode) {
        for mask in masks(shortcut.modifiers) {
            if let Ok(sent) = self.connection.ungrab_key(keycode, self.root, mask) {
                // A combination that was not grabbed is no error.
                drop(sent.check());
            }
        }
    }

    /// The key that has this keysym.
    fn keycode(&self, keysym: u32) -> Result<Option<Keycode>, ReplyError> {
        let setup = self.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let mapping = self.connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
        let mut keys = mapping.keysyms.chunks(usize::from(mapping.keysyms_per_keycode).max(1));
        let index = keys.position(|keysyms| keysyms.contains(&keysym));
        Ok(index.and_then(|index| u8::try_from(index).ok()).map(|index| first + index))
    }
}

/// The modifiers with each combination of the locks.
fn masks(modifiers: Modifiers) -> Vec<ModMask> {
    let Modifiers { ctrl, alt, shift, logo } = modifiers;
    let held = [
        (ctrl, ModMask::CONTROL),
        (alt, ModMask::M1),
        (shift, ModMask::SHIFT),
        (logo, ModMask::M4),
    ];
    let held = held.into_iter().filter(|(held, _)| *held);
    let base = held.fold(ModMask::from(0_u16), |mask, (_, bit)| mask | bit);
    let [caps, number] = LOCKS;
    vec![base, base | caps, base | number, base | caps | number]
}
