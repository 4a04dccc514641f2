"""Rules of tasks: what may be written, and what follows for the card they stand on."""

from typing import Any

from kommo_sync.sandbox.account.records import MAIN_KINDS, Task
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    array,
    boolean,
    check_item,
    check_users,
    mapping,
    required,
    string,
    string_or_null,
    whole,
    whole_or_null,
)
from kommo_sync.sandbox.wire.call import Call, refuse_flaws
from kommo_sync.sandbox.wire.problems import (
    Flaw,
    missing,
    not_supported,
    rule_broken,
)

Item = dict[str, Any]

RULES: dict[str, Check] = {
    "id": whole,
    "text": string,
    "complete_till": whole,
    "entity_id": whole_or_null,
    "entity_type": string_or_null,
    "task_type_id": whole,
    "responsible_user_id": whole,
    "duration": whole_or_null,
    "is_completed": boolean,
    "result": lambda value, path: [] if value is None else mapping(value, path),
    "created_by": whole,
    "updated_by": whole,
    "created_at": whole,
    "updated_at": whole_or_null,
    "request_id": anything,
    "_embedded": lambda value, path: (
        [] if isinstance(value, dict) else array(value, path)
    ),
}
# https://developers.kommo.com/reference/events-list: one type a property
EVENTS = {
    "text": ("task_text_changed", "task"),
    "complete_till": ("task_deadline_changed", "task_deadline"),
    "task_type_id": ("task_type_changed", "task_type"),
}


def create_tasks(call: Call, items: list[Item]) -> list[Task]:
    """Make all tasks of a batch, or none.

    Raises:
        Problem: 400 with one `validation-errors` element per bad item.
    """
    refuse_flaws(
        items,
        [
            required(item, ("text", "complete_till")) + _flaws(call, item, None)
            for item in items
        ],
    )
    return [_create(call, item) for item in items]


def _create(call: Call, item: Item) -> Task:
    writer, state = call.writer, call.state
    kind, entity_id = _entity(item, None)
    task = Task(
        id=state.next_id("tasks"),
        text=item["text"],
        complete_till=item["complete_till"],
        entity_id=entity_id,
        entity_type=kind,
        task_type_id=item.get("task_type_id", 1),
        responsible_user_id=item.get("responsible_user_id", call.user.id),
        duration=item.get("duration") or 0,
        is_completed=item.get("is_completed", False),
        result=_result_text(item),
        created_by=item.get("created_by", writer.user_id),
        updated_by=item.get("updated_by", writer.user_id),
        created_at=item.get("created_at", writer.now),
        updated_at=item.get("updated_at") or writer.now,
    )
    state.data.tasks[task.id] = task
    state.index_task(task)
    writer.created("tasks", task)
    writer.refresh_closest_task(task)
    writer.event("task_added", "tasks", task.id, (), ("task", task.text))
    writer.signal("add_task", "tasks", task.id)
    return task


def _result_text(item: Item) -> str | None:
    result = item.get("result")
    return result.get("text") if isinstance(result, dict) else None


def patch_tasks(call: Call, items: list[Item]) -> list[Task]:
    """Change all tasks of a batch, or none.

    Raises:
        Problem: 400, in the shape that the flaw calls for.
    """
    tasks = [call.state.data.tasks.get(_task_id(item)) for item in items]
    unknown = {
        str(item["id"]): "Task not found"
        for item, task in zip(items, tasks, strict=True)
        if task is None and item.get("id") is not None
    }
    if unknown:
        raise rule_broken(unknown)
    refuse_flaws(
        items,
        [
            [missing("id")] if task is None else _flaws(call, item, task)
            for item, task in zip(items, tasks, strict=True)
        ],
    )
    known = [task for task in tasks if task is not None]
    for item, task in zip(items, known, strict=True):
        change_task(call.writer, task, item)
    return known


def _task_id(item: Item) -> int:
    task_id = item.get("id")
    return task_id if isinstance(task_id, int) else 0


