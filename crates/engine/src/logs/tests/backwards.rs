//! From the end backwards one sees what one sees forwards.

use proptest::prelude::*;

use super::*;

impl Output {
    fn query(&self, query: &LogQuery) -> LogPage {
        page(&self.source(), query).unwrap()
    }

    fn tail(&self, limit: u32) -> LogPage {
        self.query(&LogQuery { tail: true, limit: Some(limit), ..LogQuery::default() })
    }

    fn before(&self, before: u64, limit: u32) -> LogPage {
        self.query(&LogQuery { before: Some(before), limit: Some(limit), ..LogQuery::default() })
    }

    /// Every item, read forwards, and where that stops.
    fn forwards(&self) -> (Vec<LogEntry>, u64) {
        let (mut entries, mut after) = (Vec::new(), 0);
        loop {
            let page = self.page(after);
            assert_eq!(page.start, after);
            let stands = page.next == after;
            after = page.next;
            entries.extend(page.entries);
            if page.end || stands {
                return (entries, after);
            }
        }
    }
}

/// Lengths of lines: most are short, some are longer than anything that is read at once.
fn lengths() -> impl Strategy<Value = Vec<usize>> {
    let length = prop_oneof![20 => 0..100_usize, 2 => 60_000..70_000_usize, 1 => 0..900_000_usize];
    prop::collection::vec(length, 0..60)
}

fn text(lengths: &[usize], ends: bool) -> Vec<u8> {
    let lines = lengths.iter().map(|length| "x".repeat(*length));
    let mut text = lines.collect::<Vec<_>>().join("\n").into_bytes();
    if ends && !text.is_empty() {
        text.push(b'\n');
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn pages_from_the_end_are_those_from_the_beginning(
        lines in lengths(),
        errors in lengths(),
        limit in 1..40_u32,
        ends in any::<bool>(),
        over in any::<bool>(),
    ) {
        let mut output = Output::new();
        output.over = over;
        output.stdout(&text(&lines, ends));
        output.print(&output.dir.stderr_path(), &text(&errors, ends));
        let (all, end) = output.forwards();

        let mut page = output.tail(limit);
        prop_assert_eq!((page.next, page.end), (end, over));
        let mut found: Vec<LogEntry> = Vec::new();
        loop {
            prop_assert!(page.entries.len() <= limit as usize);
            let begin = all.len() - found.len() - page.entries.len();
            prop_assert_eq!(&page.entries[..], &all[begin..begin + page.entries.len()]);
            if let Some(first) = page.entries.first() {
                prop_assert_eq!(page.start, first.offset);
            }
            page.entries.append(&mut found);
            found = page.entries;
            if page.start == 0 {
                break;
            }
            let before = output.before(page.start, limit);
            prop_assert_eq!(before.next, page.start);
            prop_assert!(before.start < page.start, "every page gets on");
            page = before;
        }
        prop_assert_eq!(found, all);
    }
}

#[test]
fn a_line_is_shown_whole_or_not_at_all() {
    let output = Output::new();
    output.stdout(b"one\ntwo\nthr");
    let page = output.tail(9);
    assert_eq!((page.entries.len(), page.start, page.next, page.end), (2, 0, 8, false));
    // From the middle of a line: what ends before it.
    let page = output.before(6, 9);
    assert_eq!((page.entries.len(), page.start, page.next), (1, 0, 4));
    // From beyond the end: from the end.
    assert_eq!(output.before(u64::MAX, 1).entries[0].offset, 4);
    // Following goes on where the tail ends.
    output.stdout(b"ee\n");
    assert_eq!(output.page(8).entries.len(), 1);
}

#[test]
fn a_page_reads_a_bounded_part_of_lines_that_show_nothing() {
    let mut output = Output::new();
    output.agent = Agent::Claude;
    output.stdout(b"{\"type\":\"system\",\"subtype\":\"informational\",\"content\":\"hello\"}\n");
    let silent = format!("{{\"type\":\"stream_event\",\"event\":\"{}\"}}\n", "x".repeat(1000));
    output.stdout(silent.repeat(3000).as_bytes());
    let mut page = output.tail(1);
    let mut pages = 1;
    while page.entries.is_empty() {
        assert!(page.next - page.start < 1024 * 1024);
        page = output.before(page.start, 1);
        pages += 1;
    }
    assert!((3..10).contains(&pages), "{pages}");
    assert_eq!(page.start, 0);
}
