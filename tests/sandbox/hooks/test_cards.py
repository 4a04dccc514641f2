"""Leads, contacts and companies as webhooks tell them, key by key."""

import pytest

from kommo_sync.sandbox.account.state import State
from tests.sandbox.hooksamples import (
    COMPANY,
    CONTACT,
    LEAD,
    LEAD_DELETE,
    LEAD_STATUS,
    T0,
    said,
    sample_account,
    whole,
)


@pytest.fixture
def state() -> State:
    return sample_account()


@pytest.mark.parametrize("action", ["add", "update", "restore"])
def test_a_lead_is_told_whole_in_the_words_of_v2(state, action):
    assert said(state, f"{action}_lead", 501) == whole(LEAD, action)


def test_a_moved_lead_tells_where_it_was(state):
    lead = state.data.leads[501]
    lead.status_id, lead.updated_at = 142, T0 + 600
    lead.tags, lead.fields = [], {}
    told = said(state, "status_lead", 501, old_status_id=7002, old_pipeline_id=700)
    assert told == whole(LEAD_STATUS)


def test_a_lead_that_changed_hands_tells_whose_it_was(state):
    state.data.leads[501].responsible_user_id = 12
    told = said(state, "responsible_lead", 501, old_responsible_user_id=11)
    now = LEAD.replace("[responsible_user_id]=11", "[responsible_user_id]=12")
    old = "leads[responsible][0][old_responsible_user_id]=11\n"
    assert told == whole(now + old, "responsible")


def test_a_deleted_lead_tells_little(state):
    state.data.trashed_leads[501] = state.data.leads.pop(501)
    told = said(state, "delete_lead", 501, status_id=7002, pipeline_id=700)
    assert told == whole(LEAD_DELETE)


def test_a_deleted_lead_is_read_from_the_trash_if_the_signal_says_nothing(state):
    state.data.trashed_leads[501] = state.data.leads.pop(501)
    assert said(state, "delete_lead", 501) == whole(LEAD_DELETE)


def test_a_lead_that_exists_nowhere_is_told_by_its_id(state):
    assert "leads[delete][0][id]=999" in said(state, "delete_lead", 999)


@pytest.mark.parametrize(
    ("price", "written"), [(0, "0"), (99, "0"), (500_099, "5000"), (-150, "-1")]
)
def test_the_price_is_in_whole_units_and_0_when_unset(state, price, written):
    state.data.leads[501].price = price
    told = said(state, "update_lead", 501)
    assert f"leads[update][0][price]={written}" in told


def test_the_price_is_rounded_where_the_switch_says_so(state):
    state.choices.price_fraction = "round"
    state.data.leads[501].price = 500_050
    assert "leads[update][0][price]=5001" in said(state, "update_lead", 501)


@pytest.mark.parametrize("action", ["add", "update", "restore"])
def test_a_contact_is_told_whole(state, action):
    assert said(state, f"{action}_contact", 77) == whole(CONTACT, action)


def test_a_contact_without_a_company_says_nothing_of_one(state):
    state.data.contacts[77].company_id = None
    told = said(state, "add_contact", 77)
    assert told == [line for line in whole(CONTACT, "add") if "company" not in line]


def test_a_contact_that_changed_hands_tells_whose_it_was(state):
    told = said(state, "responsible_contact", 77, old_responsible_user_id=12)
    old = "contacts[responsible][0][old_responsible_user_id]=12\n"
    assert told == whole(CONTACT + old, "responsible")


def test_tags_of_a_contact_are_told_with_it(state):
    state.data.contacts[77].tags = [3]
    told = said(state, "update_contact", 77)
    tags = (
        "contacts[ACTION][0][tags][0][id]=3\ncontacts[ACTION][0][tags][0][name]=vip\n"
    )
    assert told == whole(CONTACT + tags, "update")


@pytest.mark.parametrize("action", ["add", "update", "restore"])
def test_a_company_comes_under_contacts_and_only_its_type_tells(state, action):
    assert said(state, f"{action}_company", 41) == whole(COMPANY, action)


@pytest.mark.parametrize("type_", ["contact", "company"])
def test_a_deleted_contact_or_company_tells_its_type(state, type_):
    deleted = f"\ncontacts[delete][0][id]=77\ncontacts[delete][0][type]={type_}\n"
    assert said(state, f"delete_{type_}", 77) == whole(deleted)
