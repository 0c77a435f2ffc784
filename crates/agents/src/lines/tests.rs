use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Small bounds, so that generated values reach them.
const SMALL: Bounds = Bounds { plain: 24, string: 24, result: 48, object: 4096 };

/// The lines of `bytes`, pushed in pieces of the given sizes (cycled through).
fn lines(bytes: &[u8], bounds: Bounds, pieces: &[usize]) -> Vec<Line<'static>> {
    let mut found = Vec::new();
    let mut keep = |line: Line<'_>| {
        found.push(Line { text: Cow::Owned(line.text.into_owned()), ..line });
    };
    let mut lines = Lines::with_bounds(0, bounds);
    let mut rest = bytes;
    for &size in pieces.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(size.clamp(1, rest.len()));
        lines.push(piece, &mut keep);
        rest = after;
    }
    lines.finish(&mut keep);
    found
}

fn texts(bytes: &[u8]) -> Vec<(u64, u64, String, bool)> {
    lines(bytes, SMALL, &[usize::MAX])
        .into_iter()
        .map(|line| (line.offset, line.end, line.text.into_owned(), line.shortened))
        .collect()
}

/// The texts of whole lines that do not begin the output.
fn texts_after(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = Lines::with_bounds(1, SMALL);
    lines.push(bytes, |line| {
        assert!(!line.shortened);
        found.push(line.text.into_owned());
    });
    assert_eq!(lines.offset(), 1 + bytes.len() as u64, "only whole lines");
    found
}

fn only(bytes: &[u8], bounds: Bounds) -> Line<'static> {
    let mut found = lines(bytes, bounds, &[4096]);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[test]
fn lines_have_offsets_and_no_line_ends_or_invalid_bytes() {
    let line = |offset, end, text: &str, shortened| (offset, end, text.to_owned(), shortened);
    assert_eq!(texts(b""), []);
    assert_eq!(
        texts(b"one\r\n\n\r\ntwo\0\xFF\nlast\r"),
        [
            line(0, 5, "one", false),
            line(5, 6, "", false),
            line(6, 8, "", false),
            line(8, 14, "two\0\u{FFFD}", false),
            line(14, 19, "last", false),
        ]
    );
    let at_bound = "x".repeat(SMALL.plain);
    assert_eq!(texts(format!("{at_bound}\n").as_bytes()), [line(0, 25, &at_bound, false)]);
    assert_eq!(texts(format!("{at_bound}\r\n").as_bytes()), [line(0, 26, &at_bound, false)]);
    assert_eq!(
        texts(format!("{at_bound}yz\n").as_bytes()),
        [line(0, 27, &format!("{at_bound}… [2 bytes more]"), true)]
    );
    // A character across the bound is left out completely.
    let before = "x".repeat(SMALL.plain - 1);
    assert_eq!(
        texts(format!("{before}éz\n").as_bytes()),
        [line(0, 27, &format!("{before}… [3 bytes more]"), true)]
    );
}

#[test]
fn a_byte_order_mark_is_removed_from_the_first_line_only() {
    let check = |bytes: &[u8], expected: &[(u64, u64, &str)]| {
        for piece in 1..=bytes.len() {
            let found = lines(bytes, SMALL, &[piece]);
            let found: Vec<_> =
                found.iter().map(|line| (line.offset, line.end, line.text.as_ref())).collect();
            assert_eq!(found, expected, "in pieces of {piece}");
        }
    };
    check(b"\xEF\xBB\xBF{\"a\":1}\r\nb\n", &[(0, 12, "{\"a\":1}"), (12, 14, "b")]);
    check(b"\xEF\xBB\xBF\n", &[(0, 4, "")]);
    // Elsewhere it is a character, and a part of one is invalid.
    check(b"a\n\xEF\xBB\xBFb\n", &[(0, 2, "a"), (2, 7, "\u{feff}b")]);
    check(b"\xEF\xBBb", &[(0, 3, "\u{fffd}b")]);
    check(b"\xEF\xBB", &[(0, 2, "\u{fffd}")]);
}

