"""The control routes: faults, switches, the clock, tokens, and what people do."""

from typing import Any

import jwt
import msgspec
import pytest

from kommo_sync.sandbox.account.clock import SystemClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.control.acting import ACTIONS
from kommo_sync.sandbox.oauth.tokens import ours
from kommo_sync.sandbox.traffic.faults import KINDS
from tests.sandbox.kit import Api

ROUTES = (
    ("PUT", "faults"),
    ("PATCH", "choices"),
    ("POST", "clock"),
    ("POST", "actions"),
    ("POST", "widget-tokens"),
)
# Every action with what it needs; @lead and such stand for ids of the account.
NEEDS: dict[str, dict[str, Any]] = {
    "trash": {"entity": "leads", "id": "@lead"},
    "restore": {"entity": "leads", "id": "@gone"},
    "merge": {"entity": "leads", "id": "@lead", "loser_id": "@twin"},
    "edit": {"entity": "leads", "id": "@lead", "set": {"name": "x"}},
    "finish_task": {"id": "@task", "result": "done"},
    "delete_task": {"id": "@task"},
    "call": {"contact_id": "@contact", "seconds": 60, "incoming": True, "phone": "+1"},
    "chat": {"contact_id": "@contact", "incoming": True, "text": "Hi"},
    "deactivate_user": {"id": "@user"},
    "revoke_tokens": {},
    "install": {"redirect_uri": "https://a.example/", "scopes": ["crm"]},
    "uninstall": {},
    "rename_account": {"subdomain": "renamed"},
    "enable_webhook": {"id": "@hook"},
}
WEIRD: tuple[Any, ...] = (None, True, -1, 2**70, 1.5, "", "x", [], [[]], {}, {"a": []})


def control(
    api: Api, method: str, path: str, body: Any = None, status: int = 200
) -> Any:
    answer = api.call(method, f"/_sandbox/{path}", body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def refused(api: Api, method: str, path: str, body: Any) -> str:
    """Return the one sentence that says why."""
    sentence: str = control(api, method, path, body, 400)["error"]
    assert "\n" not in sentence
    return sentence


def filled(api: Api, sent: dict[str, Any]) -> dict[str, Any]:
    task = {"text": "x", "complete_till": 1}
    hook = {"destination": "https://a.example/", "settings": ["add_lead"]}
    facts = {
        "lead": api.lead(),
        "twin": api.lead(),
        "gone": api.lead(),
        "contact": api.contact(),
        "task": api.make("tasks", task)[0],
        "user": api.rows("users")[-1]["id"],
        "hook": api.post("webhooks", hook, 201)["id"],
    }
    api.act("trash", entity="leads", id=facts["gone"])
    return {k: facts[v[1:]] if str(v)[:1] == "@" else v for k, v in sent.items()}


def test_history_is_paged_and_says_where_to_go_on(api: Api):
    for _ in range(5):
        api.call("GET", "account")
    first = control(api, "GET", "requests?limit=2")
    assert [row["seq"] for row in first["requests"]] == [1, 2]
    assert (first["total"], first["next"]) == (5, 2)
    rest = control(api, "GET", f"requests?after={first['next']}")
    assert [row["seq"] for row in rest["requests"]] == [3, 4, 5]
    assert rest["next"] is None


def test_walking_the_changes_shows_each_once(api: Api):
    api.make("leads", *[{}] * 25)
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = control(api, "GET", f"changes?after={after}&limit=10")
        seen += [row["seq"] for row in page["changes"]]
        after = page["next"]
    assert seen == list(range(1, 26))


def test_a_page_of_history_has_a_thousand_rows_at_most(api: Api):
    for _ in range(5):
        api.make("leads", *[{}] * 250)
    page = control(api, "GET", "changes?limit=5000")
    assert (len(page["changes"]), page["total"], page["next"]) == (1000, 1250, 1000)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "after=-3", "after=x", "limit="]
)
def test_a_senseless_place_in_the_history_still_leads_on(api: Api, query: str):
    for _ in range(3):
        api.call("GET", "account")
    page = control(api, "GET", f"requests?{query}")
    assert page["requests"][0]["seq"] == 1
    assert page["next"] in (1, None)


def test_beyond_the_end_of_the_history_there_is_nothing_yet(api: Api):
    page = control(api, "GET", "requests?after=10")
    assert page == {"requests": [], "total": 0, "next": None}


