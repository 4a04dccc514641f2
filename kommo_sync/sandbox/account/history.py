"""Who did what and when: authors, marks, and the rows of the witness."""

from typing import Any

import msgspec


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote: a human in the interface, an integration, or Kommo's own robot."""

    kind: str
    name: str
    user_id: int = 0
    client_id: str = ""
    is_ours: bool = False


ROBOT = Author(kind="robot", name="Robot")
"""Kommo itself, where nobody is named."""


class Mark(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Who last wrote a slot of a card (index into the authors), and when."""

    author: int
    at: int


class Change(msgspec.Struct, kw_only=True, gc=False):
    """The witness's row: one slot of one record, before and after.

    Slots: `created`, `trashed`, `restored`, `merged`, a property's name, `tag:NAME`,
    `field:ID`, `link:TYPE:ID`.
    """

    seq: int
    at: float
    author: int
    entity: str
    id: int | str
    slot: str
    before: Any = None
    after: Any = None
    request: int | None = None


class Request(msgspec.Struct, kw_only=True):
    """The witness's row: one request as it came and how it was answered."""

    seq: int
    at: float
    method: str
    path: str
    query: str
    status: int = 0
    client_id: str = ""
    user_id: int = 0
    body: str | None = None
    fault: str | None = None
    bytes_out: int = 0
