//! The window's colour before the first page is painted.

use tauri::window::Color;

use crate::platform;

/// The colour of an empty page, as in `ui/src/app/tokens.css` (`--background`).
const LIGHT: Color = Color(0xfb, 0xfa, 0xf8, 0xff);
const DARK: Color = Color(0x16, 0x13, 0x11, 0xff);

/// The colour that fills the window until the first page is painted. It is the colour of that page,
/// so that the window does not flash. Only on the main thread.
pub(crate) fn background() -> Color {
    if platform::is_dark() { DARK } else { LIGHT }
}
