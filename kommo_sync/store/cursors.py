"""How far a part has been read."""

from dataclasses import dataclass
from typing import Literal

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
