"""When a request leaves: slots, blocks, and several requests in flight."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kommo_sync.errors import CrmUnavailable, Throttled
from kommo_sync.kommo.ports import Priority
from kommo_sync.model.entities import Part
from kommo_sync.sandbox.account.clock import ManualClock
from tests.kommo.kit import ACCOUNT, NOW, URGENT, Slots, account, canned, on, reply

GOOD = {"id": 1}


def test_a_request_leaves_at_the_moment_of_its_slot():
    desk = canned(*[reply(200, GOOD) for _ in range(3)], slots=Slots(spacing=0.25))
    for _ in range(3):
        desk.client.get(ACCOUNT, URGENT)
    assert desk.clock.now() == NOW + 0.5


def test_a_slot_that_is_not_granted_is_asked_for_again():
    class Shy(Slots):
        def reserve(self, priority, now):
            assert priority is Priority.RECONCILIATION
            return now >= NOW + 1, now + 0.4

    desk = canned(reply(200, GOOD), slots=Shy())
    desk.client.get(ACCOUNT, Priority.RECONCILIATION)
    assert desk.clock.now() == pytest.approx(NOW + 1.6, abs=1e-5)


def test_a_slot_keeper_that_names_the_past_does_not_spin():
    asked = []

    class Stuck(Slots):
        def reserve(self, priority, now):
            asked.append(now)
            return now >= NOW + 1, 0.0

    desk = canned(reply(200, GOOD), slots=Stuck())
    desk.client.get(ACCOUNT, URGENT)
    assert len(asked) < 100


def test_a_block_that_comes_while_a_slot_is_awaited_is_obeyed():
    slots = Slots(free_at=NOW + 2.0)

    class Clock(ManualClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            slots.blocked = NOW + 30.0

    desk = canned(reply(200, GOOD), slots=slots, clock=Clock(NOW))
    desk.client.get(ACCOUNT, URGENT)
    assert desk.clock.now() == NOW + 30.0


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (reply(429, b"Too many requests"), None),
        (reply(429, {"status": 429}), None),
        (reply(429, {"retry_after": 7}), 7.0),
        (reply(429, b"", Retry_After="9"), 9.0),
        (reply(429, {"retry_after": 7}, Retry_After="9"), 9.0),
        (reply(429, {"retry_after": -5}), None),
        (reply(429, b"", Retry_After="soon"), None),
    ],
)
def test_the_slots_are_told_what_a_429_asks(answer, told):
    desk = canned(answer, reply(200, GOOD))
    desk.client.get(ACCOUNT, URGENT)
    assert desk.slots.told == [told]
    assert desk.clock.now() == NOW + (10.0 if told is None else told)


def test_the_sandbox_asks_to_wait_and_is_obeyed():
    sandbox = account()
    sandbox.state.choices.rate_retry_after = 13
    sandbox.limiter.rate = 1
    desk = on(sandbox)
    for _ in range(2):
        desk.client.page(Part.ACCOUNT, 1, priority=URGENT)
    assert desk.slots.told == [13.0]
    assert desk.clock.now() == NOW + 13


def test_a_wait_of_hours_is_told_instead_of_waited():
    desk = canned(reply(429, {"retry_after": 7200}))
    with pytest.raises(Throttled, match="another 120 minutes"):
        desk.client.get(ACCOUNT, URGENT)
    assert desk.clock.now() == NOW


def test_eight_threads_share_a_client_and_every_request_counts():
    sandbox = account(clients=20)
    desk = on(sandbox)
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(desk.client.page, Part.LEADS, 1, priority=URGENT)
            for _ in range(80)
        ]
        pages = {job.result().rows for job in jobs}
    assert len(pages) == 1
    assert desk.client.requests == 80 == len(sandbox.state.data.requests)


def test_waits_are_scattered_by_chance():
    desk = on(account(), "error_before")
    moments = set()
    for _ in range(5):
        before = desk.clock.now()
        with pytest.raises(CrmUnavailable):
            desk.client.page(Part.ACCOUNT, 1, priority=URGENT)
        moments.add(desk.clock.now() - before)
    assert len(moments) == 5
    assert all(15.5 <= moment <= 31 for moment in moments)
