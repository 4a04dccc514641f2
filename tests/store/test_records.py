"""What is kept, replaced, buried, revived and merged."""

import json

import pytest

from kommo_sync.model.entities import (
    SNAPSHOTS,
    CustomField,
    Lead,
    Part,
    Pipeline,
    Row,
    Stage,
    User,
)
from kommo_sync.store.account import AccountStore
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.tables import lead_contacts
from tests.store.rows import (
    ACCOUNT,
    all_rows,
    contact,
    event,
    kept,
    kept_rows,
    lead,
    note,
    task,
)


def test_a_row_comes_back_as_it_went_in(account: AccountStore):
    row = lead(2**40, name="Ação «Ω» 'x'; --\n", company_id=None, loss_reason_id=3)
    assert account.keep_rows(Part.LEADS, [row], seen_at=100) == 1
    assert kept(account, Part.LEADS) == {2**40: row}


def test_flags_come_back_as_flags(account: AccountStore):
    users = [User(1, "Ana", True, False, None), User(2, "Bo", False, True, 3)]
    account.replace(Part.USERS, users, Cursor(), seen_at=100)
    assert kept_rows(account, User) == users
    assert kept_rows(account, User)[0].is_active is True


@pytest.mark.parametrize(
    ("updated_at", "seen_at", "wins"),
    [
        (101, 1000, True),
        (101, 1, True),
        (100, 1000, True),
        (100, 999, False),
        (99, 1000, False),
        (99, 1120, False),
        (99, 1121, True),
    ],
)
def test_the_younger_row_wins(
    account: AccountStore, updated_at: int, seen_at: int, wins: bool
):
    account.keep_rows(Part.LEADS, [lead(1, 100)], seen_at=1000)
    new = lead(1, updated_at, price=7)
    assert account.keep_rows(Part.LEADS, [new], seen_at=seen_at) == int(wins)
    assert kept(account, Part.LEADS)[1].price == (7 if wins else 1000)


@pytest.mark.parametrize("versions", [(200, 100), (100, 200)])
def test_a_row_twice_in_an_answer_is_kept_once_as_its_younger_self(
    account: AccountStore, versions: tuple[int, int]
):
    rows = [lead(1, versions[0]), lead(2), lead(1, versions[1])]
    account.keep_rows(Part.LEADS, rows, seen_at=1000)
    assert kept(account, Part.LEADS) == {1: lead(1, 200), 2: lead(2)}


def test_an_event_is_never_changed(account: AccountStore):
    first = event("01f", "lead_added", 1, 50)
    account.keep_rows(Part.EVENTS, [first], seen_at=100)
    later = first._replace(type="lead_deleted")
    assert account.keep_rows(Part.EVENTS, [later], seen_at=900) == 0
    assert kept(account, Part.EVENTS) == {"01f": first}


def test_notes_of_two_kinds_of_cards_may_share_an_id(account: AccountStore):
    account.keep_rows(Part.LEAD_NOTES, [note(1, "leads", 5)], seen_at=100)
    account.keep_rows(Part.CONTACT_NOTES, [note(1, "contacts", 6)], seen_at=100)
    account.bury(Part.LEAD_NOTES, [1], at=200)
    assert [row.entity_type for row in kept(account, Part.LEAD_NOTES).values()] == [
        "contacts"
    ]


def test_rows_of_another_part_are_refused(account: AccountStore):
    with pytest.raises(ValueError, match="leads has no rows like"):
        account.keep_rows(Part.LEADS, [contact(1)], seen_at=100)


def test_a_snapshot_removes_what_is_no_longer_in_it(account: AccountStore):
    whole = [Pipeline(1, "Sales", 1, True, False), Pipeline(2, "Old", 2, False, True)]
    stages = [Stage(1, 142, "Won", 9, 0), Stage(2, 142, "Won", 9, 0)]
    account.replace(Part.PIPELINES, [*whole, *stages], Cursor(), seen_at=100)
    done = Cursor(synced_at=200)
    left: list[Row] = [whole[0], stages[0]]
    assert account.replace(Part.PIPELINES, left, done, seen_at=200) == 2
    assert kept_rows(account, Pipeline) == whole[:1]
    assert kept_rows(account, Stage) == stages[:1]
    assert account.cursor(Part.PIPELINES) == done


def test_a_snapshot_of_lead_fields_leaves_contact_fields_alone(account: AccountStore):
    ours = CustomField("contacts", 1, "City", "text", None, 1, "[]")
    account.replace(Part.CONTACT_FIELDS, [ours], Cursor(), seen_at=100)
    account.replace(Part.LEAD_FIELDS, [], Cursor(), seen_at=100)
    assert kept_rows(account, CustomField) == [ours]


