"""Seven in any sliding second."""

import threading
import time

from kommo_sync.sandbox.account.choices import Choices
from kommo_sync.sandbox.traffic.faults import FaultPlan
from kommo_sync.sandbox.traffic.limiter import Limiter, Verdict
from tests.sandbox.kit import Api


def test_seven_requests_pass_within_a_second_and_the_eighth_does_not():
    limiter = Limiter(Choices())
    verdicts = [limiter.judge("account", 100 + n / 100) for n in range(8)]
    assert verdicts == [Verdict.ADMITTED] * 7 + [Verdict.THROTTLED]


def test_no_sliding_second_ever_holds_more_than_seven():
    limiter = Limiter(Choices(), 7)
    asked = [n * 0.013 for n in range(1000)]
    taken = [t for t in asked if limiter.judge("a", t) is Verdict.ADMITTED]
    fullest = max(sum(t <= u < t + 1 for u in taken) for t in taken)
    assert fullest == 7


def test_the_window_slides_and_does_not_start_anew_each_second():
    limiter = Limiter(Choices(), 2)
    for moment in (0.9, 0.95):
        limiter.judge("a", moment)
    assert limiter.judge("a", 1.05) is Verdict.THROTTLED
    assert limiter.judge("a", 1.91) is Verdict.ADMITTED


def test_keys_have_windows_of_their_own():
    limiter = Limiter(Choices(), 1)
    limiter.judge("a", 0)
    assert limiter.judge("b", 0) is Verdict.ADMITTED


def test_refused_requests_fill_the_window_only_by_switch():
    for counted, verdict in ((False, Verdict.ADMITTED), (True, Verdict.THROTTLED)):
        limiter = Limiter(Choices(rate_counts_refused=counted), 1)
        limiter.judge("a", 0)
        limiter.judge("a", 0.9)
        assert limiter.judge("a", 1.1) is verdict


def test_who_keeps_hammering_is_blocked_and_later_let_in_again():
    limiter = Limiter(Choices(block_after_refusals=3, block_seconds=60), 1)
    verdicts = [limiter.judge("a", 0) for _ in range(5)]
    assert verdicts[-1] is Verdict.BLOCKED
    assert limiter.judge("a", 59) is Verdict.BLOCKED
    assert limiter.judge("a", 61) is Verdict.ADMITTED


def test_refusals_of_more_than_a_minute_ago_are_forgiven():
    limiter = Limiter(Choices(block_after_refusals=2), 1)
    for start in (0, 70, 140):
        limiter.judge("a", start)
        assert limiter.judge("a", start) is Verdict.THROTTLED


def test_without_a_rate_everything_passes():
    limiter = Limiter(Choices(), None)
    assert {limiter.judge("a", 0) for _ in range(50)} == {Verdict.ADMITTED}


def test_the_eighth_request_of_a_second_is_answered_429_as_a_problem(api: Api):
    api.sandbox.limiter.rate = 7
    answers = [api.call("GET", "account") for _ in range(8)]
    assert [a.status_code for a in answers] == [200] * 7 + [429]
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert answers[-1].json()["status"] == 429


def test_a_refused_write_changes_nothing(api: Api):
    api.sandbox.limiter.rate = 1
    api.call("GET", "account")
    assert api.call("POST", "leads", [{}]).status_code == 429
    assert api.sandbox.state.data.leads == {}


def test_a_429_tells_when_to_come_back_only_by_switch(api: Api):
    api.sandbox.limiter.rate = 1
    api.sandbox.state.choices.rate_retry_after = 300
    api.call("GET", "account")
    answer = api.call("GET", "account")
    assert answer.json()["retry_after"] == 300
    assert answer.headers["retry-after"] == "300"


def test_a_429_can_come_with_a_body_that_is_no_json(api: Api):
    api.sandbox.limiter.rate = 1
    api.sandbox.state.choices.rate_body = "text"
    api.call("GET", "account")
    assert api.call("GET", "account").headers["content-type"] == "text/plain"


def test_a_blocked_account_answers_403_in_html(api: Api):
    api.sandbox.limiter.rate = 1
    api.sandbox.state.choices.block_after_refusals = 1
    answers = [api.call("GET", "account") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 429, 403, 403]
    assert "html" in answers[-1].headers["content-type"]


def test_the_token_endpoint_takes_no_slot(api: Api):
    api.sandbox.limiter.rate = 1
    api.call("POST", "/oauth2/access_token", {"client_id": "?"})
    assert api.call("GET", "account").status_code == 200


def test_slots_can_be_kept_by_integration(api: Api):
    api.sandbox.limiter.rate = 1
    api.sandbox.state.choices.rate_key = "integration"
    first = api.call("GET", "account").status_code
    stranger = api.call("GET", "account", headers={"Authorization": "Bearer x"})
    assert (first, stranger.status_code) == (200, 401)


def test_arrival_counts_for_the_pace_whatever_the_latency(api: Api, clock):
    api.sandbox.limiter.rate = 1
    api.sandbox.engine.break_with(FaultPlan(latency=0.6))
    first = api.call("GET", "account").status_code
    second = api.call("GET", "account").status_code
    third = api.call("GET", "account").status_code
    assert (first, second, third) == (200, 429, 200)


def test_a_request_arrives_when_it_comes_though_the_account_is_busy(api: Api):
    api.token = api.sandbox.token
    with api.sandbox.state.lock:
        caller = threading.Thread(target=api.call, args=("GET", "account"))
        caller.start()
        deadline = time.monotonic() + 10
        while not api.sandbox.state.data.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        arrived = [row.path for row in api.sandbox.state.data.requests]
    caller.join()
    assert arrived == ["/api/v4/account"]
