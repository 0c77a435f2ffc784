//! Keeps graphics drivers out of the app.

use tauri::WebviewWindow;
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};

/// Environment variables that keep drivers out. A value that the user has set stays.
///
/// The processor paints the pages (see [`disable_graphics_hardware`]), but without these variables
/// the libraries load a driver all the same, only to ask what it can do. That costs 25 MB in the app's
/// own process for as long as it lives. The libraries offer no functions for this.
///
/// `WEBKIT_WEB_RENDER_DEVICE_FILE` is not among them: with it, WebKit never looks at the display, and
/// then it does not follow the desktop's settings (dark, less motion, contrast, fonts).
pub(super) const WITHOUT_DRIVERS: [(&str, &str); 2] = [
    // GDK asks for the visuals of OpenGL when it opens the display, so already for the tray.
    ("GDK_GL", "disable"),
    // WebKit asks which buffers it could share with a page's process.
    ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
];

/// Keeps the drivers for EGL out of this process: WebKit asks EGL for the graphics device of each page,
/// which would load them. The process that shows the pages may load them; WebKit needs one there.
pub(super) fn leave_out_egl_drivers() {
    claude_worker_os::graphics::leave_out_egl_drivers();
}

/// Makes the processor paint the window's pages. It paints lists and text quickly enough. Graphics
/// drivers would take 100 MB of memory, more than the rest of a page, and some show a blank window.
pub(crate) fn disable_graphics_hardware(window: &WebviewWindow) -> tauri::Result<()> {
    window.with_webview(|webview| {
        if let Some(settings) = webview.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}
