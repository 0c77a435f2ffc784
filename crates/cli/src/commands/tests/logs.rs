//! `logs`.

use super::*;

#[tokio::test(start_paused = true)]
async fn logs_read_to_the_end_and_stop() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let (exit, written) = command(&engine, Look::Pipe, "logs 1").await;
    assert_eq!((exit, written.out()), (Exit::Done, ""));
    assert_eq!(written.err(), "Task 1 has printed nothing yet\n");

    let run = engine.begin(1);
    let lines: Vec<_> = (1..=5).map(|n| format!("line {n}\n")).collect();
    for line in &lines {
        engine.print(&run, line);
    }
    let (_, written) = command(&engine, Look::Pipe, "logs 1").await;
    assert_eq!(written.out(), lines.concat());

    let (_, written) = command(&engine, Look::Json, "logs 1").await;
    let entries: Vec<serde_json::Value> =
        written.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[4]["text"], "line 5");

    let (exit, written) = command(&engine, Look::Pipe, "logs 1 --run 2").await;
    assert_eq!(exit, Exit::NotFound);
    assert!(written.err().contains("Task 1 has no run 2"));
}

#[tokio::test(start_paused = true)]
async fn long_logs_are_read_in_large_pieces_in_order() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let run = engine.begin(1);
    let text: String = (0..).map(|n| format!("{n:>15}\n")).take(2 * CHUNK as usize / 16).collect();
    engine.print(&run, &text);
    // Nothing follows the last large piece.
    let (_, written) = command(&engine, Look::Pipe, "logs 1").await;
    assert!(written.out() == text, "{} of {} bytes", written.out().len(), text.len());

    engine.print(&run, "and a rest\nwithout an end");
    engine.end_run(&run);
    for line in ["logs 1", "logs 1 --run 1 -f"] {
        let (exit, written) = command(&engine, Look::Pipe, line).await;
        assert_eq!(exit, Exit::Done);
        let rest = written.out().strip_prefix(text.as_str());
        assert_eq!(rest, Some("and a rest\nwithout an end\n"), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn raw_logs_are_the_bytes_and_on_a_terminal_without_control_characters() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let run = engine.begin(1);
    let bytes = b"\x1b[2Jpr\xc3\xbcfen \xff\n";
    engine.print_bytes(&run, bytes);
    engine.end_run(&run);
    let (exit, written) = command(&engine, Look::Pipe, "logs 1 --raw").await;
    assert_eq!((exit, written.out.as_slice()), (Exit::Done, &bytes[..]));
    let (_, written) = command(&engine, Look::Terminal, "logs 1 --raw").await;
    assert_eq!(written.out(), "␛[2Jprüfen \u{fffd}\n");
}
