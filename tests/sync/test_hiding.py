"""The proof of docs/decisions/0007: whatever hides lies on a page that is suspected."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from kommo_sync.sync.hiding import suspects


@dataclass
class Listed:
    """A list of ids that is cut into pages, and what somebody has read of it."""

    ids: list[int]
    limit: int
    now: float = 0.0
    moved_at: list[int] = field(default_factory=list)
    trash: set[int] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)
    read: dict[int, tuple[int, int]] = field(default_factory=dict)

    def page_of(self, record: int) -> int:
        return self.ids.index(record) // self.limit + 1

    def ask(self, page: int) -> None:
        """Read a page; dates are whole seconds, as Kommo tells them."""
        end = page * self.limit
        self.seen |= set(self.ids[end - self.limit : end])
        self.read[page] = (int(self.now), int(self.now))

    def lose(self, place: int) -> None:
        if self.ids:
            self.trash.add(self.ids.pop(place % len(self.ids)))
            self.moved_at.append(int(self.now))

    def regain(self, place: int) -> None:
        if self.trash:
            back = sorted(self.trash)[place % len(self.trash)]
            self.trash.remove(back)
            self.ids = sorted([*self.ids, back])
            self.moved_at.append(int(self.now))

    def move(self, place: int) -> None:
        (self.lose if place % 3 else self.regain)(place // 3)


@dataclass(frozen=True)
class Story:
    """A list, the order in which its pages are read, and what happens before each."""

    records: int
    limit: int
    pages: list[int]
    moves: list[list[int]]
    pauses: list[float]

    def told(self) -> tuple[Listed, set[int]]:
        """Let it happen; return the list, and who was in it all the time."""
        listed = Listed(list(range(self.records)), self.limit)
        for place in range(self.records // 4):
            listed.lose(place * 5)
        listed.moved_at.clear()
        always = set(listed.ids)
        for page, moves, pause in zip(
            self.pages, self.moves, self.pauses, strict=False
        ):
            for place in moves:
                listed.move(place)
                always &= set(listed.ids)
                listed.now += pause / (1 + len(moves))
            listed.ask(page)
            listed.now += pause
        return listed, always


@st.composite
def stories(draw: st.DrawFn) -> Story:
    limit = draw(st.integers(1, 6))
    records = draw(st.integers(0, 40))
    last = records // limit + 1
    pages = draw(st.permutations(range(1, last + 1)))
    moves = st.lists(st.integers(0, 10_000), max_size=draw(st.sampled_from((1, 4, 12))))
    pauses = st.sampled_from((0.0, 0.2, 1.0, 5.0))
    return Story(
        records,
        limit,
        pages,
        draw(st.lists(moves, min_size=last, max_size=last)),
        draw(st.lists(pauses, min_size=last, max_size=last)),
    )


def hidden(listed: Listed, always: Iterable[int]) -> set[int]:
    return set(always) - listed.seen


@given(story=stories())
@settings(max_examples=500, deadline=None)
@example(Story(4, 2, [1, 2, 3], [[], [1], []], [5.0, 5.0, 5.0]))
def test_who_was_there_all_the_time_and_not_met_is_on_a_suspected_page(story):
    listed, always = story.told()
    suspected = suspects(listed.read, listed.moved_at, story.limit)
    assert {listed.page_of(one) for one in hidden(listed, always)} <= suspected


@given(story=stories())
@settings(max_examples=200, deadline=None)
def test_read_again_in_peace_the_suspected_pages_show_everybody(story):
    listed, always = story.told()
    for page in suspects(listed.read, listed.moved_at, story.limit):
        listed.ask(page)
    assert hidden(listed, always) == set()


@given(story=stories(), more=st.lists(st.integers(0, 10_000), max_size=40))
@settings(max_examples=500, deadline=None)
@example(Story(16, 4, [4, 3, 2, 1, 5], [[], [], [], [0, 0, 0], []], [5.0] * 5), [0] * 4)
def test_as_many_moves_as_a_page_holds_may_follow_before_it_is_looked_for(story, more):
    listed, always = story.told()
    suspected = suspects(listed.read, listed.moved_at, story.limit)
    for place in more[: story.limit]:
        listed.move(place)
    always &= set(listed.ids)
    assert {listed.page_of(one) for one in hidden(listed, always)} <= suspected


@given(story=stories())
@settings(max_examples=50, deadline=None)
def test_nobody_is_suspected_where_nothing_moved(story):
    listed, _always = story.told()
    assert suspects(listed.read, [], story.limit) == frozenset()


def read_in_turn(pages: int, every: int = 10) -> dict[int, tuple[int, int]]:
    return {page: (page * every, page * every + 1) for page in range(1, pages + 1)}


def test_one_deletion_costs_a_few_pages_however_long_the_list_is():
    assert suspects(read_in_turn(400), [2_005], 250) == {199, 200, 201, 202}


def test_what_moved_before_and_after_the_walk_hides_nobody():
    assert suspects(read_in_turn(9), [5, 95], 250) == frozenset()


def test_pages_that_were_not_read_one_after_the_other_are_each_looked_at():
    read = {1: (0, 0), 2: (100, 100), 3: (2, 2)}
    assert suspects(read, [50], 250) == {1, 2, 3, 4}


def test_more_moves_than_a_page_holds_widen_the_search():
    few, many = [2_005] * 9, [2_005] * 30
    assert len(suspects(read_in_turn(400), few, 10)) == 4
    assert len(suspects(read_in_turn(400), many, 10)) == 10


def test_moves_that_were_looked_at_before_widen_the_search_too():
    """What one that is told of late has hidden may have gone on with all of them."""
    assert len(suspects(read_in_turn(400), [2_005], 10, 30)) == 10


def test_a_second_of_doubt_on_either_side_counts():
    read = {1: (10, 10), 2: (20, 20)}
    assert [bool(suspects(read, [at], 250)) for at in (8, 9, 15, 21, 22)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_pages_with_a_gap_between_them_do_not_concern_each_other():
    assert suspects({1: (0, 0), 5: (100, 100)}, [50], 250) == frozenset()
