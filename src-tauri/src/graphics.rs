//! Graphics drivers are kept out of the app.

/// Variables that keep drivers out, but where the person who starts the app has set them otherwise.
///
/// The pages are painted by the processor (see [`crate::window`]), but a driver is loaded all the
/// same, only to be asked what it could do: 25 MB in the app's own process, for as long as it
/// lives. There are no functions for this, only variables. Agents, and the programs that are
/// opened, see nothing of them.
pub(crate) const WITHOUT_DRIVERS: [(&str, &str); 3] = [
    // GDK asks for the visuals of OpenGL when it opens the display, so already for the tray.
    ("GDK_GL", "disable"),
    // WebKit asks what buffers it could share with a page's process, and on which device.
    ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
    ("WEBKIT_WEB_RENDER_DEVICE_FILE", "/dev/null"),
];
