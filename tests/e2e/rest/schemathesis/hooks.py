"""What Schemathesis cannot know of requests that are to succeed: an existing directory, a command that
ends at once. And no request waits longer than some milliseconds."""

import os

import schemathesis

WORK = os.environ["WORK"]


# What only a Claude task can have would be refused for a command. Names and values of variables have rules
# that a schema of names cannot say, and not every shell is installed.
REFUSED = (
    "system_prompt model permission_mode allowed_tools limits parent disallowed_tools add_dirs mcp_config "
    "settings fallback_model effort json_schema agents continue_session resume_session agent_args shell env "
    "inherited_env"
).split()


def usable(task):
    if isinstance(task, dict):
        for name in REFUSED:
            task.pop(name, None)
        task.update(working_directory=WORK, agent="shell", execution_prompt="true")


def usable_changes(body):
    body.pop("inherited_env", None)
    changes = body.setdefault("changes", {})
    if isinstance(changes, dict):
        for name in REFUSED:
            changes.pop(name, None)
        changes.update(working_directory=WORK, execution_prompt="true")


def with_whole_numbers(value):
    """Whole numbers are written without a fraction here; for a JSON schema, 3.0 is one, too."""
    if isinstance(value, dict):
        return {name: with_whole_numbers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def before_call(context, case, kwargs):
    # Some phases write numbers of queries as text.
    wait = str((case.query or {}).get("wait_ms", ""))
    if wait.isascii() and wait.isdigit():
        case.query["wait_ms"] = min(int(wait), 20)
    if not case.meta.generation.mode.is_positive:
        return
    name = case.operation.definition.raw["operationId"]
    if name in ("list", "count") and case.query:
        # A cursor belongs to one order, and only an engine can make one.
        case.query.pop("cursor", None)
        # It has a form that the schema of a text does not say.
        case.query.pop("submitted_by", None)
    if name in ("list", "count", "search", "overview") and case.query:
        # It has to be a project that exists.
        case.query.pop("project", None)
    if name == "overview" and case.query:
        # Days are in order.
        case.query["day_starts"] = "2000-01-01T00:00:00Z"
    if not isinstance(case.body, dict):
        return
    case.body = with_whole_numbers(case.body)
    if name in ("submit", "submit_for_mcp"):
        usable(case.body)
    elif name == "submit_batch":
        for task in case.body["tasks"]:
            usable(task)
    elif name in ("retry", "resume", "edit"):
        usable_changes(case.body)
    elif name == "clean" and "statuses" in case.body:
        # Only finished tasks can be cleaned.
        case.body["statuses"] = ["cancelled", "failed"]
    elif name == "create_token":
        case.body.update(name="ci", expires_after_ms=60000)
    elif name == "set_settings":
        case.body.clear()
        case.body["workers"] = 3
    elif name == "save_template":
        # It has to be a template that a task could be made of, and it takes no other's place.
        case.body.pop("replaces", None)
        template = case.body["template"]
        usable_changes({"changes": template["task"]})
        template["task"]["execution_prompt"] = "Review {{file}}"
        for key in ("env", "continue_session", "resume_session"):
            template["task"].pop(key, None)
    elif name == "set_trusted":
        case.body.update(directory=WORK, trusted=True)
    if case.headers and "Idempotency-Key" in case.headers:
        # One in the header and another in the body are refused.
        case.body.pop("idempotency_key", None)
