"""Request slots in the database: one row an account, one an egress; both must allow."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kommo_sync.store import pacing
from kommo_sync.store.engines import Database
from kommo_sync.store.pacing import CLASSES, PACE, SlotRow
from kommo_sync.store.tables import request_slots

__all__ = ["PACE", "StoredSlots"]

_NOBODY = 0
"""The account id of an egress's row: no account of Kommo has it."""
_EGRESS, _ACCOUNT = 0, 1
_FIELDS = tuple(name for name in SlotRow.__slots__ if name != "wanted")


@dataclass(frozen=True, slots=True)
class StoredSlots:
    """The request slots of one account and egress; the client's RequestSlots.

    `now` is always the caller's clock: processes on several machines need clocks that
    agree to within a second.
    """

    database: Database
    account_id: int
    egress: str
    pace: float
    """Requests a second, at most."""

    def reserve(self, priority: int, now: float) -> tuple[bool, float]:
        """Ask for a slot.

        Returns:
            (True, at): the slot is ours: send at that moment, soon.
            (False, at): not yet; ask again at that moment.
        """
        with self.database.writing() as connection:
            rows = self._rows(connection, now, lock=True)
            egress, account = (pacing.free_at(row, now) for row in rows)
            # The one that is free later decides alone: two might wait for each other.
            which = int(account > egress)
            row, given, at = pacing.ask(rows[which], priority, self.pace, now)
            if row != rows[which]:
                self._save(connection, which, row)
            if given:
                other = rows[1 - which]
                row = pacing.taken(other, priority, self.pace, (at, now))
                self._save(connection, 1 - which, row)
        return given, at

    def blocked_until(self, now: float) -> float:
        """Return until when nobody may send; a moment that has passed if nobody is."""
        with self.database.reading() as connection:
            rows = self._rows(connection, now, lock=False)
        return max(row.blocked_until for row in rows)

    def refused(self, seconds: float | None, now: float) -> float:
        """Note a 429: everybody waits and goes slower; return until when.

        Whether Kommo blocks the account or the address is not said, so both wait.
        """
        with self.database.writing() as connection:
            rows = [
                pacing.refused(row, seconds, now)
                for row in self._rows(connection, now, lock=True)
            ]
            for which, row in enumerate(rows):
                self._save(connection, which, row)
        return max(row.blocked_until for row in rows)

    def _rows(
        self, connection: Connection, now: float, *, lock: bool
    ) -> tuple[SlotRow, SlotRow]:
        """Return the rows of egress and account, made if need be."""
        wanted = select(request_slots).where(
            or_(self._where(_EGRESS), self._where(_ACCOUNT))
        )
        wanted = wanted.order_by(request_slots.c.account_id)
        if lock:
            wanted = wanted.with_for_update()
        found = connection.execute(wanted).all()
        if lock and len(found) < 2:
            self._make(connection)
            found = connection.execute(wanted).all()
        by_account = {kept.account_id: _row(kept) for kept in found}
        kept = [by_account.get(one, SlotRow()) for one in (_NOBODY, self.account_id)]
        healed = [pacing.healed(row, self.pace, now) for row in kept]
        for which, row in enumerate(healed):
            if lock and row != kept[which]:
                self._save(connection, which, row)
        return healed[_EGRESS], healed[_ACCOUNT]

    def _make(self, connection: Connection) -> None:
        twin: Any = sqlite if self.database.path is not None else postgresql
        connection.execute(
            twin.insert(request_slots).on_conflict_do_nothing(),
            [self._key(which) | _columns(SlotRow()) for which in (_EGRESS, _ACCOUNT)],
        )

    def _save(self, connection: Connection, which: int, row: SlotRow) -> None:
        connection.execute(
            update(request_slots).where(self._where(which)).values(**_columns(row))
        )

    def _key(self, which: int) -> dict[str, object]:
        if which == _EGRESS:
            return {"account_id": _NOBODY, "egress": self.egress}
        return {"account_id": self.account_id, "egress": ""}

    def _where(self, which: int) -> ColumnElement[bool]:
        key = self._key(which)
        return (request_slots.c.account_id == key["account_id"]) & (
            request_slots.c.egress == key["egress"]
        )


def _row(kept: Row[Any]) -> SlotRow:
    values = {name: getattr(kept, name) for name in _FIELDS}
    wanted = tuple(getattr(kept, f"wanted_{one}") for one in range(CLASSES))
    return SlotRow(**values, wanted=wanted)


def _columns(row: SlotRow) -> dict[str, object]:
    values: dict[str, object] = asdict(replace(row, wanted=()))
    del values["wanted"]
    marks = {f"wanted_{one}": until for one, until in enumerate(row.wanted)}
    return values | marks
