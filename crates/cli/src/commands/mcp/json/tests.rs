//! Files as clients and people write them, before and after.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn added(text: &str) -> String {
    set(text, &["servers", "ours"], &json!({ "command": "/x" })).unwrap()
}

#[test]
fn a_file_that_is_not_there_yet() {
    let expected =
        "{\n  \"servers\": {\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n  }\n}\n";
    assert_eq!(added(""), expected);
    assert_eq!(added(" \n"), expected);
}

#[test]
fn everything_else_stays_as_it_was_written() {
    let before = "\
// mine
{
\t\"z\": [1,2 , 3], // odd
\t\"servers\": {
\t\t\"other\": { \"command\": \"a b\" } // keep
\t},
\t\"a\": 1e3,
}
";
    let after = "\
// mine
{
\t\"z\": [1,2 , 3], // odd
\t\"servers\": {
\t\t\"other\": { \"command\": \"a b\" }, // keep
\t\t\"ours\": {
\t\t\t\"command\": \"/x\"
\t\t}
\t},
\t\"a\": 1e3,
}
";
    assert_eq!(added(before), after);
    let removed = remove(after, &["servers", "ours"]).unwrap().unwrap();
    assert_eq!(get(&removed, &["servers", "ours"]).unwrap(), None);
    assert!(removed.contains("\"other\": { \"command\": \"a b\" }"), "{removed}");
    // Once more is the same as once.
    assert_eq!(added(after), after);
}

