//! The protocol: what a client's requests become.

use std::sync::Arc;

use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorCode, ErrorData, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};
use tokio::sync::watch;

use crate::caller::Caller;
use crate::engine::EngineDoor;
use crate::progress::Progress;
use crate::{answer, tools};

/// What a model is told about the tools as a whole.
const INSTRUCTIONS: &str = "\
Claude Worker runs Claude Code tasks in the background. Delegate with create_task: it returns at \
once, and the task goes on by itself, whatever becomes of this session. Start everything that can \
be done in parallel first, go on with your own work, then call wait_for_tasks with the ids; it \
waits for you, so never sleep or poll. When a task has finished, get_result gives its answer, and \
get_task_logs what it did on the way. resume_task says more to a finished task in its own session; \
retry_task runs it anew. A task sees nothing of this conversation: say everything in its prompt.";

/// Clients that let a call take many minutes and show its progress, and let their person end it.
const PATIENT_CLIENTS: &[&str] = &["claude-code"];

/// One client's server.
#[derive(Clone)]
pub(crate) struct Sidecar {
    door: EngineDoor,
    caller: Arc<Caller>,
    /// True when the client has closed its input.
    closed: watch::Receiver<bool>,
}

impl Sidecar {
    pub(crate) fn new(door: EngineDoor, closed: watch::Receiver<bool>) -> Self {
        Self { door, caller: Arc::new(Caller::new()), closed }
    }

    async fn tool(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> CallToolResult {
        let api = match self.door.client() {
            Ok(api) => api,
            Err(error) => return answer::refusal(&error),
        };
        let client = context.client_info().map(|info| info.name);
        let call = tools::Call {
            caller: self.caller.name(client.as_deref()),
            is_patient: client.is_some_and(|name| PATIENT_CLIENTS.contains(&name.as_str())),
            progress: Progress::of(context),
            closed: self.closed.clone(),
        };
        let arguments = request.arguments.unwrap_or_default();
        tools::call(&api, &call, &request.name, arguments).await
    }
}

impl ServerHandler for Sidecar {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let this = Implementation::new("claude-worker", env!("CARGO_PKG_VERSION"))
            .with_title("Claude Worker")
            .with_description("Runs Claude Code tasks in the background");
        ServerConfig::new(capabilities).with_server_info(this).with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::list().to_vec()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if !tools::is_known(&request.name) {
            let what = format!("There is no tool {}", request.name);
            return Err(ErrorData::new(ErrorCode::INVALID_PARAMS, what, None));
        }
        tokio::select! {
            // Nobody waits for the answer any more; the engine's work is not undone by that.
            () = context.ct.cancelled() => Ok(CallToolResult::default().into()),
            result = self.tool(request, &context) => Ok(result.into()),
        }
    }
}
