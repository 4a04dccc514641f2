"""One part's pages, read several at a time and kept in order, resumable at any page."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Protocol

from kommo_sync.errors import BadAnswer, TooMuchAsked
from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.ports import Priority
from kommo_sync.kommo.protocol import Page
from kommo_sync.model.entities import Part
from kommo_sync.store.account import AccountStore
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.leases import Lease
from kommo_sync.sync.asking import Reading, kinds_of
from kommo_sync.sync.hiding import Marks

ALL_READ = -1
"""`Cursor.page` of a walk whose pages are all read, and that is not settled yet."""
DOUBTS = 3
"""How often a page that must exist, and is empty, is asked for again."""
BREATH_PAGES = 16
"""After so many pages the account's lease is renewed."""


@dataclass(frozen=True, slots=True)
class HowFar:
    """How far the walk of a part is.

    Args:
        pages: how many are kept.
        expected: how many there will be, if that is known.
        rows: how many are kept.
        seconds_left: at the pace that is granted, if `expected` is known.
    """

    pages: int
    expected: int | None
    rows: int
    seconds_left: float | None


class Progress(Protocol):
    """Who wants to know how far it is."""

    def started(self, part: Part, pages: int | None) -> None:
        """A part is begun (or gone on with); `pages` is what is expected, if known."""

    def advanced(self, part: Part, far: HowFar) -> None:
        """A page more is kept."""

    def finished(self, part: Part, rows: int) -> None:
        """A part is read to its end."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an account is read from, and where it is kept.

    Args:
        crm: who is asked.
        store: where the answers are kept.
        lease: the right to do so; lost, nothing more is written.
        reading: how it is read.
        progress: who is told how far it is.
        breathe: called now and then, so that the lease lives and the log stays short.
    """

    crm: KommoClient
    store: AccountStore
    lease: Lease
    reading: Reading
    progress: Progress
    breathe: Callable[[], None]

    def page(self, part: Part, page: int, cursor: Cursor) -> tuple[int, Page]:
        """Ask for one page of the walk that `cursor` describes.

        Returns:
            A moment before it was asked, by the CRM's clock, and the page.
        """
        asked = self.crm.server_time
        found = self.crm.page(
            part,
            page,
            limit=cursor.limit,
            since=cursor.walk_since,
            until=cursor.walk_until,
            kinds=kinds_of(part),
            priority=Priority.RECONCILIATION,
        )
        return asked, found


def walk(desk: Desk, part: Part, cursor: Cursor) -> tuple[Cursor, Marks]:
    """Read a part's remaining pages and keep them.

    Returns:
        The cursor, all read, and when each page was read.

    Raises:
        RetryLater: the CRM does not answer; what was kept stays, a later walk goes on.
        NeedsOperator: the CRM refuses.
    """
    desk.progress.started(part, None)
    marks = Marks(whole=cursor.page == 1 and not cursor.ahead)
    while cursor.page != ALL_READ:
        try:
            cursor = _Walk(desk, part, cursor, marks).to_the_end()
        except TooMuchAsked:
            cursor = _with_smaller_pages(desk.store.cursor(part))
            desk.store.save_cursor(part, cursor, desk.lease)
            marks = Marks(whole=False)
    desk.progress.finished(part, cursor.rows)
    return cursor, marks


def reread(
    desk: Desk, part: Part, cursor: Cursor, pages: Iterable[int]
) -> dict[int, tuple[int, int]]:
    """Read some pages of a walk again, keep their rows, return when each was read."""
    marks = Marks()
    with _threads(desk) as pool:
        asked = {
            page: pool.submit(desk.page, part, page, cursor) for page in sorted(pages)
        }
        for page, future in asked.items():
            before, found = future.result()
            marks.note(page, before, found)
            desk.store.keep_page(
                part, found.rows, cursor, seen_at=found.server_time, lease=desk.lease
            )
    return marks.read


@contextmanager
def _threads(desk: Desk) -> Iterator[ThreadPoolExecutor]:
    """Give threads to read by; if the reading fails, none of them asks on."""
    pool = ThreadPoolExecutor(desk.reading.in_flight)
    try:
        yield pool
    except BaseException:
        with desk.crm.stopping():
            pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown(cancel_futures=True)


