"""Addresses, headers, content types, and what has no body."""

import pytest

from tests.sandbox.kit import ORIGIN, Api

HAL = "application/hal+json"
PROBLEM = "application/problem+json"


def test_an_answer_has_exactly_the_type_hal(api: Api):
    for path in ("account", "leads/pipelines", "users"):
        assert api.call("GET", path).headers["content-type"] == HAL
    assert api.call("POST", "leads", [{}]).headers["content-type"] == HAL


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("POST", "leads", {}, 400),
        ("POST", "leads", [{"price": "x"}], 400),
        ("DELETE", "tasks/1", None, 403),
        ("PATCH", "customers/mode", {"mode": "segments"}, 402),
        ("GET", "customers", None, 422),
    ],
)
def test_a_refusal_has_exactly_the_type_problem(
    api: Api, method: str, path: str, body, status: int
):
    answer = api.call(method, path, body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM


def test_a_bad_token_is_refused_as_a_problem_too(api: Api):
    answer = api.call("GET", "account", headers={"Authorization": "Bearer x"})
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json() == {
        "title": "Unauthorized",
        "type": "https://httpstatus.es/401",
        "status": 401,
        "detail": "Invalid user name or password",
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "account", None),
        ("GET", "leads", None),
        ("GET", "nothing", None),
        ("DELETE", "leads", None),
        ("POST", "leads", [{"price": "x"}]),
    ],
)
def test_every_answer_has_a_request_id_of_its_own(
    api: Api, method: str, path: str, body
):
    ids = [api.call(method, path, body).headers["x-request-id"] for _ in range(2)]
    assert ids[0] != ids[1]
    assert all(ids)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "calls/1"), ("DELETE", "calls/1"), ("POST", "nowhere"), ("GET", "v5")],
)
def test_an_unknown_route_is_404_and_says_what_cannot_be_done(
    api: Api, method: str, path: str
):
    answer = api.call(method, path)
    assert answer.json() == {
        "title": "Not Found",
        "type": "https://httpstatus.es/404",
        "status": 404,
        "detail": f"Cannot {method} {ORIGIN}/{path}!",
    }


def test_a_wrong_path_outside_the_api_is_404_in_html(api: Api):
    answer = api.call("GET", "/_nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "leads"),
        ("DELETE", "leads/1"),
        ("DELETE", "contacts/1"),
        ("DELETE", "companies/1"),
        ("DELETE", "leads/1/notes/1"),
        ("DELETE", "leads/notes/1"),
        ("DELETE", "tasks"),
        ("POST", "account"),
        ("PUT", "leads"),
        ("PATCH", "webhooks"),
    ],
)
def test_a_method_that_a_route_does_not_take_is_405_without_a_body(
    api: Api, method: str, path: str
):
    answer = api.call(method, path)
    assert (answer.status_code, answer.content) == (405, b"")
    assert "content-type" not in answer.headers


def test_an_array_sent_to_one_contact_is_405_without_a_body(api: Api):
    contact_id = api.contact()
    answer = api.call("PATCH", f"contacts/{contact_id}", [{"id": contact_id}])
    assert (answer.status_code, answer.content) == (405, b"")


