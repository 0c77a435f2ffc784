"""Sends requests and waits, with sockets."""

from __future__ import annotations

import socket
import subprocess
import time
from typing import TypeVar

from . import _address, _http
from ._http import Response
from ._protocol import (
    CONNECT_WITHIN,
    Broken,
    Call,
    NotReachable,
    Pause,
    Request,
    Session,
    StartEngine,
    refused_start,
)
from ._socket import check_owner
from .errors import api_error

T = TypeVar("T")


def run(session: Session, call: Call[T]) -> T:
    """Runs a call to its end."""
    step = next(call)
    while True:
        try:
            try:
                outcome = _do(session, step)
            except (NotReachable, Broken) as error:
                step = call.throw(error)
            else:
                step = call.send(outcome)
        except StopIteration as end:
            value: T = end.value
            return value


def _do(session: Session, step: object) -> Response | None:
    if isinstance(step, Request):
        return _exchange(session, step)
    if isinstance(step, Pause):
        time.sleep(step.seconds)
    elif isinstance(step, StartEngine):
        _start_engine(session, step.within)
    return None


def _connect(session: Session, within: float) -> socket.socket:
    address = session.address
    if address.socket is None:
        connection = socket.create_connection((address.host, address.port), timeout=within)
        if address.tls is None:
            return connection
        try:
            return address.tls.wrap_socket(connection, server_hostname=address.host)
        except BaseException:
            connection.close()
            raise
    check_owner(address.socket)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(within)
        connection.connect(address.socket)
    except BaseException:
        connection.close()
        raise
    return connection


def _exchange(session: Session, request: Request) -> Response:
    """Sends a request over a connection of its own, so that it survives the engine."""
    try:
        connection = _connect(session, request.bounded(CONNECT_WITHIN))
    except (OSError, ValueError) as error:
        raise NotReachable(str(error)) from error
    with connection:
        try:
            return _talk(session, request, connection)
        except (OSError, EOFError, ValueError) as error:
            raise Broken(str(error) or type(error).__name__) from error


def _talk(session: Session, request: Request, connection: socket.socket) -> Response:
    ends = time.monotonic() + request.bounded(request.timeout)
    connection.settimeout(request.bounded(request.timeout))
    connection.sendall(_http.request(session.address, request.verb, request.path, request.body))
    receiver = _http.receive()
    next(receiver)
    while True:
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        connection.settimeout(left)
        try:
            receiver.send(connection.recv(1 << 16))
        except StopIteration as end:
            response: Response = end.value
            return response


def _start_engine(session: Session, within: float) -> None:
    """Starts an engine in the background; returns when it answers."""
    command = [_address.program(), "--json", "list", "--limit", "1"]
    try:
        ended = subprocess.run(
            command,
            env=_address.environment(session.address),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=within,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise api_error("unavailable", f"The engine cannot be started: {error}") from error
    if ended.returncode != 0:
        raise refused_start(ended.stdout, ended.stderr)