def change_task(writer: Writer, task: Task, item: Item) -> None:
    """Apply one item that was found without flaws; untouched properties stay."""
    old = (task.text, task.responsible_user_id)
    was_open = not task.is_completed
    changed = [name for name in _PLAIN if _assign(writer, task, item, name)]
    if "result" in item and writer.assign("tasks", task, "result", _result_text(item)):
        changed.append("result")
        note = ("task", task.result or "")
        writer.event("task_result_added", "tasks", task.id, (), note)
    if _rehang(writer, task, item):
        changed.append("entity_id")
    if not changed:
        return
    task.updated_at = item.get("updated_at") or writer.now
    task.updated_by = item.get("updated_by", writer.user_id)
    writer.refresh_closest_task(task)
    _tell(writer, task, changed, old, closed=was_open and task.is_completed)


def _rehang(writer: Writer, task: Task, item: Item) -> bool:
    """Put the task under another card, or under none; tells whether it moved."""
    kind, entity_id = _entity(item, task)
    if (kind, entity_id) == (task.entity_type, task.entity_id):
        return False
    if task.entity_type is not None and task.entity_id is not None:
        writer.state.tasks_of[task.entity_type, task.entity_id].discard(task.id)
        writer.refresh_closest_task(task)
    writer.assign("tasks", task, "entity_type", kind)
    writer.assign("tasks", task, "entity_id", entity_id)
    writer.state.index_task(task)
    return True


def _entity(item: Item, task: Task | None) -> tuple[str | None, int | None]:
    """Return (kind, id) of the card on which the item would leave the task."""
    known = (None, None) if task is None else (task.entity_type, task.entity_id)
    return item.get("entity_type", known[0]), item.get("entity_id", known[1]) or None


_PLAIN = (
    "text",
    "complete_till",
    "task_type_id",
    "responsible_user_id",
    "duration",
    "is_completed",
)


def _assign(writer: Writer, task: Task, item: Item, name: str) -> bool:
    if name not in item or item[name] is None:
        return False
    before = getattr(task, name)
    if not writer.assign("tasks", task, name, item[name]):
        return False
    if name in EVENTS:
        event, shape = EVENTS[name]
        writer.event(event, "tasks", task.id, (shape, before), (shape, item[name]))
    return True


def _tell(
    writer: Writer,
    task: Task,
    changed: list[str],
    old: tuple[str, int],
    *,
    closed: bool,
) -> None:
    extra: Item = {"action_close": 1} if closed else {}
    if "text" in changed:
        extra["old_text"] = old[0]
    if closed:
        writer.event("task_completed", "tasks", task.id)
    if "responsible_user_id" in changed:
        writer.signal(
            "responsible_task", "tasks", task.id, old_responsible_user_id=old[1]
        )
    writer.signal("update_task", "tasks", task.id, **extra)


def _flaws(call: Call, item: Item, task: Task | None) -> list[Flaw]:
    flaws = check_item(item, RULES, call.state)
    if flaws:
        return flaws
    flaws = check_users(call.state, item)
    types = call.state.data.task_types
    if item.get("task_type_id") is not None and item["task_type_id"] not in types:
        flaws.append(not_supported("task_type_id"))
    reopens = (
        task is not None and task.is_completed and item.get("is_completed") is False
    )
    if reopens and not call.state.choices.task_can_be_reopened:
        flaws.append(not_supported("is_completed"))
    if task is None or {"entity_id", "entity_type"} & set(item):
        flaws += _check_entity(call, *_entity(item, task))
    return flaws


def _check_entity(call: Call, kind: str | None, entity_id: int | None) -> list[Flaw]:
    if kind is None and not entity_id:
        return []
    if kind not in MAIN_KINDS:
        return [
            missing("entity_type") if kind is None else not_supported("entity_type")
        ]
    if not entity_id:
        return [missing("entity_id")]
    known = call.state.card(kind, entity_id) is not None
    return [] if known else [not_supported("entity_id")]
