"""The independent witness: every request, every change, and no secret among them."""

from typing import Any

import msgspec
import pytest

from kommo_sync.sandbox.oauth.tokens import issue_code, issue_refresh, ours
from tests.sandbox.kit import Api


def requests(api: Api, **query: int) -> list[Any]:
    rows: list[Any] = api.call("GET", "/_sandbox/requests", params=query).json()[
        "requests"
    ]
    return rows


def last(api: Api) -> Any:
    return requests(api)[-1]


def changes(api: Api, entity: str, record_id: int | str) -> list[Any]:
    rows = api.call("GET", "/_sandbox/changes").json()["changes"]
    return [row for row in rows if (row["entity"], row["id"]) == (entity, record_id)]


def facts(row: Any) -> tuple[str, Any, Any]:
    return row["slot"], row["before"], row["after"]


def admin(api: Api) -> Any:
    return next(u for u in api.sandbox.state.data.users.values() if u.is_admin)


def test_a_read_is_witnessed_as_it_came_and_as_it_was_answered(api: Api):
    answer = api.call("GET", "leads/pipelines?page=1&with=x%5B%5D")
    assert last(api) == {
        "seq": 1,
        "at": 1_790_000_000.0,
        "method": "GET",
        "path": "/api/v4/leads/pipelines",
        "query": "page=1&with=x%5B%5D",
        "status": 200,
        "client_id": ours(api.sandbox.state).client_id,
        "user_id": admin(api).id,
        "body": None,
        "fault": None,
        "bytes_out": len(answer.content),
    }


def test_a_write_is_witnessed_with_its_body(api: Api):
    api.call("POST", "leads", content='[{"name":"Анна"}]'.encode())
    assert last(api)["body"] == '[{"name":"Анна"}]'


def test_a_body_of_a_read_is_not_kept(api: Api):
    api.call("GET", "account", content=b"[1]")
    assert last(api)["body"] is None


def test_a_long_body_is_kept_up_to_64_kib(api: Api):
    api.call("POST", "leads", [{"name": "x" * 70_000}])
    assert len(last(api)["body"]) == 65_536
    assert len(api.rows("leads")[0]["name"]) == 70_000


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "leads", {}, 400),
        ("GET", "nowhere", None, 404),
        ("GET", "leads", None, 204),
        ("DELETE", "leads", None, 405),
        ("DELETE", "tasks/1", None, 403),
        ("GET", "customers", None, 422),
    ],
)
def test_what_was_refused_is_witnessed_too(api: Api, method, path, body, status):
    api.call(method, path, body)
    assert (last(api)["method"], last(api)["status"]) == (method, status)


def test_a_stranger_is_witnessed_without_a_name(api: Api):
    api.call("POST", "leads", [{}], headers={"Authorization": "Bearer nonsense"})
    row = last(api)
    assert (row["status"], row["client_id"], row["user_id"]) == (401, "", 0)
    assert row["body"] is None


def test_requests_are_counted_from_one_without_a_gap(api: Api):
    for path in ("account", "nowhere", "leads", "account"):
        api.call("GET", path)
    assert [row["seq"] for row in requests(api)] == [1, 2, 3, 4]


def test_pages_and_control_routes_are_no_requests_of_a_client(api: Api):
    for path in ("/_sandbox/clock", "/_nowhere"):
        api.call("GET", path)
    assert requests(api) == []


def test_a_throttled_request_is_witnessed(api: Api):
    api.sandbox.limiter.rate = 1
    for _ in range(2):
        api.call("GET", "account")
    assert [row["status"] for row in requests(api)] == [200, 429]


def test_no_secret_is_ever_in_the_history(api: Api):
    state, app = api.sandbox.state, ours(api.sandbox.state)
    code = issue_code(state, app, admin(api))
    refresh = issue_refresh(state, app, admin(api), "")
    base = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": app.redirect_uri,
    }
    by_code = {**base, "grant_type": "authorization_code", "code": code}
    by_refresh = {**base, "grant_type": "refresh_token", "refresh_token": refresh}
    pair = api.call("POST", "/oauth2/access_token", by_code).json()
    api.call("POST", "/oauth2/access_token", data=by_refresh)
    api.call("POST", "/oauth2/access_token", {**by_refresh, "client_id": "wrong"})
    where = "/oauth2/account/current/subdomain"
    api.call("GET", where, headers={"X-Refresh-Token": pair["refresh_token"]})
    user = {"name": "x", "email": "x@a.example", "password": "open sesame"}
    api.post("users", [user], 201)
    tokens = api.call("POST", "/_sandbox/tokens").json()
    secrets = [code, refresh, app.client_secret, api.sandbox.token, "open sesame"]
    secrets += [pair["access_token"], pair["refresh_token"], *tokens.values()]
    data = state.data
    kept = msgspec.json.encode((data.requests, data.changes, data.events)).decode()
    assert len(data.requests) == 5
    assert [secret for secret in secrets if secret in kept] == []


