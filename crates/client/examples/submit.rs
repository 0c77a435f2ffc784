//! Submits a command to the engine of this user, prints what it prints, and then its result:
//! `cargo run --example submit -- "make test" tests-of-commit-4711`. The second argument is the
//! idempotency key: with the same key, the program goes on with the task of the first call.

use claude_worker_api::{
    Agent, ApiError, ErrorCode, LogItem, LogQuery, NewTask, State, TaskApi, TaskApiExt, TaskId,
};
use claude_worker_client::EngineClient;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().ok_or("which command?")?;
    let key = arguments.next();
    let client = EngineClient::of_this_user()?;
    let directory = std::env::current_dir()?;
    let submitted = client
        .submit(NewTask {
            execution_prompt: command,
            working_directory: directory.display().to_string(),
            // Without it, Claude Code gets the prompt.
            agent: Agent::Shell,
            idempotency_key: key,
            ..NewTask::default()
        })
        .await;
    let task = match submitted {
        Ok(task) => task,
        Err(error) => {
            eprintln!("not submitted: {error}");
            let code = match error.code {
                // Another command was submitted with this key.
                ErrorCode::Conflict => 3,
                // Later there may be room, or an engine.
                ErrorCode::QueueFull | ErrorCode::DiskFull | ErrorCode::Unavailable => 75,
                _ => 1,
            };
            std::process::exit(code);
        }
    };
    println!("task {}", task.id);
    follow(&client, task.id).await?;
    let detail = client.wait_until_finished(task.id).await?;
    match detail.task.state {
        State::Completed { .. } => println!("result: {}", detail.result.unwrap_or_default()),
        State::Failed { failure, .. } => println!("failed: {}", failure.describe()),
        // Cancelled, skipped, or what a newer version has.
        state => println!("{}", state.status().name()),
    }
    Ok(())
}

/// Prints the log of the task's newest run until the run has ended.
async fn follow(api: &impl TaskApi, id: TaskId) -> Result<(), ApiError> {
    let mut query = LogQuery { wait_ms: 30_000, ..LogQuery::default() };
    loop {
        // It returns as soon as there is something new.
        let page = api.log(id, query.clone()).await?;
        for entry in page.entries {
            match entry.item {
                LogItem::Output { text, .. } | LogItem::Text { text } => println!("> {text}"),
                LogItem::ToolCall { tool, summary, .. } => println!("> {tool}: {summary}"),
                _ => {}
            }
        }
        if page.end {
            return Ok(());
        }
        query.after = page.next;
    }
}
