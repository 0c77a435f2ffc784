"""Changes of tasks: `edit`, and `retry` and `resume` with other options."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from in_a_loop import InALoop
from stand_in import stand_in, task

import claude_worker
from claude_worker import Client, TaskChanges

both = pytest.mark.parametrize("connect", [Client, InALoop])


@both
def test_a_task_that_has_not_begun_is_edited(home: Path, connect: Callable[[], Any]) -> None:
    client = connect()
    client.pause()
    made = client.submit("Hello", model="sonnet", allowed_tools=["Read"], timeout=60, max_turns=3)
    (home / "project/inner").mkdir()
    changes: TaskChanges = {
        "prompt": "Good morning",
        "name": "greeting",
        "working_directory": "inner",
        "model": "opus",
        "allowed_tools": ["Edit"],
        "timeout": timedelta(minutes=5),
        "env": {"GREETING": "hello"},
        "extra": {"disallowed_tools": ["Bash"]},
    }
    for _ in range(2):
        edited = client.edit(made.id, changes, idempotency_key="edit-1")
        directory = str((home / "project/inner").resolve())
        assert (edited.name, edited.model, edited.working_directory) == ("greeting", "opus", directory)
    request = client.get(made.id).request
    assert request["execution_prompt"] == "Good morning"
    assert request["allowed_tools"] == ["Read", "Edit"] and request["disallowed_tools"] == ["Bash"]
    assert request["limits"] == {"timeout_ms": 300_000, "max_turns": 3}
    assert request["env"] == {"GREETING": ""}
    client.unpause()
    assert client.result(made.id, timeout=60) == "You said: Good morning"
    with pytest.raises(claude_worker.Conflict):
        client.edit(made.id, {"prompt": "Too late"})


@both
def test_retry_and_resume_change_the_task(home: Path, connect: Callable[[], Any]) -> None:
    client = connect()
    made = client.submit("Hello", model="sonnet")
    client.wait(made.id, timeout=60)
    client.resume(made.id, "And now?", changes={"model": "opus", "allowed_tools": ["Edit"]})
    assert client.result(made.id, timeout=60) == "You said: And now?"
    request = client.get(made.id).request
    assert (request["model"], request["allowed_tools"]) == ("opus", ["Edit"])
    client.retry(made.id, changes={"prompt": "Good morning", "max_budget_usd": 0.5})
    assert client.result(made.id, timeout=60) == "You said: Good morning"
    request = client.get(made.id).request
    assert (request["model"], request["limits"]) == ("opus", {"max_budget_usd": 0.5})
    # Without changes, everything stays.
    client.retry(made.id)
    assert client.result(made.id, timeout=60) == "You said: Good morning"


@both
def test_changes_that_are_wrong_are_refused_by_name(home: Path, connect: Callable[[], Any]) -> None:
    client = connect()
    client.pause()
    made = client.submit("Hello")
    with pytest.raises(TypeError, match="modle"):
        client.edit(made.id, {"modle": "opus"})
    with pytest.raises(claude_worker.InvalidRequest, match="no_such_field"):
        client.edit(made.id, {"extra": {"no_such_field": 1}})
    with pytest.raises(claude_worker.InvalidRequest, match="no_such_field"):
        client.edit(made.id, {"model": "opus"}, extra={"no_such_field": 1})
    assert client.get(made.id).model is None


def test_a_relative_directory_is_left_to_a_server(home: Path) -> None:
    with stand_in(lambda _: (200, task())) as server:
        Client(server.url, "token").edit(1, {"working_directory": "inner"})
        assert server.bodies[-1]["changes"] == {"working_directory": "inner"}