#[test]
fn long_strings_are_cut_between_characters() {
    let check = |content: &str, kept: &str| {
        let line = only(format!(r#"{{"k":["{content}",1]}}"#).as_bytes(), SMALL);
        let value: Value = serde_json::from_str(&line.text).expect(content);
        let text = value["k"][0].as_str().expect("a string");
        let missing = content.len() - kept.len();
        let kept: Value = serde_json::from_str(&format!("\"{kept}\"")).expect(kept);
        let kept = kept.as_str().expect("a string");
        assert_eq!(text, format!("{kept}… [{missing} bytes more]"), "{content}");
        assert!(line.shortened);
    };
    let x = |n| "x".repeat(n);
    check(&x(30), &x(24));
    check(&format!("{}é{}", x(23), x(5)), &x(23));
    check(&format!("{}😀{}", x(21), x(5)), &x(21));
    check(&format!(r"{}\n{}", x(23), x(5)), &x(23));
    check(&format!(r#"{}\"{}"#, x(23), x(5)), &x(23));
    check(&format!(r"{}\\{}", x(24), x(5)), &x(24));
    check(&format!(r"{}\u00e9{}", x(20), x(5)), &x(20));
    check(&format!(r"{}\ud83d\ude00{}", x(18), x(5)), &x(18));
    check(&format!(r"{}\ud83d\ude00{}", x(13), x(5)), &x(13));
    check(&format!(r"{}\ud83d\ude00{}", x(12), x(5)), &format!(r"{}\ud83d\ude00", x(12)));
    check(&format!(r#"{}\\\"{}"#, x(30), x(5)), &x(24));
}

#[test]
fn only_the_top_level_result_may_be_longer() {
    let long = "r".repeat(40);
    let json = format!(r#"{{"a":{{"result":"{long}"}},"result":"{long}","b":"{long}"}}"#);
    let value: Value = serde_json::from_str(&only(json.as_bytes(), SMALL).text).expect("JSON");
    assert_eq!(value["result"], long);
    assert_ne!(value["a"]["result"], long);
    assert_ne!(value["b"], long);
}

#[test]
fn an_object_that_is_too_large_when_shortened_is_a_plain_line() {
    let json = format!("{{\"k\":[{}1]}}\nnext\n", "1,".repeat(4000));
    let found = lines(json.as_bytes(), SMALL, &[1000]);
    let missing = json.len() - "\nnext\n".len() - SMALL.plain;
    let begin = &json[..SMALL.plain];
    assert_eq!(found[0].text, format!("{begin}… [{missing} bytes more]"));
    assert!(found[0].shortened);
    assert_eq!(found[1].text, "next");
}

#[test]
fn memory_is_bounded_for_any_output() {
    let floods: [(&str, &[u8]); 5] = [
        ("", b"x"),
        ("{\"result\":\"", b"x"),
        ("{\"k\":\"", b"\\ud83d"),
        ("{", b"\"abc\","),
        ("{", b"\xFF\xFE[["),
    ];
    for (begin, unit) in floods {
        let mut lines = Lines::new(0);
        lines.push(begin.as_bytes(), |_| {});
        let piece = unit.repeat(100_000 / unit.len());
        for _ in 0..50 {
            lines.push(&piece, |_| {});
            assert!(lines.buffer.capacity() <= 2 * 1024 * 1024, "{begin}");
        }
        let mut length = 0;
        lines.push(b"\n", |line| length = line.text.len());
        assert!((1..=2 * 1024 * 1024).contains(&length), "{begin}: {length}");
        assert!(lines.buffer.capacity() <= IDLE_CAPACITY, "{begin}");
    }
}

#[test]
fn a_huge_result_keeps_its_beginning() {
    let answer = "a".repeat(2_000_000);
    let json = format!(r#"{{"type":"result","result":"{answer}","x":"{answer}"}}"#);
    let line = only(json.as_bytes(), BOUNDS);
    let value: Value = serde_json::from_str(&line.text).expect("JSON");
    assert_eq!(value["result"].as_str().map(|text| text.len() <= 1024 * 1024), Some(true));
    assert_eq!(value["x"].as_str().map(|text| text.len() < 66_000), Some(true));
}

/// Any JSON value, with strings around the bounds and every kind of character.
fn json() -> impl Strategy<Value = Value> {
    let text =
        prop_oneof!["[a-z\"\\\\\n\u{1}é€😀]{0,60}", Just("result".to_owned()), any::<String>(),];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The same JSON with every character outside ASCII as a `\u` escape.
fn escaped(json: &str) -> String {
    let mut units = [0; 2];
    json.chars().fold(String::new(), |mut text, c| {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
        text
    })
}

/// Whether every string in it, as written, is within the smallest bound.
fn is_within_bounds(json: &str) -> bool {
    let mut length = 0;
    let mut inside = false;
    let mut escape = false;
    for byte in json.bytes() {
        match byte {
            b'"' if !escape => (inside, length) = (!inside, 0),
            _ if inside => length += 1,
            _ => {}
        }
        escape = inside && byte == b'\\' && !escape;
        if length > SMALL.string {
            return false;
        }
    }
    json.len() <= SMALL.object
}

#[test]
fn a_byte_order_mark_alone_is_read_to_its_end() {
    let mut reader = Lines::with_bounds(0, SMALL);
    reader.push("\u{feff}".as_bytes(), |line| panic!("{line:?}"));
    assert_eq!(reader.offset(), 0, "its line may still come");
    reader.finish(|line| panic!("{line:?}"));
    assert_eq!(reader.offset(), 3);
}

proptest! {
    #[test]
    fn a_shortened_object_stays_json(value in json(), escape: bool, pieces in prop::collection::vec(1_usize..9, 1..5)) {
        let mut text = serde_json::json!({ "k": value, "result": value }).to_string();
        if escape {
            text = escaped(&text);
        }
        let whole = only(text.as_bytes(), SMALL);
        if text.len() <= SMALL.object {
            let parsed = serde_json::from_str::<Value>(&whole.text);
            prop_assert!(parsed.is_ok(), "{} became {}", text, whole.text);
        }
        if is_within_bounds(&text) {
            prop_assert_eq!(&whole.text, &text);
            prop_assert!(!whole.shortened);
        }
        prop_assert_eq!(&lines(text.as_bytes(), SMALL, &pieces), &[whole]);
    }

    #[test]
    fn lines_are_the_same_for_pieces_of_any_size(
        bytes in prop::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'{'), Just(b'"'), Just(b'\\'), any::<u8>()],
            0..400,
        ),
        pieces in prop::collection::vec(1_usize..60, 1..5),
    ) {
        let whole = lines(&bytes, SMALL, &[usize::MAX]);
        prop_assert_eq!(&lines(&bytes, SMALL, &pieces), &whole);
        // The lines lie end to end and cover everything.
        let mut end = 0;
        for line in &whole {
            prop_assert_eq!(line.offset, end);
            prop_assert!(line.end > line.offset);
            end = line.end;
        }
        prop_assert_eq!(end, bytes.len() as u64);
    }

    #[test]
    fn lines_read_at_once_are_the_same_as_one_by_one(
        bytes in "(\u{feff}|)([a-z{\"é]{0,30}(\n|\r\n)){0,40}[a-z]{0,30}",
        pieces in prop::collection::vec(1_usize..200, 1..5),
        taken in prop::collection::vec(any::<bool>(), 1..5),
    ) {
        let mut taken = taken.into_iter().cycle();
        let mut found = Vec::new();
        let mut reader = Lines::with_bounds(0, SMALL);
        let mut rest = bytes.as_bytes();
        for size in pieces.into_iter().cycle() {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            reader.push_pieces(piece, |piece| match piece {
                Piece::Line(line) => {
                    found.push(line.text.into_owned());
                    true
                }
                Piece::Lines(whole) => {
                    let take = taken.next() == Some(true);
                    if take {
                        found.extend(texts_after(whole));
                    }
                    take
                }
            });
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        reader.finish(|line| found.push(line.text.into_owned()));
        prop_assert_eq!(reader.offset(), bytes.len() as u64);
        let expected: Vec<_> = texts(bytes.as_bytes()).into_iter().map(|line| line.2).collect();
        prop_assert_eq!(found, expected);
    }
}
