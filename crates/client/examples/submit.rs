//! Submits a task to the engine of this user, prints what its agent does, and then its result:
//! `cargo run --example submit -- "echo hello"`.

use claude_worker_api::{
    Agent, ApiError, LogItem, LogQuery, NewTask, State, TaskApi, TaskApiExt, TaskId,
};
use claude_worker_client::EngineClient;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let command = std::env::args().nth(1).ok_or("which command?")?;
    let directory = std::env::current_dir()?;
    let client = EngineClient::of_this_user()?;
    let task = client
        .submit(NewTask {
            execution_prompt: command,
            working_directory: directory.display().to_string(),
            // Without it, Claude Code gets the prompt.
            agent: Agent::Shell,
            ..NewTask::default()
        })
        .await?;
    println!("task {}", task.id);
    follow(&client, task.id).await?;
    let detail = client.wait_until_finished(task.id).await?;
    match detail.task.state {
        State::Completed { .. } => println!("result: {}", detail.result.unwrap_or_default()),
        State::Failed { failure, .. } => println!("failed: {}", failure.describe()),
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
