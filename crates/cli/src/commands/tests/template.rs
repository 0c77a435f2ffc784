//! `template`, and `run --template`.

use super::*;

/// An engine with the template `review`, which has two fields and a model.
async fn with_template() -> FakeEngine {
    let engine = FakeEngine::default();
    let line = "template save review Review_{{file}}_for_{{focus}} --model opus --stdin never \
                --prompt-is-text";
    let (exit, written) = command(&engine, Look::Terminal, line).await;
    assert_eq!(exit, Exit::Done, "{}", written.err());
    let said = "Kept the template review\nRun it with: claude-worker run --template review \
                --set file=… --set focus=…\n";
    assert_eq!(written.out(), said);
    engine
}

#[tokio::test(start_paused = true)]
async fn a_task_is_made_of_a_template() {
    let engine = with_template().await;
    let line = "run --template Review --set file=a.rs --set focus=b=c --stdin never";
    let (exit, written) = command(&engine, Look::Pipe, line).await;
    assert_eq!((exit, written.out()), (Exit::Done, "1\n"), "{}", written.err());
    let task = &engine.submitted()[0];
    assert_eq!(task.execution_prompt, "Review_a.rs_for_b=c");
    assert_eq!(task.model.as_deref(), Some("opus"));
    assert!(task.working_directory.starts_with('/'));

    let line = format!("{line} --model haiku --name mine");
    command(&engine, Look::Pipe, &line).await;
    let task = &engine.submitted()[1];
    assert_eq!((task.model.as_deref(), task.name.as_deref()), (Some("haiku"), Some("mine")));
}

#[tokio::test(start_paused = true)]
async fn missing_and_unknown_values_submit_nothing() {
    let engine = with_template().await;
    for (line, said) in [
        ("--set file=a.rs", "needs a value for focus"),
        ("--set file=a.rs --set focus=", "needs a value for focus"),
        ("--set file=a.rs --set focus=b --set flie=c", "has no field \"flie\""),
        ("--set file=a.rs --set file=b --set focus=c", "The field file has two values"),
    ] {
        let line = format!("run --template review {line} --stdin never");
        let (exit, written) = command(&engine, Look::Pipe, &line).await;
        assert_ne!(exit, Exit::Done);
        assert!(written.err().contains(said), "{}", written.err());
    }
    let (_, written) = command(&engine, Look::Pipe, "run --template gone --stdin never").await;
    assert!(written.err().contains("There is no template \"gone\""), "{}", written.err());
    assert!(engine.submitted().is_empty());
}

#[test]
fn a_template_has_its_own_agent() {
    let words = "claude-worker run --template review --agent shell".split(' ');
    let error = Cli::try_parse_from(words).unwrap_err();
    assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict);
}

#[tokio::test(start_paused = true)]
async fn templates_are_listed_shown_and_removed() {
    let engine = FakeEngine::default();
    let (_, written) = command(&engine, Look::Terminal, "template list").await;
    assert!(written.out().starts_with("No templates yet."), "{}", written.out());
    let engine = with_template().await;
    let (_, written) = command(&engine, Look::Pipe, "template list").await;
    let rows =
        "  NAME    FIELDS       PROMPT\n  review  file, focus  Review_{{file}}_for_{{focus}}\n";
    assert_eq!(written.out(), rows);
    let (_, written) = command(&engine, Look::Pipe, "template show review").await;
    assert_eq!(written.out(), "Review_{{file}}_for_{{focus}}\n");
    let (_, written) = command(&engine, Look::Json, "template show review").await;
    assert_eq!(written.json()["task"]["model"], "opus");

    let save = "template save review Other --prompt-is-text --stdin never";
    let (exit, _) = command(&engine, Look::Pipe, save).await;
    assert_ne!(exit, Exit::Done, "it is there already");
    let (exit, _) = command(&engine, Look::Pipe, &format!("{save} --replace")).await;
    assert_eq!(exit, Exit::Done);
    let (_, written) = command(&engine, Look::Pipe, "template show review").await;
    assert_eq!(written.out(), "Other\n");
    let (_, written) = command(&engine, Look::Pipe, "template remove review").await;
    assert_eq!(written.out(), "Removed the template review\n");
    let (_, written) = command(&engine, Look::Json, "template list").await;
    assert_eq!(written.json()["templates"], serde_json::json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_template_is_made_of_a_task() {
    let engine = FakeEngine::default();
    command(&engine, Look::Pipe, "run --stdin never Fix_{{what}} --max-turns 3 --name N").await;
    let (exit, written) =
        command(&engine, Look::Pipe, "template save fix --from 1 --model opus").await;
    assert_eq!(exit, Exit::Done, "{}", written.err());
    let (_, written) = command(&engine, Look::Json, "template show fix").await;
    let task = &written.json()["task"];
    assert_eq!(
        (&task["execution_prompt"], &task["model"]),
        (&"Fix_{{what}}".into(), &"opus".into())
    );
    assert_eq!(
        (&task["limits"]["max_turns"], &task["name"]),
        (&3.into(), &serde_json::Value::Null)
    );
}
