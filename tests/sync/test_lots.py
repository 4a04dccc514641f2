"""How much is asked for at once: any page size, any number, and less after a 504."""

import random
from dataclasses import replace

import httpx
import pytest

from kommo_sync.errors import TooMuchAsked
from kommo_sync.model.entities import Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.store.store import Store
from kommo_sync.sync.consequences import IDS_A_REQUEST
from kommo_sync.sync.cycle import pull
from kommo_sync.sync.walk import Desk
from tests.sync.deeds import (
    Answering,
    Inner,
    answering,
    do,
    hide_events,
    is_page,
    promising,
    refusal,
    some,
)
from tests.sync.world import READING, add_lead, desk_of, differences, refill

ID_FILTER = "filter[id][]"


def ids_asked(request: httpx.Request) -> int:
    return len(request.url.params.get_list(ID_FILTER))


@pytest.fixture
def bare(clock: ManualClock) -> Sandbox:
    """An account that holds nothing."""
    made = Sandbox.empty(clock=clock)
    refill(made, 0, random.Random(1))
    return made


def hold(sandbox: Sandbox, leads: int) -> None:
    writer = sandbox.engine.writer(
        sandbox.engine.human(next(iter(sandbox.state.data.users)))
    )
    for _ in range(leads):
        add_lead(sandbox, writer, random.Random(1))


def reader(sandbox: Sandbox, store: Store, size: int, answer: Answering) -> Desk:
    """Return who reads by pages of `size` what `answer` answers."""
    return desk_of(
        sandbox,
        store,
        sandbox.state.clock,
        reading=replace(READING, page_size=size),
        transport=answering(sandbox, answer),
    )


@pytest.mark.parametrize("promises", [False, True])
@pytest.mark.parametrize(
    ("size", "leads"),
    [
        *[(1, leads) for leads in (0, 1, 2, 3)],
        *[(10, leads) for leads in (0, 1, 9, 10, 11, 20, 21, 40)],
        *[(250, leads) for leads in (0, 1)],
    ],
)
def test_lists_of_any_length_are_read_whole_by_pages_of_any_size(
    size: int, leads: int, promises: bool, bare: Sandbox, store: Store
) -> None:
    """Also where a full last page promises another, which is empty."""
    hold(bare, leads)

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        found = ask(request)
        is_meant = promises and is_page(request, "leads")
        return promising(found, request) if is_meant else found

    desk = reader(bare, store, size, answer)
    for full in (False, False, True):
        pull(desk, full=full, streams=["leads"])
        bare.state.clock.sleep(3_600)
        assert differences(bare, store) == []
        assert desk.store.cursor(Part.LEADS).page == 0


@pytest.mark.parametrize("size", [250, 100, 50, 25, 7])
def test_a_crm_that_manages_only_small_pages_is_read_whole(
    size: int, bare: Sandbox, store: Store
) -> None:
    hold(bare, 60)
    answered: set[int] = set()

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        if is_page(request, "leads"):
            limit = int(request.url.params["limit"])
            if limit > 20:
                return refusal(504)
            answered.add(limit)
        return ask(request)

    desk = reader(bare, store, size, answer)
    pull(desk, streams=["leads"])
    assert differences(bare, store) == []
    [limit] = answered
    assert size % limit == 0


def test_a_page_size_that_shrinks_in_mid_walk_skips_no_record(
    bare: Sandbox, store: Store
) -> None:
    """Pages that were read ahead count no more, those before it do."""
    hold(bare, 160)
    places: set[int] = set()

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        if is_page(request, "leads"):
            page, limit = (int(request.url.params[name]) for name in ("page", "limit"))
            if limit == 6:
                places.add((page - 1) * limit)
            elif page == 3:
                return refusal(504)
        return ask(request)

    desk = reader(bare, store, 12, answer)
    pull(desk, streams=["leads"])
    assert differences(bare, store) == []
    assert min(places) == 24


def test_a_crm_that_does_not_manage_one_record_a_page_is_left_for_later(
    bare: Sandbox, store: Store
) -> None:
    hold(bare, 30)
    broken = [True]

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        if broken and is_page(request, "leads"):
            return refusal(504)
        return ask(request)

    desk = reader(bare, store, 12, answer)
    with pytest.raises(TooMuchAsked, match="one record a page"):
        pull(desk, streams=["leads"])
    broken.clear()
    pull(desk, streams=["leads"])
    assert differences(bare, store) == []


def test_many_records_are_asked_for_by_id_in_lots(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    clock.advance(7_200)
    for lead in some(sandbox, "leads", IDS_A_REQUEST + 30):
        do(sandbox, "trash", entity="leads", id=lead)
    assert pull(desk).deleted == IDS_A_REQUEST + 30
    assert differences(sandbox, store) == []


def test_many_that_went_without_a_word_are_swept_in_lots(
    desk: Desk, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    pull(desk)
    clock.advance(7_200)
    for lead in some(sandbox, "leads", 2 * IDS_A_REQUEST + 30):
        do(sandbox, "trash", entity="leads", id=lead)
    hide_events(sandbox, "lead_deleted")
    assert pull(desk, full=True).deleted == 2 * IDS_A_REQUEST + 30
    assert differences(sandbox, store) == []


@pytest.mark.parametrize("manages", [1, 40])
def test_a_crm_that_manages_few_ids_at_once_is_asked_in_smaller_lots(
    manages: int, sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    """Of the records themselves, and of what hangs on them."""
    sizes: set[int] = set()

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        if ids_asked(request) > manages:
            return refusal(504)
        sizes.add(ids_asked(request))
        return ask(request)

    transport = answering(sandbox, answer)
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    pull(desk)
    clock.advance(7_200)
    for contact in some(sandbox, "contacts", 60):
        do(sandbox, "trash", entity="contacts", id=contact)
    assert pull(desk).deleted == 60
    assert differences(sandbox, store) == []
    assert 0 < max(sizes) <= manages


def test_a_crm_that_does_not_manage_one_id_is_left_for_later(
    sandbox: Sandbox, store: Store, clock: ManualClock
) -> None:
    broken = [True]

    def answer(request: httpx.Request, ask: Inner) -> httpx.Response:
        return refusal(504) if broken and ids_asked(request) else ask(request)

    transport = answering(sandbox, answer)
    desk = desk_of(sandbox, store, clock, reading=READING, transport=transport)
    pull(desk)
    clock.advance(7_200)
    do(sandbox, "trash", entity="leads", id=some(sandbox, "leads")[0])
    with pytest.raises(TooMuchAsked):
        pull(desk)
    broken.clear()
    clock.advance(7_200)
    pull(desk)
    assert differences(sandbox, store) == []
