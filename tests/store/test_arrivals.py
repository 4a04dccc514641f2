"""Laws: whatever the order in which answers, deaths and merges come in."""

import itertools
import json
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kommo_sync.model.entities import AccountId, Part
from kommo_sync.store.account import AccountStore
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.store import Store
from kommo_sync.store.tables import tombstones
from tests.store.rows import all_rows, contact, kept, lead, note

ACCOUNTS = itertools.count(1)
LAWS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@dataclass(frozen=True)
class Sighting:
    """The CRM answered at `at` what it held then, stamped up to two minutes late."""

    at: int
    updated_at: int
    late: int

    def arrive(self, account: AccountStore) -> None:
        row = lead(1, self.updated_at, price=self.updated_at)
        account.keep_rows(Part.LEADS, [row], seen_at=self.at + self.late)


@dataclass(frozen=True)
class Asked:
    """The CRM was asked by id, and showed it at `at`."""

    at: int

    def arrive(self, account: AccountStore) -> None:
        account.keep_rows(Part.LEADS, [lead(1, 5)], seen_at=self.at, revive=[1])


@dataclass(frozen=True)
class Merge:
    at: int

    def arrive(self, account: AccountStore) -> None:
        account.merge(Part.LEADS, 1, 2, at=self.at)


@dataclass(frozen=True)
class Death:
    at: int

    def arrive(self, account: AccountStore) -> None:
        account.bury(Part.LEADS, [1], at=self.at)


def fresh(store: Store) -> AccountStore:
    return store.account(AccountId(next(ACCOUNTS)))


@st.composite
def honest_sightings(draw: st.DrawFn) -> list[Sighting]:
    """A record's `updated_at` never goes back, as the CRM sees it."""
    moments = sorted(draw(st.lists(st.integers(0, 400), min_size=1, max_size=6)))
    versions = sorted(
        draw(st.lists(st.integers(0, 9), min_size=len(moments), max_size=len(moments)))
    )
    late = st.integers(0, 120)
    return [
        Sighting(at, updated, draw(late))
        for at, updated in zip(moments, versions, strict=True)
    ]


@LAWS
@given(data=st.data())
def test_in_any_order_the_last_version_stays(store: Store, data: st.DataObject):
    sightings = data.draw(honest_sightings())
    account = fresh(store)
    for sighting in data.draw(st.permutations(sightings)):
        sighting.arrive(account)
    last = max(sighting.updated_at for sighting in sightings)
    assert kept(account, Part.LEADS)[1].price == last


@LAWS
@given(data=st.data())
def test_in_any_order_the_later_of_death_and_sighting_stays(
    store: Store, data: st.DataObject
):
    moments = st.lists(st.integers(0, 30), min_size=1, max_size=4)
    deaths, seen = data.draw(moments), data.draw(moments)
    # By id the CRM shows also what died in that second and came back.
    asked = [at for at in data.draw(moments) if at not in deaths]
    arrivals: list[Sighting | Asked | Death] = [Death(at) for at in deaths]
    arrivals += [Sighting(at, 5, 0) for at in seen]
    arrivals += [Asked(at) for at in asked]
    seen += asked
    account = fresh(store)
    for arrival in data.draw(st.permutations(arrivals)):
        arrival.arrive(account)
    lives = max(seen) > max(deaths)
    graves = [
        row for row in all_rows(account, tombstones) if row[0] == account.account_id
    ]
    assert set(kept(account, Part.LEADS)) == ({1} if lives else set())
    assert graves == ([] if lives else [(account.account_id, "leads", 1, max(deaths))])


@LAWS
@given(data=st.data())
def test_in_any_order_a_loser_that_is_seen_later_is_no_loser(
    store: Store, data: st.DataObject
):
    moments = st.lists(st.integers(0, 15), min_size=1, max_size=4)
    merged, seen = data.draw(st.integers(0, 15)), data.draw(moments)
    asked = [at for at in data.draw(moments) if at != merged]
    arrivals: list[Merge | Sighting | Asked] = [Merge(merged)]
    arrivals += [Sighting(at, 5, 0) for at in seen]
    arrivals += [Asked(at) for at in asked]
    account = fresh(store)
    for arrival in data.draw(st.permutations(arrivals)):
        arrival.arrive(account)
    lives = max(seen + asked) > merged
    account.keep_rows(Part.LEAD_NOTES, [note(1, "leads", 1)], seen_at=9)
    assert set(kept(account, Part.LEADS)) == ({1} if lives else set())
    assert kept(account, Part.LEAD_NOTES)[1].entity_id == (1 if lives else 2)


