from typing import Any

import pytest

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo.protocol import (
    Page,
    Request,
    ids_request,
    page_request,
    read_page,
    won_request,
)
from kommo_sync.model.entities import Part
from tests.kommo.kit import NOW, ORIGIN, answer, sheet

ASKED = page_request(
    Part.EVENTS, 2, limit=100, since=5, kinds=("lead_deleted", "entity_merged")
)
KEPT = (
    "limit=100&filter%5Btype%5D=lead_deleted%2Centity_merged"
    "&filter%5Bcreated_at%5D%5Bfrom%5D=5"
)
NEXT = f"{ORIGIN}/api/v4/events?page=3&{KEPT}"


def read(
    href: str | None, request: Request = ASKED, part: Part = Part.EVENTS, **more: Any
) -> Page:
    links = {"next": {"href": href}} if href else {}
    body = sheet(part.stream, [], _links=links, **more)
    return read_page(part, answer(body), request, ORIGIN)


def test_no_content_is_a_page_without_rows():
    page = read_page(Part.LEADS, answer(b"", 204), page_request(Part.LEADS, 1), ORIGIN)
    assert (page.rows, page.has_next, page.server_time) == ((), False, NOW)


def test_a_next_link_says_that_there_is_more():
    assert read(NEXT).has_next
    assert not read(None).has_next


def test_the_total_is_told_where_kommo_tells_it():
    assert read(None, _total_items=12).total == 12


def test_a_next_link_may_spell_lists_as_php_does():
    request = page_request(Part.LEAD_NOTES, 1, kinds=("call_in", "call_out"))
    href = (
        f"{ORIGIN}:443/api/v4/leads/notes?filter[note_type][0]=call_in&"
        "filter[note_type][1]=call_out&order[id]=asc&limit=250&page=2"
    )
    assert read(href, request, Part.LEAD_NOTES).has_next


@pytest.mark.parametrize(
    "href",
    [
        f"https://evil.com/api/v4/events?page=3&{KEPT}",
        f"https://acme.kommo.com.evil.com/api/v4/events?page=3&{KEPT}",
        f"https://acme.kommo.com@evil.com/api/v4/events?page=3&{KEPT}",
        f"https://me@acme.kommo.com/api/v4/events?page=3&{KEPT}",
        f"http://acme.kommo.com/api/v4/events?page=3&{KEPT}",
        f"https://acme.kommo.com:8443/api/v4/events?page=3&{KEPT}",
        f"https://other.kommo.com/api/v4/events?page=3&{KEPT}",
        f"//acme.kommo.com/api/v4/events?page=3&{KEPT}",
        f"/api/v4/events?page=3&{KEPT}",
        f"{ORIGIN}/api/v4/leads?page=3&{KEPT}",
        f"{ORIGIN}/api/v4/events?page=2&{KEPT}",
        f"{ORIGIN}/api/v4/events?page=4&{KEPT}",
        f"{ORIGIN}/api/v4/events?{KEPT}",
        f"{ORIGIN}/api/v4/events?page=3",
        f"{ORIGIN}/api/v4/events?page=3&{KEPT.replace('100', '50')}",
        f"{ORIGIN}/api/v4/events?page=3&{KEPT.replace('=5', '=6')}",
        f"{ORIGIN}/api/v4/events?page=3&{KEPT.replace('%2Centity_merged', '')}",
        f"{ORIGIN}/api/v4/events?page=3&{KEPT}&order[id]=desc",
        "https://[acme.kommo.com/",
        "",
        "x",
    ],
)
def test_a_next_link_that_does_not_continue_the_question_is_a_bad_answer(href):
    body = sheet("events", [], _links={"next": {"href": href}})
    with pytest.raises(BadAnswer, match="next link"):
        read_page(Part.EVENTS, answer(body), ASKED, ORIGIN)


def test_another_page_than_the_one_asked_for_is_a_bad_answer():
    assert read(None, _page="2").rows == ()
    with pytest.raises(BadAnswer, match="page 1 of events where page 2"):
        read(None, _page=1)


@pytest.mark.parametrize("ids", [(2, 1), (1, 1)])
def test_ids_that_do_not_ascend_are_a_bad_answer(ids):
    body = sheet("leads", [{"id": number} for number in ids])
    with pytest.raises(BadAnswer, match="out of order"):
        read_page(Part.LEADS, answer(body), page_request(Part.LEADS, 1), ORIGIN)


def test_ids_may_stand_in_any_order_where_none_was_asked_for():
    body = sheet("users", [{"id": 2}, {"id": 1}])
    page = read_page(Part.USERS, answer(body), page_request(Part.USERS, 1), ORIGIN)
    assert [row.id for row in page.rows] == [2, 1]


def test_a_record_that_was_not_asked_for_by_id_is_a_bad_answer():
    body = sheet("leads", [{"id": 1}, {"id": 3}])
    with pytest.raises(BadAnswer, match="not asked for"):
        read_page(Part.LEADS, answer(body), ids_request(Part.LEADS, [1, 2]), ORIGIN)


def test_a_lead_in_a_stage_that_was_not_asked_for_is_a_bad_answer():
    rows = [{"id": 1, "pipeline_id": 7, "status_id": 142}]
    found = answer(sheet("leads", rows))
    assert len(read_page(Part.LEADS, found, won_request([(7, 142)], 1), ORIGIN).rows)
    with pytest.raises(BadAnswer, match="ignored a filter"):
        read_page(Part.LEADS, found, won_request([(8, 142)], 1), ORIGIN)


def test_a_list_of_pipelines_has_no_next_page_whatever_it_says():
    body = sheet("pipelines", [{"id": 1}], _page=9, _links={"next": {"href": NEXT}})
    request = page_request(Part.PIPELINES, 1)
    assert not read_page(Part.PIPELINES, answer(body), request, ORIGIN).has_next


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"<html></html>",
        b'{"_embedded":{"leads":[{"id":1}',
        b'{"_embedded":{}}',
        b'{"_embedded":{"contacts":[]}}',
        b'{"_embedded":[1]}',
        b'{"_embedded":{"leads":[{"id":null}]}}',
        b'{"_embedded":{"leads":[{"id":99999999999999999999}]}}',
        b'{"_embedded":{"leads":[{"id":1,"custom_fields_values":"canary"}]}}',
        b'{"_embedded":{"leads":[{"id":1,"custom_fields_values":["\xffcanary"]}]}}',
        b'{"_embedded":{"leads":[{"id":1,"custom_fields_values":' + b"[" * 99_999,
    ],
)
def test_a_body_of_another_kind_is_a_bad_answer_that_quotes_nothing_of_it(body):
    with pytest.raises(BadAnswer, match="leads") as bad:
        read_page(Part.LEADS, answer(body), Request("GET", "/x"), ORIGIN)
    assert "canary" not in repr((bad.value, bad.value.values, bad.value.__cause__))
