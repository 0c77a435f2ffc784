//! The tray's icon, drawn.
//!
//! The icon is three sheets of paper as lines, with a badge in the corner. It is so simple that this
//! code is smaller than picture files for every state, every size, and light and dark panels.
//! `icons/src/tray.svg` shows the same drawing.

/// The state that the icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Icon {
    /// There is no engine.
    Off,
    /// No task runs.
    Idle,
    /// The queue is paused, and no task runs.
    Paused,
    /// Tasks run.
    Running {
        /// How many quarters of the workers are busy, from 1 to 4.
        quarters: u8,
    },
    /// A task needs attention.
    Attention,
    /// A task failed, and the user has not seen it yet.
    Failed,
}

/// The colour of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Ink {
    /// For dark panels. Most panels are dark; those of GNOME always are.
    #[default]
    Light,
    /// For light panels.
    Dark,
}

impl Ink {
    /// The ink for the panel of a desktop. `desktop` is `XDG_CURRENT_DESKTOP`; `dark` says whether its
    /// windows are dark, which matters only where the panel uses the theme of the windows.
    #[must_use]
    pub fn for_panel(desktop: &str, dark: bool) -> Self {
        let follows = desktop
            .split(':')
            .any(|name| matches!(name, "KDE" | "XFCE" | "LXQt" | "MATE" | "X-Cinnamon"));
        if follows && !dark { Self::Dark } else { Self::Light }
    }
}

/// A drawn icon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width and height in pixels.
    pub size: u16,
    /// Four bytes a pixel: alpha, red, green, blue; colours are not multiplied by alpha.
    pub argb: Vec<u8>,
}

type Rgb = [u8; 3];
const RUNNING: Rgb = [0x3d, 0x86, 0xf5];
const ATTENTION: Rgb = [0xf0, 0xa0, 0x20];
const FAILED: Rgb = [0xe5, 0x48, 0x4d];

/// The drawing is made on a square of this many units.
const GRID: f32 = 24.0;
/// The lines, as runs of points.
const SHEETS: [&[(f32, f32)]; 3] = [
    &[(12.0, 2.6), (21.6, 7.2), (12.0, 11.8), (2.4, 7.2), (12.0, 2.6)],
    &[(2.4, 12.0), (12.0, 16.6), (21.6, 12.0)],
    &[(2.4, 16.8), (12.0, 21.4), (21.6, 16.8)],
];
const LINE_WIDTH: f32 = 2.0;
/// The badge in the corner: its centre, its radius, and the gap around it.
const BADGE: (f32, f32) = (18.2, 18.2);
const BADGE_RADIUS: f32 = 5.3;
const BADGE_GAP: f32 = 1.5;

/// Draws an icon of `size` pixels.
#[must_use]
pub fn draw(icon: Icon, ink: Ink, size: u16) -> Picture {
    let scale = GRID / f32::from(size.max(1));
    let mut argb = Vec::with_capacity(usize::from(size) * usize::from(size) * 4);
    for row in 0..size {
        for column in 0..size {
            let at = ((f32::from(column) + 0.5) * scale, (f32::from(row) + 0.5) * scale);
            argb.extend(pixel(icon, ink, at, scale));
        }
    }
    Picture { size, argb }
}

/// One pixel, as alpha, red, green, blue. `scale` is its width in units of the grid.
fn pixel(icon: Icon, ink: Ink, at: (f32, f32), scale: f32) -> [u8; 4] {
    let ink: Rgb = match ink {
        Ink::Light => [0xf2, 0xf2, 0xf2],
        Ink::Dark => [0x2e, 0x2e, 0x2e],
    };
    // How much of the pixel lies inside an edge at this distance.
    let inside = |distance: f32| (0.5 - distance / scale).clamp(0.0, 1.0);
    let from_badge = (at.0 - BADGE.0).hypot(at.1 - BADGE.1);
    let mut lines = inside(to_lines(at) - LINE_WIDTH / 2.0);
    if icon == Icon::Off {
        lines *= 0.45;
    }
    let has_badge = !matches!(icon, Icon::Off | Icon::Idle);
    if has_badge {
        lines *= 1.0 - inside(from_badge - BADGE_RADIUS - BADGE_GAP);
    }
    let disc = inside(from_badge - BADGE_RADIUS);
    let (colour, badge) = match icon {
        Icon::Off | Icon::Idle => (ink, 0.0),
        Icon::Attention => (ATTENTION, disc),
        Icon::Failed => (FAILED, disc),
        Icon::Paused => {
            let (x, y) = ((at.0 - BADGE.0).abs(), (at.1 - BADGE.1).abs());
            (ink, inside((x - 2.6).abs() - 1.2) * inside(y - 4.4))
        }
        Icon::Running { quarters } => {
            let ring = inside((from_badge - BADGE_RADIUS + 0.9).abs() - 0.9);
            (RUNNING, ring.max(if in_quarters(at, quarters) { disc } else { 0.0 }))
        }
    };
    let alpha = lines.max(badge);
    let colour = if badge > 0.0 { colour } else { ink };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is from 0 to 255"
    )]
    let alpha = (alpha * 255.0).round() as u8;
    [alpha, colour[0], colour[1], colour[2]]
}

