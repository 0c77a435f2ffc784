//! The names in spans.
//!
//! They follow version 1.41.0 of the OpenTelemetry semantic conventions: those for agents of generative
//! AI (`docs/gen-ai/gen-ai-agent-spans.md`), which are not stable yet, and the general ones for errors
//! and services. A new version is a change of this file. Names that begin with `claude_worker.` are our
//! own.

/// The schema that the names are from.
pub(super) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.41.0";

/// The name of the service that sends the spans.
pub(super) const SERVICE_NAME: &str = "service.name";
/// Its version.
pub(super) const SERVICE_VERSION: &str = "service.version";

/// What the span is about.
pub(super) const OPERATION_NAME: &str = "gen_ai.operation.name";
/// The operation that a run is: an agent works on a task.
pub(super) const INVOKE_AGENT: &str = "invoke_agent";
/// The provider of the model.
pub(super) const PROVIDER_NAME: &str = "gen_ai.provider.name";
/// The provider of Claude's models.
pub(super) const ANTHROPIC: &str = "anthropic";
/// The agent.
pub(super) const AGENT_NAME: &str = "gen_ai.agent.name";
/// The model.
pub(super) const REQUEST_MODEL: &str = "gen_ai.request.model";
/// The agent's session.
pub(super) const CONVERSATION_ID: &str = "gen_ai.conversation.id";
/// Input tokens, those read from and written to the cache included.
pub(super) const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Output tokens.
pub(super) const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// Input tokens that were read from the cache.
pub(super) const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
/// Input tokens that were written to the cache.
pub(super) const CACHE_CREATION_TOKENS: &str = "gen_ai.usage.cache_creation.input_tokens";
/// The kind of failure.
pub(super) const ERROR_TYPE: &str = "error.type";

/// The number of the task.
pub(super) const TASK_ID: &str = "claude_worker.task.id";
/// The id of the run.
pub(super) const RUN_ID: &str = "claude_worker.run.id";
/// The number of the run among those of its task.
pub(super) const RUN_NUMBER: &str = "claude_worker.run.number";
/// How the run ended: `completed`, `cancelled`, or the kind of failure.
pub(super) const VERDICT: &str = "claude_worker.verdict";
/// How long the run waited in the queue, in seconds.
pub(super) const QUEUE_WAIT: &str = "claude_worker.queue_wait_seconds";
/// What the run cost, in US dollars.
pub(super) const COST: &str = "claude_worker.cost_usd";
/// How many turns the agent took.
pub(super) const TURNS: &str = "claude_worker.turns";
