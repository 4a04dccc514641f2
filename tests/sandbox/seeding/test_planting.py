from collections import Counter
from typing import Any

import pytest

from tests.sandbox.seeded import NOW, account


@pytest.fixture(scope="module")
def data():
    return account(240).data


def test_links_stand_at_both_ends(data):
    for lead in data.leads.values():
        assert all(lead.id in data.contacts[i].lead_ids for i in lead.contact_ids)
        if lead.company_id is not None:
            assert lead.id in data.companies[lead.company_id].lead_ids
    for contact in data.contacts.values():
        assert all(contact.id in data.leads[i].contact_ids for i in contact.lead_ids)
        if contact.company_id is not None:
            assert contact.id in data.companies[contact.company_id].contact_ids


@pytest.mark.parametrize("timezone", ["America/New_York", "Asia/Tokyo", "UTC"])
def test_nothing_but_what_is_due_lies_in_the_future(timezone):
    data = account(60, timezone=timezone).data
    tables = (data.leads, data.contacts, data.companies, data.tasks, data.notes)
    for row in (row for table in tables for row in table.values()):
        assert row.created_at <= row.updated_at <= NOW
    assert all(event.created_at <= NOW for event in data.events)
    assert all(talk.updated_at <= NOW for talk in data.talks.values())
    assert max(row.updated_at for row in data.leads.values()) > NOW - 5 * 86_400


def test_the_feed_is_in_order_and_numbered_from_one(data):
    moments = [event.created_at for event in data.events]
    assert moments == sorted(moments)
    assert [event.seq for event in data.events] == list(range(1, len(moments) + 1))


def test_the_feed_tells_of_everything_that_happened(data):
    kinds = Counter(event.type for event in data.events)
    assert kinds["lead_added"] == len(data.leads)
    assert kinds["contact_added"] == len(data.contacts)
    assert kinds["task_added"] == len(data.tasks)
    assert kinds["incoming_call"] + kinds["outgoing_call"] == sum(
        note.note_type.startswith("call_") for note in data.notes.values()
    )
    assert kinds["talk_created"] == len(data.talks) > 0
    assert kinds["incoming_chat_message"] > 0 < kinds["outgoing_chat_message"]


def test_a_leads_stages_in_the_feed_end_where_it_stands(data):
    last: dict[int, tuple[Any, ...]] = {}
    for event in data.events:
        if event.type == "lead_status_changed":
            assert last.get(event.entity_id, event.before) == event.before
            last[event.entity_id] = event.after
    for lead_id, after in last.items():
        lead = data.leads[lead_id]
        assert after == ("lead_status", lead.status_id, lead.pipeline_id)


def test_the_feed_names_only_what_exists(data):
    plurals = {"lead": "leads", "contact": "contacts", "company": "companies"}
    for event in data.events:
        table = getattr(data, plurals.get(event.entity_type, "tasks"))
        assert event.entity_id in table
        if event.after[:1] == ("note",):
            assert data.notes[event.after[1]].entity_id == event.entity_id


def test_ids_ascend_in_every_table(data):
    for table in (data.leads, data.contacts, data.companies, data.tasks, data.notes):
        assert list(table) == sorted(table)
        assert all(key == row.id for key, row in table.items())


def test_cards_know_their_closest_open_task(data):
    closest: dict[tuple[str, int], int] = {}
    for task in data.tasks.values():
        if not task.is_completed:
            key = (task.entity_type, task.entity_id)
            closest[key] = min(task.complete_till, closest.get(key, task.complete_till))
    for kind in ("leads", "contacts", "companies"):
        for card in getattr(data, kind).values():
            assert card.closest_task_at == closest.get((kind, card.id))


def test_every_tag_and_field_on_a_card_has_a_mark(data):
    for kind in ("leads", "contacts", "companies"):
        for card in getattr(data, kind).values():
            slots = {f"tag:{data.tags[i].name}" for i in card.tags}
            slots |= {f"field:{i}" for i in card.fields}
            assert slots <= data.marks[kind][card.id].keys()


def test_only_tags_of_leads_have_colours(data):
    colored = {tag.entity_type for tag in data.tags.values() if tag.color}
    assert colored == {"leads"}
