"""Uses the client that openapi-python-client has made: submits, waits, reads, and meets an error."""

import os
import sys

from made import AuthenticatedClient
from made.api.events import events
from made.api.tasks import get, list_, log, output, retry, submit, submit_batch
from made.models import Agent, NewTask, NewTasks, Problem, Retry, Status, TaskStatus

client = AuthenticatedClient(base_url=sys.argv[1], token=os.environ["CLAUDE_WORKER_TOKEN"], timeout=90)


def command(text):
    return NewTask(execution_prompt=text, working_directory=sys.argv[2], agent=Agent.SHELL)


def finished(id):
    while True:
        task = get.sync(id, client=client, wait_ms=60000)
        if task.status in (TaskStatus.COMPLETED, TaskStatus.FAILED):
            return task


first = events.sync(client=client)
made = submit.sync(client=client, body=command("echo hello"), idempotency_key="one")
again = submit.sync(client=client, body=command("echo hello"), idempotency_key="one")
assert made.id == again.id, (made, again)
task = finished(made.id)
assert task.status == TaskStatus.COMPLETED and task.result == "hello", task
assert output.sync(made.id, client=client).payload.read() == b"hello\n"
assert [entry.text for entry in log.sync(made.id, client=client).entries] == ["hello"]

batch = submit_batch.sync(client=client, body=NewTasks(tasks=[command("true"), command("exit 4")]))
good, bad = (finished(task.id) for task in batch.tasks)
assert bad.failure.kind == "exit" and bad.failure.code == 4, bad
assert bad.error_message == "Exited with code 4", bad
assert retry.sync(bad.id, client=client, body=Retry()).runs == 1
finished(bad.id)
page = list_.sync(client=client, status=[Status.FAILED])
assert [task.id for task in page.tasks] == [bad.id], page

kinds = {event.kind for event in events.sync(client=client, after=first.next_).events}
assert {"submitted", "state_changed"} <= kinds, kinds
problem = get.sync(4711, client=client)
assert isinstance(problem, Problem) and problem.code == "not_found", problem
print("ok")
