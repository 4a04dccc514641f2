"""Leads, contacts and companies as webhooks tell them: the vocabulary of API v2."""

from collections.abc import Callable
from dataclasses import dataclass

from kommo_sync.sandbox.account.records import Card, Field, Value
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Signal
from kommo_sync.sandbox.hooks.body import Item, split_code
from kommo_sync.sandbox.rules.deals import whole_price
from kommo_sync.sandbox.rules.fieldvalues import DATE_TYPES
from kommo_sync.sandbox.rules.linking import linked_ids


@dataclass(frozen=True)
class Fact:
    """A signal with the account it happened in and the id of the user who acted."""

    state: State
    signal: Signal
    user_id: int = 0

    @property
    def number(self) -> int:
        """The record's id, where ids are numbers."""
        return int(self.signal.id)

    @property
    def extra(self) -> Item:
        """What the signal carries beside the record's id."""
        return self.signal.extra

    @property
    def account_id(self) -> int:
        """The account's id."""
        return self.state.data.account.id


Describe = Callable[[Fact], Item | None]


def _fields(state: State, card: Card) -> list[Item]:
    return [
        {
            "id": field.id,
            "name": field.name,
            "code": field.code,
            "values": [_value(state, field, value) for value in values],
        }
        for field_id, values in card.fields.items()
        if (field := state.data.fields.get(field_id))
    ]


def _value(state: State, field: Field, value: Value) -> Item | int:
    if field.type in DATE_TYPES and state.choices.hook_dates == "bare":
        return int(value.value)
    return {"value": value.value, "enum": value.enum_id}


def _tags(state: State, card: Card) -> list[Item]:
    tags = (state.data.tags.get(tag_id) for tag_id in card.tags)
    return [{"id": tag.id, "name": tag.name} for tag in tags if tag]


def _lead(fact: Fact) -> Item | None:
    lead = fact.state.data.leads.get(fact.number)
    if lead is None:
        return None
    return {
        "id": lead.id,
        "name": lead.name,
        "status_id": lead.status_id,
        "old_status_id": fact.extra.get("old_status_id"),
        "price": whole_price(fact.state, lead.price),
        "responsible_user_id": lead.responsible_user_id,
        "old_responsible_user_id": fact.extra.get("old_responsible_user_id"),
        "last_modified": lead.updated_at,
        "modified_user_id": lead.updated_by,
        "created_user_id": lead.created_by,
        "date_create": lead.created_at,
        "pipeline_id": lead.pipeline_id,
        "old_pipeline_id": _old_pipeline(fact),
        "account_id": fact.account_id,
        "tags": _tags(fact.state, lead),
        "custom_fields": _fields(fact.state, lead),
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
    }


def _old_pipeline(fact: Fact) -> int | None:
    told = fact.state.choices.hook_old_pipeline
    return fact.extra.get("old_pipeline_id") if told else None


def _restored_lead(fact: Fact) -> Item | None:
    if fact.state.choices.hook_restore_form == "full":
        return _lead(fact)
    return _deleted_lead(fact)


def _deleted_lead(fact: Fact) -> Item:
    data = fact.state.data
    lead = data.trashed_leads.get(fact.number) or data.leads.get(fact.number)
    return {
        "id": fact.signal.id,
        "status_id": fact.extra.get("status_id", lead and lead.status_id),
        "pipeline_id": fact.extra.get("pipeline_id", lead and lead.pipeline_id),
    }


def _contact(fact: Fact) -> Item | None:
    contact = fact.state.data.contacts.get(fact.number)
    if contact is None:
        return None
    told = fact.state.choices.hook_contact_company
    company = fact.state.data.companies.get(contact.company_id or 0) if told else None
    own = {
        "company_name": company and company.name,
        "linked_company_id": company and company.id,
    }
    return _person_or_firm(fact, contact, own, "contact")


def _company(fact: Fact) -> Item | None:
    company = fact.state.data.companies.get(fact.number)
    if company is None:
        return None
    return _person_or_firm(fact, company, {}, "company")


def _person_or_firm(fact: Fact, card: Card, own: Item, type_: str) -> Item:
    lead_ids = linked_ids(fact.state, card, "leads")
    return {
        "id": card.id,
        "name": card.name,
        "responsible_user_id": card.responsible_user_id,
        "old_responsible_user_id": fact.extra.get("old_responsible_user_id"),
        "group_id": card.group_id,
        "date_create": card.created_at,
        "last_modified": card.updated_at,
        "created_user_id": card.created_by,
        "modified_user_id": card.updated_by,
        **own,
        "account_id": fact.account_id,
        "custom_fields": _fields(fact.state, card),
        "linked_leads_id": {lead_id: {"ID": lead_id} for lead_id in lead_ids},
        "tags": _tags(fact.state, card),
        "created_at": card.created_at,
        "updated_at": card.updated_at,
        "type": type_,
    }


def _restored_person_or_firm(fact: Fact) -> Item | None:
    if fact.state.choices.hook_restore_form == "brief":
        return _deleted_person_or_firm(fact)
    is_firm = split_code(fact.signal.code)[1] == "company"
    return _company(fact) if is_firm else _contact(fact)


def _deleted_person_or_firm(fact: Fact) -> Item:
    type_ = fact.extra.get("type", split_code(fact.signal.code)[1])
    return {"id": fact.signal.id, "type": type_}


CARD_FORMS: dict[str, dict[str, Describe]] = {
    "lead": {"": _lead, "delete": _deleted_lead, "restore": _restored_lead},
    "contact": {
        "": _contact,
        "delete": _deleted_person_or_firm,
        "restore": _restored_person_or_firm,
    },
    "company": {
        "": _company,
        "delete": _deleted_person_or_firm,
        "restore": _restored_person_or_firm,
    },
}
"""By entity, then by action; "" is every action without a form of its own."""
