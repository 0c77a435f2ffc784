//! Graphics drivers are kept out of the app.

use std::os::unix::process::CommandExt;
use std::process::Command;

use claude_worker_supervisor::own_variables;

/// What tells the libraries below the window to do without a graphics driver.
///
/// The pages are painted by the processor (see [`crate::window`]), but a driver is loaded all the
/// same, only to be asked what it could do: 25 MB in the app's own process, for as long as it
/// lives. There are no functions for this, only variables.
const WITHOUT_DRIVER: &[(&str, &str)] = &[
    // GDK asks for the visuals of OpenGL when it opens the display, so already for the tray.
    ("GDK_GL", "disable"),
    // WebKit asks what buffers it could share with a page's process, and on which device.
    ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
    ("WEBKIT_WEB_RENDER_DEVICE_FILE", "/dev/null"),
];

/// Names those of them that the app has set itself, separated by commas.
const SET_BY_US: &str = "CLAUDE_WORKER_APP_VARIABLES";

/// Keeps drivers out, but where the person who starts the app has set these variables otherwise.
/// Agents, and the programs that are opened, see nothing of it. To be called before anything else.
///
/// The libraries have threads before `main` begins, so that the environment cannot be changed in
/// this process any more without a danger. So the program begins once more, as the same process.
///
/// # Errors
/// What keeps it from beginning once more. After that the process is not to be used any further.
#[cfg(target_os = "linux")]
pub(crate) fn keep_drivers_out() -> Result<(), String> {
    if let Ok(names) = std::env::var(SET_BY_US) {
        own_variables(names.split(',').chain([SET_BY_US]).map(str::to_owned).collect());
        return Ok(());
    }
    let missing = || WITHOUT_DRIVER.iter().filter(|(name, _)| std::env::var_os(name).is_none());
    let names: Vec<&str> = missing().map(|(name, _)| *name).collect();
    // By its own name, because that is what the process is then called.
    let program = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
    let mut arguments = std::env::args_os();
    let mut again = Command::new(&program);
    again.arg0(arguments.next().unwrap_or_default()).args(arguments);
    let error = again.env(SET_BY_US, names.join(",")).envs(missing().copied()).exec();
    Err(format!(
        "{} cannot begin: {error}; with {SET_BY_US}= set it does so with a graphics driver",
        program.display()
    ))
}

/// Elsewhere there are other libraries.
#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_drivers_out() -> Result<(), String> {
    Ok(())
}
