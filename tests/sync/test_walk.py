"""One part's pages: each is read once, kept in order, and gone on from anywhere."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kommo_sync.model.entities import Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.store import Store
from kommo_sync.sync.asking import Reading
from kommo_sync.sync.walk import ALL_READ, BREATH_PAGES, Desk, HowFar, reread, walk
from tests.sync.test_simulation import clear
from tests.sync.world import Meddling, add_lead, careless, desk_of, new_store, refill

NEVER = 10**9


class PowerCut(BaseException):
    """The process is no more."""


@dataclass
class Watcher:
    """Who is told how far it is."""

    told: list[tuple[int, int | None, int, float | None]] = field(default_factory=list)
    finished_with: int | None = None

    def started(self, part: Part, pages: int | None) -> None: ...

    def advanced(self, part: Part, far: HowFar) -> None:
        self.told.append((far.pages, far.expected, far.rows, far.seconds_left))

    def finished(self, part: Part, rows: int) -> None:
        self.finished_with = rows


@dataclass
class Reader:
    """Walks over an account's leads."""

    store: Store
    clock: ManualClock = field(default_factory=ManualClock)
    asked: list[int] = field(default_factory=list)
    watcher: Watcher = field(default_factory=Watcher)
    breaths: int = 0

    def __post_init__(self) -> None:
        self.sandbox = Sandbox.empty(clock=self.clock)

    def hold(self, leads: int) -> None:
        """Let the account hold so many leads, and the store nothing."""
        clear(self.store)
        refill(self.sandbox, 0, random.Random(1))
        writer = self.sandbox.engine.writer(
            self.sandbox.engine.human(next(iter(self.sandbox.state.data.users)))
        )
        for _ in range(leads):
            add_lead(self.sandbox, writer, random.Random(1))

    def desk(
        self, page_size: int, in_flight: int = 1, *, cut_after: int = NEVER
    ) -> Desk:
        self.asked.clear()
        self.breaths = 0
        self.watcher = Watcher()

        def note(request: httpx.Request) -> None:
            if len(self.asked) >= cut_after:
                raise PowerCut
            self.asked.append(int(request.url.params["page"]))
            self.clock.advance(0.1)

        made = desk_of(
            self.sandbox,
            self.store,
            self.clock,
            reading=Reading(page_size=page_size, in_flight=in_flight),
            transport=Meddling(self.sandbox.transport(), note),
        )

        def breathe() -> None:
            self.breaths += 1

        return replace(made, progress=self.watcher, breathe=breathe)

    def kept(self) -> list[int]:
        with self.store.database.reader.connect() as connection:
            found = connection.exec_driver_sql("SELECT id FROM leads ORDER BY id")
            return [row[0] for row in found]

    def true(self) -> list[int]:
        return sorted(self.sandbox.state.cards("leads"))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    store = careless(new_store(tmp_path_factory.mktemp("walk")))
    yield Reader(store)
    store.close()


def begun(page_size: int, **more: Any) -> Cursor:
    return replace(
        Cursor(walk_kind="full", walk_started=1, page=1, limit=page_size), **more
    )


def pages(leads: int, page_size: int) -> int:
    return max(1, -(-leads // page_size))


walks = settings(max_examples=60, deadline=None)
leads_of = st.integers(0, 45)
sizes = st.integers(1, 9)


@given(leads=leads_of, size=sizes, in_flight=st.integers(1, 4))
@walks
@example(leads=45, size=1, in_flight=4)
@example(leads=0, size=5, in_flight=4)
@example(leads=10, size=5, in_flight=4)
def test_a_walk_keeps_every_row_and_asks_for_few_pages_that_are_empty(
    reader, leads, size, in_flight
):
    reader.hold(leads)
    desk = reader.desk(size, in_flight)
    cursor, marks = walk(desk, Part.LEADS, begun(size))
    assert reader.kept() == reader.true()
    assert (cursor.page, cursor.rows, cursor.ahead) == (ALL_READ, leads, ())
    assert desk.store.cursor(Part.LEADS) == cursor
    assert marks.whole
    last = pages(leads, size)
    assert set(range(1, last + 1)) <= set(marks.read)
    twice = len(reader.asked) - len(set(reader.asked))
    # Nothing at all is doubted once, and so is a last page that is full.
    assert twice == 1 if leads == 0 else twice <= (leads % size == 0)
    assert len(set(reader.asked)) <= last + 3 + (leads % size == 0)


@given(leads=leads_of, size=sizes, cut=st.integers(0, 12), in_flight=st.integers(1, 4))
@walks
@example(leads=45, size=2, cut=5, in_flight=1)
def test_a_walk_that_was_cut_goes_on_and_asks_for_no_kept_page_again(
    reader, leads, size, cut, in_flight
):
    reader.hold(leads)
    desk = reader.desk(size, in_flight, cut_after=cut)
    cursor = begun(size)
    try:
        cursor, _marks = walk(desk, Part.LEADS, cursor)
    except PowerCut:
        cursor = desk.store.cursor(Part.LEADS)
        cursor = cursor if cursor.walk_kind else begun(size)
    kept = {*cursor.ahead, *range(1, cursor.page)}
    again = reader.desk(size, in_flight)
    ended, marks = walk(again, Part.LEADS, cursor)
    assert reader.kept() == reader.true()
    assert ended.rows == leads
    assert marks.whole == (not kept and cursor.page != ALL_READ)
    last = pages(leads, size)
    doubted = {last} if last + 1 in reader.asked else set()
    assert kept & set(reader.asked) <= doubted


def test_a_walk_of_changes_does_not_look_ahead(reader):
    reader.hold(38)
    walk(reader.desk(5), Part.LEADS, begun(5, walk_kind="changes"))
    assert reader.asked == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_first_walk_soon_tells_how_long_it_will_be(reader):
    reader.hold(200)
    walk(reader.desk(5), Part.LEADS, begun(5))
    rows = [told[2] for told in reader.watcher.told]
    left = [told[3] for told in reader.watcher.told if told[3] is not None]
    assert rows == sorted(rows)
    assert rows[-1] == reader.watcher.finished_with == 200
    assert len(left) > 30
    assert 3 < left[0] < 10
    assert left[-1] < 0.5


def test_a_long_walk_renews_its_lease(reader):
    reader.hold(40)
    walk(reader.desk(1), Part.LEADS, begun(1))
    assert reader.breaths == 40 // BREATH_PAGES


def test_pages_that_are_read_again_bring_what_they_hold_now(reader):
    reader.hold(20)
    desk = reader.desk(5)
    cursor, _marks = walk(desk, Part.LEADS, begun(5))
    lead = reader.sandbox.state.cards("leads")[reader.true()[7]]
    lead.price, lead.updated_at = 77, lead.updated_at + 1
    reader.asked.clear()
    read = reread(desk, Part.LEADS, cursor, {3, 2})
    assert reader.asked == [2, 3]
    assert set(read) == {2, 3}
    assert desk.store.cursor(Part.LEADS) == cursor
    with reader.store.database.reader.connect() as connection:
        priced = "SELECT count(*) FROM leads WHERE price = 77"
        assert connection.exec_driver_sql(priced).scalar() == 1


def test_marks_tell_a_moment_before_and_the_moment_of_each_answer(reader):
    reader.hold(20)
    _cursor, marks = walk(reader.desk(5), Part.LEADS, begun(5))
    assert all(asked <= answered for asked, answered in marks.read.values())
