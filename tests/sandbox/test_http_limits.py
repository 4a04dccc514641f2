"""How much one request may carry, and how much one account may hold."""

from typing import Any

import pytest

from tests.sandbox.kit import Api


@pytest.mark.parametrize(
    ("path", "item"),
    [
        ("leads", {}),
        ("contacts", {"name": "x"}),
        ("companies", {"name": "x"}),
        ("tasks", {"text": "x", "complete_till": 1}),
    ],
)
def test_a_batch_holds_250_entities_and_not_one_more(api: Api, path: str, item):
    assert api.call("POST", path, [item] * 251).status_code == 400
    assert api.call("GET", path).status_code == 204
    assert len(api.make(path, *[item] * 250)) == 250


def test_a_batch_of_changes_holds_250_too(api: Api):
    lead_id = api.lead()
    items = [{"id": lead_id, "name": str(n)} for n in range(251)]
    api.patch("leads", items, status=400)
    api.patch("leads", items[:250])
    assert api.get(f"leads/{lead_id}")["name"] == "249"


def values(api: Api, kind: str, count: int) -> list[dict[str, Any]]:
    fields = [{"name": f"F{n}", "type": "text"} for n in range(count)]
    ids = api.make(f"{kind}/custom_fields", *fields)
    return [{"field_id": i, "values": [{"value": "x"}]} for i in ids]


def test_a_complex_lead_and_its_contact_take_40_field_values_each(api: Api):
    of_lead, of_contact = values(api, "leads", 41), values(api, "contacts", 41)

    def sent(leads: int, contacts: int) -> list[dict[str, Any]]:
        contact = {"name": "x", "custom_fields_values": of_contact[:contacts]}
        embedded = {"contacts": [contact]}
        return [{"custom_fields_values": of_lead[:leads], "_embedded": embedded}]

    assert api.post("leads/complex", sent(41, 40), status=400)
    assert api.post("leads/complex", sent(40, 41), status=400)
    assert api.post("leads/complex", sent(40, 40))


def test_outside_complex_a_lead_takes_more_than_40_field_values(api: Api):
    lead_id = api.lead(custom_fields_values=values(api, "leads", 60))
    assert len(api.get(f"leads/{lead_id}")["custom_fields_values"]) == 60


def test_a_pipeline_has_100_stages_at_most_its_own_three_included(api: Api):
    stages = f"leads/pipelines/{api.pipeline()['id']}/statuses"
    room = 100 - len(api.rows(stages))
    api.post(stages, [{"name": "x"}] * (room + 1), status=400)
    api.post(stages, [{"name": "x"}] * room)
    api.post(stages, [{"name": "x"}], status=400)
    assert len(api.rows(stages)) == 100


def test_a_pipeline_can_be_made_with_97_stages_beside_its_own_three(api: Api):
    def sent(count: int) -> list[dict[str, Any]]:
        closing = [{"id": 142, "name": "Won"}, {"id": 143, "name": "Lost"}]
        stages = [{"name": "x"}] * count
        return [{"name": "x", "_embedded": {"statuses": [*stages, *closing]}}]

    api.post("leads/pipelines", sent(98), status=400)
    [made] = api.post("leads/pipelines", sent(97))["_embedded"]["pipelines"]
    assert len(made["_embedded"]["statuses"]) == 100


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("filter[entity]=lead&filter[entity_id]={ten}", 204),
        ("filter[entity]=lead&filter[entity_id]={ten},11", 400),
        ("filter[entity_id]={ten}", 400),
        ("filter[entity]=lead,contact&filter[entity_id]=1", 400),
        ("filter[created_by]={ten}", 204),
        ("filter[created_by]={ten},11", 400),
    ],
)
def test_events_filter_by_ten_ids_of_one_entity_and_by_ten_users(
    api: Api, query: str, status: int
):
    ten = ",".join(str(n) for n in range(1, 11))
    assert api.call("GET", f"events?{query.format(ten=ten)}").status_code == status