def test_faults_are_read_set_and_taken_back(api: Api):
    assert control(api, "GET", "faults") == {"rules": [], "latency": 0.0}
    told = control(api, "PUT", "faults", {"rules": "unpaid:n=1", "latency": 0.5})
    assert told == control(api, "GET", "faults")
    assert (told["rules"][0]["kind"], told["latency"]) == ("unpaid", 0.5)
    assert api.call("GET", "account").status_code == 402
    assert control(api, "PUT", "faults", {"rules": ""})["rules"] == []
    assert api.call("GET", "account").status_code == 200


def test_new_faults_leave_the_latency_as_it_is(api: Api):
    control(api, "PUT", "faults", {"latency": 0.25})
    assert control(api, "PUT", "faults", {"rules": "cut"})["latency"] == 0.25


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_can_be_set(api: Api, kind: str):
    assert control(api, "PUT", "faults", {"rules": kind})["rules"][0]["kind"] == kind


def test_a_bad_fault_is_refused_and_the_old_ones_stay(api: Api):
    control(api, "PUT", "faults", {"rules": "unpaid"})
    assert "'explode'" in refused(api, "PUT", "faults", {"rules": "explode"})
    assert "latency=-1" in refused(api, "PUT", "faults", {"latency": -1})
    assert control(api, "GET", "faults")["rules"][0]["kind"] == "unpaid"


def test_switches_are_read_and_set(api: Api):
    before = control(api, "GET", "choices")
    change = {"default_limit": 7, "null_tags": "clear", "hook_delay": 1.5}
    after = control(api, "PATCH", "choices", change)
    assert after == {**before, **change} == control(api, "GET", "choices")


def test_a_switch_takes_true_and_null_as_json_has_them(api: Api):
    change = {"refresh_revokes_access": True, "rate_retry_after": 5}
    control(api, "PATCH", "choices", change)
    after = control(api, "PATCH", "choices", {"rate_retry_after": None})
    assert (after["refresh_revokes_access"], after["rate_retry_after"]) == (True, None)


def test_a_bad_switch_is_refused_and_none_of_the_others_is_set(api: Api):
    change = {"null_tags": "clear", "default_limit": "many"}
    sentence = refused(api, "PATCH", "choices", change)
    assert sentence == "Switch default_limit cannot be 'many': it takes a whole number."
    assert control(api, "GET", "choices")["null_tags"] == "ignore"


def test_a_switch_acts_on_lists_that_were_read_before(api: Api):
    api.make("leads", *[{}] * 3)
    assert len(api.rows("leads")) == 3
    control(api, "PATCH", "choices", {"default_limit": 2})
    assert len(api.rows("leads")) == 2


def test_time_passes_at_once(api: Api):
    assert control(api, "GET", "clock") == {"now": 1_790_000_000.0}
    assert control(api, "POST", "clock", {"advance": 3600.5}) == {
        "now": 1_790_003_600.5
    }
    assert api.get(f"leads/{api.lead()}")["created_at"] == 1_790_003_600


@pytest.mark.parametrize("advance", [-1, "1", None, [], 1e30])
def test_time_passes_by_a_number_of_seconds_only(api: Api, advance: Any):
    assert "advance=" in refused(api, "POST", "clock", {"advance": advance})
    assert control(api, "GET", "clock") == {"now": 1_790_000_000.0}


def test_a_clock_that_cannot_be_moved_says_so():
    api = Api(Sandbox.empty(clock=SystemClock()))
    assert "cannot be moved" in refused(api, "POST", "clock", {"advance": 1})


def test_fresh_tokens_are_one_that_works_one_to_refresh_and_one_that_is_over(api: Api):
    app = ours(api.sandbox.state)
    given = control(api, "POST", "tokens")
    sent = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": app.redirect_uri,
        "grant_type": "refresh_token",
        "refresh_token": given["refresh_token"],
    }
    assert api.call("POST", "/oauth2/access_token", sent).status_code == 200
    for token, status in ((given["access_token"], 200), (given["expired"], 401)):
        api.token = token
        assert api.call("GET", "account").status_code == status


