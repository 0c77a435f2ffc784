//! The MCP protocol: dispatches the requests of a client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use claude_worker_api::{ListQuery, TaskApi};
use claude_worker_client::EngineClient;
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    CustomRequest, CustomResult, ErrorCode, ErrorData, GetPromptRequestParams, GetPromptResponse,
    Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    Reference, ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter,
    UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, RoleServer, SubscriptionContext};
use tokio::sync::watch;

use crate::caller::Caller;
use crate::engine::EngineConnector;
use crate::progress::Progress;
use crate::resources::{self, Uri, completion, refusal};
use crate::subscriptions::{self, Subscriptions};
use crate::{answer, prompts, tools};

/// The instructions about all tools for a model.
const INSTRUCTIONS: &str = "\
Claude Worker runs Claude Code tasks in the background. Delegate with create_task: it returns at \
once, and the task keeps running, also after this session ends. First start everything that can \
be done in parallel, continue with your own work, then call wait_for_tasks with the ids; it \
waits for you, so never sleep or poll. When a task has finished, get_result gives its answer, and \
get_task_logs shows what it did. resume_task sends a finished task another message in its session; \
retry_task runs it again from the beginning. A task sees nothing of this conversation, so put everything \
into its prompt.";

/// Clients that let a call take many minutes, show its progress and let the user cancel it.
const CLIENTS_WITH_LONG_CALLS: &[&str] = &["claude-code"];

/// How many long-lived requests a client may have.
const MAX_LISTENERS: usize = 16;

/// The supported methods.
const METHODS: &[&str] = &[
    "tools/call",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "prompts/get",
    "completion/complete",
    "initialize",
];

/// The server of one client.
#[derive(Clone)]
pub(crate) struct Sidecar {
    connector: EngineConnector,
    caller: Arc<Caller>,
    subscriptions: Subscriptions,
    listeners: Arc<AtomicUsize>,
    /// Becomes true when the client has closed its input.
    closed: watch::Receiver<bool>,
}

impl Sidecar {
    pub(crate) fn new(connector: EngineConnector, closed: watch::Receiver<bool>) -> Self {
        Self {
            connector,
            caller: Arc::new(Caller::here()),
            subscriptions: Subscriptions::default(),
            listeners: Arc::default(),
            closed,
        }
    }

    async fn tool(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> CallToolResult {
        let api = match self.connector.client() {
            Ok(api) => api,
            Err(error) => return answer::refusal(&error),
        };
        let client = context.client_info().map(|info| info.name);
        let call = tools::Call {
            caller: self.caller.name(client.as_deref()),
            is_patient: client.is_some_and(|name| CLIENTS_WITH_LONG_CALLS.contains(&name.as_str())),
            progress: Progress::of(context),
            closed: self.closed.clone(),
        };
        let arguments = request.arguments.unwrap_or_default();
        tools::call(&api, &call, &request.name, arguments).await
    }

    fn api(&self) -> Result<EngineClient, ErrorData> {
        self.connector.client().map_err(|error| refusal(&error))
    }
}

/// Counts a long-lived request until it is dropped.
struct Listener(Arc<AtomicUsize>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ServerHandler for Sidecar {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_prompts()
            .enable_completions()
            .build();
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
            return Err(ErrorData::invalid_params(what, None));
        }
        tokio::select! {
            // The client cancelled the call. What the engine has done stays.
            () = context.ct.cancelled() => Ok(CallToolResult::default().into()),
            result = self.tool(request, &context) => Ok(result.into()),
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        resources::list(&self.api()?, cursor.as_deref()).await
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.parse()?;
        Ok(resources::read(&self.api()?, uri).await?.into())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let uri = request.uri.parse()?;
        let closed = self.closed.clone();
        self.subscriptions.add(self.api()?, uri, context.peer, closed).await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.subscriptions.remove(request.uri.parse()?);
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        // The lists of tools, prompts and resources do not change.
        let names = requested.resource_subscriptions.as_deref().unwrap_or_default();
        Some(
            SubscriptionFilter::builder()
                .resource_subscriptions(subscriptions::known(names))
                .build(),
        )
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let listener = Listener(Arc::clone(&self.listeners));
        if self.listeners.fetch_add(1, Ordering::Relaxed) >= MAX_LISTENERS {
            return Err(subscriptions::too_many_listeners(MAX_LISTENERS));
        }
        let names = context.accepted().resource_subscriptions.clone().unwrap_or_default();
        let uris = names.iter().map(|name| name.parse::<Uri>()).collect::<Result<_, _>>()?;
        let sink = context.sink().clone();
        let api = self.api()?;
        let result = tokio::select! {
            () = context.cancelled() => Ok(()),
            result = subscriptions::listen(&api, uris, sink, self.closed.clone()) => result,
        };
        drop(listener);
        result
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::list()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        Ok(prompts::get(&self.api()?, &request.name, &arguments).await?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let typed = request.argument.value.as_str();
        let api = self.api()?;
        match (&request.r#ref, request.argument.name.as_str()) {
            (Reference::Resource(template), "id") if template.uri.starts_with("task://{id}") => {
                resources::complete_id(&api, typed).await
            }
            (Reference::Prompt(prompt), "task_ids") if prompt.name == prompts::REVIEW => {
                let last = typed.rsplit(',').next().unwrap_or_default();
                let before = &typed[..typed.len() - last.len()];
                let mut ids = resources::complete_id(&api, last.trim_start()).await?;
                for id in &mut ids.completion.values {
                    id.insert_str(0, before);
                }
                Ok(ids)
            }
            (Reference::Prompt(prompt), "working_directory")
                if prompt.name == prompts::DELEGATE =>
            {
                let query = ListQuery { limit: Some(1000), ..ListQuery::default() };
                let page = api.list(query).await.map_err(|error| refusal(&error))?;
                let places = page.tasks.into_iter().map(|task| task.working_directory);
                Ok(completion(places.filter(|place| place.starts_with(typed))))
            }
            _ => Ok(CompleteResult::default()),
        }
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method = request.method;
        // A known method whose arguments could not be read.
        if METHODS.contains(&method.as_str()) {
            let what = format!("The parameters of {method} are missing or wrong");
            return Err(ErrorData::invalid_params(what, None));
        }
        Err(ErrorData::new(
            ErrorCode::METHOD_NOT_FOUND,
            format!("There is no method {method}"),
            None,
        ))
    }
}
