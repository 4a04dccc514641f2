"""A manager's day: what is overdue, what is for today, what comes, what is done."""

from dataclasses import dataclass
from itertools import islice

from kommo_sync.sandbox.account.records import Task
from kommo_sync.sandbox.pages.authorship import Authorship, Badge
from kommo_sync.sandbox.pages.paging import Slice, slice_of
from kommo_sync.sandbox.pages.presenting import Link, Presenter, colour, initials

ROWS_A_SECTION = 40
ROWS_A_PAGE = 100
SECTIONS = {
    "overdue": "Overdue",
    "today": "Today",
    "upcoming": "Upcoming",
    "done": "Done today",
}
COLUMNS = (("overdue",), ("today", "done"), ("upcoming",))


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as the pages show it; `state` is a section's key or `done`."""

    text: str
    state: str
    deadline: str
    type: str
    type_colour: str
    entity: Link | None
    maker: Badge
    made: str
    responsible: str
    result: str
    result_by: Badge | None


@dataclass(frozen=True, slots=True)
class ManagerTab:
    """One manager, to be chosen; counts what waits for today."""

    name: str
    initials: str
    href: str
    overdue: int
    today: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the day."""

    key: str
    title: str
    count: int
    rows: tuple[TaskRow, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Day:
    """The page of one manager's day."""

    manager: str
    date: str
    tabs: tuple[ManagerTab, ...]
    columns: tuple[tuple[Section, ...], ...]
    whole: Slice[TaskRow] | None
    whole_title: str
    back: str


def state_of(presenter: Presenter, task: Task) -> str:
    """Return `overdue`, `today`, `upcoming` or `done`."""
    if task.is_completed:
        return "done"
    if task.complete_till < presenter.now:
        return "overdue"
    return "today" if task.complete_till < presenter.day_end else "upcoming"


def finished_at(presenter: Presenter, task: Task) -> int:
    """Return when a finished task was finished: its mark, else its last change."""
    mark = Authorship(presenter).mark("tasks", task.id, "is_completed")
    return mark.at if mark else task.updated_at


def day(
    presenter: Presenter, user_id: int | None, section: str | None, page: int | None
) -> Day:
    """Return the day of that user, or of the one for whom most is waiting."""
    sorted_tasks = _sort(presenter)
    people = _people(presenter, sorted_tasks)
    if user_id not in people:
        user_id = next(iter(people), 0)
    mine = {key: sorted_tasks.get((user_id, key), []) for key in SECTIONS}
    whole = None
    if section in SECTIONS:
        path, rows = "/tasks", mine[section]
        found = slice_of(rows, page, ROWS_A_PAGE, path, user=user_id, section=section)
        whole = Slice([task_row(presenter, t) for t in found.rows], found.pager)
    return Day(
        manager=presenter.user_name(user_id),
        date=presenter.day(presenter.now),
        tabs=_tabs(presenter, sorted_tasks, people, user_id),
        columns=tuple(
            tuple(_section(presenter, user_id, key, mine[key]) for key in column)
            for column in COLUMNS
        ),
        whole=whole,
        whole_title=SECTIONS.get(section or "", ""),
        back=f"/tasks?user={user_id}",
    )


Sorted = dict[tuple[int, str], list[Task]]


def _sort(presenter: Presenter) -> Sorted:
    found: Sorted = {}
    for task in presenter.state.data.tasks.values():
        key = state_of(presenter, task)
        if key == "done" and not _is_of_today(presenter, task):
            continue
        found.setdefault((task.responsible_user_id, key), []).append(task)
    for (_, key), tasks in found.items():
        tasks.sort(key=lambda t: (t.complete_till, t.id), reverse=key == "done")
    return found


def _is_of_today(presenter: Presenter, task: Task) -> bool:
    if task.updated_at < presenter.day_start:
        return False
    return presenter.day_start <= finished_at(presenter, task) < presenter.day_end


def _people(presenter: Presenter, tasks: Sorted) -> list[int]:
    """Return the users to choose from, the one with most to do today first."""
    known = {user.id: user.name for user in presenter.active_users()}
    for user_id, _ in tasks:
        known.setdefault(user_id, presenter.user_name(user_id))

    def order(user_id: int) -> tuple[int, str]:
        waiting = sum(
            len(tasks.get((user_id, key), [])) for key in ("overdue", "today")
        )
        return -waiting, known[user_id].casefold()

    return sorted(known, key=order)


def _tabs(
    presenter: Presenter, tasks: Sorted, people: list[int], chosen: int
) -> tuple[ManagerTab, ...]:
    named = sorted((presenter.user_name(user_id), user_id) for user_id in people)
    return tuple(
        ManagerTab(
            name=name,
            initials=initials(name),
            href=f"/tasks?user={user_id}",
            overdue=len(tasks.get((user_id, "overdue"), [])),
            today=len(tasks.get((user_id, "today"), [])),
            is_current=user_id == chosen,
        )
        for name, user_id in named
    )


def _section(
    presenter: Presenter, user_id: int, key: str, tasks: list[Task]
) -> Section:
    more = f"/tasks?user={user_id}&section={key}" if len(tasks) > ROWS_A_SECTION else ""
    rows = tuple(task_row(presenter, t) for t in islice(tasks, ROWS_A_SECTION))
    return Section(key, SECTIONS[key], len(tasks), rows, more)


def task_row(presenter: Presenter, task: Task) -> TaskRow:
    """Return a task as the pages show it."""
    authors = Authorship(presenter)
    kind = presenter.state.data.task_types.get(task.task_type_id)
    return TaskRow(
        text=task.text,
        state=state_of(presenter, task),
        deadline=_deadline(presenter, task),
        type=kind.name if kind else "Task",
        type_colour=colour(kind.color if kind else None),
        entity=presenter.link(task.entity_type, task.entity_id),
        maker=authors.of_making("tasks", task),
        made=presenter.moment(task.created_at),
        responsible=presenter.user_name(task.responsible_user_id),
        result=task.result or "",
        result_by=_finisher(authors, task) if task.is_completed else None,
    )


def _deadline(presenter: Presenter, task: Task) -> str:
    if task.is_completed:
        return f"finished {presenter.moment(finished_at(presenter, task))}"
    return presenter.deadline(task.complete_till)


def _finisher(authors: Authorship, task: Task) -> Badge:
    mark = authors.mark("tasks", task.id, "is_completed")
    if mark is not None:
        return authors.of_author(mark.author, mark.at)
    return authors.of_user(task.updated_by, task.updated_at)