def _with_smaller_pages(cursor: Cursor) -> Cursor:
    """Return where the same walk goes on with the next smaller page size."""
    if cursor.limit == 1:
        raise TooMuchAsked(
            "The CRM runs out of time even for one record a page: try again later."
        )
    # A whole part of the size before: so no page is cut.
    halves = range(cursor.limit // 2, 0, -1)
    limit = next(size for size in halves if cursor.limit % size == 0)
    page = (cursor.page - 1) * (cursor.limit // limit) + 1
    return replace(cursor, limit=limit, page=page, ahead=())


@dataclass(slots=True)
class _Walk:
    desk: Desk
    part: Part
    cursor: Cursor
    marks: Marks
    last: int = 1
    """The highest page of which is known that it exists."""
    empty: int | None = None
    """The lowest page of which is known that it does not."""
    promised: bool = False
    """Whether the page whose turn it is must exist."""
    doubts: int = 0
    read: int = 0
    asked: dict[int, Future[tuple[int, Page]]] = field(default_factory=dict)

    def to_the_end(self) -> Cursor:
        self.last = max(1, self.cursor.page, *self.cursor.ahead)
        self.promised = self.cursor.page > 1
        if self.cursor.walk_kind == "full" and self.cursor.page == 1:
            self._survey()
        with _threads(self.desk) as pool:
            while self.cursor.page != ALL_READ:
                self._ask(pool)
                self._take()
        return self.cursor

    def _survey(self) -> None:
        """Look how long the walk will be; what is read on the way is kept.

        To a seventh at worst: more would cost requests that find nothing. A list whose
        first page is empty is asked once more by the walk, before that is believed.
        """
        page = max(self.cursor.ahead, default=1)
        while self.empty is None and self._look(page):
            page *= 2
        if self.empty is not None and self.empty - self.last > 2:
            self._look((self.last + self.empty) // 2)

    def _look(self, page: int) -> bool:
        """Read and keep a page out of turn; return whether there are more after it."""
        if page in self.cursor.ahead:
            return True
        asked, found = self.desk.page(self.part, page, self.cursor)
        self._learn(page, found)
        self.marks.note(page, asked, found)
        if found.rows:
            ahead = (*self.cursor.ahead, page)
            self._keep(found, replace(self.cursor, ahead=ahead))
        return found.has_next

    def _learn(self, page: int, found: Page) -> None:
        if found.rows:
            self.last = max(self.last, page + found.has_next)
        # A full page that says it is the last is not believed without a look behind it.
        if not found.has_next and len(found.rows) < self.cursor.limit:
            beyond = page + 1 if found.rows else page
            self.empty = min(self.empty or beyond, beyond)

    def _ask(self, pool: ThreadPoolExecutor) -> None:
        """Have as many requests on their way as keep the pace.

        Twice as many pages are wanted as there are threads: if the page whose turn it
        is comes late, the others go on meanwhile.
        """
        page = self.cursor.page
        bound = max(page, self.last + self._guesses())
        while len(self.asked) < 2 * self.desk.reading.in_flight and page <= bound:
            if page not in self.cursor.ahead and page not in self.asked:
                self.asked[page] = pool.submit(
                    self.desk.page, self.part, page, self.cursor
                )
            page += 1

    def _guesses(self) -> int:
        """Return how many pages beyond the last known one are asked for unseen.

        Each may prove empty, a request for nothing; too few, and latency costs pace.
        """
        if self.cursor.page == 1 or self.cursor.walk_kind == "changes":
            # What is edited meanwhile enters a list of changes in its middle, and no
            # event tells: only pages read one after the other miss nothing then.
            return 0
        reading = self.desk.reading
        enough = max(0, ceil(self.desk.crm.latency * reading.pace) - 1)
        if self.empty is None:
            return enough
        return max(0, min(enough, self.empty - 1 - self.last))

    def _take(self) -> None:
        """Wait for the page whose turn it is, and keep it."""
        page = self.cursor.page
        if page in self.cursor.ahead:
            self._pass(page)
            return
        asked, found = self.asked.pop(page).result()
        self.marks.note(page, asked, found)
        if not found.rows and self.promised:
            before = self._doubt(page)
            if before is not None:
                counted = self.cursor.rows - len(before.rows)  # it was kept before
                self._keep(before, replace(self._after(ALL_READ), rows=counted))
            return
        self._learn(page, found)
        self.promised = found.has_next or page < self.last
        full = len(found.rows) >= self.cursor.limit
        more = self.promised or (full and page + 1 != self.empty)
        self._keep(found, self._after(page + 1 if more else ALL_READ))

    def _doubt(self, page: int) -> Page | None:
        """Look what is behind a page that came empty although it must exist.

        A list of which a record was just deleted can end a page earlier: then the page
        before is the last, and is returned. Rows were also seen lost behind an empty
        page in mid-walk (peers.md, 24 Feb 2026): None says to ask for it again. If it
        stays so, and nothing comes behind it either, the page before has promised too
        much.

        Raises:
            BadAnswer: the page stays empty, and there is more behind it.
        """
        self.doubts += 1
        _asked, before = self.desk.page(self.part, page - 1, self.cursor)
        if not before.has_next:
            return before
        if self.doubts < DOUBTS:
            return None
        _asked, beyond = self.desk.page(self.part, page + 1, self.cursor)
        if not beyond.rows:
            return before
        raise BadAnswer(
            "{part}: page {page} is empty although there is more behind it: nothing is "
            "lost, the next run goes on here.",
            part=self.part.value,
            page=page,
        )

    def _pass(self, page: int) -> None:
        """Go past a page that was kept out of turn."""
        ended = page + 1 == self.empty
        self.promised = not ended
        self.cursor = self._after(ALL_READ if ended else page + 1)
        self.desk.store.save_cursor(self.part, self.cursor, self.desk.lease)

    def _after(self, page: int) -> Cursor:
        ahead = tuple(p for p in self.cursor.ahead if page != ALL_READ and p >= page)
        return replace(self.cursor, page=page, ahead=ahead)

    def _keep(self, found: Page, cursor: Cursor) -> None:
        cursor = replace(cursor, rows=cursor.rows + len(found.rows))
        self.desk.store.keep_page(
            self.part,
            found.rows,
            cursor,
            seen_at=found.server_time,
            lease=self.desk.lease,
        )
        self.cursor = cursor
        self.read += 1
        if self.read % BREATH_PAGES == 0:
            self.desk.breathe()
        self._tell()

    def _tell(self) -> None:
        page = self.cursor.page
        expected = (self.last + self.empty) // 2 if self.empty else None
        done = self.last if page == ALL_READ else page - 1 + len(self.cursor.ahead)
        left = None
        if expected is not None:
            left = max(0, expected - done) / self.desk.reading.pace
        far = HowFar(done, expected, self.cursor.rows, left)
        self.desk.progress.advanced(self.part, far)
