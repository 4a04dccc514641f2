"""Everything that can go wrong at once, and one by one: it ends equal, or says why."""

import json
import random

import httpx
import pytest

from kommo_sync.errors import BadAnswer, Busy, KommoSyncError, RetryLater
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.traffic.faults import KINDS, STANDING, parse_faults
from kommo_sync.store.store import Store
from kommo_sync.sync.cycle import pull
from kommo_sync.sync.walk import Desk
from tests.sync.world import (
    READING,
    Meddling,
    People,
    desk_of,
    differences,
)


def pull_until_done(desk: Desk, clock: ManualClock, *, full: bool = False) -> int:
    """Do what an operator does who starts it again whenever it fails."""
    for failures in range(500):
        try:
            pull(desk, full=full)
        except KommoSyncError:
            clock.advance(600)
        else:
            return failures
    pytest.fail("it never ends")


def test_all_faults_at_once_end_equal(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    rules = [f"{kind}:p=0.04" for kind in KINDS if kind not in STANDING]
    rules += list(STANDING)
    sandbox.engine.break_with(parse_faults("; ".join(["seed=3", *rules])))
    failures = pull_until_done(desk, clock)
    struck = {request.fault for request in sandbox.state.data.requests} - {None}
    people = People(sandbox, random.Random(1), deeds=30.0)
    people.work()
    clock.advance(3_600)
    failures += pull_until_done(desk, clock, full=True)
    assert failures > 0
    assert len(struck) >= 10
    assert differences(sandbox, store) == []


def test_a_page_too_big_for_the_crm_is_asked_for_in_smaller_ones(
    sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    inner, sizes = sandbox.transport(), []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v4/leads":
            sizes.append(request.url.params["limit"])
            if (request.url.params["page"], sizes[-1]) == ("2", "25"):
                return httpx.Response(504, text="<html>Gateway Time-out</html>")
        return inner.handle_request(request)

    transport = httpx.MockTransport(answer)
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    pull(desk)
    assert set(sizes) == {"25", "5"}
    assert differences(sandbox, store) == []


class EmptyOnce:
    """Answers some page of leads with nothing, so many times."""

    def __init__(self, inner: httpx.BaseTransport, times: int) -> None:
        self.inner, self.times = inner, times

    def answer(self, request: httpx.Request) -> httpx.Response:
        is_leads = request.url.path == "/api/v4/leads"
        if is_leads and request.url.params.get("page") == "3" and self.times:
            self.times -= 1
            date = self.inner.handle_request(request).headers["Date"]
            return httpx.Response(204, headers={"Date": date})
        return self.inner.handle_request(request)


@pytest.mark.parametrize("times", [1, 2])
def test_an_empty_page_in_mid_walk_is_not_believed(
    times: int, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    empty = EmptyOnce(sandbox.transport(), times)
    transport = httpx.MockTransport(empty.answer)
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    pull(desk)
    assert empty.times == 0
    assert differences(sandbox, store) == []


def test_a_page_that_stays_empty_in_mid_walk_stops_the_run_and_the_next_goes_on(
    sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    empty = EmptyOnce(sandbox.transport(), 3)
    transport = httpx.MockTransport(empty.answer)
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    with pytest.raises(
        BadAnswer, match="leads: page 3 is empty although there is more"
    ):
        pull(desk)
    assert desk.store.cursor(Part.LEADS).page == 3
    pull(desk)
    assert differences(sandbox, store) == []


class SilentOnNext(httpx.BaseTransport):
    """Says of page 2 of the leads, which is full, that it is the last."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.inner.handle_request(request)
        params = request.url.params
        if request.url.path == "/api/v4/leads" and params.get("page") == "2":
            body = json.loads(answer.read())
            body["_links"].pop("next", None)
            date = {"Date": answer.headers["Date"]}
            return httpx.Response(200, json=body, headers=date)
        return answer


def test_a_full_page_that_says_it_is_the_last_is_not_believed(
    sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    transport = SilentOnNext(sandbox.transport())
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    pull(desk)
    assert differences(sandbox, store) == []


def test_a_walk_stops_when_another_process_has_taken_the_account_over(
    sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pages: list[int] = []

    account = store.account(AccountId(sandbox.state.data.account.id))

    def take_over(_request: httpx.Request) -> None:
        pages.append(1)
        if len(pages) == 12:
            account.take_lease(
                "sync", "other:2:2", clock.now(), seconds=60, is_dead=lambda _: True
            )

    transport = Meddling(sandbox.transport(), take_over)
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    with pytest.raises(Busy, match="taken over"):
        pull(desk)
    assert len(pages) < 20


def test_records_that_never_cease_to_go_away_are_said_so(
    sandbox: Sandbox,
    store: Store,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kommo_sync.sync.rounds.ROUNDS", 3)
    people = People(sandbox, random.Random(1), deeds=1.0)
    transport = Meddling(sandbox.transport(), lambda _request: people.work())
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    with pytest.raises(RetryLater, match="keep being deleted"):
        pull(desk)
