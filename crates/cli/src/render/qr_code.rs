//! A QR code as text: two modules in one character.

use fast_qr::{ECL, QRBuilder};

/// The margin that scanners need, in modules.
const MARGIN: isize = 2;
/// Black on white, of the part of the palette that themes leave alone.
const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET: &str = "\u{1b}[0m";

/// The code of a text, with a newline after each row; none when the text is too long. With `colour`, it
/// is black on white on any terminal. Without, the light modules are drawn, which is right for light text
/// on a dark terminal; most scanners read the opposite, too.
#[must_use]
pub fn qr_code(text: &str, colour: bool) -> Option<String> {
    let code = QRBuilder::new(text).ecl(ECL::L).build().ok()?;
    let size = isize::try_from(code.size).ok()?;
    let is_dark = |x: isize, y: isize| {
        let inside = (0..size).contains(&x) && (0..size).contains(&y);
        inside && code[y.unsigned_abs()][x.unsigned_abs()].value()
    };
    // Whether this module is drawn in the colour of the text.
    let is_drawn = |x, y| is_dark(x, y) == colour && y < size + MARGIN;
    let mut drawn = String::new();
    for y in (-MARGIN..size + MARGIN).step_by(2) {
        if colour {
            drawn.push_str(BLACK_ON_WHITE);
        }
        for x in -MARGIN..size + MARGIN {
            drawn.push(match (is_drawn(x, y), is_drawn(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        if colour {
            drawn.push_str(RESET);
        }
        drawn.push('\n');
    }
    Some(drawn)
}

/// Reads what [`qr_code`] has drawn, as a camera would see it. `dark_text`: whether the text is dark on a
/// light ground, as with colour.
#[cfg(test)]
pub(crate) fn scan(drawn: &str, dark_text: bool) -> String {
    /// The width of a module, in pixels.
    const MODULE: usize = 4;
    let lines: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
    let has_text = |x: usize, y: usize| match lines[y / 2].get(x) {
        Some('█') => true,
        Some('▀') => y.is_multiple_of(2),
        Some('▄') => !y.is_multiple_of(2),
        _ => false,
    };
    let (width, height) = (lines[0].len() * MODULE, lines.len() * 2 * MODULE);
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        if has_text(x / MODULE, y / MODULE) == dark_text { 0 } else { 255 }
    });
    let found = picture.detect_grids();
    assert_eq!(found.len(), 1, "one code in\n{drawn}");
    found[0].decode().unwrap().1
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://tower.example.org:8443/login#0123456789abcdef0123456789abcdef";

    #[test]
    fn a_link_fits_into_a_terminal_of_80_columns_and_24_lines() {
        let drawn = qr_code(LINK, false).unwrap();
        assert!(drawn.lines().count() <= 21, "{}", drawn.lines().count());
        assert!(drawn.lines().all(|line| line.chars().count() <= 80));
        assert_eq!(qr_code(&"x".repeat(8000), false), None);
    }

    #[test]
    fn a_scanner_reads_it() {
        for length in [1, 40, 71, 72, 100, 300] {
            let link: String = LINK.chars().cycle().take(length).collect();
            assert_eq!(scan(&qr_code(&link, false).unwrap(), false), link);
            let coloured = qr_code(&link, true).unwrap().replace(BLACK_ON_WHITE, "");
            assert_eq!(scan(&coloured.replace(RESET, ""), true), link);
        }
    }

    #[test]
    fn both_forms_show_the_same_modules() {
        let (plain, coloured) = (qr_code(LINK, false).unwrap(), qr_code(LINK, true).unwrap());
        let inverted: String = plain
            .chars()
            .map(|c| match c {
                '█' => ' ',
                ' ' => '█',
                '▀' => '▄',
                '▄' => '▀',
                c => c,
            })
            .collect();
        let text = coloured.replace(BLACK_ON_WHITE, "").replace(RESET, "");
        // The last line may have a half that belongs to no module.
        let whole = inverted.lines().count() - 1;
        assert!(text.lines().take(whole).eq(inverted.lines().take(whole)));
    }
}
