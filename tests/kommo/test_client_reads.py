"""What a read does about each thing that can go wrong with it."""

from typing import Any

import httpx
import pytest

from kommo_sync.errors import (
    BadAnswer,
    CrmUnavailable,
    Forbidden,
    Gone,
    Rejected,
    Throttled,
    TooMuchAsked,
    Unauthorized,
    Unpaid,
    WrongAddress,
)
from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.protocol import Request
from kommo_sync.model.entities import Part
from tests.kommo.kit import (
    ACCOUNT,
    HTML,
    LEADS,
    NOW,
    URGENT,
    account,
    canned,
    on,
    reply,
    sheet,
)

GOOD = {"id": 1}
PASSING = "drop_before drop_after cut error_before bad_gateway_after system_error"


@pytest.fixture(scope="module")
def sandbox():
    return account(clients=120)


def walk(client: KommoClient, part: Part, **more: Any) -> list[Any]:
    """Return the rows of all pages."""
    rows: list[Any] = []
    page, more_to_come = 0, True
    while more_to_come:
        page += 1
        found = client.page(part, page, priority=URGENT, **more)
        rows += found.rows
        more_to_come = found.has_next
    return rows


def test_every_lead_of_an_account_is_read_to_the_cent():
    sandbox = account(clients=120)
    sandbox.state.choices.incoming_leads_are_listed = True
    desk = on(sandbox)
    rows = walk(desk.client, Part.LEADS, limit=100)
    truth = sandbox.state.data.leads.values()
    assert {row.id: row.price for row in rows} == {one.id: one.price for one in truth}
    assert desk.client.requests == -(-len(rows) // 100)


@pytest.mark.parametrize("part", Part)
def test_every_part_of_an_account_is_read(sandbox, part):
    page = on(sandbox).client.page(part, 1, priority=URGENT)
    assert page.server_time == int(sandbox.state.clock.now())


def test_a_span_and_kinds_are_obeyed(sandbox):
    kinds = ("incoming_call", "talk_created")
    rows = walk(on(sandbox).client, Part.EVENTS, kinds=kinds, since=NOW - 90 * 86_400)
    assert rows
    assert {row.type for row in rows} <= set(kinds)
    assert all(row.created_at >= NOW - 90 * 86_400 for row in rows)


def test_only_the_living_are_found_by_their_ids(sandbox):
    lead = next(iter(sandbox.state.data.leads))
    page = on(sandbox).client.by_ids(Part.LEADS, (lead, 5), priority=URGENT)
    assert [row.id for row in page.rows] == [lead]


@pytest.mark.parametrize("fault", PASSING.split())
def test_a_passing_fault_costs_a_second_and_another_request(sandbox, fault):
    desk = on(sandbox, f"{fault}:n=2")
    before = desk.clock.now()
    assert desk.client.page(Part.LEADS, 1, priority=URGENT).rows
    assert desk.client.requests == 3
    assert 1.5 <= desk.clock.now() - before <= 3.0


@pytest.mark.parametrize("fault", PASSING.split())
def test_a_fault_that_stays_is_told_after_six_tries(sandbox, fault):
    desk = on(sandbox, fault)
    with pytest.raises(CrmUnavailable, match=r"acme\.kommo\.com"):
        desk.client.get(LEADS, URGENT)
    assert desk.client.requests == 6


@pytest.mark.parametrize(
    "bad",
    [
        reply(200, HTML),
        reply(200, b""),
        reply(200, b'{"id":'),
        reply(404, HTML),
        reply(400, HTML),
        reply(503, b""),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.Response(200, content=b"{}"),
        httpx.Response(200, content=b"{}", headers={"Date": "yesterday"}),
        httpx.RemoteProtocolError("peer closed connection"),
        httpx.DecodingError("no gzip"),
    ],
)
def test_a_bad_answer_is_asked_for_again(bad):
    desk = canned(bad, reply(200, GOOD))
    assert desk.client.get(ACCOUNT, URGENT).body == b'{"id":1}'
    assert desk.client.requests == 2


def test_a_page_that_is_not_the_one_asked_for_is_asked_for_again():
    wrong, right = sheet("leads", [], _page=2), sheet("leads", [{"id": 1}], _page=1)
    desk = canned(reply(200, wrong), reply(200, right))
    assert len(desk.client.page(Part.LEADS, 1, priority=URGENT).rows) == 1


def test_a_body_without_end_is_a_bad_answer(monkeypatch):
    monkeypatch.setattr("kommo_sync.kommo.client.MAX_BODY", 100)
    desk = canned(reply(200, b"[" + b"1," * 99 + b"1]"), attempts=1)
    with pytest.raises(CrmUnavailable):
        desk.client.get(ACCOUNT, URGENT)


def test_a_dead_token_is_told_at_once(sandbox):
    desk = on(sandbox, "revoked")
    with pytest.raises(Unauthorized, match="connect again"):
        desk.client.get(LEADS, URGENT)
    assert desk.client.requests == 1


def test_the_token_is_asked_for_anew_for_each_request():
    desk = canned(reply(200, GOOD), reply(200, GOOD))
    desk.client.get(ACCOUNT, URGENT)
    desk.client._tokens.save("second", None, None)
    desk.client.get(ACCOUNT, URGENT)
    sent = [request.headers["Authorization"] for request in desk.seen]
    assert sent == ["Bearer canary-token", "Bearer second"]


def test_an_unpaid_account_is_asked_once_more_and_then_told(sandbox):
    desk = on(sandbox, "unpaid")
    before = desk.clock.now()
    with pytest.raises(Unpaid, match="subscription"):
        desk.client.get(LEADS, URGENT)
    assert desk.client.requests == 2
    assert desk.clock.now() - before == 10.0


def test_a_402_that_flaps_does_no_harm(sandbox):
    desk = on(sandbox, "unpaid:n=1")
    assert desk.client.page(Part.LEADS, 1, priority=URGENT).rows


def test_a_missing_right_is_told_at_once():
    desk = canned(reply(403, {"detail": "Client doesn't have the required scope"}))
    with pytest.raises(Forbidden, match="scope crm"):
        desk.client.get(LEADS, URGENT)
    assert desk.slots.told == []


def test_a_block_is_told_at_once_and_keeps_everybody_quiet(sandbox):
    desk = on(sandbox, "blocked:n=1")
    with pytest.raises(Forbidden, match="blocked this address"):
        desk.client.get(LEADS, URGENT)
    assert desk.client.requests == 1
    before = desk.clock.now()
    desk.client.get(LEADS, URGENT)
    assert desk.clock.now() - before == 300.0


def test_a_time_out_of_the_crm_asks_for_less_after_two_tries(sandbox):
    desk = on(sandbox, "timeout_after")
    with pytest.raises(TooMuchAsked, match="less at once"):
        desk.client.get(LEADS, URGENT)
    assert desk.client.requests == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status):
    desk = canned(reply(status, b"", Location="https://evil.com/api/v4/account"))
    with pytest.raises(WrongAddress, match="elsewhere"):
        desk.client.get(ACCOUNT, URGENT)
    assert [request.url.host for request in desk.seen] == ["acme.kommo.com"]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"detail": "no"}, Rejected),
        (400, {"validation-errors": [1], "detail": "please retry"}, Rejected),
        (404, {"detail": "no"}, Gone),
        (405, b"", Rejected),
        (422, {"detail": "no"}, Rejected),
    ],
)
def test_a_refusal_of_this_request_is_told_at_once(status, body, kind):
    desk = canned(reply(status, body))
    with pytest.raises(kind, match="/api/v4/leads"):
        desk.client.get(LEADS, URGENT)