def test_only_what_is_read_whole_is_replaced_and_only_the_rest_buried(
    account: AccountStore,
):
    with pytest.raises(ValueError, match="leads is not read whole"):
        account.replace(Part.LEADS, [], Cursor(), seen_at=100)
    for part in (*SNAPSHOTS, Part.EVENTS):
        with pytest.raises(ValueError, match="are not buried"):
            account.bury(part, [1], at=100)


def test_a_buried_row_stays_buried_until_seen_later(account: AccountStore):
    account.keep_rows(Part.TASKS, [task(1, "leads", 5), task(2, None, None)], seen_at=9)
    assert account.bury(Part.TASKS, [1, 77], at=100) == 1
    assert account.keep_rows(Part.TASKS, [task(1, "leads", 5)], seen_at=100) == 0
    assert set(kept(account, Part.TASKS)) == {2}
    assert account.keep_rows(Part.TASKS, [task(1, "leads", 5)], seen_at=101) == 1
    assert account.keep_rows(Part.TASKS, [task(1, "leads", 6)], seen_at=100) == 0
    assert set(kept(account, Part.TASKS)) == {1, 2}


def test_a_row_that_was_asked_for_by_id_lives_from_that_second_on(
    account: AccountStore,
):
    account.bury(Part.LEADS, [1, 2], at=500)
    account.keep_rows(Part.LEADS, [lead(1), lead(2)], seen_at=500, revive=[1])
    assert set(kept(account, Part.LEADS)) == {1}


def test_an_answer_that_comes_late_revives_nobody(account: AccountStore):
    account.merge(Part.LEADS, 1, 2, at=400)
    account.bury(Part.LEADS, [1], at=1000)
    account.keep_rows(Part.LEADS, [lead(1)], seen_at=999, revive=[1])
    account.keep_rows(Part.LEAD_NOTES, [note(1, "leads", 1)], seen_at=1001)
    assert kept(account, Part.LEADS) == {}
    assert kept(account, Part.LEAD_NOTES)[1].entity_id == 2


def test_a_thousand_are_buried_in_one_go(account: AccountStore):
    rows = [lead(one) for one in range(1, 1201)]
    account.keep_rows(Part.LEADS, rows, seen_at=10)
    assert account.bury(Part.LEADS, range(1, 1200), at=100) == 1199
    assert account.keep_rows(Part.LEADS, rows, seen_at=10) == 1


def test_a_merged_contact_is_followed_wherever_it_stands(account: AccountStore):
    lists = lead(1, main_contact_id=4, contact_ids="[4,44,5]")
    account.keep_rows(Part.CONTACTS, [contact(4), contact(5)], seen_at=90)
    account.keep_rows(Part.LEADS, [lists], seen_at=90)
    account.keep_rows(
        Part.TASKS, [task(1, "contacts", 4), task(2, "leads", 4)], seen_at=9
    )
    account.merge(Part.CONTACTS, 4, 5, at=100)
    assert set(kept(account, Part.CONTACTS)) == {5}
    [row] = kept(account, Part.LEADS).values()
    assert (row.main_contact_id, row.contact_ids) == (5, "[5,44]")
    tasks = kept(account, Part.TASKS)
    assert {one: tasks[one].entity_id for one in tasks} == {1: 5, 2: 4}


def test_a_merged_company_is_followed_by_leads_and_contacts(account: AccountStore):
    account.merge(Part.COMPANIES, 8, 9, at=100)
    account.keep_rows(Part.LEADS, [lead(1, company_id=8)], seen_at=200)
    account.keep_rows(Part.CONTACTS, [contact(1, company_id=8)], seen_at=200)
    account.merge(Part.COMPANIES, 9, 10, at=100)
    assert kept(account, Part.LEADS)[1].company_id == 10
    assert kept(account, Part.CONTACTS)[1].company_id == 10


def test_a_loser_that_lives_again_is_followed_no_longer(account: AccountStore):
    account.merge(Part.CONTACTS, 4, 5, at=100)
    account.keep_rows(Part.CONTACTS, [contact(4)], seen_at=200, revive=[4])
    account.keep_rows(Part.LEADS, [lead(1, main_contact_id=4)], seen_at=200)
    assert kept(account, Part.LEADS)[1].main_contact_id == 4


def test_a_loser_that_a_walk_meets_alive_is_followed_no_longer(account: AccountStore):
    account.merge(Part.CONTACTS, 4, 5, at=100)
    account.keep_page(Part.CONTACTS, [contact(4)], Cursor(), seen_at=101)
    account.keep_rows(Part.LEADS, [lead(1, main_contact_id=4)], seen_at=101)
    assert kept(account, Part.LEADS)[1].main_contact_id == 4


