//! The contract's part about tasks that are not submitted by people.

use std::path::Path;

use claude_worker_api::{ErrorCode, ListQuery, NewTask, Pause, TaskApi, TaskId};

use super::{code, shell};

/// As deep as allowed, and not too many. Leaves nothing behind in a queue that was empty.
pub(super) async fn exercise(api: &impl TaskApi, work: &Path) {
    assert!(api.set_paused(Pause { paused: true }).await.unwrap().paused);
    let under = |parent: TaskId| NewTask { parent: Some(parent), ..shell(work, "true") };
    let parent = api.submit(shell(work, "true")).await.unwrap().id;
    let child = api.submit(under(parent)).await.unwrap();
    assert_eq!(child.parent, Some(parent));
    let grandchild = api.submit(under(child.id)).await.unwrap();
    let refused = api.submit(under(grandchild.id)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert!(refused.message.contains("delegation.depth"), "{refused}");
    assert_eq!(code(api.submit(under(TaskId(999_999))).await), ErrorCode::InvalidRequest);

    let called = |caller: &str| NewTask { caller: Some(caller.into()), ..shell(work, "true") };
    assert_eq!(code(api.submit(called("")).await), ErrorCode::InvalidRequest);
    assert_eq!(code(api.submit(called(&"x".repeat(65))).await), ErrorCode::InvalidRequest);
    for _ in 0..50 {
        api.submit(called("mcp:1")).await.unwrap();
    }
    let refused = api.submit(called("mcp:1")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert!(refused.message.contains("50 unfinished"), "{refused}");
    let other = api.submit(called("mcp:2")).await.unwrap().id;
    // What has finished is not counted any more.
    api.cancel(TaskId(other.0 - 1)).await.unwrap();
    api.submit(called("mcp:1")).await.unwrap();

    let all = ListQuery { limit: Some(100), ..ListQuery::default() };
    for task in api.list(all).await.unwrap().tasks {
        api.remove(task.id).await.unwrap();
    }
    assert!(!api.set_paused(Pause { paused: false }).await.unwrap().paused);
}
