"""What the clients do when answers are late, damaged or missing, and when arguments are wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from in_a_loop import InALoop
from stand_in import stand_in, task

import claude_worker
from claude_worker import (
    AsyncClient,
    ClaudeWorkerError,
    Client,
    InvalidRequest,
    Unavailable,
    WaitTimeout,
    _address,
)


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def blocking(url: str) -> Client:
    return Client(url, "token")


def in_a_loop(url: str) -> InALoop:
    return InALoop(url, "token")


both = pytest.mark.parametrize("connect", [blocking, in_a_loop])


def test_the_end_of_a_log_arrives_before_the_next_run_is_looked_for(home: Path) -> None:
    def answers(asked: str) -> tuple[int, Any]:
        if "/log" in asked:
            items = [{"type": "output", "text": "the end"}]
            return 200, {"run": "r1", "entries": items, "next": 9, "end": "run=r1" in asked}
        return 200, {"next": 1, "events": []}

    with stand_in(answers) as engine:
        followed = Client(engine.url, "token").follow(1)
        assert next(followed).text == "the end"
        assert "/log" in engine.asked[-1], "it asked for more before it returned what it had"


def test_missing_events_are_an_event(home: Path) -> None:
    client = Client()
    number = client.submit("true", agent="shell").id
    first = next(client.events(after=10**9))
    assert first.kind == "gap" and first.task is None
    client.wait(number, timeout=60)
    after = next(client.events(after=first.seq))
    assert after.task == number and after.seq > first.seq


@both
def test_a_submission_survives_a_restart_of_the_server(home: Path, connect: Callable[[str], Any]) -> None:
    port = free_port()
    client = connect(f"http://127.0.0.1:{port}")
    ended = threading.Event()

    def serve() -> None:
        with stand_in(lambda _: (200, task(status="pending")), port):
            ended.wait(30)

    server = threading.Timer(0.5, serve)
    server.start()
    try:
        assert client.submit("x").status == "pending"
    finally:
        ended.set()
        server.join()


@both
def test_waiting_keeps_its_timeout_when_the_engine_has_gone(
    home: Path, connect: Callable[[str], Any]
) -> None:
    with stand_in(lambda asked: (200, {"next": 1} if "events" in asked else task())) as engine:
        client = connect(engine.url)
        assert client.get(1).status == "running"
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="No engine answers"):
        client.wait(1, timeout=0.5)
    assert 0.4 < time.monotonic() - begun < 5


@both
def test_waiting_keeps_its_timeout_when_answers_are_late(home: Path, connect: Callable[[str], Any]) -> None:
    release = threading.Event()

    def answers(asked: str) -> tuple[int, Any]:
        release.wait(30)
        return 200, {"next": 1}

    with stand_in(answers) as engine:
        begun = time.monotonic()
        try:
            with pytest.raises(WaitTimeout):
                connect(engine.url).wait(1, timeout=0.5)
            assert time.monotonic() - begun < 5
        finally:
            release.set()


@both
def test_an_address_that_never_answered_is_not_waited_for(home: Path, connect: Callable[[str], Any]) -> None:
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        connect(f"http://127.0.0.1:{free_port()}").wait(1)
    assert time.monotonic() - begun < 10


@both
@pytest.mark.parametrize("body", [b"no JSON", b"[]", b"{}", b'{"id": 1}', b""])
def test_an_answer_that_cannot_be_read_is_an_error_of_the_package(
    home: Path, connect: Callable[[str], Any], body: bytes
) -> None:
    with stand_in(lambda _: (200, body)) as engine:
        for name in ("get", "wait"):
            with pytest.raises(claude_worker.ApiError, match="cannot be read"):
                getattr(connect(engine.url), name)(1)


@both
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n\r\n",
        b"nothing of the kind\r\n\r\n",
        b"HTTP/1.1 \r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (1 << 20),
    ],
)
def test_a_damaged_answer_is_an_error_of_the_package(
    home: Path, connect: Callable[[str], Any], answer: bytes
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 16)
                with contextlib.suppress(ConnectionError):
                    connection.sendall(answer)

    server = threading.Thread(target=serve)
    server.start()
    try:
        with pytest.raises(Unavailable, match="The connection broke"):
            # A request that is sent once.
            connect(f"http://127.0.0.1:{listener.getsockname()[1]}").remove(1)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        server.join()


CLIENTS = pytest.mark.parametrize("client", [Client, AsyncClient])


@CLIENTS
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://127.0.0.1:8000/path",
        "http://user@127.0.0.1:8000",
        "http://127.0.0.1:8000/?x=1",
        f"http://{'a' * 70}/",
        "ftp://127.0.0.1",
        "127.0.0.1:8000",
    ],
)
def test_a_wrong_address_is_refused(home: Path, client: Callable[..., object], url: str) -> None:
    with pytest.raises(InvalidRequest, match="is not the address of an engine"):
        client(url, "token")


@CLIENTS
def test_a_token_from_a_file_may_end_with_a_line_end_and_is_checked(
    home: Path, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_WORKER_TOKEN", "secret\n")
    assert client("http://127.0.0.1:9")._session.address.token == "secret"
    for token in ("two\nlines", "a b", "gänse"):
        with pytest.raises(InvalidRequest, match="token") as caught:
            client("http://127.0.0.1:9", token)
        assert token not in str(caught.value)


@CLIENTS
def test_certificates_that_cannot_be_read_are_named(
    home: Path, client: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "empty.pem").write_text("")
    for path in (home / "missing.pem", home / "empty.pem"):
        monkeypatch.setenv("CLAUDE_WORKER_CA", str(path))
        with pytest.raises(InvalidRequest, match="CLAUDE_WORKER_CA"):
            client("https://127.0.0.1:9", "token")


@both
def test_certificates_are_read_once(
    home: Path, connect: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[ssl.SSLContext] = []
    original = ssl.create_default_context

    def counted(*arguments: Any, **options: Any) -> ssl.SSLContext:
        read.append(original(*arguments, **options))
        return read[-1]

    monkeypatch.setattr(ssl, "create_default_context", counted)
    client = connect(f"https://127.0.0.1:{free_port()}")
    for _ in range(2):
        with pytest.raises(Unavailable):
            client.remove(1)
    assert len(read) == 1


@CLIENTS
@pytest.mark.parametrize("name", ["CLAUDE_WORKER_DB", "CLAUDE_WORKER_HOME", "HOME"])
@pytest.mark.parametrize("path", ["x.db", "~name/x.db", "./x"])
def test_a_relative_place_is_refused_as_the_programs_do(
    home: Path, client: Callable[..., object], monkeypatch: pytest.MonkeyPatch, name: str, path: str
) -> None:
    monkeypatch.delenv("CLAUDE_WORKER_HOME")
    monkeypatch.setenv(name, path)
    with pytest.raises(InvalidRequest, match=f"{name}={path} is not an absolute path"):
        client()


def test_a_database_of_another_name_has_its_own_socket(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAUDE_WORKER_HOME")
    monkeypatch.setenv("CLAUDE_WORKER_DB", "~/queues/other.db")
    found = _address.find(None, None, None, None)
    assert found.socket == str(home / "home/queues/other.engine.sock")


def test_a_start_that_is_given_up_leaves_no_process(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = home / "bin/stuck"
    program.write_text(f"#!/bin/sh\necho $$ >{home}/pid.new; mv {home}/pid.new {home}/pid; exec sleep 1000\n")
    program.chmod(0o755)

    async def main() -> None:
        asked = asyncio.ensure_future(AsyncClient(home=home / "other").engine())
        while not (home / "pid").exists():
            await asyncio.sleep(0.01)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        # It was waited for, so that not even its entry in the table of processes is left.
        with pytest.raises(ProcessLookupError):
            os.kill(int((home / "pid").read_text()), 0)

    with monkeypatch.context() as patched:
        patched.setattr(_address, "program", lambda: str(program))
        asyncio.run(main())


def test_waiting_keeps_its_timeout_while_an_engine_is_started(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = home / "bin/stuck"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    program.chmod(0o755)
    begun = time.monotonic()
    with monkeypatch.context() as patched:
        patched.setattr(_address, "program", lambda: str(program))
        with pytest.raises(Unavailable, match="cannot be started"):
            Client(home=home / "other").wait(1, timeout=0.2)
        with pytest.raises(Unavailable, match="cannot be started"):
            asyncio.run(AsyncClient(home=home / "other").wait(1, timeout=0.2))
    assert time.monotonic() - begun < 10


def test_every_error_has_the_same_base() -> None:
    for name in claude_worker.__all__:
        found = getattr(claude_worker, name)
        if isinstance(found, type) and issubclass(found, Exception):
            assert issubclass(found, ClaudeWorkerError)