@st.composite
def deeds_with_leads(draw: st.DrawFn) -> tuple[str, int, int, list[int]]:
    """What happens, to which of a few, when, and which contacts a lead then names."""
    deed = draw(st.sampled_from(["page", "page", "bury", "merge"]))
    people = draw(st.lists(st.integers(1, 6), max_size=4, unique=True))
    return deed, draw(st.integers(1, 3)), draw(st.integers(0, 300)), people


@LAWS
@given(deeds=st.lists(deeds_with_leads(), min_size=1, max_size=12))
def test_whoever_names_a_contact_is_found(
    store: Store, deeds: list[tuple[str, int, int, list[int]]]
):
    account = fresh(store)
    for deed, one, at, people in deeds:
        do(account, deed, one, at, people)
    leads = kept(account, Part.LEADS)
    naming: dict[int, set[int]] = {contact_id: set() for contact_id in range(1, 7)}
    for lead_id, row in leads.items():
        people = json.loads(row.contact_ids)
        assert (row.main_contact_id, len(people)) == (
            people[0] if people else None,
            len(set(people)),
        )
        for contact_id in people:
            naming[contact_id].add(lead_id)
    facts = account.facts()
    assert naming == {
        contact_id: facts.pointing_at(Part.CONTACTS, [contact_id])[Part.LEADS]
        for contact_id in naming
    }


def do(account: AccountStore, deed: str, one: int, at: int, people: list[int]) -> None:
    main = people[0] if people else None
    rows = [
        lead(one, at, main_contact_id=main, contact_ids=json.dumps(people)),
        lead(one + 1, at, main_contact_id=6, contact_ids="[6,5]"),
    ]
    if deed == "page":
        account.keep_page(Part.LEADS, rows, Cursor(), seen_at=at)
    elif deed == "bury":
        account.bury(Part.LEADS, [one], at=at)
    elif len(people) > 1:
        account.merge(Part.CONTACTS, people[0], people[1], at=at)


@LAWS
@given(data=st.data())
def test_in_any_order_all_that_points_at_losers_finds_the_last_winner(
    store: Store, data: st.DataObject
):
    pairs = [(one, data.draw(st.integers(one + 1, 6))) for one in range(1, 6)]
    arrivals = [("merge", pair) for pair in pairs]
    arrivals += [("lead", (one, one)) for one in range(1, 6)]
    arrivals += [("note", (one, one)) for one in range(1, 6)]
    arrivals += [("contact", (one, one)) for one in range(1, 6)]
    account = fresh(store)
    for what, (one, two) in data.draw(st.permutations(arrivals)):
        arrive(account, what, one, two)
    last = follow(dict(pairs))
    assert kept(account, Part.CONTACTS) == {}
    assert {
        one: (row.main_contact_id, row.contact_ids)
        for one, row in kept(account, Part.LEADS).items()
    } == {one: (last[one], json.dumps([last[one]])) for one in last}
    assert {
        one: row.entity_id for one, row in kept(account, Part.CONTACT_NOTES).items()
    } == last


def arrive(account: AccountStore, what: str, one: int, two: int) -> None:
    if what == "merge":
        account.merge(Part.CONTACTS, one, two, at=100)
    elif what == "lead":
        row = lead(one, main_contact_id=two, contact_ids=f"[{two}]")
        account.keep_rows(Part.LEADS, [row], seen_at=90)
    elif what == "note":
        row_of_note = note(one, "contacts", two)
        account.keep_rows(Part.CONTACT_NOTES, [row_of_note], seen_at=90)
    else:
        account.keep_rows(Part.CONTACTS, [contact(one)], seen_at=90)


def follow(pairs: dict[int, int]) -> dict[int, int]:
    found = {}
    for one in pairs:
        last = one
        while last in pairs:
            last = pairs[last]
        found[one] = last
    return found
