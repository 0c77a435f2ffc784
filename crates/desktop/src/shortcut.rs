//! The keyboard shortcut of the quick entry: its text, and the file that stores it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use claude_worker_os::files::{Replace, replace};

/// A combination of keys: `Ctrl+Alt+Space`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortcut {
    /// The keys that are held down.
    pub modifiers: Modifiers,
    /// The key that is pressed last.
    pub key: Key,
}

/// The keys that are held down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "every combination is possible")]
pub struct Modifiers {
    /// Ctrl.
    pub ctrl: bool,
    /// Alt.
    pub alt: bool,
    /// Shift.
    pub shift: bool,
    /// Super, the key with the logo.
    pub logo: bool,
}

/// The key that is pressed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The space bar.
    Space,
    /// A letter from A to Z or a digit.
    Character(char),
    /// A function key from F1 to F12.
    Function(u8),
}

impl Key {
    /// The keysym of the X protocol.
    #[must_use]
    pub fn keysym(self) -> u32 {
        match self {
            Self::Space => 0x20,
            // Letters are on the keyboard as lower case.
            Self::Character(c) => u32::from(c.to_ascii_lowercase()),
            Self::Function(number) => 0xffbd + u32::from(number),
        }
    }

    /// The name of the keysym: `space`, `a`, `F1`.
    #[must_use]
    pub fn keysym_name(self) -> String {
        match self {
            Self::Space => "space".to_owned(),
            Self::Character(c) => c.to_ascii_lowercase().to_string(),
            Self::Function(number) => format!("F{number}"),
        }
    }
}

impl Default for Shortcut {
    fn default() -> Self {
        let modifiers = Modifiers { ctrl: true, alt: true, ..Modifiers::default() };
        Self { modifiers, key: Key::Space }
    }
}

impl fmt::Display for Shortcut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Modifiers { ctrl, alt, shift, logo } = self.modifiers;
        for (held, name) in [(ctrl, "Ctrl"), (alt, "Alt"), (shift, "Shift"), (logo, "Super")] {
            if held {
                write!(f, "{name}+")?;
            }
        }
        match self.key {
            Key::Space => f.write_str("Space"),
            Key::Character(c) => write!(f, "{c}"),
            Key::Function(number) => write!(f, "F{number}"),
        }
    }
}

impl FromStr for Shortcut {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut modifiers = Modifiers::default();
        let mut key = None;
        for part in text.split('+').map(str::trim) {
            if key.is_some() {
                return Err(format!("\"{}\" has a key after another key", text.escape_debug()));
            }
            match part.to_ascii_lowercase().as_str() {
                "ctrl" | "control" => modifiers.ctrl = true,
                "alt" => modifiers.alt = true,
                "shift" => modifiers.shift = true,
                "super" | "meta" | "win" => modifiers.logo = true,
                name => key = Some(self::key(name)?),
            }
        }
        let key = key.ok_or("Name a key, as in Ctrl+Alt+Space")?;
        let Modifiers { ctrl, alt, logo, .. } = modifiers;
        // Otherwise it could not be typed any more in any program.
        if !ctrl && !alt && !logo && !matches!(key, Key::Function(_)) {
            return Err("A shortcut contains Ctrl, Alt or Super, as in Ctrl+Alt+Space".to_owned());
        }
        Ok(Self { modifiers, key })
    }
}

/// The key with this name in lower case.
fn key(name: &str) -> Result<Key, String> {
    if name == "space" {
        return Ok(Key::Space);
    }
    let function = name.strip_prefix('f').and_then(|number| number.parse().ok());
    if let Some(number) = function.filter(|number| (1..=12).contains(number)) {
        return Ok(Key::Function(number));
    }
    let mut characters = name.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) if c.is_ascii_alphanumeric() => Ok(Key::Character(c.to_ascii_uppercase())),
        _ => Err(format!(
            "\"{}\" is not a key for a shortcut: use A to Z, 0 to 9, F1 to F12 or Space",
            name.escape_debug()
        )),
    }
}

/// The file that stores the shortcut.
#[derive(Debug, Clone)]
pub struct ShortcutFile {
    file: PathBuf,
}

impl ShortcutFile {
    /// A shortcut stored in this file. The file is not read yet.
    #[must_use]
    pub const fn at(file: PathBuf) -> Self {
        Self { file }
    }

    /// The stored shortcut; the default if none was stored, `None` if the user turned it off.
    #[must_use]
    pub fn read(&self) -> Option<Shortcut> {
        match std::fs::read_to_string(&self.file) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(text.trim().parse().unwrap_or_default()),
            Err(_) => Some(Shortcut::default()),
        }
    }

    /// Stores the shortcut; `None` turns it off.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, shortcut: Option<Shortcut>) -> io::Result<()> {
        let text = shortcut.map(|shortcut| shortcut.to_string()).unwrap_or_default();
        replace(&self.file, text.as_bytes(), &Replace::default()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortcut_is_read_as_people_write_it() {
        let read = |text: &str| text.parse::<Shortcut>().map(|shortcut| shortcut.to_string());
        assert_eq!(read("ctrl + alt+space").as_deref(), Ok("Ctrl+Alt+Space"));
        assert_eq!(read("Super+n").as_deref(), Ok("Super+N"));
        assert_eq!(read("Shift+Control+F12").as_deref(), Ok("Ctrl+Shift+F12"));
        assert_eq!(read("F9").as_deref(), Ok("F9"));
        assert!(read("N").unwrap_err().contains("Ctrl, Alt or Super"));
        assert!(read("Shift+N").unwrap_err().contains("Ctrl, Alt or Super"));
        assert!(read("Ctrl+Alt").unwrap_err().contains("Name a key"));
        assert!(read("Ctrl+Enter").unwrap_err().contains("\"enter\" is not a key"));
        assert!(read("Ctrl+A+B").unwrap_err().contains("after another key"));
        assert!(read("").unwrap_err().contains("is not a key"));
    }

    #[test]
    fn keysyms_are_those_of_the_x_protocol() {
        assert_eq!(Key::Space.keysym(), 0x20);
        assert_eq!(Key::Character('N').keysym(), 0x6e);
        assert_eq!(Key::Character('7').keysym(), 0x37);
        assert_eq!(Key::Function(1).keysym(), 0xffbe);
        assert_eq!(Key::Function(12).keysym(), 0xffc9);
    }

    #[test]
    fn a_shortcut_is_stored_and_can_be_turned_off() {
        let directory = tempfile::tempdir().unwrap();
        let file = ShortcutFile::at(directory.path().join("shortcut"));
        assert_eq!(file.read(), Some(Shortcut::default()));
        let other = "Super+J".parse().unwrap();
        file.write(Some(other)).unwrap();
        assert_eq!(file.read(), Some(other));
        file.write(None).unwrap();
        assert_eq!(file.read(), None);
        std::fs::write(directory.path().join("shortcut"), "nonsense").unwrap();
        assert_eq!(file.read(), Some(Shortcut::default()));
    }
}
