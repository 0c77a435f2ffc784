//! The last message of a library that ends the app.

use gtk::glib::{LogLevel, log_set_writer_func, log_writer_default};

/// Writes the messages with which GTK and WebKit end this process into the app's log, besides standard
/// error. Once per process.
pub(crate) fn log_fatal_errors() {
    log_set_writer_func(|level, fields| {
        if level == LogLevel::Error {
            let message = fields.iter().find(|field| field.key() == "MESSAGE");
            let message = message.and_then(|field| field.value_str()).unwrap_or_default();
            tracing::error!(reason = message, "a library ends the app");
        }
        log_writer_default(level, fields)
    });
}
