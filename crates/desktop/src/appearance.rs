//! How the window looks: the theme and text size that the user has chosen, stored in a small file, and
//! what the desktop asks for.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::json_file;
use crate::language::LanguageChoice;

/// What the user has chosen on this computer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appearance {
    /// Light or dark.
    #[serde(default)]
    pub theme: Theme,
    /// The size of text.
    #[serde(default)]
    pub text_size: TextSize,
    /// The language of the app.
    #[serde(default)]
    pub language: LanguageChoice,
}

/// The theme of the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Always light.
    Light,
    /// Always dark.
    Dark,
    /// As the desktop asks. Also what only a newer version knows.
    #[default]
    #[serde(other)]
    System,
}

/// The size of text in percent, on top of the text scale of the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub struct TextSize(u16);

impl TextSize {
    /// The factor by which the pages are enlarged.
    #[must_use]
    pub fn zoom(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl Default for TextSize {
    fn default() -> Self {
        Self(100)
    }
}

impl From<u16> for TextSize {
    /// A size at which the pages can be used.
    fn from(percent: u16) -> Self {
        Self(percent.clamp(50, 300))
    }
}

impl From<TextSize> for u16 {
    fn from(size: TextSize) -> Self {
        size.0
    }
}

impl Appearance {
    /// Reads the stored choice; the default if there is none or it cannot be read.
    #[must_use]
    pub fn read(file: &Path) -> Self {
        json_file::read(file)
    }

    /// Stores the choice.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        json_file::write(file, self)
    }

    /// A script for the pages that tells them the choice before they are painted, and the languages of the
    /// system.
    #[must_use]
    pub fn script(&self, languages: &[String]) -> String {
        let Self { theme, text_size, language } = self;
        let told = serde_json::json!({
            "theme": theme, "text_size": text_size, "language": language, "languages": languages,
        });
        format!("window.appearance = {told};")
    }
}

/// What the desktop asks for in a way that the toolkit does not read itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DesktopWishes {
    /// Dark or light windows; `None` if it does not matter to the desktop.
    pub dark: Option<bool>,
    /// High contrast.
    pub more_contrast: bool,
    /// No animations.
    pub less_motion: bool,
}

/// The theme settings of a GTK toolkit, as the desktop has set them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolkitTheme {
    /// The name of the theme. Names of dark themes end with `-dark`.
    pub name: String,
    /// Whether applications should use the dark variant of the theme.
    pub prefer_dark: bool,
}

/// The settings that the app sets itself instead of the desktop; `None` leaves one to the desktop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolkitOverrides {
    /// The name of the theme.
    pub name: Option<String>,
    /// Whether to use the dark variant.
    pub prefer_dark: Option<bool>,
    /// Whether to animate.
    pub animations: Option<bool>,
}

const HIGH_CONTRAST: &str = "HighContrast";
const HIGH_CONTRAST_DARK: &str = "HighContrastInverse";

impl ToolkitTheme {
    /// Whether windows are dark.
    #[must_use]
    pub fn is_dark(&self) -> bool {
        self.prefer_dark || is_dark_name(&self.name)
    }

    /// What to set so that dialogs and pages look as the user has chosen and the desktop asks.
    #[must_use]
    pub fn overrides(&self, theme: Theme, wishes: DesktopWishes) -> ToolkitOverrides {
        let dark = match theme {
            Theme::Light => false,
            Theme::Dark => true,
            Theme::System => wishes.dark.unwrap_or_else(|| self.is_dark()),
        };
        let contrast = wishes.more_contrast || self.name.starts_with(HIGH_CONTRAST);
        let name = match (contrast, dark) {
            (true, true) => HIGH_CONTRAST_DARK.to_owned(),
            (true, false) => HIGH_CONTRAST.to_owned(),
            (false, true) => self.name.clone(),
            (false, false) => light_name(&self.name),
        };
        ToolkitOverrides {
            // The web view knows no dark theme but by its ending.
            prefer_dark: (self.prefer_dark != dark && (!dark || !ends_dark(&name))).then_some(dark),
            name: (name != self.name).then_some(name),
            animations: wishes.less_motion.then_some(false),
        }
    }
}

