"""/tasks."""

from kommo_sync.sandbox.account.records import Task
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.api.answers import Item, written
from kommo_sync.sandbox.rules.todos import create_tasks, patch_tasks
from kommo_sync.sandbox.wire.brackets import Node, as_integer, scalars
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.listing import (
    Collection,
    FilterMaker,
    Predicate,
    answer_page,
    by_creation,
    by_id,
    moment,
    one_of,
    word_of,
)
from kommo_sync.sandbox.wire.problems import EmptyAnswer, forbidden


def _completed(_state: State, node: Node) -> Predicate:
    wanted = {value in ("1", "true") for value in scalars(node)}
    return lambda task: task.is_completed in wanted


def _lead_statuses(state: State, node: Node) -> Predicate | None:
    if not isinstance(node, dict):
        return None
    wanted = {
        (as_integer(str(e.get("pipeline_id"))), as_integer(str(e.get("status_id"))))
        for e in node.values()
        if isinstance(e, dict)
    }

    def stands_on(task: Task) -> bool:
        if task.entity_type != "leads" or task.entity_id is None:
            return False
        lead = state.data.leads.get(task.entity_id)
        return lead is not None and (lead.pipeline_id, lead.status_id) in wanted

    return stands_on


_BY_TYPE: FilterMaker = one_of("task_type_id")
COLLECTION = Collection(
    name="tasks",
    rows=lambda state: state.data.tasks.values(),
    filters={
        "id": one_of("id"),
        "responsible_user_id": one_of("responsible_user_id"),
        "is_completed": _completed,
        "task_type": _BY_TYPE,
        "task_type_id": _BY_TYPE,
        "entity_type": word_of("entity_type"),
        "entity_id": one_of("entity_id"),
        "updated_at": moment("updated_at"),
        "created_at": moment("created_at"),
        "created_by": one_of("created_by"),
        "lead_statuses": _lead_statuses,
    },
    # Measured: updated_at does not sort tasks.
    orders={
        "id": by_id,
        "created_at": by_creation,
        "complete_till": lambda task: (task.complete_till, task.id),
    },
    default=(by_id, False),
    depends=("leads",),
    table=lambda state: state.data.tasks,
)


def render_task(call: Call, task: Task) -> Item:
    """Return a task as lists and by-id answers show it."""
    return {
        "id": task.id,
        "created_by": task.created_by,
        "updated_by": task.updated_by,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "responsible_user_id": task.responsible_user_id,
        "group_id": task.group_id,
        "entity_id": task.entity_id,
        "entity_type": task.entity_type,
        "duration": task.duration,
        "is_completed": task.is_completed,
        "task_type_id": task.task_type_id,
        "text": task.text,
        # PHP serialises an empty object as an empty list.
        "result": [] if task.result is None else {"text": task.result},
        "complete_till": task.complete_till,
        "account_id": call.state.data.account.id,
        "_links": call.self_link(f"tasks/{task.id}"),
    }


def list_tasks(call: Call) -> Item:
    """GET /tasks."""
    return answer_page(call, COLLECTION, render_task)


def get_task(call: Call, task_id: int) -> Item:
    """GET /tasks/{id}."""
    task = call.state.data.tasks.get(task_id)
    if task is None:
        raise EmptyAnswer
    return render_task(call, task)


def post_tasks(call: Call) -> Item:
    """POST /tasks."""
    items = call.items()
    made = [
        {"id": task.id, "_links": call.self_link(f"tasks/{task.id}")}
        for task in create_tasks(call, items)
    ]
    return written(call, "tasks", items, made)


def _changed(call: Call, task: Task) -> Item:
    return {
        "id": task.id,
        "updated_at": task.updated_at,
        "_links": call.self_link(f"tasks/{task.id}"),
    }


def patch_many(call: Call) -> Item:
    """PATCH /tasks."""
    items = call.items()
    made = [_changed(call, task) for task in patch_tasks(call, items)]
    return written(call, "tasks", items, made)


def patch_one(call: Call, task_id: int) -> Item:
    """PATCH /tasks/{id}."""
    [task] = patch_tasks(call, [{**call.item(), "id": task_id}])
    return _changed(call, task)


def delete_task(_call: Call, task_id: int) -> None:
    """DELETE /tasks/{id}: measured, 403 with a normal token."""
    raise forbidden("Invalid scope")


ROUTES = [
    ("GET", "/tasks", list_tasks),
    ("POST", "/tasks", post_tasks),
    ("PATCH", "/tasks", patch_many),
    ("GET", "/tasks/<int:task_id>", get_task),
    ("PATCH", "/tasks/<int:task_id>", patch_one),
    ("DELETE", "/tasks/<int:task_id>", delete_task),
]
