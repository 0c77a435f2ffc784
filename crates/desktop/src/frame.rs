//! The window's size and position, stored in a small file.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::json_file;

/// The smallest window, in logical pixels.
pub const SMALLEST: (f64, f64) = (360.0, 480.0);
/// The size of the window at the first start, in logical pixels.
const FIRST: (f64, f64) = (1240.0, 800.0);

/// The window's size and position when it was last closed. Sizes are in logical pixels and positions
/// in physical pixels, as the window system reports them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Left and upper edge. `None`: the window system chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<(i32, i32)>,
    /// Whether it filled the screen.
    #[serde(default)]
    pub maximized: bool,
}

impl Default for Frame {
    fn default() -> Self {
        Self { width: FIRST.0, height: FIRST.1, at: None, maximized: false }
    }
}

/// A screen, in physical pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Screen {
    /// Its left and upper edge.
    pub at: (i32, i32),
    /// Its width and height.
    pub size: (u32, u32),
    /// Physical pixels per logical one.
    pub scale: f64,
}

impl Frame {
    /// Reads the stored frame; the default if there is none or it cannot be read.
    #[must_use]
    pub fn read(file: &Path) -> Self {
        json_file::read(file)
    }

    /// Stores the frame.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        json_file::write(file, self)
    }

    /// The frame adjusted to the current screens: no larger than its screen, and with the title bar
    /// within reach. A position on a screen that no longer exists is dropped.
    #[must_use]
    pub fn fitted(mut self, screens: &[Screen]) -> Self {
        /// How much of the title bar must be on a screen to drag the window, in physical pixels.
        const GRIP: i32 = 80;
        let on = |screen: &&Screen, (x, y): (i32, i32)| {
            let right = screen.at.0.saturating_add_unsigned(screen.size.0);
            let bottom = screen.at.1.saturating_add_unsigned(screen.size.1);
            x >= screen.at.0 - GRIP && x + GRIP <= right && y >= screen.at.1 && y + GRIP <= bottom
        };
        let screen = self.at.and_then(|at| screens.iter().find(|screen| on(screen, at)));
        if screen.is_none() {
            self.at = None;
        }
        let bounds = screen.or(screens.first());
        let (mut width, mut height) = (f64::MAX, f64::MAX);
        if let Some(screen) = bounds.filter(|screen| screen.scale > 0.0) {
            width = f64::from(screen.size.0) / screen.scale;
            height = f64::from(screen.size.1) / screen.scale;
        }
        let within = |value: f64, least: f64, most: f64| {
            if value.is_finite() { value.min(most).max(least) } else { least }
        };
        self.width = within(self.width, SMALLEST.0, width);
        self.height = within(self.height, SMALLEST.1, height);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: Screen = Screen { at: (0, 0), size: (1920, 1080), scale: 1.0 };

    #[test]
    fn a_frame_is_stored_and_an_invalid_file_is_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("window.json");
        assert_eq!(Frame::read(&file), Frame::default());
        let frame = Frame { width: 900.5, height: 700.0, at: Some((-4, 9)), maximized: true };
        frame.write(&file).unwrap();
        assert_eq!(Frame::read(&file), frame);
        std::fs::write(&file, "{").unwrap();
        assert_eq!(Frame::read(&file), Frame::default());
    }

    #[test]
    fn a_frame_is_fitted_to_the_current_screens() {
        let frame = Frame { width: 3000.0, height: 100.0, at: Some((2500, 10)), maximized: false };
        let fitted = frame.fitted(&[SCREEN]);
        assert_eq!(fitted, Frame { width: 1920.0, height: 480.0, at: None, maximized: false });
        let right = Screen { at: (1920, 0), ..SCREEN };
        assert_eq!(frame.fitted(&[SCREEN, right]).at, Some((2500, 10)));
        let fine = Screen { scale: 2.0, ..SCREEN };
        assert_eq!(Frame::default().fitted(&[fine]).width, 960.0);
        assert_eq!(Frame { width: f64::NAN, ..frame }.fitted(&[]).width, 360.0);
    }
}
