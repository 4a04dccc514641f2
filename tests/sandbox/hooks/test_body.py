"""Webhook bodies: their codes, their tail, their spelling."""

import pytest

from kommo_sync.sandbox.account.records import Lead
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Signal
from kommo_sync.sandbox.hooks.body import CODES, codes_in, write_body
from kommo_sync.sandbox.hooks.forms import describe
from tests.sandbox.hooksamples import (
    body,
    lines,
    note,
    said,
    sample_account,
)


@pytest.fixture
def state() -> State:
    return sample_account()


def test_several_items_of_one_event_share_a_body(state):
    state.data.leads[502] = Lead(id=502, name="Window")
    signals = [Signal(code="add_lead", kind="leads", id=i) for i in (501, 502)]
    items = [item for s in signals if (item := describe(state, s))]
    told = lines(write_body(state, "add_lead", items))
    assert "leads[add][0][name]=Roof repair" in told
    assert "leads[add][1][name]=Window" in told


def test_a_body_is_a_form_as_php_encodes_it(state):
    state.data.leads[501].name = "Крыша & roof"
    text = body(state, "add_lead", 501)
    name = "%D0%9A%D1%80%D1%8B%D1%88%D0%B0+%26+roof"
    assert f"leads%5Badd%5D%5B0%5D%5Bname%5D={name}&" in text
    assert text.isascii()


def test_the_account_is_named_by_its_present_subdomain_and_domain(state):
    state.data.account.subdomain, state.data.account.domain = "neu", "amocrm.ru"
    told = said(state, "delete_contact", 77)
    assert "account[subdomain]=neu" in told
    assert "account[_links][self]=https://neu.amocrm.ru" in told


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_body_tells_its_event_code_by_itself(state, code):
    note(state, "companies" if "company" in code else "leads", 41, "common", text="x")
    ids = {"lead": 501, "contact": 77, "company": 41, "task": 9001, "talk": 71}
    record_id = 6001 if code.startswith("note") else ids.get(code.split("_")[1], "a1b2")
    extra = {"message": {"id": "m"}}
    signal = Signal(code=code, kind="", id=record_id, extra=extra)
    item = describe(state, signal) or {"id": 1}
    assert codes_in(write_body(state, code, [item])) == [code]


def test_the_codes_are_those_of_the_documentation_and_of_incoming_leads():
    assert sorted(CODES) == sorted(
        """
        add_lead update_lead delete_lead restore_lead status_lead responsible_lead
        note_lead add_contact update_contact delete_contact restore_contact
        responsible_contact note_contact add_company update_company delete_company
        restore_company responsible_company note_company add_customer update_customer
        delete_customer responsible_customer note_customer add_task update_task
        delete_task responsible_task add_talk update_talk add_message
        add_chat_template_review add_unsorted update_unsorted delete_unsorted
        """.split()
    )
