"""What follows from events: they name records, and the CRM is asked what is true."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from kommo_sync.errors import TooMuchAsked
from kommo_sync.kommo.neighbours import neighbours_request, read_neighbours
from kommo_sync.kommo.ports import Priority
from kommo_sync.kommo.protocol import Answer, Page
from kommo_sync.model.entities import RECORDS, Event, Part
from kommo_sync.sync.asking import DELETED, MERGED, NOTE_DELETED, RESTORED, STRUCTURAL
from kommo_sync.sync.walk import Desk

Found = TypeVar("Found")

IDS_A_REQUEST = 100
FOLLOWED = (Part.COMPANIES, Part.CONTACTS, Part.LEADS, Part.TASKS)
"""In this order: what hangs on a card is read after it."""
REWIRING = (*DELETED, *RESTORED, MERGED)
"""Events after which other cards name a card that they did not name, or no longer."""


@dataclass(slots=True)
class Followed:
    """What the events of a cycle led to.

    Args:
        deleted: how many kept records were found gone, and removed.
        merged: how many of those have a winner.
        gone: by kind, what was found gone and has no winner yet.
        unclear: by kind, winners of merges whose events name no loser, and when.
    """

    deleted: int = 0
    merged: int = 0
    gone: dict[Part, set[int]] = field(default_factory=lambda: defaultdict(set))
    unclear: dict[Part, dict[int, int]] = field(
        default_factory=lambda: defaultdict(dict)
    )


def refetch(
    desk: Desk,
    part: Part,
    ids: Iterable[int],
    priority: Priority,
    followed: Followed,
) -> None:
    """Ask what is true of records now: keep what lives, bury what is gone.

    Asked by id, the CRM shows what is alive: a tombstone of such a record is lifted.
    """

    def ask(some: Sequence[int]) -> Page:
        return desk.crm.by_ids(part, some, priority=priority)

    for some, found in _in_lots(ids, ask):
        alive = {row.id for row in found.rows if not isinstance(row.id, str)}
        desk.store.keep_rows(
            part,
            found.rows,
            seen_at=found.server_time,
            revive=alive,
            lease=desk.lease,
        )
        absent = set(some) - alive
        followed.deleted += desk.store.bury(
            part, absent, at=found.server_time, lease=desk.lease
        )
        followed.gone[part] |= absent


def _in_lots(
    ids: Iterable[int], ask: Callable[[Sequence[int]], Found]
) -> Iterator[tuple[Sequence[int], Found]]:
    """Ask for records by id, for fewer at once where the CRM runs out of time."""
    left, size = sorted(set(ids)), IDS_A_REQUEST
    while left:
        some = left[:size]
        try:
            found = ask(some)
        except TooMuchAsked:
            if len(some) == 1:
                raise
            size = len(some) // 2
            continue
        yield some, found
        left = left[size:]


def follow(desk: Desk, since: int, followed: Followed) -> None:
    """Follow the kept events from `since` (Unix seconds) on: refetch, bury, merge."""
    events = tuple(desk.store.facts().events(STRUCTURAL, since))
    named: dict[Part, set[int]] = {part: set() for part in FOLLOWED}
    rewired: dict[Part, set[int]] = defaultdict(set)
    for event in events:
        for part, record_id in _named_by(event):
            named[part].add(record_id)
            if event.type in REWIRING:
                rewired[part].add(record_id)
    for part in FOLLOWED:
        hanging = _hanging_on(desk, part, rewired[part])
        refetch(desk, part, named[part], Priority.RECONCILIATION, followed)
        _follow_merges(desk, part, events, followed)
        guess_losers(desk, part, followed)
        for other, ids in hanging.items():
            named[other] |= ids


def _named_by(event: Event) -> Iterator[tuple[Part, int]]:
    if event.entity_type not in RECORDS:
        return
    part = Part(event.entity_type)
    yield part, event.entity_id
    if event.type == MERGED and event.other_id is not None:
        yield part, event.other_id


def _hanging_on(desk: Desk, part: Part, ids: set[int]) -> Mapping[Part, set[int]]:
    """Return who names cards that went, came back or were merged.

    A lead names its contact only while the contact is there, and its own `updated_at`
    need not tell of that.
    """
    hanging: dict[Part, set[int]] = {Part.LEADS: set(), Part.CONTACTS: set()}
    if part not in (Part.CONTACTS, Part.COMPANIES) or not ids:
        return hanging
    for other, found in desk.store.facts().pointing_at(part, ids).items():
        hanging[other] |= found

    def ask(some: Sequence[int]) -> Answer:
        request = neighbours_request(part, some)
        return desk.crm.get(request, Priority.RECONCILIATION)

    for _some, answer in _in_lots(ids, ask):
        for other, linked in read_neighbours(answer).items():
            hanging[other] |= linked
    return hanging


def _follow_merges(
    desk: Desk, part: Part, events: Iterable[Event], followed: Followed
) -> None:
    for event in events:
        if event.type != MERGED or event.entity_type != part.value:
            continue
        winner, at = event.entity_id, event.created_at
        if event.other_id in followed.gone[part]:
            _merge(desk, part, event.other_id, winner, at, followed)
        elif event.other_id is None and not desk.store.facts().knows_merge(
            part, winner, at
        ):
            followed.unclear[part][winner] = at


def guess_losers(desk: Desk, part: Part, followed: Followed) -> None:
    """Say who the loser was of a merge whose event names only the winner.

    Possible where there was one such merge, and one card vanished in the same cycle
    that nobody deleted: that one lost it. Otherwise the vanished have no winner.
    """
    if len(followed.unclear[part]) != 1:
        return
    kinds = [kind for kind, deleted in DELETED.items() if deleted is part]
    deleted = {event.entity_id for event in desk.store.facts().events(kinds, 0)}
    [(winner, at)] = followed.unclear[part].items()
    losers = followed.gone[part] - deleted - {winner}
    if len(losers) == 1:
        _merge(desk, part, losers.pop(), winner, at, followed)
        del followed.unclear[part][winner]


def _merge(
    desk: Desk, part: Part, loser: int, winner: int, at: int, followed: Followed
) -> None:
    desk.store.merge(part, loser, winner, at=at, lease=desk.lease)
    followed.merged += 1
    followed.gone[part].discard(loser)


def moments_of_moves(events: Iterable[Event]) -> dict[Part, list[int]]:
    """Return when records of each part went away or came back: places moved then."""
    moments: dict[Part, list[int]] = defaultdict(list)
    for event in events:
        for part in _moved_by(event):
            moments[part].append(event.created_at)
    return moments


def _moved_by(event: Event) -> Iterator[Part]:
    if event.type == "task_deleted":
        yield Part.TASKS
    elif event.entity_type in RECORDS:
        if event.type != NOTE_DELETED:
            yield Part(event.entity_type)
        notes = f"notes/{event.entity_type}"
        if notes in set(Part):
            yield Part(notes)
