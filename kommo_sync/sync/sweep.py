"""After a whole walk: what is kept and was not met is asked for by id."""

from kommo_sync.kommo.ports import Priority
from kommo_sync.model.entities import RECORDS, Part
from kommo_sync.store.cursors import Cursor
from kommo_sync.sync.consequences import (
    IDS_A_REQUEST,
    Followed,
    guess_losers,
    refetch,
)
from kommo_sync.sync.walk import Desk


def sweep(desk: Desk, part: Part, cursor: Cursor, followed: Followed) -> None:
    """Bury what the CRM no longer has; `cursor` is that of a whole walk, all read."""
    if part not in RECORDS or cursor.walk_kind != "full" or not cursor.walk_started:
        return
    after = 0
    while ids := desk.store.unseen(
        part, before=cursor.walk_started, limit=IDS_A_REQUEST, after_id=after
    ):
        refetch(desk, part, ids, Priority.RECONCILIATION, followed)
        after = max(ids)
    guess_losers(desk, part, followed)
