"""One cycle of an account: everything that changed, or everything there is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from kommo_sync.errors import Forbidden, Rejected, RetryLater
from kommo_sync.model.entities import RECORDS, SNAPSHOTS, Part, Row
from kommo_sync.store.cursors import Cursor
from kommo_sync.sync.asking import DAY_SECONDS, MOVING, WALKED, first_since
from kommo_sync.sync.consequences import Followed, follow, moments_of_moves
from kommo_sync.sync.hiding import suspects
from kommo_sync.sync.sweep import sweep
from kommo_sync.sync.walk import Desk, reread, walk

ROUNDS = 20
"""How often in a cycle it is looked whether a deletion may have hidden a record."""
SAME_MOMENT_SECONDS = 5
"""How much later than it happened an event may be listed."""
MAY_BE_HIDDEN = (Part.USERS, Part.LOSS_REASONS)
"""Lists that only administrators see, or that an account can do without."""


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
class _Reread:
    """A walk, and which of its pages are to be read again."""

    cursor: Cursor
    began: int = 0
    read: dict[int, tuple[int, int]] | None = None
    """When the pages of the last reading were read; None: not known of all."""
    again: frozenset[int] = frozenset()
    is_still: bool = False

    def start(self, cursor: Cursor) -> None:
        """Begin from the first page."""
        self.cursor, self.again, self.is_still = cursor, frozenset(), False


@dataclass(slots=True)
class _Cycle:
    desk: Desk
    full: bool
    streams: frozenset[str]
    followed: Followed
    events: int = 0
    """How many were read."""

    def run(self) -> CycleReport:
        lists = [self._snapshot(part) for part in Part if self._is_list(part)]
        cursors = {part: self._begun(part) for part in WALKED if self._wanted(part)}
        self._walk_until_still(cursors)
        for part, cursor in cursors.items():
            sweep(self.desk, part, cursor, self.followed)
            self._settle(part, cursor)
        walks = [
            PartReport(part, cursor.rows, full=cursor.walk_kind == "full")
            for part, cursor in cursors.items()
        ]
        events = PartReport(Part.EVENTS, self.events, full=False)
        return CycleReport(
            (*lists, *walks, events), self.followed.deleted, self.followed.merged
        )

    def _wanted(self, part: Part) -> bool:
        return not self.streams or part.stream in self.streams

    def _is_list(self, part: Part) -> bool:
        return part is Part.ACCOUNT or (part in SNAPSHOTS and self._wanted(part))

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
        return rows

    def _begun(self, part: Part, *, whole: bool = False) -> Cursor:
        """Return the cursor of a walk to be gone on with, or of a new one."""
        cursor = self.desk.store.cursor(part)
        whole = whole or self.full
        if cursor.walk_kind == "full" or (cursor.walk_kind and not whole):
            return cursor
        return self._anew(part, cursor, whole=whole or self._is_due(part, cursor))

    def _is_due(self, part: Part, cursor: Cursor) -> bool:
        if cursor.full_at is None or part not in RECORDS:
            return cursor.full_at is None
        age = self.desk.crm.server_time - cursor.full_at
        return age >= self.desk.reading.sweep_days * DAY_SECONDS

    def _anew(self, part: Part, cursor: Cursor, *, whole: bool) -> Cursor:
        """Begin a walk at its first page."""
        now, reading = self.desk.crm.server_time, self.desk.reading
        since = first_since(part, now, reading) if whole else cursor.watermark
        begun = replace(
            cursor,
            walk_kind="full" if whole else "changes",
            walk_since=since,
            walk_until=None,
            walk_started=now,
            page=1,
            ahead=(),
            limit=reading.page_size,
            rows=0,
        )
        self.desk.store.save_cursor(part, begun, self.desk.lease)
        return begun

    def _walk_until_still(self, cursors: dict[Part, Cursor]) -> None:
        """Walk and follow events, and read again where a record can hide."""
        horizon = self._horizon(cursors)
        walks = {part: _Reread(cursor) for part, cursor in cursors.items()}
        for _round in range(ROUNDS):
            for part, one in walks.items():
                self._read(part, one)
                cursors[part] = one.cursor
            events = self._read_events()
            self.events += events.rows
            follow(self.desk, horizon, self.followed)
            self._settle(Part.EVENTS, events)
            horizon = (events.walk_started or 0) - SAME_MOMENT_SECONDS
            self._look_for_hidden(walks)
            if all(one.is_still for one in walks.values()):
                return
        raise RetryLater(
            "Records of {parts} keep being deleted while their pages are read: "
            "what was read is kept, the next run goes on.",
            parts=", ".join(p.value for p, one in walks.items() if not one.is_still),
        )

    def _read(self, part: Part, one: "_Reread") -> None:
        """Read a part to its end, or the pages again that may hide a record."""
        if one.is_still:
            return
        if one.again:
            one.began = self.desk.crm.server_time
            one.read = reread(self.desk, part, one.cursor, one.again)
            return
        one.began = one.cursor.walk_started or 0
        one.cursor, marks = walk(self.desk, part, one.cursor)
        one.read = marks.read if marks.whole else None

    def _look_for_hidden(self, walks: dict[Part, "_Reread"]) -> None:
        since = min((one.began for one in walks.values()), default=0)
        moves = moments_of_moves(self.desk.store.facts().events(MOVING, since))
        for part, one in walks.items():
            if self.followed.unclear[part] and one.cursor.walk_kind != "full":
                one.start(self._anew(part, one.cursor, whole=True))
                continue
            if one.is_still:
                continue
            moments = [at for at in moves.get(part, ()) if at >= one.began]
            if one.read is None and moments:
                whole = one.cursor.walk_kind == "full"
                one.start(self._anew(part, one.cursor, whole=whole))
                continue
            one.again = suspects(one.read or {}, moments, one.cursor.limit)
            one.is_still = not one.again

    def _horizon(self, cursors: dict[Part, Cursor]) -> int:
        """Return from when on events are followed: what no cycle has followed yet."""
        watermark = self.desk.store.cursor(Part.EVENTS).watermark
        if watermark is not None:
            return watermark
        starts = [cursor.walk_started for cursor in cursors.values()]
        return min((at for at in starts if at), default=self.desk.crm.server_time)

    def _read_events(self) -> Cursor:
        """Read the events since the last time; return the walk, all read.

        It is settled only when the events have been followed: a crash in between must
        not leave one unfollowed.
        """
        cursor = self.desk.store.cursor(Part.EVENTS)
        if cursor.walk_kind is None:
            whole = cursor.watermark is None
            cursor = self._anew(Part.EVENTS, cursor, whole=whole)
        return walk(self.desk, Part.EVENTS, cursor)[0]

    def _settle(self, part: Part, cursor: Cursor) -> None:
        """End a walk: from here on only what is newer than its beginning is asked."""
        now = self.desk.crm.server_time
        started = cursor.walk_started or now
        self.desk.store.save_cursor(
            part,
            replace(
                cursor,
                watermark=started - self.desk.reading.overlap_seconds,
                walk_kind=None,
                page=0,
                ahead=(),
                synced_at=now,
                full_at=now if cursor.walk_kind == "full" else cursor.full_at,
            ),
            self.desk.lease,
        )
