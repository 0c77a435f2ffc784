//! The tray's icon, drawn.
//!
//! The icon is three sheets of paper as lines, with a badge in the corner. It is so simple that this
//! code is smaller than picture files for every state, every size, and light and dark panels.
//! `icons/src/tray.svg` shows the same drawing.
//!
//! No program can ask a panel for its colour. So the lines have an outline of the opposite brightness: it
//! is hardly seen on the panel that the ink is meant for, and shows the icon on every other one.

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
        let follows = desktop.split(':').any(|name| matches!(name, "KDE" | "LXQt" | "MATE"));
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
const LIGHT: Rgb = [0xf2, 0xf2, 0xf2];
const DARK: Rgb = [0x22, 0x22, 0x22];
const RUNNING: Rgb = [0x3d, 0x86, 0xf5];
const ATTENTION: Rgb = [0xf0, 0xa0, 0x20];
const FAILED: Rgb = [0xe0, 0x3c, 0x42];

/// The drawing is made on a square of this many units.
const GRID: f32 = 24.0;
type Point = (f32, f32);
/// The lines, as runs of points.
const SHEETS: &[&[Point]] = &[
    &[(12.0, 2.6), (21.6, 7.2), (12.0, 11.8), (2.4, 7.2), (12.0, 2.6)],
    &[(2.4, 12.0), (12.0, 16.6), (21.6, 12.0)],
    &[(2.4, 16.8), (12.0, 21.4), (21.6, 16.8)],
];
const LINE_WIDTH: f32 = 2.0;
/// The width of the outline on each side, and its opacity.
const OUTLINE_WIDTH: f32 = 1.2;
const OUTLINE_ALPHA: f32 = 0.95;
const WHITE: Rgb = [0xff; 3];
const BLACK: Rgb = [0; 3];
/// The line across the icon of an engine that is not there.
const SLASH: &[&[Point]] = &[&[(3.4, 20.6), (20.6, 3.4)]];
/// The badge in the corner: its centre and its radius.
const BADGE: Point = (17.7, 17.7);
const BADGE_RADIUS: f32 = 5.1;
/// The marks on a badge, relative to its centre: a cross, and an exclamation mark.
const CROSS: &[&[Point]] = &[&[(-1.9, -1.9), (1.9, 1.9)], &[(-1.9, 1.9), (1.9, -1.9)]];
const EXCLAMATION: &[&[Point]] = &[&[(0.0, -2.9), (0.0, 0.4)], &[(0.0, 2.7), (0.0, 2.8)]];
const MARK_WIDTH: f32 = 1.5;
/// The bars of a paused queue, relative to the centre of the badge.
const BARS: &[&[Point]] = &[&[(-2.4, -3.2), (-2.4, 3.2)], &[(2.4, -3.2), (2.4, 3.2)]];
const BAR_WIDTH: f32 = 2.4;

/// Draws an icon of `size` pixels.
#[must_use]
pub fn draw(icon: Icon, ink: Ink, size: u16) -> Picture {
    let scale = GRID / f32::from(size.max(1));
    let mut argb = Vec::with_capacity(usize::from(size) * usize::from(size) * 4);
    for row in 0..size {
        for column in 0..size {
            let at = ((f32::from(column) + 0.5) * scale, (f32::from(row) + 0.5) * scale);
            argb.extend(pixel(icon, ink, at, scale).argb());
        }
    }
    Picture { size, argb }
}

/// One pixel. `scale` is its width in units of the grid.
fn pixel(icon: Icon, ink: Ink, at: Point, scale: f32) -> Pixel {
    let (ink, outline) = match ink {
        Ink::Light => (LIGHT, BLACK),
        Ink::Dark => (DARK, WHITE),
    };
    // How much of the pixel lies inside an edge at this distance.
    let inside = |distance: f32| (0.5 - distance / scale).clamp(0.0, 1.0);
    let stroke = |lines, width: f32| inside(to_lines(at, lines) - width / 2.0);
    let mut pixel = Pixel::default();
    let outlined_stroke = |pixel: &mut Pixel, lines, width| {
        pixel.paint(outline, stroke(lines, width + 2.0 * OUTLINE_WIDTH) * OUTLINE_ALPHA);
        pixel.paint(ink, stroke(lines, width));
    };
    outlined_stroke(&mut pixel, SHEETS, LINE_WIDTH);
    if icon == Icon::Off {
        pixel.clear(stroke(SLASH, LINE_WIDTH + 4.0 * OUTLINE_WIDTH));
        outlined_stroke(&mut pixel, SLASH, LINE_WIDTH);
    }
    if !matches!(icon, Icon::Off | Icon::Idle) {
        paint_badge(&mut pixel, icon, (ink, outline), at, scale);
    }
    pixel
}

