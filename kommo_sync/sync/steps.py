"""How a walk begins, and how it ends: what its cursor says."""

from dataclasses import dataclass, replace

from kommo_sync.model.entities import RECORDS, Part
from kommo_sync.store.cursors import Cursor
from kommo_sync.sync.asking import DAY_SECONDS, first_since
from kommo_sync.sync.walk import Desk


@dataclass(frozen=True, slots=True)
class Span:
    """Which records a walk asks for.

    Args:
        whole: all there are (of notes and events: of the configured past).
        since: changed from then on, Unix seconds; None is from ever.
        until: events up to then; None is up to now.
    """

    whole: bool
    since: int | None
    until: int | None = None


def begin(desk: Desk, part: Part, *, full: bool) -> Cursor:
    """Return the cursor of a walk to be gone on with, or of a new one."""
    cursor = desk.store.cursor(part)
    if cursor.walk_kind == "full" or (cursor.walk_kind and not full):
        return cursor
    if full or _is_due(desk, part, cursor):
        return begin_anew(desk, part, cursor, everything(desk, part))
    return begin_anew(desk, part, cursor, Span(whole=False, since=cursor.watermark))


def everything(desk: Desk, part: Part) -> Span:
    """Return the span of a whole walk."""
    since = first_since(part, desk.crm.server_time, desk.reading)
    return Span(whole=True, since=since)


def begin_anew(desk: Desk, part: Part, cursor: Cursor, span: Span) -> Cursor:
    """Begin a walk at its first page, and remember that it has begun."""
    begun = replace(
        cursor,
        walk_kind="full" if span.whole else "changes",
        walk_since=span.since,
        walk_until=span.until,
        walk_started=desk.crm.server_time,
        page=1,
        ahead=(),
        limit=desk.reading.page_size,
        rows=0,
    )
    desk.store.save_cursor(part, begun, desk.lease)
    return begun


def settle(desk: Desk, part: Part, cursor: Cursor) -> None:
    """End a walk: from here on only what is newer than its beginning is asked.

    It is as fresh as its beginning: a walk that was interrupted for days is days old.
    """
    started = cursor.walk_started or desk.crm.server_time
    settled = replace(
        cursor,
        watermark=started - desk.reading.overlap_seconds,
        walk_kind=None,
        page=0,
        ahead=(),
        synced_at=started,
        full_at=started if cursor.walk_kind == "full" else cursor.full_at,
    )
    desk.store.save_cursor(part, settled, desk.lease)


def _is_due(desk: Desk, part: Part, cursor: Cursor) -> bool:
    if cursor.full_at is None or part not in RECORDS:
        return cursor.full_at is None
    age = desk.crm.server_time - cursor.full_at
    return age >= desk.reading.sweep_days * DAY_SECONDS
