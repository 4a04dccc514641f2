"""Request slots: evenly spaced, shared by all, slower and blocked after a refusal."""

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kommo_sync.store import pacing
from kommo_sync.store.pacing import SlotRow
from kommo_sync.store.slots import StoredSlots
from kommo_sync.store.store import Store
from tests.store.rows import ACCOUNT, OTHER

NOW = 1_700_000_000.0


def slots_of(store: Store, account_id: int = ACCOUNT, pace: float = 5.0) -> StoredSlots:
    return StoredSlots(store.database, account_id, "192.0.2.1", pace)


def take(slots: StoredSlots, priority: int, now: float) -> float:
    """Ask until a slot is given; return when it is."""
    given_, at = slots.reserve(priority, now)
    while not given_:
        assert at > now
        now = at
        given_, at = slots.reserve(priority, now)
    return at


def test_slots_are_evenly_spaced_without_a_burst(store: Store):
    slots = slots_of(store)
    found = [take(slots, 4, NOW) - NOW for _ in range(5)]
    assert found == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])


def test_a_slot_is_given_little_before_its_time(store: Store):
    slots = slots_of(store)
    asked = [slots.reserve(4, NOW + after) for after in (0, 0, 0, 0.1)]
    assert [given_ for given_, _ in asked] == [True, True, False, True]
    assert [at - NOW for _, at in asked] == pytest.approx([0, 0.2, 0.1, 0.4], abs=1e-5)


def test_slots_that_nobody_took_are_not_made_up_for(store: Store):
    slots = slots_of(store)
    take(slots, 4, NOW)
    found = [take(slots, 4, NOW + 60) - NOW for _ in range(3)]
    assert found == pytest.approx([60, 60.2, 60.4])


def test_two_accounts_behind_one_address_share_its_pace(store: Store):
    ours, theirs = slots_of(store), slots_of(store, OTHER)
    found = [take(one, 4, NOW) - NOW for one in (ours, theirs, ours, theirs)]
    assert found == pytest.approx([0, 0.2, 0.4, 0.6])


def test_one_account_behind_two_addresses_keeps_its_own_pace(store: Store):
    here = StoredSlots(store.database, ACCOUNT, "192.0.2.1", 5.0)
    there = StoredSlots(store.database, ACCOUNT, "192.0.2.2", 5.0)
    found = [take(one, 4, NOW) - NOW for one in (here, there, here)]
    assert found == pytest.approx([0, 0.2, 0.4])


def test_threads_get_a_slot_each(store: Store):
    slots = slots_of(store)
    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(lambda _: take(slots, 4, NOW), range(24)))
    gaps = [later - one for one, later in pairwise(found)]
    assert gaps == pytest.approx([0.2] * 23)


def test_the_more_urgent_goes_first(store: Store):
    slots = slots_of(store)
    for _ in range(2):
        slots.reserve(4, NOW)
    assert not slots.reserve(4, NOW)[0]
    assert not slots.reserve(0, NOW + 0.05)[0]
    given_, again = slots.reserve(4, NOW + 0.1)
    assert not given_
    assert NOW + 0.1 < again < NOW + 0.2
    given_, at = slots.reserve(0, NOW + 0.1)
    assert given_
    assert at - NOW == pytest.approx(0.4)


def test_whoever_waited_and_went_away_holds_nobody_up_for_long(store: Store):
    slots = slots_of(store)
    for _ in range(2):
        slots.reserve(4, NOW)
    slots.reserve(0, NOW)
    assert take(slots, 4, NOW + 0.1) <= NOW + 0.6


def test_a_refusal_blocks_everybody_at_once(store: Store):
    refused, other = slots_of(store), slots_of(store, OTHER)
    assert refused.blocked_until(NOW) <= NOW
    assert refused.refused(None, NOW) == NOW + 1
    assert other.blocked_until(NOW) == NOW + 1
    assert take(other, 0, NOW) >= NOW + 1


def test_a_longer_block_is_never_shortened(store: Store):
    slots = slots_of(store)
    assert slots.refused(300, NOW) == NOW + 300
    assert slots.refused(1, NOW + 1) == NOW + 300
    assert slots.blocked_until(NOW + 2) == NOW + 300


def test_after_a_refusal_the_pace_is_five_sixths(store: Store):
    slots = slots_of(store, pace=6.0)
    slots.refused(None, NOW)
    found = [take(slots, 4, NOW + 2) - NOW for _ in range(4)]
    assert found == pytest.approx([2, 2.2, 2.4, 2.6])


