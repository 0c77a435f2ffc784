//! Drivers for graphics, for a desktop program that draws with the processor.

/// Lets this process load no driver for EGL. Programs that it starts are not affected. Call it before
/// any library uses EGL; later it has no effect.
pub fn leave_out_egl_drivers() {
    crate::linux::egl::leave_out_drivers();
}
