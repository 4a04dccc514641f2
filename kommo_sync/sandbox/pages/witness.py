"""The witness's two lists: every change of the account and every request."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from kommo_sync.sandbox.account.history import Change, Request
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.pages.authorship import KINDS, Authorship, Badge, look
from kommo_sync.sandbox.pages.feed import Feed
from kommo_sync.sandbox.pages.paging import Places, Slice, slice_of
from kommo_sync.sandbox.pages.presenting import Link, Presenter, shortened
from kommo_sync.sandbox.pages.wording import Said, say_change, singular

ROWS_A_PAGE = 100
LONGEST_BODY = 4_000


class Asked(msgspec.Struct, frozen=True):
    """Which part of the changes the page is asked for; empty texts mean all."""

    entity: str = ""
    record_id: str = ""
    by: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change as the page shows it."""

    seq: int
    when: str
    badge: Badge
    kind: str
    record: Link
    said: Said
    slot: str
    request: int | None


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of the changes and what can be chosen."""

    rows: Slice[ChangeRow]
    entity: str
    record_id: str
    by: str
    entities: tuple[str, ...]
    writers: tuple[str, ...]
    is_empty: bool


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request as the page shows it."""

    seq: int
    when: str
    method: str
    address: str
    status: int
    is_failed: bool
    client: str
    user: str
    fault: str
    body: str
    size: str
    changes: int


@dataclass(frozen=True, slots=True)
class Requests:
    """A page of the requests."""

    rows: Slice[RequestRow]


class Witness:
    """Reads the account's changes and requests."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._by_request = Places[Change](lambda change: [change.request])

    def changes(self, presenter: Presenter, asked: Asked) -> Changes:
        """Return a page of the changes, newest first."""
        state = presenter.state
        places = self._places(state, asked)
        found = slice_of(
            places[::-1],
            asked.page,
            ROWS_A_PAGE,
            "/history",
            entity=asked.entity,
            id=asked.record_id,
            by=asked.by,
        )
        changes = state.data.changes
        rows = [change_row(presenter, changes[place]) for place in found.rows]
        return Changes(
            rows=Slice(rows, found.pager),
            entity=asked.entity,
            record_id=asked.record_id,
            by=asked.by,
            entities=self._feed.entities(state),
            writers=KINDS,
            is_empty=not changes,
        )

    def _places(self, state: State, asked: Asked) -> Sequence[int]:
        places: Sequence[int] = range(len(state.data.changes))
        if asked.entity:
            is_number = asked.record_id.isascii() and asked.record_id.isdecimal()
            record_id = int(asked.record_id) if is_number else asked.record_id
            places = self._feed.changes(state, asked.entity, record_id or None)
        elif asked.record_id:
            places = [p for p in places if _has_id(state, p, asked.record_id)]
        if asked.by in KINDS:
            looks = [look(author) for author in state.data.authors]
            changes = state.data.changes
            places = [p for p in places if looks[changes[p].author] == asked.by]
        return places

    def requests(self, presenter: Presenter, page: int | None) -> Requests:
        """Return a page of the requests, newest first."""
        requests = presenter.state.data.requests
        places = range(len(requests))[::-1]
        found = slice_of(places, page, ROWS_A_PAGE, "/history", tab="requests")
        rows = [self._request_row(presenter, requests[place]) for place in found.rows]
        return Requests(Slice(rows, found.pager))

    def _request_row(self, presenter: Presenter, request: Request) -> RequestRow:
        data = presenter.state.data
        client = data.integrations.get(request.client_id)
        address = f"{request.path}?{request.query}" if request.query else request.path
        # Bodies sent to /oauth2 hold secrets.
        body = "" if request.path.startswith("/oauth2") else request.body or ""
        return RequestRow(
            seq=request.seq,
            when=presenter.moment(request.at),
            method=request.method,
            address=address,
            status=request.status,
            is_failed=request.status >= 400 or request.status == 0,
            client=client.name if client else request.client_id,
            user=presenter.user_name(request.user_id) if request.user_id else "",
            fault=request.fault or "",
            body=shortened(body, LONGEST_BODY),
            size=f"{request.bytes_out:,}",
            changes=len(self._by_request.of(data.changes, request.seq)),
        )


def _has_id(state: State, place: int, record_id: str) -> bool:
    return str(state.data.changes[place].id) == record_id


def change_row(presenter: Presenter, change: Change) -> ChangeRow:
    """Return a change as the page shows it."""
    return ChangeRow(
        seq=change.seq,
        when=presenter.moment(change.at),
        badge=Authorship(presenter).of_author(change.author, change.at),
        kind=singular(change.entity),
        record=_record(presenter, change),
        said=say_change(presenter, change),
        slot=change.slot,
        request=change.request,
    )


def _record(presenter: Presenter, change: Change) -> Link:
    data = presenter.state.data
    link = presenter.link(change.entity, change.id)
    if link is None and isinstance(change.id, int):
        if change.entity == "tasks" and change.id in data.tasks:
            task = data.tasks[change.id]
            link = presenter.link(task.entity_type, task.entity_id)
        elif change.entity == "notes" and change.id in data.notes:
            note = data.notes[change.id]
            link = presenter.link(note.entity_type, note.entity_id)
    return link or Link(f"#{change.id}")
