//! The contract's view of MCP: what tools and resources offer goes through them, the rest, which
//! MCP clients have no part in, over the socket beside.

use claude_worker_api::{
    ApiError, Call, EngineInfo, FollowUp, ListQuery, NewTask, Order, Retry, Task, TaskApi,
    TaskDetail, TaskId, TaskPage, TaskQuery,
};
use claude_worker_client::EngineClient;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::client::{Mcp, outcome};
use crate::support::Home;

type Answer<T> = Result<T, ApiError>;

/// A [`TaskApi`] over the tools.
pub(crate) struct McpApi {
    mcp: Mcp,
    socket: EngineClient,
}

impl McpApi {
    pub(crate) fn new(home: &Home, socket: EngineClient) -> Self {
        Self { mcp: Mcp::legacy(home), socket }
    }

    async fn call(&self, tool: &str, arguments: Value) -> Answer<Value> {
        let params = json!({ "name": tool, "arguments": arguments });
        let answer = self.mcp.request("tools/call", params).1.await.unwrap();
        let mut result = outcome(answer).unwrap();
        if result["isError"] == true {
            return Err(read(result["_meta"]["claude-worker/error"].take()));
        }
        Ok(result["structuredContent"].take())
    }

    async fn task(&self, tool: &str, arguments: Value) -> Answer<Task> {
        Ok(read(self.call(tool, arguments).await?["task"].take()))
    }
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value:#}"))
}

impl TaskApi for McpApi {
    async fn call<C: Call>(&self, call: C) -> Answer<C::Answer> {
        call.ask(&self.socket).await
    }

    async fn submit(&self, task: NewTask) -> Answer<Task> {
        if task.parent.is_some() || task.caller.is_some() {
            return self.socket.submit(task).await;
        }
        let mut arguments = serde_json::to_value(task).unwrap();
        assert!(arguments.get("env").is_none(), "no variables over MCP");
        arguments.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.task("create_task", arguments).await
    }

    async fn list(&self, query: ListQuery) -> Answer<TaskPage> {
        let limit = query.limit.unwrap_or(50);
        if !query.ids.is_empty()
            || query.attention
            || query.order != Order::default()
            || limit > 100
        {
            return self.socket.list(query).await;
        }
        let mut arguments = json!({ "status": query.statuses, "limit": limit });
        if let Some(search) = query.search {
            arguments["search"] = json!(search);
        }
        if let Some(cursor) = query.cursor {
            arguments["cursor"] = json!(cursor.to_string());
        }
        let mut page = self.call("list_tasks", arguments).await?;
        let next: Option<String> = read(page["next_cursor"].take());
        Ok(TaskPage {
            tasks: read(page["tasks"].take()),
            next: next.map(|next| next.parse().unwrap()),
            counts: read(page["counts"].take()),
        })
    }

    async fn get(&self, id: TaskId, _: TaskQuery) -> Answer<TaskDetail> {
        let task = self.task("get_task_status", json!({ "task_id": id })).await?;
        let params = json!({ "uri": format!("task://{id}") });
        let answer = self.mcp.request("resources/read", params).1.await.unwrap();
        let contents = outcome(answer).unwrap()["contents"][0]["text"].clone();
        let mut detail: TaskDetail = serde_json::from_str(contents.as_str().unwrap()).unwrap();
        // It may have gone on between the two.
        assert_eq!((detail.task.id, &detail.task.name), (task.id, &task.name));
        let result = self.call("get_result", json!({ "task_id": id })).await?;
        let answer = result["answer"].as_str().unwrap();
        detail.result = (!answer.is_empty()).then(|| answer.to_owned());
        Ok(detail)
    }

    async fn cancel(&self, id: TaskId) -> Answer<Task> {
        self.task("cancel_task", json!({ "task_id": id })).await
    }

    async fn retry(&self, id: TaskId, _: Retry) -> Answer<Task> {
        self.task("retry_task", json!({ "task_id": id })).await
    }

    async fn resume(&self, id: TaskId, follow_up: FollowUp) -> Answer<Task> {
        self.task("resume_task", json!({ "task_id": id, "prompt": follow_up.prompt })).await
    }

    async fn engine(&self) -> Answer<EngineInfo> {
        Ok(read(self.call("health", json!({})).await?["engine"].take()))
    }
}
