//! The windows on the X server, clicks on their buttons, and key presses.

use std::path::Path;
use std::process::Command;

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent,
    ConfigureWindowAux, ConnectionExt, EventMask, GrabMode, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
    MOTION_NOTIFY_EVENT, MapState, ModMask, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::desktop::Desktop;
use crate::process::until_some;

/// The distance from a dialog's lower edge to the middle of its buttons, in pixels.
const BUTTON_HEIGHT: i16 = 18;

/// Keys, as the X protocol numbers them.
pub(crate) const CONTROL: u32 = 0xffe3;
pub(crate) const ALT: u32 = 0xffe9;
pub(crate) const SPACE: u32 = 0x20;
pub(crate) const ENTER: u32 = 0xff0d;
pub(crate) const ESCAPE: u32 = 0xff1b;

/// The screen of a desktop.
pub(crate) struct Screen {
    connection: RustConnection,
    root: Window,
    display: String,
}

impl Screen {
    /// Connects to the X server of this desktop.
    pub(crate) fn of(desktop: &Desktop) -> Self {
        let display = desktop.value("DISPLAY").to_owned();
        let (connection, number) = RustConnection::connect(Some(&display)).unwrap();
        let root = connection.setup().roots[number].root;
        Self { connection, root, display }
    }

    /// The titles of the visible windows.
    pub(crate) fn titles(&self) -> Vec<String> {
        self.windows().into_iter().map(|(_, title)| title).collect()
    }

    /// Waits for a window whose title contains this text and closes it, as the button in its title bar
    /// does.
    #[track_caller]
    pub(crate) fn close(&self, text: &str) {
        let window = until_some(&format!("there is a window \"{text}\""), || {
            self.windows().into_iter().find(|(_, title)| title.contains(text))
        });
        let data = [self.atom("WM_DELETE_WINDOW"), 0, 0, 0, 0];
        let event = ClientMessageEvent::new(32, window.0, self.atom("WM_PROTOCOLS"), data);
        self.connection.send_event(false, window.0, EventMask::NO_EVENT, event).unwrap();
        self.sync();
    }

    /// Whether a program owns this selection. Some services of a desktop are found by one.
    pub(crate) fn is_owned(&self, selection: &str) -> bool {
        let selection = self.atom(selection);
        self.connection.get_selection_owner(selection).unwrap().reply().unwrap().owner != 0
    }

    /// Gives the window whose title contains this text another size, as its frame does. Without a
    /// window manager, nothing puts the window back onto the screen.
    pub(crate) fn resize(&self, text: &str, width: u16, height: u16) {
        let window = self.client(text);
        let size = ConfigureWindowAux::new().width(u32::from(width)).height(u32::from(height));
        self.connection.configure_window(window, &size).unwrap();
        self.sync();
    }

    /// Takes a picture of the window whose title contains this text, as it is on the screen.
    pub(crate) fn picture(&self, text: &str, file: &Path) {
        let mut import = Command::new("import");
        import.args(["-display", &self.display, "-window", &self.client(text).to_string()]);
        // To compress it well takes longer than all else.
        import.args(["-quality", "11"]);
        let taken = import.arg(file).env_clear().output().unwrap();
        assert!(taken.status.success(), "{taken:?}");
    }

    /// The window whose title contains this text, without the frame that a window manager puts around it.
    fn client(&self, text: &str) -> Window {
        until_some(&format!("there is a window \"{text}\""), || {
            let (list, kind) = (self.atom("_NET_CLIENT_LIST"), AtomEnum::WINDOW);
            let asked = self.connection.get_property(false, self.root, list, kind, 0, 1024);
            let listed = asked.ok()?.reply().ok()?;
            let named =
                |window: &Window| self.title(*window).is_some_and(|title| title.contains(text));
            listed.value32()?.find(named)
        })
    }

    /// Waits for a window manager.
    pub(crate) fn until_managed(&self) {
        until_some("there is a window manager", || {
            let (check, kind) = (self.atom("_NET_SUPPORTING_WM_CHECK"), AtomEnum::WINDOW);
            let asked = self.connection.get_property(false, self.root, check, kind, 0, 1);
            asked.ok()?.reply().ok()?.value32()?.next()
        });
    }