def test_the_token_endpoint_is_witnessed_by_client_without_its_body(api: Api):
    state, app = api.sandbox.state, ours(api.sandbox.state)
    sent = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": app.redirect_uri,
        "grant_type": "authorization_code",
        "code": issue_code(state, app, admin(api)),
    }
    api.call("POST", "/oauth2/access_token", sent)
    row = last(api)
    assert (row["path"], row["status"]) == ("/oauth2/access_token", 200)
    assert (row["client_id"], row["body"]) == (app.client_id, None)


def test_a_creation_is_a_change_with_the_whole_record(api: Api):
    lead_id = api.lead(name="Roof", price=12.5)
    [row] = changes(api, "leads", lead_id)
    assert (row["slot"], row["before"]) == ("created", None)
    assert (row["after"]["name"], row["after"]["price"]) == ("Roof", 1250)


def test_each_property_that_differs_is_a_change_with_before_and_after(api: Api):
    lead_id = api.lead(name="a", price=1)
    api.patch(f"leads/{lead_id}", {"name": "b", "price": 2, "status_id": 142})
    rows = changes(api, "leads", lead_id)[1:]
    stage = api.stages()[0]
    assert [facts(row) for row in rows] == [
        ("name", "a", "b"),
        ("price", 100, 200),
        ("status_id", stage, 142),
        ("closed_at", None, 1_790_000_000),
    ]


def test_writing_what_is_there_already_is_no_change(api: Api):
    lead_id = api.lead(name="a", tags_to_add=[{"name": "vip"}])
    api.patch(f"leads/{lead_id}", {"name": "a", "tags_to_add": [{"name": "VIP"}]})
    assert len(changes(api, "leads", lead_id)) == 1


def test_tags_fields_and_links_are_changes_of_their_own(api: Api):
    [field_id] = api.make("leads/custom_fields", {"name": "F", "type": "text"})
    lead_id, contact_id = api.lead(), api.contact()
    value = {"field_id": field_id, "values": [{"value": "x"}]}
    api.patch(f"leads/{lead_id}", {"custom_fields_values": [value]})
    api.patch(f"leads/{lead_id}", {"tags_to_add": [{"name": "vip"}]})
    api.patch(f"leads/{lead_id}", {"tags_to_delete": [{"name": "vip"}]})
    link = {"to_entity_id": contact_id, "to_entity_type": "contacts"}
    api.post(f"leads/{lead_id}/link", [link])
    assert [facts(row) for row in changes(api, "leads", lead_id)[1:]] == [
        (f"field:{field_id}", [], ["x"]),
        ("tag:vip", False, True),
        ("tag:vip", True, False),
        (f"link:contacts:{contact_id}", False, True),
    ]
    other_end = [facts(row) for row in changes(api, "contacts", contact_id)[1:]]
    assert other_end == [(f"link:leads:{lead_id}", False, True)]


def test_renaming_a_choice_keeps_what_it_was_called_before(api: Api):
    enums = [{"value": "A"}]
    field = {"name": "Kind", "type": "select", "enums": enums}
    [field_id] = api.make("leads/custom_fields", field)
    [enum] = api.get(f"leads/custom_fields/{field_id}")["enums"]
    api.patch(f"leads/custom_fields/{field_id}", {"enums": [{**enum, "value": "B"}]})
    slot, before, after = facts(changes(api, "custom_fields", field_id)[-1])
    assert (slot, before[0]["value"], after[0]["value"]) == ("enums", "A", "B")
    assert before[0]["id"] == after[0]["id"]


def test_a_change_names_its_author_and_the_request_that_made_it(api: Api):
    lead_id = api.lead()
    [row] = changes(api, "leads", lead_id)
    app = ours(api.sandbox.state)
    assert row["author"] == {
        "kind": "integration",
        "name": app.name,
        "user_id": admin(api).id,
        "client_id": app.client_id,
        "is_ours": True,
    }
    assert requests(api)[row["request"] - 1]["path"] == "/api/v4/leads"


def test_a_human_is_told_apart_from_us(api: Api):
    lead_id = api.lead()
    user = api.rows("users")[-1]
    api.act("edit", entity="leads", id=lead_id, user_id=user["id"], set={"name": "x"})
    row = changes(api, "leads", lead_id)[-1]
    author = row["author"]
    assert (author["kind"], author["name"]) == ("human", user["name"])
    assert (author["is_ours"], row["request"]) == (False, None)


def test_a_change_is_dated_by_the_clock(api: Api, clock):
    clock.advance(12.5)
    [row] = changes(api, "leads", api.lead())
    assert row["at"] == 1_790_000_012.5


def test_what_people_delete_and_join_is_witnessed(api: Api):
    winner, loser, gone = api.contact(), api.contact(), api.contact()
    api.act("merge", entity="contacts", id=winner, loser_id=loser)
    api.act("trash", entity="contacts", id=gone)
    api.act("restore", entity="contacts", id=gone)
    assert facts(changes(api, "contacts", loser)[-1]) == ("merged", None, winner)
    slots = [row["slot"] for row in changes(api, "contacts", gone)]
    assert slots == ["created", "trashed", "restored"]
