"""What the store tells of what it keeps."""

import pytest

from kommo_sync.model.entities import Part
from kommo_sync.store.account import AccountStore
from kommo_sync.store.reading import Won
from tests.store.rows import contact, event, lead, note, task


def test_won_leads_are_counted_and_summed_to_the_cent(account: AccountStore):
    rows = [lead(1, price=10**13 + 1), lead(2, price=10**13), lead(3, status_id=143)]
    account.keep_rows(Part.LEADS, rows, seen_at=100)
    assert account.won() == Won(2, 2 * 10**13 + 1)


def test_nothing_won_is_zero(account: AccountStore):
    assert account.won() == Won(0, 0)


def test_each_part_is_counted_by_itself(account: AccountStore):
    account.keep_rows(Part.CONTACTS, [contact(1), contact(2)], seen_at=100)
    account.keep_rows(Part.LEAD_NOTES, [note(1, "leads", 1)], seen_at=100)
    found = account.counts()
    assert set(found) == set(Part)
    assert (found[Part.CONTACTS], found[Part.LEAD_NOTES]) == (2, 1)
    assert found[Part.CONTACT_NOTES] == found[Part.LEADS] == 0


def test_the_sweep_finds_what_was_not_seen_lately_page_by_page(account: AccountStore):
    account.keep_rows(Part.LEADS, [lead(one) for one in (5, 1, 3)], seen_at=100)
    account.keep_rows(Part.LEADS, [lead(2)], seen_at=200)
    assert account.unseen(Part.LEADS, 200, 2) == (1, 3)
    assert account.unseen(Part.LEADS, 200, 2, after_id=3) == (5,)
    assert account.unseen(Part.LEADS, 100, 9) == ()


def test_the_sweep_of_notes_stays_with_its_kind_of_cards(account: AccountStore):
    account.keep_rows(Part.LEAD_NOTES, [note(1, "leads", 1)], seen_at=100)
    account.keep_rows(Part.CONTACT_NOTES, [note(2, "contacts", 1)], seen_at=100)
    assert account.unseen(Part.LEAD_NOTES, 200, 9) == (1,)
    with pytest.raises(ValueError, match="not seen again"):
        account.unseen(Part.EVENTS, 200, 9)


def test_the_last_contact_is_the_newest_of_notes_events_and_finished_tasks(
    account: AccountStore,
):
    notes = [
        note(1, "contacts", 7, created_at=60),
        note(2, "contacts", 7, created_at=900, note_type="service_message"),
        note(3, "contacts", 8, created_at=61),
    ]
    account.keep_rows(Part.CONTACT_NOTES, notes, seen_at=100)
    events = [event("a", "incoming_call", 7, 70), event("b", "lead_added", 7, 999)]
    account.keep_rows(Part.EVENTS, events, seen_at=100)
    finished = {"is_completed": True, "updated_at": 80}
    tasks = [
        task(1, "leads", 7, **finished),
        task(2, "leads", 7, updated_at=990),
        task(3, None, None, **finished),
    ]
    account.keep_rows(Part.TASKS, tasks, seen_at=100)
    assert sorted(account.last_contacts()) == [
        ("contacts", 7, 70),
        ("contacts", 8, 61),
        ("leads", 7, 80),
    ]


def test_a_contact_with_the_loser_of_a_merge_counts_for_the_winner(
    account: AccountStore,
):
    events = [event("a", "incoming_call", 4, 70), event("b", "incoming_call", 5, 60)]
    account.keep_rows(Part.EVENTS, events, seen_at=100)
    account.merge(Part.CONTACTS, 4, 5, at=100)
    assert list(account.last_contacts()) == [("contacts", 5, 70)]


def test_the_crms_own_counts_are_kept_apart_from_its_won_leads(account: AccountStore):
    assert (account.crm_counts(), account.crm_won()) == ({}, None)
    account.save_count(Part.LEADS, 10, 100)
    account.save_count(Part.LEADS, 12, 200)
    account.save_crm_won(3, 4500, 200)
    assert account.crm_counts() == {Part.LEADS: (12, 200)}
    assert account.crm_won() == (3, 4500, 200)
    account.save_crm_won(4, None, 300)
    assert account.crm_won() == (4, None, 300)


def test_runs_are_listed_the_newest_first(account: AccountStore):
    first, second = account.begin_run("sync", 100), account.begin_run("sync", 200)
    account.end_run(first, "done", 150, 7, 1200, None)
    running, ended = account.runs(9)
    assert (running.id, running.ended_at, running.outcome) == (second, None, None)
    assert (ended.id, ended.started_at, ended.ended_at) == (first, 100, 150)
    assert (ended.outcome, ended.requests, ended.rows) == ("done", 7, 1200)
    assert account.runs(1) == (running,)


def test_events_of_some_types_come_in_order_of_time(account: AccountStore):
    rows = [
        event("d", "lead_deleted", 1, 70),
        event("b", "lead_restored", 1, 60),
        event("a", "lead_deleted", 1, 60),
        event("c", "incoming_call", 1, 65),
        event("e", "lead_deleted", 1, 59),
    ]
    account.keep_rows(Part.EVENTS, rows, seen_at=100)
    facts = account.facts()
    asked = ("lead_restored", "lead_deleted", "lead_restored")
    assert [one.id for one in facts.events(asked, 60)] == ["a", "b", "d"]
    assert facts.events((), 0) == ()
