"""One bad item refuses the whole request, and nothing at all is written."""

import pytest

from tests.sandbox.batches import GOOD_AND_BAD, Account, contents
from tests.sandbox.kit import Api, flaws


@pytest.mark.parametrize("route", GOOD_AND_BAD)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_batch_with_a_bad_item_is_refused_whole(api: Api, route: str, reverse: bool):
    account = Account(api)
    account.start(route)
    path, items = account.batch(route)
    before = contents(api)
    method = route.split(" ")[0]
    answer = api.call(method, path, items[::-1] if reverse else items)
    assert answer.status_code == 400, answer.text
    assert "_embedded" not in answer.json()
    [(request_id, _, _)] = flaws(answer.json())[:1]
    assert request_id == ("0" if reverse else "1")
    assert contents(api) == before


@pytest.mark.parametrize("route", GOOD_AND_BAD)
def test_the_good_item_alone_is_taken(api: Api, route: str):
    account = Account(api)
    account.start(route)
    path, items = account.batch(route)
    before = contents(api)
    answer = api.call(route.split(" ")[0], path, items[:1])
    assert answer.status_code in (200, 201, 204), answer.text
    assert contents(api) != before


@pytest.mark.parametrize(
    ("path", "item"),
    [
        ("leads", {"name": "x", "custom_fields_values": [{"field_id": 1}]}),
        ("contacts", {"name": "x", "responsible_user_id": "x"}),
        ("companies", {"name": "x", "_embedded": {"tags": [{}]}}),
        ("tasks", {"text": "x", "complete_till": "tomorrow"}),
        ("leads/custom_fields", {"name": "x", "code": 5}),
        ("leads/pipelines", {"name": "x", "is_main": "yes"}),
    ],
)
def test_one_bad_value_spoils_the_good_values_beside_it(api: Api, path: str, item):
    account = Account(api)
    ids = {
        "leads": account.lead,
        "contacts": account.contact,
        "companies": account.company,
        "tasks": account.task,
        "leads/custom_fields": account.field,
        "leads/pipelines": account.pipeline,
    }
    before = contents(api)
    api.patch(f"{path}/{ids[path]}", item, status=400)
    assert contents(api) == before


def test_an_unknown_lead_spoils_the_known_ones_of_its_batch(api: Api):
    lead_id = api.lead(name="before")
    before = contents(api)
    items = [{"id": lead_id, "name": "x"}, {"id": 1, "name": "x"}]
    api.patch("leads", items, status=400)
    assert contents(api) == before


def test_a_loss_reason_out_of_place_spoils_the_others_of_its_batch(api: Api):
    ids = [api.lead(), api.lead()]
    reason = api.rows("leads/loss_reasons")[0]["id"]
    before = contents(api)
    items = [{"id": ids[0], "name": "x"}, {"id": ids[1], "loss_reason_id": reason}]
    api.patch("leads", items, status=400)
    assert contents(api) == before


def test_a_foreign_user_spoils_the_others_of_its_batch(api: Api):
    before = contents(api)
    api.post("leads", [{}, {"responsible_user_id": 99}], status=400)
    assert contents(api) == before


def test_a_refused_batch_fires_no_webhook(api: Api):
    hook = {"destination": "https://a.example/", "settings": ["add_lead"]}
    api.post("webhooks", hook, 201)
    api.post("leads", [{}, {"price": "x"}], status=400)
    assert api.sandbox.state.data.deliveries == {}
    api.post("leads", [{}])
    assert len(api.sandbox.state.data.deliveries) == 1


def test_an_unknown_user_spoils_the_others_who_are_to_be_switched_off(api: Api):
    user_id = api.rows("users")[-1]["id"]
    body = api.post("users/deactivate", [{"id": user_id}, {"id": 99}], status=400)
    assert body["detail"] == "User(s) 99 are not associated with provided account."
    assert api.get(f"users/{user_id}")["rights"]["is_active"] is True
