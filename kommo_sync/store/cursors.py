"""How far a part has been read."""

import json
from dataclasses import dataclass, fields
from typing import Literal

from sqlalchemy import Connection, select

from kommo_sync.model.entities import Part
from kommo_sync.store import upserts
from kommo_sync.store.tables import cursors

WalkKind = Literal["full", "changes"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the walks of one part stand; a fresh one has never walked.

    All times are Unix seconds by the CRM's own clock.
    """

    watermark: int | None = None
    """`updated_at[from]` of the next walk; None: never walked whole."""
    walk_kind: WalkKind | None = None
    """The walk in progress, if any."""
    walk_since: int | None = None
    walk_until: int | None = None
    walk_started: int | None = None
    page: int = 0
    """The next page to read; 0: no walk; -1: all are read, not yet settled."""
    ahead: tuple[int, ...] = ()
    """Pages beyond `page` that are kept already."""
    limit: int = 250
    rows: int = 0
    """Rows kept in this walk."""
    full_at: int | None = None
    """The end of the last whole walk."""
    synced_at: int | None = None
    """The end of the last good walk."""
    doubts: int = 0
    """How often in a row the CRM counted otherwise than we."""


_FIELDS = tuple(field.name for field in fields(Cursor))


def load(connection: Connection, account_id: int, part: Part) -> Cursor:
    """Return how far a part has been read; a fresh cursor if it never was."""
    kept = connection.execute(
        select(*(cursors.c[name] for name in _FIELDS)).where(
            cursors.c.account_id == account_id, cursors.c.part == part.value
        )
    ).first()
    if kept is None:
        return Cursor()
    values = dict(kept._mapping)
    return Cursor(**values | {"ahead": tuple(json.loads(values["ahead"]))})


def save(connection: Connection, account_id: int, part: Part, cursor: Cursor) -> None:
    """Remember how far a part has been read."""
    values = {name: getattr(cursor, name) for name in _FIELDS}
    values |= {"account_id": account_id, "part": part.value}
    values["ahead"] = json.dumps(cursor.ahead)
    upserts.put(connection, cursors, values)
