"""What templates and expressions see of a run: `inputs`, `tasks.NAME...`, `run`, read live from the state."""

from collections.abc import Iterator, Mapping
from typing import Any

from lead_tui.core.state import RunState, TaskState


class TaskView(Mapping[str, Any]):
    """`result`, `status`, `error`, `attempts`, `duration`, `meta` of one task."""

    _FIELDS = ("result", "status", "error", "attempts", "duration", "meta")
    __slots__ = ("_task",)

    def __init__(self, task: TaskState) -> None:
        self._task = task

    def __getitem__(self, key: str) -> Any:
        task = self._task
        match key:
            case "result":
                return task.result
            case "status":
                return str(task.status)
            case "attempts":
                return task.attempt
            case "duration":
                return task.duration
            case "meta":
                return task.meta or {}
            case "error":
                return _error(task)
            case _:
                raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._FIELDS)

    def __len__(self) -> int:
        return len(self._FIELDS)


def _error(task: TaskState) -> dict[str, Any] | None:
    failure = task.failure
    if failure is None:
        return None
    return {
        "category": str(failure.category),
        "message": failure.message,
        "code": failure.code,
        "status": failure.status,
        "severity": str(failure.severity),
    }


class TasksView(Mapping[str, TaskView]):
    __slots__ = ("_tasks",)

    def __init__(self, tasks: Mapping[str, TaskState]) -> None:
        self._tasks = tasks

    def __getitem__(self, key: str) -> TaskView:
        return TaskView(self._tasks[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)


class RunView(Mapping[str, str]):
    """`id`, `name`, `started_at` of the run."""

    _FIELDS = ("id", "name", "started_at")
    __slots__ = ("_run",)

    def __init__(self, run: RunState) -> None:
        self._run = run

    def __getitem__(self, key: str) -> str:
        run = self._run
        values = {
            "id": run.run_id,
            "name": run.plan.name,
            "started_at": run.started_at.isoformat() if run.started_at is not None else "",
        }
        return values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._FIELDS)

    def __len__(self) -> int:
        return len(self._FIELDS)


def run_scope(run: RunState, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """`inputs` with their real values: templates may put a secret one into parameters (checked at load)."""
    return {"inputs": dict(inputs), "tasks": TasksView(run.tasks), "run": RunView(run)}
