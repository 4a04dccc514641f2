"""Walks, the events that speak of them, and walks again, until nothing can hide."""

from dataclasses import dataclass, field

from kommo_sync.errors import RetryLater
from kommo_sync.model.entities import Part
from kommo_sync.store.cursors import Cursor
from kommo_sync.sync.asking import MOVING, first_since
from kommo_sync.sync.consequences import Followed, follow, moments_of_moves
from kommo_sync.sync.hiding import TICK_SECONDS, suspects
from kommo_sync.sync.steps import Span, begin_anew, everything, settle
from kommo_sync.sync.walk import Desk, reread, walk

ROUNDS = 20
"""How often in a cycle it is looked whether a deletion may have hidden a record."""
SAME_MOMENT_SECONDS = 5
"""How much later than it happened an event is listed, as a rule."""


@dataclass(slots=True)
class Walking:
    """A walk, and which of its pages are to be read again.

    Args:
        cursor: of the walk.
        before: the cursor as it stood before the walk began.
        began: when the last reading began, by the CRM's clock.
        read: when its pages were read; None: not known of all.
        again: pages to be read again.
        is_still: whether nothing of it can be hidden.
    """

    cursor: Cursor
    before: Cursor
    began: int = 0
    read: dict[int, tuple[int, int]] | None = None
    again: frozenset[int] = frozenset()
    is_still: bool = False

    def start(self, cursor: Cursor) -> None:
        """Begin from the first page."""
        self.cursor, self.again, self.is_still = cursor, frozenset(), False

    def past(self, desk: Desk, part: Part) -> Span:
        """Return what the walk before this one asked for."""
        if self.before.walk_kind or self.before.walk_since is None:
            return everything(desk, part)
        return Span(whole=False, since=self.before.walk_since)


@dataclass(slots=True)
class Rounds:
    """The rounds of one cycle.

    Args:
        desk: where from and where to.
        walks: what is read; a kind may be added on the way.
        followed: what the events led to.
        events: how many were read.
    """

    desk: Desk
    walks: dict[Part, Walking]
    followed: Followed
    events: int = 0
    known: frozenset[str] = field(default_factory=frozenset)
    """Events of moves that were known before this cycle."""

    def run(self) -> None:
        """Read until nothing can hide; then the events count as followed.

        Raises:
            RetryLater: records keep going away.
        """
        settled = self.desk.store.cursor(Part.EVENTS)
        horizon = self._horizon(settled)
        watermark = settled.watermark
        if watermark is not None:
            moves = self.desk.store.facts().events(MOVING, watermark)
            self.known = frozenset(event.id for event in moves)
        since = self._events_since(settled, horizon)
        for turn in range(ROUNDS):
            for part, one in list(self.walks.items()):
                self._read(part, one)
            events = self._read_events(since)
            follow(self.desk, horizon, self.followed)
            if turn == 0 and watermark is not None:
                self._go_back_for_late(watermark)
            self._look_for_hidden()
            if all(one.is_still for one in self.walks.values()):
                settle(self.desk, Part.EVENTS, events)
                return
            began = events.walk_started or 0
            since = began - self.desk.reading.overlap_seconds
            horizon = began - SAME_MOMENT_SECONDS
        moving = [part for part, one in self.walks.items() if not one.is_still]
        raise RetryLater(
            "Records of {parts} keep being deleted while their pages are read: "
            "what was read is kept, the next run goes on.",
            parts=", ".join(part.value for part in moving),
        )

    def _horizon(self, settled: Cursor) -> int:
        """Return from when on events are followed: what no cycle has followed yet."""
        if settled.watermark is not None:
            return settled.watermark
        starts = [one.cursor.walk_started for one in self.walks.values()]
        return min((at for at in starts if at), default=self.desk.crm.server_time)

    def _events_since(self, settled: Cursor, horizon: int) -> int:
        """Return from when on events are asked for: enough for all that follows."""
        if settled.watermark is not None:
            return settled.watermark
        reading = self.desk.reading
        first = first_since(Part.EVENTS, self.desk.crm.server_time, reading)
        return min(first or horizon, horizon - reading.overlap_seconds)

    def _read(self, part: Part, one: Walking) -> None:
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

    def _read_events(self, since: int) -> Cursor:
        """Read the events up to now; return the walk, all read.

        It is settled only when nothing moves any more: until then a crash has all of
        them read and followed anew. Up to now, and not beyond: the newest come first,
        and new ones would push the others on while their pages are read.
        """
        cursor = self.desk.store.cursor(Part.EVENTS)
        if cursor.walk_kind is not None and not self.events:
            left, _marks = walk(self.desk, Part.EVENTS, cursor)
            since = min(since, (left.walk_started or since))
            cursor = left
        span = Span(
            whole=cursor.watermark is None,
            since=since,
            until=self.desk.crm.server_time,
        )
        begun = begin_anew(self.desk, Part.EVENTS, cursor, span)
        read, _marks = walk(self.desk, Part.EVENTS, begun)
        self.events += read.rows
        return read

    def _go_back_for_late(self, watermark: int) -> None:
        """Walk again what an event speaks of that was listed too late for its cycle.

        When that cycle looked for hidden records, it did not know of the move.
        """
        last_look = watermark + self.desk.reading.overlap_seconds + TICK_SECONDS
        moves = self.desk.store.facts().events(MOVING, watermark)
        late = [
            event
            for event in moves
            if event.id not in self.known and event.created_at <= last_look
        ]
        for part in moments_of_moves(late):
            if one := self.walks.get(part):
                span = one.past(self.desk, part)
                one.start(begin_anew(self.desk, part, one.cursor, span))

    def _look_for_hidden(self) -> None:
        self._read_unclear_whole()
        since = min((one.began for one in self.walks.values()), default=0)
        moves = moments_of_moves(self.desk.store.facts().events(MOVING, since))
        for part, one in self.walks.items():
            if one.is_still or one.cursor.page == 1:
                continue
            moments = [at for at in moves.get(part, ()) if at >= one.began]
            if one.read is None and moments:
                cursor = one.cursor
                span = Span(cursor.walk_kind == "full", cursor.walk_since)
                one.start(begin_anew(self.desk, part, cursor, span))
                continue
            one.again = suspects(one.read or {}, moments, one.cursor.limit)
            one.is_still = not one.again

    def _read_unclear_whole(self) -> None:
        """Have a kind read whole in which cards merged and no event names the loser.

        Also if it was not asked for: once followed, the event is not seen again.
        """
        for part in [
            part for part, winners in self.followed.unclear.items() if winners
        ]:
            before = self.desk.store.cursor(part)
            one = self.walks.setdefault(part, Walking(before, before))
            if one.cursor.walk_kind != "full":
                span = everything(self.desk, part)
                one.start(begin_anew(self.desk, part, one.cursor, span))