#[test]
fn wherever_there_is_room_for_it() {
    let check = |before: &str, after: &str| {
        assert_eq!(added(before), after);
        assert_eq!(get(after, &["servers", "ours"]).unwrap(), Some(json!({ "command": "/x" })));
    };
    check("{}", "{\n  \"servers\": {\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n  }\n}");
    check(
        "{\n  \"servers\": {}\n}",
        "{\n  \"servers\": {\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n  }\n}",
    );
    check(r#"{"a":1}"#, r#"{"a":1, "servers": {"ours":{"command":"/x"}}}"#);
    check(
        r#"{"servers":{"ours":[1,{"x":"}"}]},"b":2}"#,
        "{\"servers\":{\"ours\":{\n  \"command\": \"/x\"\n}},\"b\":2}",
    );
    check(
        "{\n  \"servers\": {\n    \"b\": 1,\n  }\n}",
        "{\n  \"servers\": {\n    \"b\": 1,\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n  }\n}",
    );
}

#[test]
fn removing_leaves_what_is_before_and_behind() {
    let check = |before: &str, after: &str| {
        assert_eq!(remove(before, &["s", "x"]).unwrap().as_deref(), Some(after));
    };
    check(r#"{"s":{"x":1}}"#, r#"{"s":{}}"#);
    check(r#"{"s":{"a":0, "x":1}}"#, r#"{"s":{"a":0}}"#);
    check(r#"{"s":{"x":1, "b":2}}"#, r#"{"s":{"b":2}}"#);
    check("{\"s\":{\n  \"a\": 0,\n  \"x\": 1\n}}", "{\"s\":{\n  \"a\": 0\n}}");
    for without in ["", "{}", r#"{"s":{}}"#, r#"{"t":{"x":1}}"#] {
        assert_eq!(remove(without, &["s", "x"]).unwrap(), None);
    }
}

#[test]
fn what_is_no_object_is_left_alone() {
    for wrong in
        ["[]", "{", "{\"a\"}", "{} x", "{\"a\":}", "{\"s\": 3, \"a\" 4}", "{\"a\":1 \"b\":2}"]
    {
        let error = set(wrong, &["s", "x"], &json!(1)).unwrap_err();
        assert!(error.starts_with("line 1: "), "{wrong}: {error}");
    }
    assert!(set("{\"s\": 3}", &["s", "x"], &json!(1)).is_err());
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    assert!(set(&deep, &["s", "x"], &json!(1)).unwrap_err().contains("nesting depth"));
}

#[test]
fn odd_files_are_edited_or_refused_and_never_crash() {
    let path = ["s", "x"];
    // A byte order mark, line ends of Windows, commas after the last entry.
    let odd = "\u{feff}{\r\n  \"a\": [1, 2,],\r\n  \"s\": {},\r\n}\r\n";
    let with = set(odd, &path, &json!(1)).unwrap();
    assert!(with.starts_with('\u{feff}') && with.ends_with(",\r\n}\r\n"), "{with:?}");
    assert_eq!(get(&with, &path).unwrap(), Some(json!(1)));
    assert_eq!(remove(&with, &path).unwrap().as_deref(), Some(odd));
    // Half a surrogate pair, which JavaScript writes where it cuts a text.
    let cut = r#"{"history": ["cut \ud83d", "\\ud83d"], "s": {}}"#;
    let with = set(cut, &path, &json!(1)).unwrap();
    assert!(with.starts_with(r#"{"history": ["cut \ud83d", "\\ud83d"], "#), "{with}");
    assert_eq!(remove(&with, &path).unwrap().as_deref(), Some(cut));
    // The last of two entries with the same name counts.
    assert_eq!(get("{\"s\":{\"x\":1,\"x\":2}}", &path).unwrap(), Some(json!(2)));
    let twice = "{\"s\":{\"x\":1},\"s\":{\"x\":2}}";
    assert_eq!(set(twice, &path, &json!(3)).unwrap(), "{\"s\":{\"x\":1},\"s\":{\"x\":3}}");
    // A megabyte of nesting.
    for opening in ["[", "{\"a\":"] {
        let deep = opening.repeat(1024 * 1024 / opening.len());
        for text in [deep.clone(), format!("{{\"s\":{deep}")] {
            assert!(set(&text, &path, &json!(1)).unwrap_err().contains("nesting depth"));
        }
    }
    let refused = [
        "{'a': 1}",
        "{a: 1}",
        "{\"a\": 0x1}",
        "{\"a\": +1}",
        "{\"a\": .5}",
        "{\"a\": NaN}",
        "// nothing",
        "{\"a\": 1,,}",
        "{,}",
        "{\"a\": \"open}",
        "{\"a\": 1 /* open }",
    ];
    for text in refused {
        assert!(set(text, &path, &json!(1)).is_err(), "{text}");
    }
}

/// Why this module edits the text itself.
#[test]
fn the_editor_of_the_library_changes_other_entries() {
    let edited = |text: &str, edit: fn(jsonc_parser::cst::CstObject)| {
        let root = jsonc_parser::cst::CstRootNode::parse(text, &SYNTAX).unwrap();
        edit(root.object_value().unwrap());
        root.to_string()
    };
    let before = "{\n  \"x\": 1, // the user's\n  \"b\": 2\n}";
    let theirs = edited(before, |object| object.get("x").unwrap().remove());
    assert!(!theirs.contains("the user's"), "{theirs}");
    assert!(remove(before, &["x"]).unwrap().unwrap().contains("the user's"));
    let theirs = edited("{\"a\":1}", |object| {
        object.append("x", jsonc_parser::cst::CstInputValue::Null);
    });
    assert!(theirs.contains('\n'), "{theirs}");
    assert_eq!(set("{\"a\":1}", &["x"], &Value::Null).unwrap(), "{\"a\":1, \"x\": null}");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<i32>().prop_map(Value::from),
        "[ -~ä\\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-d\"{},:]{0,3}", inner, 0..3).prop_map(Value::from_iter),
        ]
    })
}

#[test]
fn comments_stay_whatever_comes_and_goes() {
    let check = |before: &str, with: &str| {
        assert_eq!(added(before), with);
        let back = remove(with, &["servers", "ours"]).unwrap().unwrap();
        assert_eq!(back, before);
    };
    // Nothing but comments.
    check(
        "{\n  \"servers\": {\n    // mine\n    /* too */\n  }\n}",
        "{\n  \"servers\": {\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n    // mine\n    /* too */\n  }\n}",
    );
    // A remark about the one before.
    check(
        "{\n  \"servers\": {\n    \"a\": 1 /* one */ // two\n  }\n}",
        "{\n  \"servers\": {\n    \"a\": 1, /* one */ // two\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n  }\n}",
    );
    assert_eq!(
        added("{\n  \"servers\": {\n    \"a\": 1, // one\n  }\n}"),
        "{\n  \"servers\": {\n    \"a\": 1, // one\n    \"ours\": {\n      \"command\": \"/x\"\n    }\n  }\n}",
    );
    assert_eq!(
        added("{\"servers\":{\"a\":1 /* one */ , }}"),
        "{\"servers\":{\"a\":1 /* one */ , \"ours\": {\"command\":\"/x\"} }}"
    );
    let removed = |before: &str| remove(before, &["s", "x"]).unwrap().unwrap();
    // A remark about the next one, and those about ours.
    assert_eq!(
        removed("{\"s\":{\n  // ours\n  \"x\": 1, // too\n  // next\n  \"b\": 2\n}}"),
        "{\"s\":{\n  // ours\n  // too\n  // next\n  \"b\": 2\n}}"
    );
    assert_eq!(
        removed("{\"s\":{ /* a */ \"x\" /* b */ : 1 /* c */ , /* d */ }}"),
        "{\"s\":{ /* a */ /* c */  /* d */ }}"
    );
    // Two of the same name: the last one counted, and neither is left.
    assert_eq!(removed("{\"s\":{\"x\":1, \"b\":2, \"x\":3}}"), "{\"s\":{\"b\":2}}");
}

/// Space and comments as people put them between any two signs. Each comment is another one.
struct Trivia<'a> {
    picks: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    comments: usize,
}

impl Trivia<'_> {
    fn next(&mut self) -> String {
        self.comments += 1;
        let n = self.comments;
        match self.picks.next().unwrap() % 12 {
            0 => format!(" // {n} }}\n"),
            1 => format!("/* {n} \"{{ */"),
            2 => format!("\n  /* {n}\n, */ "),
            3 => "\n\t".to_owned(),
            4 => "\r\n".to_owned(),
            5 => " ".to_owned(),
            _ => String::new(),
        }
    }

    fn comma(&mut self, is_last: bool) -> &'static str {
        if is_last && *self.picks.next().unwrap() < 170 { "" } else { "," }
    }

    fn write(&mut self, value: &Value, text: &mut String) {
        match value {
            Value::Object(entries) => {
                *text += "{";
                for (place, (key, value)) in entries.iter().enumerate() {
                    *text +=
                        &format!("{}{}{}:{}", self.next(), json!(key), self.next(), self.next());
                    self.write(value, text);
                    *text += &self.next();
                    *text += self.comma(place + 1 == entries.len());
                }
                *text += &format!("{}}}", self.next());
            }
            value => *text += &value.to_string(),
        }
    }
}

