"""The one way anything changes: witnessed, told to events and webhooks."""

from typing import Any

import msgspec

from kommo_sync.sandbox.account.history import Author, Change, Mark
from kommo_sync.sandbox.account.records import SINGULAR, Event, Task
from kommo_sync.sandbox.account.state import State


class Signal(msgspec.Struct, kw_only=True):
    """A fact that webhook subscribers may have asked for."""

    code: str
    kind: str
    id: int | str
    extra: dict[str, Any] = {}


class Writer:
    """Writes in one author's name, at one moment, for one request."""

    def __init__(
        self, state: State, author: Author, request: int | None = None
    ) -> None:
        self.state = state
        self.author = author
        self.request = request
        self.at = state.clock.now()
        self.now = int(self.at)
        self.signals: dict[tuple[str, str, int | str], Signal] = {}
        self._author_index = state.author_index(author)

    @property
    def user_id(self) -> int:
        """Whose id stands in created_by and updated_by when a body names nobody."""
        return self.author.user_id

    def log(
        self, entity: str, record_id: int | str, slot: str, before: Any, after: Any
    ) -> None:
        """Witness one change of one slot."""
        data = self.state.data
        data.changes.append(
            Change(
                seq=len(data.changes) + 1,
                at=self.at,
                author=self._author_index,
                entity=entity,
                id=record_id,
                slot=slot,
                before=before,
                after=after,
                request=self.request,
            )
        )
        self.state.touch(entity)

    def mark(self, kind: str, card_id: int | str, slot: str) -> None:
        """Remember who wrote this slot, for the pages; they show numbered things."""
        if isinstance(card_id, str):
            return
        marks = self.state.data.marks.setdefault(kind, {}).setdefault(card_id, {})
        marks[slot] = Mark(self._author_index, self.now)

    def assign(self, entity: str, record: Any, name: str, value: Any) -> bool:
        """Set one property; witnessed only if it differs. Returns whether it did."""
        before = getattr(record, name)
        if before == value:
            return False
        setattr(record, name, value)
        self.log(entity, record.id, name, before, value)
        self.mark(entity, record.id, name)
        return True

    def created(self, entity: str, record: Any) -> None:
        """Witness a new record, whole."""
        self.log(entity, record.id, "created", None, msgspec.to_builtins(record))
        self.mark(entity, record.id, "created")

    def event(
        self,
        kind: str,
        entity: str,
        entity_id: int,
        before: tuple[Any, ...] = (),
        after: tuple[Any, ...] = (),
    ) -> None:
        """Add a row to the account's audit feed; `entity` is the plural name."""
        events = self.state.data.events
        events.append(
            Event(
                seq=len(events) + 1,
                type=kind,
                entity_type=SINGULAR[entity],
                entity_id=entity_id,
                created_by=self.user_id,
                created_at=self.now,
                before=before,
                after=after,
            )
        )
        self.state.touch("events")

    def signal(self, code: str, kind: str, record_id: int | str, **extra: Any) -> None:
        """Tell webhook subscribers; the same fact twice in one request counts once."""
        key = (code, kind, record_id)
        known = self.signals.setdefault(key, Signal(code=code, kind=kind, id=record_id))
        known.extra = {**known.extra, **extra}

    def touch_card(self, kind: str, card: Any, updated_at: int | None = None) -> None:
        """Bump updated_at and updated_by and fire the update hook."""
        card.updated_at = self.now if updated_at is None else updated_at
        card.updated_by = self.user_id
        self.state.touch(kind)
        self.signal(f"update_{SINGULAR[kind]}", kind, card.id)

    def refresh_closest_task(self, task: Task) -> None:
        """Set the card's closest_task_at from its open tasks."""
        if task.entity_type is None or task.entity_id is None:
            return
        state = self.state
        card = state.cards(task.entity_type).get(task.entity_id)
        if card is None:
            return
        ids = state.tasks_of.get((task.entity_type, task.entity_id), set())
        tasks = (state.data.tasks[task_id] for task_id in ids)
        open_tasks = [t.complete_till for t in tasks if not t.is_completed]
        card.closest_task_at = min(open_tasks, default=None)
        state.touch(task.entity_type)
