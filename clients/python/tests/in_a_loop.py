"""The asynchronous client with blocking methods, so that a test can run with both clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from claude_worker import AsyncClient


class InALoop:
    """The asynchronous client, each call of which runs a loop of its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.client = AsyncClient(*arguments, **options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            return asyncio.run(getattr(self.client, name)(*arguments, **options))

        return call
