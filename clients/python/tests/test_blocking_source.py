"""The blocking client is made from the asynchronous one, so that both have the same methods and words.

With `CLAUDE_WORKER_UPDATE=1` the test writes it.
"""

from __future__ import annotations

import os
from pathlib import Path

import claude_worker

PACKAGE = Path(__file__).parent.parent / "src/claude_worker"

REPLACED = {
    '"""The client for asynchronous programs."""': (
        '"""The client for blocking programs. Made from async_client.py by tests/test_blocking_source.py."""'
    ),
    "Its methods are coroutines; tasks of one event loop can share it.": "Threads can share it.",
    "_asynchronous": "_blocking",
    "AsyncClient": "Client",
    "AsyncIterator": "Iterator",
    "async ": "",
    "await ": "",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
}


def blocking() -> str:
    """The source of the blocking client."""
    source = (PACKAGE / "async_client.py").read_text()
    for asynchronous, replacement in REPLACED.items():
        assert asynchronous in source
        source = source.replace(asynchronous, replacement)
    return source


def test_the_blocking_client_is_made_from_the_asynchronous_one() -> None:
    made = PACKAGE / "client.py"
    if os.environ.get("CLAUDE_WORKER_UPDATE"):
        made.write_text(blocking())
    assert made.read_text() == blocking(), "run this test with CLAUDE_WORKER_UPDATE=1"


def test_both_clients_have_the_same_methods() -> None:
    def public(client: type) -> set[str]:
        return {name for name in vars(client) if not name.startswith("_")}

    assert public(claude_worker.Client) == public(claude_worker.AsyncClient)