def test_204_has_neither_body_nor_type_nor_length(api: Api):
    answer = api.call("GET", "leads")
    assert answer.content == b""
    assert not {"content-type", "content-length"} & set(answer.headers)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "leads/{lead}/unlink", "links"),
        ("DELETE", "leads/custom_fields/{field}", None),
        ("DELETE", "webhooks", "hook"),
        ("DELETE", "leads/pipelines/{pipeline}", None),
        ("DELETE", "leads/loss_reasons/{reason}", None),
        ("DELETE", "roles/{role}", None),
        ("POST", "leads/{lead}/notes/{note}/pin", None),
        ("POST", "users/deactivate", "users"),
    ],
)
def test_deleting_unlinking_and_pinning_are_204(api: Api, method, path, body):
    contact = api.contact()
    lead = api.lead(_embedded={"contacts": [{"id": contact}]})
    note = {"note_type": "common", "params": {"text": "x"}}
    hook = {"destination": "https://a.example/", "settings": ["add_lead"]}
    api.post("webhooks", hook, 201)
    pipelines = api.post("leads/pipelines", [{"name": "New"}])["_embedded"]
    ids = {
        "lead": lead,
        "field": api.make("leads/custom_fields", {"name": "F", "type": "text"})[0],
        "pipeline": pipelines["pipelines"][0]["id"],
        "reason": api.rows("leads/loss_reasons")[0]["id"],
        "role": api.rows("roles")[0]["id"],
        "note": api.make(f"leads/{lead}/notes", note)[0],
    }
    bodies = {
        "links": [{"to_entity_id": contact, "to_entity_type": "contacts"}],
        "users": [{"id": api.rows("users")[-1]["id"]}],
        "hook": {"destination": hook["destination"]},
    }
    answer = api.call(method, path.format(**ids), bodies.get(body))
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_doubled_slash_before_the_api_is_folded(api: Api):
    lead_id = api.lead()
    answer = api.call("GET", "//api/v4/leads")
    body = answer.json()
    assert body["_links"]["self"]["href"].startswith(f"{ORIGIN}/api/v4/leads?")
    assert body["_embedded"]["leads"][0]["id"] == lead_id


def test_headers_that_clients_send_are_ignored(api: Api):
    api.headers = {
        "X-Library-Version": "1.16.0",
        "X-Client-UUID": "00000000-0000-4000-8000-000000000000",
        "X-Unknown": "1",
        "Accept": "text/plain",
        "If-Modified-Since": "Tue, 24 Nov 2026 00:00:00 GMT",
        "If-Match": "x",
    }
    lead_id = api.lead()
    assert api.rows("leads")[0]["id"] == lead_id


@pytest.mark.parametrize("agent", ["", "amoCRM-API-Library/1.16.0", "x" * 2000])
def test_any_user_agent_is_let_in(api: Api, agent: str):
    answer = api.call("GET", "account", headers={"User-Agent": agent})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded"]
)
def test_a_body_is_json_whatever_its_type_says(api: Api, kind: str):
    headers = {"Content-Type": kind} if kind else {}
    answer = api.call("POST", "leads", content=b'[{"name":"x"}]', headers=headers)
    assert answer.status_code == 200


def test_no_answer_is_an_empty_object(api: Api):
    lead_id = api.lead()
    contact_id = api.contact()
    link = [{"to_entity_id": contact_id, "to_entity_type": "contacts"}]
    answers = [
        api.call("POST", f"leads/{lead_id}/link", link),
        api.call("POST", f"leads/{lead_id}/unlink", link),
        api.call("PATCH", f"leads/{lead_id}", {}),
        api.call("PATCH", "leads", [{"id": lead_id}]),
        api.call("GET", "leads/unsorted/summary"),
    ]
    assert [answer.content in (b"{}", b"[]") for answer in answers] == [False] * 5
    assert all(answer.json() for answer in answers if answer.status_code == 200)


@pytest.mark.parametrize("path", ["account", "leads/{}", "contacts/{}", "tasks/{}"])
def test_a_success_never_has_a_key_named_status(api: Api, path: str):
    ids = {
        "leads": api.lead(),
        "contacts": api.contact(),
        "tasks": api.make("tasks", {"text": "x", "complete_till": 1})[0],
    }
    body = api.get(path.format(ids.get(path.partition("/")[0])))
    assert "status" not in body
    assert "status" not in api.get("leads")


def test_the_host_asked_may_be_any(api: Api):
    for origin in ("http://localhost:1", "https://x.kommo.com", "http://[::1]:8381"):
        api.origin = origin
        link = api.get("account")["_links"]["self"]["href"]
        assert link == f"{origin}/api/v4/account"


def test_an_administrators_token_can_act_for_another_user(api: Api):
    other = next(u for u in api.rows("users") if not u["rights"]["is_admin"])
    api.headers = {"X-Context-User-ID": str(other["id"])}
    assert api.get("account")["current_user_id"] == other["id"]
    assert api.call("GET", "users").status_code == 403
