"""What happens between two cycles, two processes, two parts: nothing falls through."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from kommo_sync.errors import BadAnswer, Busy, RetryLater, Unauthorized
from kommo_sync.kommo.ports import Priority
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.api.events import event_id
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.rules.humans import record_call
from kommo_sync.store.store import Store
from kommo_sync.sync.asking import kinds_of
from kommo_sync.sync.consequences import Followed, refetch
from kommo_sync.sync.cycle import pull
from kommo_sync.sync.walk import Desk
from tests.sync.deeds import (
    Inner,
    Once,
    answering,
    do,
    hide_events,
    is_page,
    kept_merges,
    merge_unnamed,
    refusal,
    some,
    strangers,
)
from tests.sync.world import READING, Meddling, desk_of, differences

DAY = 86_400
ONE_BY_ONE = replace(READING, in_flight=1)


@pytest.mark.parametrize(("a_request", "lag"), [(0.0, 15.0), (0.2, 15.0), (0.2, 20.0)])
def test_a_record_hidden_by_what_a_late_event_tells_is_found_by_the_next_cycle(
    a_request: float, lag: float, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    """It goes away while pages are read; its event is listed after the cycle's end."""
    lead = sorted(sandbox.state.cards("leads"))[30]
    trash = Once(lambda: do(sandbox, "trash", entity="leads", id=lead))

    def meddle(request: httpx.Request) -> None:
        clock.advance(a_request)
        if is_page(request, "leads", 5):
            trash()

    clock.advance(3_600)
    sandbox.state.lag_seconds = lag
    transport = Meddling(sandbox.transport(), meddle)
    desk = desk_of(sandbox, store, clock, reading=ONE_BY_ONE, transport=transport)
    pull(desk)
    assert any("missing" in one for one in differences(sandbox, store))
    clock.advance(3_600)
    pull(desk)
    assert differences(sandbox, store) == []