    /// Presses keys in this order while those before are held down, and releases them.
    pub(crate) fn press_keys(&self, keysyms: &[u32]) {
        let codes: Vec<u8> = keysyms.iter().map(|keysym| self.keycode(*keysym)).collect();
        let down = codes.iter().map(|code| (KEY_PRESS_EVENT, *code));
        let up = codes.iter().rev().map(|code| (KEY_RELEASE_EVENT, *code));
        for (kind, code) in down.chain(up) {
            self.connection.xtest_fake_input(kind, code, 0, self.root, 0, 0, 0).unwrap();
        }
        self.sync();
    }

    /// Types characters that need no Shift.
    pub(crate) fn type_text(&self, text: &str) {
        text.chars().for_each(|c| self.press_keys(&[u32::from(c)]));
    }

    /// Takes a shortcut, as another program would.
    pub(crate) fn grab(&self, held: &[u32], keysym: u32) {
        let masks = held.iter().map(|key| match *key {
            CONTROL => ModMask::CONTROL,
            ALT => ModMask::M1,
            other => panic!("{other:x} is not held down"),
        });
        let mask = masks.fold(ModMask::from(0_u16), |all, mask| all | mask);
        let (code, mode) = (self.keycode(keysym), GrabMode::ASYNC);
        let grab = self.connection.grab_key(false, self.root, mask, code, mode, mode);
        grab.unwrap().check().unwrap();
    }

    /// Changes the keyboard's layout: this key gets another keysym.
    pub(crate) fn map_key(&self, key: u8, keysym: u32) {
        self.connection.change_keyboard_mapping(1, key, 1, &[keysym]).unwrap().check().unwrap();
    }

    /// The key that has this keysym.
    pub(crate) fn keycode(&self, keysym: u32) -> u8 {
        let setup = self.connection.setup();
        let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let mapping = self.connection.get_keyboard_mapping(first, count).unwrap().reply().unwrap();
        let mut keys = mapping.keysyms.chunks(usize::from(mapping.keysyms_per_keycode));
        let at = keys.position(|keysyms| keysyms[0] == keysym);
        first + u8::try_from(at.unwrap_or_else(|| panic!("no key {keysym:x}"))).unwrap()
    }

    /// Waits until the X server has handled all requests. It drops those of a closed connection.
    fn sync(&self) {
        self.connection.get_input_focus().unwrap().reply().unwrap();
    }

    /// Waits for a dialog whose title contains this text, clicks a button in the row at its lower edge,
    /// and waits until the dialog has closed.
    #[track_caller]
    pub(crate) fn press_button(&self, text: &str, button: usize, of: usize) {
        let mut pressed = false;
        until_some(&format!("the dialog \"{text}\" is answered"), || {
            let windows = self.windows();
            let Some((window, _)) = windows.into_iter().find(|(_, title)| title.contains(text))
            else {
                return pressed.then_some(());
            };
            let place = self.connection.get_geometry(window).ok()?.reply().ok()?;
            let (width, height) = (usize::from(place.width), i16::try_from(place.height).ok()?);
            let across = i16::try_from(width * (2 * button + 1) / (2 * of)).ok()?;
            let (x, y) = (place.x + across, place.y + height - BUTTON_HEIGHT);
            for (kind, detail) in
                [(MOTION_NOTIFY_EVENT, 0), (BUTTON_PRESS_EVENT, 1), (BUTTON_RELEASE_EVENT, 1)]
            {
                self.connection.xtest_fake_input(kind, detail, 0, self.root, x, y, 0).ok()?;
            }
            self.sync();
            pressed = true;
            // The click may have been too early, or the dialog is still closing: check again, and
            // click again if it is still open.
            std::thread::sleep(std::time::Duration::from_millis(100));
            None
        });
    }

    /// All mapped top-level windows that have a title. Without a window manager, they are the children
    /// of the root.
    fn windows(&self) -> Vec<(Window, String)> {
        let tree = self.connection.query_tree(self.root).unwrap().reply().unwrap();
        let named = |window: Window| {
            // A window may close meanwhile.
            let attributes = self.connection.get_window_attributes(window).ok()?.reply().ok()?;
            let title = self.title(window)?;
            (attributes.map_state == MapState::VIEWABLE).then_some((window, title))
        };
        tree.children.into_iter().filter_map(named).collect()
    }

    fn title(&self, window: Window) -> Option<String> {
        let (property, kind) = (self.atom("_NET_WM_NAME"), AtomEnum::ANY);
        let asked = self.connection.get_property(false, window, property, kind, 0, 1024);
        let title = asked.ok()?.reply().ok()?.value;
        (!title.is_empty()).then(|| String::from_utf8_lossy(&title).into_owned())
    }

    fn atom(&self, name: &str) -> Atom {
        self.connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
    }
}