def test_a_widgets_token_names_the_user_it_was_made_for(api: Api):
    user = api.rows("users")[-1]
    token = control(api, "POST", "widget-tokens", {"user_id": user["id"]})["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["user_id"], claims["is_admin"]) == (user["id"], False)


def test_the_truth_is_told_of_a_generated_account_only(api: Api, clock):
    assert control(api, "GET", "truth") == {}
    generated = Sandbox.generated(clients=3, clock=clock)
    told = control(Api(generated), "GET", "truth")
    assert told == msgspec.to_builtins(generated.state.data.truth) != {}


def test_deliveries_that_were_tried_are_told(clock):
    sandbox = Sandbox.empty(clock=clock, send=lambda _url, _body, _headers: 200)
    api = Api(sandbox)
    hook = {"destination": "https://a.example/", "settings": ["add_lead"]}
    api.post("webhooks", hook, 201)
    api.lead()
    sandbox.tick()
    [row] = control(api, "GET", "webhook-attempts")["attempts"]
    assert (row["destination"], row["status"]) == ("https://a.example/", 200)
    assert row["events"] == ["add_lead"]


def test_every_action_is_tried_here():
    assert set(NEEDS) == set(ACTIONS)


@pytest.mark.parametrize("do", ACTIONS)
def test_an_action_is_done_with_what_it_needs(api: Api, do: str):
    sent = filled(api, NEEDS[do])
    answer = control(api, "POST", "actions", {"do": do, **sent})
    assert answer == ({"status": None} if do == "uninstall" else {"done": do})


@pytest.mark.parametrize(
    ("do", "name"), [(do, name) for do, sent in NEEDS.items() for name in sent]
)
def test_an_action_sent_something_odd_is_refused_or_done_but_never_breaks(
    api: Api, do: str, name: str
):
    for odd in WEIRD:
        sent = {"do": do, **NEEDS[do], name: odd}
        answer = api.call("POST", "/_sandbox/actions", filled(api, sent))
        assert answer.status_code in (200, 400), (odd, answer.text)
        api.act("install", scopes=["crm"])


@pytest.mark.parametrize("odd", WEIRD)
@pytest.mark.parametrize("do", ["trash", "edit", "chat", "call", "deactivate_user"])
def test_an_action_by_somebody_odd_is_refused(api: Api, do: str, odd: Any):
    sent = {"do": do, **filled(api, NEEDS[do]), "user_id": odd}
    assert refused(api, "POST", "actions", sent)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"do": "dance"}, "No action is called 'dance'; there are: trash, "),
        ({}, "No action is called None"),
        ({"do": []}, "No action is called []"),
        ({"do": "trash", "entity": "leads", "id": 1}, "There is no lead 1 in the"),
        (
            {"do": "restore", "entity": "leads", "id": 1},
            "There is no lead 1 in the trash",
        ),
        ({"do": "trash", "entity": "tasks", "id": 1}, "entity='tasks' must be one of"),
        ({"do": "edit", "entity": "leads", "id": 1, "set": {}}, "There is no card 1"),
        ({"do": "finish_task", "id": 1}, "There is no task 1 in the account"),
        ({"do": "chat", "contact_id": 1}, "There is no contact 1 in the account"),
        ({"do": "deactivate_user", "id": 1}, "There is no user 1 in the account"),
        ({"do": "enable_webhook", "id": 1}, "There is no webhook 1 in the account"),
        (
            {"do": "rename_account", "subdomain": "a b"},
            "subdomain='a b' must be letters",
        ),
    ],
)
def test_an_action_that_cannot_be_done_says_why(api: Api, sent, said: str):
    assert said in refused(api, "POST", "actions", sent)


def test_an_edit_obeys_the_rules_of_the_account(api: Api):
    lead_id = api.lead()
    edit = {"do": "edit", "entity": "leads", "id": lead_id}
    said = refused(api, "POST", "actions", {**edit, "set": {"status_id": 1}})
    assert said == "status_id: The value you selected is not a valid choice."
    reason = api.rows("leads/loss_reasons")[0]["id"]
    said = refused(api, "POST", "actions", {**edit, "set": {"loss_reason_id": reason}})
    assert said == "Loss reason can be specified only for lost lead"


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("body", [b"{", b"[]", b"5", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(api: Api, method, path, body: bytes):
    answer = api.call(method, f"/_sandbox/{path}", content=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


def test_control_needs_no_token_and_takes_no_slot(api: Api):
    api.sandbox.limiter.rate = 1
    api.token = "nonsense"
    for _ in range(5):
        control(api, "GET", "clock")
    api.token = ""
    assert api.call("GET", "account").status_code == 200


@pytest.mark.parametrize(
    ("action", "slot", "after"),
    [
        ({"do": "rename_account", "subdomain": "new"}, "subdomain", "new"),
        ({"do": "revoke_tokens"}, "tokens", "revoked"),
        ({"do": "uninstall"}, "integration.is_enabled", False),
        ({"do": "install", "scopes": ["crm"]}, "integration.scopes", ["crm"]),
    ],
)
def test_what_befalls_the_account_itself_stands_in_the_history(
    api, action, slot, after
):
    api.act(**action)
    row = api.sandbox.state.data.changes[-1]
    assert (row.entity, row.slot, row.after) == ("account", slot, after)
