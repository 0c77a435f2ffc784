"""The asynchronous client with a real engine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from conftest import worker

import claude_worker
from claude_worker import AsyncClient


def test_many_tasks_are_waited_for_at_once(home: Path) -> None:
    async def main() -> list[str]:
        client = AsyncClient()
        tasks = [await client.submit(f"echo {n}", agent="shell") for n in range(5)]
        return await asyncio.gather(*(client.result(task.id, timeout=60) for task in tasks))

    assert asyncio.run(main()) == [str(n) for n in range(5)]


def test_following_and_cancelling(home: Path) -> None:
    async def main() -> None:
        client = AsyncClient()
        task = await client.submit("echo begun; sleep 1000", agent="shell")
        async for item in client.follow(task.id):
            if item.text == "begun":
                await client.cancel(task.id)
        assert (await client.get(task.id)).status == "cancelled"
        assert [found.id async for found in client.all("cancelled")] == [task.id]
        with pytest.raises(claude_worker.NotFound):
            await client.get(99)
        with pytest.raises(claude_worker.WaitTimeout):
            slow = await client.submit("sleep 1000", agent="shell")
            await client.wait(slow.id, timeout=0.2)

    asyncio.run(main())


def test_over_http(home: Path) -> None:
    worker("server", "start", "--http", "0")

    async def main() -> None:
        url = (await AsyncClient().engine())["http"]
        client = AsyncClient(url)
        task = await client.submit("seq 100000", agent="shell", working_directory=str(home))
        assert (await client.result(task.id, timeout=60)).endswith("99999\n100000")
        with pytest.raises(claude_worker.Forbidden):
            await AsyncClient(url, "wrong").engine()
        with pytest.raises(claude_worker.Unavailable):
            await AsyncClient("http://127.0.0.1:9").engine()

    asyncio.run(main())


def test_a_batch_with_a_context_manager(home: Path) -> None:
    async def main() -> list[str]:
        async with AsyncClient() as client:
            made = await client.submit_batch([{"prompt": f"echo {n}", "agent": "shell"} for n in range(3)])
            return await asyncio.gather(*(client.result(task.id, timeout=60) for task in made))

    assert asyncio.run(main()) == ["0", "1", "2"]