def test_a_refusal_quotes_neither_query_nor_body():
    request = Request("GET", "/api/v4/leads", (("query", "canary"),))
    desk = canned(reply(400, {"detail": "canary"}))
    with pytest.raises(Rejected) as refusal:
        desk.client.get(request, URGENT)
    assert "canary" not in f"{refusal.value!r} {refusal.value.values}"


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "café", "x" + "\r"])
def test_what_cannot_be_a_token_is_never_sent_nor_told(token):
    desk = canned(reply(200, GOOD), token=token)
    with pytest.raises(Unauthorized) as refusal:
        desk.client.get(ACCOUNT, URGENT)
    assert not desk.seen
    assert not token or token not in str(refusal.value)


def test_no_cookie_is_kept():
    desk = canned(reply(200, GOOD, Set_Cookie="session=1"), reply(200, GOOD))
    desk.client.get(ACCOUNT, URGENT)
    desk.client.get(ACCOUNT, URGENT)
    assert "Cookie" not in desk.seen[1].headers


def test_the_client_says_who_it_is():
    desk = canned(reply(200, GOOD))
    desk.client.get(ACCOUNT, URGENT)
    assert desk.seen[0].headers["User-Agent"].startswith("kommo-sync/")


def test_a_write_cannot_be_sent_as_a_read():
    with pytest.raises(ValueError, match="only reads"):
        canned().client.get(Request("POST", "/api/v4/leads"), URGENT)


def test_repeated_throttling_is_told_after_six_tries(sandbox):
    desk = on(sandbox, "throttle")
    with pytest.raises(Throttled, match="fewer requests"):
        desk.client.get(LEADS, URGENT)
    assert desk.client.requests == 6


def test_html_that_stays_is_told_as_a_bad_answer():
    desk = canned(*[reply(200, HTML) for _ in range(6)])
    with pytest.raises(BadAnswer):
        desk.client.get(ACCOUNT, URGENT)
