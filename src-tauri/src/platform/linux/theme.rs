//! The theme of the desktop and of the app's windows: light or dark, contrast, motion.
//!
//! GTK reads the desktop's settings, and WebKit tells them to the pages. What the user has chosen, and
//! what only the portal tells ([`super::settings_portal`]), is set in GTK's settings of this process, so
//! that dialogs and pages follow.

use std::cell::{Cell, RefCell};

use claude_worker_desktop::appearance::{DesktopWishes, Theme, ToolkitTheme};
use claude_worker_desktop::icon::Ink;
use gtk::prelude::*;

const NAME: &str = "gtk-theme-name";
const PREFER_DARK: &str = "gtk-application-prefer-dark-theme";
const ANIMATIONS: &str = "gtk-enable-animations";

thread_local! {
    /// Only the main thread may use GTK.
    static OWN: Own = const { Own {
        theme: Cell::new(Theme::System),
        wishes: Cell::new(DesktopWishes { dark: None, more_contrast: false, less_motion: false }),
        overridden: RefCell::new(Vec::new()),
        applying: Cell::new(false),
    } };
}

/// What this process sets itself.
struct Own {
    theme: Cell<Theme>,
    wishes: Cell<DesktopWishes>,
    /// The settings that have a value of ours.
    overridden: RefCell<Vec<&'static str>>,
    /// Whether a change of the settings comes from us.
    applying: Cell<bool>,
}

/// Follows the desktop from now on, and calls `changed` after each change. Only on the main thread.
pub(crate) fn follow_theme(theme: Theme, changed: impl Fn() + Clone + 'static) {
    let Some(settings) = gtk::Settings::default() else { return };
    OWN.with(|own| own.theme.set(theme));
    apply(&settings);
    // A text scale in GTK's file takes effect only when it changes.
    settings.notify("gtk-xft-dpi");
    let follow = move |settings: &gtk::Settings| {
        if !OWN.with(|own| own.applying.get()) {
            apply(settings);
        }
        changed();
    };
    settings.connect_gtk_theme_name_notify(follow.clone());
    settings.connect_gtk_application_prefer_dark_theme_notify(follow);
}

/// Uses this theme from now on. Only on the main thread.
pub(crate) fn set_theme(theme: Theme) {
    OWN.with(|own| own.theme.set(theme));
    if let Some(settings) = gtk::Settings::default() {
        apply(&settings);
    }
}

/// Follows these wishes of the desktop from now on. Only on the main thread.
pub(crate) fn set_wishes(wishes: DesktopWishes) {
    OWN.with(|own| own.wishes.set(wishes));
    if let Some(settings) = gtk::Settings::default() {
        apply(&settings);
    }
}

fn apply(settings: &gtk::Settings) {
    OWN.with(|own| {
        own.applying.set(true);
        // Listeners see the result only, not the values in between.
        let result = settings.freeze_notify();
        for name in own.overridden.take() {
            settings.reset_property(name);
        }
        let overrides = toolkit(settings).overrides(own.theme.get(), own.wishes.get());
        let mut overridden = own.overridden.borrow_mut();
        let mut set = |name: &'static str, value: Option<gtk::glib::Value>| {
            if let Some(value) = value {
                settings.set_property_from_value(name, &value);
                overridden.push(name);
            }
        };
        set(NAME, overrides.name.map(|name| name.to_value()));
        set(PREFER_DARK, overrides.prefer_dark.map(|dark| dark.to_value()));
        set(ANIMATIONS, overrides.animations.map(|animations| animations.to_value()));
        drop(overridden);
        drop(result);
        own.applying.set(false);
    });
}

fn toolkit(settings: &gtk::Settings) -> ToolkitTheme {
    // A theme in the environment counts more than the settings, for GTK and WebKit: `Adwaita:dark`.
    if let Ok(forced) = std::env::var("GTK_THEME") {
        let (name, variant) = forced.split_once(':').unwrap_or((&forced, ""));
        let prefer_dark = variant == "dark" || settings.is_gtk_application_prefer_dark_theme();
        return ToolkitTheme { name: name.to_owned(), prefer_dark };
    }
    ToolkitTheme {
        name: settings.gtk_theme_name().map(Into::into).unwrap_or_default(),
        prefer_dark: settings.is_gtk_application_prefer_dark_theme(),
    }
}

/// Whether the windows are dark. WebKit tells the pages the same. Only on the main thread.
pub(crate) fn is_dark() -> bool {
    gtk::Settings::default().is_some_and(|settings| toolkit(&settings).is_dark())
}

/// How much larger than usual the desktop wants text. WebKit enlarges the pages by this. Only on the
/// main thread.
pub(crate) fn text_scale() -> f64 {
    /// Dots per inch without any scale.
    const USUAL: f64 = 96.0;
    let resolution = gtk::gdk::Screen::default().map_or(-1.0, |screen| screen.resolution());
    if resolution > 0.0 { resolution / USUAL } else { 1.0 }
}

/// The ink for the tray's icon. Only on the main thread.
pub(crate) fn tray_ink() -> Ink {
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    Ink::for_panel(&desktop, is_dark())
}