/// Paints the badge over the lines. Coloured badges have a black outline: with it, or by themselves, they
/// are seen on every panel.
fn paint_badge(pixel: &mut Pixel, icon: Icon, (ink, outline): (Rgb, Rgb), at: Point, scale: f32) {
    let inside = |distance: f32| (0.5 - distance / scale).clamp(0.0, 1.0);
    let place = (at.0 - BADGE.0, at.1 - BADGE.1);
    let from_centre = place.0.hypot(place.1);
    let disc = inside(from_centre - BADGE_RADIUS);
    let stroke = |lines, width: f32| inside(to_lines(place, lines) - width / 2.0);
    pixel.clear(inside(from_centre - BADGE_RADIUS - 1.5 * OUTLINE_WIDTH));
    if icon == Icon::Paused {
        pixel.paint(outline, stroke(BARS, BAR_WIDTH + 2.0 * OUTLINE_WIDTH) * OUTLINE_ALPHA);
        pixel.paint(ink, stroke(BARS, BAR_WIDTH));
        return;
    }
    pixel.paint(BLACK, inside(from_centre - BADGE_RADIUS - OUTLINE_WIDTH) * OUTLINE_ALPHA);
    match icon {
        Icon::Off | Icon::Idle | Icon::Paused => {}
        Icon::Attention => {
            pixel.paint(ATTENTION, disc);
            pixel.paint(DARK, stroke(EXCLAMATION, MARK_WIDTH));
        }
        Icon::Failed => {
            pixel.paint(FAILED, disc);
            pixel.paint(LIGHT, stroke(CROSS, MARK_WIDTH));
        }
        Icon::Running { quarters } => {
            // The rest of the disc is white, so that the filled part can be told apart from it.
            pixel.paint(LIGHT, disc);
            let ring = inside((from_centre - BADGE_RADIUS + 0.7).abs() - 0.7);
            let filled = if in_quarters(at, quarters) { disc } else { 0.0 };
            pixel.paint(RUNNING, ring.max(filled));
        }
    }
}

/// A pixel while it is drawn: an opacity, and a colour that is not multiplied by it.
#[derive(Debug, Clone, Copy, Default)]
struct Pixel {
    alpha: f32,
    colour: [f32; 3],
}

impl Pixel {
    /// Paints a colour over it.
    fn paint(&mut self, colour: Rgb, alpha: f32) {
        let below = self.alpha * (1.0 - alpha);
        let total = alpha + below;
        if total > 0.0 {
            for (channel, new) in self.colour.iter_mut().zip(colour) {
                *channel = (f32::from(new) * alpha + *channel * below) / total;
            }
        }
        self.alpha = total;
    }

    /// Makes this part of it transparent.
    fn clear(&mut self, part: f32) {
        self.alpha *= 1.0 - part;
    }