/// The comments in a text, in their order.
fn comments(text: &str) -> Vec<String> {
    let document = Document::parse(text, text).unwrap();
    let comments = document.tokens.iter().filter(|token| is_comment(token));
    comments.map(|comment| comment.text(text).trim_end().to_owned()).collect()
}

fn parsed(text: &str) -> Value {
    Node::Object(Document::parse(text, text).unwrap_or_else(|error| panic!("{error}: {text}")).root)
        .into()
}

proptest! {
#[test]
fn any_file_keeps_all_its_other_entries_and_comments(
    others in prop::collection::btree_map("[a-c]{1,2}", any_value(), 0..4),
    servers in prop::collection::btree_map("[a-c]{1,2}|ours", any_value(), 0..4),
    picks in prop::collection::vec(any::<u8>(), 1..40),
) {
    let mut file = Value::from_iter(others);
    file["servers"] = Value::from_iter(servers);
    let mut before = String::new();
    Trivia { picks: picks.iter().cycle(), comments: 0 }.write(&file, &mut before);
    prop_assert_eq!(&parsed(&before), &file);
    let had_ours = file["servers"].get("ours").is_some();
    let after = added(&before);
    file["servers"]["ours"] = json!({ "command": "/x" });
    prop_assert_eq!(&parsed(&after), &file);
    if !had_ours {
        prop_assert_eq!(comments(&after), comments(&before));
    }
    let back = remove(&after, &["servers", "ours"]).unwrap().unwrap();
    file["servers"].as_object_mut().unwrap().remove("ours");
    prop_assert_eq!(&parsed(&back), &file);
    // Those inside the entry, between its name and its value, go with it.
    if !had_ours {
        prop_assert_eq!(comments(&back), comments(&before));
    }
}

    #[test]
    fn any_file_keeps_all_its_other_entries(
        others in prop::collection::btree_map("[a-c]{1,2}", any_value(), 0..4),
        servers in prop::collection::btree_map("[a-c]{1,2}", any_value(), 0..4),
        is_pretty: bool,
    ) {
        let mut file = Value::from_iter(others);
        file["servers"] = Value::from_iter(servers);
        let before = if is_pretty { format!("{file:#}") } else { file.to_string() };
        let after = added(&before);
        let mut expected = file.clone();
        expected["servers"]["ours"] = json!({ "command": "/x" });
        prop_assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), expected);
        let back = remove(&after, &["servers", "ours"]).unwrap().unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&back).unwrap(), file);
    }
}