def test_what_a_late_event_tells_of_pages_read_before_it_is_looked_for_at_once(
    sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    """It is listed while others' pages are read again: those do not concern it.

    What it says itself, that a lead went, is followed by the next cycle.
    """
    early, late, *_others = sorted(sandbox.state.cards("leads"))
    events_were_asked = Once(lambda: None)
    deeds = {
        5: Once(lambda: do(sandbox, "trash", entity="leads", id=early)),
        6: Once(lambda: clock.advance(30)),
        12: Once(lambda: do(sandbox, "trash", entity="leads", id=late)),
    }
    listed, nothing = Once(lambda: clock.advance(20)), Once(lambda: None)

    def meddle(request: httpx.Request) -> None:
        clock.advance(0.2)
        if is_page(request, "events"):
            events_were_asked()
        elif events_were_asked.happened:
            listed()
        elif is_page(request, "leads"):
            deeds.get(int(request.url.params["page"]), nothing)()

    sandbox.state.lag_seconds = 20.0
    desk = desk_of(
        sandbox,
        store,
        clock,
        reading=replace(ONE_BY_ONE, page_size=10),
        transport=Meddling(sandbox.transport(), meddle),
    )
    pull(desk)
    assert listed.happened
    assert differences(sandbox, store) == [f"leads {late}: should be gone"]
    pull(desk)
    assert differences(sandbox, store) == []


def test_events_that_come_in_while_the_history_is_read_push_none_out(
    sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    """The newest come first: each new one moves all others on by a place."""
    writer = sandbox.engine.writer(
        sandbox.engine.human(next(iter(sandbox.state.data.users)))
    )

    def meddle(request: httpx.Request) -> None:
        clock.advance(0.2)
        if is_page(request, "events") and int(request.url.params["page"]) > 2:
            for contact in some(sandbox, "contacts", 8):
                record_call(writer, contact, incoming=True, seconds=5, phone="1")

    transport = Meddling(sandbox.transport(), meddle)
    desk = desk_of(sandbox, store, clock, reading=ONE_BY_ONE, transport=transport)
    pull(desk)
    clock.advance(3_600)
    pull(desk)
    kinds = kinds_of(Part.EVENTS)
    happened = {
        event_id(event) for event in sandbox.state.data.events if event.type in kinds
    }
    with store.database.reader.connect() as connection:
        kept = set(connection.exec_driver_sql("SELECT id FROM events").scalars())
    assert happened - kept == set()


def test_an_unnamed_merge_that_a_run_of_another_stream_saw_is_followed(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    winner, loser = strangers(sandbox, 2)
    pull(desk)
    clock.advance(7_200)
    merge_unnamed(sandbox, "contacts", winner, loser)
    clock.advance(600)
    pull(desk, streams=["leads"])
    clock.advance(3_600)
    pull(desk)
    assert differences(sandbox, store) == []
    assert (loser, winner) in kept_merges(store)


def test_two_who_vanished_and_one_unnamed_merge_have_no_winner(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    """Which of them lost cannot be told, and to guess would move what hangs on them."""
    winner, loser, other = strangers(sandbox, 3)
    pull(desk)
    do(sandbox, "trash", entity="contacts", id=other)
    hide_events(sandbox, "contact_deleted")
    clock.advance(7_200)
    merge_unnamed(sandbox, "contacts", winner, loser)
    pull(desk)
    assert differences(sandbox, store) == []
    assert kept_merges(store) == []


def test_a_loser_that_is_met_alive_is_a_loser_no_more(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    """The second whole walk brings back what named it: leads are read before it is."""
    pull(desk)
    lead = next(one for one in sandbox.state.cards("leads").values() if one.contact_ids)
    loser, [winner] = lead.contact_ids[0], strangers(sandbox, 1)
    desk.store.merge(Part.CONTACTS, loser, winner, at=int(clock.now()))
    assert kept_merges(store) == [(loser, winner)]
    clock.advance(7_200)
    pull(desk, full=True)
    assert kept_merges(store) == []
    pull(desk, full=True)
    assert differences(sandbox, store) == []


def test_a_process_that_lost_its_lease_writes_nothing_that_it_asked_for_by_id(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    [lead] = some(sandbox, "leads")
    clock.advance(7_200)
    do(sandbox, "edit", entity="leads", id=lead, set={"price": 12.34})
    before = differences(sandbox, store)
    desk_of(sandbox, store, clock, reading=READING)
    with pytest.raises(Busy, match="taken over"):
        refetch(desk, Part.LEADS, [lead], Priority.RECONCILIATION, Followed())
    assert differences(sandbox, store) == before != []


def test_a_process_that_was_replaced_while_it_asked_brings_nobody_back(
    sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    """It is told that a lead lives; before it writes, another buries that lead."""
    [lead] = some(sandbox, "leads")

    def replaced() -> None:
        clock.advance(60)
        do(sandbox, "trash", entity="leads", id=lead)
        pull(desk_of(sandbox, store, clock, reading=READING))

    taken_over = Once(replaced)

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        found = ask(request)
        if str(lead) in request.url.params.get_list("filter[id][]"):
            taken_over()
        return found

    transport = answering(sandbox, answer)
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    pull(desk)
    clock.advance(7_200)
    do(sandbox, "trash", entity="leads", id=lead)
    do(sandbox, "restore", entity="leads", id=lead)
    with pytest.raises(Busy):
        pull(desk)
    assert taken_over.happened
    assert differences(sandbox, store) == []


def test_a_sync_of_one_account_leaves_the_other_as_it_is(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    """Both have records of the same ids."""
    other = Sandbox.generated(clients=20, seed=4, clock=clock)
    other.state.data.account.id = sandbox.state.data.account.id + 1
    theirs = desk_of(other, store, clock, reading=READING)
    pull(desk)
    pull(theirs)
    before = desk.store.counts(), dump(store, desk.store.account_id)
    clock.advance(7_200)
    winner, loser = some(other, "contacts", 2)
    do(other, "merge", entity="contacts", id=winner, loser_id=loser)
    for lead in some(other, "leads", 9):
        do(other, "trash", entity="leads", id=lead)
    clock.advance(600)
    assert pull(theirs, full=True).deleted == 10
    assert (desk.store.counts(), dump(store, desk.store.account_id)) == before


def dump(store: Store, account_id: AccountId) -> list[tuple[Any, ...]]:
    with store.database.reader.connect() as connection:
        return [
            tuple(row)
            for kind in ("leads", "contacts", "tasks")
            for row in connection.exec_driver_sql(
                f"SELECT * FROM {kind} WHERE account_id = {account_id} ORDER BY id"  # noqa: S608
            )
        ]


@pytest.mark.parametrize("name", ["account", "users", "leads/pipelines"])
def test_a_list_that_comes_empty_once_and_cannot_be_leaves_what_was_kept(
    name: str, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    empty = [False]

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        found = ask(request)
        if empty[0] and request.url.path == f"/api/v4/{name}":
            return httpx.Response(204, headers={"Date": found.headers["Date"]})
        return found

    transport = answering(sandbox, answer)
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    pull(desk)
    before = desk.store.counts()
    empty[0] = True
    with pytest.raises(BadAnswer, match="which cannot be"):
        pull(desk)
    assert desk.store.counts() == before


@pytest.mark.parametrize("path", ["account", "leads", "events"])
def test_one_answer_with_a_date_in_the_future_loses_no_later_edit(
    path: str, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    wrong = Once(lambda: None)

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        found = ask(request)
        if request.url.path == f"/api/v4/{path}" and not wrong.happened:
            wrong()
            found.headers["Date"] = formatdate(clock.now() + 30 * DAY, usegmt=True)
        return found

    for lead in some(sandbox, "leads", 3):
        transport = answering(sandbox, answer)
        desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
        with suppress(RetryLater):
            pull(desk)
        clock.advance(7_200)
        do(sandbox, "edit", entity="leads", id=lead, set={"price": 12.34})
        clock.advance(3_600)
    pull(desk)
    assert wrong.happened
    assert differences(sandbox, store) == []


@dataclass
class Revoked:
    """Three pages are on their way; one is refused, the others fail after that.

    Args:
        stopped: set as soon as the reading has been given up.
    """

    stopped: threading.Event
    others: int = 0

    def __post_init__(self) -> None:
        self.on_their_way = threading.Barrier(3)

    def answer(self, request: httpx.Request, ask: Inner) -> httpx.Response:
        if not is_page(request, "leads") or int(request.url.params["page"]) < 3:
            return ask(request)
        if is_page(request, "leads", 3):
            self.on_their_way.wait(30)
            return httpx.Response(401, json={"status": 401})
        self.others += 1
        if self.others <= 2:
            self.on_their_way.wait(30)
        assert self.stopped.wait(30)
        return refusal(500)


def test_a_token_that_is_refused_stops_those_who_still_try(
    sandbox: Sandbox, store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them tries again: no more requests than there are threads."""
    revoked = Revoked(threading.Event())
    transport = answering(sandbox, revoked.answer)
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    monkeypatch.setattr(
        desk.crm, "stopping", telling(desk.crm.stopping, revoked.stopped)
    )
    resume_at_page_three(desk, clock)
    with pytest.raises(Unauthorized):
        pull(desk, streams=["leads"])
    assert revoked.stopped.is_set()
    assert 2 <= revoked.others <= READING.in_flight


def telling(stopping: Callable[[], Any], stopped: threading.Event) -> Any:
    @contextmanager
    def told() -> Iterator[None]:
        with stopping():
            stopped.set()
            yield

    return told


def resume_at_page_three(desk: Desk, clock: ManualClock) -> None:
    """Let a walk stand before its third page, and know of three more."""
    cursor = replace(
        desk.store.cursor(Part.LEADS),
        walk_kind="full",
        walk_started=int(clock.now()),
        page=3,
        limit=READING.page_size,
        ahead=(6, 7),
    )
    desk.store.save_cursor(Part.LEADS, cursor, desk.lease)