    /// Alpha, red, green, blue.
    fn argb(self) -> [u8; 4] {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is from 0 to 255"
        )]
        let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
        let [red, green, blue] = self.colour.map(byte);
        [byte(self.alpha * 255.0), red, green, blue]
    }
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
fn to_lines(at: Point, lines: &[&[Point]]) -> f32 {
    let mut nearest = f32::MAX;
    for line in lines {
        for ends in line.windows(2) {
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

    const RUNS: [Icon; 4] = [
        Icon::Running { quarters: 1 },
        Icon::Running { quarters: 2 },
        Icon::Running { quarters: 3 },
        Icon::Running { quarters: 4 },
    ];
    const OTHERS: [Icon; 5] = [Icon::Off, Icon::Idle, Icon::Paused, Icon::Attention, Icon::Failed];

    fn icons() -> impl Iterator<Item = Icon> {
        OTHERS.into_iter().chain(RUNS)
    }

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
        for icon in icons() {
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
        let (near_x, near_y) = (x - 3.4, y);
        assert_eq!(at(Icon::Failed, near_x, near_y), [255, FAILED[0], FAILED[1], FAILED[2]]);
        let attention = [255, ATTENTION[0], ATTENTION[1], ATTENTION[2]];
        assert_eq!(at(Icon::Attention, near_x, near_y), attention);
        // The first quarter is full, the last is not.
        let one = Icon::Running { quarters: 1 };
        let (full, empty) =
            ([255, RUNNING[0], RUNNING[1], RUNNING[2]], [255, LIGHT[0], LIGHT[1], LIGHT[2]]);
        assert_eq!(at(one, x + 1.5, y - 1.5), full);
        assert_eq!(at(one, x - 1.5, y - 1.5), empty);
        assert_eq!(at(Icon::Running { quarters: 4 }, x - 1.5, y - 1.5), full);
    }

    #[test]
    fn a_failed_and_a_denied_task_differ_without_colour() {
        let marks = |icon, mark: Rgb| {
            let picture = draw(icon, Ink::Light, 24).argb;
            picture.chunks(4).map(|pixel| pixel[0] > 128 && pixel[1..] == mark).collect::<Vec<_>>()
        };
        assert_ne!(marks(Icon::Failed, LIGHT), marks(Icon::Attention, DARK));
    }

    #[test]
    fn the_ink_contrasts_with_the_panel() {
        assert_eq!(Ink::for_panel("KDE", false), Ink::Dark);
        assert_eq!(Ink::for_panel("KDE", true), Ink::Light);
        assert_eq!(Ink::for_panel("ubuntu:GNOME", false), Ink::Light);
        // The panel of Xfce is dark unless the user turns that off, whatever the theme.
        assert_eq!(Ink::for_panel("XFCE", false), Ink::Light);
        assert_eq!(Ink::for_panel("", false), Ink::Light);
    }

    #[test]
    fn the_lines_are_ink_and_the_rest_is_transparent() {
        assert_eq!(at(Icon::Idle, 12.0, 16.6), [255, LIGHT[0], LIGHT[1], LIGHT[2]]);
        assert_eq!(at(Icon::Idle, 12.0, 7.0)[0], 0);
    }

    /// The relative luminance of WCAG.
    fn luminance(colour: [f64; 3]) -> f64 {
        let linear = |channel: f64| {
            let c = channel / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = colour.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Which pixels stand out from a grey panel, at a contrast of at least 3:1.
    fn visible(picture: &Picture, panel: u8) -> Vec<bool> {
        let panel = f64::from(panel);
        let shown = |pixel: &[u8]| {
            let alpha = f64::from(pixel[0]) / 255.0;
            let mixed = |channel: u8| f64::from(channel) * alpha + panel * (1.0 - alpha);
            [mixed(pixel[1]), mixed(pixel[2]), mixed(pixel[3])]
        };
        picture.argb.chunks(4).map(|pixel| contrast(shown(pixel), [panel; 3]) >= 3.0).collect()
    }

    #[test]
    fn every_icon_is_seen_on_every_panel() {
        for (icon, ink) in icons().flat_map(|icon| [(icon, Ink::Light), (icon, Ink::Dark)]) {
            for panel in [0, 0x2b, 0x80, 0xd0, 0xff] {
                for size in [16, 22, 24, 48] {
                    let picture = draw(icon, ink, size);
                    let visible = visible(&picture, panel);
                    let seen = |top: u16, bottom: u16| {
                        let rows = usize::from(top)..usize::from(bottom);
                        let width = usize::from(size);
                        rows.flat_map(|row| &visible[row * width..][..width])
                            .filter(|seen| **seen)
                            .count()
                    };
                    // A tenth of the picture in each half: lines as wide as those of other icons.
                    let least = usize::from(size) * usize::from(size) / 2 / 10;
                    for (top, bottom) in [(0, size / 2), (size / 2, size)] {
                        let seen = seen(top, bottom);
                        assert!(
                            seen >= least,
                            "{icon:?} in {ink:?} on {panel}, size {size}: {seen} of {least}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_badge_is_seen_on_every_panel() {
        for (icon, ink) in icons().flat_map(|icon| [(icon, Ink::Light), (icon, Ink::Dark)]) {
            if matches!(icon, Icon::Off | Icon::Idle) {
                continue;
            }
            for panel in [0, 0x2b, 0x80, 0xd0, 0xff] {
                let visible = visible(&draw(icon, ink, 22), panel);
                let corner = (12..22).flat_map(|row| &visible[row * 22 + 12..row * 22 + 22]);
                let seen = corner.filter(|seen| **seen).count();
                assert!(seen >= 12, "{icon:?} in {ink:?} on {panel}: {seen}");
            }
        }
    }
}
