"""A write is sent again only where it was surely not executed."""

import httpx
import pytest

from kommo_sync.errors import (
    CrmUnavailable,
    Gone,
    Rejected,
    Throttled,
    TooMuchAsked,
    Unauthorized,
)
from kommo_sync.kommo.batches import read_batch
from kommo_sync.kommo.protocol import Request
from tests.kommo.kit import HTML, NOW, URGENT, account, canned, on, reply

POST = Request("POST", "/api/v4/leads", body=b'[{"name":"A","request_id":"a"}]')
PATCH = Request("PATCH", "/api/v4/leads/1", body=b'{"name":"canary"}')
MADE = {"_embedded": {"leads": [{"id": 1, "request_id": "a"}]}}
AMBIGUOUS = [
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("disconnected"),
    reply(500, HTML),
    reply(502, HTML),
    reply(504, HTML),
    reply(400, {"detail": "Please try again"}),
    reply(400, HTML),
    httpx.Response(200, json=MADE),
]
UNSENT = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("no answer"),
    httpx.PoolTimeout("busy"),
    reply(429, {"retry_after": 3}),
]


def test_a_lead_is_made_once():
    sandbox = account()
    answer = on(sandbox).client.send(POST, URGENT)
    assert set(read_batch(answer, ["a"]).done) == {"a"}
    assert [lead.name for lead in sandbox.state.data.leads.values()] == ["A"]


@pytest.mark.parametrize("failure", AMBIGUOUS)
def test_a_write_that_may_be_executed_is_never_sent_again(failure):
    desk = canned(failure, reply(200, MADE))
    with pytest.raises(CrmUnavailable, match="may have been executed"):
        desk.client.send(POST, URGENT)
    assert len(desk.seen) == 1


@pytest.mark.parametrize("failure", UNSENT)
def test_a_write_that_was_not_executed_is_sent_again(failure):
    desk = canned(failure, reply(200, MADE))
    assert desk.client.send(POST, URGENT).status == 200
    assert [request.content for request in desk.seen] == [POST.body] * 2


@pytest.mark.parametrize("fault", ["drop_after", "cut", "bad_gateway_after", "zombie"])
def test_no_fault_of_the_crm_makes_a_lead_twice(fault):
    sandbox = account()
    with pytest.raises(CrmUnavailable, match="may have been executed"):
        on(sandbox, f"{fault}:n=1").client.send(POST, URGENT)
    sandbox.state.clock.sleep(60)
    sandbox.tick()
    assert len(sandbox.state.data.leads) == 1


def test_a_time_out_of_the_crm_still_asks_for_less():
    with pytest.raises(TooMuchAsked, match="may have been executed"):
        on(account(), "timeout_after").client.send(POST, URGENT)


def test_a_refused_batch_is_an_answer_to_be_read():
    body = {"validation-errors": [{"request_id": "a", "errors": [{"code": "X"}]}]}
    answer = canned(reply(400, body)).client.send(POST, URGENT)
    assert answer.status == 400
    assert read_batch(answer, ["a"]).refused["a"][0].code == "X"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (reply(401, {}), Unauthorized),
        (reply(404, {}), Gone),
        (reply(405, b""), Rejected),
        (reply(422, {}), Rejected),
    ],
)
def test_a_refused_write_is_told_at_once(given, kind):
    desk = canned(given)
    with pytest.raises(kind) as refusal:
        desk.client.send(PATCH, URGENT)
    assert len(desk.seen) == 1
    assert "canary" not in repr(refusal.value)


def test_a_write_waits_out_a_429_and_gives_up_in_the_end():
    desk = canned(*[reply(429, b"") for _ in range(6)])
    with pytest.raises(Throttled):
        desk.client.send(POST, URGENT)
    assert desk.clock.now() == NOW + 50


def test_a_body_is_sent_as_json():
    desk = canned(reply(200, MADE))
    desk.client.send(POST, URGENT)
    assert desk.seen[0].headers["Content-Type"] == "application/json"
