"""Sends requests and waits, with `http.client`."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import time
from typing import TypeVar

from . import _address
from ._protocol import Broken, Call, NotReachable, Pause, Request, Response, Session, StartEngine
from .errors import ApiError, Forbidden, api_error

T = TypeVar("T")

#: How long a connection may take, in seconds.
CONNECT_WITHIN = 10.0
#: How long an engine may take to start, recovery included, in seconds.
START_WITHIN = 90.0


class _LocalConnection(http.client.HTTPConnection):
    """A connection to a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        check_owner(self._path)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def check_owner(path: str) -> None:
    """Refuses the socket of another user: requests are private, and answers could be forged."""
    owner = os.stat(path).st_uid
    if owner not in (os.getuid(), 0):
        raise Forbidden(
            "forbidden",
            f"{path} belongs to another user (uid {owner}); nothing was sent",
            "Check CLAUDE_WORKER_SERVER_URL and CLAUDE_WORKER_HOME",
        )


def run(session: Session, call: Call[T], tls: ssl.SSLContext | None) -> T:
    """Runs a call to its end."""
    step = next(call)
    while True:
        try:
            try:
                outcome = _do(session, step, tls)
            except (NotReachable, Broken) as error:
                step = call.throw(error)
            else:
                step = call.send(outcome)
        except StopIteration as end:
            value: T = end.value
            return value


def _do(session: Session, step: object, tls: ssl.SSLContext | None) -> Response | None:
    if isinstance(step, Request):
        return exchange(session, step, tls)
    if isinstance(step, Pause):
        time.sleep(step.seconds)
    elif isinstance(step, StartEngine):
        start_engine(session)
    return None


def tls_context(given: ssl.SSLContext | None) -> ssl.SSLContext:
    """Which certificates are accepted: those of the system, and the issuer in CLAUDE_WORKER_CA."""
    if given is not None:
        return given
    context = ssl.create_default_context()
    own = os.environ.get("CLAUDE_WORKER_CA")
    if own:
        context.load_verify_locations(own)
    return context


def headers(session: Session) -> dict[str, str]:
    """The headers of every request."""
    found = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
    if session.address.socket is None:
        found["Authorization"] = f"Bearer {session.address.token}"
    return found


def exchange(session: Session, request: Request, tls: ssl.SSLContext | None) -> Response:
    """Sends a request over a connection of its own, so that it survives the engine."""
    address = session.address
    connection: http.client.HTTPConnection
    if address.socket is not None:
        connection = _LocalConnection(address.socket, CONNECT_WITHIN)
    elif address.tls:
        connection = http.client.HTTPSConnection(
            address.host, address.port, timeout=CONNECT_WITHIN, context=tls_context(tls)
        )
    else:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=CONNECT_WITHIN)
    try:
        try:
            connection.connect()
        except (OSError, ssl.SSLError) as error:
            raise NotReachable(str(error)) from error
        connection.sock.settimeout(request.timeout)
        try:
            connection.request(request.verb, request.path, request.body, headers(session))
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Broken(str(error) or type(error).__name__) from error
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, names, body)
    finally:
        connection.close()


def start_engine(session: Session) -> None:
    """Starts an engine in the background; returns when it answers."""
    command = [_address.program(), "--json", "list", "--limit", "1"]
    try:
        ended = subprocess.run(
            command,
            env=_address.environment(session.address),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_WITHIN,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise api_error("unavailable", f"The engine cannot be started: {error}") from error
    if ended.returncode != 0:
        raise refused_start(ended.stdout, ended.stderr)


def refused_start(out: bytes, err: bytes) -> ApiError:
    """The error of a program that did not start an engine."""
    try:
        error = json.loads(out)["error"]
        return api_error(error["code"], error["message"], error.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        last = err.decode(errors="replace").strip() or "it says nothing"
        return api_error("unavailable", f"The engine cannot be started: {last}")
