"""The blocking client with a real engine."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import worker

import claude_worker
from claude_worker import Client, NewTask, TaskNotCompleted, WaitTimeout


def test_a_task_from_submission_to_result(home: Path) -> None:
    client = Client()
    task = client.submit("Hello", name="greeting", model="opus", timeout=timedelta(minutes=5))
    assert (task.id, task.name, task.agent, task.model) == (1, "greeting", "claude", "opus")
    assert task.working_directory == str((home / "project").resolve())
    assert client.result(task.id, timeout=60) == "You said: Hello"
    detail = client.get(task.id)
    assert detail.is_finished and detail.status == "completed" and detail.failure is None
    assert detail.usage.cost_usd == 0.01 and detail.runs == 1
    assert detail.request["limits"]["timeout_ms"] == 300_000
    assert detail.created_at and detail.ended_at and detail.created_at <= detail.ended_at
    assert detail.run_history[0].verdict == "completed"


def test_a_shell_task_returns_what_it_printed_and_gets_its_variables(home: Path) -> None:
    client = Client()
    task = client.submit('printf "$GREETING"; pwd >&2', agent="shell", env={"GREETING": "hé\n"})
    directory = str((home / "project").resolve())
    assert client.result(task.id, timeout=60) == f"hé\n{directory}"
    assert client.output(task.id) == f"hé\n{directory}\n".encode()
    assert client.get(task.id).request["env"] == {"GREETING": ""}


def test_the_log_is_followed_to_the_end_of_the_task(home: Path) -> None:
    client = Client()
    task = client.submit("echo one; sleep 0.3; echo two; exit 3", agent="shell")
    items = list(client.follow(task.id))
    assert [item.text for item in items if item.type == "output"] == ["one", "two"]
    assert [item.text for item in client.log(task.id, last=1)] == ["two"]
    answered = client.submit("Hello")
    texts = [item.text for item in client.follow(answered.id) if item.type == "result"]
    assert texts == ["You said: Hello"]


def test_a_task_that_waits_behind_another_can_be_followed(home: Path) -> None:
    client = Client()
    client.pause()
    task = client.submit("echo late", agent="shell")
    followed: list[str] = []
    follower = threading.Thread(target=lambda: followed.extend(item.text for item in client.follow(task.id)))
    follower.start()
    client.unpause()
    follower.join(60)
    assert followed == ["late"]


def test_a_task_that_did_not_complete_is_an_exception(home: Path) -> None:
    client = Client()
    failed = client.submit("echo no >&2; exit 7", agent="shell")
    with pytest.raises(TaskNotCompleted, match=f"Task {failed.id} failed: exit code 7") as caught:
        client.result(failed.id, timeout=60)
    assert caught.value.task.failure is not None and caught.value.task.failure["kind"] == "exit"
    slow = client.submit("sleep 1000", agent="shell")
    with pytest.raises(WaitTimeout, match="It keeps running"):
        client.wait(slow.id, timeout=0.2)
    client.cancel(slow.id)
    assert client.wait(slow.id, timeout=60).status == "cancelled"
    with pytest.raises(TaskNotCompleted, match="cancelled"):
        client.result(slow.id)


def test_retry_resume_and_remove(home: Path) -> None:
    client = Client()
    task = client.submit("Hello")
    client.wait(task.id, timeout=60)
    client.resume(task.id, "And now?")
    assert client.result(task.id, timeout=60) == "You said: And now?"
    client.retry(task.id)
    detail = client.wait(task.id, timeout=60)
    assert [run.number for run in detail.run_history] == [1, 2, 3]
    client.remove(task.id)
    with pytest.raises(claude_worker.NotFound) as caught:
        client.get(task.id)
    assert caught.value.code == "not_found" and caught.value.status == 404 and caught.value.hint


def test_refusals_have_a_code_and_a_hint(home: Path) -> None:
    client = Client()
    with pytest.raises(claude_worker.InvalidRequest, match="empty"):
        client.submit(" ")
    with pytest.raises(claude_worker.InvalidRequest) as caught:
        client.submit("x", extra={"no_such_field": 1})
    assert "no_such_field" in caught.value.message and caught.value.status == 400
    task = client.submit("sleep 1000", agent="shell")
    with pytest.raises(claude_worker.Conflict):
        client.retry(task.id)


def test_lists_are_read_page_by_page(home: Path) -> None:
    client = Client()
    client.pause()
    made = [client.submit("true", agent="shell", name=f"task {n}").id for n in range(7)]
    assert [task.id for task in client.list(limit=3)] == made[:3:-1]
    assert [task.id for task in client.list("pending", order="oldest_first")] == made
    assert [task.name for task in client.list(search="task 4")] == ["task 4"]
    assert sorted(task.id for task in client.all(["pending", "running"])) == made


def test_a_key_makes_a_submission_repeatable(home: Path) -> None:
    client = Client()
    first = client.submit("true", agent="shell", idempotency_key="nightly-2026-11-29")
    second = client.submit("true", agent="shell", idempotency_key="nightly-2026-11-29")
    assert (first.submitted_before, second.submitted_before) == (False, True)
    assert first.id == second.id
    assert client.submit("true", agent="shell").id != first.id


def test_waiting_survives_the_death_of_the_engine(home: Path) -> None:
    client = Client()
    task = client.submit("sleep 1; echo done", agent="shell")
    threading.Timer(0.3, os.kill, (client.engine()["pid"], signal.SIGKILL)).start()
    assert client.result(task.id, timeout=60) == "done"


def test_a_stopped_engine_is_started_by_new_clients_only(home: Path) -> None:
    client = Client()
    first = client.engine()["pid"]
    worker("server", "stop")
    with pytest.raises(claude_worker.Unavailable, match="was stopped"):
        client.engine()
    with pytest.raises(claude_worker.Unavailable, match="No engine answers"):
        Client(start=False).engine()
    assert Client().engine()["pid"] != first


def test_events_say_what_happens(home: Path) -> None:
    client = Client()
    after = client.submit("true", agent="shell")
    client.wait(after.id, timeout=60)
    seen = []
    for event in client.events(after=0, tasks=[after.id]):
        seen.append(event.status or event.kind)
        if event.status == "completed":
            break
    assert seen[0] == "submitted" and "running" in seen


def test_over_http_the_token_decides(home: Path) -> None:
    worker("server", "stop")
    worker("server", "start", "--http", "0")
    url = Client().engine()["http"]
    client = Client(url)
    task = client.submit("echo over TCP", agent="shell", working_directory=str(home / "project"))
    assert client.result(task.id, timeout=60) == "over TCP"
    with pytest.raises(claude_worker.Forbidden):
        Client(url, "wrong").engine()
    with pytest.raises(claude_worker.Unavailable, match="No engine answers"):
        Client("http://127.0.0.1:9").engine()


def test_over_https_the_certificate_is_checked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = home / "certificate.pem", home / "key.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    name = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make.split(), *name], check=True, stderr=subprocess.DEVNULL)
    files = ["--tls-cert", str(certificate), "--tls-key", str(key)]
    worker("server", "start", "--host", "127.0.0.1", "--port", "0", *files)
    url = Client().engine()["http"]
    assert url.startswith("https://")
    with pytest.raises(claude_worker.Unavailable, match="certificate"):
        Client(url).engine()
    monkeypatch.setenv("CLAUDE_WORKER_CA", str(certificate))
    assert Client(url).engine()["pid"] == Client().engine()["pid"]
    asked = asyncio.run(claude_worker.AsyncClient(url).engine())
    assert asked["pid"] == Client().engine()["pid"]


def test_a_task_that_submits_is_named_as_the_parent(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    outer = client.submit("sleep 1000", agent="shell")
    while not (runs := client.get(outer.id).run_history) or runs[0].started_at is None:
        pass
    with monkeypatch.context() as inside:
        inside.setenv("CLAUDE_WORKER_TASK", str(outer.id))
        inside.setenv("CLAUDE_WORKER_RUN", runs[0].id)
        inner = client.submit("true", agent="shell")
        assert inner.raw["parent"] == outer.id
        client.wait(inner.id, timeout=60)
        client.retry(inner.id)
        with pytest.raises(claude_worker.Forbidden, match="did not delegate"):
            client.retry(outer.id)


def test_a_batch_is_submitted_as_a_whole(home: Path) -> None:
    client = Client()
    client.pause()
    batch: list[NewTask] = [
        {"prompt": "echo one", "agent": "shell", "name": "first", "timeout": timedelta(minutes=1)},
        {"prompt": "echo two", "agent": "shell", "working_directory": home},
    ]
    made = client.submit_batch(batch, idempotency_key="both")
    assert [task.name for task in made] == ["first", "echo two"]
    assert [task.working_directory for task in made] == [str(home / "project"), str(home)]
    assert client.submit_batch(batch, idempotency_key="both") == made
    with pytest.raises(claude_worker.InvalidRequest, match=r"tasks\[1\]"):
        client.submit_batch([batch[0], {"prompt": " "}])
    assert len(client.list()) == 2
    client.unpause()
    assert [client.result(task.id, timeout=60) for task in made] == ["one", "two"]


def test_a_key_makes_retry_and_resume_repeatable(home: Path) -> None:
    client = Client()
    task = client.submit("Hello")
    client.wait(task.id, timeout=60)
    for _ in range(2):
        client.resume(task.id, "And now?", idempotency_key="next")
        client.wait(task.id, timeout=60)
    for _ in range(2):
        client.retry(task.id, idempotency_key="again")
        client.wait(task.id, timeout=60)
    assert client.get(task.id).runs == 3
    for call in (client.retry, lambda number, extra: client.resume(number, "x", extra=extra)):
        with pytest.raises(claude_worker.InvalidRequest, match="no_such_field"):
            call(task.id, extra={"no_such_field": 1})


def test_a_client_is_a_context_manager(home: Path) -> None:
    with Client() as client:
        assert client.list() == []
    client.close()
    assert client.list() == []


def test_a_directory_may_be_left_out_or_be_bytes(home: Path) -> None:
    worker("server", "start", "--port", "0")
    client = Client(Client().engine()["http"])
    # Over HTTP it is the one that the server is configured with: its user's home.
    assert client.submit("true", agent="shell").working_directory == str(home / "home")
    path: Any = os.fsencode(home / "project")
    assert client.submit("true", agent="shell", working_directory=path).working_directory == path.decode()
    with pytest.raises(TypeError, match="working_dir"):
        client.submit("true", working_dir="x")  # type: ignore[call-arg]
