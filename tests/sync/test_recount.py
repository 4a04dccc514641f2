"""How much the CRM holds, told by few requests from any guess."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.ports import Priority
from kommo_sync.kommo.protocol import Page
from kommo_sync.model.entities import WON, LossReason, Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sync.asking import Reading
from kommo_sync.sync.recount import PAGE_SIZE, count_records, count_won, sum_won
from tests.sync.world import desk_of, new_store

ROW = LossReason(1, "Price", 1)
LATER = Priority.RECONCILIATION
sizes = st.one_of(st.integers(0, 30_000), st.integers(0, 60).map(lambda n: n * 250))


@dataclass
class Listing:
    """A list of so many records, and which of its pages were asked for."""

    records: int
    promises_too_much: bool = False
    """Whether a full last page says that there is another."""
    asked: list[int] = field(default_factory=list)

    def page(self, _part: Part, page: int, **_how: Any) -> Page:
        self.asked.append(page)
        rows = max(0, min(PAGE_SIZE, self.records - (page - 1) * PAGE_SIZE))
        full = rows == PAGE_SIZE and self.promises_too_much
        return Page((ROW,) * rows, full or self.records > page * PAGE_SIZE, 0)

    def counted(self, expected: int) -> int:
        crm = cast("KommoClient", self)
        return count_records(crm, Part.LEADS, expected, LATER)


@given(records=sizes, expected=sizes, promises=st.booleans())
@settings(max_examples=500, deadline=None)
@example(records=0, expected=30_000, promises=False)
@example(records=30_000, expected=0, promises=False)
@example(records=250, expected=251, promises=True)
def test_any_list_is_counted_from_any_guess_in_few_requests(
    records, expected, promises
):
    listing = Listing(records, promises)
    assert listing.counted(expected) == records
    away = abs(records - expected) // PAGE_SIZE + 2
    assert len(listing.asked) <= 2 * away.bit_length() + 2
    assert min(listing.asked) >= 1


@given(records=sizes, place=st.integers(1, PAGE_SIZE))
def test_a_guess_on_the_last_page_takes_one_request(records, place):
    listing = Listing(records)
    before_the_last = max(0, records - 1) // PAGE_SIZE * PAGE_SIZE
    assert listing.counted(before_the_last + place if records else 0) == records
    assert len(listing.asked) == 1


@pytest.mark.parametrize(
    ("records", "expected", "asked"),
    [(29_700, 30_001, [121, 120, 118, 119]), (30_001, 29_700, [119, 120, 122, 121])],
)
def test_a_guess_that_is_a_little_wrong_looks_nearby(records, expected, asked):
    listing = Listing(records)
    assert listing.counted(expected) == records
    assert listing.asked == asked


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    made = Sandbox.generated(clients=60, seed=4, clock=ManualClock())
    made.state.choices.incoming_leads_are_listed = True
    return made


@pytest.fixture
def crm(sandbox: Sandbox, tmp_path):
    store = new_store(tmp_path)
    desk = desk_of(sandbox, store, sandbox.state.clock, reading=Reading())
    yield desk.crm
    desk.crm.close()
    store.close()


def won(sandbox: Sandbox) -> list[int]:
    """Return the prices of the won leads, in hundredths."""
    leads = sandbox.state.data.leads.values()
    return [lead.price for lead in leads if lead.status_id == WON]


def pipelines(sandbox: Sandbox) -> tuple[int, ...]:
    return tuple(sandbox.state.data.pipelines)


def test_won_leads_are_counted_and_summed_as_they_are(crm, sandbox):
    prices = won(sandbox)
    assert len(prices) > PAGE_SIZE
    told: list[int] = []
    assert sum_won(crm, pipelines(sandbox), LATER, told.append) == (
        len(prices),
        sum(prices),
    )
    assert told == [*range(250, len(prices), 250), len(prices)]
    assert count_won(crm, pipelines(sandbox), 1, LATER) == len(prices)


@pytest.mark.parametrize("part", [Part.LEADS, Part.CONTACTS, Part.TASKS])
def test_records_are_counted_as_they_are(crm, sandbox, part):
    listed = len(sandbox.state.cards(part.value))
    before = len(sandbox.state.data.requests)
    assert count_records(crm, part, listed, LATER) == listed
    assert len(sandbox.state.data.requests) - before == 1


def test_an_account_without_pipelines_has_won_nothing_and_is_not_asked(crm, sandbox):
    before = len(sandbox.state.data.requests)
    assert sum_won(crm, (), LATER) == (0, 0)
    assert len(sandbox.state.data.requests) == before