fn is_dark_name(name: &str) -> bool {
    ends_dark(name) || name == HIGH_CONTRAST_DARK
}

fn ends_dark(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with("-dark") || name.contains("-dark-")
}

/// The light theme that belongs to a dark one.
fn light_name(name: &str) -> String {
    match name.to_lowercase().find("-dark") {
        Some(at) if is_dark_name(name) => {
            let (before, after) = (name.get(..at), name.get(at + "-dark".len()..));
            format!("{}{}", before.unwrap_or(name), after.unwrap_or_default())
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toolkit(name: &str, prefer_dark: bool) -> ToolkitTheme {
        ToolkitTheme { name: name.to_owned(), prefer_dark }
    }

    fn wishes(dark: Option<bool>) -> DesktopWishes {
        DesktopWishes { dark, ..DesktopWishes::default() }
    }

    #[test]
    fn a_choice_is_stored_and_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("appearance.json");
        assert_eq!(Appearance::read(&file), Appearance::default());
        let chosen = Appearance {
            theme: Theme::Dark,
            text_size: 125.into(),
            language: LanguageChoice::German,
        };
        chosen.write(&file).unwrap();
        assert_eq!(Appearance::read(&file), chosen);
        let script = chosen.script(&["fr".to_owned()]);
        let told = r#"{"theme":"dark","text_size":125,"language":"de","languages":["fr"]}"#;
        let object = script.strip_prefix("window.appearance = ").unwrap().trim_end_matches(';');
        let parsed = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parsed(object), parsed(told));
    }

    #[test]
    fn a_choice_of_a_newer_version_is_like_the_system() {
        let read = |text: &str| serde_json::from_str::<Appearance>(text).unwrap();
        assert_eq!(read(r#"{"theme":"sepia","text_size":9}"#).theme, Theme::System);
        assert_eq!(read(r#"{"theme":"sepia","text_size":9}"#).text_size, TextSize(50));
        assert_eq!(read("{}"), Appearance::default());
    }

    #[test]
    fn without_a_choice_or_a_wish_the_toolkit_is_left_alone() {
        for theme in [toolkit("Adwaita", false), toolkit("Adwaita-dark", false)] {
            let overrides = theme.overrides(Theme::System, DesktopWishes::default());
            assert_eq!(overrides, ToolkitOverrides::default(), "{theme:?}");
        }
        // The web view would take this one for light.
        let inverse = toolkit(HIGH_CONTRAST_DARK, false);
        let overrides = inverse.overrides(Theme::System, DesktopWishes::default());
        assert_eq!(overrides.prefer_dark, Some(true));
        assert_eq!(overrides.name, None);
    }

    #[test]
    fn a_chosen_theme_counts_more_than_the_desktop() {
        let dark = toolkit("Adwaita", false).overrides(Theme::Dark, wishes(Some(false)));
        assert_eq!((dark.name, dark.prefer_dark), (None, Some(true)));
        let light = toolkit("Adwaita-dark", true).overrides(Theme::Light, wishes(Some(true)));
        assert_eq!((light.name.as_deref(), light.prefer_dark), (Some("Adwaita"), Some(false)));
        let middle = toolkit("Mint-Y-Dark-Aqua", false).overrides(Theme::Light, wishes(None));
        assert_eq!(middle.name.as_deref(), Some("Mint-Y-Aqua"));
    }

    #[test]
    fn a_wish_of_the_desktop_is_followed() {
        let dark = toolkit("Adwaita", false).overrides(Theme::System, wishes(Some(true)));
        assert_eq!(dark.prefer_dark, Some(true));
        let all = DesktopWishes { dark: Some(true), more_contrast: true, less_motion: true };
        let overrides = toolkit("Adwaita", false).overrides(Theme::System, all);
        assert_eq!(overrides.name.as_deref(), Some(HIGH_CONTRAST_DARK));
        assert_eq!(overrides.prefer_dark, Some(true));
        assert_eq!(overrides.animations, Some(false));
    }
}
