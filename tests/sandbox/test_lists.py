"""What a list looks like: HAL, pages, links, totals, and 204 for nothing."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox.kit import ORIGIN, Api

# Documented with totals; leads, contacts, tasks, notes and events have none.
PAGED_WITH_TOTALS = ("leads/custom_fields", "users", "roles", "leads/loss_reasons")
BARE = ("leads", "contacts", "companies", "tasks", "leads/notes", "events")


def fill(api: Api, count: int = 5) -> list[int]:
    """Make leads whose updated_at follows their ids."""
    return api.make("leads", *({"updated_at": 100 + i} for i in range(count)))


def furnish(api: Api) -> None:
    """Make one of everything that BARE lists show."""
    lead_id = api.lead()
    api.contact()
    api.company()
    api.make("tasks", {"text": "Call", "complete_till": 1_790_100_000})
    note = {"entity_id": lead_id, "note_type": "common", "params": {"text": "x"}}
    api.make("leads/notes", note)


def href(body: Any, name: str) -> str:
    return str(body["_links"][name]["href"])


def query(address: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(address).query)


def test_a_list_has_a_page_its_links_and_its_rows(api: Api):
    [lead_id] = fill(api, 1)
    body = api.get("leads")
    assert set(body) == {"_page", "_links", "_embedded"}
    assert body["_page"] == 1
    assert [row["id"] for row in body["_embedded"]["leads"]] == [lead_id]


def test_the_first_page_links_to_itself_and_to_the_next(api: Api):
    fill(api)
    assert set(api.get("leads?limit=2")["_links"]) == {"self", "next"}


def test_a_page_in_the_middle_links_in_all_directions(api: Api):
    fill(api)
    body = api.get("leads?limit=2&page=2")
    pages = {name: dict(query(href(body, name)))["page"] for name in body["_links"]}
    assert pages == {"self": "2", "next": "3", "first": "1", "prev": "1"}


def test_the_last_page_has_no_next(api: Api):
    fill(api)
    assert set(api.get("leads?limit=2&page=3")["_links"]) == {"self", "first", "prev"}


def test_a_last_page_that_is_full_has_no_next_either(api: Api):
    fill(api, 4)
    assert "next" not in api.get("leads?limit=2&page=2")["_links"]


def test_following_next_shows_every_row_once(api: Api):
    ids, seen, path = fill(api, 7), [], "leads?limit=3"
    while path:
        body = api.get(path)
        seen += [row["id"] for row in body["_embedded"]["leads"]]
        path = body["_links"].get("next", {}).get("href", "").removeprefix(ORIGIN)
    assert seen == ids


def test_next_keeps_every_parameter_and_every_value_of_a_list(api: Api):
    ids = fill(api, 3)
    asked = [
        ("with", "contacts,loss_reason"),
        ("filter[id][]", str(ids[0])),
        ("filter[id][]", str(ids[1])),
        ("filter[updated_at][from]", "1"),
        ("order[updated_at]", "desc"),
        ("unknown", "Анна & Co"),
    ]
    body = api.get("leads", params=[*asked, ("limit", "1"), ("page", "1")])
    assert query(href(body, "next")) == [*asked, ("page", "2"), ("limit", "1")]


def test_next_can_be_followed_as_it_stands(api: Api):
    ids = fill(api, 3)
    wanted = "".join(f"&filter[id][]={i}" for i in ids[1:])
    body = api.get(f"leads?limit=1&order[id]=desc{wanted}")
    second = api.rows(href(body, "next").removeprefix(ORIGIN))
    assert [row["id"] for row in second] == [ids[1]]


@pytest.mark.parametrize(
    "origin",
    ["https://acme.kommo.com", "http://127.0.0.1:8381", "https://demo.amocrm.ru"],
)
def test_every_link_stands_on_the_origin_that_was_asked(api: Api, origin: str):
    fill(api, 3)
    api.origin = origin
    body = api.get("leads?limit=1&page=2")
    links = [*body["_links"].values(), body["_embedded"]["leads"][0]["_links"]["self"]]
    assert len(links) == 5
    assert all(link["href"].startswith(f"{origin}/api/v4/leads") for link in links)


def test_behind_a_proxy_links_take_the_scheme_that_it_tells(api: Api):
    fill(api, 2)
    api.origin, api.headers = "http://acme.kommo.com", {"X-Forwarded-Proto": "https"}
    body = api.get("leads?limit=1")
    assert href(body, "next").startswith("https://acme.kommo.com/api/v4/leads?")


@pytest.mark.parametrize("path", BARE)
def test_lists_of_cards_and_what_hangs_on_them_tell_no_totals(api: Api, path: str):
    furnish(api)
    assert set(api.get(path)) == {"_page", "_links", "_embedded"}


@pytest.mark.parametrize("path", PAGED_WITH_TOTALS)
def test_lists_of_settings_tell_their_totals_and_the_last_page(api: Api, path: str):
    total = len(api.rows(f"{path}?limit=250"))
    body = api.get(f"{path}?limit=2")
    assert body["_total_items"] == total
    assert body["_page_count"] == (total + 1) // 2
    assert dict(query(href(body, "last")))["page"] == str(body["_page_count"])


def test_webhooks_pipelines_stages_and_links_tell_their_total(api: Api):
    api.post(
        "webhooks", {"destination": "https://a.example/", "settings": ["add_lead"]}, 201
    )
    lead_id = api.lead(_embedded={"contacts": [{"id": api.contact()}]})
    stages = f"leads/pipelines/{api.pipeline()['id']}/statuses"
    paths = ("webhooks", "leads/pipelines", stages, f"leads/{lead_id}/links")
    for path, total in zip(paths, (1, 2, 7, 1), strict=True):
        assert api.get(path)["_total_items"] == total


@pytest.mark.parametrize("query", ["", "?page=2", "?limit=1", "?limit=1&page=99"])
def test_pipelines_ignore_page_and_limit(api: Api, query: str):
    assert len(api.rows(f"leads/pipelines{query}")) == 2


@pytest.mark.parametrize(
    "path",
    [
        "leads",
        "contacts",
        "companies",
        "tasks",
        "leads/notes",
        "leads/tags",
        "leads/unsorted",
        "webhooks",
        "events",
        "contacts/chats?contact_id[]=1",
    ],
)
def test_an_empty_list_is_204_without_a_body(api: Api, path: str):
    answer = api.call("GET", path)
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("query", ["page=2", "page=999999", "filter[id]=1", "query=zz"])
def test_a_page_beyond_the_end_or_a_filter_without_match_is_204(api: Api, query: str):
    fill(api, 2)
    answer = api.call("GET", f"leads?{query}")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    "path", ["leads/1", "contacts/1", "companies/1", "tasks/1", "leads/notes/1"]
)
def test_a_missing_id_is_204_and_not_404(api: Api, path: str):
    answer = api.call("GET", path)
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies"])
def test_what_lies_in_the_trash_is_204_by_id(api: Api, kind: str):
    [card_id] = api.make(kind, {"name": "x"})
    api.act("trash", entity=kind, id=card_id)
    assert api.call("GET", f"{kind}/{card_id}").status_code == 204


@pytest.mark.parametrize(("choice", "status"), [(404, 404), (204, 204)])
@pytest.mark.parametrize("path", ["leads/pipelines/1", "users/1", "roles/1"])
def test_a_missing_pipeline_user_or_role_is_404_by_switch(
    api: Api, path: str, choice, status
):
    api.sandbox.state.choices.missing_admin_entity = choice
    assert api.call("GET", path).status_code == status


@pytest.mark.parametrize("limit", [250, 251, 500, 10**9])
def test_a_limit_above_250_is_clipped_without_a_word(api: Api, limit: int):
    fill(api, 250)
    fill(api, 10)
    body = api.get(f"leads?limit={limit}")
    assert len(body["_embedded"]["leads"]) == 250
    assert dict(query(href(body, "next"))) == {"page": "2", "limit": "250"}


def test_events_serve_250_a_page(api: Api):
    fill(api, 250)
    fill(api, 1)
    assert len(api.rows("events?limit=250")) == 250


@pytest.mark.parametrize(
    "limit", ["", "limit=0", "limit=-5", "limit=many", "limit[]=9"]
)
def test_without_a_sensible_limit_a_page_has_fifty_rows(api: Api, limit: str):
    fill(api, 60)
    assert len(api.rows(f"leads?{limit}")) == 50


def test_the_page_size_without_a_limit_is_a_switch(api: Api):
    fill(api, 60)
    api.sandbox.state.choices.default_limit = 25
    assert len(api.rows("leads")) == 25


@pytest.mark.parametrize("page", ["page=0", "page=-1", "page=first", "page[]=2"])
def test_a_senseless_page_is_the_first(api: Api, page: str):
    ids = fill(api, 3)
    body = api.get(f"leads?limit=1&{page}")
    assert body["_page"] == 1
    assert body["_embedded"]["leads"][0]["id"] == ids[0]


def test_deep_pages_are_served_unless_the_switch_forbids_them(api: Api):
    fill(api, 3)
    assert len(api.rows("leads?limit=1&page=3")) == 1
    api.sandbox.state.choices.max_page = 2
    assert len(api.rows("leads?limit=1&page=2")) == 1
    assert api.call("GET", "leads?limit=1&page=3").status_code == 400
