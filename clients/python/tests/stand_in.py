"""A server that stands in for an engine, for answers that a real one gives too seldom."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: From verb and path with query to status and body: bytes as they are, anything else as JSON.
Answers = Callable[[str], tuple[int, Any]]


class StandIn:
    """A server, its address, and what it was asked."""

    def __init__(self, answers: Answers, port: int) -> None:
        self.asked: list[str] = []
        #: The bodies of the requests that have one.
        self.bodies: list[Any] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                if body_sent := self.rfile.read(int(self.headers.get("Content-Length", "0"))):
                    stand_in.bodies.append(json.loads(body_sent))
                asked = f"{self.command} {self.path}"
                stand_in.asked.append(asked)
                status, body = answers(asked)
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("X-Claude-Worker-Protocol", "1")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def stand_in(answers: Answers, port: int = 0) -> Iterator[StandIn]:
    """Runs such a server; nothing listens at its address afterwards."""
    running = StandIn(answers, port)
    thread = threading.Thread(target=running.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield running
    finally:
        running.server.shutdown()
        running.server.server_close()
        thread.join()


def task(**fields: Any) -> dict[str, Any]:
    """A task as an engine describes it."""
    return {"id": 1, "name": "x", "status": "running", "created_at": "2026-11-29T10:00:00Z", **fields}