def test_a_clock_that_was_set_back_does_not_stop_the_requests(store: Store):
    slots = slots_of(store)
    take(slots, 4, NOW)
    assert slots.reserve(4, NOW - 3600) == (True, NOW - 3600)


def test_a_block_under_a_clock_that_was_set_back_keeps_its_length(store: Store):
    slots = slots_of(store)
    slots.refused(30, NOW)
    assert slots.blocked_until(NOW - 3600) == NOW - 3570
    assert not slots.reserve(4, NOW - 3600)[0]
    assert take(slots, 4, NOW - 3590) - NOW == pytest.approx(-3570, abs=0.01)


def test_refusals_in_a_row_double_the_block_up_to_a_minute():
    row, now, waits = SlotRow(), NOW, []
    for _ in range(9):
        row = pacing.refused(row, None, now)
        waits.append(row.blocked_until - now)
        now = row.blocked_until + 1
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_refusals_of_requests_under_way_together_count_as_one():
    row = pacing.refused(SlotRow(), 2, NOW)
    row = pacing.refused(row, 2, NOW + 0.5)
    assert (row.refusals, row.blocked_until) == (1, NOW + 2.5)
    long_after = pacing.refused(row, 2, NOW + 100)
    assert (long_after.refusals, long_after.blocked_until) == (1, NOW + 102)


def test_the_pace_creeps_back_and_no_further():
    row = pacing.refused(SlotRow(), None, NOW)
    paces = [pacing.current_pace(row, 6.0, NOW + 120 * step) for step in (0, 1, 5, 10)]
    assert paces == pytest.approx([5.0, 5.1, 5.5, 6.0])
    assert pacing.current_pace(row, 6.0, NOW + 10**6) == 6.0
    assert pacing.current_pace(row, 3.0, NOW) == 2.5


@settings(deadline=None)
@given(
    wanted=st.lists(st.booleans(), min_size=5, max_size=5),
    turn=st.integers(0, 1000),
)
def test_of_those_who_wait_one_class_may_go(wanted: list[bool], turn: int):
    row = SlotRow(turn=turn, wanted=tuple(NOW + one for one in wanted))
    waiting = [one for one, waits in enumerate(wanted) if waits]
    first = [one for one in waiting if pacing.goes_first(row, one, NOW)]
    assert len(first) == bool(waiting)


class Crowd:
    """Waiters of several classes on one row, each asking again when it is told to."""

    def __init__(self, waiters: list[int], pace: float, seed: int) -> None:
        self.row = SlotRow()
        self.pace = pace
        self.chance = random.Random(seed)
        self.asks = [(NOW + self.chance.random(), one) for one in waiters]
        self.given: list[tuple[float, int]] = []

    def run(self, seconds: float) -> None:
        while True:
            now, priority = min(self.asks)
            if now > NOW + seconds:
                return
            self.asks.remove((now, priority))
            self.row, got, at = pacing.ask(self.row, priority, self.pace, now)
            if got:
                self.given.append((at, priority))
            late = self.chance.random() * 0.5 / self.pace
            self.asks.append((max(at, now) + late, priority))

    def share(self, priority: int) -> float:
        return sum(one == priority for _, one in self.given) / len(self.given)


@settings(max_examples=40, deadline=None)
@given(
    waiters=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    pace=st.sampled_from([1.0, 5.0, 6.0]),
    seed=st.integers(0, 99),
)
def test_no_class_starves_and_no_two_slots_are_close(
    waiters: list[int], pace: float, seed: int
):
    crowd = Crowd(waiters, pace, seed)
    crowd.run(300 / pace)
    times = [at for at, _ in crowd.given]
    gaps = [later - one for one, later in pairwise(times)]
    assert all(gap > 0.999 / pace for gap in gaps)
    assert {one for _, one in crowd.given} == set(waiters)


@pytest.mark.parametrize("pace", [1.0, 6.0])
def test_a_crowd_uses_every_slot_and_the_last_class_has_its_fifth(pace: float):
    crowd = Crowd([0] * 8 + [4] * 8, pace, seed=7)
    crowd.run(1000 / pace)
    assert len(crowd.given) >= 990
    assert 0.18 <= crowd.share(4) <= 0.22


def test_with_all_classes_waiting_the_last_has_a_sixth_and_each_something():
    crowd = Crowd([0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4], 6.0, seed=3)
    crowd.run(1000 / 6.0)
    assert crowd.share(4) >= 0.15
    assert min(crowd.share(one) for one in range(5)) >= 0.005
