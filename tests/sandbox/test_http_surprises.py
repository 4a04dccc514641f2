"""What surprises who believes the documentation: each a measurement or a report."""

from typing import Any

import pytest

from tests.sandbox.batches import GOOD_AND_BAD, Account
from tests.sandbox.kit import Api

WITHOUT_REQUEST_IDS = (
    "PATCH leads/tags",
    "PATCH leads/custom_fields",
    "POST leads/complex",
    "POST leads/{lead}/link",
    "POST leads/link",
    "POST leads/{lead}/unlink",
)
ECHOING = [route for route in GOOD_AND_BAD if route not in WITHOUT_REQUEST_IDS]


def distinct(items: list[Any]) -> list[Any]:
    """Return the items with addresses of their own, where they have one."""
    return [
        {**item, "email": f"{n}@b.example"} if "email" in item else item
        for n, item in enumerate(items)
    ]


@pytest.mark.parametrize("route", ECHOING)
def test_each_item_comes_back_with_its_request_id_or_else_its_place(
    api: Api, route: str
):
    path, [good, _] = Account(api).batch(route)
    items = distinct([{**good, "request_id": "mine"}, good, {**good, "request_id": 7}])
    answer = api.call(route.split(" ")[0], path, items)
    [rows] = answer.json()["_embedded"].values()
    assert [row["request_id"] for row in rows] == ["mine", "1", "7"]


@pytest.mark.parametrize(
    ("path", "item"),
    [
        ("leads", {"name": "x"}),
        ("contacts", {"name": "x"}),
        ("tasks", {"text": "x", "complete_till": 1}),
    ],
)
def test_a_request_id_does_not_keep_a_repeated_request_from_creating_again(
    api: Api, path: str, item: dict[str, Any]
):
    sent = [{**item, "request_id": "same"}]
    first, second = (api.post(path, sent)["_embedded"][path][0] for _ in range(2))
    assert first["request_id"] == second["request_id"] == "same"
    assert first["id"] != second["id"]


def test_who_stops_at_a_short_page_misses_all_but_250(api: Api):
    api.make("leads", *[{}] * 250)
    api.make("leads", {})
    body = api.get("leads?limit=500")
    assert len(body["_embedded"]["leads"]) < 500
    assert "next" in body["_links"]


def test_a_typo_in_a_filter_returns_the_whole_account(api: Api):
    api.make("leads", *({"updated_at": n} for n in (1, 2, 3)))
    assert len(api.rows("leads?filter[update_at][from]=3")) == 3
    assert len(api.rows("leads?filter[updated_at][from]=3")) == 1


def test_a_lead_can_be_sent_back_as_it_was_read(api: Api):
    company, contact = api.company(), api.contact()
    lead_id = api.lead(
        price=9.99,
        _embedded={"companies": [{"id": company}], "contacts": [{"id": contact}]},
        tags_to_add=[{"name": "vip"}],
    )
    before = api.get(f"leads/{lead_id}?with=contacts")
    api.patch(f"leads/{lead_id}", before)
    after = api.get(f"leads/{lead_id}?with=contacts")
    assert after["_embedded"] == before["_embedded"]


def test_a_lead_sent_back_whole_is_refused_once_its_author_has_gone(api: Api):
    author = api.rows("users")[-1]["id"]
    lead_id = api.lead(created_by=author)
    api.act("deactivate_user", id=author)
    lead = api.get(f"leads/{lead_id}")
    assert api.patch(f"leads/{lead_id}", lead, status=400)
    assert api.patch(f"leads/{lead_id}", {"name": "x"})


def test_a_deleted_field_spoils_a_change_that_still_names_it(api: Api):
    [field_id] = api.make("leads/custom_fields", {"name": "F", "type": "text"})
    values = [{"field_id": field_id, "values": [{"value": "x"}]}]
    lead_id = api.lead(name="before", custom_fields_values=values)
    api.delete(f"leads/custom_fields/{field_id}")
    sent = {"name": "after", "custom_fields_values": values}
    api.patch(f"leads/{lead_id}", sent, status=400)
    assert api.get(f"leads/{lead_id}")["name"] == "before"


def test_the_last_write_wins_whatever_was_read_before(api: Api):
    lead_id = api.lead(name="a", updated_at=1000)
    api.patch(f"leads/{lead_id}", {"name": "b"})
    api.patch(f"leads/{lead_id}", {"name": "c", "updated_at": 500})
    assert api.get(f"leads/{lead_id}")["name"] == "c"


def test_two_integrations_replacing_the_set_of_tags_lose_each_others(api: Api):
    lead_id = api.lead(_embedded={"tags": [{"name": "theirs"}]})
    api.patch(f"leads/{lead_id}", {"_embedded": {"tags": [{"name": "ours"}]}})
    tags = api.get(f"leads/{lead_id}")["_embedded"]["tags"]
    assert [tag["name"] for tag in tags] == ["ours"]


def test_php_writes_an_empty_object_as_an_empty_list_and_so_may_a_client(api: Api):
    [task_id] = api.make("tasks", {"text": "x", "complete_till": 1, "result": []})
    assert api.get(f"tasks/{task_id}")["result"] == []
    lead_id = api.lead(_embedded=[])
    assert api.get(f"leads/{lead_id}")["custom_fields_values"] is None


def test_a_walk_that_loses_rows_to_changes_between_its_pages_is_possible(api: Api):
    ids = api.make("leads", *({"updated_at": n} for n in (1, 2, 3, 4)))
    first = api.rows("leads?limit=2&order[updated_at]=asc")
    api.patch(f"leads/{ids[0]}", {"name": "moved to the end"})
    second = api.rows("leads?limit=2&page=2&order[updated_at]=asc")
    seen = [row["id"] for row in (*first, *second)]
    assert ids[2] not in seen
