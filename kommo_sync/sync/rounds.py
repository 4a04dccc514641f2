"""Walks, the events that speak of them, and walks again, until nothing can hide."""

from dataclasses import dataclass, field

from kommo_sync.errors import RetryLater
from kommo_sync.model.entities import Part
from kommo_sync.store.cursors import Cursor
from kommo_sync.sync.asking import MOVING, first_since
from kommo_sync.sync.consequences import Followed, follow, moments_of_moves
from kommo_sync.sync.hiding import TICK_SECONDS, suspects
from kommo_sync.sync.steps import Span, begin_anew, everything
from kommo_sync.sync.walk import Desk, reread, walk

ROUNDS = 20
"""How often in a cycle it is looked whether a deletion may have hidden a record."""
SAME_MOMENT_SECONDS = 5
"""How much later than it happened an event is listed, as a rule."""
QUIET_SECONDS = 60
"""After so long no event of a moment is still to be listed."""


@dataclass(slots=True)
class Walking:
    """A walk, and which of its pages are to be read again.

    Args:
        cursor: of the walk.
        before: the cursor as it stood before the walk began.
        began: when it began, by the CRM's clock.
        readings: when its pages were read, at first and again.
        is_told: whether that is known of all of them.
        again: pages to be read again.
        is_still: whether nothing of it can be hidden.
    """

    cursor: Cursor
    before: Cursor
    began: int = 0
    readings: list[dict[int, tuple[int, int]]] = field(default_factory=list)
    is_told: bool = True
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
    known: set[str] = field(default_factory=set)
    """Events of moves that were known before this cycle, or were late for the last."""
    judged: set[str] = field(default_factory=set)
    """Events of moves of which it is known what they hid."""

    def run(self) -> Cursor:
        """Read until nothing can hide; return the events' walk, all read.

        It is to be settled when all that follows from the events is done.

        Raises:
            RetryLater: records keep going away.
        """
        settled = self.desk.store.cursor(Part.EVENTS)
        horizon = self._horizon(settled)
        watermark = settled.watermark
        if watermark is not None:
            moves = self.desk.store.facts().events(MOVING, watermark)
            self.known.update(event.id for event in moves)
        since = self._events_since(settled, horizon)
        for _turn in range(ROUNDS):
            for part, one in list(self.walks.items()):
                self._read(part, one)
            events = self._read_events(since)
            follow(self.desk, horizon, self.followed)
            if watermark is not None:
                self._go_back_for_late(watermark)
            self._look_for_hidden()
            if all(one.is_still for one in self.walks.values()):
                return events
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
            one.readings.append(reread(self.desk, part, one.cursor, one.again))
            return
        one.began = one.cursor.walk_started or 0
        one.cursor, marks = walk(self.desk, part, one.cursor)
        one.readings, one.is_told = [marks.read], marks.whole

    def _read_events(self, since: int) -> Cursor:
        """Read the events up to now; return the walk, all read.

        It is settled only when nothing moves any more: until then a crash has all of
        them read and followed anew. Up to now, and not beyond: the newest come first,
        and new ones would push the others on while their pages are read.
        """
        cursor = self.desk.store.cursor(Part.EVENTS)
        if not self.events:
            cursor, since = self._read_past_events(cursor, since)
        # Of changes: pages one after the other. What is listed late then pushes none
        # over to a page that was read already.
        span = Span(whole=False, since=since, until=self.desk.crm.server_time)
        begun = begin_anew(self.desk, Part.EVENTS, cursor, span)
        read, _marks = walk(self.desk, Part.EVENTS, begun)
        self.events += read.rows
        return read

    def _read_past_events(self, cursor: Cursor, since: int) -> tuple[Cursor, int]:
        """Read the past, where no event comes in; or what is left of a walk.

        Returns:
            The cursor, and from when on events are still to be read.
        """
        if cursor.walk_kind is None:
            if cursor.watermark is not None:
                return cursor, since
            until = self.desk.crm.server_time - QUIET_SECONDS
            span = Span(whole=True, since=since, until=until)
            cursor = begin_anew(self.desk, Part.EVENTS, cursor, span)
        left, _marks = walk(self.desk, Part.EVENTS, cursor)
        self.events += left.rows
        if left.walk_until is None or (left.walk_since or 0) > since:
            return left, since
        overlap = self.desk.reading.overlap_seconds
        return left, max(since, left.walk_until - overlap)

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
        self.known.update(event.id for event in late)
        for part in moments_of_moves(late):
            if one := self.walks.get(part):
                span = one.past(self.desk, part)
                one.start(begin_anew(self.desk, part, one.cursor, span))

    def _look_for_hidden(self) -> None:
        self._read_unclear_whole()
        read = {p: one for p, one in self.walks.items() if one.cursor.page != 1}
        since = min((one.began for one in read.values()), default=0)
        moves = self.desk.store.facts().events(MOVING, since)
        every = moments_of_moves(moves)
        fresh = moments_of_moves(one for one in moves if one.id not in self.judged)
        self.judged.update(event.id for event in moves)
        for part, one in read.items():
            moments = [at for at in fresh.get(part, ()) if at >= one.began]
            if moments and not one.is_told:
                cursor = one.cursor
                span = Span(cursor.walk_kind == "full", cursor.walk_since)
                one.start(begin_anew(self.desk, part, cursor, span))
                continue
            # What is told of only now may concern any reading.
            count = len(every.get(part, ()))
            one.again = frozenset[int]().union(
                *(
                    suspects(reading, moments, one.cursor.limit, count)
                    for reading in one.readings
                )
            )
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
