"""What goes wrong, and whether it was executed all the same."""

import httpx
import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.traffic.faults import KINDS, FaultPlan, Rule, parse_faults
from tests.sandbox.kit import Api


def broken(api: Api, rules: str) -> Api:
    api.sandbox.engine.break_with(parse_faults(rules))
    return api


def leads(api: Api) -> int:
    return len(api.sandbox.state.data.leads)


@pytest.mark.parametrize(
    ("kind", "executed"), [("drop_before", 0), ("drop_after", 1), ("cut", 1)]
)
def test_a_dropped_connection_is_an_error_of_the_transport(api: Api, kind, executed):
    broken(api, f"{kind}:method=POST")
    with pytest.raises(httpx.RemoteProtocolError):
        api.call("POST", "leads", [{}])
    assert leads(api) == executed


@pytest.mark.parametrize(
    ("kind", "status", "executed"),
    [
        ("error_before", 500, 0),
        ("bad_gateway_after", 502, 1),
        ("timeout_after", 504, 1),
        ("throttle", 429, 0),
        ("blocked", 403, 0),
        ("system_error", 400, 0),
        ("unpaid", 402, 0),
        ("revoked", 401, 0),
        ("slow", 200, 1),
    ],
)
def test_a_fault_answers_and_executes_as_its_name_says(
    api: Api, kind, status, executed
):
    broken(api, kind)
    assert api.call("POST", "leads", [{}]).status_code == status
    assert leads(api) == executed


@pytest.mark.parametrize(
    "kind", ["error_before", "bad_gateway_after", "timeout_after", "blocked"]
)
def test_proxies_and_block_pages_answer_in_html(api: Api, kind):
    broken(api, kind)
    assert "text/html" in api.call("GET", "account").headers["content-type"]


@pytest.mark.parametrize("kind", ["system_error", "throttle", "unpaid", "revoked"])
def test_refusals_of_the_api_answer_as_problems(api: Api, kind):
    broken(api, kind)
    answer = api.call("GET", "account")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


def test_a_zombie_is_executed_late_and_once(api: Api, clock: ManualClock):
    broken(api, "zombie:seconds=5,n=1")
    with pytest.raises(httpx.RemoteProtocolError):
        api.call("POST", "leads", [{"name": "late"}])
    clock.advance(4.9)
    api.sandbox.tick()
    assert leads(api) == 0
    clock.advance(0.2)
    assert api.sandbox.wsgi.raise_zombies() == 1
    assert api.sandbox.wsgi.raise_zombies() == 0
    assert [lead.name for lead in api.sandbox.state.data.leads.values()] == ["late"]


def test_lists_that_lag_hide_what_is_new_but_by_id_it_is_there(api: Api, clock):
    broken(api, "lag:seconds=3")
    lead_id = api.lead(name="fresh")
    assert api.rows("leads") == []
    assert api.get(f"leads/{lead_id}")["name"] == "fresh"
    clock.advance(3)
    assert [row["id"] for row in api.rows("leads")] == [lead_id]


def test_a_slow_answer_takes_its_time_on_the_clock(api: Api, clock: ManualClock):
    broken(api, "slow:ms=2500,n=1")
    before = clock.now()
    api.call("GET", "account")
    assert clock.now() - before == 2.5


def test_latency_is_added_to_every_answer(api: Api, clock: ManualClock):
    api.sandbox.engine.break_with(FaultPlan(latency=0.2))
    before = clock.now()
    api.call("GET", "account")
    api.call("GET", "account")
    assert clock.now() - before == pytest.approx(0.4)


def test_a_rule_strikes_as_often_as_it_says_after_letting_some_pass(api: Api):
    broken(api, "unpaid:after=1,n=2")
    statuses = [api.call("GET", "account").status_code for _ in range(5)]
    assert statuses == [200, 402, 402, 200, 200]


def test_a_rule_strikes_only_its_method_and_path(api: Api):
    broken(api, "unpaid:method=POST,path=/leads")
    assert api.call("POST", "contacts", [{}]).status_code == 200
    assert api.call("GET", "leads").status_code == 204
    assert api.call("POST", "leads", [{}]).status_code == 402


def test_the_same_seed_strikes_the_same_requests():
    def struck(seed: int) -> list[bool]:
        plan = FaultPlan([Rule("unpaid", probability=0.3)], seed=seed)
        return [plan.strike("GET", "/api/v4/leads") is not None for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


def test_the_history_names_the_fault_that_struck(api: Api):
    broken(api, "bad_gateway_after")
    api.call("GET", "account")
    [row] = api.sandbox.state.data.requests
    assert (row.fault, row.status) == ("bad_gateway_after", 502)


def test_a_dropped_request_stands_in_the_history_without_a_status(api: Api):
    broken(api, "drop_before")
    with pytest.raises(httpx.RemoteProtocolError):
        api.call("GET", "account")
    assert api.sandbox.state.data.requests[-1].status == 0


def test_every_kind_can_be_written_as_a_rule():
    plan = parse_faults(";".join(KINDS))
    assert [rule.kind for rule in plan.rules] == list(KINDS)


def test_a_rule_is_read_with_all_its_settings():
    text = "slow:p=0.25,n=3,after=2,ms=1500,method=patch,path=/leads; seed=9"
    plan = parse_faults(text)
    assert plan.rules == [Rule("slow", 0.25, 3, 2, "PATCH", "/leads", 1.5)]
    assert plan.seed == 9


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("explode", "'explode'"),
        ("cut:p=2", "p='2'"),
        ("cut:p=often", "p='often'"),
        ("cut:n=-1", "n='-1'"),
        ("cut:color=red", "'color'"),
        ("seed=x", "seed='x'"),
    ],
)
def test_a_bad_rule_is_refused_in_one_sentence_that_names_it(text, named):
    with pytest.raises(ValueError, match=named.replace("(", "\\(")) as caught:
        parse_faults(text)
    assert str(caught.value).count("\n") == 0
