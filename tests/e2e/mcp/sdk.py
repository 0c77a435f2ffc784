"""Delegates over the Python SDK: sdk.py SERVER MODE, in the directory to work in."""

import os
import sys

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters


def task(command):
    return {"execution_prompt": command, "working_directory": os.getcwd(), "agent": "shell"}


async def main():
    server = StdioServerParameters(command=sys.argv[1], env=dict(os.environ))
    async with Client(server, mode=sys.argv[2]) as client:
        tools = await client.list_tools()
        assert len(tools.tools) == 10, tools

        gated = "until [ -e gate ]; do sleep 0.01; done; echo from python"
        made = await client.call_tool("create_task", task(gated))
        assert not made.is_error, made
        number = made.structured_content["task"]["id"]

        told = anyio.Event()
        messages = []

        async def progress(done, total, message):
            messages.append((done, total, message))
            told.set()

        # A wait that is given up: the call ends here, and the task goes on.
        with anyio.move_on_after(60) as scope:
            async with anyio.create_task_group() as group:

                async def give_up():
                    await told.wait()
                    group.cancel_scope.cancel()

                group.start_soon(give_up)
                arguments = {"task_ids": [number]}
                await client.call_tool("wait_for_tasks", arguments, progress_callback=progress)
                raise AssertionError("it should not have ended")
        assert not scope.cancelled_caught
        assert messages and messages[0][2].startswith("0 of 1 finished"), messages
        status = await client.call_tool("get_task_status", {"task_id": number})
        assert status.structured_content["task"]["status"] in ("pending", "running"), status

        open("gate", "w").close()
        waited = await client.call_tool("wait_for_tasks", {"task_ids": [number]})
        assert waited.structured_content["finished"][0]["status"] == "completed", waited
        result = await client.call_tool("get_result", {"task_id": number})
        assert result.structured_content["answer"] == "from python", result
        log = await client.read_resource(f"task://{number}/log")
        assert log.contents[0].text == "from python\n", log
        wrong = await client.call_tool("get_result", {"task_id": 999})
        assert wrong.is_error and "no task 999" in wrong.content[0].text, wrong
        prompts = await client.list_prompts()
        assert len(prompts.prompts) == 2, prompts


anyio.run(main)
