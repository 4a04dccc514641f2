"""One cycle of an account: everything that changed, or everything there is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from kommo_sync.errors import BadAnswer, Forbidden, Rejected
from kommo_sync.model.entities import SNAPSHOTS, Part, Row
from kommo_sync.store.cursors import Cursor
from kommo_sync.sync.asking import WALKED
from kommo_sync.sync.consequences import Followed
from kommo_sync.sync.rounds import Rounds, Walking
from kommo_sync.sync.steps import begin, settle
from kommo_sync.sync.sweep import sweep
from kommo_sync.sync.walk import Desk

MAY_BE_HIDDEN = (Part.USERS, Part.LOSS_REASONS)
"""Lists that only administrators see, or that an account can do without."""
NEVER_EMPTY = (Part.ACCOUNT, Part.USERS, Part.PIPELINES)


@dataclass(frozen=True, slots=True)
class PartReport:
    """What a cycle did to one part.

    Args:
        part: which.
        rows: rows read and kept.
        full: whether it was read whole.
        hidden: whether the token may not see it.
    """

    part: Part
    rows: int
    full: bool
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class CycleReport:
    """What a cycle did.

    Args:
        parts: one a part, in order.
        deleted: records found gone.
        merged: those of them that have a winner.
    """

    parts: tuple[PartReport, ...]
    deleted: int
    merged: int


def pull(
    desk: Desk, *, full: bool = False, streams: Collection[str] = ()
) -> CycleReport:
    """Bring an account's records up to date, from wherever the last run left it.

    Args:
        desk: where from and where to.
        full: read everything again, and bury what is gone.
        streams: only these, and what is needed to read them right; all if empty.

    Raises:
        RetryLater: the CRM does not answer, or records keep going away while pages are
            read; what was kept stays, the next run goes on.
        NeedsOperator: the CRM refuses.
    """
    return _Cycle(desk, full, frozenset(streams), Followed()).run()


@dataclass(slots=True)
class _Cycle:
    desk: Desk
    full: bool
    streams: frozenset[str]
    followed: Followed

    def run(self) -> CycleReport:
        lists = [self._snapshot(part) for part in Part if self._is_list(part)]
        walks = {part: self._walking(part) for part in WALKED if self._wanted(part)}
        rounds = Rounds(self.desk, walks, self.followed)
        events = rounds.run()
        reports = []
        for part, one in walks.items():
            sweep(self.desk, part, one.cursor, self.followed)
            settle(self.desk, part, one.cursor)
            whole = one.cursor.walk_kind == "full"
            reports.append(PartReport(part, one.cursor.rows, whole))
        # Last: who crashes before follows them all anew.
        settle(self.desk, Part.EVENTS, events)
        reports.append(PartReport(Part.EVENTS, rounds.events, full=False))
        return CycleReport(
            (*lists, *reports), self.followed.deleted, self.followed.merged
        )

    def _wanted(self, part: Part) -> bool:
        return not self.streams or part.stream in self.streams

    def _is_list(self, part: Part) -> bool:
        return part is Part.ACCOUNT or (part in SNAPSHOTS and self._wanted(part))

    def _walking(self, part: Part) -> Walking:
        before = self.desk.store.cursor(part)
        return Walking(begin(self.desk, part, full=self.full), before)

    def _snapshot(self, part: Part) -> PartReport:
        """Read a small list whole, and put it in the place of the one we had."""
        try:
            rows = self._all_rows(part)
        except (Forbidden, Rejected):
            if part not in MAY_BE_HIDDEN:
                raise
            return PartReport(part, 0, full=True, hidden=True)
        now = self.desk.crm.server_time
        done = replace(self.desk.store.cursor(part), synced_at=now, full_at=now)
        self.desk.store.replace(part, rows, done, seen_at=now, lease=self.desk.lease)
        return PartReport(part, len(rows), full=True)

    def _all_rows(self, part: Part) -> Sequence[Row]:
        rows: list[Row] = []
        page, more = 1, True
        while more:
            found = self.desk.page(part, page, Cursor())[1]
            rows += found.rows
            page, more = page + 1, found.has_next
        if not rows and part in NEVER_EMPTY:
            raise BadAnswer(
                "The CRM answers that there are no {part}, which cannot be: what was "
                "kept stays, try again later.",
                part=part.value,
            )
        return rows