def test_whoever_was_seen_after_a_merge_has_not_lost_it(account: AccountStore):
    account.keep_rows(Part.CONTACTS, [contact(4)], seen_at=101)
    account.keep_rows(Part.LEADS, [lead(1, main_contact_id=4)], seen_at=101)
    account.merge(Part.CONTACTS, 4, 5, at=100)
    assert set(kept(account, Part.CONTACTS)) == {4}
    assert kept(account, Part.LEADS)[1].main_contact_id == 4


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[4]", "[5]"),
        ("[4,5]", "[5]"),
        ("[5,4]", "[5]"),
        ("[6,4]", "[6,5]"),
        ("[6,4,5,7]", "[6,5,7]"),
        ("[6,44,14]", "[6,44,14]"),
    ],
)
def test_a_merge_leaves_a_contact_on_a_lead_once(
    account: AccountStore, before: str, after: str
):
    main = json.loads(before)[0]
    named = lead(1, main_contact_id=main, contact_ids=before)
    account.keep_rows(Part.LEADS, [named, lead(2)], seen_at=90)
    account.merge(Part.CONTACTS, 4, 5, at=100)
    row = kept(account, Part.LEADS)[1]
    assert (row.main_contact_id, row.contact_ids) == (json.loads(after)[0], after)
    people = json.loads(after)
    listed = [row[2] for row in all_rows(account, lead_contacts)]
    assert listed == sorted(people[1:])


def test_only_contacts_beyond_the_main_one_are_listed(account: AccountStore):
    rows = [
        lead(1, main_contact_id=4, contact_ids="[4]"),
        lead(2, main_contact_id=4, contact_ids="[4,5]"),
        lead(3),
        lead(4, main_contact_id=9, contact_ids="[9,8,7]"),
    ]
    account.keep_rows(Part.LEADS, rows, seen_at=90)
    listed = [(ACCOUNT, 2, 5), (ACCOUNT, 4, 7), (ACCOUNT, 4, 8)]
    assert all_rows(account, lead_contacts) == listed
    account.bury(Part.LEADS, [4], at=100)
    assert all_rows(account, lead_contacts) == listed[:1]


def test_a_page_of_leads_that_lie_far_apart_changes_their_contacts_alone(
    account: AccountStore,
):
    def named(id: int, at: int, second: int) -> Lead:
        return lead(id, at, main_contact_id=4, contact_ids=f"[4,{second}]")

    rows = [named(one, 100, 5) for one in range(1, 1001)]
    account.keep_rows(Part.LEADS, rows, seen_at=90)
    account.keep_rows(Part.LEADS, [named(1000, 200, 6), lead(1, 200)], seen_at=95)
    listed = [(ACCOUNT, one, 5) for one in range(2, 1000)]
    assert all_rows(account, lead_contacts) == [*listed, (ACCOUNT, 1000, 6)]


def test_a_row_that_is_passed_over_changes_no_contacts(account: AccountStore):
    now = lead(1, 200, main_contact_id=4, contact_ids="[4,5]")
    was = lead(1, 100, main_contact_id=4, contact_ids="[4,6]")
    account.keep_rows(Part.LEADS, [now], seen_at=300)
    assert account.keep_rows(Part.LEADS, [was], seen_at=290) == 0
    assert all_rows(account, lead_contacts) == [(ACCOUNT, 1, 5)]


def test_leads_are_found_by_any_of_their_contacts_however_many_are_asked(
    account: AccountStore,
):
    rows = [
        lead(1, main_contact_id=4, contact_ids="[4]"),
        lead(2, main_contact_id=39_999, contact_ids="[39999,5]"),
        lead(3, company_id=4),
    ]
    account.keep_rows(Part.LEADS, rows, seen_at=90)
    account.keep_rows(Part.CONTACTS, [contact(1, company_id=5)], seen_at=90)
    facts = account.facts()
    assert facts.pointing_at(Part.CONTACTS, [5]) == {Part.LEADS: {2}}
    everybody = range(40_000)
    assert facts.pointing_at(Part.CONTACTS, everybody) == {Part.LEADS: {1, 2}}
    assert facts.pointing_at(Part.COMPANIES, everybody) == {
        Part.LEADS: {3},
        Part.CONTACTS: {1},
    }
    assert facts.pointing_at(Part.COMPANIES, []) == {
        Part.LEADS: set(),
        Part.CONTACTS: set(),
    }


def test_a_winner_that_loses_to_its_own_loser_ends_the_circle(account: AccountStore):
    account.merge(Part.CONTACTS, 4, 5, at=100)
    account.merge(Part.CONTACTS, 5, 4, at=200)
    rows = [lead(1, main_contact_id=4), lead(2, main_contact_id=5)]
    account.keep_rows(Part.LEADS, rows, seen_at=300)
    assert [row.main_contact_id for row in kept(account, Part.LEADS).values()] == [4, 4]


def test_a_task_cannot_be_merged(account: AccountStore):
    with pytest.raises(ValueError, match="cannot be merged"):
        account.merge(Part.TASKS, 1, 2, at=100)