/// Whether a point lies in the first `quarters` quarters around the badge's centre, clockwise from
/// the top.
fn in_quarters(at: (f32, f32), quarters: u8) -> bool {
    let quarter = match (at.0 >= BADGE.0, at.1 >= BADGE.1) {
        (true, false) => 0,
        (true, true) => 1,
        (false, true) => 2,
        (false, false) => 3,
    };
    quarter < quarters
}

/// The distance from a point to the nearest of the lines.
fn to_lines(at: (f32, f32)) -> f32 {
    let mut nearest = f32::MAX;
    for sheet in SHEETS {
        for ends in sheet.windows(2) {
            let (from, to) = (ends[0], ends[1]);
            let along = (to.0 - from.0, to.1 - from.1);
            let length = along.0 * along.0 + along.1 * along.1;
            let part = ((at.0 - from.0) * along.0 + (at.1 - from.1) * along.1) / length;
            let part = part.clamp(0.0, 1.0);
            let foot = (from.0 + part * along.0, from.1 + part * along.1);
            nearest = nearest.min((at.0 - foot.0).hypot(at.1 - foot.1));
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(icon: Icon, x: f32, y: f32) -> [u8; 4] {
        let picture = draw(icon, Ink::Light, 48);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the grid")]
        let (x, y) = ((x * 2.0) as usize, (y * 2.0) as usize);
        let start = (y * 48 + x) * 4;
        picture.argb[start..start + 4].try_into().unwrap()
    }

    #[test]
    fn every_state_looks_different_and_has_its_size() {
        let mut seen = Vec::new();
        let icons = [Icon::Off, Icon::Idle, Icon::Paused, Icon::Attention, Icon::Failed];
        let running = (1..=4).map(|quarters| Icon::Running { quarters });
        for icon in icons.into_iter().chain(running) {
            for ink in [Ink::Light, Ink::Dark] {
                let picture = draw(icon, ink, 22);
                assert_eq!(picture.argb.len(), 22 * 22 * 4);
                assert!(!seen.contains(&picture), "{icon:?}");
                seen.push(picture);
            }
        }
    }

    #[test]
    fn the_badge_has_the_colour_of_its_state() {
        let (x, y) = BADGE;
        assert_eq!(at(Icon::Failed, x, y), [255, FAILED[0], FAILED[1], FAILED[2]]);
        assert_eq!(at(Icon::Attention, x, y), [255, ATTENTION[0], ATTENTION[1], ATTENTION[2]]);
        // The first quarter is full, the last is not.
        let one = Icon::Running { quarters: 1 };
        assert_eq!(at(one, x + 1.5, y - 1.5), [255, RUNNING[0], RUNNING[1], RUNNING[2]]);
        assert_eq!(at(one, x - 1.5, y - 1.5)[0], 0);
        assert_eq!(at(Icon::Running { quarters: 4 }, x - 1.5, y - 1.5)[0], 255);
    }

    #[test]
    fn the_ink_contrasts_with_the_panel() {
        assert_eq!(Ink::for_panel("KDE", false), Ink::Dark);
        assert_eq!(Ink::for_panel("KDE", true), Ink::Light);
        assert_eq!(Ink::for_panel("ubuntu:GNOME", false), Ink::Light);
        assert_eq!(Ink::for_panel("", false), Ink::Light);
    }

    #[test]
    fn the_lines_are_ink_and_the_rest_is_transparent() {
        assert_eq!(at(Icon::Idle, 12.0, 16.6), [255, 0xf2, 0xf2, 0xf2]);
        assert_eq!(at(Icon::Idle, 12.0, 7.0)[0], 0);
        assert!(at(Icon::Off, 12.0, 16.6)[0] < 128);
    }
}
