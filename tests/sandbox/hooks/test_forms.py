"""Notes, tasks, talks, messages and incoming leads as webhooks tell them."""

import pytest

from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Signal
from kommo_sync.sandbox.hooks.forms import describe, local_time
from tests.sandbox.hooksamples import (
    LEAD_NOTE,
    MESSAGE,
    T0,
    TALK,
    TASK,
    UNSORTED_CHAT,
    UNSORTED_DELETE,
    UNSORTED_FORM,
    note,
    said,
    sample_account,
    whole,
)


@pytest.fixture
def state() -> State:
    return sample_account()


def test_a_note_is_nested_twice_and_names_its_author_in_json(state):
    note(state, "leads", 501, "common", text="hello")
    assert said(state, "note_lead", 6001) == whole(LEAD_NOTE)


def test_a_note_signal_may_carry_the_notes_own_id(state):
    note(state, "leads", 501, "common", text="hello")
    assert said(state, "note_lead", 6001) == whole(LEAD_NOTE)


@pytest.mark.parametrize(
    ("code", "kind", "card_id", "number"),
    [("note_contact", "contacts", 77, 1), ("note_company", "companies", 41, 3)],
)
def test_notes_of_contacts_and_companies_differ_by_element_type(
    state, code, kind, card_id, number
):
    note(state, kind, card_id, "common", text="hello")
    told = said(state, code, 6001)
    assert f"contacts[note][0][note][element_type]={number}" in told
    assert f"contacts[note][0][note][element_id]={card_id}" in told


@pytest.mark.parametrize(
    ("note_type", "number"),
    [
        ("common", 4),
        ("attachment", 5),
        ("call_in", 10),
        ("call_out", 11),
        ("sms_in", 102),
        ("sms_out", 103),
        ("service_message", 25),
    ],
)
def test_note_types_are_numbers(state, note_type, number):
    note(state, "leads", 501, note_type)
    told = said(state, "note_lead", 6001)
    assert f"leads[note][0][note][note_type]={number}" in told


def test_a_call_tells_its_recording_in_upper_case_json(state):
    call = {"link": "https://x.example/a", "phone": "+1", "duration": 42, "uniq": "u"}
    note(state, "contacts", 77, "call_in", **call)
    told = said(state, "note_contact", 6001)
    text = '{"LINK":"https://x.example/a","PHONE":"+1","DURATION":42}'
    assert f"contacts[note][0][note][text]={text}" in told


def test_an_attachment_is_named_in_the_key_with_the_odd_spelling(state):
    note(state, "leads", 501, "attachment", file_name="offer.pdf")
    told = said(state, "note_lead", 6001)
    assert "leads[note][0][note][attachement]=offer.pdf" in told
    assert "leads[note][0][note][text]=offer.pdf" in told


def test_a_note_of_nobody_is_the_robots(state):
    note(state, "leads", 501, "common", text="hello")
    state.data.notes[6001].created_by = 0
    assert '"author_name":"Robot"' in "".join(said(state, "note_lead", 6001))


def test_a_task_has_times_in_the_accounts_zone_beside_unix_seconds(state):
    assert said(state, "add_task", 9001) == whole(TASK, "add")


def test_a_completed_task_says_so_and_tells_its_result(state):
    task = state.data.tasks[9001]
    task.is_completed, task.result = True, "reached"
    told = said(state, "update_task", 9001, action_close=1)
    done = TASK.replace("[status]=0", "[status]=1")
    more = "task[ACTION][0][action_close]=1\ntask[ACTION][0][result][text]=reached\n"
    assert told == whole(done + more, "update")


def test_a_task_with_another_text_tells_the_old_one(state):
    told = said(state, "update_task", 9001, old_text="Write")
    assert told == whole(TASK + "task[ACTION][0][old_text]=Write\n", "update")


def test_a_task_of_another_user_is_told_whole(state):
    assert said(state, "responsible_task", 9001) == whole(TASK, "responsible")


def test_a_task_without_a_card_names_no_element(state):
    task = state.data.tasks[9001]
    task.entity_id = task.entity_type = None
    told = said(state, "add_task", 9001)
    assert told == [line for line in whole(TASK, "add") if "element" not in line]


@pytest.mark.parametrize(("named", "count"), [(True, 3), (False, 1)])
def test_a_deleted_task_names_its_element_by_switch(state, named, count):
    state.choices.hook_task_delete_has_entity = named
    told = said(state, "delete_task", 9001, element_id=501, element_type="leads")
    parts = ["[element_id]=501", "[element_type]=2", "[id]=9001"][-count:]
    assert told == whole("\n".join(f"task[delete][0]{part}" for part in parts))


@pytest.mark.parametrize("action", ["add", "update"])
def test_a_talk_is_told_under_its_own_key(state, action):
    assert said(state, f"{action}_talk", 71) == whole(TALK, action)


def test_a_message_is_told_as_the_signal_carries_it(state):
    message = {
        "id": "message-uuid",
        "chat_id": "chat-uuid",
        "talk_id": 71,
        "contact_id": 77,
        "text": "Hi",
        "created_at": T0,
        "element_type": 2,
        "entity_type": "lead",
        "element_id": 501,
        "entity_id": 501,
        "type": "incoming",
        "author": {
            "id": "author-uuid",
            "type": "external",
            "name": "Bob",
            "avatar_url": "https://img.example/b.png",
        },
        "origin": "waba",
        "attachment": {
            "type": "picture",
            "link": "https://img.example/a.png",
            "file_name": "a.png",
        },
    }
    assert said(state, "add_message", "message-uuid", message=message) == whole(MESSAGE)


@pytest.mark.parametrize("action", ["add", "update"])
def test_an_incoming_lead_from_a_form_is_told_with_what_it_holds(state, action):
    assert said(state, f"{action}_unsorted", "a1b2") == whole(UNSORTED_FORM, action)


def test_an_incoming_lead_from_a_chat_tells_the_message(state):
    entry = state.data.unsorted["a1b2"]
    entry.category = "chats"
    entry.metadata = {
        "from": "client-9",
        "service": "waba",
        "client": {"name": "Bob"},
        "origin": {"chat_id": "chat-uuid"},
        "last_message_text": "Hi",
    }
    told = said(state, "add_unsorted", "a1b2")
    source = [line for line in told if "source_data" in line]
    assert source == sorted(UNSORTED_CHAT.split())


def test_an_accepted_incoming_lead_tells_what_became_of_it(state):
    told = said(state, "delete_unsorted", "a1b2", action="accept")
    assert told == whole(UNSORTED_DELETE)


def test_a_declined_incoming_lead_has_no_result(state):
    told = said(state, "delete_unsorted", "a1b2", action="decline")
    declined = UNSORTED_DELETE.replace("=accept", "=decline")
    assert told == [line for line in whole(declined) if "accept_result" not in line]


@pytest.mark.parametrize(
    ("code", "record_id"),
    [
        ("update_lead", 999),
        ("update_contact", 999),
        ("update_company", 999),
        ("update_task", 999),
        ("update_talk", 999),
        ("note_lead", 999),
        ("add_unsorted", "gone"),
        ("delete_unsorted", "gone"),
        ("add_message", "without one"),
        ("add_customer", 1),
        ("add_chat_template_review", 1),
    ],
)
def test_what_is_gone_or_never_happens_here_is_not_told(state, code, record_id):
    assert describe(state, Signal(code=code, kind="", id=record_id)) is None


def test_local_times_follow_the_account_through_the_year(state):
    state.data.account.timezone = "Europe/Berlin"
    assert local_time(state, 1_767_225_600) == "2026-01-01 01:00:00"
    assert local_time(state, 1_782_864_000) == "2026-07-01 02:00:00"


def test_a_time_beyond_the_calendar_does_no_harm(state):
    state.data.tasks[9001].complete_till = 10**15
    told = said(state, "add_task", 9001)
    assert "task[add][0][complete_till]=0000-00-00 00:00:00" in told
    assert f"task[add][0][complete_before]={10**15}" in told
